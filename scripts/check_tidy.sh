#!/bin/sh
# clang-tidy over the host's C files, two at a time; fails on any finding.
# Usage: scripts/check_tidy.sh [BUILD FOLDER]
set -eu
cd "$(dirname "$0")/.."
build=${1:-build/release}
[ -f "$build/compile_commands.json" ] || cmake --preset release >/dev/null
git ls-files host bench | grep '\.c$' | grep -v '^bench/peers/' |
    xargs -P 2 -n 4 clang-tidy -p "$build" --quiet 2>/dev/null || {
    echo "tidy: findings above"
    exit 1
}
echo "ok: clang-tidy"
