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
    cargo test --locked {{ words }}

# Stuck pods on a real node, all scenarios or those whose names hold a word given; as root, with Debian's containerd and runc
e2e *words:
    cargo test --locked --test node -- {{ words }}

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

# The static binary that the image holds
release:
    RUSTFLAGS="-C target-feature=+crt-static" cargo build --release --locked --bin pullkeeper --target {{ host }}
    @ls -l target/{{ host }}/release/pullkeeper

# The image, for this machine's kind of processor
image name="pullkeeper:0.1.0" engine="docker":
    {{ engine }} build --tag {{ name }} .

# What `kubectl apply -k` would send
manifests folder="base":
    kubectl kustomize manifests/{{ folder }}
