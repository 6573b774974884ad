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

/* Writes the mixtures of $D/pairs.h5 once more: classes in reverse, and with nan_row >= 0 one NaN.
 */
static void copy_reversed(const fmx_test *test, const char *to, int nan_row)
{
    char path[512];
    fmx_dataset *from = NULL;
    fmx_dataset_writer *writer = NULL;
    const char *source[64];
    const char *name[8];
    char **row_name = NULL;
    snprintf(path, sizeof path, "%s/pairs.h5", folder);
    fmx_test_ok(test, fmx_dataset_open(test->ctx, path, &from), "open");
    const fmx_dataset_info *info = fmx_dataset_describe(from);
    cr_assert(info->rows <= 64 && info->classes <= 8);
    for (size_t i = 0; i < info->rows; ++i)
        source[i] = "elsewhere.h5";
    for (size_t c = 0; c < info->classes; ++c)
        name[c] = info->class_name[info->classes - 1 - c];
    const fmx_dataset_plan plan = {.rows = info->rows,
                                   .points = info->points,
                                   .ppm = info->ppm,
                                   .source = source,
                                   .recipe = info->recipe,
                                   .nucleus = info->nucleus,
                                   .class_name = name,
                                   .classes = info->classes};
    float *spectrum = malloc(info->points * sizeof *spectrum);
    cr_assert_not_null(spectrum);
    snprintf(path, sizeof path, "%s/%s", folder, to);
    fmx_test_ok(test, fmx_dataset_writer_open(test->ctx, path, &plan, &writer), "writer");
    fmx_test_ok(test, fmx_dataset_read_text(from, "name", 0, info->rows, &row_name), "names");
    for (size_t i = 0; i < info->rows; ++i) {
        float target[8];
        float reversed[8];
        fmx_test_ok(test, fmx_dataset_read_spectra(from, i, 1, spectrum), "spectrum");
        fmx_test_ok(test, fmx_dataset_read_column(from, "target", FMX_COLUMN_FLOAT, i, 1, target),
                    "target");
        for (size_t c = 0; c < info->classes; ++c)
            reversed[c] = target[info->classes - 1 - c];
        if ((int)i == nan_row)
            spectrum[7] = NAN;
        const fmx_dataset_row row = {.name = row_name[i], .spectrum = spectrum, .target = reversed};
        fmx_test_ok(test, fmx_dataset_writer_append(writer, i, &row), "append");
    }
    fmx_test_ok(test, fmx_dataset_writer_finish(writer), "finish");
    fmx_dataset_writer_close(writer);
    fmx_dataset_close(from);
    free(row_name);
    free(spectrum);
}

Test(verb_evaluate, classes_in_another_order_and_nan)
{
    fmx_test test = fmx_test_open_host();
    prepare();
    copy_reversed(&test, "reversed.h5", -1);
    copy_reversed(&test, "nan.h5", 4);
    succeeds("evaluate $D/m.safetensors $D/pairs.h5 --out $D/a.html --csv $D/a.csv --bootstrap 20");
    succeeds("evaluate $D/m.safetensors $D/reversed.h5 --out $D/b.html --csv $D/b.csv --bootstrap "
             "20");
    cr_assert_eq(shell("sort $D/a.csv > $D/a.txt && sort $D/b.csv > $D/b.txt && "
                       "cmp $D/a.txt $D/b.txt && ! cmp -s $D/a.csv $D/b.csv"),
                 0, "the same proportions, in another order");
    fails("evaluate $D/m.safetensors $D/nan.h5 --out $D/c.html --csv $D/c.csv", 3,
          "nan.h5: mixture 4, point 7");
    cr_assert_eq(shell("test ! -e $D/c.html && test ! -e $D/c.csv"), 0);
    fmx_test_close(&test);
}
