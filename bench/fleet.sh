#!/usr/bin/env bash
# bench/fleet.sh [--agents N] [--seconds N]
# Publishes the daemon, simulates a rollout, measures idle agents, and writes the tables into docs/bench-fleet.md.
# Run it on an otherwise idle machine; messages and bytes do not depend on it.
set -euo pipefail
cd "$(dirname "$0")/.."

./build.sh
dotnet build bench/Ips.Bench.Fleet -c Release -v quiet --nologo
table=$(mktemp)
trap 'rm -f "$table"' EXIT
artifacts/bin/Ips.Bench.Fleet/release/Ips.Bench.Fleet run artifacts/ips/ips "$table" "$@"

bench/insert-figures.sh docs/bench-fleet.md "$table"
