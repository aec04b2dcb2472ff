#!/usr/bin/env bash
# Runs fuzz targets, each seeded with the demo library and the real files.
#
#   scripts/fuzz.sh SECONDS TARGET…
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/env.sh
source scripts/env.sh

seconds=$1
shift
# The crate whose fuzzers have a target of this name.
crate_of() { if [ "$1" = gltf ]; then echo sidecar/gltf/fuzz; else echo sidecar/usd/fuzz; fi; }
# Larger seeds slow each run down and teach the fuzzer nothing more.
seed_bytes_max=65536

# seed TARGET SUFFIX…: copies files by content hash, so that a second call adds nothing.
seed() {
    local corpus names=() suffix
    corpus=$(crate_of "$1")/corpus/$1
    shift
    mkdir -p "$corpus"
    for suffix in "$@"; do names+=(-o -name "*.$suffix"); done
    local roots=(demo/library)
    if [ -n "${VITRINE_TEST_DATA:-}" ]; then roots+=("$VITRINE_TEST_DATA"); fi
    find "${roots[@]}" -type f -size "-${seed_bytes_max}c" \( "${names[@]:1}" \) -print0 |
        xargs -0 --no-run-if-empty sha256sum |
        while read -r hash path; do [ -e "$corpus/${hash:0:16}" ] || cp "$path" "$corpus/${hash:0:16}"; done
}

seed usda usda usd
seed usdc usdc usd
seed usdz usdz
seed inspect usda usdc usd usdz
seed materialx mtlx
seed gltf glb gltf

# The inputs that targets write as files stay in memory where there is room for that.
if [ -w /dev/shm ]; then TMPDIR=$(mktemp -d -p /dev/shm); else TMPDIR=$(mktemp -d); fi
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT

for target in "$@"; do
    fuzz=$(crate_of "$target")
    options=(-max_total_time="$seconds" -rss_limit_mb=4096 -timeout=20 -print_final_stats=1 -verbosity=1)
    if [ -f "$fuzz/$target.dict" ]; then options+=(-dict="$fuzz/$target.dict"); fi
    log=$(mktemp)
    printf 'fuzz %s: %s s\n' "$target" "$seconds"
    if ! cargo +nightly fuzz run --fuzz-dir "$fuzz" --jobs 1 "$target" -- "${options[@]}" >"$log" 2>&1; then
        grep -vE "^\s*\[[0-9]" "$log" | tail -n 40 | cut -c1-300 >&2
        printf 'fuzz %s: failed; the input is under %s/artifacts/%s\n' "$target" "$fuzz" "$target" >&2
        exit 1
    fi
    grep -E 'stat::(number_of_executed_units|average_exec_per_sec|peak_rss_mb)' "$log" | sed 's/^stat::/  /' || tail -n 3 "$log"
    rm -f "$log"
done
