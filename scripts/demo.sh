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
# what the network has never seen, and noise alone (a signal far below it): nothing should be named; AMP and
# caffeine lie so near to formate and betaine that they are (docs/demo.md)
strange="--spins spin_systems --field-mhz 500 --points 8192 --line-width-hz 0.7:2.5 --water 0 --quiet --resume"
$fidmix simulate $strange --only AMP,Caffeine,Glutarate,Putrescine,scyllo-Inositol --out build/demo/unknown
$fidmix simulate $strange --only Acetate --snr 0.0001 --reference-amount 0.0001 --out build/demo/noise
$fidmix identify build/demo/model.safetensors build/demo/unknown build/demo/noise
echo "demo: $(($(date +%s) - start)) s; report: $PWD/build/demo/report.html," \
    "all pairs: $PWD/build/demo/pairs.html"
