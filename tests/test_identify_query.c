/* fidmix identify with a query model, as its users see it: a tiny network, a library of four. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "base.h"
#include "fmx_test.h"
#include "program_fixture.h"

static const char recipe[] =
    "fidmix: 1\n"
    "name: small\n"
    "seed: 3\n"
    "axis: {nucleus: 1H, first_ppm: 5, last_ppm: 0.5, points: 9001}\n"
    "process: [digital_filter: {mode: phase_ramp}, apodisation: {window: exponential, lb_hz: 0.3}, "
    "zero_filling: {factor: 2, first_point: 0.5}, fft, autophase, reference: {again: true}, noise, "
    "baseline: {method: percentile}, resample: {outside: zero}]\n"
    "library: {spins: $L, field_mhz: 500, least: 1, most: 4, snr_least: 100, snr_most: 1000, "
    "divide: false, by_noise: true, scale: as_stored}\n"
    "queries: {candidates_least: 2, candidates_most: 6, items: 4}\n"
    "model: [input: {name: query, channels: 25, positions: 192}, "
    "slice: {name: numbers, first: 24, count: 1}, flatten, dense: {units: 16}, relu, "
    "dense: {units: 1}, sigmoid: {name: presence}]\n"
    "train: {source: queries, batch: 16, epochs: 3, items: 256, validation_items: 64, loss: "
    "{binary_cross_entropy: {layer: presence}}, optimiser: {adam: {learning_rate: 0.003}}}\n";

/* A file of the test's folder with a text in it, where $L stands for the library's path. */
static void write_recipe(void)
{
    char path[600];
    folder = fmx_test_folder();
    snprintf(path, sizeof path, "%s/small.yml", folder);
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    const char *at = strstr(recipe, "$L");
    fprintf(file, "%.*s%s/library.h5%s", (int)(at - recipe), recipe, folder, at + 2);
    fclose(file);
}

/* $D/library.h5, $D/model.safetensors and two FIDs each in $D/raw. */
static void make_model(void)
{
    write_recipe();
    succeeds("library spin_systems --only L-Alanine,Citrate,Acetate,Glycine,L-Valine,L-Threonine "
             "--field-mhz 500 --out $D/library.h5 --quiet");
    succeeds("train --recipe $D/small.yml --out $D/model.safetensors --quiet");
    succeeds("simulate --spins spin_systems --only L-Alanine,Citrate --per-compound 2 --water 0 "
             "--field-mhz 500 --out $D/raw --quiet");
}

/* What the last run printed; released by the caller. */
static cJSON *answers(void)
{
    static char text[262144];
    char path[600];
    snprintf(path, sizeof path, "%s/out", folder);
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    cJSON *array = cJSON_Parse(text);
    cr_assert(cJSON_IsArray(array), "%s", text);
    return array;
}

static double number(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItem(object, key);
    cr_assert(cJSON_IsNumber(item), "%s", key);
    return item->valuedouble;
}

/* The compound of that name, named or not; NULL: not looked at. */
static const cJSON *find(const cJSON *item, const char *name)
{
    static const char *const lists[] = {"compounds", "others"};
    for (size_t i = 0; i < 2; ++i) {
        const cJSON *one = NULL;
        cJSON_ArrayForEach(one, cJSON_GetObjectItem(item, lists[i]))
        {
            if (strcmp(cJSON_GetObjectItem(one, "name")->valuestring, name) == 0)
                return one;
        }
    }
    return NULL;
}

static void check_item(const cJSON *item)
{
    static const char *const keys[] = {"path", "compounds", "candidates", "threshold", "seconds"};
    static const char *const of_compound[] = {"name",        "probability", "proportion",
                                              "shift_ppm",   "amount",      "amount_low",
                                              "amount_high", "multiplets",  "against"};
    double before = 1;
    double share = 0;
    const cJSON *one = NULL;
    for (size_t i = 0; i < FMX__COUNT(keys); ++i)
        cr_assert_not_null(cJSON_GetObjectItem(item, keys[i]), "%s", keys[i]);
    cJSON_ArrayForEach(one, cJSON_GetObjectItem(item, "compounds"))
    {
        for (size_t i = 0; i < FMX__COUNT(of_compound); ++i)
            cr_assert_not_null(cJSON_GetObjectItem(one, of_compound[i]), "%s", of_compound[i]);
        double p = number(one, "probability");
        cr_assert(p <= before && p >= number(item, "threshold"));
        cr_assert(number(one, "amount_low") <= number(one, "amount") &&
                  number(one, "amount") <= number(one, "amount_high"));
        before = p;
        share += number(one, "proportion");
    }
    if (cJSON_GetArraySize(cJSON_GetObjectItem(item, "compounds")) > 0)
        cr_assert_float_eq(share, 1, 1e-6);
}

/* Keys and order; where a compound is and how much: the fit does not depend on the network. Alanine
 * lies where the library has it, to a point (0.0005 ppm) or two, and citrate is at most a tenth of
 * it; together with others the same answer. */
Test(identify_query, fids_alone_and_together)
{
    make_model();
    succeeds(
        "identify $D/model.safetensors $D/raw/L-Alanine/1 --library $D/library.h5 --json --all");
    cJSON *alone = answers();
    cr_assert_eq(cJSON_GetArraySize(alone), 1);
    const cJSON *item = cJSON_GetArrayItem(alone, 0);
    check_item(item);
    cr_assert_eq(number(item, "candidates"), 6);
    const cJSON *alanine = find(item, "L-Alanine");
    const cJSON *citrate = find(item, "Citrate");
    cr_assert_not_null(alanine);
    cr_assert_float_eq(number(alanine, "shift_ppm") + number(item, "offset_ppm"), 0, 0.001);
    cr_assert_gt(number(alanine, "amount"), 0);
    if (citrate != NULL)
        cr_assert_lt(number(citrate, "amount"), 0.1 * number(alanine, "amount"));
    succeeds("identify $D/model.safetensors $D/raw --library $D/library.h5 --json --all");
    cJSON *all = answers();
    cr_assert_eq(cJSON_GetArraySize(all), 4);
    const cJSON *same = NULL;
    cJSON_ArrayForEach(same, all)
    {
        check_item(same);
        if (strstr(cJSON_GetObjectItem(same, "path")->valuestring, "L-Alanine/1") != NULL)
            cr_assert_eq(number(find(same, "L-Alanine"), "probability"),
                         number(alanine, "probability"));
    }
    cJSON_Delete(all);
    cJSON_Delete(alone);
}

Test(identify_query, one_answer_for_a_sample_and_a_page)
{
    make_model();
    succeeds("identify $D/model.safetensors $D/raw/L-Alanine --library $D/library.h5 --json --all "
             "--joint --out $D/page.html");
    cJSON *array = answers();
    cr_assert_eq(cJSON_GetArraySize(array), 1);
    const cJSON *item = cJSON_GetArrayItem(array, 0);
    check_item(item);
    cr_assert_eq(cJSON_GetArraySize(cJSON_GetObjectItem(item, "paths")), 2);
    const char *path = cJSON_GetObjectItem(item, "path")->valuestring;
    cr_assert_str_eq(path + strlen(path) - strlen("/L-Alanine"), "/L-Alanine");
    cr_assert_not_null(find(item, "L-Alanine"));
    cJSON_Delete(array);
    cr_assert_eq(shell("grep -q 'from 2 spectra together' $D/page.html"), 0);
    fails("identify $D/model.safetensors $D/raw/L-Alanine --library $D/library.h5 --out "
          "$D/page.html",
          5, "page.html");
    succeeds("identify $D/model.safetensors $D/raw --library $D/library.h5 --out $D/page.html "
             "--overwrite");
    cr_assert_eq(shell("grep -q 'L-Alanine' $D/out && grep -q 'id=\"named-4\"' $D/page.html"), 0);
}

Test(identify_query, datasets_and_spin_systems)
{
    make_model();
    succeeds("process $D/raw --out $D/spectra.h5 --recipe $D/small.yml --quiet");
    succeeds("identify $D/model.safetensors $D/spectra.h5 --library $D/library.h5 --json --all");
    cJSON *rows = answers();
    cr_assert_eq(cJSON_GetArraySize(rows), 4);
    for (int i = 0; i < 4; ++i) {
        check_item(cJSON_GetArrayItem(rows, i));
        cr_assert_eq(number(cJSON_GetArrayItem(rows, i), "row"), i);
    }
    cJSON_Delete(rows);
    /* spin systems take the spectrum's field, whatever it is */
    succeeds("simulate --spins spin_systems --only L-Alanine --per-compound 1 --water 0 "
             "--field-mhz 400 --out $D/other --quiet");
    succeeds("identify $D/model.safetensors $D/other $D/raw/L-Alanine/1 --library spin_systems "
             "--json --all --quiet");
    cJSON *both = answers();
    cr_assert_eq(cJSON_GetArraySize(both), 2);
    for (int i = 0; i < 2; ++i)
        cr_assert_not_null(find(cJSON_GetArrayItem(both, i), "L-Alanine"));
    cJSON_Delete(both);
    fails("identify $D/model.safetensors $D/other $D/raw --library spin_systems --joint --quiet", 0,
          "of one field");
}

/* --set changes how a model is used, not what was trained. */
Test(identify_query, settings_of_a_model)
{
    make_model();
    succeeds("identify $D/model.safetensors $D/raw --library $D/library.h5 --json "
             "--set evaluate.threshold=0.9999 --set queries.detect=1000");
    cJSON *items = answers();
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, items)
    {
        cr_assert_eq(number(item, "threshold"), 0.9999);
        /* three epochs make no network as sure as that */
        cr_assert_eq(cJSON_GetArraySize(cJSON_GetObjectItem(item, "compounds")), 0);
    }
    cr_assert_eq(cJSON_GetArraySize(items), 4);
    cJSON_Delete(items);
    fails("identify $D/model.safetensors $D/raw --library $D/library.h5 --set queries.detekt=1", 3,
          "detekt");
    fails("identify $D/model.safetensors $D/raw --library $D/library.h5 --set train.epochs=9", 3,
          "only process, queries and evaluate.threshold");
}

Test(identify_query, what_is_refused)
{
    make_model();
    fails("identify $D/model.safetensors $D/raw", 2, "is a query model");
    fails("identify no_such_model $D/raw", 3, "no_such_model");
    fails("identify $D/model.safetensors $D/raw --library $D/nowhere.h5", 3, "nowhere.h5");
    fails("identify $D/model.safetensors $D/nowhere --library $D/library.h5", 3, "nowhere");
    succeeds("library spin_systems --only L-Alanine --field-mhz 700 --out $D/l700.h5 --quiet");
    fails("identify $D/model.safetensors $D/raw/Citrate/1 --library $D/l700.h5", 3,
          "--field-mhz 500");
    succeeds("library spin_systems --only Formate --field-mhz 500 --out $D/formate.h5 --quiet");
    fails("identify $D/model.safetensors $D/raw/Citrate/1 --library $D/formate.h5", 3,
          "none of its compounds has a line between 0.5 and 5 ppm");
    cr_assert_eq(shell("sed -i 's/##\\$NUC1=.*/##$NUC1= <13C>/' $D/raw/Citrate/1/acqus"), 0);
    fails("identify $D/model.safetensors $D/raw/Citrate/1 --library $D/library.h5", 3, "a 13C FID");
    /* the others are answered */
    succeeds("identify $D/model.safetensors $D/raw/Citrate --library $D/library.h5");
    cr_assert(strstr(messages(), "1 of 2 could not be used") != NULL, "%s", messages());
}
