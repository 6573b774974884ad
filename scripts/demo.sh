#!/bin/sh
# Installs what is missing, builds, and runs the whole of data/recipes/demo.yml: FIDs of 44 metabolites
# are simulated, processed and mixed, a network is trained on the mixtures, judged on others beside least
# squares, and says what is in them. Results lie in build/demo; a second call goes on, or finds all of
# it up to date.
set -eu
cd "$(dirname "$0")/.."
sh scripts/setup.sh

mkdir -p build
if ! { cmake --preset release && cmake --build --preset release --target fidmix; } \
    > build/demo-build.log 2>&1; then
    tail -40 build/demo-build.log
    exit 1
fi
echo "demo: built build/release/fidmix"

fidmix=$PWD/build/release/fidmix
start=$(date +%s)
$fidmix devices
$fidmix info data/recipes/demo.yml
$fidmix run data/recipes/demo.yml --out build/demo
echo "demo: $(($(date +%s) - start)) s; report: $PWD/build/demo/report.html," \
    "all pairs: $PWD/build/demo/pairs.html"
