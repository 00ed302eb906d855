#!/usr/bin/env bash
# bench/metrics.sh [PAIRS] [SECONDS]
# What do collected metrics cost a request? Two daemons, one with ips.metrics.url and a scrape each second, one without, answer /ping in turn.
# Writes the table into docs/observability.md. Needs wrk (Debian: apt-get install wrk) and an otherwise idle machine.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v wrk > /dev/null || { echo "bench/metrics.sh needs wrk: apt-get install wrk" >&2; exit 1; }
pairs=${1:-15} seconds=${2:-3}

./build.sh
ips=$PWD/artifacts/ips/ips
work=$(mktemp -d)
children=()
trap 'kill "${children[@]}" 2> /dev/null; rm -rf "$work"' EXIT

start() { # name port [option...]
    mkdir "$work/$1"
    "$ips" run --directory "$work/$1" --user "$(id -un)" --urls "http://127.0.0.1:$2" "${@:3}" > "$work/$1/log" 2>&1 &
    children+=($!)
    pid=$!
    until curl -sf "http://127.0.0.1:$2/ping" > /dev/null; do sleep 0.1; done
}

start without 18081; without=$pid
start with 18082 --metrics-url http://127.0.0.1:18083; with=$pid
while sleep 1; do curl -s http://127.0.0.1:18083/metrics > /dev/null; done &
children+=($!)

ticks() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }

# Prints requests per second, and processor time of a request in microseconds.
load() { # pid port
    local before after requests
    before=$(ticks "$1")
    requests=$(wrk -t 1 -c 16 -d "${seconds}s" "http://127.0.0.1:$2/ping" | awk '/requests in/ { print $1 }')
    after=$(ticks "$1")
    awk -v r="$requests" -v t="$((after - before))" -v s="$seconds" -v hz="$(getconf CLK_TCK)" 'BEGIN { printf "%.0f %.2f\n", r / s, t / hz / r * 1e6 }'
}

load "$without" 18081 > /dev/null; load "$with" 18082 > /dev/null # warm
for ((i = 0; i < pairs; i++)); do
    if ((i % 2)); then b=$(load "$with" 18082); a=$(load "$without" 18081); else a=$(load "$without" 18081); b=$(load "$with" 18082); fi
    echo "$a $b"
done > "$work/pairs"

median() { sort -g | awk '{ v[NR] = $1 } END { printf "%s (%s to %s)", v[int((NR + 1) / 2)], v[int((NR + 3) / 4)], v[int((3 * NR + 1) / 4)] }'; }
column() { awk "{ print $1 }" "$work/pairs" | median; }
cat > "$work/table" << TABLE
$pairs pairs of $seconds s of load on 16 kept connections, with one scrape a second; medians, the middle half of the values in brackets.

| \`/ping\` | without metrics | with metrics | ratio |
|---|---|---|---|
| requests/s | $(column '$1') | $(column '$3') | $(column 'sprintf("%.3f", $3 / $1)') |
| processor time of a request, µs | $(column '$2') | $(column '$4') | $(column 'sprintf("%.3f", $2 / $4)') |
TABLE
bench/insert-figures.sh docs/observability.md "$work/table"
cat "$work/table"
