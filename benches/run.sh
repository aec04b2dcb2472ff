#!/usr/bin/env bash
# Runs every benchmark of this folder and writes benches/out/report.md.
#
# VITRINE_BENCH_PYTHON names a Python that has the peers; without it one is made in .tools/.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/env.sh
source scripts/env.sh

scripts/setup.sh
python=${VITRINE_BENCH_PYTHON:-$PWD/.tools/bench-venv/bin/python}
if [ ! -x "$python" ]; then
    echo 'bench: installing the peers (usd-core, onnxruntime, librosa, numpy, pillow) into .tools/bench-venv'
    python3 -m venv .tools/bench-venv
    .tools/bench-venv/bin/pip install --quiet --requirement benches/requirements.txt
fi
cargo build --release --quiet --workspace --bins --examples

mkdir -p benches/out
report=benches/out/report.md
{
    printf '# Benchmarks\n\n'
    "$python" -c 'import json, sys; sys.path.insert(0, "benches"); import report; print("\n".join(f"- {k}: {v}" for k, v in report.machine().items()))'
    printf -- '- commit: %s\n\n' "$(git rev-parse --short HEAD 2>/dev/null || echo unknown)"
} >"$report"
for bench in benches/*.py; do
    name=$(basename "$bench" .py)
    case $name in report | servers) continue ;; esac
    printf 'bench: %s (load %s)\n' "$name" "$(cut -d' ' -f1 /proc/loadavg)" >&2
    "$python" "$bench" | tee -a "$report"
done
echo "bench: the table is in $report" >&2
