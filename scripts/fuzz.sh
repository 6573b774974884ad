#!/bin/sh
# fuzz.sh [SECONDS] [TARGET...]: builds the fuzz targets (clang, address and undefined-behaviour
# sanitizers), makes the seeds, and runs each target for SECONDS (60), FUZZ_JOBS (2) of them at a
# time. What was found stays in build/fuzz/corpus, where the next run goes on; an input that fails
# stays in build/fuzz/found. Ends with a table and, where an input failed, with exit status 1.
set -eu
cd "$(dirname "$0")/.."
seconds=${1:-60}
[ $# -eq 0 ] || shift
out=build/fuzz
mkdir -p build

cmake --preset fuzz > "$out.log" 2>&1 && cmake --build --preset fuzz >> "$out.log" 2>&1 || {
    tail -40 "$out.log"
    exit 1
}
[ $# -gt 0 ] || set -- $(cd "$out" && ls | sed -n 's/^fuzz_//p' | grep -vx seeds)
rm -rf "$out/seeds"
mkdir -p "$out/found" "$out/logs"
"$out/fuzz_seeds" "$out/seeds"

# limits of one input: 64 KiB, 10 s, 256 MB at once; the targets themselves hold memory to a
# multiple of the input's size
limits="-max_len=65536 -timeout=10 -malloc_limit_mb=256 -rss_limit_mb=2048 -use_value_profile=1"
rm -rf "$out/tables"
mkdir -p "$out/tables"

run_target() { # run_target TARGET: its line of the table ends with ok or FAILED
    mkdir -p "$out/corpus/$1"
    log=$out/logs/$1.log
    result=ok
    # shellcheck disable=SC2086
    "$out/fuzz_$1" $limits -max_total_time="$seconds" -print_final_stats=1 -verbosity=1 \
        -artifact_prefix="$out/found/$1-" "$out/corpus/$1" "$out/seeds/$1" > "$log" 2>&1 || {
        result=FAILED
        grep -E 'ERROR|runtime error|fuzz_|Test unit written|#[0-9]+ .* in ' "$log" | head -20
    }
    last=$(grep -E '^#[0-9]+.*cov: ' "$log" | tail -1)
    field() { echo "$last" | sed -n "s/.*$1: \([0-9]*\).*/\1/p"; }
    printf '%-12s %10s %8s %8s %8s  %s\n' "$1" \
        "$(sed -n 's/^stat::number_of_executed_units: //p' "$log")" "$(field cov)" "$(field ft)" \
        "$(find "$out/corpus/$1" -type f | wc -l)" "$result" > "$out/tables/$1"
}

at_once=0
for target in "$@"; do
    run_target "$target" &
    at_once=$((at_once + 1))
    if [ "$at_once" -ge "${FUZZ_JOBS:-2}" ]; then
        wait
        at_once=0
    fi
done
wait
printf '%-12s %10s %8s %8s %8s  %s\n' target executions edges features corpus result
cat "$out"/tables/*
[ "$(find "$out/tables" -type f | wc -l)" -eq $# ] # a target that never ended has no line
! grep -q 'FAILED$' "$out"/tables/*
