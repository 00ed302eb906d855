#!/usr/bin/env bash
# bench/metrics.sh [PAIRS] [SECONDS] [BEFORE]
# What do collected metrics cost a request, and a start? Daemons with and without ips.metrics.url answer /ping in turn; the former are
# scraped each second. BEFORE is the `ips` of an earlier build to compare with.
# Servers share one processor and the load has another, so that the spinning of idle threads is not counted.
# Writes the table into docs/observability.md. Needs wrk (Debian: apt-get install wrk) and an otherwise idle machine.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v wrk > /dev/null || { echo "bench/metrics.sh needs wrk: apt-get install wrk" >&2; exit 1; }
rounds=${1:-15} seconds=${2:-3}

./build.sh
ips=$PWD/artifacts/ips/ips before=${3:-$PWD/artifacts/ips/ips}
work=$(mktemp -d)
children=()
trap 'kill "${children[@]}" 2> /dev/null; rm -rf "$work"' EXIT
declare -A pid port
names=(before without with)
port=([before]=18080 [without]=18081 [with]=18082)
scraped=18083

start() { # name [extra folder name]
    local folder=$work/$1${2:-} program=$ips more=()
    [[ $1 != before ]] || program=$before
    [[ $1 != with ]] || more=(--metrics-url "http://127.0.0.1:$scraped")
    mkdir -p "$folder"
    taskset -c 0 "$program" run --directory "$folder" --user "$(id -un)" --urls "http://127.0.0.1:${port[$1]}" "${more[@]}" > "$folder/log" 2>&1 &
    pid[$1]=$!
    until curl -sf "http://127.0.0.1:${port[$1]}/ping" > /dev/null; do sleep 0.005; done
}

# Prints the milliseconds from the start to the first response.
first_response() { # name
    local began=$EPOCHREALTIME
    start "$1" "-start$RANDOM"
    awk -v a="$began" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.0f\n", (b - a) * 1000 }'
    kill "${pid[$1]}"
    wait "${pid[$1]}" || true
}

ticks() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }

# Prints requests per second, and processor time of a request in microseconds.
load() { # name
    local from to requests
    from=$(ticks "${pid[$1]}")
    requests=$(taskset -c 1 wrk -t 1 -c 16 -d "${seconds}s" "http://127.0.0.1:${port[$1]}/ping" | awk '/requests in/ { print $1 }')
    to=$(ticks "${pid[$1]}")
    awk -v r="$requests" -v t="$((to - from))" -v s="$seconds" -v hz="$(getconf CLK_TCK)" 'BEGIN { printf "%.0f %.2f\n", r / s, t / hz / r * 1e6 }'
}

# A round is a row: what is measured of each in turn, and the next round begins with the next one.
rounds() { # command
    local i k name
    for ((i = 0; i < rounds; i++)); do
        declare -A got
        for ((k = 0; k < 3; k++)); do
            name=${names[(i + k) % 3]}
            got[$name]=$("$1" "$name")
        done
        echo "${got[before]} ${got[without]} ${got[with]}"
    done
}

rounds first_response > "$work/starts"
for name in "${names[@]}"; do
    start "$name"
    children+=("${pid[$name]}")
done
while sleep 1; do curl -s "http://127.0.0.1:$scraped/metrics" > /dev/null; done &
children+=($!)
for name in "${names[@]}"; do load "$name" > /dev/null; load "$name" > /dev/null; done # warm
rounds load > "$work/loads"

median() { sort -g | awk '{ v[NR] = $1 } END { printf "%s (%s to %s)", v[int((NR + 1) / 2)], v[int((NR + 3) / 4)], v[int((3 * NR + 1) / 4)] }'; }
column() { awk "{ print $2 }" "$work/$1" | median; }
ratio() { column "$1" "sprintf(\"%.3f\", $2 / $3)"; }
cat > "$work/table" << TABLE
$rounds rounds of $seconds s of load on 16 kept connections, with one scrape a second; load average $(cut -d' ' -f1 /proc/loadavg). Medians, the
middle half of the values in brackets. Above 1 is better.

| \`/ping\` | before | without metrics | with metrics | with : before | with : without |
|---|---|---|---|---|---|
| requests/s | $(column loads '$1') | $(column loads '$3') | $(column loads '$5') | $(ratio loads '$5' '$1') | $(ratio loads '$5' '$3') |
| processor time of a request, µs | $(column loads '$2') | $(column loads '$4') | $(column loads '$6') | $(ratio loads '$2' '$6') | $(ratio loads '$4' '$6') |
| start to the first response, ms | $(column starts '$1') | $(column starts '$2') | $(column starts '$3') | $(ratio starts '$1' '$3') | $(ratio starts '$2' '$3') |
TABLE
bench/insert-figures.sh docs/observability.md "$work/table"
cat "$work/table"
