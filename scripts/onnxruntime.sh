#!/bin/sh
# Puts ONNX Runtime where vitrine looks for it: .tools/onnxruntime/libonnxruntime.so of this checkout.
#
# The library comes out of the wheel that the Python package `onnxruntime` ships, fetched by pip
# (which knows the mirrors of the place); nothing is installed into any Python. Does nothing when
# the pinned version is there, or when ORT_DYLIB_PATH already names a library.
set -eu

version=1.31.1
tools=$(cd "$(dirname "$0")/.." && pwd)/.tools
target=$tools/onnxruntime

fail() {
    echo "onnxruntime.sh: $1" >&2
    exit 1
}

if [ -n "${ORT_DYLIB_PATH:-}" ]; then
    [ -e "$ORT_DYLIB_PATH" ] || fail "ORT_DYLIB_PATH names $ORT_DYLIB_PATH, which does not exist; correct or unset it"
    exit 0
fi
if [ -f "$target/libonnxruntime.so" ] && [ "$(cat "$target/VERSION" 2>/dev/null)" = "$version" ]; then
    exit 0
fi

[ "$(uname -s)" = Linux ] || fail "there is no recipe for $(uname -s); set ORT_DYLIB_PATH to the library of ONNX Runtime $version"
case $(uname -m) in
x86_64) machine=x86_64 ;;
aarch64 | arm64) machine=aarch64 ;;
*) fail "there is no wheel for $(uname -m); set ORT_DYLIB_PATH to the library of ONNX Runtime $version" ;;
esac
command -v python3 >/dev/null || fail "python3 (3.9 or newer, with pip) is needed to fetch the library; install python3-pip"
python3 -m pip --version >/dev/null 2>&1 || fail "python3 has no pip; install python3-pip, or set ORT_DYLIB_PATH"

mkdir -p "$tools"
# Beside the target, so that the last step is a rename.
work=$(mktemp -d "$tools/onnxruntime.XXXXXX")
trap 'rm -rf "$work"' EXIT INT TERM

# The library is the same in the wheel of every Python, so the one that runs here does not matter.
echo "fetching ONNX Runtime $version"
found=
for python in 3.12 3.13 3.14 3.11; do
    if python3 -m pip download --quiet --no-deps --only-binary=:all: --python-version "$python" \
        --implementation cp --platform "manylinux_2_28_$machine" --platform "manylinux_2_27_$machine" \
        --dest "$work" "onnxruntime==$version" 2>"$work/pip.log"; then
        found=yes
        break
    fi
done
if [ -z "$found" ]; then
    cat "$work/pip.log" >&2
    fail "pip cannot fetch onnxruntime $version; check the network, or set ORT_DYLIB_PATH"
fi

python3 - "$work" "$version" <<'PYTHON'
"""Takes the library and its licences out of the wheel."""
import glob, os, shutil, sys, zipfile

work, version = sys.argv[1:]
out = os.path.join(work, "out")
os.mkdir(out)
with zipfile.ZipFile(glob.glob(os.path.join(work, "*.whl"))[0]) as wheel:
    for entry in wheel.namelist():
        base = os.path.basename(entry)
        library = entry.startswith("onnxruntime/capi/libonnxruntime.so")
        if library or base in ("LICENSE", "ThirdPartyNotices.txt"):
            name = "libonnxruntime.so" if library else base
            with wheel.open(entry) as source, open(os.path.join(out, name), "wb") as to:
                shutil.copyfileobj(source, to)
if not os.path.exists(os.path.join(out, "libonnxruntime.so")):
    sys.exit("the wheel holds no libonnxruntime.so")
with open(os.path.join(out, "VERSION"), "w") as to:
    to.write(version)
PYTHON

rm -rf "$target"
# Whoever installs at the same time may have been first; theirs is the same.
mv -T "$work/out" "$target" 2>/dev/null || [ -f "$target/libonnxruntime.so" ] || fail "cannot write $target"
echo "ONNX Runtime $version is in $target"
