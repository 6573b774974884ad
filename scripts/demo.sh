#!/bin/sh
# Installs what is missing, builds, and runs the main job on the embedded default (PoCL).
set -eu
cd "$(dirname "$0")/.."
sh scripts/setup.sh
cmake --preset release -DFMX_TESTS=OFF > build-demo.log 2>&1 || { cat build-demo.log; exit 1; }
