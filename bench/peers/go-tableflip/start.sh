#!/bin/sh
export GOMAXPROCS=2
exec "$IPS_BENCH_BIN/go-tableflip" -listen "127.0.0.1:$1" -pid-file "$2/pid"
