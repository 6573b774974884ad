#!/bin/sh
# Runs the GPU variants of network operations under Oclgrind: data races, accesses outside of a
# buffer, and results that differ from the twin's. (Reads of what was never written show as NaN in the
# ordinary tests; Oclgrind 21.10 stops at an instruction it does not know when it looks for them.)
# Fails on any finding, and where no test ran. Takes minutes, so it is not part of test.sh.
#
# Oclgrind 21.10 itself runs some optimised kernels wrongly (fft_pass: wrong from two stages on, right on
# every other runtime): where results differ, the same test must pass unoptimised, and the stem is named so.
# Usage: scripts/check_oclgrind.sh [STEM...]   (after a build; default: every stem of host/ops and the
# losses and optimisers)
set -eu
cd "$(dirname "$0")/.."
command -v oclgrind >/dev/null || {
    echo "oclgrind is not installed: scripts/setup.sh --test"
    exit 1
}
stems=${*:-$(sed -n 's/^fmx_add_stem(\([a-z0-9_]*\) \(ops\|train\).*/\1/p' CMakeLists.txt)}
log=$(mktemp)
out=$(mktemp)
trap 'rm -f "$log" "$out"' EXIT

# STEM BUILD_OPTIONS: true where the twin test ran and passed; findings are in $log. The exit code says
# nothing: it is 0 whatever happens.
passes() {
    : >"$log"
    FIDMIX_SMALL_CASES=1 FIDMIX_TEST_DEVICE=Oclgrind FIDMIX_CACHE_DIR="" FIDMIX_SKIP_LOG=/dev/null \
        oclgrind --data-races --max-errors 20 --log "$log" --build-options "$2" \
        "build/release/tests/test_$1" -j1 --timeout 1200 --filter "$1/twin" >"$out" 2>&1 || true
    grep -q 'Synthesis: Tested: [1-9][0-9]* .*Failing: 0 .*Crashing: 0' "$out" &&
        ! grep -q '\[SKIP\]' "$out"
}

bad=0
for stem in $stems; do
    [ -x "build/release/tests/test_$stem" ] || {
        echo "$stem: there is no build/release/tests/test_$stem"
        bad=1
        continue
    }
    how=
    if passes "$stem" "" || [ -s "$log" ]; then
        :
    elif passes "$stem" -cl-opt-disable; then
        how=" (unoptimised: Oclgrind runs the optimised kernel wrongly)"
    else
        echo "$stem: the test failed under Oclgrind"
        tail -20 "$out"
        bad=1
        continue
    fi
    if [ -s "$log" ]; then
        echo "$stem:"
        head -40 "$log"
        bad=1
    else
        echo "ok: $stem$how"
    fi
done
exit "$bad"
