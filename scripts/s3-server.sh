#!/usr/bin/env bash
# Builds the S3-compatible server that tests use (Versity's gateway over a folder) into .cache/go/bin; needs Go. Does nothing when it is there.
set -euo pipefail
cd "$(dirname "$0")/.."
version=v1.8.0
folder="$PWD/.cache/go"
[ -x "$folder/bin/versitygw" ] && { echo "$folder/bin/versitygw"; exit 0; }
command -v go >/dev/null || PATH="/usr/local/go/bin:$PATH"
command -v go >/dev/null || { echo "s3-server: Go is needed to build it" >&2; exit 1; }
GOBIN="$folder/bin" GOPATH="$folder" GOFLAGS="-modcacherw -trimpath" go install "github.com/versity/versitygw/cmd/versitygw@$version" >&2
rm -rf "$folder/pkg"
echo "$folder/bin/versitygw"
