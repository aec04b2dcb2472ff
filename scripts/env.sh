# shellcheck shell=bash disable=SC2034 # Who sources it uses them.
# Sourced by the scripts, and read by the Makefile: where the checkout's own tools are.
# A toolchain of the checkout is used only where there is no other.

_vitrine_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export PATH="$_vitrine_root/.tools/bin:$PATH"
if [ -x "$HOME/.cargo/bin/cargo" ]; then
    export PATH="$PATH:$HOME/.cargo/bin"
elif [ -x "$_vitrine_root/.tools/cargo/bin/cargo" ]; then
    export CARGO_HOME="$_vitrine_root/.tools/cargo" RUSTUP_HOME="$_vitrine_root/.tools/rustup"
    export PATH="$PATH:$CARGO_HOME/bin"
fi
if [ -z "${ORT_DYLIB_PATH:-}" ] && [ -e "$_vitrine_root/.tools/onnxruntime/libonnxruntime.so" ]; then
    export ORT_DYLIB_PATH="$_vitrine_root/.tools/onnxruntime/libonnxruntime.so"
fi
# The real files that some tests read lie beside a checkout, where they lie at all.
if [ -z "${VITRINE_TEST_DATA:-}" ] && [ -d "$_vitrine_root/../shared/data" ]; then
    VITRINE_TEST_DATA=$(cd "$_vitrine_root/../shared/data" && pwd)
    export VITRINE_TEST_DATA
fi
CARGO_FUZZ_VERSION=0.13.2
# The version that the crate tch binds.
TORCH_VERSION=2.13.0
if [ -z "${LIBTORCH:-}" ] && [ -d "$_vitrine_root/.tools/torch/torch" ]; then
    export LIBTORCH="$_vitrine_root/.tools/torch/torch"
fi
# The first with vectors as base64, the second without.
export VITRINE_TEST_ELASTICSEARCH_VERSIONS="${VITRINE_TEST_ELASTICSEARCH_VERSIONS:-9.5.3 9.1.10}"
# The last clients that run on the Python and Node.js of Debian 12; both speak to every 9.x.
ELASTICSEARCH_PY_VERSION=9.5.1
ELASTICSEARCH_JS_VERSION=9.3.0
# The Khronos Group's own.
GLTF_VALIDATOR_VERSION=2.0.0-dev.3.10
if [ -z "${VITRINE_TEST_GLTF_VALIDATOR:-}" ] && [ -d "$_vitrine_root/.tools/node/gltf-validator-$GLTF_VALIDATOR_VERSION" ]; then
    export VITRINE_TEST_GLTF_VALIDATOR="$_vitrine_root/.tools/node/gltf-validator-$GLTF_VALIDATOR_VERSION"
fi
unset _vitrine_root
