#!/bin/sh
# The walls of the house: fails when a room includes a header of a room that it may not use, when
# OpenCL is called outside host/cl, when a stem lacks a room, or when two files share a name.
set -eu
cd "$(dirname "$0")/.."
bad=0
fail() {
    echo "rooms: $*"
    bad=1
}

# Whom each room may use, beside itself and the public headers (docs/architecture.md).
uses_of() {
    case $1 in
    base | ref) echo "" ;;
    io | cl) echo "base" ;;
    signal) echo "base io cl" ;;
    ops) echo "base cl" ;;
    graph) echo "base cl ops" ;;
    train) echo "base io cl signal ops graph" ;;
    report) echo "base io train" ;;
    cli) echo "base io cl signal ops graph train report bench" ;;
    esac
}

for folder in host/*/; do
    room=$(basename "$folder")
    allowed="$room $(uses_of "$room")"
    for file in $(git ls-files "$folder" | grep -E '\.[ch]$'); do
        for header in $(sed -n 's/^ *# *include "\([^"]*\)".*/\1/p' "$file"); do
            case $header in fidmix/*) continue ;; esac
            name=$(basename "$header")
            owner=$(git ls-files "host/*/$name" "bench/$name" "tests/$name" | head -1)
            [ -n "$owner" ] || continue
            case $owner in
            host/*) owner=${owner#host/} ;;
            esac
            owner=${owner%%/*}
            case " $allowed " in
            *" $owner "*) ;;
            *) fail "$file includes $header of the room $owner, which $room may not use" ;;
            esac
        done
    done
done

for file in $(git ls-files host include bench tests | grep -E '\.[ch]$'); do
    case $file in
    host/cl/*) continue ;;
    esac
    if grep -qE '# *include *<CL/|\bcl[A-Z][A-Za-z]+\(|\bclfft[A-Z]|\bCLBlast[A-Z]' "$file"; then
        case $file in
        bench/peers/*) ;; # peers are measured through their own interface
        *) fail "$file calls OpenCL; only host/cl may" ;;
        esac
    fi
done

while read -r stem room; do
    case $room in
    signal) docs=docs/stages ;;
    ops) docs=docs/ops ;;
    train) docs=docs/training ;;
    *) docs=docs/device ;;
    esac
    kernel=kernels/$stem.cl
    ! grep -q "^fmx_add_stem($stem .*NO_KERNEL" CMakeLists.txt || kernel=""
    for file in $kernel host/$room/$stem.c host/ref/${stem}_ref.c tests/test_$stem.c \
        tests/cases/$stem.h bench/bench_$stem.c $docs/$stem.md; do
        [ -f "$file" ] || fail "the stem $stem lacks $file"
    done
done <<LIST
$(sed -n 's/^fmx_add_stem(\([a-z0-9_]*\) \([a-z]*\)[ )].*/\1 \2/p; s/^fmx_add_stem(\([a-z0-9_]*\) \([a-z]*\)$/\1 \2/p' CMakeLists.txt)
LIST

# PoCL shares local arrays between threads without it; tests/test_local_memory.c shows how.
grep -qx '#define inline inline __attribute__((always_inline))' kernels/common.clh ||
    fail "kernels/common.clh does not inline its helpers always"

for kernel in $(git ls-files kernels | grep '\.cl$'); do
    stem=$(basename "$kernel" .cl)
    grep -qE "^fmx_add_stem\\($stem | $kernel( |\\)|\$)" CMakeLists.txt || fail "$kernel belongs to no stem"
done

for piece in $(git ls-files kernels | grep '\.clh$' | grep -vx kernels/common.clh); do
    grep -qE " $piece( |\\)|\$)" CMakeLists.txt || fail "$piece belongs to no stem"
    grep -qx "#include \"$(basename "$piece")\"" kernels/*.cl || fail "no kernel includes $piece"
done

for name in $(git ls-files host include kernels tests bench | xargs -n1 basename | sort | uniq -d); do
    # a stem's public header and its case table carry the stem's name, as the stem rule wants
    case $name in
    CMakeLists.txt | main.c) continue ;;
    esac
    others=$(git ls-files host include kernels tests bench | grep "/$name\$" |
        grep -vcE "^(include/fidmix|tests/cases)/" || true)
    [ "$others" -le 1 ] || fail "several files are called $name"
done

[ "$bad" = 0 ] && echo "ok: rooms and stems"
exit "$bad"
