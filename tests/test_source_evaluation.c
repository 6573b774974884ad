/* Networks that learned from generators, judged on what their generators make for tests. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fmx_test.h"
#include "html_source.h"
#include "multiplet_baselines.h"
#include "train_fixture.h"

enum { PATH = 600 };

static const char labels_recipe[] = "fidmix: 1\n"
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

static const char counts_recipe[] = "fidmix: 1\n"
                                    "multiplets: {mixtures: all, area_spread: 0.1, noise: 0.05}\n"
                                    "model:\n"
                                    "  - input: {channels: 6, positions: 21}\n"
                                    "  - flatten\n"
                                    "  - dense: {units: 10}\n"
                                    "train:\n"
                                    "  source: multiplets\n"
                                    "  epochs: 30\n"
                                    "  items: 600\n"
                                    "  batch: 16\n"
                                    "  loss: {mse: {target: classes}}\n"
                                    "  optimiser: {adam: {learning_rate: 0.01}}\n";

static const char line_recipe[] =
    "fidmix: 1\n"
    "decays: {points: 256, sample_hz: 256, frequency_least_hz: 20, frequency_most_hz: 100, "
    "frequencies: 20, times: 10}\n"
    "model:\n"
    "  - input: {positions: 256}\n"
    "  - flatten\n"
    "  - dense: {units: 32}\n"
    "  - relu\n"
    "  - dense: {units: 3}\n"
    "train:\n"
    "  source: decays\n"
    "  epochs: 3\n"
    "  batch: 16\n"
    "  loss: {mse: {target: line}}\n"
    "  optimiser: {adam: {learning_rate: 0.003}}\n";

/* Trains a recipe and evaluates it. */
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

static const fmx__source_figure *figure(const fmx__source_evaluation *e, const char *name,
                                        const char *method)
{
    for (size_t i = 0; i < e->figures; ++i) {
        if (strcmp(e->figure[i].name, name) == 0 && strcmp(e->figure[i].method, method) == 0)
            return &e->figure[i];
    }
    cr_assert_fail("no figure %s of %s", name, method);
    return NULL;
}

Test(source_evaluation, labels_beside_baselines)
{
    fmx_test test = fmx_test_open();
    fmx__source_evaluation e = evaluated(&test, labels_recipe, 140);
    cr_assert_eq(e.items, 140);
    /* without noise both find every label of a library whose compounds are independent */
    cr_assert_eq(figure(&e, "labels_any_order", "table look-up")->value, 1);
    cr_assert_eq(figure(&e, "labels_any_order", "least squares")->value, 1);
    const fmx__source_figure *labels = figure(&e, "labels", "network");
    const fmx__source_figure *any = figure(&e, "labels_any_order", "network");
    const fmx__source_figure *hits = figure(&e, "hits", "network");
    cr_assert(labels->value > 0.15 && labels->value <= any->value, "%g", labels->value);
    cr_assert_float_eq(hits->value, 3 * labels->value, 1e-12);
    cr_assert(labels->low < labels->value && labels->value < labels->high);
    /* Wilson, 420 labels without an error: 1 / (1 + z^2 / n) */
    cr_assert_float_eq(figure(&e, "labels_any_order", "table look-up")->low,
                       1 / (1 + 3.8414588 / 420), 1e-6);
    fmx__source_evaluation_clear(&e);
    fmx_test_close(&test);
}

/* Proportions name labels, too. */
Test(source_evaluation, proportions_as_labels)
{
    fmx_test test = fmx_test_open();
    fmx__source_evaluation e = evaluated(&test, counts_recipe, 140);
    cr_assert_gt(figure(&e, "labels_any_order", "network")->value, 0.9);
    cr_assert_gt(figure(&e, "r2", "network")->value, 0.5);
    fmx__source_evaluation_clear(&e);
    fmx_test_close(&test);
}

Test(source_evaluation, numbers_and_report)
{
    fmx_test test = fmx_test_open();
    char path[PATH];
    size_t bytes = 0;
    fmx__source_evaluation e = evaluated(&test, line_recipe, 0);
    cr_assert_eq(e.items, 10); /* 5 % of 200, each once */
    const fmx__source_figure *mse = figure(&e, "mse", "network");
    double sum = 0;
    static const char *const names[] = {"rmse_x0_hz", "rmse_area", "rmse_gamma_hz"};
    for (size_t i = 0; i < 3; ++i)
        sum += pow(figure(&e, names[i], "network")->value, 2) / 3;
    cr_assert_float_eq(sum, mse->value, 1e-9 * mse->value);
    cr_assert_float_eq(figure(&e, "rmse", "network")->value, sqrt(mse->value), 1e-9);
    cr_assert(mse->low <= mse->value && mse->value <= mse->high);
    snprintf(path, sizeof path, "%s/r.html", fmx_test_folder());
    fmx_test_ok(&test, fmx__report_source(test.ctx, &e, path, false), "report");
    fmx_test_refused(&test, fmx__report_source(test.ctx, &e, path, false), FMX_ERROR_EXISTS,
                     "r.html");
    char *text = fmx_train_bytes(path, &bytes);
    cr_assert_not_null(text);
    text[bytes] = '\0';
    size_t radars = 0;
    for (const char *at = text; (at = strstr(at, "<polygon")) != NULL; ++at)
        ++radars;
    cr_assert_eq(radars, FMX__SOURCE_EXAMPLES);
    cr_assert_not_null(strstr(text, "rmse_gamma_hz"));
    cr_assert_null(strstr(text, "nan"));
    free(text);
    fmx__source_evaluation_clear(&e);
    fmx_test_close(&test);
}

Test(source_evaluation, refusals)
{
    fmx_test test = fmx_test_open();
    char spectra[PATH];
    char out[PATH];
    fmx__source_evaluation e;
    const fmx_train_set set = {.classes = 4, .fids = 8};
    static const char *const once[] = {"train.epochs=1", NULL};
    snprintf(spectra, sizeof spectra, "%s/s.h5", fmx_test_folder());
    snprintf(out, sizeof out, "%s/m.safetensors", fmx_test_folder());
    fmx_test_ok(&test, fmx_train_write(test.ctx, spectra, &set), "dataset");
    fmx_train_run run = {.recipe = fmx_train_model, .set = once, .spectra = spectra, .out = out};
    fmx_test_ok(&test, fmx_train(test.device, &run, NULL), "train");
    fmx__source_job job = {.device = test.device, .model = out};
    fmx_test_refused(&test, fmx__source_evaluate(&job, &e), FMX_ERROR_USAGE,
                     "learned from a dataset");
    fmx__source_evaluation_clear(&e);
    job.model = "nowhere.safetensors";
    fmx_context_clear(test.ctx);
    fmx_test_refused(&test, fmx__source_evaluate(&job, &e), FMX_ERROR_NOT_FOUND, "nowhere");
    fmx__source_evaluation_clear(&e);
    fmx_test_close(&test);
}

Test(source_evaluation, labels_in_common)
{
    static const uint32_t a[] = {2, 2, 5};
    static const uint32_t b[] = {5, 2, 7};
    double amount[] = {0.1, 1.9, 1.2, 0};
    uint32_t found[3];
    cr_assert_eq(fmx__labels_in_common(a, b, 3), 2);
    cr_assert_eq(fmx__labels_in_common(b, a, 3), 2);
    cr_assert_eq(fmx__labels_in_common(a, a, 3), 3);
    fmx__take_largest(amount, 4, 3, 1, found);
    cr_assert(found[0] == 1 && found[1] == 2 && found[2] == 1);
}
