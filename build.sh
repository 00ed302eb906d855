#!/usr/bin/env bash
# ./build.sh            publishes the daemon to artifacts/ips/ (the executable is artifacts/ips/ips)
# ./build.sh run [...]  publishes and serves a sample inventory on 127.0.0.1:8080, from artifacts/run; further words go to `ips run`
# ./build.sh install [--prefix DIR]  publishes, and copies the daemon to DIR/lib/ips with a link DIR/bin/ips, the manual page and
#                       completion; /usr/local
# ./build.sh pack       makes the NuGet packages in artifacts/packages
# ./build.sh test [...] runs every test but the soaks; the last line is "N passed, N failed"; further words go to `dotnet test`
# ./build.sh soak [...] runs the long soaks
set -euo pipefail
caller=$PWD
cd "$(dirname "$0")"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

publish() {
    # The first time it restores and compiles everything, and says nothing meanwhile.
    [[ -e artifacts/ips/ips ]] || echo "The first build takes about two minutes." >&2
    dotnet publish src/Ips.Host/Ips.Host.csproj -c Release -o artifacts/ips -v quiet --nologo
}

# In a folder of its own, apart from the other builds: a package names no folder of the machine that made it, and the tool is restored for
# each kind of machine. $@: further properties.
pack() {
    local packages=${IPS_PACKAGES:-$PWD/artifacts/packages} project
    export ContinuousIntegrationBuild=true
    rm -rf "$packages"
    for project in src/Ips.Actors src/Ips.Yarp tests/Ips.Testing packaging/templates src/Ips.Host; do
        dotnet pack "$project" -c Release -v quiet --nologo -p:ArtifactsPath="$PWD/artifacts/pack" -p:PackageOutputPath="$packages/" \
            -p:Packing=true "$@"
    done
    echo "Packed $packages"
}

# What takes long is in classes named SoakTests and has a command of its own.
not_soak="FullyQualifiedName!~SoakTests"
soak="FullyQualifiedName~SoakTests"

# A test that does not end within the time is ended with its project, and named: the longest soak says nothing for two hours.
test_project() {
    local hang=20m
    [[ $2 == "$soak" ]] && hang=150m
    dotnet test "tests/$1" -c Release --no-build --nologo --filter "$2" --results-directory "$3" --logger "trx;LogFileName=$1.trx" \
        --blame-hang-timeout $hang --blame-hang-dump-type none "${@:4}"
}

run_tests() {
    local results=artifacts/test-results status=0 filter=$1
    shift
    rm -rf "$results"
    # Most processes of the tests live for seconds: what the compiler learns of their hot paths is never used.
    export DOTNET_TieredPGO=0
    publish
    dotnet build ips.sln -c Release -v quiet --nologo
    # The unit tests side by side, and the process tests when these have ended: they see what clients see, and decide themselves how
    # many of them run at a time.
    local project jobs=()
    for project in Ips.Actors.Tests Ips.Host.Tests Ips.Fleet.Tests Ips.Transport.Tests Ips.AppKinds.Tests; do
        test_project "$project" "$filter" "$results" "$@" &
        jobs+=($!)
    done
    for project in "${jobs[@]}"; do wait "$project" || status=$?; done
    test_project Ips.Host.ProcessTests "$filter" "$results" "$@" || status=$?
    test_project Ips.Packages.Tests "$filter" "$results" "$@" || status=$?
    # The counts come from the result files; a run that left none is a failure of its own. Before them what failed, once more and
    # short: the output of a failed process test fills many screens.
    awk -v status="$status" '
        match($0, /<UnitTestResult .* testName="[^"]*".* outcome="(Failed|Error|Timeout|Aborted)"/) {
            name = $0; sub(/.* testName="/, "", name); sub(/".*/, "", name); print "failed: " name; failed = 1
        }
        failed && sub(/.*<Message>/, "") { print "    " substr($0, 1, 500); failed = 0 }
        match($0, /<Counters [^>]*>/) {
            line = substr($0, RSTART, RLENGTH)
            passed += count(line, "passed")
            failures += count(line, "failed") + count(line, "error") + count(line, "timeout") + count(line, "aborted")
            total += count(line, "total"); executed += count(line, "executed"); files++
        }
        function count(text, name) {
            return match(text, " " name "=\"[0-9]+\"") ? substr(text, RSTART + length(name) + 3, RLENGTH - length(name) - 4) + 0 : 0
        }
        END {
            if (files == 0) { print "0 passed, 1 failed"; exit }
            # A run that was ended, by a test that hung say, has no result of that test.
            if (status != 0 && failures == 0) failures = 1
            skipped = total - executed
            suffix = (skipped > 0) ? ", " skipped " skipped" : ""
            printf("%d passed, %d failed%s\n", passed, failures, suffix)
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
    [[ "$given" == *" --directory"[\ =]* || "$given" == *" --config"[\ =]* || -e "$work/ips.db" ]] \
        || artifacts/ips/ips sample --directory "$work" --config "$PWD/hocon/sample.conf"
    exec artifacts/ips/ips run "${options[@]}" "$@"
}

install_release() {
    local prefix=/usr/local release
    while (($# > 0)); do
        case "$1" in
            --prefix) prefix=${2:?--prefix needs a folder}; shift 2 ;;
            --prefix=*) prefix=${1#--prefix=}; shift ;;
            *) echo "build.sh: install knows --prefix DIR, and not $1" >&2; exit 2 ;;
        esac
    done
    [[ $prefix == /* ]] || prefix=$caller/$prefix
    publish
    mkdir -p "$prefix"
    prefix=$(cd "$prefix" && pwd)
    release=$prefix/lib/ips
    mkdir -p "$prefix/bin" "$release" "$prefix/share/man/man1" "$prefix/share/bash-completion/completions" \
        "$prefix/share/zsh/site-functions" "$prefix/share/fish/vendor_completions.d"
    # A new folder, and then a rename for each: a daemon that runs from the old one keeps it, as files that are written over would end it.
    rm -rf "$release.new" "$release.old"
    cp -r artifacts/ips "$release.new"
    mv -T "$release" "$release.old"
    mv -T "$release.new" "$release"
    rm -rf "$release.old"
    ln -sfn ../lib/ips/ips "$prefix/bin/ips"
    "$release/ips" man >"$prefix/share/man/man1/ips.1"
    "$release/ips" completion bash >"$prefix/share/bash-completion/completions/ips"
    "$release/ips" completion zsh >"$prefix/share/zsh/site-functions/_ips"
    "$release/ips" completion fish >"$prefix/share/fish/vendor_completions.d/ips.fish"
    echo "Installed $prefix/bin/ips"
}

case "${1:-}" in
    "") publish; echo "Published artifacts/ips/ips" ;;
    run) shift; publish; serve "$@" ;;
    install) shift; install_release "$@" ;;
    pack) shift; pack "$@" ;;
    test) shift; run_tests "$not_soak" "$@" ;;
    soak) shift; run_tests "$soak" "$@" ;;
    *) sed -n '2,8s/^# //p' "$0" >&2; exit 2 ;;
esac
