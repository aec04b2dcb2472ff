#!/usr/bin/env bash
# The chart's own checks, without a cluster.
#
#   scripts/chart.sh check    lint it, compare what it renders with the snapshots, try what it must refuse
#   scripts/chart.sh write    write the snapshots, and the Argo CD files, anew: review the difference
#
# Needs Helm, which scripts/setup.sh cluster builds, or HELM names; and Lua. Without: a sentence, and an error
# where VITRINE_NO_SKIPS is set.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/env.sh
source scripts/env.sh

chart=charts/vitrine
kinds=(assetlibraries embeddingjobs scenegenschedules)

fail() { printf 'chart.sh: %s\n' "$*" >&2; exit 1; }
skip() {
    [ -z "${VITRINE_NO_SKIPS:-}" ] || fail "skips are forbidden: $*"
    printf 'SKIPPED: %s\n' "$*"
}

# Of the program's places, the first there is.
find_helm() {
    local made
    for made in "${HELM:-}" "$(command -v helm || true)" .tools/kubernetes-*/helm /var/cache/vitrine/kubernetes-*/helm; do
        if [ -x "$made" ]; then realpath "$made"; return; fi
    done
}
find_lua() {
    local name
    for name in lua lua5.4 lua5.3 lua5.1 luajit; do
        if command -v "$name"; then return; fi
    done
}

# render RELEASE NAMESPACE OPTION…
render() {
    local release=$1 namespace=$2
    shift 2
    "${on_its_own[@]}" template "$release" "$chart" --namespace "$namespace" --kube-version 1.34.0 "$@"
}

# The definitions are generated files with a test of their own: snapshots leave them out.
without_definitions() {
    awk 'BEGIN { RS = "---\n"; ORS = "" }
        NR > 1 && $0 !~ /# Source: vitrine\/templates\/crds.yaml/ { print "---\n" $0 }'
}

snapshots() {
    render vitrine vitrine-system | without_definitions >"$1/default.yaml"
    render vitrine vitrine-system --values "$chart/tests/everything.values.yaml" |
        without_definitions >"$1/everything.yaml"
    render search platform --values "$chart/tests/cluster-wide.values.yaml" >"$1/cluster-wide.yaml"
    # Notes are rendered for an installation alone: in a copy of the chart they are data.
    mkdir -p "$work/chart"
    cp -r "$chart/." "$work/chart/"
    cp "$chart/templates/NOTES.txt" "$work/chart/notes.txt"
    # shellcheck disable=SC2016 # Helm's dots and dollars.
    printf '%s\n' 'notes: |' '  {{- tpl (.Files.Get "notes.txt") . | nindent 2 }}' >"$work/chart/templates/notes.yaml"
    chart=$work/chart render vitrine vitrine-system --show-only templates/notes.yaml \
        --set crds.enabled=false --set watch.namespaces='{assets,studio}' | sed '1,/^notes:/d; s/^  //' >"$1/notes.txt"
}

# The health check as Argo CD's ConfigMap and as values of its chart take it.
argocd_files() {
    local key keys=()
    for key in AssetLibrary EmbeddingJob; do keys+=("resource.customizations.health.vitrine.dev_$key"); done
    {
        echo "# Made from health.lua by scripts/chart.sh write."
        echo "#   kubectl -n argocd patch configmap argocd-cm --patch-file argocd-cm.yaml"
        echo "data:"
        for key in "${keys[@]}"; do
            echo "  $key: |"
            sed 's/^\(.\)/    \1/' "$chart/argocd/health.lua"
        done
    } >"$1/argocd-cm.yaml"
    {
        echo "# Made from health.lua by scripts/chart.sh write: values of the chart argo-cd."
        echo "configs:"
        echo "  cm:"
        for key in "${keys[@]}"; do
            echo "    $key: |"
            sed 's/^\(.\)/      \1/' "$chart/argocd/health.lua"
        done
    } >"$1/values.yaml"
}

compare() {
    diff -u "$1" "$2" >&2 || fail "$1 is not what the chart makes now: if the change is meant, scripts/chart.sh write"
}

check_definitions() {
    local kind rendered count
    for kind in "${kinds[@]}"; do
        [ -s "$chart/files/crds/$kind.yaml" ] || fail "$chart/files/crds/$kind.yaml is missing: run make crds"
    done
    rendered=$(render vitrine vitrine-system --show-only templates/crds.yaml)
    count=$(grep -c '^kind: CustomResourceDefinition$' <<<"$rendered") || true
    [ "$count" = ${#kinds[@]} ] || fail "the chart brings $count definitions, not ${#kinds[@]}"
    for kind in "${kinds[@]}"; do
        grep -q "^  name: $kind.vitrine.dev$" <<<"$rendered" || fail "the chart does not bring $kind.vitrine.dev"
    done
    count=$(grep -c '^    helm.sh/resource-policy: keep$' <<<"$rendered") || true
    [ "$count" = ${#kinds[@]} ] || fail "only $count of ${#kinds[@]} definitions stay when the chart goes"
    rendered=$(render vitrine vitrine-system --set crds.keep=false --show-only templates/crds.yaml)
    if grep -q resource-policy <<<"$rendered"; then fail "definitions stay in spite of crds.keep=false"; fi
}

# Rights name what they mean.
check_rights() {
    local file
    for file in "$1"/*.yaml; do
        if awk 'BEGIN { RS = "---\n" } /kind: (Cluster)?Role\n/' "$file" | grep -n '\*' >&2; then
            fail "a Role of $(basename "$file") has a wildcard"
        fi
    done
}

check_refused() {
    local file expected said
    for file in "$chart"/tests/refused/*.yaml; do
        expected=$(sed -n '1s/^# says: //p' "$file")
        if said=$(render vitrine vitrine-system --values "$file" 2>&1); then fail "$file is taken, and must not be"; fi
        grep -qE -- "$expected" <<<"$said" || fail "$file is refused without saying \`$expected\`: $said"
    done
}

check_health() {
    local lua
    argocd_files "$work"
    compare "$chart/argocd/argocd-cm.yaml" "$work/argocd-cm.yaml"
    compare "$chart/argocd/values.yaml" "$work/values.yaml"
    lua=$(find_lua)
    if [ -z "$lua" ]; then
        skip 'no Lua, in which the health check of Argo CD is written: apt-get install lua5.4'
        return
    fi
    "$lua" "$chart/tests/health_test.lua" "$chart/argocd/health.lua" >"$work/health.txt" || fail "the health check is wrong"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
helm=$(find_helm)
# Without what a person's Helm has in its folders.
on_its_own=(env HELM_CACHE_HOME="$work/helm" HELM_CONFIG_HOME="$work/helm" HELM_DATA_HOME="$work/helm" "$helm")
case "${1:-}" in
    check)
        check_health
        if [ -z "$helm" ]; then
            skip 'no Helm, which checks the chart: run scripts/setup.sh cluster'
            exit
        fi
        check_definitions
        for values in "$chart"/values.yaml "$chart"/tests/*.values.yaml; do
            "${on_its_own[@]}" lint --strict --quiet --kube-version 1.34.0 --values "$values" "$chart" >"$work/lint.txt" 2>&1 ||
                fail "helm lint, with $values: $(cat "$work/lint.txt")"
        done
        mkdir "$work/snapshots"
        snapshots "$work/snapshots"
        check_rights "$work/snapshots"
        for snapshot in "$work"/snapshots/*; do
            compare "$chart/tests/snapshots/$(basename "$snapshot")" "$snapshot"
        done
        check_refused
        ;;
    write)
        argocd_files "$chart/argocd"
        [ -n "$helm" ] || fail 'no Helm, which renders the chart: run scripts/setup.sh cluster'
        mkdir -p "$chart/tests/snapshots"
        snapshots "$chart/tests/snapshots"
        ;;
    *) sed -n '2,/^set -/{/^set -/d;s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}" >&2; exit 2 ;;
esac
