#!/bin/sh
# Installs what is missing, builds, and runs the main job on the embedded default (PoCL): raw Bruker
# folders of metabolites are simulated, processed and drawn; a table compares what was found with
# what was simulated. Results lie in build/demo.
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
out=build/demo
compounds="L-Alanine,L-Lactate,L-Valine,L-Threonine,Citrate,Succinate,Acetate,Creatine,Taurine"
compounds="$compounds,D-Glucose,Choline,L-Glutamate,Formate,Ethanol"
rm -rf "$out"
mkdir -p "$out"
$fidmix devices
$fidmix simulate --spins data/spin_systems.yml --out "$out/raw" --only "$compounds" \
    --field-mhz 600 --snr 200 --seed 1
$fidmix process "$out/raw" --out "$out/spectra.h5" --csv "$out/found.csv" --quiet
$fidmix plot "$out/spectra.h5" --stack --out "$out/spectra.svg"
$fidmix plot "$out/spectra.h5" --name L-Alanine --name L-Lactate --name L-Threonine --overlay \
    --ppm 4.5:0.5 --zoom 1.6:1.2 --zoom 4.4:4.0 --out "$out/overlay.svg"

# truth.csv beside found.csv, joined on the folder
awk -F, -v OFS=, '
    function plain(text) { gsub(/"/, "", text); return text }
    FNR == 1 { delete column; for (i = 1; i <= NF; ++i) column[plain($i)] = i; next }
    NR == FNR { p0[plain($column["path"])] = $column["p0_deg"]; p1[plain($column["path"])] = $column["p1_deg"]; next }
    !header++ {
        printf "%-16s %9s %8s %18s %18s %9s\n", "name", "field/MHz", "SNR", "p0 found (true)",
            "p1 found (true)", "width/Hz"
    }
    {
        path = plain($column["source"]); sub(/.*\/raw\//, "", path)
        width = $column["line_width_hz"] > 0 ? sprintf("%.2f", $column["line_width_hz"]) : "-"
        printf "%-16s %9.2f %8.1f %8.1f (%7.1f) %8.1f (%7.1f) %9s\n", plain($column["name"]),
            $column["field_mhz"], $column["snr"], $column["p0_deg"], p0[path], $column["p1_deg"],
            p1[path], width
    }' "$out/raw/truth.csv" "$out/found.csv"
echo "demo: spectra in $out/spectra.h5; pictures: $PWD/$out/overlay.svg (three compounds overlaid)" \
    "and $PWD/$out/spectra.svg (all of them)"
