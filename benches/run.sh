#!/usr/bin/env bash
# Runs the benchmarks that are named, as in `benches/run.sh media`, or every one of this folder, and
# writes benches/out/report.md.
#
# VITRINE_BENCH_PYTHON names a Python that has the peers; without it one is made in .tools/.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/env.sh
source scripts/env.sh

scripts/setup.sh
python=${VITRINE_BENCH_PYTHON:-$PWD/.tools/bench-venv/bin/python}
if [ ! -x "$python" ]; then
    echo 'bench: installing the peers (usd-core, onnxruntime, librosa, opencv, numpy, pillow) into .tools/bench-venv'
    python3 -m venv .tools/bench-venv
fi
if [ -z "${VITRINE_BENCH_PYTHON:-}" ]; then # Also where it is older than a peer that came later.
    .tools/bench-venv/bin/pip install --quiet --requirement benches/requirements.txt
fi
names=("$@")
if [ "$*" = media ]; then # It alone needs the decoder of videos, and little beside.
    scripts/setup.sh video
    cargo build --release --quiet --package vitrine --package vitrine-video --bins
    cargo build --release --quiet --package vitrine-people --example people_speed
else
    cargo build --release --quiet --workspace --exclude vitrine-video --bins --examples
fi
if [ ${#names[@]} = 0 ]; then
    for bench in benches/*.py; do
        name=$(basename "$bench" .py)
        case $name in report | servers) continue ;; esac
        names+=("$name")
    done
fi

mkdir -p benches/out
report=benches/out/report.md
{
    printf '# Benchmarks\n\n'
    "$python" -c 'import json, sys; sys.path.insert(0, "benches"); import report; print("\n".join(f"- {k}: {v}" for k, v in report.machine().items()))'
    printf -- '- commit: %s\n\n' "$(git rev-parse --short HEAD 2>/dev/null || echo unknown)"
} >"$report"
for name in "${names[@]}"; do
    printf 'bench: %s (load %s)\n' "$name" "$(cut -d' ' -f1 /proc/loadavg)" >&2
    "$python" "benches/$name.py" | tee -a "$report"
done
echo "bench: the table is in $report" >&2
