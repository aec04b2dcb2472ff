#!/usr/bin/env bash
# Makes demo/library anew, and with it the record of pxr's answers that tests compare with.
#
#   scripts/demo-library.sh            writes demo/library and tests/oracles/demo-usd.json
#   scripts/demo-library.sh --check    only says whether the committed library is current
#
# usd-core comes from PyPI into .tools/; using the library needs none of this.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

USD_CORE_VERSION=26.11
packages=.tools/python/usd-core-$USD_CORE_VERSION

if [ ! -d "$packages" ]; then
    echo "demo-library: installing usd-core $USD_CORE_VERSION from PyPI into .tools/"
    mkdir -p .tools/python
    rm -rf "$packages.part"
    python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore \
        --target "$packages.part" "usd-core==$USD_CORE_VERSION"
    mv "$packages.part" "$packages"
fi
export PYTHONPATH=$packages PYTHONDONTWRITEBYTECODE=1

python3 demo/make_library.py "$@"
if [ $# -eq 0 ]; then
    python3 tests/oracles/oracle_usd.py demo/library tests/oracles/demo-usd.json
fi
