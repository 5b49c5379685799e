# Short names for what one does here. `just` lists them.

_default:
    @just --list --unsorted

# All that must pass before a change lands
ci:
    .ci/run

# Format the code
fmt:
    cargo fmt

# Formatting, clippy, and the dependencies' licenses and bans
lint:
    cargo fmt --check
    cargo clippy --all-targets --locked -- -D warnings
    cargo deny --locked check bans licenses sources

# The tests, all or those whose names hold the words given; on a real API server
test *words:
    cargo test --locked -- {{ words }}

# Pods and the shipped manifests on a real node, all scenarios or those whose names hold a word given; as root
e2e *words: archive moto
    PULLKEEPER_IMAGE="{{ target }}/image.tar" MOTO_SERVER="{{ target }}/moto/bin/moto_server" \
        cargo test --locked --test node -- {{ words }}

# Against moto, an AWS that is not ours
aws *words: moto
    MOTO_SERVER="{{ target }}/moto/bin/moto_server" cargo test --locked --test moto -- {{ words }}

# The main job on a throw-away control plane
demo:
    cargo run --locked --example demo

# Measure
bench *words:
    cargo bench --locked {{ words }}

# The documentation of the code, in the browser
doc:
    cargo doc --no-deps --document-private-items --locked --open

host := `rustc -vV | sed -n 's/^host: //p'`
version := `sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1`
labels := "--build-arg VERSION=" + version + " --build-arg REVISION=" + `git rev-parse HEAD 2>/dev/null || echo unknown`
target := absolute_path(env("CARGO_TARGET_DIR", "target"))

# The static program, as the image holds it
static:
    cargo build --config .cargo/static.toml --release --locked --bin pullkeeper --target {{ host }}
    @ls -l {{ target }}/{{ host }}/release/pullkeeper

# What is released for this machine's kind of processor, into dist/: program, checksums, SBOM, changelog
release:
    .ci/release

# The image, for this machine's kind of processor
image name=("pullkeeper:" + version) engine="docker":
    {{ engine }} build --tag {{ name }} {{ labels }} .

# The image for both kinds of processors, pushed; name is where to
push name:
    docker buildx build --platform linux/amd64,linux/arm64 --push --tag {{ name }} {{ labels }} .

# The image without a container engine, as an OCI archive in target/image.tar; as root, with Debian's buildah
archive: static
    .ci/image {{ target }}/{{ host }}/release/pullkeeper {{ target }}/image.tar

# What `kubectl apply -k` would send
manifests folder="cronjob":
    kubectl kustomize manifests/{{ folder }}

# The roles under manifests/, as the program prints them for the configurations beside them
rbac:
    #!/usr/bin/env bash
    set -euo pipefail
    cd manifests
    printed() { env PULLKEEPER_CONFIG="$1/config.yaml" "${@:3}" cargo run --quiet --locked -- rbac --part "$2"; }
    images='PULLKEEPER_IMAGES__REWRITE=[{from: docker.io, to: proxy.example.com}]'
    printed base pass > base/rbac.yaml
    printed base watch 'PULLKEEPER_TIME={interval: 5m}' > watch/rbac.yaml
    printed base images "$images" > images/policy.yaml
    printed base webhook "$images" > webhook/rbac.yaml
    printed named-namespaces pass > named-namespaces/role.yaml

# moto, in target/moto
[private]
moto:
    test -x {{ target }}/moto/bin/moto_server || { \
        python3 -m venv {{ target }}/moto && {{ target }}/moto/bin/pip install --quiet 'moto[server]==5.2.5'; }
