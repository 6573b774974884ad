#!/bin/sh
# Installs into a fresh prefix, moves the tree, builds tests/consumer against it through find_package
# and through pkg-config, shared and static, runs what was built, and checks which symbols are seen.
# Usage: install_consumer.sh BUILD_DIR SOURCE_DIR CC VERSION
set -eu
build=$1
source=$2
cc=$3
version=$4
work=$(mktemp -d /tmp/fidmix-install-XXXXXX)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM

fail() {
    echo "install: $*" >&2
    exit 1
}
quietly() { # quietly COMMAND...: shows the output only of a failure
    "$@" > "$work/log" 2>&1 || {
        cat "$work/log" >&2
        fail "$* failed"
    }
}
check_output() { # check_output PROGRAM: the consumer names the version and no failure
    said=$("$1") || fail "$1 failed: $said"
    case $said in
    "fidmix $version: FMX_OK, "*) echo "ok: $(basename "$1"): $said" ;;
    *) fail "$1 said: $said" ;;
    esac
}

for header in "$source"/include/fidmix/*.h; do
    # every header stands alone, in C and, where there is a compiler, in C++
    echo "#include <fidmix/$(basename "$header")>" > "$work/alone.c"
    quietly "$cc" -std=c17 -Wall -Wextra -Wpedantic -Werror -fsyntax-only -I"$source/include" "$work/alone.c"
    ! command -v g++ > /dev/null ||
        quietly g++ -std=c++17 -Wall -Wextra -Werror -fsyntax-only -I"$source/include" -x c++ "$work/alone.c"
done
quietly cmake --install "$build" --prefix "$work/first"
mv "$work/first" "$work/moved"
prefix=$work/moved

for path in bin/fidmix include/fidmix/fidmix.h share/man/man1/fidmix.1; do
    [ -f "$prefix/$path" ] || fail "$path was not installed"
done
for header in "$source"/include/fidmix/*.h; do
    [ -f "$prefix/include/fidmix/$(basename "$header")" ] || fail "$header was not installed"
done
for data in recipes spin_systems.yml spin_states.yml; do
    [ ! -e "$source/data/$data" ] || [ -e "$prefix/share/fidmix/$data" ] ||
        fail "data/$data was not installed"
done
said=$("$prefix/bin/fidmix" --version)
[ "$said" = "fidmix $version" ] || fail "the installed program said: $said"

# find_package
quietly cmake -S "$source/tests/consumer" -B "$work/consumer" -DCMAKE_C_COMPILER="$cc" \
    -DCMAKE_PREFIX_PATH="$prefix"
quietly cmake --build "$work/consumer"
for kind in fidmix shared static; do
    check_output "$work/consumer/with_$kind"
done
readelf -d "$work/consumer/with_static" > "$work/needed"
! grep -q libfidmix "$work/needed" || fail "the static consumer needs the shared library"

# pkg-config
pc=$(find "$prefix" -name fidmix.pc)
PKG_CONFIG_PATH=$(dirname "$pc")
export PKG_CONFIG_PATH
[ "$(pkg-config --modversion fidmix)" = "$version" ] || fail "pkg-config has another version"
libdir=$(pkg-config --variable=libdir fidmix)
# shellcheck disable=SC2046
quietly "$cc" -std=c17 -Wall -Wextra -Wpedantic -Werror -o "$work/pc_shared" \
    "$source/tests/consumer/main.c" $(pkg-config --cflags --libs fidmix) -Wl,-rpath,"$libdir"
check_output "$work/pc_shared"
# shellcheck disable=SC2046
quietly "$cc" -o "$work/pc_static" "$source/tests/consumer/main.c" $(pkg-config --cflags fidmix) \
    $(pkg-config --static --libs fidmix | sed 's/-lfidmix\b/-l:libfidmix.a/')
check_output "$work/pc_static"
readelf -d "$work/pc_static" > "$work/needed"
! grep -q libfidmix "$work/needed" || fail "the static consumer needs the shared library"

# only the public interface is seen, and all of it is declared
find "$libdir" -name 'libfidmix.so' -exec nm -D --defined-only {} + | awk '{print $3}' \
    > "$work/symbols"
[ -s "$work/symbols" ] || fail "the shared library shows no symbols"
! grep -vE '^fmx_[a-z]' "$work/symbols" || fail "symbols above are not part of the interface"
for symbol in $(cat "$work/symbols"); do
    grep -qw "$symbol" "$prefix"/include/fidmix/*.h || fail "$symbol is in no header"
done
echo "ok: $(wc -l < "$work/symbols") symbols, all of them public and declared"
