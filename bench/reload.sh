#!/usr/bin/env bash
# bench/reload.sh [--start-pairs N] [--load-pairs N] [--seconds N]
# Publishes the daemon, measures a reload against a cold start and /ping with against without AddIps(), and writes the table into README.md.
# Needs wrk (Debian: apt-get install wrk). Ratios within one run: run it when nothing else does, or with more pairs.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v wrk > /dev/null || { echo "bench/reload.sh needs wrk: apt-get install wrk" >&2; exit 1; }

./build.sh
dotnet build bench/Ips.Bench.Reload -c Release -v quiet --nologo
table=$(mktemp)
trap 'rm -f "$table"' EXIT
artifacts/bin/Ips.Bench.Reload/release/Ips.Bench.Reload run artifacts/ips/ips "$table" "$@"

bench/insert-figures.sh README.md "$table"
