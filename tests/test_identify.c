/* fidmix identify, as its users see it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "base.h"
#include "fmx_test.h"
#include "program_fixture.h"

/* Three compounds, a small axis and a small network. */
static const char recipe[] =
    "fidmix: 1\n"
    "name: small\n"
    "seed: 3\n"
    "axis: {nucleus: 1H, first_ppm: 5, last_ppm: 0.5, points: 1024}\n"
    "database: {spins: spin_systems, only: [L-Alanine, Citrate, Acetate], per_compound: 6, "
    "fid_points: 2048, snr_least: 300, snr_most: 600, multiplet_shift_ppm: 0.01, water: 0}\n"
    "process: [digital_filter: {mode: phase_ramp}, apodisation, fft, autophase, reference, noise, "
    "baseline: {method: percentile}, resample: {outside: zero}, normalise: {method: max}]\n"
    "mixtures: {mode: random, count: 40, least: 0, most: 3, snr_least: 50, snr_most: 200}\n"
    "model: [conv1d: {filters: 4, kernel: 9, stride: 4}, relu, flatten, dense: {units: 16}, "
    "relu: {name: trunk}, dense: {from: trunk, units: 3}, sigmoid: {name: presence}, "
    "dense: {from: trunk, units: 3}, softmax: {name: proportion}]\n"
    "train: {source: mixtures, batch: 16, epochs: 3, items: 160, validation_items: 32, loss: "
    "[binary_cross_entropy: {layer: presence}, cross_entropy: {layer: proportion}], optimiser: "
    "{adam: {learning_rate: 0.003}}}\n";

/* $D/small.yml */
static void write_recipe(void)
{
    char path[512];
    folder = fmx_test_folder();
    snprintf(path, sizeof path, "%s/small.yml", folder);
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    fputs(recipe, file);
    fclose(file);
}

/* $D/raw, $D/spectra.h5, $D/pairs.h5 and $D/model.safetensors. */
static void make_model(void)
{
    write_recipe();
    succeeds("simulate --spins spin_systems --only L-Alanine,Citrate,Acetate --per-compound 6 "
             "--points 2048 --water 0 --out $D/raw --quiet");
    succeeds("process $D/raw --out $D/spectra.h5 --recipe $D/small.yml --quiet");
    succeeds("train $D/spectra.h5 --out $D/model.safetensors --recipe $D/small.yml --quiet");
    succeeds("mix $D/spectra.h5 --out $D/pairs.h5 --quiet");
}

/* The compounds of the first answer in $D/out. */
static cJSON *first_answer(void)
{
    static char text[65536];
    snprintf(text, sizeof text, "%s/out", folder);
    FILE *file = fopen(text, "r");
    cr_assert_not_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    cJSON *array = cJSON_Parse(text);
    cr_assert(cJSON_GetArraySize(array) > 0, "%s", text);
    return array;
}

/* FIDs of Citrate lie where the library has it, to a point: that of the spin systems which the
 * model learned from, or one that is given. */
Test(identify, shifts_from_a_library)
{
    make_model();
    succeeds(
        "simulate --spins spin_systems --only L-Alanine,Citrate,Acetate --points 2048 --water 0 "
        "--snr 0 --out $D/pure --quiet");
    succeeds("process $D/pure --out $D/pure.h5 --recipe $D/small.yml --quiet");
    succeeds("library spin_systems --only L-Alanine,Citrate --field-mhz 400 --out $D/lines.h5 "
             "--quiet");
    static const char *const commands[] = {
        "identify $D/model.safetensors $D/raw/Citrate/1 --json",
        "identify $D/model.safetensors $D/raw/Citrate/1 --json --library $D/pure.h5",
        "identify $D/model.safetensors $D/raw/Citrate/1 --json --library $D/lines.h5",
        "identify $D/model.safetensors $D/raw/Citrate/1 --json --library $D/pure.h5 --calibrate"};
    for (size_t i = 0; i < FMX__COUNT(commands); ++i) {
        succeeds(commands[i]);
        cJSON *array = first_answer();
        const cJSON *item = cJSON_GetArrayItem(array, 0);
        const cJSON *compound = NULL;
        cr_assert(cJSON_IsNumber(cJSON_GetObjectItem(item, "offset_ppm")));
        cJSON_ArrayForEach(compound, cJSON_GetObjectItem(item, "compounds"))
        {
            const cJSON *shift = cJSON_GetObjectItem(compound, "shift_ppm");
            bool citrate =
                strcmp(cJSON_GetObjectItem(compound, "name")->valuestring, "Citrate") == 0;
            if (citrate) /* a point is 0.0044 ppm */
                cr_assert(cJSON_IsNumber(shift) && fabs(shift->valuedouble) < 0.0044);
        }
        cJSON_Delete(array);
    }
    fails("identify $D/model.safetensors $D/raw/Citrate/1 --calibrate", 2, "needs --library");
    fails("identify $D/model.safetensors $D/raw --library $D/nowhere.h5", 3, "nowhere.h5");
    succeeds("process $D/pure --out $D/other.h5 --quiet");
    fails("identify $D/model.safetensors $D/raw --library $D/other.h5", 3, "model's recipe");
}

static const char half[] = "fidmix_spin_systems: 1\n"
                           "compounds:\n"
                           "  - name: Half\n"
                           "    groups:\n"
                           "      - {id: a, ppm: 1.466, n: 3}\n"
                           "      - {id: b, ppm: 8, n: 1}\n"
                           "    couplings: {a-b: 7.2}\n";

/* What has the methyl of alanine, but not its CH, is not alanine, whatever the network says; nor is
 * it acetate, of whose one line next to nothing is there. */
Test(identify, doubts)
{
    static const char *const reason[][2] = {
        {"Acetate", "one line alone, in a spectrum that is mostly unexplained"},
        {"L-Alanine", "some of its multiplets are not there"},
    };
    char path[512];
    make_model();
    snprintf(path, sizeof path, "%s/half.yml", folder);
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    fputs(half, file);
    fclose(file);
    succeeds("simulate --spins $D/half.yml --points 2048 --water 0 --snr 0 --out $D/half --quiet");
    succeeds("train $D/spectra.h5 --out $D/all.safetensors --recipe $D/small.yml --quiet "
             "--set evaluate.threshold=1e-9");
    succeeds("identify $D/all.safetensors $D/half --json");
    cJSON *array = first_answer();
    const cJSON *item = cJSON_GetArrayItem(array, 0);
    const cJSON *doubted = cJSON_GetObjectItem(item, "doubted");
    cr_assert_eq(cJSON_GetArraySize(doubted), (int)FMX__COUNT(reason));
    for (size_t i = 0; i < FMX__COUNT(reason); ++i) {
        const cJSON *one = cJSON_GetArrayItem(doubted, (int)i);
        cr_assert_str_eq(cJSON_GetObjectItem(one, "name")->valuestring, reason[i][0]);
        cr_assert_str_eq(cJSON_GetObjectItem(one, "reason")->valuestring, reason[i][1]);
        cr_assert_gt(cJSON_GetObjectItem(one, "probability")->valuedouble, 0);
    }
    cr_assert_lt(cJSON_GetObjectItem(item, "explained")->valuedouble, 0.25);
    cJSON_Delete(array);
    succeeds("identify $D/all.safetensors $D/half");
    cr_assert_eq(shell("grep -q 'not named: L-Alanine' $D/out && grep -q 'explained: ' $D/out"), 0);
}

/* Spectra of one sample: the logit of what both say, the folder of both. */
Test(identify, one_answer_for_several_spectra)
{
    double logit[3] = {0};
    char named[64] = "";
    make_model();
    static const char *const commands[] = {
        "identify $D/model.safetensors $D/raw/Citrate/1 $D/raw/Citrate/2 --json",
        "identify $D/model.safetensors $D/raw/Citrate/1 $D/raw/Citrate/2 --json --joint"};
    for (size_t i = 0; i < 2; ++i) {
        succeeds(commands[i]);
        cJSON *array = first_answer();
        cr_assert_eq(cJSON_GetArraySize(array), i == 0 ? 2 : 1);
        for (int k = 0; k < cJSON_GetArraySize(array); ++k) {
            const cJSON *item = cJSON_GetArrayItem(array, k);
            const cJSON *one = cJSON_GetArrayItem(cJSON_GetObjectItem(item, "compounds"), 0);
            cr_assert_not_null(one);
            const char *name = cJSON_GetObjectItem(one, "name")->valuestring;
            if (named[0] == '\0')
                snprintf(named, sizeof named, "%s", name);
            cr_assert_str_eq(name, named);
            double p = cJSON_GetObjectItem(one, "probability")->valuedouble;
            logit[2 * i + (size_t)k] = log(p / (1 - p));
            const char *path = cJSON_GetObjectItem(item, "path")->valuestring;
            cr_assert(i == 0 || strcmp(path + strlen(path) - 8, "/Citrate") == 0, "%s", path);
        }
        cJSON_Delete(array);
    }
    /* probabilities are floats: the logit of one near 1 is known to eps / (1 - p) */
    double most = fmax(fabs(logit[0]), fabs(logit[1]));
    cr_assert_float_eq(logit[2], 0.5 * (logit[0] + logit[1]), 4 * FMX_TEST_EPS * exp(most) + 1e-6);
    fails("identify $D/model.safetensors $D/raw --out $D/page.html", 2, "needs a query model");
    fails("identify $D/model.safetensors $D/raw --json --all", 2, "needs a query model");
}

Test(identify, trees_and_datasets)
{
    make_model();
    /* a tree with a FID that is damaged, one of another nucleus, and a dataset */
    cr_assert_eq(shell("mkdir $D/t && cp -r $D/raw/Citrate $D/t/Citrate && rm -r "
                       "$D/t/Citrate/[3456] && rm $D/t/Citrate/2/acqu*"),
                 0);
    succeeds("identify $D/model.safetensors $D/t $D/pairs.h5 --json");
    cr_assert(strstr(messages(), "1 of 8 could not be used") != NULL, "%s", messages());
    cr_assert(strstr(messages(), "Citrate/2") != NULL, "%s", messages());
    static char text[65536];
    snprintf(text, sizeof text, "%s/out", folder);
    FILE *file = fopen(text, "r");
    cr_assert_not_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    cJSON *array = cJSON_Parse(text);
    cr_assert_eq(cJSON_GetArraySize(array), 7, "%s", text);
    const cJSON *item = cJSON_GetArrayItem(array, 0);
    const char *const keys[] = {"path", "compounds", "candidates", "threshold", "seconds"};
    for (size_t i = 0; i < FMX__COUNT(keys); ++i)
        cr_assert_not_null(cJSON_GetObjectItem(item, keys[i]), "%s", keys[i]);
    cr_assert_eq(cJSON_GetObjectItem(item, "candidates")->valuedouble, 3);
    cr_assert(strstr(cJSON_GetObjectItem(item, "path")->valuestring, "/t/Citrate/1") != NULL);
    /* every compound at threshold 0, the most probable first */
    double before = 2;
    const cJSON *compound = NULL;
    cJSON_ArrayForEach(compound, cJSON_GetObjectItem(item, "compounds"))
    {
        double p = cJSON_GetObjectItem(compound, "probability")->valuedouble;
        cr_assert(p <= before && p >= cJSON_GetObjectItem(item, "threshold")->valuedouble);
        before = p;
        cr_assert_not_null(cJSON_GetObjectItem(compound, "name"));
        cr_assert_not_null(cJSON_GetObjectItem(compound, "proportion"));
        cr_assert_not_null(cJSON_GetObjectItem(compound, "shift_ppm"));
    }
    cJSON_Delete(array);
    cr_assert_eq(shell("sed -i 's/##\\$NUC1=.*/##$NUC1= <13C>/' $D/t/Citrate/1/acqus"), 0);
    fails("identify $D/model.safetensors $D/t/Citrate/1", 3, "a 13C FID");
    fails("identify $D/model.safetensors $D/nowhere", 3, "nowhere");
    succeeds("process $D/raw/Acetate --out $D/other.h5 --quiet");
    fails("identify $D/model.safetensors $D/other.h5", 3, "1024");
    fails("identify $D/pairs.h5 $D/t", 3, "pairs.h5");
}
