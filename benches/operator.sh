#!/usr/bin/env bash
# Measures the operator with many libraries: a real API server and etcd, pods that a program plays.
#
#   benches/operator.sh [N]…        default: 500 2000; each in a cluster of its own
#
# Needs root, and what `scripts/setup.sh cluster` installs. Writes benches/out/operator-N.json.
# VITRINE_BENCH_OPTIONS are further options of the measuring program: see `--help` of it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/env.sh
source scripts/env.sh

target=${CARGO_TARGET_DIR:-target}
# As in the operator's image.
export MALLOC_TRIM_THRESHOLD_=65536 MALLOC_TOP_PAD_=16384
if [ "${1:-}" = inside ]; then
    # Whoever would act on Jobs and pods beside us is stopped: what is counted is the operator's.
    for part in kube-controller-manager kube-scheduler; do
        scripts/cluster.sh part stop "$part"
    done
    shift
    exec "$@"
fi

cargo build --release --quiet --package vitrine-operator --examples
cargo build --profile small --quiet --package vitrine-operator
mkdir -p benches/out
counts=("$@")
[ ${#counts[@]} -gt 0 ] || counts=(500 2000)
read -ra options <<<"${VITRINE_BENCH_OPTIONS:-}"
status=0
for count in "${counts[@]}"; do
    printf 'bench: %s libraries (load %s)\n' "$count" "$(cut -d' ' -f1 /proc/loadavg)" >&2
    scripts/cluster.sh run --nodes 0 -- benches/operator.sh inside "$target/release/examples/scale" \
        --libraries "$count" --operator "$target/small/vitrine-operator" \
        --out "benches/out/operator-$count.json" ${options[@]+"${options[@]}"} || status=$?
done
exit "$status"
