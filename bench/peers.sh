#!/usr/bin/env bash
# bench/peers.sh [--rounds N] [--aim-reloads N] [--only PART-OF-NAME]
# Measures reloads of Ips, of the same app on stock Kestrel, and of nginx, HAProxy, gunicorn and two Go servers side by side.
# Writes the figures into docs/bench-peers.md and the plot beside it. Takes about 10 minutes; run it on an otherwise idle machine.
# Needs wrk. The peers are Debian packages: root installs missing ones, other users get the command. The table marks a missing
# peer as missing.
set -euo pipefail
cd "$(dirname "$0")/.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

# An executable or folder, and the package that provides it.
missing=()
while read -r path package; do
    [ -e "$path" ] || missing+=("$package")
done <<'END'
/usr/bin/wrk wrk
/usr/sbin/nginx nginx-light
/usr/sbin/haproxy haproxy
/usr/bin/gunicorn gunicorn
/usr/bin/go golang-go
/usr/share/gocode/src/github.com/gin-gonic/gin golang-github-gin-gonic-gin-dev
/usr/share/gocode/src/github.com/cloudflare/tableflip golang-github-cloudflare-tableflip-dev
END
if [ ${#missing[@]} -gt 0 ] && [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends "${missing[@]}" > /dev/null \
        || echo "apt-get install ${missing[*]} failed; missing peers are marked as missing" >&2
elif [ ${#missing[@]} -gt 0 ]; then
    echo "Missing, and marked as missing: apt-get install ${missing[*]}" >&2
fi
command -v wrk > /dev/null || { echo "bench/peers.sh needs wrk: apt-get install wrk" >&2; exit 1; }

out=artifacts/peers
# Compiled ahead of time (ReadyToRun) like the daemon, because a reload includes a cold start. Stock Kestrel is the same program.
dotnet publish bench/Ips.Bench.Peers -c Release -o "$out" -v quiet --nologo
for peer in go-tableflip go-gin; do
    rm -f "$out/$peer"
    # Debian installs Go packages into a GOPATH.
    GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE="$PWD/artifacts/go-cache" go build -o "$out/$peer" "./bench/peers/$peer" \
        || echo "$peer was not built; it is marked as missing" >&2
done

table=$(mktemp)
trap 'rm -f "$table"' EXIT
"$out/Ips.Bench.Peers" run bench/peers "$out" "$table" docs/bench-peers.svg "$@"
bench/insert-figures.sh docs/bench-peers.md "$table"
