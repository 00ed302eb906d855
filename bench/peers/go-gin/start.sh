#!/bin/sh
export GOMAXPROCS=2 GIN_MODE=release
exec "$IPS_BENCH_BIN/go-gin" -listen "127.0.0.1:$1" -pid-file "$2/pid"
