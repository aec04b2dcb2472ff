#!/usr/bin/env bash
# Runs COMMAND in a Kubernetes that has the images of this build, beside an Elasticsearch that pods reach.
#
#   scripts/test-cluster.sh COMMAND…               in a new cluster, which goes again
#   scripts/test-cluster.sh --standing COMMAND…    in that of `scripts/cluster.sh up`: for the tenth time today
#   scripts/test-cluster.sh --release COMMAND…     with images of programs built for release
#
# Build first: there is no way out of the cluster's network.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/env.sh
source scripts/env.sh

fail() { printf 'test-cluster.sh: %s\n' "$*" >&2; exit 1; }

if [ "$(uname -s)" != Linux ] || [ "$(id -u)" != 0 ]; then
    reason='the nodes of a Kubernetes need Linux and root'
    [ -z "${VITRINE_NO_SKIPS:-}" ] || fail "skips are forbidden: $reason"
    echo "SKIPPED: $reason"
    exit
fi

standing='' profile=debug
while true; do
    case ${1:-} in
        --standing) standing=yes; shift ;;
        --release) profile=release; shift ;;
        *) break ;;
    esac
done
[ $# -gt 0 ] || fail 'usage: test-cluster.sh [--standing] [--release] COMMAND…'

scripts/setup.sh cluster
if [ "$profile" = release ]; then images=$(scripts/images.sh --release); else images=$(scripts/images.sh); fi
mapfile -t images <<<"$images"
[ -n "${images[0]}" ] || fail 'nothing to make images of: run cargo build --workspace --bins'
# Some tests take these from where they lie then; whether they are there is theirs to say.
version=${VITRINE_TEST_ELASTICSEARCH_VERSIONS%% *}
scripts/elasticsearch-plugin.sh "$version" >/dev/null || true
"${CARGO_TARGET_DIR:-target}/$profile/vitrine" models pull >/dev/null || true

export ELASTICSEARCH_YML='http.host: 0.0.0.0'
command=(scripts/elasticsearch.sh run "$version" -- "$@")
if [ -n "$standing" ]; then
    scripts/cluster.sh load "${images[@]}"
    exec scripts/cluster.sh exec "${command[@]}"
fi
options=()
for image in "${images[@]}"; do options+=(--image "$image"); done
exec scripts/cluster.sh run "${options[@]}" -- "${command[@]}"
