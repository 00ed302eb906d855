#!/bin/sh
# How long does the first request to a fresh generation take, by how it warms up? Starts Ips.SampleApp, asks it once, reloads it, and asks
# the successor once. Prints a table of medians for docs/app.md.
#   bench/first-request.sh [STARTS]
# Builds the release first. Each way is tried once a round, so that all of them see the same machine.
set -eu
cd "$(dirname "$0")/.."
starts=${1:-10}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
dotnet publish tests/Ips.SampleApp -c Release -o "$folder/app" -v q >/dev/null

ask() { curl -s -o /dev/null -w '%{time_total}\n' "http://127.0.0.1:$port/ping" >>"$folder/$1"; }

try() { # name, arguments
    name=$1
    shift
    rm -f "$folder/pid" "$folder/log"
    "$folder/app/Ips.SampleApp" --urls http://127.0.0.1:0 "--Ips:PidFile=$folder/pid" "--Ips:LogFile=$folder/log" \
        --Ips:Reload:Probation=00:00:00 "$@" >/dev/null 2>&1 &
    first=$!
    for _ in $(seq 600); do grep -q '"eventId":1010' "$folder/log" 2>/dev/null && break; sleep 0.1; done
    port=$(sed -n 's/.*"eventId":1200.*"Endpoint":"127.0.0.1:\([0-9]*\)".*/\1/p' "$folder/log")
    sleep 0.5 # idle, as a fresh generation is
    ask "first-$name"
    kill -USR2 "$first"
    for _ in $(seq 600); do grep -q '"eventId":1005' "$folder/log" && break; sleep 0.1; done
    sleep 0.5
    ask "successor-$name"
    kill "$(cat "$folder/pid")"
    wait "$first" || true
    for _ in $(seq 100); do [ -e "$folder/pid" ] || break; sleep 0.1; done
}

for _ in $(seq "$starts"); do
    try off --Ips:Warmup:Timeout=00:00:00
    try default
    try named --Ips:Warmup:Requests:0=/ping
done

median() { sort -n "$folder/$1" | awk '{ v[NR] = $1 } END { printf "%.1f ms", 1000 * (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'; }
echo "| warm-up | first generation | successor |"
echo "|---|---|---|"
for name in off default named; do echo "| $name | $(median "first-$name") | $(median "successor-$name") |"; done
