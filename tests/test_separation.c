/* Networks that separate mixtures of a library, judged on mixtures that they have not seen. */
#include "separation.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fmx_test.h"
#include "html_source.h"
#include "train_fixture.h"
#include "train_section.h"
#include "trainer.h"

enum { PATH = 600 };

#define LIBRARY(less, more, slots)                                                                 \
    "axis: {nucleus: 1H, first_ppm: 9, last_ppm: 0.5, points: 256}\n"                              \
    "library: {spins: spin_systems, only: [Acetate, Formate, Succinate, L-Alanine], "              \
    "field_mhz: 400, least: " less ", most: " more ", sources: " slots ", width_least_hz: 2, "     \
    "width_most_hz: 4, shift_ppm: 0.02, ratio: 2, scale: maximum, snr_least: 100, snr_most: "      \
    "100}\n"

#define TRAIN(losses)                                                                              \
    "train: {source: library, batch: 32, epochs: 5, items: 320, validation_items: 32, "            \
    "stop_patience: 0, schedule: constant, optimiser: {adam: {learning_rate: 0.02}}, loss: ["      \
    "binary_cross_entropy: {layer: presence}, mse: {layer: sources, target: sources, "             \
    "weight: 1000" losses "}]}\n"

/* A mask for each compound and point, opened by what tells the compound: as s2_mixture_masks in
 * small. */
static const char masks[] = "fidmix: 1\nname: masks\n" LIBRARY("1", "3", "classes") //
    "model:\n"
    "  - compress\n"
    "  - max_pool: {window: 8}\n"
    "  - flatten\n"
    "  - dense: {units: 4, name: evidence}\n"
    "  - sigmoid: {name: presence}\n"
    "  - reshape: {from: evidence, channels: 4, positions: 1}\n"
    "  - sigmoid: {name: there}\n"
    "  - conv1d: {from: spectrum, filters: 4, kernel: 1, bias: false}\n"
    "  - reshape: {channels: 1024, positions: 1}\n"
    "  - depthwise_conv1d: {kernel: 1}\n"
    "  - sigmoid\n"
    "  - reshape: {channels: 4, positions: 256, name: lines}\n"
    "  - multiply: {from: [lines, there], name: masks}\n"
    "  - mask: {from: [masks, spectrum], activation: none, name: sources}\n" TRAIN("");

/* Two slots in any order; a compound is there where one of them holds it. */
static const char slots[] = "fidmix: 1\nname: slots\n" LIBRARY("1", "2", "parts") //
    "model:\n"
    "  - compress\n"
    "  - max_pool: {window: 4}\n"
    "  - flatten\n"
    "  - dense: {units: 32}\n"
    "  - relu\n"
    "  - dense: {units: 512}\n"
    "  - reshape: {channels: 2, positions: 256, name: masks}\n"
    "  - mask: {from: [masks, spectrum], activation: softmax, name: sources}\n"
    "  - fold: {parts: 2}\n"
    "  - compress\n"
    "  - max_pool: {window: 8}\n"
    "  - flatten\n"
    "  - dense: {units: 4}\n"
    "  - unfold: {of: positions}\n"
    "  - adaptive_max_pool: {positions: 1}\n"
    "  - flatten\n"
    "  - sigmoid: {name: presence}\n" TRAIN(", permutation: auto");

/* Hands the spectrum on, twice: what it gives is the mixture itself. */
static const char nothing[] = "fidmix: 1\nname: nothing\n" LIBRARY("1", "2", "parts") //
    "model:\n"
    "  - flatten\n"
    "  - dense: {units: 4}\n"
    "  - sigmoid: {name: presence}\n"
    "  - conv1d: {from: spectrum, filters: 1, kernel: 1, name: same}\n"
    "  - concatenate: {from: [same, same], name: sources}\n" TRAIN(", permutation: auto");

static fmx__source_evaluation evaluated(const fmx_test *test, const char *recipe, size_t items)
{
    static char out[PATH];
    fmx__source_evaluation e;
    snprintf(out, sizeof out, "%s/m.safetensors", fmx_test_folder());
    fmx_train_run run = {.recipe = recipe, .out = out};
    fmx_test_ok(test, fmx_train(test->device, &run, NULL), "train");
    const fmx__source_job job = {.device = test->device, .model = out, .items = items};
    fmx_test_ok(test, fmx__source_evaluate(&job, &e), "evaluate");
    return e;
}

static double value(const fmx__source_evaluation *e, const char *name, const char *method)
{
    for (size_t i = 0; i < e->figures; ++i) {
        const fmx__source_figure *f = &e->figure[i];
        if (strcmp(f->name, name) == 0 && strcmp(f->method, method) == 0) {
            cr_assert(f->low <= f->value && f->value <= f->high, "%s: %g (%g to %g)", name,
                      f->value, f->low, f->high);
            return f->value;
        }
    }
    cr_assert_fail("no figure %s of %s", name, method);
    return NAN;
}

/* The mixture as an answer has in it all of the other constituents: with two of them, of equal
 * energy on average, about as much error as there is to find; the network must do far better, and
 * give little to what is not there. */
static void check_separation(const fmx__source_evaluation *e)
{
    cr_assert_gt(value(e, "f1_micro", "network"), 0.9);
    cr_assert_gt(value(e, "f1_micro", "least squares"), 0.9);
    cr_assert_gt(value(e, "si_snr_db", "network"), value(e, "si_snr_db", "the mixture") + 5);
    cr_assert_lt(value(e, "relative_error", "network"),
                 0.5 * value(e, "relative_error", "the mixture"));
    cr_assert_lt(value(e, "relative_error", "network"), 0.5);
    cr_assert_lt(value(e, "absent_energy", "network"), 0.2);
}

Test(separation, masks_by_class)
{
    fmx_test test = fmx_test_open();
    char path[PATH];
    size_t bytes = 0;
    fmx__source_evaluation e = evaluated(&test, masks, 64);
    cr_assert_eq(e.items, 64);
    check_separation(&e);
    cr_assert_eq(e.mixtures, FMX__SOURCE_EXAMPLES);
    cr_assert(e.mixture[0].parts >= 1 && e.mixture[0].parts <= FMX__SOURCE_PARTS);
    snprintf(path, sizeof path, "%s/r.html", fmx_test_folder());
    fmx_test_ok(&test, fmx__report_source(test.ctx, &e, path, false), "report");
    char *text = fmx_train_bytes(path, &bytes);
    cr_assert_not_null(text);
    text[bytes] = '\0';
    cr_assert_not_null(strstr(text, "relative_error"));
    cr_assert_not_null(strstr(text, "<h3>Formate</h3>"));
    cr_assert_null(strstr(text, "nan"));
    free(text);
    fmx__source_evaluation_clear(&e);
    fmx_test_close(&test);
}

Test(separation, slots_in_any_order)
{
    fmx_test test = fmx_test_open();
    fmx__source_evaluation e = evaluated(&test, slots, 64);
    check_separation(&e);
    fmx__source_evaluation_clear(&e);
    fmx_test_close(&test);
}

/* A network that gives its input for both sources has the mixture's SI-SNR, which knows no scale;
 * the same items give the same figures in batches of another size. */
Test(separation, a_network_that_separates_nothing)
{
    fmx_test test = fmx_test_open();
    fmx__source_evaluation e = evaluated(&test, nothing, 64);
    double own = value(&e, "si_snr_db", "network");
    cr_assert_float_eq(own, value(&e, "si_snr_db", "the mixture"), 1e-3, "%g", own);
    cr_assert_gt(value(&e, "si_snr_db", "least squares"), own + 5);
    /* a scale cannot make it worse than silence by much, nor good */
    cr_assert_gt(value(&e, "relative_error", "network"), 0.2);
    fmx__source_evaluation_clear(&e);
    fmx_test_close(&test);
}

/* A network that only names compounds has the figures of names, and no others. */
Test(separation, names_alone)
{
    static const char names[] = "fidmix: 1\nname: names\n" LIBRARY("0", "3", "parts") //
        "model: [compress, max_pool: {window: 8}, flatten, dense: {units: 4}, "
        "sigmoid: {name: presence}]\n"
        "train: {source: library, batch: 32, epochs: 5, items: 320, validation_items: 32, "
        "optimiser: {adam: {learning_rate: 0.02}}, loss: binary_cross_entropy}\n";
    fmx_test test = fmx_test_open();
    fmx__source_evaluation e = evaluated(&test, names, 64);
    cr_assert_gt(value(&e, "f1_micro", "network"), 0.9);
    cr_assert_lt(value(&e, "false_positive_rate", "least squares"), 0.1);
    cr_assert_eq(e.figures, 10);
    cr_assert_eq(e.mixtures, 0);
    fmx__source_evaluation_clear(&e);
    fmx_test_close(&test);
}

/* The recipes that ship, for two steps: everything fits together, and can be judged. */
Test(separation, recipes_that_ship)
{
    static const char *const names[] = {"s2_mixture_masks", "s2_mixture_pit"};
    static const char *const set[] = {"train.epochs=1", "train.batch=4", "train.items=8",
                                      "train.validation_items=4"};
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < FMX__COUNT(names); ++i) {
        char out[PATH];
        fmx__recipe recipe = {0};
        fmx__train_result result;
        fmx__source_evaluation e;
        snprintf(out, sizeof out, "%s/%s.safetensors", fmx_test_folder(), names[i]);
        fmx_test_ok(
            &test, fmx__recipe_read(test.ctx, names[i], &fmx__recipe_schema_full, NULL, 0, &recipe),
            names[i]);
        for (size_t k = 0; k < FMX__COUNT(set); ++k)
            fmx_test_ok(&test, fmx__recipe_set(test.ctx, &recipe, set[k]), set[k]);
        const fmx__train_job job = {.device = test.device, .recipe = &recipe, .out = out};
        fmx_test_ok(&test, fmx__train_run(&job, &result), names[i]);
        const fmx__source_job judged = {.device = test.device, .model = out, .items = 4};
        fmx_test_ok(&test, fmx__source_evaluate(&judged, &e), names[i]);
        cr_assert(isfinite(value(&e, "si_snr_db", "network")), "%s", names[i]);
        fmx__source_evaluation_clear(&e);
        fmx__recipe_clear(&recipe);
    }
    fmx_test_close(&test);
}

/* Mixtures, a network and its answers; what is judged begins with them. */
typedef struct bench {
    const fmx_test *test;
    fmx__source_evaluation e;
    const fmx__train *train;
    fmx__source source;
    fmx__graph graph;
    fmx__weights weights;
    fmx__op_step step;
    fmx__plan *plan;
    fmx__source_batch batch;
} bench;

enum { BENCH_ITEMS = 4 };

/* As the library's four, in a file that is read with few allocations. */
static const char spins[] = "fidmix_spin_systems: 1\n"
                            "compounds:\n"
                            "  - {name: Acetate, groups: [{id: a, ppm: 1.908, n: 3}]}\n"
                            "  - {name: Formate, groups: [{id: a, ppm: 8.442, n: 1}]}\n"
                            "  - {name: Succinate, groups: [{id: a, ppm: 2.391, n: 4}]}\n"
                            "  - name: L-Alanine\n"
                            "    groups: [{id: a, ppm: 1.466, n: 3}, {id: b, ppm: 3.767, n: 1}]\n"
                            "    couplings: {a-b: 7.3}\n";

static void bench_open(const fmx_test *test, const char *recipe, bench *b)
{
    char library[PATH];
    const char *const set[] = {library, "train.validation_items=4", "train.batch=4"};
    const char *folder = fmx_test_folder();
    snprintf(library, sizeof library, "%s/spins.yml", folder);
    FILE *file = fopen(library, "w");
    cr_assert_not_null(file);
    cr_assert_gt(fputs(spins, file), 0);
    cr_assert_eq(fclose(file), 0);
    snprintf(library, sizeof library, "library.spins=%s/spins.yml", folder);
    *b = (bench){.test = test, .e = {.facts = fmx__model_facts_none, .items = BENCH_ITEMS}};
    fmx_test_ok(test,
                fmx__recipe_parse(test->ctx, "recipe", recipe, strlen(recipe),
                                  &fmx__recipe_schema_full, set, FMX__COUNT(set), &b->e.recipe),
                "recipe");
    fmx_test_ok(test, fmx__train_options(test->ctx, &b->e.recipe, &b->train), "options");
    const fmx__source_site site = {test->device, &b->e.recipe, b->train, NULL};
    fmx_test_ok(test, fmx__source_open(&site, &b->source), "source");
    fmx_test_ok(test, fmx__graph_create(test->ctx, &b->e.recipe, b->source.positions, &b->graph),
                "graph");
    fmx_test_ok(test, fmx__weights_create(test->device, &b->graph, false, &b->weights), "weights");
    const fmx__separation_site judged = {&b->source, &b->e, &b->graph, BENCH_ITEMS};
    fmx__separation *separation = NULL;
    size_t kept[2];
    fmx_test_ok(test, fmx__separation_open(&judged, &separation), "separation");
    const fmx__plan_request request = {.batch = BENCH_ITEMS,
                                       .step = &b->step,
                                       .keep = kept,
                                       .keep_count = fmx__separation_values(separation, kept)};
    fmx__separation_close(separation);
    fmx_test_ok(test, fmx__plan_create(test->device, &b->graph, &b->weights, &request, &b->plan),
                "plan");
    size_t floats = BENCH_ITEMS * b->source.positions;
    fmx_test_ok(test, fmx_buffer_create(test->device, floats * sizeof(float), &b->batch.input),
                "input");
    for (size_t i = 0; i < b->source.target_count; ++i) {
        const fmx__source_target *t = &b->source.target[i];
        floats = BENCH_ITEMS * t->channels * t->positions;
        fmx_test_ok(test,
                    fmx_buffer_create(test->device, floats * sizeof(float), &b->batch.target[i]),
                    "target");
    }
    fmx_test_ok(test, fmx__source_next(&b->source, FMX__SPLIT_TEST, 0, 0, &b->batch), "batch");
    fmx_test_ok(test,
                fmx_buffer_copy(fmx__plan_value(b->plan, 0), 0, b->batch.input, 0,
                                fmx_buffer_bytes(b->batch.input)),
                "input");
    fmx_test_ok(test, fmx__plan_forward(b->plan), "forward");
}

static void bench_close(bench *b)
{
    for (size_t i = 0; i < b->source.target_count; ++i)
        fmx_buffer_release(b->batch.target[i]);
    fmx_buffer_release(b->batch.input);
    fmx__plan_destroy(b->plan);
    fmx__weights_clear(&b->weights);
    fmx__graph_clear(&b->graph);
    fmx__source_close(&b->source);
    fmx__source_evaluation_clear(&b->e);
}

static fmx_status judge(void *user)
{
    bench *b = user;
    fmx__separation *separation = NULL;
    const fmx__separation_site site = {&b->source, &b->e, &b->graph, BENCH_ITEMS};
    for (size_t i = 0; i < b->e.mixtures; ++i)
        free(b->e.mixture[i].spectrum);
    memset(b->e.mixture, 0, sizeof b->e.mixture);
    b->e.mixtures = b->e.figures = 0;
    fmx_status status = fmx__separation_open(&site, &separation);
    if (status == FMX_OK)
        status = fmx__separation_batch(separation, b->plan, &b->batch, 0, BENCH_ITEMS);
    if (status == FMX_OK)
        status = fmx__separation_figures(separation);
    fmx__separation_close(separation);
    return status;
}

Test(separation, each_failure)
{
    fmx_test test = fmx_test_open();
    const char *const recipes[] = {masks, slots};
    for (size_t i = 0; i < FMX__COUNT(recipes); ++i) {
        bench b;
        bench_open(&test, recipes[i], &b);
        fmx_test_each_failure(&test, judge, &b);
        cr_assert_gt(b.e.figures, 10);
        cr_assert_eq(b.e.mixtures, BENCH_ITEMS);
        bench_close(&b);
    }
    fmx_test_close(&test);
}
