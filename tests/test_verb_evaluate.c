/* `fidmix evaluate` as a user runs it, on a small network trained here. */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fmx_test.h"
#include "program_fixture.h"

static const char recipe[] =
    "fidmix: 1\n"
    "name: small\n"
    "seed: 5\n"
    "database: {validation: 0.25, test: 0.25}\n"
    "mixtures: {mode: random, count: 64, least: 0, most: 2, split: train}\n"
    "model:\n"
    "  - conv1d: {name: lines, filters: 4, kernel: 5, padding: same}\n"
    "  - relu\n"
    "  - flatten\n"
    "  - dense: {name: scores, units: 3}\n"
    "  - sigmoid: {name: presence}\n"
    "train:\n"
    "  source: mixtures\n"
    "  batch: 16\n"
    "  epochs: 3\n"
    "  items: 64\n"
    "  validation_items: 32\n"
    "  loss:\n"
    "    - binary_cross_entropy: {layer: presence}\n"
    "  optimiser:\n"
    "    - adam\n";

/* Spectra of three compounds, a model, test mixtures. */
static void prepare(void)
{
    char path[512];
    folder = fmx_test_folder();
    succeeds("simulate --spins " FMX_SOURCE_DIR "/data/spin_systems.yml --out $D/raw --only "
             "Glycine,Acetate,Formate --per-compound 4 --points 8192 --seed 3 --quiet");
    snprintf(path, sizeof path, "%s/small.yml", folder);
    FILE *file = fopen(path, "w");
    cr_assert(file != NULL && fputs(recipe, file) >= 0 && fclose(file) == 0);
    succeeds("process $D/raw --out $D/s.h5 --set axis.points=512 --quiet");
    succeeds("train $D/s.h5 --recipe $D/small.yml --out $D/m.safetensors --quiet");
    succeeds("mix $D/s.h5 --out $D/pairs.h5 --quiet");
}

static char *content(const char *name)
{
    char path[512];
    char *text = NULL;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    cr_assert_not_null(file, "%s", name);
    text = calloc(1, 8 << 20);
    cr_assert_not_null(text);
    cr_assert_lt(fread(text, 1, (8 << 20) - 1, file), (8U << 20) - 1);
    fclose(file);
    return text;
}

static void check_json(const char *text)
{
    cJSON *json = cJSON_Parse(text);
    cr_assert_not_null(json, "%.200s", text);
    cr_assert_eq(cJSON_GetObjectItem(json, "mixtures")->valuedouble, 6);
    cr_assert_eq(cJSON_GetObjectItem(json, "seed")->valuedouble, 9);
    const cJSON *figure = cJSON_GetObjectItem(json, "f1_micro");
    cr_assert(cJSON_IsNumber(cJSON_GetObjectItem(figure, "low")));
    cr_assert(cJSON_IsNumber(cJSON_GetObjectItem(figure, "high")));
    const cJSON *baseline = cJSON_GetArrayItem(cJSON_GetObjectItem(json, "baselines"), 0);
    cr_assert_str_eq(cJSON_GetObjectItem(baseline, "method")->valuestring, "least squares");
    cJSON_Delete(json);
}

Test(verb_evaluate, report_csv_and_json)
{
    prepare();
    succeeds("evaluate $D/m.safetensors $D/pairs.h5 --out $D/r.html --csv $D/r.csv --json --seed 9 "
             "--bootstrap 50");
    char *text = content("out");
    check_json(text);
    free(text);
    char *report = content("r.html");
    static const char *const parts[] = {"Evaluation of small", "least squares", "id=\"pairs\"",
                                        "validation loss",     "Glycine",       ">lines <span",
                                        "mirrored below",      "fidmix: 1"};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; ++i)
        cr_assert_not_null(strstr(report, parts[i]), "no \"%s\" in the report", parts[i]);
    cr_assert_null(strstr(report, "not at hand"));
    text = content("r.csv");
    size_t lines = 0;
    for (const char *at = text; (at = strchr(at, '\n')) != NULL; ++at)
        ++lines;
    cr_assert_eq(lines, 1 + 6 * 3);
    free(text);
    /* again: nothing is overwritten unasked, and the same bytes come out */
    fails("evaluate $D/m.safetensors $D/pairs.h5 --out $D/r.html", 5, "r.html");
    succeeds("evaluate $D/m.safetensors $D/pairs.h5 --out $D/r.html --seed 9 --bootstrap 50 "
             "--overwrite");
    text = content("out");
    cr_assert_not_null(strstr(text, "false positive rate"));
    free(text);
    text = content("r.html");
    cr_assert_str_eq(text, report);
    free(text);
    free(report);
}

Test(verb_evaluate, refuses_with_reason)
{
    prepare();
    fails("evaluate $D/m.safetensors $D/pairs.h5", 2, "--out is missing");
    fails("evaluate $D/m.safetensors $D/pairs.h5 --out $D/r.html --bootstrap 0", 2, "--bootstrap");
    fails("evaluate $D/none.safetensors $D/pairs.h5 --out $D/r.html", 3, "none.safetensors");
    fails("evaluate $D/m.safetensors $D/s.h5 --out $D/r.html", 3, "labelled mixtures");
    fails("evaluate $D/m.safetensors $D/pairs.h5 --out $D/r.html --set evaluate.threshhold=0.2", 3,
          "threshold");
    /* other compounds */
    succeeds("simulate --spins " FMX_SOURCE_DIR "/data/spin_systems.yml --out $D/raw2 --only "
             "Glycine,Acetate,Methanol --per-compound 2 --points 8192 --quiet");
    succeeds("process $D/raw2 --out $D/s2.h5 --set axis.points=512 "
             "--quiet");
    succeeds("mix $D/s2.h5 --out $D/other.h5 --quiet");
    fails("evaluate $D/m.safetensors $D/other.h5 --out $D/r.html", 3,
          "only in the mixtures: \"Methanol\"; only in the model: \"Formate\"");
    /* another axis */
    succeeds("process $D/raw --out $D/s3.h5 --set axis.points=600 --quiet");
    succeeds("mix $D/s3.h5 --out $D/axis.h5 --quiet");
    fails("evaluate $D/m.safetensors $D/axis.h5 --out $D/r.html", 3, "600");
    cr_assert_eq(shell("test ! -e $D/r.html"), 0);
}

Test(verb_evaluate, without_what_the_mixtures_were_made_of)
{
    prepare();
    cr_assert_eq(shell("mkdir $D/away && mv $D/s.h5 $D/away/renamed.h5"), 0);
    succeeds("evaluate $D/m.safetensors $D/pairs.h5 --out $D/r.html --bootstrap 20");
    cr_assert_not_null(strstr(messages(), "--library"));
    char *report = content("r.html");
    cr_assert_not_null(strstr(report, "were not found"));
    free(report);
    fails("evaluate $D/m.safetensors $D/pairs.h5 --out $D/r2.html --library $D/none.h5", 3,
          "none.h5");
    succeeds("evaluate $D/m.safetensors $D/pairs.h5 --out $D/r2.html --library $D/away/renamed.h5 "
             "--bootstrap 20 --shift 0.02");
    report = content("r2.html");
    cr_assert_not_null(strstr(report, "least squares +-0.02 ppm"));
    free(report);
}
