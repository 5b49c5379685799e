# The image: one static binary, certificates, no shell. For the machine that builds it, `docker build .`; for both kinds,
# `docker buildx build --platform linux/amd64,linux/arm64 .`, which compiles for the other kind, and emulates nothing.
# By tag, for Debian's fixes; the toolchain is the tag's.
ARG RUST_IMAGE=rust:1.95-bookworm
# By digest, for this is what is shipped. `--build-arg BASE=scratch` works as well, and is 2 MB smaller.
ARG BASE=gcr.io/distroless/static-debian13:nonroot@sha256:f7f8f729987ad0fdf6b05eeeae94b26e6a0f613bdf46feea7fc40f7bd72953e6

FROM --platform=${BUILDPLATFORM} ${RUST_IMAGE} AS build
ARG TARGETARCH
WORKDIR /src
# What the other kind of processor takes; it stays cached while the sources change.
RUN case "${TARGETARCH}" in \
      amd64) target=x86_64-unknown-linux-gnu ;; \
      arm64) target=aarch64-unknown-linux-gnu ;; \
      *) echo "no build for ${TARGETARCH}: amd64 and arm64 are known" >&2; exit 1 ;; \
    esac && \
    echo "${target}" >/target && \
    if [ "${target}" != "$(rustc --print host-tuple)" ]; then \
      rustup target add "${target}" && \
      apt-get update && \
      apt-get install -y --no-install-recommends "crossbuild-essential-${TARGETARCH}"; \
    fi
COPY . .
# The program leaves the cached directory in the same step, for a cache is no part of the image.
RUN --mount=type=cache,sharing=locked,target=/usr/local/cargo/registry \
    --mount=type=cache,sharing=locked,target=/src/target \
    target=$(cat /target) && \
    export CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER=x86_64-linux-gnu-gcc \
           CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc && \
    cargo build --config .cargo/static.toml --release --locked --bin pullkeeper --target "${target}" && \
    mkdir -p /out/etc/ssl/certs /out/root && \
    cp "target/${target}/release/pullkeeper" /out/ && \
    cp /etc/ssl/certs/ca-certificates.crt /out/etc/ssl/certs/

# /root is for everybody to look into: there kubeconfigs are mounted, and whoever mounts one runs as its owner.
FROM ${BASE}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="pullkeeper" \
      org.opencontainers.image.description="Keeps Kubernetes clusters able to pull private images" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /out/ /
# By number: runAsNonRoot wants to see that it is not 0.
USER 65532:65532
ENTRYPOINT ["/pullkeeper"]
