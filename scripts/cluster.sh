#!/usr/bin/env bash
# A throw-away Kubernetes with real nodes, for tests. Needs root, and what `scripts/setup.sh cluster` installs.
#
#   scripts/cluster.sh run [--nodes N] [--gpus N] [--image TAR]… -- COMMAND…
#                                        start one, run COMMAND in it, take all of it down
#   scripts/cluster.sh up [--nodes N] [--gpus N] [--image TAR]…
#                                        start one that stays
#   scripts/cluster.sh exec COMMAND…     run COMMAND in that one: kubectl, helm, cargo test, bash
#   scripts/cluster.sh load TAR…         bring images into it, in place of those of the same name
#   scripts/cluster.sh down              take it down
#
#   inside it, for tests:
#   scripts/cluster.sh node start N [--gpus N] | lose N | remove N
#   scripts/cluster.sh part start|stop kube-apiserver|etcd|kube-controller-manager|kube-scheduler|kube-proxy
#
# The cluster, and COMMAND with it, has network, process and mount namespaces of its own: it disturbs
# nothing on the machine, and ends with this script, even when that is killed. There is no way out of its network;
# what COMMAND listens on is reached by pods at VITRINE_TEST_CLUSTER_HOST. COMMAND also finds
#   VITRINE_TEST_CLUSTER   the cluster's folder: logs/, node-N/
#   KUBECONFIG, PATH       kubectl and helm of the cluster's version, allowed to do everything
set -euo pipefail

HOST=10.244.77.1
SERVICES=10.96.0.0/16
STOP_SECS_MAX=30

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
temporary=${TMPDIR:-/tmp}

fail() { printf 'cluster.sh: %s\n' "$*" >&2; exit 1; }

check_machine() {
    local program missing=()
    [ "$(uname -s)" = Linux ] || fail "nodes need Linux"
    [ "$(id -u)" = 0 ] || fail "nodes need root: run it with sudo"
    for program in containerd runc iptables conntrack ip nsenter openssl curl; do
        command -v "$program" >/dev/null || missing+=("$program")
    done
    [ -x /usr/lib/cni/bridge ] || missing+=(/usr/lib/cni/bridge)
    [ ${#missing[@]} = 0 ] || fail "missing: ${missing[*]}: run scripts/setup.sh cluster"
}

# Control groups stay when their processes are gone, whatever ended them.
remove_groups() {
    local group
    for group in /sys/fs/cgroup/"$1"-* /sys/fs/cgroup/*/"$1"-*; do
        [ -d "$group" ] || continue
        find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || true
    done
}

# What clusters that were killed left: nobody holds the lock of their folder.
sweep() {
    local left
    for left in "$temporary"/vitrine-cluster-*/lock; do
        if [ ! -e "$left" ] || ! flock --nonblock "$left" true; then continue; fi
        left=$(dirname "$left")
        rm -rf "$left"
        remove_groups "$(basename "$left")"
    done
}

# Sets nodes, gpus, images and rest from the arguments.
read_options() {
    nodes=1 gpus=0 images=() rest=()
    while [ $# -gt 0 ]; do
        case $1 in
            --nodes) nodes=${2:?N}; shift 2 ;;
            --gpus) gpus=${2:?N}; shift 2 ;;
            --image) images+=("$(readlink -e "${2:?TAR}")") || fail "no image at $2"; shift 2 ;;
            --) shift; rest=("$@"); return ;;
            *) fail "unknown option $1" ;;
        esac
    done
}

# run_in DIR COMMAND…: its exit status is the command's.
run_in() {
    local status=0 outer inner
    dir=$1
    shift
    check_machine
    tools=$("$root/scripts/kubernetes.sh")
    sweep
    mkdir -p "$dir"/{bin,images,logs,tmp}
    # Servers that a test starts as another user find their files; keys are readable to root alone.
    chmod 711 "$dir"
    chmod 1777 "$dir/tmp"
    exec 9>"$dir/lock"
    flock --nonblock 9 || fail "there is a cluster in $dir: scripts/cluster.sh down"
    ln -s "$tools"/{hyperkube,kubectl,helm} "$dir/bin/"
    cp --reflink=auto "$tools/pause.tar" ${images[@]+"${images[@]}"} "$dir/images/"
    setpriv --pdeathsig KILL unshare --net --mount --propagation private --pid --fork --kill-child \
        --mount-proc "$root/scripts/cluster.sh" inside "$dir" "$nodes" "$gpus" "$@" &
    outer=$!
    inner=
    until [ -n "$inner" ]; do
        inner=$(cat "/proc/$outer/task/$outer/children") || fail "the cluster's namespaces cannot be made"
    done
    echo "${inner% }" >"$dir/first-process"
    # Told to stop, the command inside may say goodbye; what is left then goes with the namespaces.
    stop() {
        trap - INT TERM HUP
        kill -TERM "$(cat "$dir/first-process")" 2>/dev/null || true
        timeout "$STOP_SECS_MAX" tail --pid="$outer" -f /dev/null || kill -KILL "$outer" 2>/dev/null || true
    }
    trap 'stop; cleanup 130; exit 130' INT HUP
    trap 'stop; cleanup 143; exit 143' TERM
    wait "$outer" || status=$?
    cleanup "$status"
    return "$status"
}

# cleanup STATUS: logs outlive a command that failed, but not one that was told to stop.
cleanup() {
    local kept
    if [ "$1" != 0 ] && [ "$1" -lt 128 ] && [ -d "$dir/logs" ]; then
        kept=$(mktemp -d "$temporary/vitrine-cluster-logs.XXXXXX")
        cp -r "$dir/logs/." "$kept/"
        echo "cluster.sh: the command ended with $1: the cluster's logs are in $kept" >&2
    fi
    rm -rf "$dir"
    remove_groups "$(basename "$dir")"
}

export_environment() {
    export VITRINE_TEST_CLUSTER=$1 VITRINE_TEST_CLUSTER_HOST=$HOST
    export KUBECONFIG=$1/admin.kubeconfig PATH=$1/bin:$PATH
    export TMPDIR=$1/tmp # What a process leaves that the namespaces end goes, too.
    export CARGO_NET_OFFLINE=true # A build that needs the network should say so at once.
    # Helm's caches are no part of the cluster, nor of whoever runs it.
    export HELM_CACHE_HOME=$1/helm HELM_CONFIG_HOME=$1/helm HELM_DATA_HOME=$1/helm
}

# The first process of the namespaces.
inside() {
    local dir=$1 nodes=$2 gpus=$3 begin=$SECONDS node status=0 command=''
    shift 3
    # shellcheck disable=SC2317 # The trap calls it.
    goodbye() {
        trap - TERM INT
        if [ -n "$command" ]; then
            kill -TERM "$command" 2>/dev/null || true
            wait "$command" || true
        fi
        exit 143
    }
    trap goodbye TERM INT
    ip link set lo up
    ip link add vt0 type bridge
    ip address add "$HOST/24" dev vt0
    ip link set vt0 up
    ip route add "$SERVICES" dev vt0 # From there the proxy takes them elsewhere.
    export_environment "$dir"
    "$root/tests/cluster/control-plane.sh" start "$dir" "$HOST" "$SERVICES" || exit 1
    for ((node = 0; node < nodes; node++)); do
        "$root/tests/cluster/node.sh" start "$dir" "$node" --gpus "$gpus" || exit 1
    done
    # It waits for a node.
    [ "$nodes" = 0 ] || "$root/tests/cluster/control-plane.sh" start-part "$dir" kube-proxy || exit 1
    echo "cluster.sh: Kubernetes is up after $((SECONDS - begin)) s" >&2
    touch "$dir/ready"
    "$@" 9>&- &
    command=$!
    wait "$command" || status=$?
    if [ "$status" != 0 ]; then
        { kubectl get pods --all-namespaces -o wide; kubectl get events --all-namespaces; } \
            >"$dir/logs/at-the-end.txt" 2>&1 || true
    fi
    exit "$status"
}

# The one cluster of this checkout that stays.
standing=$temporary/vitrine-cluster-up-$(printf '%s' "$root" | sha256sum | cut -c1-8)

up() {
    check_machine
    "$root/scripts/kubernetes.sh" >/dev/null
    [ ! -e "$standing/ready" ] || fail "there is one already: scripts/cluster.sh down"
    local log=$standing.log launcher
    setsid "$root/scripts/cluster.sh" run --at "$standing" "$@" -- sleep infinity </dev/null >"$log" 2>&1 &
    launcher=$!
    until [ -e "$standing/ready" ]; do
        kill -0 "$launcher" 2>/dev/null || { cat "$log" >&2; fail "it did not start: the lines above say why"; }
        sleep 0.2
    done
    echo "$launcher" >"$standing/launcher"
    echo "Kubernetes is up. Try: scripts/cluster.sh exec kubectl get nodes"
}

down() {
    local launcher
    launcher=$(cat "$standing/launcher" 2>/dev/null) || fail "there is no cluster of this checkout"
    kill -TERM "$launcher" 2>/dev/null || true
    timeout "$STOP_SECS_MAX" tail --pid="$launcher" -f /dev/null || true
    sweep
    rm -f "$standing.log"
}

# enter COMMAND…: in the namespaces of the standing cluster.
enter() {
    [ -e "$standing/ready" ] || fail "there is no cluster of this checkout: scripts/cluster.sh up"
    export_environment "$standing"
    exec nsenter --target "$(cat "$standing/first-process")" --net --mount --pid --wd="$PWD" -- "$@"
}

# dispatch_inside SCRIPT ARGUMENT…: a script of tests/cluster, in the namespaces that we are in or enter.
dispatch_inside() {
    local script=$root/tests/cluster/$1
    shift
    if [ -n "${VITRINE_TEST_CLUSTER:-}" ]; then exec "$script" "$@"; else enter "$script" "$@"; fi
}

case "${1:-}" in
    run)
        shift
        if [ "${1:-}" = --at ]; then
            at=$2
            shift 2
        else
            at=$(mktemp --directory "$temporary/vitrine-cluster-XXXXXX")
        fi
        read_options "$@"
        [ ${#rest[@]} -gt 0 ] || fail 'usage: cluster.sh run [--nodes N] [--gpus N] [--image TAR]… -- COMMAND…'
        run_in "$at" "${rest[@]}"
        ;;
    inside) shift; inside "$@" ;;
    up) shift; up "$@" ;;
    down) down ;;
    exec) shift; enter "$@" ;;
    load)
        shift
        dir=${VITRINE_TEST_CLUSTER:-$standing}
        # Nodes that start later take them from there.
        cp "$@" "$dir/images/"
        images=("${@##*/}")
        for node in "$dir"/pids/node-*; do
            (dispatch_inside node.sh load "$dir" "${node##*-}" "${images[@]/#/$dir/images/}")
        done
        ;;
    node) dispatch_inside node.sh "${2:?start, lose or remove}" "${VITRINE_TEST_CLUSTER:-$standing}" "${@:3}" ;;
    part) dispatch_inside control-plane.sh "${2:?start or stop}-part" "${VITRINE_TEST_CLUSTER:-$standing}" "${3:?PART}" ;;
    *) sed -n '2,/^set -/{/^set -/d;s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}" >&2; exit 2 ;;
esac
