#!/usr/bin/env bash
# Builds what a Kubernetes for tests is made of, once, from tests/cluster: `hyperkube` (its parts and
# kubectl), `helm`, and the image of sandboxes. Prints the folder they are in. Needs Go; about ten
# minutes of CPU.
#
# The folder's name holds a hash of the sources, so that checkouts share it and a change builds anew.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
if [ "$(id -u)" = 0 ]; then folder=/var/cache/vitrine; else folder=$root/.tools; fi

fail() { printf 'kubernetes.sh: %s\n' "$*" >&2; exit 1; }

cd "$root/tests/cluster"
sources=(go.mod go.sum ./*.go pause/*.go "${BASH_SOURCE[0]}")
if [[ ${BASH_SOURCE[0]} != /* ]]; then sources[-1]=$root/scripts/kubernetes.sh; fi
version=$(sed -n 's/^\tk8s.io\/kubernetes \(v[0-9.]*\)$/\1/p' go.mod)
helm=$(sed -n 's/^\thelm.sh\/helm\/v3 \(v[0-9.]*\).*/\1/p' go.mod)
made=$folder/kubernetes-${version#v}-$(cat "${sources[@]}" | sha256sum | cut -c1-12)
if [ -d "$made" ]; then echo "$made"; exit; fi

command -v go >/dev/null || fail "no Go, which builds Kubernetes $version: see https://go.dev/dl"
mkdir -p "$folder"
exec 9>"$folder/kubernetes.lock"
flock 9 # Whoever builds at the same time builds the same.
if [ -d "$made" ]; then echo "$made"; exit; fi

# write_image PROGRAM NAME: an image of one static program, as an archive that containerd imports.
write_image() {
    local program=$1 name=$2 layer config
    mkdir image
    tar --create --file image/layer.tar --mtime @0 --owner 0 --group 0 --numeric-owner "$program"
    layer=$(sha256sum image/layer.tar | cut -d' ' -f1)
    config="{\"architecture\":\"$(go env GOARCH)\",\"os\":\"linux\",\"config\":{\"Entrypoint\":[\"/$program\"]},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:$layer\"]}}"
    printf '%s' "$config" >image/config.json
    printf '[{"Config":"config.json","RepoTags":["%s"],"Layers":["layer.tar"]}]' "$name" >image/manifest.json
    tar --create --file "$program.tar" --directory image config.json layer.tar manifest.json
    rm -r image
}

echo "building Kubernetes $version and Helm $helm: about six minutes on two cores" >&2
work=$(mktemp -d "$folder/kubernetes.XXXXXX")
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
# Programs report the version they are built as; clients and charts ask for it.
number=${version#v}
stamps="-s -w -X helm.sh/helm/v3/internal/version.version=$helm"
for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    stamps+=" -X $package.gitVersion=$version -X $package.gitMajor=${number%%.*}"
    stamps+=" -X $package.gitMinor=$(cut -d. -f2 <<<"$number") -X $package.gitTreeState=clean"
done
CGO_ENABLED=0 nice -n 5 go build -trimpath -buildvcs=false -mod=readonly -ldflags "$stamps" \
    -o "$work/" . ./pause helm.sh/helm/v3/cmd/helm >&2 || fail "Go could not build it: the lines above say why"
mv "$work/cluster" "$work/hyperkube"
ln -s hyperkube "$work/kubectl"
(cd "$work" && write_image pause vitrine.test/pause:1)
mv -T "$work" "$made"
trap - EXIT
echo "$made"
