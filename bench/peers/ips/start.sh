#!/bin/sh
# The app with AddIps(). Two workers are two processors: .NET has as many. No probation (5 s by default), which no peer has: the
# connections then move right after the new generation serves, in the time that is looked at.
exec "$IPS_BENCH_BIN/Ips.Bench.Peers" serve ips --urls "http://127.0.0.1:$1" --Ips:PidFile="$2/pid" --Ips:Reload:Probation=00:00:00
