#!/usr/bin/env bash
# ./build.sh           publishes the daemon to artifacts/ips/
# ./build.sh run ...   builds and serves on 127.0.0.1:8080
# ./build.sh test      runs every test; the last line is "N passed, N failed"
set -euo pipefail
cd "$(dirname "$0")"
