#!/bin/sh
# Installs what fidmix is built from (Debian packages) and, with --test, what its tests need.
# Says what it does; uses sudo when not root; does nothing where everything is there.
set -eu
cd "$(dirname "$0")/.."

build_packages="cmake ninja-build pkg-config gcc libc6-dev git ca-certificates
  pocl-opencl-icd ocl-icd-opencl-dev opencl-c-headers
  libclfft-dev libclblast-dev libhdf5-dev libyaml-dev libcjson-dev libexpat1-dev libzip-dev libprotobuf-c-dev protobuf-c-compiler libxxhash-dev
  liblapacke-dev libopenblas-dev zlib1g-dev"
test_packages="libcriterion-dev clang clang-format clang-tidy libclang-rt-14-dev intel-opencl-icd
  binutils oclgrind python3 python3-pip python3-venv unzip librsvg2-bin libxml2-utils"

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        echo "setup: packages can only be installed by root; run this as root, or install sudo" >&2
        exit 1
    fi
}

missing_of() {
    for package in "$@"; do
        if ! dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed'; then
            printf ' %s' "$package"
        fi
    done
}

install_packages() {
    # shellcheck disable=SC2086
    missing=$(missing_of $1)
    if [ -z "$missing" ]; then
        echo "setup: all packages are installed"
        return
    fi
    echo "setup: installing$missing"
    as_root apt-get update -qq
    # shellcheck disable=SC2086
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends $missing >/dev/null
}

# Intel's CPU runtime runs the kernels' GPU variants, sub-groups and all. It is downloaded into the
# build folder under Intel's own licence and is no part of fidmix.
intel_version=2026.2.0
install_intel_runtime() {
    target=build/deps/intel
    if [ -f "$target/vendors/intel.icd" ] && [ "$(cat "$target/version")" = "$intel_version" ]; then
        echo "setup: Intel's CPU runtime $intel_version is in $target"
        return 0
    fi
    echo "setup: downloading Intel's OpenCL CPU runtime $intel_version into $target"
    rm -rf "$target" "$target.part"
    mkdir -p "$target.part/wheels"
    python3 -m pip download -q --disable-pip-version-check --no-deps -d "$target.part/wheels" \
        "intel-opencl-rt==$intel_version" "intel-cmplr-lib-rt==$intel_version" tbb || return 1
    mkdir -p "$target.part/lib" "$target.part/vendors"
    for wheel in "$target.part"/wheels/*.whl; do
        unzip -qo "$wheel" '*.data/data/lib/*' -d "$target.part/unpacked" || return 1
    done
    mv "$target.part"/unpacked/*/data/lib/* "$target.part/lib/"
    rm -rf "$target.part/wheels" "$target.part/unpacked"
    echo "$PWD/$target/lib/libintelocl.so" > "$target.part/vendors/intel.icd"
    echo "$intel_version" > "$target.part/version"
    mv "$target.part" "$target"
}

if [ -r /etc/debian_version ] && command -v apt-get >/dev/null; then
    if [ "${1:-}" = --test ]; then
        install_packages "$build_packages $test_packages"
    else
        install_packages "$build_packages"
    fi
else
    echo "setup: not a Debian system; install the equivalents of: $build_packages"
fi
if [ "${1:-}" = --test ]; then
    install_intel_runtime || echo "setup: Intel's CPU runtime could not be had; its tests are skipped"
fi
