#!/bin/sh
# fuzz.sh [SECONDS] [TARGET...]: builds the fuzz targets (clang, address and undefined-behaviour
# sanitizers), makes the seeds, and runs each target for SECONDS (60). What was found stays in
# build/fuzz/corpus, where the next run goes on; an input that fails stays in build/fuzz/found.
# Ends with a table and, where an input failed, with exit status 1.
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
failed=0
: > "$out/table"
for target in "$@"; do
    mkdir -p "$out/corpus/$target"
    log=$out/logs/$target.log
    result=ok
    # shellcheck disable=SC2086
    "$out/fuzz_$target" $limits -max_total_time="$seconds" -print_final_stats=1 -verbosity=1 \
        -artifact_prefix="$out/found/$target-" "$out/corpus/$target" "$out/seeds/$target" \
        > "$log" 2>&1 || {
        result=FAILED
        failed=1
        grep -E 'ERROR|runtime error|fuzz_|Test unit written|#[0-9]+ .* in ' "$log" | head -20
    }
    last=$(grep -E '^#[0-9]+.*cov: ' "$log" | tail -1)
    field() { echo "$last" | sed -n "s/.*$1: \([0-9]*\).*/\1/p"; }
    printf '%-12s %10s %8s %8s %8s  %s\n' "$target" \
        "$(sed -n 's/^stat::number_of_executed_units: //p' "$log")" "$(field cov)" "$(field ft)" \
        "$(find "$out/corpus/$target" -type f | wc -l)" "$result" >> "$out/table"
done
printf '%-12s %10s %8s %8s %8s  %s\n' target executions edges features corpus result
cat "$out/table"
exit "$failed"
