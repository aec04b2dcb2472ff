#!/usr/bin/env bash
# ONNX Runtime for NVIDIA's GPUs with the CUDA libraries that it loads, into FOLDER: 2 GB.
#
#   images/cuda.sh FOLDER
#
# All come from PyPI, as scripts/onnxruntime.sh's do and in the same version. The driver's own
# library, libcuda.so.1, is the node's: NVIDIA's container toolkit brings it into pods.
set -euo pipefail

folder=${1:?FOLDER}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
version=$(sed -n 's/^version=//p' "$root/scripts/onnxruntime.sh")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The library is the same in the wheel of every Python; dependencies in Python are of no use here.
pip=(python3 -m pip install --quiet --disable-pip-version-check --root-user-action ignore --no-deps
    --no-compile --only-binary=:all: --python-version 3.12 --implementation cp --target "$work")
"${pip[@]}" "onnxruntime-gpu==$version" nvidia-cublas~=13.0 nvidia-cuda-nvrtc~=13.0 nvidia-cuda-runtime~=13.0 \
    nvidia-cufft~=12.0 nvidia-curand~=10.0 nvidia-cudnn-cu13~=9.0 nvidia-nvjitlink~=13.0

mkdir -p "$folder"
find "$work"/onnxruntime/capi "$work"/nvidia -name '*.so*' -not -name 'onnxruntime_pybind*' \
    -not -name '*tensorrt*' -exec mv --target-directory "$folder" {} +
mv "$folder/libonnxruntime.so.$version" "$folder/libonnxruntime.so"
cp "$work"/onnxruntime/{LICENSE,ThirdPartyNotices.txt} "$folder/"
