/* Training: it learns, it gives the same bits, it goes on where it was ended, and it refuses. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fmx_test.h"
#include "labels.h"
#include "train_fixture.h"
#include "trainer_internal.h"

enum { CLASSES = 4, FIDS = 8, PATH = 600 };

static const fmx_train_set usual = {.classes = CLASSES, .fids = FIDS};

/* A device, a folder and a dataset in it. */
typedef struct world {
    fmx_test test;
    char folder[PATH];
    char spectra[PATH + 32];
    char out[PATH + 32];
} world;

static void open_world(world *w, const fmx_train_set *set)
{
    w->test = fmx_test_open();
    snprintf(w->folder, sizeof w->folder, "%s", fmx_test_folder());
    snprintf(w->spectra, sizeof w->spectra, "%s/s.h5", w->folder);
    snprintf(w->out, sizeof w->out, "%s/m.safetensors", w->folder);
    fmx_test_ok(&w->test, fmx_train_write(w->test.ctx, w->spectra, set), "dataset");
}

static const char *beside(const world *w, const char *end)
{
    static char path[PATH + 64];
    snprintf(path, sizeof path, "%s%s", w->out, end);
    return path;
}

/* The usual recipe with another optimiser. */
static const char *with_optimiser(const char *optimiser)
{
    static char recipe[4096];
    const char *end = strstr(fmx_train_model, "  optimiser:");
    snprintf(recipe, sizeof recipe, "%.*s  optimiser: {%s}\n", (int)(end - fmx_train_model),
             fmx_train_model, optimiser);
    return recipe;
}

static fmx_train_run usual_run(const world *w)
{
    return (fmx_train_run){.recipe = fmx_train_model, .spectra = w->spectra, .out = w->out};
}

static fmx__train_result trained(const world *w, const fmx_train_run *run)
{
    fmx__train_result result;
    fmx_test_ok(&w->test, fmx_train(w->test.device, run, &result), "train");
    return result;
}

/* Both files have the same bytes. */
static void same_files(const char *a, const char *b, const char *what)
{
    size_t count[2];
    char *bytes[2] = {fmx_train_bytes(a, &count[0]), fmx_train_bytes(b, &count[1])};
    cr_assert(bytes[0] != NULL && bytes[1] != NULL, "%s: no %s", what, bytes[0] == NULL ? a : b);
    cr_assert_eq(count[0], count[1], "%s", what);
    cr_assert_arr_eq(bytes[0], bytes[1], count[0], "%s", what);
    free(bytes[0]);
    free(bytes[1]);
}

/* The figures of an epoch, from the history beside the model. */
static void read_epoch(const world *w, size_t epoch, double *loss, double *validation)
{
    char line[256];
    FILE *file = fopen(beside(w, ".history.csv"), "r");
    cr_assert_not_null(file);
    for (size_t i = 0; i <= epoch; ++i)
        cr_assert_not_null(fgets(line, sizeof line, file), "epoch %zu is missing", epoch);
    cr_assert_eq(sscanf(line, "%*u,%*g,%lg,%lg", loss, validation), 2, "%s", line);
    fclose(file);
}

/* Interrupts when the work has advanced `left` times. */
typedef struct stopper {
    fmx_context *ctx;
    size_t left;
} stopper;

static void count_down(void *user, const char *what, size_t done, size_t total)
{
    stopper *s = user;
    (void)what;
    (void)done;
    (void)total;
    if (s->left > 0 && --s->left == 0)
        fmx_context_interrupt(s->ctx);
}

/* Runs until `left` steps are done; an interrupted context stays so: another one goes on. */
static void interrupt_after(world *w, const fmx_train_run *run, size_t left)
{
    stopper s = {w->test.ctx, left};
    fmx_context_set_progress(w->test.ctx, count_down, &s);
    fmx_test_refused(&w->test, fmx_train(w->test.device, run, NULL), FMX_ERROR_INTERRUPTED,
                     "interrupted");
    fmx_test_close(&w->test);
    w->test = fmx_test_open();
}

Test(train, learns)
{
    static const char *const set[] = {"train.epochs=30", NULL};
    world w;
    double first[2];
    double last[2];
    open_world(&w, &usual);
    fmx_train_run run = usual_run(&w);
    run.set = set;
    fmx__train_result result = trained(&w, &run);
    read_epoch(&w, 1, &first[0], &first[1]);
    read_epoch(&w, 30, &last[0], &last[1]);
    cr_assert_lt(last[0], first[0] / 4, "%g, then %g", first[0], last[0]);
    cr_assert_lt(last[1], first[1] / 4, "%g, then %g", first[1], last[1]);
    cr_assert_eq(result.best_f1, 1);
    cr_assert_eq(result.epochs, 30);
    cr_assert_eq(result.classes, CLASSES);
    cr_assert_eq(access(beside(&w, ".last"), F_OK), -1);
    cr_assert_eq(access(beside(&w, ".best"), F_OK), -1);
    fmx_test_close(&w.test);
}

/* The program: trains, is up to date, shows model and checkpoint. */
Test(train, program)
{
    world w;
    char command[4 * PATH];
    char recipe[PATH + 32];
    open_world(&w, &usual);
    snprintf(recipe, sizeof recipe, "%s/r.yml", w.folder);
    FILE *file = fopen(recipe, "w");
    cr_assert_not_null(file);
    fputs(fmx_train_model, file);
    fclose(file);
    fmx_train_run run = usual_run(&w);
    interrupt_after(&w, &run, 5);
    snprintf(command, sizeof command,
             "cd %s && " FMX_PROGRAM " info m.safetensors.last > last.txt && " FMX_PROGRAM
             " train s.h5 --recipe r.yml --resume --out m.safetensors 2> first.txt && " FMX_PROGRAM
             " train s.h5 --recipe r.yml --resume --out m.safetensors 2> second.txt && " FMX_PROGRAM
             " info m.safetensors > model.txt && grep -q 'best of 6 epochs' first.txt && "
             "grep -q 'up to date' second.txt && "
             "grep -q '816 parameters, 808 of them trainable' last.txt && "
             "grep -q '816 parameters, 808 of them trainable' model.txt",
             w.folder);
    cr_assert_eq(system(command), 0, "%s", command);
    fmx_test_close(&w.test);
}

/* What validation says of the model that is written is what the model says of the same rows. The
 * probabilities are rounded to float, 1 - p with an error of eps, so the logarithms of 1e-3 and
 * more are right to 1e-4. */
Test(train, a_model_says_what_validation_said)
{
    world w;
    open_world(&w, &usual);
    fmx_train_run run = usual_run(&w);
    fmx__train_result result = trained(&w, &run);
    static const fmx__split_options split = {.validation = 0.25, .test = 0.25};
    static float spectra[FIDS * CLASSES][FMX_TRAIN_POINTS];
    static float presence[FIDS * CLASSES][CLASSES];
    static float share[FIDS * CLASSES][CLASSES];
    fmx_dataset *dataset = NULL;
    fmx__labels labels;
    fmx__model *model = NULL;
    fmx_test_ok(&w.test, fmx_dataset_open(w.test.ctx, w.spectra, &dataset), "open");
    fmx_test_ok(&w.test, fmx__labels_read(w.test.ctx, dataset, w.spectra, NULL, 0, &split, &labels),
                "labels");
    fmx_test_ok(&w.test, fmx_dataset_read_spectra(dataset, 0, labels.rows, &spectra[0][0]), "rows");
    fmx_test_ok(&w.test, fmx__model_open(w.test.device, w.out, 5, &model), "model");
    fmx_test_ok(
        &w.test,
        fmx__model_predict(model, &spectra[0][0], labels.rows, &presence[0][0], &share[0][0]),
        "predict");
    double loss = 0;
    size_t rows = 0;
    size_t hits = 0;
    size_t wrong = 0;
    for (size_t row = 0; row < labels.rows; ++row) {
        if (labels.split[row] != FMX__SPLIT_VALIDATION)
            continue;
        ++rows;
        loss -= 0.5 * log((double)share[row][labels.class_of[row]]);
        for (int c = 0; c < CLASSES; ++c) {
            bool there = labels.class_of[row] == c;
            double p = presence[row][c];
            bool called = p >= fmx__model_describe(model)->threshold;
            loss -= log(there ? p : 1 - p) / CLASSES;
            hits += called && there;
            wrong += called != there;
        }
    }
    cr_assert_eq(rows, FIDS);
    cr_assert_float_eq(loss / (double)rows, result.best_loss, 1e-4 * (1 + result.best_loss),
                       "%.9g, training said %.9g", loss / (double)rows, result.best_loss);
    cr_assert_eq(fmx__model_describe(model)->threshold, result.threshold);
    cr_assert_eq(2.0 * (double)hits / (2.0 * (double)hits + (double)wrong), result.best_f1);
    fmx__model_close(model);
    fmx__labels_clear(&labels);
    fmx_dataset_close(dataset);
    fmx_test_close(&w.test);
}

/* Rows plain and varied, mixtures, the last batch smaller (16 rows: 5 5 5 1; 24 mixtures: 10 10 4),
 * without a validation split. */
Test(train, same_bits_twice)
{
    static const char *const settings[][4] = {
        {"train.batch=5", NULL},
        {"train.augment=true", "train.items=40", NULL},
        {"train.source=mixtures", "train.batch=10", "train.validation_items=7", NULL},
        {"train.shuffle=false", "train.validate=false", "train.batch=32", NULL},
    };
    world w;
    char other[PATH + 64];
    open_world(&w, &usual);
    snprintf(other, sizeof other, "%s/other.safetensors", w.folder);
    for (size_t i = 0; i < FMX__COUNT(settings); ++i) {
        fmx_train_run run = usual_run(&w);
        run.set = settings[i];
        fmx__train_result result = trained(&w, &run);
        cr_assert_eq(result.epochs, 6);
        run.out = other;
        trained(&w, &run);
        same_files(w.out, other, settings[i][0]);
        unlink(w.out);
        unlink(other);
    }
    fmx_test_close(&w.test);
}

/* Six epochs of two steps, interrupted behind step `at` and again one step later; where a
 * checkpoint is older than the epoch under way, the epochs between are done again. */
Test(train, interrupted_and_resumed)
{
    static const char *const settings[][3] = {{"train.checkpoint=1", NULL},
                                              {"train.checkpoint=4", "train.augment=true", NULL}};
    world w;
    char other[PATH + 64];
    char history[PATH + 96];
    open_world(&w, &usual);
    snprintf(other, sizeof other, "%s/other.safetensors", w.folder);
    snprintf(history, sizeof history, "%s.history.csv", other);
    for (size_t i = 0; i < FMX__COUNT(settings); ++i) {
        fmx_train_run run = usual_run(&w);
        run.set = settings[i];
        trained(&w, &run);
        for (size_t at = 1; at < 12; at += 5) {
            fmx_train_run part = run;
            part.out = other;
            part.resume = true;
            interrupt_after(&w, &part, at);
            interrupt_after(&w, &part, 1);
            trained(&w, &part);
            same_files(w.out, other, "resumed");
            same_files(beside(&w, ".history.csv"), history, "resumed");
            unlink(other);
        }
        unlink(w.out);
    }
    fmx_test_close(&w.test);
}

/* The same with every optimiser, averages and several batches a step. */
Test(train, every_optimiser_is_resumed)
{
    static const struct {
        const char *optimiser;
        const char *set[4];
    } cases[] = {
        {"sgd: {momentum: 0.9, nesterov: true, clip_value: 0.5}",
         {"train.average.decay=0.9", NULL}},
        {"sgd: {learning_rate: 0.1, clip_norm: 1}}\n  schedule: {cosine: {warmup: 5}",
         {"train.batch=3", "train.accumulate=2", NULL}},
        {"adam: {learning_rate: 0.01}}\n"
         "  schedule: {exponential: {factor: 0.5, every: 4, staircase: true}",
         {"train.batch=5", NULL}},
        {"adamw: {clip_global_norm: 1}",
         {"train.batch=3", "train.accumulate=2", "train.average.decay=0.9", NULL}},
        {"rmsprop: {momentum: 0.9, centred: true, convention: pytorch}",
         {"train.average.decay=0.5", "train.augment=true", NULL}},
    };
    world w;
    char other[PATH + 64];
    open_world(&w, &usual);
    snprintf(other, sizeof other, "%s/other.safetensors", w.folder);
    for (size_t i = 0; i < FMX__COUNT(cases); ++i) {
        fmx_train_run run = usual_run(&w);
        run.recipe = with_optimiser(cases[i].optimiser);
        run.set = cases[i].set;
        trained(&w, &run);
        run.out = other;
        run.resume = true;
        interrupt_after(&w, &run, 7);
        trained(&w, &run);
        same_files(w.out, other, cases[i].optimiser);
        unlink(w.out);
        unlink(other);
    }
    fmx_test_close(&w.test);
}

Test(train, killed_and_resumed)
{
    char command[2048];
    fmx_test test = fmx_test_open();
    snprintf(command, sizeof command, "%s %s", FMX_TRAIN_KILL, fmx_test_folder());
    cr_assert_eq(system(command), 0, "%s", command);
    fmx_test_close(&test);
}

/* Ctrl-C while an epoch is judged: its steps are done again. The loss
 * of an epoch's last step is taken and logged when all its steps are asked for. */
static void interrupt_from_log(void *user, fmx_log_level level, const char *text)
{
    (void)level;
    if (strstr(text, "step 4:") != NULL) /* the last of two epochs: validation comes next */
        fmx_context_interrupt(user);
}

Test(train, interrupted_while_validating)
{
    static const char *const logged[] = {"train.log_steps=1", NULL};
    world w;
    char other[PATH + 64];
    open_world(&w, &usual);
    snprintf(other, sizeof other, "%s/other.safetensors", w.folder);
    fmx_train_run run = usual_run(&w);
    run.set = logged;
    trained(&w, &run);
    run.out = other;
    fmx_context_set_log(w.test.ctx, interrupt_from_log, w.test.ctx, FMX_LOG_INFO);
    fmx_test_refused(&w.test, fmx_train(w.test.device, &run, NULL), FMX_ERROR_INTERRUPTED,
                     "interrupted");
    fmx_test_close(&w.test);
    w.test = fmx_test_open();
    run.resume = true;
    trained(&w, &run);
    same_files(w.out, other, "resumed");
    fmx_test_close(&w.test);
}

/* Three epochs that were interrupted in the third become six. */
Test(train, more_epochs_when_resumed)
{
    static const char *const three[] = {"train.epochs=3", NULL};
    world w;
    char other[PATH + 64];
    open_world(&w, &usual);
    snprintf(other, sizeof other, "%s/other.safetensors", w.folder);
    fmx_train_run run = usual_run(&w);
    trained(&w, &run);
    run.out = other;
    run.set = three;
    interrupt_after(&w, &run, 5);
    run.resume = true;
    run.set = NULL;
    fmx__train_result result = trained(&w, &run);
    cr_assert_eq(result.epochs, 6);
    same_files(w.out, other, "six epochs");
    result = trained(&w, &run); /* once more */
    cr_assert(result.finished_before);
    run.set = three;
    fmx_test_refused(&w.test, fmx_train(w.test.device, &run, NULL), FMX_ERROR_EXISTS,
                     "with another number of epochs; to train it further, give it as --init");
    unlink(other);
    /* a rate that reaches its floor with the last epoch would be another one */
    run.recipe = with_optimiser("adam: {learning_rate: 0.01}}\n  schedule: {cosine: {floor: 0}");
    interrupt_after(&w, &run, 5);
    run.set = NULL;
    fmx_test_refused(&w.test, fmx_train(w.test.device, &run, NULL), FMX_ERROR_EXISTS,
                     "was made by another recipe");
    fmx_test_close(&w.test);
}

/* Weights to start from: with a learning rate of 0 they stay, running statistics apart. */
Test(train, starts_from_given_weights)
{
    static const char *const still[] = {"train.optimiser.adam.learning_rate=0", "train.epochs=1",
                                        "train.plateau_floor=0", NULL};
    world w;
    char other[PATH + 64];
    open_world(&w, &usual);
    fmx_train_run run = usual_run(&w);
    trained(&w, &run);
    snprintf(other, sizeof other, "%s/other.safetensors", w.folder);
    run.init = w.out;
    run.out = other;
    run.set = still;
    trained(&w, &run);
    fmx__safetensors *file[2] = {NULL};
    fmx_test_ok(&w.test, fmx__safetensors_open(w.test.ctx, w.out, &file[0]), "open");
    fmx_test_ok(&w.test, fmx__safetensors_open(w.test.ctx, other, &file[1]), "open");
    static const char *const names[] = {"conv1d_1.weight", "batch_norm_1.bias", "present.weight",
                                        "share.bias"};
    for (size_t i = 0; i < FMX__COUNT(names); ++i) {
        const fmx__tensor_entry *entry = fmx__safetensors_find(file[0], names[i]);
        cr_assert_not_null(entry, "%s", names[i]);
        float *a = calloc(entry->values, sizeof *a);
        float *b = calloc(entry->values, sizeof *b);
        fmx_test_ok(&w.test, fmx__safetensors_read(file[0], entry, 0, entry->values, a), names[i]);
        entry = fmx__safetensors_find(file[1], names[i]);
        fmx_test_ok(&w.test, fmx__safetensors_read(file[1], entry, 0, entry->values, b), names[i]);
        cr_assert_arr_eq(a, b, entry->values * sizeof *a, "%s", names[i]);
        free(a);
        free(b);
    }
    fmx__safetensors_close(file[0]);
    fmx__safetensors_close(file[1]);
    fmx_test_close(&w.test);
}

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
static size_t plain_weights(world *w, const char *optimiser, const char *const *set, float *to,
                            size_t most)
{
    static const char *const names[] = {"conv1d_1.weight", "conv1d_1.bias", "share.weight",
                                        "share.bias"};
    char recipe[2048];
    size_t count = 0;
    fmx__safetensors *file = NULL;
    snprintf(recipe, sizeof recipe, "%s  optimiser: {%s}\n", plain_head, optimiser);
    fmx_train_run run = {.recipe = recipe, .set = set, .spectra = w->spectra, .out = w->out};
    trained(w, &run);
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
Test(train, accumulates)
{
    enum { MOST = 1000 };
    static const char *const settings[][2][4] = {
        {{"train.batch=16", NULL}, {"train.batch=4", "train.accumulate=4", NULL}},
        {{"train.batch=10", NULL}, {"train.batch=5", "train.accumulate=2", NULL}},
        {{"train.batch=16", NULL}, {"train.batch=16", "train.accumulate=1", NULL}}};
    static const double tolerance = 8 * 0.1 * 4 * 16 * 24 * FMX_TEST_EPS;
    world w;
    float weights[2][MOST];
    open_world(&w, &usual);
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
Test(train, averages_weights)
{
    enum { MOST = 1000, STEPS = 4 };
    static const char *const epochs[] = {"train.epochs=1", "train.epochs=2", "train.epochs=3",
                                         "train.epochs=4"};
    static const char *const averaged[] = {"train.average.decay=0.75", NULL};
    static const char *const still[] = {"train.optimiser.sgd.learning_rate=0", NULL};
    const char *sgd = "sgd: {learning_rate: 0.1, momentum: 0.9, nesterov: true}";
    world w;
    float weights[MOST];
    double average[MOST];
    open_world(&w, &usual);
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

/* Worked by hand: patience 3 and at least 0.1 better to go on; the rate is halved after 2 epochs
 * that are not 0.2 better, not below 0.3. */
Test(train, stops_and_slows_down)
{
    static const struct {
        double loss;
        bool better;
        bool goes_on;
        double rate; /* afterwards */
    } epochs[] = {
        {2.00, true, true, 1},     {1.95, false, true, 1},   /* 0.05 better: not enough */
        {1.85, true, true, 0.5},                             /* second epoch within 0.2 of 2.00 */
        {1.70, true, true, 0.5},                             /* 0.3 better than 2.00 */
        {1.65, false, true, 0.5},  {1.65, false, true, 0.3}, /* the floor */
        {1.65, false, false, 0.3},                           /* three without better */
    };
    static const fmx__train o = {.epochs = 100,
                                 .stop_patience = 3,
                                 .stop_least = 0.1,
                                 .plateau_patience = 2,
                                 .plateau_factor = 0.5,
                                 .plateau_least = 0.2,
                                 .plateau_floor = 0.3};
    fmx__train_state s = {.learning_rate = 1, .best_loss = INFINITY, .plateau_best = INFINITY};
    for (size_t i = 0; i < FMX__COUNT(epochs); ++i) {
        ++s.epoch;
        cr_assert_eq(fmx__train_follow(&s, &o, true, epochs[i].loss), epochs[i].better, "epoch %zu",
                     i + 1);
        cr_assert_eq(fmx__train_goes_on(&s, &o), epochs[i].goes_on, "epoch %zu", i + 1);
        cr_assert_eq(s.learning_rate, epochs[i].rate, "epoch %zu: %g", i + 1, s.learning_rate);
    }
    cr_assert_eq(s.best_epoch, 4);
    cr_assert_eq(s.best_loss, 1.70);
    fmx__train never = o;
    never.stop_patience = 0;
    never.plateau_patience = 0;
    for (; s.epoch < 100; ++s.epoch) {
        cr_assert(fmx__train_goes_on(&s, &never));
        cr_assert_not(fmx__train_follow(&s, &never, true, 5));
    }
    cr_assert_not(fmx__train_goes_on(&s, &never));
    cr_assert_eq(s.learning_rate, 0.3);
    s.learning_rate = 0.1; /* below the floor from the start: it does not rise */
    fmx__train_follow(&s, &o, true, 5);
    fmx__train_follow(&s, &o, true, 5);
    cr_assert_eq(s.learning_rate, 0.1);
}
