#!/bin/sh
# The Intel gate: every kernel's GPU variant compiles offline for Gen9 (skl), Tiger Lake (tgllp),
# Alder Lake (adl-s) and Arc (dg2), and none of them spills, uses fp64, runs narrower than SIMD16 or
# takes more than 64 KB of local memory. Needs ocloc (package intel-opencl-icd), no GPU.
# Usage: scripts/check_intel.sh [FOLDER] [STEM...]
set -eu
cd "$(dirname "$0")/.."
out=${1:-build/offline}
[ $# -gt 0 ] && shift
stems=${*:-$(git ls-files kernels | grep '\.cl$' | xargs -n1 basename -s .cl)}
command -v ocloc >/dev/null || {
    echo "intel gate: ocloc is missing; install intel-opencl-icd"
    exit 3
}
rm -rf "$out"
mkdir -p "$out"
bad=0
kernels=0
fail() {
    echo "intel gate: $*"
    bad=1
}

# Reads .ze_info (YAML) of one binary: one line "kernel simd slm scratch private" per kernel.
kernel_lines() {
    awk '
        function flush() {
            if (name != "") print name, simd, slm, scratch, private_bytes
        }
        /^ *- name: / && in_kernels {
            flush(); name = $3; simd = 0; slm = 0; scratch = 0; private_bytes = 0; next
        }
        /^kernels:/ { in_kernels = 1; next }
        /^[a-z_]+:/ && !/^kernels:/ { if (in_kernels) { flush(); name = "" } in_kernels = 0 }
        /simd_size:/ { simd = $2 }
        /slm_size:/ { slm = $2 }
        /type: *scratch/ || /- type: *scratch/ { scratch = 1 }
        /usage: *private_space/ { private_bytes = 1 }
        /usage: *spill_fill_space/ { scratch = 1 }
        END { flush() }
    ' "$1"
}

for stem in $stems; do
    # a file of wide variants, which only PoCL takes
    cpp -P -DFMX_VARIANT_GPU=1 "kernels/$stem.cl" | grep -q __kernel || continue
    source=$out/$stem.cl
    { echo '#line 1 "common.clh"'; cat kernels/common.clh; echo; echo "#line 1 \"$stem.cl\"";
      awk -f scripts/kernel_text.awk "kernels/$stem.cl"; } > "$source"
    # lines "offline: -DOPTION=..." in a kernel's header name further tile sets to be checked
    options_list=$(sed -n 's/^ *\* *offline: *\(-D.*\)$/\1/p' "kernels/$stem.cl" | tr ' ' '@')
    for device in skl tgllp adl-s dg2; do
        for extra in "" $options_list; do
            options="-cl-std=CL1.2 -Werror -DFMX_VARIANT_GPU=1 $(echo "$extra" | tr '@' ' ')"
            base=$out/$stem.$device$(echo "$extra" | tr -dc 'A-Za-z0-9')
            mkdir -p "$base.d"
            if ! ocloc compile -file "$source" -device "$device" --format zebin -out_dir "$base.d" \
                -output "$stem" -options "$options" > "$base.log" 2>&1; then
                fail "$stem for $device $extra: does not compile: $(tail -5 "$base.log")"
                continue
            fi
            if grep -q 'spilled' "$base.log"; then
                fail "$stem for $device $extra: $(grep spilled "$base.log" | head -2)"
            fi
            binary=$(ls "$base.d"/*.bin | head -1)
            mkdir -p "$base.d/dump"
            ocloc disasm -file "$binary" -device "$device" -dump "$base.d/dump" \
                > "$base.dis.log" 2>&1 || true
            if [ ! -f "$base.d/dump/.ze_info" ]; then
                fail "$stem for $device: the binary cannot be read"
                continue
            fi
            if readelf -sW "$binary" 2>/dev/null | awk '$7 == "UND" && $8 != ""' | grep -q .; then
                fail "$stem for $device $extra: undefined symbols in the binary"
            fi
            while read -r name simd slm scratch private_bytes; do
                [ -n "$name" ] || continue
                kernels=$((kernels + 1))
                [ "$simd" -ge 16 ] || fail "$stem/$name for $device $extra: SIMD $simd"
                [ "$slm" -le 65536 ] || fail "$stem/$name for $device $extra: $slm B local memory"
                [ "$scratch" = 0 ] || fail "$stem/$name for $device $extra: spills"
                [ "$private_bytes" = 0 ] || fail "$stem/$name for $device $extra: private memory"
            done <<LINES
$(kernel_lines "$base.d/dump/.ze_info")
LINES
        done
    done
    if sed -e 's,//.*,,' "$source" | tr '\n' ' ' | sed -e 's,/\*[^*]*\*\+\([^/*][^*]*\*\+\)*/,,g' |
        grep -qwE 'double[0-9]*'; then
        fail "$stem: uses double"
    fi
done
[ "$kernels" -gt 0 ] || fail "no kernel was checked"
[ "$bad" = 0 ] && echo "ok: $kernels kernel binaries pass the Intel gate"
exit "$bad"
