#!/usr/bin/env bash
# A real node of a Kubernetes for tests: containerd and kubelet. Nodes are numbered 0 to 3.
#
#   node.sh start DIR N [--gpus COUNT]   starts it with the images of DIR/images; returns when it is ready
#   node.sh lose DIR N                   ends everything on it at once, as a power cut does
#   node.sh remove DIR N                 the same, and takes it out of the cluster
#   node.sh load DIR N TAR…              imports images
#
# Called by scripts/cluster.sh, inside the cluster's namespaces. A node has a process namespace of its
# own, so that nothing outlives it, and a network of its own: 10.244.(77 + N).0/24, the node at .1.
set -euo pipefail

READY_SECS_MAX=120

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
# shellcheck source=tests/cluster/parts.sh
source "$here/parts.sh"

command=${1:?start, lose, remove or load}
dir=${2:?DIR}
number=${3:?N}
shift 3
name=node-$number
folder=$dir/$name
network=10.244.$((77 + number))
address=$network.1
bridge=vt$number
# Control groups outlive processes: scripts/cluster.sh removes them by this name.
group=$(basename "$dir")-$number
hyperkube=$dir/bin/hyperkube

# A node's mounts and processes are seen by all: the client needs no namespace.
containers() { ctr --address "$folder/containerd.sock" --namespace k8s.io "$@"; }
kubectl() { "$hyperkube" kubectl --kubeconfig "$dir/admin.kubeconfig" "$@"; }

write_containerd_config() {
    cat >"$folder/containerd.toml" <<CONFIG
version = 2
root = "$folder/containerd/root"
state = "$folder/containerd/state"
oom_score = 0
disabled_plugins = ["io.containerd.internal.v1.opt", "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs"]
[grpc]
  address = "$folder/containerd.sock"
[ttrpc]
  address = "$folder/containerd.sock.ttrpc"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "vitrine.test/pause:1"
  restrict_oom_score_adj = true # Root of a small virtual machine may lack CAP_SYS_RESOURCE.
  disable_apparmor = true
  disable_tcp_service = true
  stream_server_address = "127.0.0.1"
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$folder/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
        Root = "$folder/runc"
CONFIG
}

write_network_config() {
    cat >"$folder/cni/10-bridge.conflist" <<CONFIG
{"cniVersion": "0.4.0", "name": "pods", "plugins": [
  {"type": "bridge", "bridge": "$bridge", "isGateway": true, "ipMasq": false, "hairpinMode": true,
   "ipam": {"type": "host-local", "dataDir": "$folder/cni-addresses",
            "ranges": [[{"subnet": "$network.0/24", "rangeStart": "$network.10"}]],
            "routes": [{"dst": "0.0.0.0/0"}]}}]}
CONFIG
}

write_kubelet_config() {
    cat >"$folder/kubelet.yaml" <<CONFIG
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: $address
port: 10250
readOnlyPort: 0
healthzPort: 0
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $dir/pki/ca.crt}}
authorization: {mode: Webhook}
cgroupDriver: cgroupfs
cgroupRoot: /$group
failCgroupV1: false
failSwapOn: false
oomScoreAdj: 0
containerRuntimeEndpoint: unix://$folder/containerd.sock
podLogsDir: $folder/pod-logs
volumePluginDir: $folder/volume-plugins
# Images came from files, and nobody can fetch them again; the disk is the host's.
imageGCHighThresholdPercent: 100
imageMinimumGCAge: 24h
evictionHard: {memory.available: 50Mi, nodefs.available: 1%, nodefs.inodesFree: 1%, imagefs.available: 1%}
maxPods: 60
resolvConf: ""
syncFrequency: 10s
nodeLeaseDurationSeconds: 8
nodeStatusUpdateFrequency: 5s
fileCheckFrequency: 0s
CONFIG
}

# The node's own group in each hierarchy (version 1), or in the one (version 2).
make_groups() {
    local root=/sys/fs/cgroup hierarchy
    if [ -e $root/cgroup.controllers ]; then
        mkdir -p "$root/$group"
        echo '+cpu +cpuset +memory +pids' >$root/cgroup.subtree_control
        echo '+cpu +cpuset +memory +pids' >"$root/$group/cgroup.subtree_control"
        return
    fi
    while IFS=: read -r _ hierarchy _; do
        hierarchy=${hierarchy#name=}
        if [ -z "$hierarchy" ] || [ ! -d "$root/$hierarchy" ]; then continue; fi
        mkdir -p "$root/$hierarchy/$group"
        if [ "$hierarchy" = cpuset ]; then
            cat $root/cpuset/cpuset.cpus >"$root/cpuset/$group/cpuset.cpus"
            cat $root/cpuset/cpuset.mems >"$root/cpuset/$group/cpuset.mems"
        fi
    done </proc/self/cgroup
}

# The node's first process: the parts below it share its mounts and end with it.
write_init() {
    cat >"$folder/init" <<INIT
#!/usr/bin/env bash
set -euo pipefail
# Places that are written to whatever the flags say.
for pair in /var/lib/kubelet:kubelet /run/containerd:run-containerd /var/lib/cni:var-lib-cni \\
    /var/log/containers:var-log-containers; do
    mkdir -p "\${pair%%:*}" "$folder/\${pair#*:}"
    mount --bind "$folder/\${pair#*:}" "\${pair%%:*}"
done
# The kubelet would change settings of the kernel, which are the host's: it finds them changed already.
for setting in vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1 \\
    kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000; do
    file="$folder/settings/\${setting%%=*}"
    mkdir -p "\${file%/*}"
    echo "\${setting#*=}" >"\$file"
    mount --bind "\$file" "/proc/sys/\${setting%%=*}"
done
containerd --config "$folder/containerd.toml" >>"$dir/logs/containerd-$number.log" 2>&1 &
until ctr --address "$folder/containerd.sock" version >/dev/null 2>&1; do
    kill -0 %1
    sleep 0.1
done
for image in "$dir"/images/*.tar; do
    ctr --address "$folder/containerd.sock" --namespace k8s.io images import "\$image"
done
"$hyperkube" kubelet --config="$folder/kubelet.yaml" --kubeconfig="$dir/kubelet-$number.kubeconfig" \\
    --root-dir="$folder/kubelet" --cert-dir="$folder/kubelet/pki" --hostname-override="$name" \\
    --node-ip="$address" --v=2 >>"$dir/logs/kubelet-$number.log" 2>&1 &
if [ "$gpus" != 0 ]; then
    "$hyperkube" fake-device-plugin --kubelet-root="$folder/kubelet" --count="$gpus" \\
        >>"$dir/logs/gpus-$number.log" 2>&1 &
fi
wait -n # Either ends: the node ends.
exit 1
INIT
    chmod 755 "$folder/init"
}

has_gpus() { [ "$(kubectl get node "$name" -o 'jsonpath={.status.allocatable.nvidia\.com/gpu}')" = "$gpus" ]; }

ready() {
    [ "$(kubectl get node "$name" -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}' 2>/dev/null)" = True ]
}

start_node() {
    mkdir -p "$folder"/{cni,containerd,kubelet,pod-logs}
    if ! ip link show "$bridge" >/dev/null 2>&1; then
        ip link add "$bridge" type bridge
        ip address add "$address/24" dev "$bridge"
        ip link set "$bridge" up
    fi
    write_containerd_config
    write_network_config
    write_kubelet_config
    make_groups
    write_init
    define_part "$name" unshare --mount --propagation private --pid --fork --kill-child --mount-proc "$folder/init"
    start_part "$name"
    # A node that comes back is in the cluster as it was: its own word counts, not the last one.
    wait_for "$name" "$READY_SECS_MAX" test -S "$folder/kubelet/device-plugins/kubelet.sock"
    wait_for "$name" "$READY_SECS_MAX" ready
    if [ "$gpus" != 0 ]; then wait_for "$name" "$READY_SECS_MAX" has_gpus; fi
}

lose_node() {
    stop_part "$name" KILL
    rm -f "$folder/kubelet/device-plugins/kubelet.sock"
}

case $command in
    start)
        gpus=0
        if [ "${1:-}" = --gpus ]; then gpus=${2:?COUNT}; fi
        start_node
        ;;
    lose) lose_node ;;
    remove)
        lose_node
        kubectl delete node "$name" --ignore-not-found --wait=false >/dev/null
        rm -rf "$folder"
        ;;
    load) for image in "$@"; do containers images import "$image" >/dev/null; done ;;
    *) sed -n '2,/^set -/{/^set -/d;s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}" >&2; exit 2 ;;
esac
