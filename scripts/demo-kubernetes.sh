#!/usr/bin/env bash
# The operator at work: a throw-away Kubernetes, the chart, the demo library in a bucket, a search.
# Needs root, for the nodes, and what `scripts/setup.sh cluster` installs.
#
#   scripts/demo-kubernetes.sh             with programs built for release
#   scripts/demo-kubernetes.sh --debug     with those that tests use
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/env.sh
source scripts/env.sh

bold='' plain=''
if [ -t 1 ]; then bold=$'\033[1m' plain=$'\033[0m'; fi

# show COMMAND…: shows the command as a person would type it, then runs it.
show() {
    local word line='$'
    for word in "$@"; do
        if [[ $word == *[^a-zA-Z0-9_./=:-]* ]]; then word="'$word'"; fi
        line+=" $word"
    done
    printf '\n%s%s%s\n' "$bold" "$line" "$plain"
    "$@"
}

# put FILE BUCKET/KEY
put() {
    local key
    key=$(python3 -c 'import sys, urllib.parse; print(urllib.parse.quote(sys.argv[1]))' "$2")
    curl --silent --show-error --fail --aws-sigv4 aws:amz:us-east-1:s3 --user demo:demo-secret \
        --header 'x-amz-content-sha256: UNSIGNED-PAYLOAD' --upload-file "$1" "$store/$key"
}

# put_folder FOLDER BUCKET/PREFIX
put_folder() {
    local file
    while read -r file; do put "$1/$file" "$2/$file"; done < <(cd "$1" && find . -type f -printf '%P\n')
}

# In the cluster's network, with Elasticsearch and the cluster's kubectl and helm.
inside() {
    local model=$1 host=$VITRINE_TEST_CLUSTER_HOST folder server
    local index=${VITRINE_TEST_ELASTICSEARCH_URL/127.0.0.1/$host}
    store=http://$host:7070
    folder=$(mktemp -d)
    mkdir -p "$folder"/data/{packs,catalogs,models}
    (cd "$folder" && ROOT_ACCESS_KEY=demo ROOT_SECRET_KEY=demo-secret \
        exec "$versitygw" --port "$host:7070" posix "$folder/data" >/dev/null 2>&1) &
    server=$!
    # shellcheck disable=SC2064 # Now, while they are known.
    trap "kill $server 2>/dev/null || true; rm -rf '$folder'" EXIT
    until (exec 3<>"/dev/tcp/$host/7070") 2>/dev/null; do sleep 0.1; done
    put_folder demo/library packs/warehouse
    put demo/captions.csv packs/captions.csv
    put_folder "$model" models/minilm

    show kubectl create namespace assets
    show helm install vitrine charts/vitrine --namespace vitrine-system --create-namespace --wait \
        --set imageRegistry=vitrine.test --set image.tag=test --set runs.image.tag=test \
        --set imagePullPolicy=Never --set 'watch.namespaces={assets}' --set 'runs.egressPorts={7070}'
    show kubectl -n assets create secret generic s3 --from-literal=AWS_ACCESS_KEY_ID=demo \
        --from-literal=AWS_SECRET_ACCESS_KEY=demo-secret --from-literal=AWS_REGION=us-east-1 \
        --from-literal=AWS_ENDPOINT_URL="$store" --from-literal=AWS_ALLOW_HTTP=true
    cat >"$folder/library.yaml" <<YAML
apiVersion: vitrine.dev/v1alpha1
kind: AssetLibrary
metadata: {name: warehouse, namespace: assets}
spec:
  source: {uri: s3://packs/warehouse, secretRef: {name: s3}}
  captions: {uri: s3://packs/captions.csv, secretRef: {name: s3}}
  catalog: {uri: s3://catalogs/warehouse, secretRef: {name: s3}}
  embeddings:
    - {name: text, algorithm: text, model: {uri: s3://models/minilm}}
  elasticsearch: {url: "$index", index: warehouse}
  syncInterval: 1h
YAML
    show cat "$folder/library.yaml"
    show kubectl apply -f "$folder/library.yaml"
    show kubectl -n assets wait al/warehouse --for=condition=Ready --timeout=15m
    show kubectl -n assets get al
    show kubectl -n assets describe al warehouse
    export AWS_ENDPOINT_URL=$store AWS_ALLOW_HTTP=true AWS_REGION=us-east-1
    export AWS_ACCESS_KEY_ID=demo AWS_SECRET_ACCESS_KEY=demo-secret # The query's model is in the bucket.
    show vitrine search 'something to lift pallets with' --top-k 3 \
        --elasticsearch "$VITRINE_TEST_ELASTICSEARCH_URL" --index warehouse
    if [ -t 0 ]; then
        printf '\n%s\n' 'A shell in the cluster follows: kubectl, helm and vitrine are there. Its end is the end of all of it.'
        bash --norc -i || true
    fi
}

if [ "${1:-}" = inside ]; then
    shift
    versitygw=$1
    inside "$2"
    exit
fi

profile=release options=(--release)
if [ "${1:-}" = --debug ]; then profile=debug options=(); fi
scripts/setup.sh cluster
echo "Building vitrine and its operator for $profile."
cargo build --workspace --exclude vitrine-render-gpu --bins --quiet "${options[@]}"
PATH=$(readlink -m "${CARGO_TARGET_DIR:-target}")/$profile:$PATH
vitrine models pull >/dev/null
model=$(vitrine models list --output json | python3 -c '
import json, sys
models = json.load(sys.stdin)["models"]
print(next(model["folder"] for model in models if "MiniLM" in model["uri"]))')
versitygw=$(scripts/versitygw.sh)
exec scripts/test-cluster.sh "${options[@]}" scripts/demo-kubernetes.sh inside "$versitygw" "$model"
