#!/bin/sh
# The same app without AddIps(), on the socket that its parent holds.
exec /usr/bin/python3 "$(dirname "$0")/parent.py" "$1" "$IPS_BENCH_BIN/Ips.Bench.Peers" serve kestrel
