#!/usr/bin/env bash
# Draws every asset of the demo library on one sheet, and with VITRINE_TEST_DATA those of the real files: to look things over.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/env.sh
source scripts/env.sh

cargo build --release --package vitrine --quiet
program=${CARGO_TARGET_DIR:-target}/release/vitrine

# sheet NAME FOLDER: catalogues the folder without vectors and draws its sheet.
sheet() {
    "$program" catalog "$2" --name "$1" --no-embeddings --size 256 --out "demo/out/drawn-$1"
    "$program" contact-sheet --catalog "demo/out/drawn-$1" --out "demo/out/$1.png" --columns 12 --tile 128
}

sheet demo-library demo/library
if [ -n "${VITRINE_TEST_DATA:-}" ]; then
    sheet real-files "$VITRINE_TEST_DATA/usd"
fi
