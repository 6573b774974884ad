/* Sources of training that generate their items: what an item is, and trainings on them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "decay_ref.h"
#include "decay_set.h"
#include "fmx_test.h"
#include "line_fit_ref.h"
#include "multiplets.h"
#include "source.h"
#include "train_fixture.h"
#include "train_section.h"

enum { PATH = 600, VALUES = 126 };

static const fmx__multiplets_options *defaults(void)
{
    return fmx__multiplets_group.defaults;
}

static fmx__multiplets made(const fmx_test *test, const fmx__multiplets_options *options)
{
    fmx__multiplets m;
    fmx_test_ok(test, fmx__multiplets_create(test->ctx, options, 5, &m), "multiplets");
    return m;
}

/* ---- the library and its mixtures ------------------------------------------------------------ */

Test(source, library_has_distinct_compounds_of_the_six_multiplets)
{
    fmx_test test = fmx_test_open_host();
    fmx__multiplets_options o = *defaults();
    size_t lines[7] = {0};
    for (int64_t seed = 0; seed < 50; ++seed) {
        o.library = seed;
        fmx__multiplets m = made(&test, &o);
        cr_assert_eq(m.file.compounds, 10);
        cr_assert_eq(m.values, VALUES);
        for (size_t c = 0; c < m.file.compounds; ++c) {
            const double *area = m.file.area + c * VALUES;
            for (size_t k = 0; k < c; ++k)
                cr_assert_neq(memcmp(area, m.file.area + k * VALUES, VALUES * sizeof *area), 0);
            for (size_t p = 0; p < 21; ++p) {
                size_t count = 0;
                for (size_t l = 0; l < 6; ++l)
                    count += area[6 * p + l] > 0;
                ++lines[count];
            }
        }
        fmx__multiplets_clear(&m);
    }
    /* a place is empty with probability 0.9^2; 10500 places, six standard deviations of 0.004 */
    cr_assert_float_eq((double)lines[0] / 10500, 0.81, 0.024);
    /* the longest of two multiplets is n lines, all kinds equally often */
    for (size_t n = 1; n <= 6; ++n)
        cr_assert_float_eq((double)lines[n] / 10500, 0.19 / 6, 0.012, "%zu lines", n);
    fmx_test_close(&test);
}

Test(source, every_mixture_is_trained_on_or_held_out)
{
    fmx_test test = fmx_test_open_host();
    fmx__multiplets_options o = *defaults();
    bool seen[10][10][10] = {{{false}}};
    o.mixtures = FMX__MULTIPLETS_ALL;
    fmx__multiplets m = made(&test, &o);
    const fmx__multiplet_list *lists[] = {fmx__multiplets_list(&m, FMX__SPLIT_TRAIN),
                                          fmx__multiplets_list(&m, FMX__SPLIT_TEST)};
    cr_assert_eq(lists[0]->count, 150);
    cr_assert_eq(lists[1]->count, 70);
    for (size_t i = 0; i < 220; ++i) {
        const uint32_t *at =
            i < 150 ? lists[0]->compound + 3 * i : lists[1]->compound + 3 * (i - 150);
        cr_assert(at[0] <= at[1] && at[1] <= at[2] && at[2] < 10);
        cr_assert_not(seen[at[0]][at[1]][at[2]]);
        seen[at[0]][at[1]][at[2]] = true;
    }
    fmx__multiplets_clear(&m);
    o.held_out = 220;
    fmx_test_refused(&test, fmx__multiplets_create(test.ctx, &o, 5, &m), FMX_ERROR_RECIPE,
                     "220 mixtures of 220");
    fmx__multiplets_clear(&m);
    o = *defaults();
    o.positions = 1;
    o.compounds = 100;
    fmx_context_clear(test.ctx);
    fmx_test_refused(&test, fmx__multiplets_create(test.ctx, &o, 5, &m), FMX_ERROR_RECIPE,
                     "no 100 different compounds");
    fmx__multiplets_clear(&m);
    fmx_test_close(&test);
}

/* The input is the sum of the sources, in either layout; areas stay within their spread. */
Test(source, item_is_the_sum_of_its_parts)
{
    fmx_test test = fmx_test_open_host();
    fmx__multiplets_options o = *defaults();
    float input[2][VALUES];
    float sources[2][3 * VALUES];
    o.mixtures = FMX__MULTIPLETS_ALL;
    o.area_spread = 0.1;
    fmx__multiplets m = made(&test, &o);
    for (int layout = 0; layout < 2; ++layout) {
        fmx__multiplets_item item = {.input = input[layout], .sources = sources[layout]};
        o.layout = layout;
        memset(sources, 0, sizeof sources);
        fmx__multiplets_make(&m, FMX__SPLIT_TRAIN, 77, 3, &item);
        for (size_t i = 0; i < VALUES; ++i) {
            float sum = 0;
            for (size_t k = 0; k < 3; ++k) {
                float value = sources[layout][k * VALUES + i];
                size_t at = layout == 0 ? i : i % 21 * 6 + i / 21;
                double pure = m.file.area[item.compound[k] * VALUES + at];
                cr_assert_float_eq(value, pure, 0.1 * pure + 1e-5);
                sum += value;
            }
            cr_assert_eq(input[layout][i], sum);
        }
    }
    for (size_t i = 0; i < VALUES; ++i)
        cr_assert_eq(input[1][i], input[0][i % 21 * 6 + i / 21]);
    fmx__multiplets_clear(&m);
    fmx_test_close(&test);
}

Test(source, noise_has_its_standard_deviation)
{
    fmx_test test = fmx_test_open_host();
    fmx__multiplets_options o = *defaults();
    float input[VALUES];
    float sources[3 * VALUES];
    double sum = 0;
    double squares = 0;
    enum { ITEMS = 500 };
    o.noise = 0.3;
    fmx__multiplets m = made(&test, &o);
    for (uint64_t number = 0; number < ITEMS; ++number) {
        fmx__multiplets_item item = {.input = input, .sources = sources};
        fmx__multiplets_make(&m, FMX__SPLIT_TEST, number, 0, &item);
        for (size_t i = 0; i < VALUES; ++i) {
            double noise = (double)input[i] - (double)sources[i] - (double)sources[VALUES + i] -
                           (double)sources[2 * VALUES + i];
            sum += noise;
            squares += noise * noise;
        }
    }
    /* 63000 values: six standard errors of mean and variance */
    cr_assert_float_eq(sum / (ITEMS * VALUES), 0, 6 * 0.3 / sqrt(ITEMS * VALUES));
    cr_assert_float_eq(squares / (ITEMS * VALUES), 0.09, 6 * 0.09 * sqrt(2.0 / (ITEMS * VALUES)));
    fmx__multiplets_clear(&m);
    fmx_test_close(&test);
}

/* ---- the file -------------------------------------------------------------------------------- */

Test(source, published_file)
{
    fmx_test test = fmx_test_open_host();
    fmx__multiplets_options o = *defaults();
    static const uint32_t first[] = {0, 2, 2, 4, 6, 1};
    snprintf(o.path, sizeof o.path, "%s", fmx_test_shared("data/toy_separation/singles.json"));
    fmx__multiplets m = made(&test, &o);
    cr_assert_eq(m.file.compounds, 10);
    cr_assert_eq(m.file.positions, 21);
    cr_assert_eq(m.file.lines, 6);
    cr_assert_eq(m.file.train.count, 10);
    cr_assert_eq(m.file.test.count, 10);
    cr_assert_arr_eq(m.file.train.compound, first, sizeof first);
    cr_assert_eq(m.file.area[4 * 6 + 1], 3); /* a quartet at place 4 of compound 0 */
    fmx__multiplets_clear(&m);
    fmx_test_close(&test);
}

Test(source, damaged_files_are_refused)
{
    static const struct {
        const char *text;
        const char *part;
    } cases[] = {
        {"{", "is not JSON"},
        {"[]", "singles: lists of areas"},
        {"{\"singles\": [[[]]]}", "singles: lists of areas"},
        {"{\"singles\": [[[1]], [[1], [1]]]}", "singles[1]: a list as long as the others"},
        {"{\"singles\": [[[1], [1, 2]]]}", "singles[0]: as many lines at every position"},
        {"{\"singles\": [[[\"1\"]]]}", "singles[0]: an area from 0 to 1e6"},
        {"{\"singles\": [[[-1]]]}", "singles[0]: an area from 0 to 1e6"},
        {"{\"singles\": [[[1]]]}", "train: a list of mixtures"},
        {"{\"singles\": [[[1]]], \"train\": [[0]], \"test\": [[0, 0]]}",
         "test[0]: as many compounds as in the others"},
        {"{\"singles\": [[[1]]], \"train\": [[1]]}", "train[0]: a number of a compound"},
        {"{\"singles\": [[[1]]], \"train\": [[0.5]]}", "train[0]: a number of a compound"},
        {"{\"singles\": [[[1]]], \"train\": [[0,0,0,0,0,0,0,0,0]], \"test\": "
         "[[0,0,0,0,0,0,0,0,0]]}",
         "mixtures of 9 compounds; 8 are possible"},
    };
    fmx_test test = fmx_test_open_host();
    fmx__multiplets_options o = *defaults();
    fmx__multiplets m;
    snprintf(o.path, sizeof o.path, "%s/m.json", fmx_test_folder());
    fmx_test_refused(&test, fmx__multiplets_create(test.ctx, &o, 5, &m), FMX_ERROR_NOT_FOUND,
                     "m.json");
    for (size_t i = 0; i < FMX__COUNT(cases); ++i) {
        FILE *file = fopen(o.path, "w");
        cr_assert_not_null(file);
        fputs(cases[i].text, file);
        fclose(file);
        fmx_context_clear(test.ctx);
        fmx_test_refused(&test, fmx__multiplets_create(test.ctx, &o, 5, &m), FMX_ERROR_FORMAT,
                         cases[i].part);
        fmx__multiplets_clear(&m);
    }
    fmx_test_close(&test);
}

/* ---- batches of a source --------------------------------------------------------------------- */

static const char toy_recipe[] = "fidmix: 1\n"
                                 "seed: 4\n"
                                 "multiplets: {mixtures: all, area_spread: 0.1, noise: 0.05}\n"
                                 "model:\n"
                                 "  - input: {channels: 6, positions: 21}\n"
                                 "  - flatten\n"
                                 "  - dense: {units: 32}\n"
                                 "  - relu\n"
                                 "  - dense: {units: 10}\n"
                                 "  - softmax\n"
                                 "train:\n"
                                 "  source: multiplets\n"
                                 "  epochs: 8\n"
                                 "  batch: 16\n"
                                 "  validation_items: 40\n"
                                 "  loss: cross_entropy\n"
                                 "  optimiser: {adam: {learning_rate: 0.01}}\n";

typedef struct opened {
    fmx__recipe recipe;
    const fmx__train *train;
    fmx__source source;
    fmx__source_batch batch;
} opened;

static void open_source(const fmx_test *test, const char *text, const char *set, opened *o)
{
    fmx_test_ok(test,
                fmx__recipe_parse(test->ctx, "r.yml", text, strlen(text), &fmx__recipe_schema_full,
                                  &set, set != NULL, &o->recipe),
                "recipe");
    fmx_test_ok(test, fmx__train_options(test->ctx, &o->recipe, &o->train), "train");
    const fmx__source_site site = {test->device, &o->recipe, o->train, NULL};
    fmx_test_ok(test, fmx__source_open(&site, &o->source), "source");
    o->batch = (fmx__source_batch){0};
    size_t batch = (size_t)o->train->batch;
    size_t bytes = batch * o->source.channels * o->source.positions * sizeof(float);
    fmx_test_ok(test, fmx_buffer_create(test->device, bytes, &o->batch.input), "input");
    for (size_t i = 0; i < o->source.target_count; ++i) {
        const fmx__source_target *t = &o->source.target[i];
        fmx_test_ok(test,
                    fmx_buffer_create(test->device,
                                      batch * t->channels * t->positions * sizeof(float),
                                      &o->batch.target[i]),
                    "target");
    }
}

static void close_source(opened *o)
{
    fmx_buffer_release(o->batch.input);
    for (size_t i = 0; i < FMX__SOURCE_TARGETS; ++i)
        fmx_buffer_release(o->batch.target[i]);
    fmx__source_close(&o->source);
    fmx__recipe_clear(&o->recipe);
}

/* Item number `item` of an epoch: its input and all its targets, one behind the other. */
static size_t read_item(const fmx_test *test, opened *o, fmx__split split, size_t epoch,
                        size_t item, float *out)
{
    size_t batch = (size_t)o->train->batch;
    size_t row = item % batch;
    size_t floats = o->source.channels * o->source.positions;
    size_t all = floats;
    fmx_test_ok(test, fmx__source_next(&o->source, split, epoch, item / batch, &o->batch), "batch");
    cr_assert_lt(row, o->batch.count);
    fmx_test_ok(
        test,
        fmx_buffer_read(o->batch.input, row * floats * sizeof(float), out, floats * sizeof(float)),
        "input");
    for (size_t i = 0; i < o->source.target_count; ++i) {
        floats = o->source.target[i].channels * o->source.target[i].positions;
        fmx_test_ok(test,
                    fmx_buffer_read(o->batch.target[i], row * floats * sizeof(float), out + all,
                                    floats * sizeof(float)),
                    "target");
        all += floats;
    }
    return all;
}

enum { ITEM_MOST = 20000 };

/* What an item is depends on (seed, epoch, item) alone. */
static void check_items(const char *text, size_t items)
{
    static float got[4][ITEM_MOST];
    static const char *const sets[] = {"train.batch=16", "train.batch=7"};
    fmx_test test = fmx_test_open();
    opened one;
    opened other;
    open_source(&test, text, sets[0], &one);
    open_source(&test, text, sets[1], &other);
    cr_assert_eq(one.source.items[FMX__SPLIT_TRAIN], items);
    for (size_t split = 0; split < FMX__SPLITS; ++split) {
        size_t floats = read_item(&test, &one, (fmx__split)split, 2, 19, got[0]);
        cr_assert_leq(floats, ITEM_MOST);
        read_item(&test, &other, (fmx__split)split, 1, 3, got[1]); /* another one in between */
        read_item(&test, &other, (fmx__split)split, 2, 19, got[1]);
        read_item(&test, &one, (fmx__split)split, 3, 19, got[2]);
        cr_assert_arr_eq(got[0], got[1], floats * sizeof(float), "split %zu", split);
        cr_assert_neq(memcmp(got[0], got[2], floats * sizeof(float)), 0, "split %zu", split);
    }
    close_source(&one);
    close_source(&other);
    fmx_test_close(&test);
}

Test(source, items_depend_on_seed_epoch_and_number)
{
    check_items(toy_recipe, 150);
}

static const char decay_recipe[] =
    "fidmix: 1\n"
    "seed: 4\n"
    "decays: {points: 512, sample_hz: 512, frequency_least_hz: 20, frequency_most_hz: 200, "
    "frequencies: 30, times: 20, fresh: true}\n"
    "model:\n"
    "  - input: {positions: 512}\n"
    "  - flatten\n"
    "  - dense: {units: 128}\n"
    "  - relu\n"
    "  - dense: {units: 256}\n"
    "train:\n"
    "  source: decays\n"
    "  epochs: 6\n"
    "  batch: 16\n"
    "  loss: mse\n"
    "  optimiser: {adam: {learning_rate: 0.003}}\n";

Test(source, decays_depend_on_seed_epoch_and_number)
{
    check_items(decay_recipe, 456);
}

/* The published numbers: 1250 decays, 95 % of them kept, a fifth of those to validate; they stay
 * from epoch to epoch. Spectrum and line are those of the decay. */
Test(source, decays_as_published)
{
    static float got[2][ITEM_MOST];
    fmx_test test = fmx_test_open();
    opened o;
    size_t line = 0;
    open_source(&test,
                "fidmix: 1\nmodel: [dense: {units: 3}]\ntrain: {source: decays, loss: mse, "
                "optimiser: sgd, batch: 25}\n",
                NULL, &o);
    cr_assert_eq(o.source.items[FMX__SPLIT_TRAIN], 949);
    cr_assert_eq(o.source.items[FMX__SPLIT_VALIDATION], 238);
    cr_assert_eq(o.source.items[FMX__SPLIT_TEST], 63);
    cr_assert_eq(o.source.positions, 4000);
    cr_assert(fmx__source_find_target(&o.source, "line", &line));
    for (size_t item = 0; item < 60; item += 7) {
        double magnitude[2000];
        double expected[4];
        read_item(&test, &o, FMX__SPLIT_VALIDATION, 0, item, got[0]);
        read_item(&test, &o, FMX__SPLIT_VALIDATION, 5, item, got[1]);
        cr_assert_arr_eq(got[0], got[1], 6003 * sizeof(float));
        fmx_ref_decay_magnitude(magnitude, got[0], 4000);
        for (size_t k = 0; k < 2000; ++k)
            cr_assert_float_eq(got[0][4000 + k], magnitude[k], 1e-5);
        fmx_ref_line_fit(expected, got[0] + 4000, 2000, 1, 0.049, false);
        for (size_t i = 0; i < 3; ++i)
            cr_assert_float_eq(got[0][6000 + i], expected[i], 1e-4 * fabs(expected[i]));
        cr_assert(expected[0] > 49 && expected[0] < 1001);
        cr_assert_gt(expected[2], 0);
    }
    close_source(&o);
    fmx_test_close(&test);
}

/* Labels, proportions and sources say the same; zeros behind the last item. */
Test(source, targets_agree)
{
    fmx_test test = fmx_test_open();
    opened o;
    static float got[ITEM_MOST];
    size_t index = 0;
    float rest = 1;
    open_source(&test, toy_recipe, "multiplets.noise=0", &o);
    cr_assert(fmx__source_find_target(&o.source, "sources", &index));
    cr_assert_not(fmx__source_find_target(&o.source, "line", &index));
    cr_assert_eq(o.source.classes, 10);
    cr_assert_str_eq(o.source.class_name[9], "c9");
    for (size_t item = 0; item < 150; item += 29) {
        read_item(&test, &o, FMX__SPLIT_TRAIN, 0, item, got);
        const float *labels = got + VALUES;
        const float *classes = labels + 3;
        const float *sources = classes + 10;
        for (size_t c = 0; c < 10; ++c) {
            double share = 0;
            for (size_t k = 0; k < 3; ++k)
                share += labels[k] == (float)c ? 1.0 / 3 : 0;
            cr_assert_float_eq(classes[c], share, 4 * FMX_TEST_EPS);
        }
        for (size_t i = 0; i < VALUES; ++i)
            cr_assert_eq(got[i], sources[i] + sources[VALUES + i] + sources[2 * VALUES + i]);
    }
    fmx_test_ok(&test, fmx__source_next(&o.source, FMX__SPLIT_TRAIN, 0, 9, &o.batch), "last");
    cr_assert_eq(o.batch.count, 150 - 9 * 16);
    fmx_test_ok(
        &test,
        fmx_buffer_read(o.batch.input, o.batch.count * VALUES * sizeof(float), &rest, sizeof rest),
        "rest");
    cr_assert_eq(rest, 0);
    fmx_test_refused(&test, fmx__source_next(&o.source, FMX__SPLIT_TRAIN, 0, 10, &o.batch),
                     FMX_ERROR_ARGUMENT, "multiplets: batch 10 of 10");
    close_source(&o);
    fmx_test_close(&test);
}

/* ---- training -------------------------------------------------------------------------------- */

Test(source, trains_without_a_dataset)
{
    fmx_test test = fmx_test_open();
    char out[2][PATH];
    fmx__train_result result[2];
    size_t bytes[2];
    char *model[2];
    for (size_t i = 0; i < 2; ++i) {
        snprintf(out[i], PATH, "%s/m%zu.safetensors", fmx_test_folder(), i);
        fmx_train_run run = {.recipe = toy_recipe, .out = out[i]};
        fmx_test_ok(&test, fmx_train(test.device, &run, &result[i]), "train");
        model[i] = fmx_train_bytes(out[i], &bytes[i]);
    }
    cr_assert_eq(result[0].epochs, 8);
    cr_assert_not(result[0].names_compounds);
    /* proportions of three compounds: no less than their entropy, at most log 3; begun at log 10 */
    cr_assert_lt(result[0].best_loss, 1.5);
    cr_assert_eq(bytes[0], bytes[1]);
    cr_assert_arr_eq(model[0], model[1], bytes[0]);
    free(model[0]);
    free(model[1]);
    fmx_test_close(&test);
}

/* Numbers are scored: a network that has learned nothing has R2 0, this one has learned much. */
Test(source, learns_spectra_of_decays)
{
    fmx_test test = fmx_test_open();
    char out[PATH];
    char csv[PATH + 32];
    size_t bytes = 0;
    double rmse = 0;
    double r2 = 0;
    static const char *const set[] = {"decays.frequencies=4", "decays.times=100", "train.epochs=40",
                                      NULL};
    snprintf(out, sizeof out, "%s/m.safetensors", fmx_test_folder());
    fmx_train_run run = {.recipe = decay_recipe, .set = set, .out = out};
    fmx_test_ok(&test, fmx_train(test.device, &run, NULL), "train");
    snprintf(csv, sizeof csv, "%s.history.csv", out);
    char *text = fmx_train_bytes(csv, &bytes);
    cr_assert_not_null(text);
    text[bytes] = '\0';
    cr_assert_not_null(strstr(text, ",validation_rmse,validation_r2\n"));
    text[bytes - 1] = '\0';
    const char *at = strrchr(text, ',');
    r2 = strtod(at + 1, NULL);
    while (*--at != ',')
        continue;
    rmse = strtod(at + 1, NULL);
    cr_assert(rmse > 0 && rmse < 1, "%g", rmse);
    cr_assert(r2 > 0.3 && r2 < 1, "%g", r2);
    free(text);
    fmx_test_close(&test);
}

/* What the limits of decays allow. */
Test(source, decay_sets_are_checked)
{
    fmx_test test = fmx_test_open_host();
    fmx__decays_options o = *(const fmx__decays_options *)fmx__decays_group.defaults;
    fmx__decay_set set;
    o.t2_least_s = 5;
    fmx_test_refused(&test, fmx__decay_set_create(test.ctx, &o, 1, &set), FMX_ERROR_RECIPE,
                     "t2_least_s and t2_most_s: 5 is above 4");
    fmx__decay_set_clear(&set);
    o = *(const fmx__decays_options *)fmx__decays_group.defaults;
    o.frequencies = o.times = 1;
    o.test = 0.5;
    fmx_context_clear(test.ctx);
    fmx_test_refused(&test, fmx__decay_set_create(test.ctx, &o, 1, &set), FMX_ERROR_RECIPE,
                     "none of 1 is left to train on");
    fmx__decay_set_clear(&set);
    fmx_test_close(&test);
}

/* Labels are scored, each epoch has its row, and an interruption changes nothing. */
Test(source, scores_of_labels_go_on_after_an_interruption)
{
    static const char recipe[] = "fidmix: 1\n"
                                 "multiplets: {mixtures: all}\n"
                                 "model:\n"
                                 "  - input: {channels: 6, positions: 21}\n"
                                 "  - flatten\n"
                                 "  - dense: {units: 30}\n"
                                 "  - reshape: {channels: 10, positions: 3}\n"
                                 "  - softmax\n"
                                 "train:\n"
                                 "  source: multiplets\n"
                                 "  epochs: 5\n"
                                 "  batch: 16\n"
                                 "  loss: {cross_entropy: {target: labels}}\n"
                                 "  optimiser: {adam: {learning_rate: 0.01}}\n";
    fmx_test test = fmx_test_open();
    char out[2][PATH];
    char csv[2 * PATH + 32];
    size_t bytes[2];
    char *model[2];
    for (size_t i = 0; i < 2; ++i) {
        snprintf(out[i], PATH, "%s/m%zu.safetensors", fmx_test_folder(), i);
        fmx_train_run run = {.recipe = recipe, .out = out[i], .resume = i == 1};
        if (i == 1) {
            fmx_train_stopper s = {test.ctx, 25}; /* in the third epoch of ten steps */
            fmx_context_set_progress(test.ctx, fmx_train_count_down, &s);
            fmx_test_refused(&test, fmx_train(test.device, &run, NULL), FMX_ERROR_INTERRUPTED,
                             "interrupted");
            fmx_test_close(&test);
            test = fmx_test_open();
        }
        fmx_test_ok(&test, fmx_train(test.device, &run, NULL), "train");
        snprintf(csv, sizeof csv, "%s.history.csv", out[i]);
        model[i] = fmx_train_bytes(csv, &bytes[i]);
        cr_assert_not_null(model[i]);
    }
    model[0][bytes[0]] = '\0';
    cr_assert_not_null(strstr(model[0], ",validation_labels,validation_labels_any_order,"
                                        "validation_hits,validation_hits_mean\n"));
    cr_assert_eq(bytes[0], bytes[1]);
    cr_assert_arr_eq(model[0], model[1], bytes[0]);
    /* the last row: hits are three times the share, their mean that of the five rows */
    double labels = 0;
    double any = 0;
    double hits = 0;
    double mean = 0;
    double sum = 0;
    size_t rows = 0;
    for (const char *line = strchr(model[0], '\n') + 1; *line != '\0';
         line = strchr(line, '\n') + 1, ++rows) {
        const char *at = line;
        size_t columns = 1;
        for (const char *end = line; *end != '\n'; ++end)
            columns += *end == ',';
        for (size_t c = 0; c + 4 < columns; ++c)
            at = strchr(at, ',') + 1;
        cr_assert_eq(sscanf(at, "%lg,%lg,%lg,%lg", &labels, &any, &hits, &mean), 4, "%s", line);
        sum += hits;
        cr_assert_float_eq(hits, 3 * labels, 1e-6);
        cr_assert_geq(any, labels - 1e-9);
    }
    cr_assert_eq(rows, 5);
    cr_assert_float_eq(mean, sum / 5, 1e-6);
    cr_assert_gt(labels, 0.2);
    free(model[0]);
    free(model[1]);
    fmx_test_close(&test);
}

static fmx_status train_once(void *user)
{
    const fmx_test *test = user;
    static const char *const set[] = {"train.epochs=1", "train.items=16",
                                      "train.validation_items=5", NULL};
    char out[PATH];
    snprintf(out, sizeof out, "%s/f.safetensors", fmx_test_folder());
    unlink(out);
    fmx_train_run run = {.recipe = toy_recipe, .set = set, .out = out};
    fmx_status status = fmx_train(test->device, &run, NULL);
    strcat(out, ".last");
    unlink(out);
    return status;
}

Test(source, failing_allocations)
{
    fmx_test test = fmx_test_open();
    fmx_test_each_failure(&test, train_once, &test);
    fmx_test_close(&test);
}

Test(source, refusals)
{
    static const struct {
        const char *set;
        const char *spectra;
        fmx_status status;
        const char *part;
    } cases[] = {
        {"train.source=mixtures", NULL, FMX_ERROR_USAGE, "mixtures are made of spectra: name the"},
        {"train.source=multiplets", "s.h5", FMX_ERROR_USAGE,
         "they take no dataset: leave \"s.h5\""},
        {"multiplets.positions=20", NULL, FMX_ERROR_RECIPE,
         "begin the model with \"input: {channels: 6, positions: 20}\""},
        {"train.loss.cross_entropy.target=line", NULL, FMX_ERROR_RECIPE,
         "target: multiplets has no \"line\""},
    };
    fmx_test test = fmx_test_open();
    char out[PATH];
    snprintf(out, sizeof out, "%s/m.safetensors", fmx_test_folder());
    for (size_t i = 0; i < FMX__COUNT(cases); ++i) {
        const char *const set[] = {cases[i].set, NULL};
        fmx_train_run run = {
            .recipe = toy_recipe, .set = set, .spectra = cases[i].spectra, .out = out};
        fmx_test_refused(&test, fmx_train(test.device, &run, NULL), cases[i].status, cases[i].part);
        fmx_context_clear(test.ctx);
    }
    fmx_test_close(&test);
}
