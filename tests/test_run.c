/* fidmix run, as a user runs it: a recipe of a few seconds from simulation to report. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "fmx_test.h"
#include "program_fixture.h"

static const char recipe[] =
    "cat > $D/r.yml <<'END'\n"
    "fidmix: 1\n"
    "name: small\n"
    "seed: 2\n"
    "axis: {nucleus: 1H, first_ppm: 9.5, last_ppm: 0.5, points: 1024}\n"
    "database: {spins: spin_systems, only: [L-Alanine, Glycine, L-Lactate], foreign: [Acetate, "
    "\"1,2-Propanediol\"], per_compound: 5, "
    "field_mhz: 400, fid_points: 4096}\n"
    "process:\n"
    "  - digital_filter: {mode: phase_ramp}\n"
    "  - fft\n"
    "  - autophase: {method: lines}\n"
    "  - resample: {method: linear, outside: zero}\n"
    "  - normalise: {method: max}\n"
    "mixtures: {mode: random, count: 20, least: 0, most: 2, foreign: 2}\n"
    "model:\n"
    "  - conv1d: {filters: 4, kernel: 5, stride: 4}\n"
    "  - relu\n"
    "  - flatten\n"
    "  - dense: {units: 3}\n"
    "  - sigmoid\n"
    "train: {source: mixtures, batch: 16, epochs: 3, items: 64, validation_items: 32, loss: "
    "binary_cross_entropy, optimiser: adam}\n"
    "END\n";

static void begin(void)
{
    make_raw("Glycine"); /* the folder */
    cr_assert_eq(shell(recipe), 0);
}

static const char run[] = "run $D/r.yml --out $D/job --device cpu";

Test(run, from_simulation_to_report_and_again)
{
    begin();
    succeeds(run);
    cr_assert_eq(shell("cd $D/job && ls raw/truth.csv spectra.h5 model.safetensors mixtures.h5 "
                       "pairs.h5 foreign.h5 report.html pairs.html foreign.html report.html.csv "
                       "recipe.yml >/dev/null"),
                 0);
    /* five compounds are simulated, three are classes */
    cr_assert_eq(shell("ls -d $D/job/raw/[A-Z1]* | wc -l | grep -qx 5 && " FMX_PROGRAM
                       " info $D/job/mixtures.h5 --json | grep -q L-Lactate && ! " FMX_PROGRAM
                       " info $D/job/mixtures.h5 --json | grep -q Acetate"),
                 0);
    cr_assert_eq(shell("grep -q 'false positive rate' $D/out && grep -q 'report.html' $D/out"), 0);
    shell("cd $D/job && md5sum spectra.h5 model.safetensors mixtures.h5 pairs.h5 foreign.h5 "
          "report.html >$D/first");
    succeeds(run);
    cr_assert(strstr(messages(), "model.safetensors: up to date") != NULL, "%s", messages());
    cr_assert(strstr(messages(), "spectra.h5: up to date") != NULL, "%s", messages());
    cr_assert_eq(shell("cd $D/job && md5sum --quiet -c $D/first"), 0);
    /* another network: data stay, the model is made anew */
    succeeds("run $D/r.yml --out $D/job --device cpu --set train.epochs=2");
    cr_assert(strstr(messages(), "spectra.h5: up to date") != NULL, "%s", messages());
    cr_assert(strstr(messages(), "model.safetensors: up to date") == NULL, "%s", messages());
    cr_assert(strstr(messages(), "epoch 2") != NULL && strstr(messages(), "epoch 3") == NULL);
}

Test(run, killed_at_any_time_it_goes_on_to_the_same_contents)
{
    begin();
    succeeds(run);
    shell("cd $D/job && md5sum spectra.h5 model.safetensors mixtures.h5 pairs.h5 report.html "
          ">$D/first && rm -rf $D/job");
    for (int tenths = 1; tenths <= 8; tenths += 2) {
        char script[256];
        snprintf(script, sizeof script,
                 "timeout -s KILL 0.%d " FMX_PROGRAM
                 " run $D/r.yml --out $D/job --device cpu >$D/out "
                 "2>$D/err",
                 tenths);
        shell(script);
    }
    succeeds(run);
    cr_assert_eq(shell("cd $D/job && md5sum --quiet -c $D/first"), 0);
}

/* Items from a generator: no FIDs, training and a report only. */
Test(run, a_recipe_that_generates_its_items)
{
    static const char recipe_of_decays[] =
        "cat > $D/d.yml <<'END'\n"
        "fidmix: 1\n"
        "name: decays\n"
        "decays: {points: 256, sample_hz: 256, frequency_least_hz: 20, frequency_most_hz: 100, "
        "frequencies: 20, times: 10}\n"
        "model: [input: {positions: 256}, flatten, dense: {units: 32}, relu, dense: {units: 3}]\n"
        "train: {source: decays, batch: 16, epochs: 3, loss: {mse: {target: line}}, "
        "optimiser: {adam: {learning_rate: 0.003}}}\n"
        "END\n";
    make_raw("Glycine"); /* the folder */
    cr_assert_eq(shell(recipe_of_decays), 0);
    succeeds("run $D/d.yml --out $D/job --device cpu");
    cr_assert_eq(shell("cd $D/job && ls recipe.yml model.safetensors report.html >/dev/null && "
                       "! ls spectra.h5 mixtures.h5 2>/dev/null && grep -q rmse_x0_hz $D/out && "
                       "grep -q report.html $D/out && grep -q rmse_gamma_hz report.html"),
                 0);
    shell("cd $D/job && md5sum model.safetensors report.html >$D/first");
    succeeds("run $D/d.yml --out $D/job --device cpu");
    cr_assert(strstr(messages(), "model.safetensors: up to date") != NULL, "%s", messages());
    cr_assert_eq(shell("cd $D/job && md5sum --quiet -c $D/first"), 0);
    /* what the generator is told matters for the model */
    succeeds("run $D/d.yml --out $D/job --device cpu --set decays.times=12");
    cr_assert(strstr(messages(), "up to date") == NULL, "%s", messages());
    fails("run $D/d.yml --out $D/job --set train.source=mixtures", 3, "neither path");
}

Test(run, refusals)
{
    begin();
    fails("run $D/nowhere.yml --out $D/job", 3, "nowhere.yml");
    fails("run $D/r.yml --out $D/job --set database.spins=", 3, "neither path");
    fails("run $D/r.yml --out $D/job --set database.per_compound=1", 3, "");
    fails("run $D/r.yml --out $D/r.yml", 5, "r.yml");
}
