#!/usr/bin/env bash
# The control plane of a Kubernetes for tests: etcd, API server, controllers, scheduler.
#
#   control-plane.sh start DIR ADDRESS SERVICES    keys, configuration, all parts but kube-proxy, which
#                                                  waits for a node; returns when it serves
#   control-plane.sh start-part DIR PART           starts one part: etcd, kube-apiserver, …
#   control-plane.sh stop-part DIR PART
#
# Called by scripts/cluster.sh, inside the cluster's namespaces. DIR/admin.kubeconfig is everybody's way in.
set -euo pipefail

PORT=6443
READY_SECS_MAX=180
NODES=(0 1 2 3)

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
# shellcheck source=tests/cluster/parts.sh
source "$here/parts.sh"

# client_certificate NAME SUBJECT: signed by the cluster's authority.
client_certificate() {
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
        -keyout "$1.key" -subj "$2" -out "$1.csr" 2>/dev/null
    openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 30 -out "$1.crt" \
        -extfile <(printf 'extendedKeyUsage=clientAuth\nkeyUsage=digitalSignature\nbasicConstraints=CA:FALSE') 2>/dev/null
}

token() { od -An -N16 -tx1 /dev/urandom | tr -d ' \n'; }

# login NAME USER GROUP: a token, and a kubeconfig that uses it.
login() {
    local secret
    secret=$(token)
    echo "$secret,$2,$2,\"$3\"" >>"$dir/pki/tokens.csv"
    cat >"$dir/$1.kubeconfig" <<CONFIG
apiVersion: v1
kind: Config
clusters: [{name: test, cluster: {server: "https://$address:$PORT", certificate-authority: "$dir/pki/apiserver.crt"}}]
users: [{name: "$1", user: {token: "$secret"}}]
contexts: [{name: test, context: {cluster: test, user: "$1"}}]
current-context: test
CONFIG
}

make_keys() {
    local node
    mkdir -p "$dir/pki"
    cd "$dir/pki"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout ca.key \
        -out ca.crt -days 30 -subj /CN=vitrine-test 2>/dev/null
    client_certificate kubelet-client "/O=system:masters/CN=kube-apiserver-kubelet-client"
    openssl genrsa -out service-accounts.key 2048 2>/dev/null
    login admin admin system:masters
    login controllers system:kube-controller-manager system:kube-controller-manager
    login scheduler system:kube-scheduler system:kube-scheduler
    login proxy system:kube-proxy system:node-proxier
    for node in "${NODES[@]}"; do
        login "kubelet-$node" "system:node:node-$node" system:nodes
    done
}

# The API server makes its own certificate, pki/apiserver.crt; everybody trusts that one.
define_parts() {
    define_part etcd "$hyperkube" etcd --data-dir="$dir/etcd" --unsafe-no-fsync
    define_part kube-apiserver "$hyperkube" kube-apiserver \
        --etcd-servers="unix://$dir/etcd/etcd.sock" \
        --bind-address="$address" --advertise-address="$address" --secure-port="$PORT" \
        --endpoint-reconciler-type=master-count \
        --cert-dir="$dir/pki" --client-ca-file="$dir/pki/ca.crt" --token-auth-file="$dir/pki/tokens.csv" \
        --authorization-mode=Node,RBAC --anonymous-auth=true \
        --service-account-issuer=https://kubernetes.default.svc --api-audiences=https://kubernetes.default.svc \
        --service-account-key-file="$dir/pki/service-accounts.key" \
        --service-account-signing-key-file="$dir/pki/service-accounts.key" \
        --service-cluster-ip-range="$services" --allow-privileged=true --profiling=false \
        --kubelet-client-certificate="$dir/pki/kubelet-client.crt" \
        --kubelet-client-key="$dir/pki/kubelet-client.key" \
        --kubelet-preferred-address-types=InternalIP --shutdown-delay-duration=0s
    # Nodes renew every 2 s: one that is silent for 20 s is lost, not slow.
    define_part kube-controller-manager "$hyperkube" kube-controller-manager \
        --kubeconfig="$dir/controllers.kubeconfig" --secure-port=0 --leader-elect=false \
        --use-service-account-credentials=true --kube-api-qps=100 --kube-api-burst=200 \
        --service-account-private-key-file="$dir/pki/service-accounts.key" \
        --root-ca-file="$dir/pki/apiserver.crt" \
        --cluster-signing-cert-file="$dir/pki/ca.crt" --cluster-signing-key-file="$dir/pki/ca.key" \
        --allocate-node-cidrs=false --cluster-cidr= --service-cluster-ip-range="$services" \
        --node-monitor-grace-period=20s
    define_part kube-scheduler "$hyperkube" kube-scheduler --kubeconfig="$dir/scheduler.kubeconfig" \
        --authentication-kubeconfig="$dir/scheduler.kubeconfig" \
        --authorization-kubeconfig="$dir/scheduler.kubeconfig" --secure-port=0 --leader-elect=false
    # All nodes share one network namespace, so one proxy serves all. Masquerading brings answers of a
    # pod on the caller's own bridge back through it.
    define_part kube-proxy "$hyperkube" kube-proxy --kubeconfig="$dir/proxy.kubeconfig" \
        --hostname-override=node-0 --proxy-mode=iptables --masquerade-all \
        --conntrack-max-per-core=0 --conntrack-tcp-timeout-established=0 \
        --conntrack-tcp-timeout-close-wait=0 --metrics-bind-address=127.0.0.1:10249 \
        --healthz-bind-address=127.0.0.1:10256
}

api_ready() {
    [ -s "$dir/pki/apiserver.crt" ] &&
        curl -fsS -m 5 --cacert "$dir/pki/apiserver.crt" -o /dev/null "https://$address:$PORT/readyz" 2>/dev/null
}

proxy_ready() { curl -fsS -m 5 -o /dev/null http://127.0.0.1:10256/healthz 2>/dev/null; }

# start_and_wait PART: returns when it serves.
start_and_wait() {
    start_part "$1"
    case $1 in
        etcd) wait_for etcd "$READY_SECS_MAX" test -S "$dir/etcd/etcd.sock" ;;
        kube-proxy) wait_for kube-proxy "$READY_SECS_MAX" proxy_ready ;;
        kube-apiserver) wait_for kube-apiserver "$READY_SECS_MAX" api_ready ;;
    esac
}

default_account_exists() {
    KUBECONFIG=$dir/admin.kubeconfig "$hyperkube" kubectl get serviceaccount default \
        --namespace default >/dev/null 2>&1
}

command=${1:?start, start-part or stop-part}
dir=${2:?DIR}
hyperkube=$dir/bin/hyperkube
case $command in
    start)
        address=${3:?ADDRESS}
        services=${4:?SERVICES}
        echo "$address" >"$dir/address"
        (umask 077; make_keys)
        define_parts
        start_and_wait etcd
        start_and_wait kube-apiserver
        start_part kube-controller-manager
        start_part kube-scheduler
        wait_for kube-controller-manager "$READY_SECS_MAX" default_account_exists
        ;;
    start-part)
        address=$(cat "$dir/address")
        start_and_wait "${3:?PART}"
        ;;
    stop-part) stop_part "${3:?PART}" ;;
    *) sed -n '2,/^set -/{/^set -/d;s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}" >&2; exit 2 ;;
esac
