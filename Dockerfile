# A static binary in an empty image, for the machine that builds it: `docker build .`, or both kinds with
# `docker buildx build --platform linux/amd64,linux/arm64 .`
ARG RUST_IMAGE=rust:1.95-bookworm
ARG BASE=scratch

FROM ${RUST_IMAGE} AS build
WORKDIR /src
COPY . .
# With an explicit target, RUSTFLAGS are for the program alone: proc macros can't be static. The binary leaves
# the cached directory in the same step, for a cache is no part of the image.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    target=$(rustc --print host-tuple) && \
    RUSTFLAGS="-C target-feature=+crt-static" cargo build --release --locked --bin pullkeeper --target "$target" && \
    mkdir -p /out/etc/ssl/certs && \
    cp "target/$target/release/pullkeeper" /out/ && \
    cp /etc/ssl/certs/ca-certificates.crt /out/etc/ssl/certs/

FROM ${BASE}
COPY --from=build /out/ /
# By number: an empty image has no names, and runAsNonRoot wants to see that it is not 0.
USER 65532:65532
ENTRYPOINT ["/pullkeeper"]
