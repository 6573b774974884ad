#!/bin/sh
# Holds docs/fidmix.1 against the program: every command, option and environment variable that the
# program knows is in the manual, and every command of the manual exists.
# Usage: check_manual.sh PROGRAM SOURCE_DIR
set -eu
program=$1
manual=$2/docs/fidmix.1
bad=0
fail() {
    echo "manual: $*" >&2
    bad=1
}

verbs=$("$program" --help | sed -n '/^commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
[ -n "$verbs" ] || fail "fidmix --help lists no command"
for verb in $verbs; do
    section=$(awk -v verb="$verb" '/^\.S[sh] / { inside = ($1 == ".Ss" && $2 == verb) } inside' "$manual")
    [ -n "$section" ] || fail "docs/fidmix.1 has no section \".Ss $verb\"; add one"
    for option in $("$program" "$verb" --help | sed -n '/^options:/,/^$/s/^  --\([a-z-]*\) .*/\1/p'); do
        echo "$section" | grep -qE "^\.It.* -$option( |\$)" ||
            fail "docs/fidmix.1, section $verb: the option --$option is missing; add \".It Fl -$option\""
    done
done
for option in $("$program" --help | sed -n '/^global options:/,/^$/s/^  --\([a-z-]*\) .*/\1/p'); do
    grep -qE "^\.It Fl -$option( |\$)" "$manual" ||
        fail "docs/fidmix.1: the global option --$option is missing"
done
for verb in $(sed -n 's/^\.Ss \([a-z]*\).*/\1/p' "$manual"); do
    echo "$verbs" | grep -qx "$verb" || fail "docs/fidmix.1 describes \"$verb\", which does not exist"
done
for name in $(grep -rhoE 'getenv\("[A-Z_]+"\)' "$2"/host | sed 's/.*"\(.*\)".*/\1/' | sort -u); do
    case $name in HOME | XDG_CACHE_HOME | TMPDIR) continue ;; esac
    grep -q "^\.It Ev $name" "$manual" || fail "docs/fidmix.1: the variable $name is missing"
done
[ "$bad" = 0 ] || exit 1
echo "ok: the manual covers $(echo "$verbs" | wc -w) commands"
