#!/usr/bin/env bash
# Makes this checkout ready to build and run: a C linker, the Rust toolchain, ONNX Runtime.
#
#   scripts/setup.sh           what `make demo` needs
#   scripts/setup.sh tests     also what `make test` needs: an S3 server, Elasticsearch, Vulkan, OpenCV
#   scripts/setup.sh cluster   what `make test-cluster` needs besides: a Kubernetes, built from Go modules
#   scripts/setup.sh fuzz      also what `make fuzz` needs
#   scripts/setup.sh video     what `make test-video` and `make build-video` need: OpenCV, libopus, clang
#   scripts/setup.sh torch     also what `make test-torch` needs: libtorch, 0.7 GB on disk
#   scripts/setup.sh maven     only Maven, the way to the text model where no hub is reachable
#
# Asks nothing and repeats nothing: what is there is left alone. System packages come from apt
# where that is allowed without a password; elsewhere it says which command to run. All else goes
# to .tools/ of the checkout; root's Elasticsearch and Kubernetes to /var/cache/vitrine.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/env.sh
source scripts/env.sh

say() { printf 'setup: %s\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 2; }

# install_packages REASON PACKAGE…: from apt, or a sentence that says what to install.
install_packages() {
    local reason=$1 as_root=()
    shift
    if [ "$(id -u)" != 0 ]; then as_root=(sudo -n); fi
    if ! command -v apt-get >/dev/null; then
        fail "$reason: install your system's packages for: $*"
    fi
    if [ "$(id -u)" != 0 ] && ! sudo -n true 2>/dev/null; then
        fail "$reason: run \`sudo apt-get install -y --no-install-recommends $*\`, then this again"
    fi
    say "$reason: installing $* with apt"
    local log
    log=$(mktemp)
    if ! { "${as_root[@]}" apt-get update && "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y --no-install-recommends "$@"; } >"$log" 2>&1 </dev/null; then
        tail -n 20 "$log" >&2
        fail "apt could not install $*: the lines above say why"
    fi
    rm -f "$log"
}

need_linker() {
    command -v cc >/dev/null || install_packages "no C compiler (Rust links with it)" gcc libc6-dev
}

need_python() {
    if ! python3 -m pip --version >/dev/null 2>&1; then
        install_packages "no Python with pip (it fetches ONNX Runtime)" python3 python3-pip
    fi
}

need_rust() {
    if command -v cargo >/dev/null; then return; fi
    if ! command -v rustup >/dev/null; then
        if apt-cache policy rustup 2>/dev/null | grep -q 'Candidate: [0-9]'; then
            install_packages "no Rust toolchain" rustup
        else
            command -v curl >/dev/null || install_packages "no way to fetch rustup" curl ca-certificates
            say "no Rust toolchain: installing rustup into .tools/"
            export CARGO_HOME=$PWD/.tools/cargo RUSTUP_HOME=$PWD/.tools/rustup
            if ! curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs |
                sh -s -- -y --quiet --no-modify-path --profile minimal --default-toolchain none; then
                fail "rustup could not be fetched: install Rust 1.95 as https://rustup.rs says, then run this again"
            fi
            source scripts/env.sh
        fi
    fi
    if ! cargo --version >/dev/null 2>&1; then
        say "installing the toolchain that rust-toolchain.toml names"
        rustup toolchain install >/dev/null ||
            fail "rustup could not install the toolchain of rust-toolchain.toml"
    fi
}

need_maven() {
    command -v mvn >/dev/null || install_packages "no Maven" maven default-jre-headless
}

need_java() {
    if scripts/elasticsearch.sh java >/dev/null 2>&1; then return; fi
    local version
    for version in 25 21; do
        if apt-cache policy "openjdk-$version-jre-headless" 2>/dev/null | grep -q 'Candidate: [0-9]'; then
            install_packages "no Java of 21 or newer (Elasticsearch runs on it)" "openjdk-$version-jre-headless"
            return
        fi
    done
    fail "no Java of 21 or newer, which the Elasticsearch of the tests runs on, and none in this system's packages: unpack a JDK from https://adoptium.net to .tools/jdk, then run this again"
}

# Fetched and unpacked once; the tests that need it are those of `make test-elasticsearch`.
need_elasticsearch() {
    local version
    for version in $VITRINE_TEST_ELASTICSEARCH_VERSIONS; do
        scripts/elasticsearch.sh install "$version" >/dev/null ||
            fail "Elasticsearch $version is not here: the lines above say why"
    done
}

need_s3_server() {
    if command -v go >/dev/null; then
        scripts/versitygw.sh >/dev/null
    elif [ -n "${VITRINE_NO_SKIPS:-}" ]; then
        fail "no Go, which builds the S3 server that tests run against: see https://go.dev/dl"
    else
        say "no Go: tests against a real S3 server will be skipped"
    fi
}

# quietly COMMAND…: its output is shown only where it fails.
quietly() {
    local log
    log=$(mktemp)
    if ! "$@" >"$log" 2>&1; then
        tail -n 20 "$log" >&2
        fail "\`$1\` failed: the lines above say why"
    fi
    rm -f "$log"
}

# The clients that docs/elasticsearch.md shows, each in a folder of its own.
need_clients() {
    local python=.tools/python/elasticsearch-$ELASTICSEARCH_PY_VERSION
    local node=.tools/node/elasticsearch-$ELASTICSEARCH_JS_VERSION
    if [ ! -d "$python" ]; then
        say "installing Python's client of Elasticsearch into .tools/"
        rm -rf "$python.part"
        quietly python3 -m pip install --disable-pip-version-check --root-user-action ignore \
            --target "$python.part" "elasticsearch==$ELASTICSEARCH_PY_VERSION"
        mv "$python.part" "$python"
    fi
    install_node_package "JavaScript's client of Elasticsearch" "$node" \
        "@elastic/elasticsearch@$ELASTICSEARCH_JS_VERSION"
}

# Judges the GLB files that tests make.
need_gltf_validator() {
    install_node_package "the glTF validator" ".tools/node/gltf-validator-$GLTF_VALIDATOR_VERSION" \
        "gltf-validator@$GLTF_VALIDATOR_VERSION"
}

# install_node_package WHAT FOLDER PACKAGE@VERSION: from npm, all of it or nothing.
install_node_package() {
    local what=$1 folder=$2 package=$3
    if [ -d "$folder" ]; then return; fi
    command -v npm >/dev/null || install_packages "no Node.js with npm ($what needs it)" nodejs npm
    say "installing $what into .tools/"
    rm -rf "$folder.part"
    mkdir -p "$folder.part"
    quietly npm install --no-audit --no-fund --prefix "$folder.part" "$package"
    mv "$folder.part" "$folder"
}

# libtorch comes out of PyPI's wheel, which on Linux is the build for CUDA: its GPU half is 1 GB that
# nothing here loads, and it is left out.
need_torch() {
    local folder=.tools/torch
    if [ "$(cat "$folder/VERSION" 2>/dev/null)" = "$TORCH_VERSION" ]; then return; fi
    [ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] ||
        fail "there is no recipe for libtorch on $(uname -sm): set LIBTORCH to the one that tch's readme names, then run cargo test --features torch"
    command -v c++ >/dev/null || install_packages "no C++ compiler (tch binds libtorch with it)" g++
    say "installing libtorch $TORCH_VERSION into .tools/ (a download of 0.6 GB)"
    rm -rf "$folder" "$folder.part"
    quietly python3 -m pip install --no-deps --target "$folder.part" "torch==$TORCH_VERSION" \
        'nvidia-cuda-runtime==13.0.*' 'nvidia-cuda-cupti==13.0.*'
    rm -f "$folder.part"/torch/lib/libtorch_cuda*.so "$folder.part"/torch/lib/libtorch_nvshmem.so
    printf '%s' "$TORCH_VERSION" >"$folder.part/VERSION"
    mv "$folder.part" "$folder"
}

# Nodes run containers, and images for them are made without a registry.
need_cluster() {
    local program missing=()
    for program in containerd runc iptables conntrack buildah openssl curl; do
        command -v "$program" >/dev/null || missing+=("$program")
    done
    command -v ip >/dev/null || missing+=(iproute2)
    [ -x /usr/lib/cni/bridge ] || missing+=(containernetworking-plugins)
    if [ ${#missing[@]} != 0 ]; then
        install_packages "no nodes of a Kubernetes can run here yet" "${missing[@]}"
    fi
    scripts/kubernetes.sh >/dev/null || fail "Kubernetes is not here: the lines above say why"
}

need_fuzzing() {
    command -v rustup >/dev/null || fail "fuzzing needs a nightly toolchain, which needs rustup"
    if ! rustup toolchain list | grep -q '^nightly'; then
        say "installing a nightly toolchain: cargo-fuzz needs its sanitizers"
        rustup toolchain install nightly --profile minimal >/dev/null
    fi
    command -v c++ >/dev/null || install_packages "no C++ compiler (libFuzzer is C++)" g++
    if [ ! -x .tools/bin/cargo-fuzz ]; then
        say "building cargo-fuzz into .tools/ (about a minute)"
        cargo +nightly install cargo-fuzz --version "$CARGO_FUZZ_VERSION" --locked --quiet --root .tools
    fi
}

# Software that speaks Vulkan: tests of the GPU's renderer run on it where there is no GPU.
need_vulkan() {
    if [ -n "${VK_DRIVER_FILES:-}${VK_ICD_FILENAMES:-}" ]; then return; fi
    local folder
    for folder in /usr/share/vulkan/icd.d /etc/vulkan/icd.d /usr/local/share/vulkan/icd.d; do
        if compgen -G "$folder/*.json" >/dev/null && [ -n "$(ldconfig -p | grep 'libvulkan\.so\.1')" ]; then
            return
        fi
    done
    install_packages "no Vulkan (the GPU's renderer is tested on software that speaks it)" \
        libvulkan1 mesa-vulkan-drivers
}

# The chart's health check for Argo CD is written in it, and tested.
need_lua() {
    local name
    for name in lua lua5.4 lua5.3 lua5.1 luajit; do
        if command -v "$name" >/dev/null; then return; fi
    done
    install_packages "no Lua (it runs the health check of Argo CD)" lua5.4
}

# OpenCV and its FFmpeg read videos; clang reads OpenCV's headers for the bindings.
need_opencv() {
    local missing=()
    command -v c++ >/dev/null || missing+=(g++)
    command -v pkg-config >/dev/null || missing+=(pkg-config)
    pkg-config --exists opencv4 2>/dev/null || missing+=(libopencv-dev)
    pkg-config --exists opus 2>/dev/null || missing+=(libopus-dev)
    command -v ffmpeg >/dev/null || missing+=(ffmpeg) # Takes the quality that OpenCV's writer cannot.
    command -v clang >/dev/null || missing+=(clang)
    compgen -G '/usr/lib/llvm-*/lib/libclang*.so*' >/dev/null || missing+=(libclang-dev)
    if [ ${#missing[@]} != 0 ]; then
        install_packages "no OpenCV to build the decoder of videos with" "${missing[@]}"
    fi
}

case "${1:-demo}" in
    demo) need_linker; need_rust; need_python; scripts/onnxruntime.sh ;;
    tests)
        need_linker; need_rust; need_python; need_java; need_maven; need_vulkan; need_opencv; need_lua
        command -v curl >/dev/null || install_packages "no curl (it asks whether a server answers)" curl
        command -v jq >/dev/null || install_packages "no jq (docs/clips.md asks by it)" jq
        need_elasticsearch & # It downloads, while Go compiles.
        elasticsearch=$!
        scripts/onnxruntime.sh
        need_s3_server
        need_clients
        need_gltf_validator
        wait "$elasticsearch"
        ;;
    cluster) need_cluster ;;
    video) need_linker; need_rust; need_opencv ;;
    torch) need_linker; need_rust; need_python; need_maven; scripts/onnxruntime.sh; need_torch ;;
    fuzz) need_linker; need_rust; need_fuzzing ;;
    maven) need_maven ;;
    *) fail "unknown set '$1': demo, tests, cluster, video, torch, fuzz or maven" ;;
esac
