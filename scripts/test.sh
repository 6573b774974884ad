#!/bin/sh
# Installs what is missing, builds, and runs every test on both CPU runtimes, the Intel offline
# gate, a build with clang, a short sanitizer run and FUZZ_SECONDS (5) of fuzzing of each target, two
# at a time. Ends with one summary line.
set -eu
cd "$(dirname "$0")/.."
sh scripts/setup.sh --test

started=$(date +%s)
logs=build/test-logs
mkdir -p "$logs"
failed=""
say() { echo "== $*"; }
step() { # step NAME COMMAND...: runs a step, keeps its log, remembers a failure
    name=$1
    shift
    if "$@" > "$logs/$name.log" 2>&1; then
        say "ok   $name ($(($(date +%s) - started)) s)"
    else
        say "FAIL $name, the end of $logs/$name.log:"
        tail -60 "$logs/$name.log"
        failed="$failed $name"
    fi
}

build() { # build PRESET
    cmake --preset "$1" && cmake --build --preset "$1"
}
temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT
tests_of() { # tests_of PRESET [CTEST OPTIONS]
    preset=$1
    shift
    rm -f "build/$preset/skips.log"
    TMPDIR=$temporary ctest --test-dir "build/$preset" -j2 --output-on-failure "$@"
}
nothing_left() { # tests remove their folders; one that crashes cannot
    left=$(ls -A "$temporary")
    [ -z "$left" ] || {
        echo "tests left in TMPDIR: $left"
        return 1
    }
}
sanitizer_run() {
    OCL_ICD_VENDORS=/etc/OpenCL/vendors/pocl.icd ASAN_OPTIONS=detect_leaks=1 \
        tests_of asan -LE long
}

step rooms sh scripts/check_rooms.sh
step style sh scripts/check_style.sh
step build-release build release
step tests tests_of release
grep -E 'Test +#|tests passed|tests failed' "$logs/tests.log" || true
step intel-gate sh scripts/check_intel.sh build/offline
step tidy sh scripts/check_tidy.sh build/release
step build-clang build clang
step build-asan build asan
step sanitizers sanitizer_run
step leftovers nothing_left
step fuzz sh scripts/fuzz.sh "${FUZZ_SECONDS:-5}"
grep -A20 '^target ' "$logs/fuzz.log" || true

skips=0
unexpected=""
for log in build/release/skips.log build/asan/skips.log; do
    [ -f "$log" ] || continue
    skips=$((skips + $(wc -l < "$log")))
    sort "$log" | uniq -c | sed 's/^ */skipped: /'
    unexpected=$unexpected$(grep -vxFf scripts/expected_skips.txt "$log" | sort -u || true)
done
if [ -n "$unexpected" ]; then
    say "FAIL unexpected skips: $unexpected"
    failed="$failed skips"
fi

count() { sed -n "s/.*tests passed, \([0-9]*\) tests failed out of \([0-9]*\).*/\\$1/p" "$2" | tail -1; }
total=0
bad=0
for log in "$logs/tests.log" "$logs/sanitizers.log"; do
    all=$(count 2 "$log")
    no=$(count 1 "$log")
    total=$((total + ${all:-0}))
    bad=$((bad + ${no:-0}))
done
elapsed=$(($(date +%s) - started))
echo "fidmix: $total test programs run, $bad failed, $skips single tests skipped for expected" \
    "reasons, failed steps:${failed:- none}; $elapsed s"
echo "$((total - bad)) passed, $bad failed, $skips skipped"
[ -z "$failed" ] && [ "$total" -gt 0 ]
