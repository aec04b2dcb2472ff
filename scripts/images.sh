#!/usr/bin/env bash
# Images of the programs that this checkout built, as archives: no Docker, no registry, no base image.
#
#   scripts/images.sh [--release] [NAME…]      vitrine, vitrine-video, vitrine-operator; without names, those
#                                              that are built
#
# Writes TARGET/images/NAME.tar, which holds vitrine.test/NAME:test, and prints its path. An archive
# that is newer than all it is made of stays. Programs are those of `cargo build`; with --release, of
# `cargo build --release`. Needs buildah: scripts/setup.sh cluster.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/env.sh
source "$root/scripts/env.sh"

fail() { printf 'images.sh: %s\n' "$*" >&2; exit 1; }

target=$(readlink -m "${CARGO_TARGET_DIR:-$root/target}")
profile=debug
if [ "${1:-}" = --release ]; then profile=release; shift; fi

# make_image NAME CONTAINERFILE PROGRAM… [LIBRARY…]
make_image() {
    local name=$1 file=$root/images/$2 archive=$target/images/$1.tar part
    shift 2
    for part in "$@"; do
        [ -e "$part" ] || fail "$part is missing: run cargo build --workspace --bins"
    done
    if [ -e "$archive" ] &&
        [ -z "$(find -L "$file" "$root/images/collect.sh" "$@" -newer "$archive")" ]; then
        echo "$archive"
        return
    fi
    command -v buildah >/dev/null || fail "no buildah: run scripts/setup.sh cluster"
    mkdir -p "$target/images"
    # Its storage is of no use to the next image: it goes with the folder.
    work=$(mktemp -d "${TMPDIR:-/tmp}/vitrine-image.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    "$root/images/collect.sh" "$work/files" "$@"
    mkdir "$work/empty"
    local storage=(buildah --root "$work/storage" --runroot "$work/run" --storage-driver vfs)
    if ! { "${storage[@]}" bud --quiet --isolation chroot --timestamp 0 --file "$file" \
            --build-context files="$work/files" --tag "vitrine.test/$name:test" "$work/empty" &&
        "${storage[@]}" push --quiet "vitrine.test/$name:test" \
            "docker-archive:$work/image.tar:vitrine.test/$name:test"; } >"$work/log" 2>&1; then
        cat "$work/log" >&2
        fail "buildah could not make the image of $name: the lines above say why"
    fi
    mv "$work/image.tar" "$archive"
    rm -rf "$work"
    echo "$archive"
}

names=("$@")
if [ ${#names[@]} = 0 ]; then
    for name in vitrine vitrine-operator; do
        if [ -x "$target/$profile/$name" ]; then names+=("$name"); fi
    done
    if [ -x "$target/$profile/vitrine-media" ]; then names+=(vitrine-video); fi
fi
built=$target/$profile
runtime=${ORT_DYLIB_PATH:-}
for name in ${names[@]+"${names[@]}"}; do
    case $name in
        vitrine) make_image vitrine vitrine.Containerfile "$built/vitrine" "${runtime:?run scripts/onnxruntime.sh}" ;;
        vitrine-video)
            make_image vitrine-video vitrine.Containerfile "$built/vitrine" "$built/vitrine-media" \
                "${runtime:?run scripts/onnxruntime.sh}"
            ;;
        vitrine-operator) make_image vitrine-operator operator.Containerfile "$built/vitrine-operator" ;;
        *) fail "unknown image $name: vitrine, vitrine-video or vitrine-operator" ;;
    esac
done
