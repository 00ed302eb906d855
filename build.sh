#!/usr/bin/env bash
# ./build.sh            publishes the daemon to artifacts/ips/ (the executable is artifacts/ips/ips)
# ./build.sh run [...]  publishes and serves a sample inventory on 127.0.0.1:8080, from artifacts/run; further words go to `ips run`
# ./build.sh test [...] runs every test but the soaks; the last line is "N passed, N failed"; further words go to `dotnet test`
# ./build.sh soak [...] runs the long soaks
set -euo pipefail
cd "$(dirname "$0")"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

publish() {
    dotnet publish src/Ips.Host/Ips.Host.csproj -c Release -o artifacts/ips -v quiet --nologo
}

# What takes long is in classes named SoakTests and has a command of its own.
not_soak="FullyQualifiedName!~SoakTests"
soak="FullyQualifiedName~SoakTests"

run_tests() {
    local results=artifacts/test-results status=0 filter=$1
    shift
    rm -rf "$results"
    publish
    dotnet build ips.sln -c Release -v quiet --nologo
    # One project after the other: process tests measure what clients see, and want the machine to themselves.
    dotnet test ips.sln -c Release --no-build --nologo -m:1 --filter "$filter" --results-directory "$results" --logger "trx" "$@" || status=$?
    # The counts come from the result files; a run that left none is a failure of its own.
    awk '
        match($0, /<Counters [^>]*>/) {
            line = substr($0, RSTART, RLENGTH)
            passed += count(line, "passed"); failed += count(line, "failed") + count(line, "error") + count(line, "timeout") + count(line, "aborted")
            total += count(line, "total"); executed += count(line, "executed"); files++
        }
        function count(text, name) {
            return match(text, " " name "=\"[0-9]+\"") ? substr(text, RSTART + length(name) + 3, RLENGTH - length(name) - 4) + 0 : 0
        }
        END {
            if (files == 0) { print "0 passed, 1 failed"; exit }
            skipped = total - executed
            suffix = (skipped > 0) ? ", " skipped " skipped" : ""
            printf("%d passed, %d failed%s\n", passed, failed, suffix)
        }' "$results"/*.trx
    return "$status"
}

serve() {
    local work="$PWD/artifacts/run" given=" $* " options=()
    mkdir -p "$work"
    # What the caller names comes in place of ours.
    [[ "$given" == *" --directory"[\ =]* ]] || options+=(--directory "$work")
    [[ "$given" == *" --config"[\ =]* ]] || options+=(--config "$PWD/hocon/sample.conf")
    # As root, in a container say: the daemon wants to be told that this is meant.
    [[ $EUID -ne 0 || "$given" == *" --user"[\ =]* || "$given" == *" --config"[\ =]* ]] || options+=(--user root)
    # Once: what is changed in it later stays.
    [[ "$given" == *" --directory"[\ =]* || "$given" == *" --config"[\ =]* || -e "$work/ips.db" ]] || artifacts/ips/ips sample --directory "$work" --config "$PWD/hocon/sample.conf"
    exec artifacts/ips/ips run "${options[@]}" "$@"
}

case "${1:-}" in
    "") publish; echo "Published artifacts/ips/ips" ;;
    run) shift; publish; serve "$@" ;;
    test) shift; run_tests "$not_soak" "$@" ;;
    soak) shift; run_tests "$soak" "$@" ;;
    *) sed -n '2,5s/^# //p' "$0" >&2; exit 2 ;;
esac
