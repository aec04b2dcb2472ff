#!/usr/bin/env bash
# Collects all files of an image whose base is empty: a program, what it loads, and little else.
#
#   images/collect.sh FOLDER PROGRAM… [LIBRARY.so…]
#
# Libraries that are loaded by name go to /usr/lib/vitrine, those the loader finds to where they are
# here. Debug information stays behind. Runs in the build stage of a Containerfile, and for tests on the machine itself.
set -euo pipefail
umask 022 # Whoever runs it is somebody else.

NONROOT=65532
CERTIFICATES=/etc/ssl/certs/ca-certificates.crt

folder=${1:?FOLDER}
[ $# -gt 1 ] || { echo 'collect.sh: name a program' >&2; exit 2; }
shift

[ -s $CERTIFICATES ] || { echo "collect.sh: no $CERTIFICATES: install ca-certificates" >&2; exit 1; }
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
mkdir -p "$folder"/{etc/ssl/certs,tmp,usr/bin,usr/lib/vitrine,usr/share/licenses,var/cache/vitrine}
# For who runs it without volumes; on a cluster the file system is read-only and these are mounted.
chmod 1777 "$folder/tmp" "$folder/var/cache/vitrine"
cp $CERTIFICATES "$folder$CERTIFICATES"
echo "nonroot:x:$NONROOT:$NONROOT::/var/cache/vitrine:/sbin/nologin" >"$folder/etc/passwd"
echo "nonroot:x:$NONROOT:" >"$folder/etc/group"
echo 'hosts: files dns' >"$folder/etc/nsswitch.conf"

for file in "$@"; do
    case $file in *.so | *.so.*) continue ;; esac
    strip --strip-debug -o "$folder/usr/bin/$(basename "$file")" "$file"
done
for library in "$@"; do
    case $library in *.so | *.so.*) ;; *) continue ;; esac
    cp --dereference "$library" "$folder/usr/lib/vitrine/"
    for notice in "$(dirname "$library")"/{LICENSE,ThirdPartyNotices.txt}; do
        if [ -e "$notice" ]; then
            mkdir -p "$folder/usr/share/licenses/onnxruntime"
            cp "$notice" "$folder/usr/share/licenses/onnxruntime/"
        fi
    done
done

# The loader itself, and what it would load besides, each under the name by which it is asked for.
# Some libraries look beside themselves first: only the copies say what is still missing.
shopt -s nullglob # A program may need no library by name.
LD_LIBRARY_PATH=$folder/usr/lib/vitrine ldd "$folder/usr/bin/"* "$folder/usr/lib/vitrine/"*.so* |
    grep -o '/[^ ]*' | grep -v -e ':$' -e "^$folder/" | sort -u | while read -r file; do
    mkdir -p "$folder$(dirname "$file")"
    cp --dereference "$file" "$folder$file"
done
