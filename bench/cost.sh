#!/usr/bin/env bash
# bench/cost.sh [--start-pairs N] [--load-pairs N] [--seconds N]
# What does AddIps() cost an app? Publishes a small app without and with ReadyToRun, compares its starts and its requests with and without
# the line, and writes the table into docs/bench-cost.md.
# Needs wrk (Debian: apt-get install wrk). Run it on an otherwise idle machine, or with more pairs; only what is compared within one run
# counts.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v wrk > /dev/null || { echo "bench/cost.sh needs wrk: apt-get install wrk" >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
publish() { dotnet publish bench/Ips.Bench.Cost -c Release -v quiet --nologo -o "$work/$1" "${@:2}"; }
mkdir -p artifacts/readytorun
publish r2r -p:BenchReadyToRun=true
publish jit
cp "$work/r2r/Ips.Actors.dll" "$work/jit/" # as the package has it

"$work/jit/Ips.Bench.Cost" run "$work/jit/Ips.Bench.Cost" "$work/r2r/Ips.Bench.Cost" "$work/table" "$@"
bench/insert-figures.sh docs/bench-cost.md "$work/table"
