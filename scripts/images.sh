#!/usr/bin/env bash
# Images of the programs that this checkout built, as archives: no Docker, no registry, no base image.
#
#   scripts/images.sh [--release] [NAME…]      vitrine, vitrine-operator; without names, those that are built
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

# make_image NAME CONTAINERFILE LIBRARY…
make_image() {
    local name=$1 file=$root/images/$2 program=$target/$profile/$1 archive=$target/images/$1.tar
    shift 2
    [ -x "$program" ] || fail "$program is missing: run cargo build --workspace --bins"
    if [ -e "$archive" ] &&
        [ -z "$(find -L "$program" "$file" "$root/images/collect.sh" "$@" -newer "$archive")" ]; then
        echo "$archive"
        return
    fi
    command -v buildah >/dev/null || fail "no buildah: run scripts/setup.sh cluster"
    mkdir -p "$target/images"
    # Its storage is of no use to the next image: it goes with the folder.
    work=$(mktemp -d "${TMPDIR:-/tmp}/vitrine-image.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    "$root/images/collect.sh" "$work/files" "$program" "$@"
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
fi
for name in ${names[@]+"${names[@]}"}; do
    case $name in
        vitrine) make_image vitrine vitrine.Containerfile "${ORT_DYLIB_PATH:?run scripts/onnxruntime.sh}" ;;
        vitrine-operator) make_image vitrine-operator operator.Containerfile ;;
        *) fail "unknown image $name: vitrine or vitrine-operator" ;;
    esac
done
