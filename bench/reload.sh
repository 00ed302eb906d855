#!/usr/bin/env bash
# bench/reload.sh [--start-pairs N]
# Publishes the daemon, compares a reload with a cold start, and writes the table into docs/bench-reload.md.
# Run it on an otherwise idle machine, or with more pairs; only the ratios within one run count.
set -euo pipefail
cd "$(dirname "$0")/.."

./build.sh
dotnet build bench/Ips.Bench.Reload -c Release -v quiet --nologo
table=$(mktemp)
trap 'rm -f "$table"' EXIT
artifacts/bin/Ips.Bench.Reload/release/Ips.Bench.Reload run artifacts/ips/ips "$table" "$@"

bench/insert-figures.sh docs/bench-reload.md "$table"
