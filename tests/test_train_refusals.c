/* What training refuses, each with its reason and what to do, and failing allocations. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fmx_test.h"
#include "model.h"
#include "train_fixture.h"
#include "train_section.h"

enum { PATH = 600 };

static const fmx_train_set usual = {.classes = 4, .fids = 8};

typedef struct world {
    fmx_test test;
    char folder[PATH];
    char spectra[PATH + 32];
    char out[PATH + 32];
    char last[PATH + 64];
    char best[PATH + 64];
} world;

static void open_world(world *w, const fmx_train_set *set)
{
    w->test = fmx_test_open();
    snprintf(w->folder, sizeof w->folder, "%s", fmx_test_folder());
    snprintf(w->spectra, sizeof w->spectra, "%s/s.h5", w->folder);
    snprintf(w->out, sizeof w->out, "%s/m.safetensors", w->folder);
    snprintf(w->last, sizeof w->last, "%s.last", w->out);
    snprintf(w->best, sizeof w->best, "%s.best", w->out);
    fmx_test_ok(&w->test, fmx_train_write(w->test.ctx, w->spectra, set), "dataset");
}

static fmx_train_run usual_run(const world *w)
{
    return (fmx_train_run){.recipe = fmx_train_model, .spectra = w->spectra, .out = w->out};
}

/* Refused, and nothing is left behind. */
static void refused(const world *w, const fmx_train_run *run, fmx_status status, const char *part)
{
    fmx_test_refused(&w->test, fmx_train(w->test.device, run, NULL), status, part);
    fmx_context_clear(w->test.ctx);
}

Test(train_refusals, datasets)
{
    static const struct {
        fmx_train_set set;
        const char *part;
    } cases[] = {
        {{.classes = 4, .fids = 8, .target = 2}, "it must be a proportion from 0 to 1"},
        {{.classes = 4, .fids = 8, .all_train = true}, "the split \"validation\" has no spectra"},
        {{.classes = 4, .fids = 8, .one_name = true}, "all 32 spectra are of one class, \"c0\""},
        {{.classes = 4, .fids = 8, .nan_row = 6}, "spectrum 5 (\"c0\") is not finite at point 48"},
    };
    for (size_t i = 0; i < FMX__COUNT(cases); ++i) {
        world w;
        open_world(&w, &cases[i].set);
        fmx_train_run run = usual_run(&w);
        refused(&w, &run, FMX_ERROR_FORMAT, cases[i].part);
        cr_assert_eq(access(w.out, F_OK), -1);
        cr_assert_eq(access(w.last, F_OK), -1);
        fmx_test_close(&w.test);
    }
}

/* A short recipe around a model and lines of `train`. */
static const char *recipe_of(const char *head, const char *model, const char *train)
{
    static char text[2048];
    snprintf(text, sizeof text,
             "fidmix: 1\n%sdatabase: {validation: 0.25, test: 0.25}\nmodel: [%s]\n"
             "train: {%s}\n",
             head, model, train);
    return text;
}

#define ADAM "optimiser: adam"
#define DENSE "flatten, dense: {units: 4}, "

Test(train_refusals, recipes)
{
    static const struct {
        const char *head;
        const char *model;
        const char *train;
        fmx_status status;
        const char *part;
    } cases[] = {
        {"", DENSE "softmax", ADAM, FMX_ERROR_RECIPE, "train.loss is missing"},
        {"", DENSE "softmax", "loss: cross_entropy", FMX_ERROR_RECIPE, "names 0 optimisers"},
        {"", DENSE "softmax", "augment: true, loss: cross_entropy, " ADAM, FMX_ERROR_RECIPE,
         "no list augment; write one"},
        {"axis: {nucleus: 1H, first_ppm: 12, last_ppm: 0, points: 96}\n", DENSE "softmax",
         "loss: cross_entropy, " ADAM, FMX_ERROR_RECIPE,
         "axis: the recipe says 1H, 12 to 0 ppm in 96 points"},
        {"", "flatten, dense: {units: 5}, softmax", "loss: cross_entropy, " ADAM, FMX_ERROR_RECIPE,
         "softmax_1 gives 5 values,"},
        {"", DENSE "softmax", "loss: binary_cross_entropy, " ADAM, FMX_ERROR_RECIPE,
         "needs a sigmoid layer, \"softmax_1\" is softmax"},
        {"", DENSE "softmax", "loss: {cross_entropy: {layer: nobody}}, " ADAM, FMX_ERROR_RECIPE,
         "the model has no layer \"nobody\""},
        {"", DENSE "softmax, dense: {units: 4, from: flatten_1}, sigmoid",
         "loss: binary_cross_entropy, " ADAM, FMX_ERROR_RECIPE,
         "no loss names the output \"softmax_1\""},
        {"", "flatten, dense: {units: 4}", "loss: cross_entropy, " ADAM, FMX_ERROR_RECIPE,
         "no layer at the end is a sigmoid"},
        {"", "input: {positions: 50}, " DENSE "softmax", "loss: cross_entropy, " ADAM,
         FMX_ERROR_RECIPE, "takes 1 channels of 50 points, a spectrum has one of 96"},
        {"", "input: {name: a}, input: {name: b}, " DENSE "softmax", "loss: cross_entropy, " ADAM,
         FMX_ERROR_RECIPE, "2 inputs"},
        {"", "", "loss: cross_entropy, " ADAM, FMX_ERROR_RECIPE, "there is no model"},
        {"",
         "conv1d: {filters: 4096, kernel: 3}, flatten, dense: {units: 10000000}, " DENSE "softmax",
         "loss: cross_entropy, " ADAM, FMX_ERROR_DEVICE_MEMORY, "make the model smaller"},
    };
    world w;
    open_world(&w, &usual);
    for (size_t i = 0; i < FMX__COUNT(cases); ++i) {
        fmx_train_run run = usual_run(&w);
        run.recipe = recipe_of(cases[i].head, cases[i].model, cases[i].train);
        refused(&w, &run, cases[i].status, cases[i].part);
        cr_assert_eq(access(w.out, F_OK), -1, "%s", cases[i].part);
    }
    fmx_test_close(&w.test);
}

static void interrupt(void *user, const char *what, size_t done, size_t total)
{
    (void)total;
    if (strcmp(what, "epoch 3") == 0 && done == 1)
        fmx_context_interrupt(user);
}

/* A training that was interrupted in its third epoch. */
static void begin(world *w)
{
    fmx_train_run run = usual_run(w);
    fmx_context_set_progress(w->test.ctx, interrupt, w->test.ctx);
    refused(w, &run, FMX_ERROR_INTERRUPTED, "interrupted");
    fmx_test_close(&w->test);
    w->test = fmx_test_open();
    cr_assert_eq(access(w->last, F_OK), 0);
    cr_assert_eq(access(w->best, F_OK), 0);
}

static void cut(const char *path, size_t bytes)
{
    size_t count = 0;
    char *all = fmx_train_bytes(path, &count);
    FILE *file = fopen(path, "wb");
    cr_assert(all != NULL && file != NULL && count > bytes);
    fwrite(all, 1, count - bytes, file);
    fclose(file);
    free(all);
}

/* Replaces a text of a file by one of the same length. */
static void patch(const char *path, const char *from, const char *to)
{
    size_t count = 0;
    char *all = fmx_train_bytes(path, &count);
    size_t at = 0;
    cr_assert(all != NULL && strlen(from) == strlen(to));
    while (at + strlen(from) < count && memcmp(all + at, from, strlen(from)) != 0)
        ++at;
    cr_assert_lt(at + strlen(from), count, "%s: no \"%s\"", path, from);
    memcpy(all + at, to, strlen(to));
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file);
    fwrite(all, 1, count, file);
    fclose(file);
    free(all);
}

Test(train_refusals, what_is_there)
{
    static const char *const other_seed[] = {"seed=4", NULL};
    world w;
    open_world(&w, &usual);
    begin(&w);
    fmx_train_run run = usual_run(&w);
    refused(&w, &run, FMX_ERROR_EXISTS, "m.safetensors.last: is there already; --resume goes on");
    run.resume = true;
    run.set = other_seed;
    refused(&w, &run, FMX_ERROR_EXISTS, "was made by another recipe or seed");
    run.set = NULL;
    patch(w.last, "fidmix.training", "fidmix.draining");
    refused(&w, &run, FMX_ERROR_FORMAT, "fidmix.training is missing or damaged; remove the file");
    patch(w.last, "fidmix.draining", "fidmix.training");
    patch(w.last, "epoch=2", "epoch=x");
    refused(&w, &run, FMX_ERROR_FORMAT, "fidmix.training is missing or damaged");
    patch(w.last, "epoch=x", "epoch=2");
    patch(w.last, "\\\"c3\\\"", "\\\"c9\\\"");
    refused(&w, &run, FMX_ERROR_EXISTS, "was trained on other compounds");
    patch(w.last, "\\\"c9\\\"", "\\\"c3\\\"");
    patch(w.last, "step=4", "step=5");
    refused(&w, &run, FMX_ERROR_EXISTS, "has 5 steps in 2 epochs");
    patch(w.last, "step=5", "step=4");
    char kept[PATH + 80];
    snprintf(kept, sizeof kept, "%s.kept", w.best);
    cr_assert_eq(rename(w.best, kept), 0);
    refused(&w, &run, FMX_ERROR_NOT_FOUND, "the best weights so far are missing");
    cr_assert_eq(rename(kept, w.best), 0);
    fmx_test_ok(&w.test, fmx_train(w.test.device, &run, NULL), "after all of that");
    run.resume = false;
    refused(&w, &run, FMX_ERROR_EXISTS, "m.safetensors: is there already");
    unlink(w.out);
    begin(&w);
    cut(w.last, 100);
    run.resume = true;
    refused(&w, &run, FMX_ERROR_FORMAT, "it is cut short or damaged");
    fmx_test_close(&w.test);
}

Test(train_refusals, weights_to_start_from)
{
    static const char *const one_epoch[] = {"train.epochs=1", NULL};
    const float nan = NAN;
    world w;
    char other[PATH + 64];
    open_world(&w, &usual);
    snprintf(other, sizeof other, "%s/other.safetensors", w.folder);
    fmx_train_run run = usual_run(&w);
    run.set = one_epoch;
    fmx_test_ok(&w.test, fmx_train(w.test.device, &run, NULL), "train");
    run.init = w.out;
    run.out = other;
    run.recipe = recipe_of("", "max_pool, flatten, dense: {units: 4, name: present}, sigmoid",
                           "loss: binary_cross_entropy, " ADAM);
    refused(&w, &run, FMX_ERROR_SHAPE, "\"present.weight\" is 4 x 96, 4 x 48 is expected");
    run.recipe = recipe_of("", DENSE "sigmoid", "loss: binary_cross_entropy, " ADAM);
    refused(&w, &run, FMX_ERROR_NOT_FOUND, "no tensor \"dense_1.weight\"");
    run.init = "/nowhere/m.safetensors";
    refused(&w, &run, FMX_ERROR_NOT_FOUND, "/nowhere/m.safetensors");
    /* the last value of the last tensor, a bias of the softmax */
    cut(w.out, sizeof nan);
    FILE *file = fopen(w.out, "ab");
    cr_assert_not_null(file);
    fwrite(&nan, sizeof nan, 1, file);
    fclose(file);
    run.init = w.out;
    run.recipe = fmx_train_model;
    refused(&w, &run, FMX_ERROR_FORMAT,
            "the loss or gradient of step 1 (epoch 1) is not finite: the first weights: made the "
            "first value that is not finite: weight share.bias, number 3 of 4, is nan");
    cr_assert_eq(access(other, F_OK), -1);
    fmx_test_close(&w.test);
}

/* ---- allocations ------------------------------------------------------------------------------
 */

static fmx_status open_model(void *user)
{
    const world *w = user;
    fmx__model *model = NULL;
    fmx_status status = fmx__model_open(w->test.device, w->out, 3, &model);
    cr_assert_eq(model == NULL, status != FMX_OK);
    fmx__model_close(model);
    return status;
}

Test(train_refusals, every_allocation_of_a_model_may_fail)
{
    static const char *const one_epoch[] = {"train.epochs=1", NULL};
    world w;
    open_world(&w, &usual);
    fmx_train_run run = usual_run(&w);
    run.set = one_epoch;
    fmx_test_ok(&w.test, fmx_train(w.test.device, &run, NULL), "train");
    fmx_test_each_failure(&w.test, open_model, &w);
    fmx_test_close(&w.test);
}

/* A training of one epoch with each allocation failing, on the device and on the host: refused with
 * a status, no model, nothing leaks (fmx_test_close), and the next one works. The first fifty of
 * the host one by one, then every seventh. */
Test(train_refusals, every_allocation_of_a_training_may_fail)
{
    enum { MOST = 5000, EACH = 50, STEP = 7 };
    static const char *const one_epoch[] = {"train.epochs=1", "train.accumulate=2",
                                            "train.average.decay=0.9", NULL};
    world w;
    open_world(&w, &usual);
    fmx_train_run run = usual_run(&w);
    run.set = one_epoch;
    for (int host = 0; host < 2; ++host) {
        size_t n = 1;
        fmx_status status = FMX_ERROR_MEMORY;
        while (status != FMX_OK && n < MOST) {
            if (host)
                fmx__fail_allocation(w.test.ctx, n);
            else
                fmx__device_fail_allocation(w.test.device, n);
            status = fmx_train(w.test.device, &run, NULL);
            fmx__fail_allocation(w.test.ctx, 0);
            fmx__device_fail_allocation(w.test.device, 0);
            cr_assert(status == FMX_OK ||
                          status == (host ? FMX_ERROR_MEMORY : FMX_ERROR_DEVICE_MEMORY),
                      "allocation %zu: %s", n, fmx_context_message(w.test.ctx));
            cr_assert_eq(access(w.out, F_OK), status == FMX_OK ? 0 : -1, "allocation %zu", n);
            fmx_context_clear(w.test.ctx);
            unlink(w.out);
            unlink(w.last);
            unlink(w.best);
            n += host && n >= EACH ? STEP : 1;
        }
        cr_assert_eq(status, FMX_OK, "more than %zu allocations", n);
        cr_assert_gt(n, 10);
    }
    fmx_test_close(&w.test);
}
