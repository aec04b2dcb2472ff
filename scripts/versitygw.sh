#!/usr/bin/env bash
# Installs versitygw, an S3 server over a folder, into .tools/: the tests of buckets run against it.
# Needs Go; prints the program's path.
set -euo pipefail

VERSION=v1.8.0

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
program=$root/.tools/bin/versitygw-$VERSION

if [ ! -x "$program" ]; then
  if ! command -v go >/dev/null; then
    echo "versitygw.sh: Go is not installed, so there is no S3 server to test with; see https://go.dev/dl" >&2
    exit 1
  fi
  mkdir -p "$root/.tools/bin"
  unfinished=$(mktemp -d "$root/.tools/versitygw.XXXXXX")
  trap 'rm -rf "$unfinished"' EXIT
  GOBIN=$unfinished go install "github.com/versity/versitygw/cmd/versitygw@$VERSION" >&2
  mv "$unfinished/versitygw" "$program"
fi
echo "$program"
