/* The query chain and the source `queries`: what is asked about a mixture, and that it depends on
 * nothing else. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fmx_test.h"
#include "generator.h"
#include "mixture_draw.h"
#include "query_chain_internal.h"
#include "query_model.h"
#include "source.h"
#include "train_fixture.h"
#include "trainer_internal.h"

enum { POINTS = 9501, ITEM = FMX__QUERY_CHANNELS * FMX__QUERY_WINDOW };

/* 0.001 ppm a point, twelve compounds, a network of few weights. */
static const char recipe_text[] =
    "fidmix: 1\n"
    "seed: 4\n"
    "axis: {nucleus: 1H, first_ppm: 10, last_ppm: 0.5, points: 9501}\n"
    "library:\n"
    "  spins: spin_systems\n"
    "  only: [L-Alanine, L-Valine, L-Lactate, L-Threonine, Succinate, Citrate, Creatine, Glycine,\n"
    "         Taurine, Choline, L-Lysine, Formate]\n"
    "  field_mhz: 500\n"
    "  least: 2\n"
    "  most: 5\n"
    "  scale: as_stored\n"
    "  snr_least: 300\n"
    "  snr_most: 1000\n"
    "  widths: mixture\n"
    "  shifts: heavy\n"
    "  shift_ppm: 0.02\n"
    "  offset_ppm: 0.01\n"
    "  divide: false\n"
    "  by_noise: true\n"
    "queries: {candidates_least: 20, candidates_most: 40, items: 8, offset_ppm: 0.02,\n"
    "          unknown: 0}\n"
    "model:\n"
    "  - input: {name: query, channels: 25, positions: 192}\n"
    "  - slice: {name: numbers, first: 24, count: 1}\n"
    "  - flatten\n"
    "  - dense: {units: 16}\n"
    "  - relu\n"
    "  - dense: {units: 1}\n"
    "  - sigmoid: {name: presence}\n"
    "train:\n"
    "  source: queries\n"
    "  batch: 24\n"
    "  epochs: 4\n"
    "  items: 240\n"
    "  validation_items: 80\n"
    "  calibrate: true\n"
    "  loss: {binary_cross_entropy: {layer: presence}}\n"
    "  optimiser: {adam: {learning_rate: 0.01}}\n"
    "evaluate: {threshold: 0.5}\n";

/* ---- the chain ------------------------------------------------------------------------------- */

typedef struct world {
    fmx_test test;
    fmx__generator_options options;
    fmx__query_options queries;
    fmx_library *library;
    fmx__generator *generator;
    fmx__pattern_table table;
    fmx__query_chain *chain;
    fmx_buffer *spectra;
} world;

enum { MIXTURES = 3 };

static const char *const classes[] = {"L-Alanine", "L-Valine", "L-Lactate", "Succinate",
                                      "Citrate",   "Creatine", "Taurine"};

static void world_options(world *w)
{
    w->options = *(const fmx__generator_options *)fmx__generator_group.defaults;
    w->queries = *(const fmx__query_options *)fmx__query_group.defaults;
    strcpy(w->options.only,
           "L-Alanine, L-Valine, L-Lactate, Succinate, Citrate, Creatine, Taurine");
    w->options.field_mhz = 500;
    w->options.least = 4;
    w->options.most = 4;
    w->options.ratio = 4;
    w->options.scale = FMX__MIXTURE_AS_STORED;
    w->options.snr_least = w->options.snr_most = 2000;
    w->options.widths = FMX__GENERATOR_BY_MIXTURE;
    w->options.width_least_hz = w->options.width_most_hz = 1.5;
    w->options.shift_ppm = 0.003;
    w->options.offset_ppm = 0.015;
    w->options.divide = false;
    w->options.by_noise = true;
}

/* Library, mixtures and chain of the options. */
static void world_fill(world *w)
{
    const fmx__multiplet_axis axis = {10, 0.5, POINTS};
    fmx_context *ctx = w->test.ctx;
    fmx_test_ok(&w->test, fmx__generator_library(ctx, &w->options, &w->library), "library");
    const fmx__generator_plan plan = {w->test.device, w->library, &w->options, axis, MIXTURES, 5};
    fmx_test_ok(&w->test, fmx__generator_create(&plan, &w->generator), "generator");
    fmx_test_ok(&w->test,
                fmx__pattern_table_create(w->test.device, w->library, &axis, NULL, 0, &w->table),
                "patterns");
    fmx_test_ok(
        &w->test,
        fmx__query_chain_create(w->test.device, &w->table, &w->queries, MIXTURES, &w->chain),
        "chain");
    fmx_test_ok(
        &w->test,
        fmx_buffer_create(w->test.device, (size_t)MIXTURES * POINTS * sizeof(float), &w->spectra),
        "spectra");
    const fmx__generator_batch made = {.spectra = w->spectra};
    fmx_test_ok(&w->test, fmx__generator_fill(w->generator, 0, MIXTURES, 0, &made), "mixtures");
}

static void world_open(world *w)
{
    *w = (world){.test = fmx_test_open()};
    world_options(w);
    world_fill(w);
}

static void world_close(world *w)
{
    fmx_buffer_release(w->spectra);
    fmx__query_chain_release(w->chain);
    fmx__pattern_table_clear(&w->table);
    fmx__generator_release(w->generator);
    fmx_library_release(w->library);
    fmx_test_close(&w->test);
}

static const fmx__query *find(const fmx__query_answer *answer, size_t spectrum, size_t compound)
{
    for (size_t q = 0; q < answer->queries; ++q) {
        if (answer->query[q].spectrum == spectrum && answer->query[q].compound == compound)
            return &answer->query[q];
    }
    return NULL;
}

/* Strong compounds at places a few ppb from the library's: each is a query, with an amount in the
 * proportion it was mixed in, moved by no more than it was. */
Test(queries, chain_finds_what_is_there)
{
    world w;
    world_open(&w);
    const double width_hz[MIXTURES] = {1.5, 1.4, 0};
    uint8_t *candidate = calloc(MIXTURES, w.library->compounds);
    cr_assert_not_null(candidate);
    for (size_t i = 0; i < FMX__COUNT(classes); ++i) { /* no look-alike that shares an amount */
        size_t c = 0;
        cr_assert(fmx_library_find(w.library, classes[i], &c));
        for (size_t s = 0; s < MIXTURES; ++s)
            candidate[s * w.library->compounds + c] = 1;
    }
    const fmx__query_spectra in = {w.spectra, MIXTURES, width_hz, candidate};
    fmx__query_answer answer;
    fmx_test_ok(&w.test, fmx__query_chain_run(w.chain, &in, &answer), "run");
    for (size_t s = 0; s < MIXTURES; ++s) {
        fmx__generator_facts facts;
        fmx__generator_look(w.generator, s, 0, &facts);
        cr_assert_eq(facts.compounds, 4);
        cr_assert_eq(answer.width[s], fmx__pattern_width(&w.table, 1.5));
        /* places were moved by + offset points, towards low ppm; the mode of few shifts */
        if (answer.clear[s])
            cr_assert_float_eq(answer.offset_ppm[s], -facts.offset_ppm, 0.003, "spectrum %zu: %g",
                               s, answer.offset_ppm[s]);
        const fmx__query *first = find(&answer, s, facts.compound[0]);
        for (size_t k = 0; k < facts.compounds; ++k) {
            const fmx__query *q = find(&answer, s, facts.compound[k]);
            cr_assert_not_null(q, "spectrum %zu: %s", s,
                               w.library->compound[facts.compound[k]].name);
            /* the fit takes a tenth of every height for its error */
            cr_assert_gt(q->amount, 2 * q->amount_sd, "spectrum %zu: %s %g +- %g", s,
                         w.library->compound[facts.compound[k]].name, (double)q->amount,
                         (double)q->amount_sd);
            cr_assert_lt(fabsf(q->shift_ppm), 0.012F);
            double ratio = (double)q->amount / (double)first->amount;
            cr_assert_float_eq(log(ratio), log(facts.amount[k] / facts.amount[0]), 0.35,
                               "spectrum %zu: %s", s, w.library->compound[facts.compound[k]].name);
        }
    }
    free(candidate);
    world_close(&w);
}

/* What a spectrum gives does not depend on what else is in the call, nor on the call before. */
Test(queries, chain_sees_every_spectrum_alone)
{
    enum { FLOATS = 4 * ITEM };
    static float all[FLOATS];
    static float alone[FLOATS];
    world w;
    fmx_buffer *last = NULL;
    world_open(&w);
    size_t row = (size_t)POINTS * sizeof(float);
    const double width_hz[MIXTURES] = {1.5, 1.5, 1.1};
    const fmx__query_spectra in = {w.spectra, MIXTURES, width_hz, NULL};
    fmx__query_answer answer;
    fmx_test_ok(&w.test, fmx__query_chain_run(w.chain, &in, &answer), "run");
    size_t first = 0;
    while (first < answer.queries && answer.query[first].spectrum < 2)
        ++first;
    size_t queries = answer.queries - first;
    cr_assert_geq(queries, 4);
    fmx_test_ok(&w.test,
                fmx_buffer_read(answer.windows, first * ITEM * sizeof(float), all, sizeof all),
                "windows");
    fmx_test_ok(&w.test, fmx_buffer_create(w.test.device, row, &last), "spectrum");
    fmx_test_ok(&w.test, fmx_buffer_copy(last, 0, w.spectra, 2 * row, row), "spectrum");
    const fmx__query_spectra one = {last, 1, width_hz + 2, NULL};
    fmx_test_ok(&w.test, fmx__query_chain_run(w.chain, &one, &answer), "run");
    cr_assert_eq(answer.queries, queries);
    fmx_test_ok(&w.test, fmx_buffer_read(answer.windows, 0, alone, sizeof alone), "windows");
    cr_assert_arr_eq(all, alone, sizeof all);
    fmx_buffer_release(last);
    world_close(&w);
}

/* An offset that is given is used as one that was found; what was found is the guess as well. */
Test(queries, chain_takes_given_offsets)
{
    enum { MOST = 256 };
    static fmx__query found[MOST];
    double offset_ppm[MIXTURES];
    world w;
    world_open(&w);
    const double width_hz[MIXTURES] = {1.5, 1.5, 1.5};
    const fmx__query_spectra in = {w.spectra, MIXTURES, width_hz, NULL, NULL};
    fmx__query_answer answer;
    fmx_test_ok(&w.test, fmx__query_chain_run(w.chain, &in, &answer), "run");
    size_t queries = answer.queries;
    size_t clear = 0;
    cr_assert_lt(queries, MOST);
    memcpy(found, answer.query, queries * sizeof *found);
    for (size_t s = 0; s < MIXTURES; ++s) {
        offset_ppm[s] = answer.offset_ppm[s];
        clear += answer.clear[s];
        cr_assert(!answer.clear[s] || answer.guess_ppm[s] == offset_ppm[s]);
    }
    cr_assert_gt(clear, 0);
    const fmx__query_spectra given = {w.spectra, MIXTURES, width_hz, NULL, offset_ppm};
    fmx_test_ok(&w.test, fmx__query_chain_run(w.chain, &given, &answer), "run");
    cr_assert_eq(answer.queries, queries);
    for (size_t q = 0; q < queries; ++q) {
        cr_assert_eq(answer.query[q].compound, found[q].compound);
        cr_assert_eq(answer.query[q].amount, found[q].amount);
        cr_assert_not(answer.clear[answer.query[q].spectrum]);
    }
    world_close(&w);
}

/* Two states of one compound: the one with the larger amount lies on something else. */
Test(queries, chain_takes_the_state_that_looks_alike)
{
    static const char states[] =
        "fidmix_spin_systems: 1\n"
        "compounds:\n"
        "  - {name: Acid - low pH, groups: [{id: a, ppm: 2.8, n: 2}, {id: b, ppm: 3.9, n: 1}],\n"
        "     couplings: {a-b: 6}}\n"
        "  - {name: Acid - high pH, groups: [{id: a, ppm: 2.6, n: 2}, {id: b, ppm: 3.8, n: 1}],\n"
        "     couplings: {a-b: 6}}\n";
    world w = {.test = fmx_test_open()};
    world_options(&w);
    snprintf(w.options.spins, sizeof w.options.spins, "%s/states.yml", fmx_test_folder());
    FILE *file = fopen(w.options.spins, "w");
    cr_assert_not_null(file);
    cr_assert_gt(fputs(states, file), 0);
    cr_assert_eq(fclose(file), 0);
    w.options.only[0] = '\0';
    w.options.least = w.options.most = 1;
    world_fill(&w);
    cr_assert_eq(w.library->compounds, 1);
    cr_assert_eq(w.library->entries, 2 + 6); /* six between them: neighbours 0.03 ppm apart */
    const double width_hz[MIXTURES] = {1.5, 1.5, 1.5};
    const fmx__query_spectra in = {w.spectra, MIXTURES, width_hz, NULL, NULL};
    fmx__query_answer answer;
    fmx_test_ok(&w.test, fmx__query_chain_run(w.chain, &in, &answer), "run");
    for (size_t i = 0; i < w.chain->of[0].pairs; ++i) {
        size_t m = w.chain->pair[2 * (w.chain->of[0].first_pair + i) + 1];
        bool alike = w.table.pattern[m].entry == 1;
        float amplitude = alike ? 100.0F : 150.0F;
        fmx__scan_hit *hit = w.chain->hit + 2 * (w.chain->of[0].first_pair + i);
        hit[0].amplitude = hit[1].amplitude = amplitude;
        hit[0].correlation = hit[1].correlation = alike ? 0.98F : 0.8F;
    }
    w.chain->queries = 0;
    fmx_test_ok(&w.test, fmx__query_prefilter(w.chain, 0, NULL), "prefilter");
    cr_assert_eq(w.chain->queries, 1);
    cr_assert_eq(w.chain->survivor[0].entry, 1);
    world_close(&w);
}

/* Lines of 1.5 Hz in all mixtures: found to a fifth where it is not given. Noise alone tells none.
 */
Test(queries, chain_finds_line_widths)
{
    world w;
    world_open(&w);
    float *spectrum = calloc(POINTS, sizeof *spectrum);
    double width_hz = -1;
    cr_assert_not_null(spectrum);
    fmx_test_ok(&w.test,
                fmx__query_width(w.test.ctx, spectrum, POINTS, w.table.points_per_hz, &width_hz),
                "width");
    cr_assert_eq(width_hz, 0);
    for (size_t s = 0; s < MIXTURES; ++s) {
        fmx_test_ok(&w.test,
                    fmx_buffer_read(w.spectra, s * POINTS * sizeof *spectrum, spectrum,
                                    POINTS * sizeof *spectrum),
                    "spectrum");
        fmx_test_ok(
            &w.test,
            fmx__query_width(w.test.ctx, spectrum, POINTS, w.table.points_per_hz, &width_hz),
            "width");
        cr_assert_float_eq(width_hz, 1.5, 0.3, "spectrum %zu: %g", s, width_hz);
    }
    free(spectrum);
    world_close(&w);
}

Test(queries, chain_without_candidates)
{
    world w;
    world_open(&w);
    const double width_hz[MIXTURES] = {0};
    uint8_t *none = calloc(MIXTURES, w.library->compounds);
    const fmx__query_spectra in = {w.spectra, MIXTURES, width_hz, none};
    fmx__query_answer answer;
    fmx_test_ok(&w.test, fmx__query_chain_run(w.chain, &in, &answer), "run");
    cr_assert_eq(answer.queries, 0);
    cr_assert_null(answer.windows);
    const fmx__query_spectra many = {w.spectra, MIXTURES + 1, width_hz, NULL};
    fmx_test_refused(&w.test, fmx__query_chain_run(w.chain, &many, &answer), FMX_ERROR_ARGUMENT,
                     "4 spectra");
    free(none);
    world_close(&w);
}

/* ---- the source ------------------------------------------------------------------------------ */

typedef struct opened {
    fmx__recipe recipe;
    const fmx__train *train;
    fmx__source source;
    fmx__source_batch batch;
} opened;

static void open_source(const fmx_test *test, const char *set, opened *o)
{
    fmx_test_ok(test,
                fmx__recipe_parse(test->ctx, "r.yml", recipe_text, strlen(recipe_text),
                                  &fmx__recipe_schema_full, &set, set != NULL, &o->recipe),
                "recipe");
    fmx_test_ok(test, fmx__train_options(test->ctx, &o->recipe, &o->train), "train");
    const fmx__source_site site = {test->device, &o->recipe, o->train, NULL};
    fmx_test_ok(test, fmx__source_open(&site, &o->source), "source");
    o->batch = (fmx__source_batch){0};
    size_t batch = (size_t)o->train->batch;
    fmx_test_ok(test,
                fmx_buffer_create(test->device, batch * ITEM * sizeof(float), &o->batch.input),
                "input");
    fmx_test_ok(test, fmx_buffer_create(test->device, batch * sizeof(float), &o->batch.target[0]),
                "target");
}

static void close_source(opened *o)
{
    fmx_buffer_release(o->batch.target[0]);
    fmx_buffer_release(o->batch.input);
    fmx__source_close(&o->source);
    fmx__recipe_clear(&o->recipe);
}

static float read_item(const fmx_test *test, opened *o, size_t epoch, size_t item, float *out)
{
    float target = -1;
    size_t batch = (size_t)o->train->batch;
    fmx_test_ok(test,
                fmx__source_next(&o->source, FMX__SPLIT_TRAIN, epoch, item / batch, &o->batch),
                "batch");
    size_t row = item % batch;
    cr_assert_lt(row, o->batch.count);
    fmx_test_ok(
        test,
        fmx_buffer_read(o->batch.input, row * ITEM * sizeof(float), out, ITEM * sizeof(float)),
        "input");
    fmx_test_ok(test, fmx_buffer_read(o->batch.target[0], row * sizeof(float), &target, 4),
                "target");
    return target;
}

/* Batches of 24 and of 10 items, mixtures of 8: the same items; another epoch has others. */
Test(queries, items_depend_on_seed_epoch_and_number)
{
    static float got[3][ITEM];
    fmx_test test = fmx_test_open();
    opened one;
    opened other;
    open_source(&test, NULL, &one);
    open_source(&test, "train.batch=10", &other);
    cr_assert_eq(one.source.items[FMX__SPLIT_TRAIN], 240);
    static const size_t items[] = {0, 19, 71, 100};
    for (size_t i = 0; i < FMX__COUNT(items); ++i) {
        float a = read_item(&test, &one, 2, items[i], got[0]);
        float b = read_item(&test, &other, 2, items[i], got[1]);
        cr_assert_eq(a, b);
        cr_assert(a == 0 || a == 1);
        cr_assert_arr_eq(got[0], got[1], sizeof got[0], "item %zu", items[i]);
        read_item(&test, &one, 3, items[i], got[2]);
        cr_assert_neq(memcmp(got[0], got[2], sizeof got[0]), 0, "item %zu", items[i]);
    }
    close_source(&one);
    close_source(&other);
    fmx_test_close(&test);
}

/* Where all are strangers no compound present is a candidate, so the truth is always no. */
Test(queries, strangers_are_never_there)
{
    static const char *const shares[] = {"queries.strangers=0", "queries.strangers=1"};
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < FMX__COUNT(shares); ++i) {
        float target[240];
        double sum = 0;
        opened o;
        open_source(&test, shares[i], &o);
        for (size_t from = 0; from < 240; from += 24) {
            fmx_test_ok(&test,
                        fmx__source_next(&o.source, FMX__SPLIT_TRAIN, 0, from / 24, &o.batch),
                        "batch");
            fmx_test_ok(&test,
                        fmx_buffer_read(o.batch.target[0], 0, target + from, 24 * sizeof *target),
                        "targets");
        }
        for (size_t k = 0; k < 240; ++k)
            sum += (double)target[k];
        if (i == 0)
            cr_assert_gt(sum, 24);
        else
            cr_assert_eq(sum, 0);
        close_source(&o);
    }
    fmx_test_close(&test);
}

Test(queries, refusals)
{
    static const char *const cases[][2] = {
        {"library.by_noise=false", "library.by_noise"},
        {"queries.candidates_least=41", "candidates_least (41)"},
        {"queries.fields_mhz=500,x", "queries.fields_mhz"},
        {"train.items=0", "train.items"},
    };
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < FMX__COUNT(cases); ++i) {
        fmx__recipe recipe = {0};
        const fmx__train *train = NULL;
        fmx__source source;
        const char *set = cases[i][0];
        fmx_context_clear(test.ctx);
        fmx_test_ok(&test,
                    fmx__recipe_parse(test.ctx, "r.yml", recipe_text, strlen(recipe_text),
                                      &fmx__recipe_schema_full, &set, 1, &recipe),
                    set);
        fmx_test_ok(&test, fmx__train_options(test.ctx, &recipe, &train), set);
        const fmx__source_site site = {test.device, &recipe, train, NULL};
        fmx_test_refused(&test, fmx__source_open(&site, &source), FMX_ERROR_RECIPE, cases[i][1]);
        fmx__source_close(&source);
        fmx__recipe_clear(&recipe);
    }
    fmx_test_close(&test);
}

/* ---- training -------------------------------------------------------------------------------- */

/* The same compounds are held out of every library, about a tenth. */
Test(queries, held_out_by_name)
{
    size_t held = 0;
    char name[32];
    for (int i = 0; i < 5000; ++i) {
        snprintf(name, sizeof name, "Compound %d", i);
        held += fmx__generator_holds_out(name, 0.1);
        cr_assert_eq(fmx__generator_holds_out(name, 0.1), fmx__generator_holds_out(name, 0.1));
        cr_assert(!fmx__generator_holds_out(name, 0));
    }
    cr_assert_float_eq((double)held / 5000, 0.1, 6 * sqrt(0.09 / 5000));
    cr_assert_eq(fmx__generator_holds_out("L-ALANINE", 0.5),
                 fmx__generator_holds_out("l-alanine", 0.5));
}

/* Logits that are twice what they should be, and one too high. */
Test(queries, calibration_finds_scale_and_shift)
{
    enum { COUNT = 40000 };
    static float truth[COUNT];
    static float presence[COUNT];
    double scale = 0;
    double shift = 0;
    float *random = fmx_test_random(2 * COUNT, 8);
    for (size_t i = 0; i < COUNT; ++i) {
        double right = 4 * (double)random[2 * i];
        truth[i] = (double)random[2 * i + 1] < 2 / (1 + exp(-right)) - 1;
        presence[i] = (float)(1 / (1 + exp(-2 * right - 1)));
    }
    fmx__calibration_fit(truth, presence, COUNT, &scale, &shift);
    /* five standard errors, 0.006 and 0.015 */
    cr_assert_float_eq(scale, 0.5, 0.03);
    cr_assert_float_eq(shift, -0.5, 0.075);
    cr_assert_gt(fmx__calibration_error(truth, presence, COUNT), 0.05);
    for (size_t i = 0; i < COUNT; ++i) {
        double x = log((double)presence[i] / (1 - (double)presence[i] + 1e-12));
        presence[i] = (float)(1 / (1 + exp(-scale * x - shift)));
    }
    /* a bin of n items misses by sqrt(p (1 - p) / n); the sum of fifteen */
    cr_assert_lt(fmx__calibration_error(truth, presence, COUNT), 0.015);
    free(random);
}

/* The file in the repository opens, and is small. */
Test(queries, model_that_ships)
{
    size_t bytes = 0;
    fmx__query_model *model = NULL;
    const char *path = FMX_SOURCE_DIR "/data/models/identify.safetensors";
    fmx_test test = fmx_test_open();
    char *file = fmx_train_bytes(path, &bytes);
    cr_assert(file != NULL && bytes < 5000000);
    free(file);
    cr_assert(fmx__model_asks(test.ctx, path));
    fmx_test_ok(&test, fmx__query_model_open(test.device, path, &model), "model");
    const fmx__model_facts *facts = fmx__query_model_describe(model);
    cr_assert_float_eq(facts->threshold, 0.5, 1e-9);
    cr_assert_eq(facts->classes, 1);
    fmx__query_model_close(model);
    cr_assert(!fmx__model_asks(test.ctx, "/nowhere"));
    fmx_test_close(&test);
}

/* Logits of the model's queries of the world's mixtures: what is there before what is not. */
static void check_answers(world *w, const char *model_path)
{
    static float logit[MIXTURES * 100];
    const double width_hz[MIXTURES] = {1.5, 1.5, 1.5};
    fmx__query_model *model = NULL;
    fmx__query_answer answer;
    double mean[2] = {0};
    size_t count[2] = {0};
    const fmx__query_spectra in = {w->spectra, MIXTURES, width_hz, NULL};
    fmx_test_ok(&w->test, fmx__query_model_open(w->test.device, model_path, &model), "model");
    fmx_test_ok(&w->test, fmx__query_chain_run(w->chain, &in, &answer), "run");
    cr_assert(answer.queries > 0 && answer.queries <= FMX__COUNT(logit));
    fmx_test_ok(&w->test, fmx__query_model_ask(model, answer.windows, answer.queries, logit),
                "ask");
    for (size_t q = 0; q < answer.queries; ++q) {
        fmx__generator_facts facts;
        bool there = false;
        fmx__generator_look(w->generator, answer.query[q].spectrum, 0, &facts);
        for (size_t k = 0; k < facts.compounds; ++k)
            there = there || facts.compound[k] == answer.query[q].compound;
        cr_assert(isfinite(logit[q]));
        mean[there] += (double)logit[q];
        ++count[there];
    }
    cr_assert(count[0] > 0 && count[1] > 0);
    cr_assert_gt(mean[1] / (double)count[1], mean[0] / (double)count[0] + 1);
    fmx__query_model_close(model);
}

/* A training that is interrupted goes on to the same bits, and its model answers. */
Test(queries, trains_resumes_and_answers, .timeout = 120)
{
    static char whole[600];
    static char halves[600];
    size_t bytes[2];
    fmx__train_result result;
    world w;
    world_open(&w);
    snprintf(whole, sizeof whole, "%s/a.safetensors", fmx_test_folder());
    fmx_train_run run = {.recipe = recipe_text, .out = whole};
    fmx_test_ok(&w.test, fmx_train(w.test.device, &run, &result), "train");
    cr_assert_eq(result.classes, 1);
    cr_assert_gt(result.best_f1, 0.5);
    cr_assert_float_eq(result.threshold, 0.5, 1e-9);
    check_answers(&w, whole);
    cr_assert(fmx__model_asks(w.test.ctx, whole));
    world_close(&w);

    fmx_test test = fmx_test_open();
    fmx_train_stopper stop = {test.ctx,
                              17}; /* in the second epoch: of 10 batches, without validation's */
    snprintf(halves, sizeof halves, "%.*s/b.safetensors", (int)(strrchr(whole, '/') - whole),
             whole);
    run.out = halves;
    run.resume = true;
    fmx_context_set_progress(test.ctx, fmx_train_count_down, &stop);
    fmx_test_refused(&test, fmx_train(test.device, &run, &result), FMX_ERROR_INTERRUPTED,
                     "interrupted");
    fmx_test_close(&test);
    test = fmx_test_open();
    fmx_test_ok(&test, fmx_train(test.device, &run, &result), "go on");
    char *a = fmx_train_bytes(whole, &bytes[0]);
    char *b = fmx_train_bytes(halves, &bytes[1]);
    cr_assert(a != NULL && b != NULL && bytes[0] == bytes[1]);
    cr_assert_arr_eq(a, b, bytes[0]);
    free(a);
    free(b);
    fmx_test_close(&test);
}
