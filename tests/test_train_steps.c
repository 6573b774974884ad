/* The steps of training: several batches a step, averaged weights, and where a value that is not
 * finite comes from. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "labels.h"
#include "launch.h"
#include "safetensors.h"
#include "train_world.h"

/* A network whose items do not see each other, all rows in one order. */
static const char *const plain_head = "fidmix: 1\n"
                                      "seed: 5\n"
                                      "database: {validation: 0.25, test: 0.25}\n"
                                      "model:\n"
                                      "  - conv1d: {filters: 4, kernel: 5}\n"
                                      "  - relu\n"
                                      "  - max_pool: {window: 4}\n"
                                      "  - flatten\n"
                                      "  - dense: {units: 4, name: share}\n"
                                      "  - softmax: {name: proportion}\n"
                                      "train:\n"
                                      "  shuffle: false\n"
                                      "  validate: false\n"
                                      "  epochs: 4\n"
                                      "  batch: 16\n"
                                      "  loss: cross_entropy\n";

/* Trains the plain network by an optimiser and settings into `out`, and reads its weights: conv1d_1
 * and share, one after the other. */
static size_t plain_weights(fmx_world *w, const char *optimiser, const char *const *set, float *to,
                            size_t most)
{
    static const char *const names[] = {"conv1d_1.weight", "conv1d_1.bias", "share.weight",
                                        "share.bias"};
    char recipe[2048];
    size_t count = 0;
    fmx__safetensors *file = NULL;
    snprintf(recipe, sizeof recipe, "%s  optimiser: {%s}\n", plain_head, optimiser);
    fmx_train_run run = {.recipe = recipe, .set = set, .spectra = w->spectra, .out = w->out};
    fmx_world_trained(w, &run);
    fmx_test_ok(&w->test, fmx__safetensors_open(w->test.ctx, w->out, &file), "open");
    for (size_t i = 0; i < FMX__COUNT(names); ++i) {
        const fmx__tensor_entry *entry = fmx__safetensors_find(file, names[i]);
        cr_assert(entry != NULL && count + entry->values <= most, "%s", names[i]);
        fmx_test_ok(&w->test, fmx__safetensors_read(file, entry, 0, entry->values, to + count),
                    names[i]);
        count += entry->values;
    }
    fmx__safetensors_close(file);
    unlink(w->out);
    return count;
}

/* N batches of a step are one batch N times as large, also where the last is smaller (16 rows: 5 5,
 * 5 1 and 10, 6). A gradient is a sum of at most 16 * 24 products; another order of adding changes
 * it by that many roundings of its largest parts (below 4) at most, and each of the 8 steps hands
 * on what its rate of 0.1 lets through. */
Test(train_steps, accumulates)
{
    enum { MOST = 1000 };
    static const char *const settings[][2][4] = {
        {{"train.batch=16", NULL}, {"train.batch=4", "train.accumulate=4", NULL}},
        {{"train.batch=10", NULL}, {"train.batch=5", "train.accumulate=2", NULL}},
        {{"train.batch=16", NULL}, {"train.batch=16", "train.accumulate=1", NULL}}};
    static const double tolerance = 8 * 0.1 * 4 * 16 * 24 * FMX_TEST_EPS;
    fmx_world w;
    float weights[2][MOST];
    fmx_world_open(&w, &fmx_usual_set);
    for (size_t k = 0; k < FMX__COUNT(settings); ++k) {
        size_t count = 0;
        double moved = 0;
        for (int i = 0; i < 2; ++i)
            count =
                plain_weights(&w, "sgd: {learning_rate: 0.1}", settings[k][i], weights[i], MOST);
        for (size_t i = 0; i < count; ++i) {
            cr_assert_float_eq(weights[0][i], weights[1][i], tolerance, "%s, weight %zu: %g, %g",
                               settings[k][1][0], i, (double)weights[0][i], (double)weights[1][i]);
            moved = fmax(moved, fabs((double)weights[0][i]));
        }
        cr_assert_gt(moved, 100 * tolerance);
    }
    /* batches of 4 by themselves are something else */
    size_t count = plain_weights(&w, "sgd: {learning_rate: 0.1}", settings[0][0], weights[0], MOST);
    static const char *const small[] = {"train.batch=4", NULL};
    plain_weights(&w, "sgd: {learning_rate: 0.1}", small, weights[1], MOST);
    double apart = 0;
    for (size_t i = 0; i < count; ++i)
        apart = fmax(apart, fabs((double)weights[0][i] - (double)weights[1][i]));
    cr_assert_gt(apart, 10 * tolerance);
    fmx_test_close(&w.test);
}

/* One step an epoch: the average behind n steps is d^n w0 + sum of (1 - d) d^(n - k) wk, three
 * roundings a step. */
Test(train_steps, averages_weights)
{
    enum { MOST = 1000, STEPS = 4 };
    static const char *const epochs[] = {"train.epochs=1", "train.epochs=2", "train.epochs=3",
                                         "train.epochs=4"};
    static const char *const averaged[] = {"train.average.decay=0.75", NULL};
    static const char *const still[] = {"train.optimiser.sgd.learning_rate=0", NULL};
    const char *sgd = "sgd: {learning_rate: 0.1, momentum: 0.9, nesterov: true}";
    fmx_world w;
    float weights[MOST];
    double average[MOST];
    fmx_world_open(&w, &fmx_usual_set);
    size_t count = plain_weights(&w, sgd, still, weights, MOST);
    for (size_t i = 0; i < count; ++i)
        average[i] = weights[i];
    for (size_t k = 0; k < STEPS; ++k) {
        const char *const set[] = {epochs[k], NULL};
        plain_weights(&w, sgd, set, weights, MOST);
        for (size_t i = 0; i < count; ++i)
            average[i] = 0.75 * average[i] + 0.25 * (double)weights[i];
    }
    double apart = 0;
    float got[MOST];
    plain_weights(&w, sgd, averaged, got, MOST);
    for (size_t i = 0; i < count; ++i) {
        apart = fmax(apart, fabs((double)got[i] - (double)weights[i]));
        cr_assert_float_eq(got[i], average[i], 3 * STEPS * FMX_TEST_EPS, "weight %zu: %g, %g", i,
                           (double)got[i], average[i]);
    }
    cr_assert_gt(apart, 1e-3, "the average is the last weights");
    fmx_test_close(&w.test);
}

/* ---- where a value that is not finite comes from -----------------------------------------------
 */

/* Overwrites a tensor of a file with value times a pattern: 1 on the diagonal of rows of `width`
 * values, `rest` elsewhere. */
static void patch(const fmx_world *w, const char *path, const char *name, double value,
                  size_t width, double rest)
{
    fmx__safetensors *file = NULL;
    fmx_test_ok(&w->test, fmx__safetensors_open(w->test.ctx, path, &file), path);
    const fmx__tensor_entry *entry = fmx__safetensors_find(file, name);
    cr_assert_not_null(entry, "%s", name);
    FILE *to = fopen(path, "r+b");
    cr_assert(to != NULL && fseek(to, (long)entry->offset, SEEK_SET) == 0, "%s", path);
    for (size_t i = 0; i < entry->values; ++i) {
        float number = (float)(value * (i / width == i % width ? 1 : rest));
        cr_assert_eq(fwrite(&number, sizeof number, 1, to), 1);
    }
    fclose(to);
    fmx__safetensors_close(file);
}

/* Three dense layers on given weights: with large ones the middle one overflows forward; with the
 * first zero, forward is zero all along and the way back overflows behind the second. */
Test(train_steps, names_the_operation)
{
    static const char *const one_epoch[] = {"train.epochs=1", NULL};
    static const struct {
        double first;
        double second;
        const char *message;
    } cases[] = {
        {1e38, 1e10,
         "step 1 (epoch 1) is not finite: b, forward: made the first value that is not "
         "finite: output of dense, number "},
        {0, 1e20,
         "step 1 (epoch 1) is not finite: b, backward: made the first value that is not "
         "finite: gradient of what is read by dense, number "},
    };
    char recipe[2048];
    char other[PATH + 64];
    fmx_world w;
    fmx_world_open(&w, &fmx_usual_set);
    const char *layers = strstr(plain_head, "  - conv1d");
    const char *end = strstr(plain_head, "train:");
    snprintf(recipe, sizeof recipe,
             "%.*s  - flatten\n  - dense: {units: 4, name: a}\n  - dense: {units: 4, name: b}\n"
             "  - dense: {units: 4, name: c}\n  - softmax\n%s  optimiser: sgd\n",
             (int)(layers - plain_head), plain_head, end);
    snprintf(other, sizeof other, "%s/other.safetensors", w.folder);
    fmx_train_run run = {.recipe = recipe, .set = one_epoch, .spectra = w.spectra, .out = w.out};
    fmx_world_trained(&w, &run);
    run.init = w.out;
    run.out = other;
    for (size_t i = 0; i < FMX__COUNT(cases); ++i) {
        patch(&w, w.out, "a.weight", cases[i].first, FMX_TRAIN_POINTS, 0);
        patch(&w, w.out, "b.weight", cases[i].second, 4, 0);
        patch(&w, w.out, "c.weight", cases[i].second, 4, 0);
        fmx_test_refused(&w.test, fmx_train(w.test.device, &run, NULL), FMX_ERROR_FORMAT,
                         cases[i].message);
    }
    fmx_test_close(&w.test);
}

/* A rate that lets weights explode after some steps: the step and what made it are the same from
 * the start, from a checkpoint, with several batches a step and averages (whose copies must go
 * back, too). */
Test(train_steps, finds_the_step_again)
{
    static const char *const settings[][2][6] = {
        {{"train.checkpoint=1000", NULL}, {"train.checkpoint=1", NULL}},
        {{"train.checkpoint=1000", "train.batch=3", "train.accumulate=4", NULL},
         {"train.checkpoint=2", "train.batch=3", "train.accumulate=4", NULL}},
        {{"train.checkpoint=1000", "train.average.decay=0.9", "train.validate=true",
          "train.plateau_patience=6", NULL},
         {"train.checkpoint=3", "train.average.decay=0.9", "train.validate=true",
          "train.plateau_patience=6", NULL}}};
    fmx_world w;
    char recipe[2048];
    char text[1024];
    fmx_world_open(&w, &fmx_usual_set);
    snprintf(recipe, sizeof recipe, "%s  optimiser: {sgd: {learning_rate: 30, weight_decay: 1}}\n",
             plain_head);
    for (size_t k = 0; k < FMX__COUNT(settings); ++k) {
        for (int i = 0; i < 2; ++i) {
            const char *set[8] = {"train.epochs=200"};
            for (size_t n = 0; settings[k][i][n] != NULL; ++n)
                set[n + 1] = settings[k][i][n];
            fmx_train_run run = {.recipe = recipe, .set = set, .spectra = w.spectra, .out = w.out};
            fmx_test_refused(&w.test, fmx_train(w.test.device, &run, NULL), FMX_ERROR_FORMAT,
                             k < 2 ? "share, forward: made the first value that is not finite"
                                   : "the norm of the gradient"); /* of numbers near 1e20 */
            if (i == 0)
                snprintf(text, sizeof text, "%s", fmx_context_message(w.test.ctx));
            cr_assert_null(strstr(text, "(epoch 1)"), "too early to tell: %s", text);
            cr_assert_str_eq(fmx_context_message(w.test.ctx), text);
            unlink(fmx_world_beside(&w, ".last"));
            unlink(fmx_world_beside(&w, ".best"));
        }
    }
    fmx_test_close(&w.test);
}

/* ---- the same bits, or none -------------------------------------------------------------------
 */

/* Replaces the byte behind the first `before` in the head of a file by another digit. */
static void change_behind(const char *path, const char *before)
{
    size_t count = 0;
    char *bytes = fmx_train_bytes(path, &count);
    cr_assert_not_null(bytes, "%s", path);
    size_t length = strlen(before);
    size_t at = 0;
    while (at + length < count && memcmp(bytes + at, before, length) != 0)
        ++at;
    cr_assert_lt(at + length, count, "%s: no %s", path, before);
    bytes[at + length] = bytes[at + length] == '1' ? '2' : '1';
    FILE *file = fopen(path, "wb");
    cr_assert(file != NULL && fwrite(bytes, 1, count, file) == count, "%s", path);
    fclose(file);
    free(bytes);
}

/* A checkpoint names device, driver and kernels, and what rows it learns from. */
Test(train_steps, other_kernels_or_rows_are_refused)
{
    static const struct {
        const char *behind;
        const char *message;
    } cases[] = {
        {"kernels ", "going on would give other bits; resume there, or train on from it with"},
        {"train\\\":{\\\"rows\\\":16,\\\"xxh3\\\":\\\"", "was trained on other rows than"},
    };
    fmx_world w;
    fmx_world_open(&w, &fmx_usual_set);
    fmx_train_run run = fmx_world_run(&w);
    run.resume = true;
    for (size_t i = 0; i < FMX__COUNT(cases); ++i) {
        fmx_world_interrupt(&w, &run, 5);
        change_behind(fmx_world_beside(&w, ".last"), cases[i].behind);
        fmx_test_refused(&w.test, fmx_train(w.test.device, &run, NULL), FMX_ERROR_EXISTS,
                         cases[i].message);
        fmx_context_clear(w.test.ctx);
        unlink(fmx_world_beside(&w, ".last"));
    }
    fmx_test_close(&w.test);
}

/* Folds: test rows are those of the plain split; every other row validates in one fold and trains
 * in the others. */
Test(train_steps, folds)
{
    fmx_world w;
    fmx_dataset *dataset = NULL;
    fmx__labels plain;
    fmx__split_options split = {.validation = 0.25, .test = 0.25, .seed = 4};
    fmx_world_open(&w, &fmx_usual_set);
    fmx_test_ok(&w.test, fmx_dataset_open(w.test.ctx, w.spectra, &dataset), "open");
    fmx_test_ok(&w.test, fmx__labels_read(w.test.ctx, dataset, w.spectra, NULL, 0, &split, &plain),
                "labels");
    for (split.folds = 2; split.folds < 9; split.folds += 3) {
        size_t judged[CLASSES * FIDS] = {0};
        for (split.fold = 0; split.fold < split.folds; ++split.fold) {
            fmx__labels labels;
            fmx_test_ok(&w.test,
                        fmx__labels_read(w.test.ctx, dataset, w.spectra, NULL, 0, &split, &labels),
                        "labels");
            for (size_t row = 0; row < labels.rows; ++row) {
                judged[row] += labels.split[row] == FMX__SPLIT_VALIDATION;
                cr_assert_eq(labels.split[row] == FMX__SPLIT_TEST,
                             plain.split[row] == FMX__SPLIT_TEST, "row %zu", row);
            }
            fmx__labels_clear(&labels);
        }
        for (size_t row = 0; row < plain.rows; ++row)
            cr_assert_eq(judged[row], plain.split[row] != FMX__SPLIT_TEST, "row %zu: %zu", row,
                         judged[row]);
    }
    split = (fmx__split_options){.test = 0.25, .folds = 3, .fold = 3};
    fmx_test_refused(&w.test,
                     fmx__labels_read(w.test.ctx, dataset, w.spectra, NULL, 0, &split, &plain),
                     FMX_ERROR_ARGUMENT, "train.fold: index 3 of 3 folds");
    fmx_dataset_close(dataset);
    fmx_test_close(&w.test);
}

/* A training of a fold says so in its model, and what its splits were. */
Test(train_steps, a_model_names_its_rows)
{
    static const char *const set[] = {"train.fold.count=3", "train.fold.index=1", NULL};
    fmx_world w;
    fmx__safetensors *file = NULL;
    fmx_world_open(&w, &fmx_usual_set);
    fmx_train_run run = fmx_world_run(&w);
    run.set = set;
    fmx_world_trained(&w, &run);
    fmx_test_ok(&w.test, fmx__safetensors_open(w.test.ctx, w.out, &file), "open");
    const char *text = fmx__safetensors_text(file, "fidmix.splits");
    cr_assert(text != NULL &&
                  strstr(text, "\"folds\":3,\"fold\":1,\"train\":{\"rows\":16,") != NULL,
              "%s", text);
    const char *tiles = fmx__safetensors_text(file, "fidmix.tile_set");
    cr_assert(tiles != NULL && strstr(tiles, "driver ") != NULL &&
                  strstr(tiles, "kernels ") != NULL,
              "%s", tiles);
    fmx__safetensors_close(file);
    fmx_test_close(&w.test);
}

/* ---- allocations -------------------------------------------------------------------------------
 */

typedef struct strict {
    const fmx_test *test;
    size_t from; /* from the end of that step of each epoch to the end of step `to` no allocation */
    size_t to;
    size_t epochs;
} strict;

static void forbid(void *user, const char *what, size_t done, size_t total)
{
    strict *s = user;
    bool begins = strncmp(what, "epoch", 5) == 0 && done == s->from;
    bool ends = strncmp(what, "epoch", 5) == 0 && done == s->to;
    (void)total;
    if (!begins && !ends)
        return;
    fmx__fail_allocation(s->test->ctx, begins);
    fmx__device_fail_allocation(s->test->device, begins);
    s->epochs += begins;
}

/* With every allocation failing from the end of an epoch's first step to the end of its last but
 * one - buffers on the device, fidmix's own memory on the host - training runs on; with every
 * allocation failing from there on it does not. */
Test(train_steps, steps_allocate_nothing)
{
    static const char *const settings[][5] = {
        {"train.batch=2", "train.validate=false", NULL},
        {"train.batch=2", "train.accumulate=3", "train.average.decay=0.9", "train.augment=true",
         NULL},
        {"train.source=mixtures", "train.batch=3", NULL},
    };
    for (size_t i = 0; i < FMX__COUNT(settings); ++i) {
        fmx_world w;
        fmx_world_open(&w, &fmx_usual_set);
        strict s = {&w.test, 1, 7, 0};
        fmx_train_run run = fmx_world_run(&w);
        run.recipe = fmx_with_optimiser("sgd: {momentum: 0.9, clip_norm: 1}");
        run.set = settings[i];
        fmx_context_set_progress(w.test.ctx, forbid, &s);
        fmx_world_trained(&w, &run);
        cr_assert_eq(s.epochs, 6);
        unlink(w.out);
        s.to = 1000; /* of 8 steps: never */
        fmx_status status = fmx_train(w.test.device, &run, NULL);
        cr_assert(status == FMX_ERROR_MEMORY || status == FMX_ERROR_DEVICE_MEMORY, "%d", status);
        fmx__fail_allocation(w.test.ctx, 0);
        fmx__device_fail_allocation(w.test.device, 0);
        fmx_context_clear(w.test.ctx);
        fmx_test_close(&w.test);
    }
}

/* ---- what is said of epochs --------------------------------------------------------------------
 */

static void keep_text(void *user, fmx_log_level level, const char *text)
{
    char *all = user;
    (void)level;
    snprintf(all + strlen(all), 8192 - strlen(all), "%s\n", text);
}

/* A table has a head and a row for each epoch, a log a line; without validation neither speaks of
 * one. */
Test(train_steps, table_and_log)
{
    static const char *const set[] = {"train.epochs=3", "train.validate=false", NULL};
    static const char *const marks[][2][4] = {
        {{"epoch 1: loss ", "epoch 6: loss ", ", validation ", "(best)"},
         {"1/6 ", "6/6 ", "validation ", "* "}},
        {{"epoch 1: loss ", "epoch 3: loss ", ", learning rate 0.01", "epoch 3"},
         {"1/3 ", "3/3 ", " 0.01 ", "0:00"}}};
    fmx_world w;
    fmx_world_open(&w, &fmx_usual_set);
    for (int table = 0; table < 2; ++table) {
        for (int judged = 0; judged < 2; ++judged) {
            char text[8192] = "";
            fmx_train_run run = fmx_world_run(&w);
            run.table = table;
            run.set = judged ? NULL : set;
            fmx_context_set_log(w.test.ctx, keep_text, text, FMX_LOG_INFO);
            fmx_world_trained(&w, &run);
            for (int i = 0; i < 4; ++i)
                cr_assert_not_null(strstr(text, marks[!judged][table][i]), "no \"%s\" in\n%s",
                                   marks[!judged][table][i], text);
            cr_assert(judged || (strstr(text, "inf") == NULL && strstr(text, "nan") == NULL), "%s",
                      text);
            unlink(w.out);
        }
    }
    fmx_context_set_log(w.test.ctx, NULL, NULL, FMX_LOG_INFO);
    fmx_test_close(&w.test);
}
