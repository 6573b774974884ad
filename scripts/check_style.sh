#!/bin/sh
# clang-format over the C files: fails where a file would change; --fix changes it.
set -eu
cd "$(dirname "$0")/.."
files=$(git ls-files host include tests bench | xargs ls 2>/dev/null | grep -E '\.[ch]$')
if [ "${1:-}" = --fix ]; then
    # shellcheck disable=SC2086
    clang-format -i $files
    exit 0
fi
# shellcheck disable=SC2086
clang-format --dry-run -Werror $files && echo "ok: formatting"
