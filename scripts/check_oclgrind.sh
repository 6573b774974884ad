#!/bin/sh
# Runs the GPU variants of network operations under Oclgrind: data races and accesses outside of a
# buffer. (Reads of what was never written show as NaN in the ordinary tests; Oclgrind 21.10 stops at
# an instruction it does not know when it looks for them.) Fails on any finding. Takes minutes, so it is
# not part of test.sh.
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
trap 'rm -f "$log"' EXIT
bad=0
for stem in $stems; do
    : >"$log"
    # its exit code is 0 whatever it finds
    FIDMIX_SMALL_CASES=1 FIDMIX_TEST_DEVICE=Oclgrind FIDMIX_CACHE_DIR="" FIDMIX_SKIP_LOG=/dev/null \
        oclgrind --data-races --max-errors 20 --log "$log" \
        "build/release/tests/test_$stem" -j1 --timeout 1200 --filter "$stem/twin" >/dev/null 2>&1 || {
        echo "$stem: the test failed under Oclgrind"
        bad=1
    }
    if [ -s "$log" ]; then
        echo "$stem:"
        head -40 "$log"
        bad=1
    else
        echo "ok: $stem"
    fi
done
exit "$bad"
