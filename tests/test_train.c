/* Training: it learns, it gives the same bits, it goes on where it was ended, and it refuses. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fmx_test.h"
#include "labels.h"
#include "train_world.h"
#include "trainer_internal.h"

/* The figures of an epoch, from the history beside the model. */
static void read_epoch(const fmx_world *w, size_t epoch, double *loss, double *validation)
{
    char line[256];
    FILE *file = fopen(fmx_world_beside(w, ".history.csv"), "r");
    cr_assert_not_null(file);
    for (size_t i = 0; i <= epoch; ++i)
        cr_assert_not_null(fgets(line, sizeof line, file), "epoch %zu is missing", epoch);
    cr_assert_eq(sscanf(line, "%*u,%*g,%lg,%lg", loss, validation), 2, "%s", line);
    fclose(file);
}

Test(train, learns)
{
    static const char *const set[] = {"train.epochs=30", NULL};
    fmx_world w;
    double first[2];
    double last[2];
    fmx_world_open(&w, &fmx_usual_set);
    fmx_train_run run = fmx_world_run(&w);
    run.set = set;
    fmx__train_result result = fmx_world_trained(&w, &run);
    read_epoch(&w, 1, &first[0], &first[1]);
    read_epoch(&w, 30, &last[0], &last[1]);
    cr_assert_lt(last[0], first[0] / 4, "%g, then %g", first[0], last[0]);
    cr_assert_lt(last[1], first[1] / 4, "%g, then %g", first[1], last[1]);
    cr_assert_eq(result.best_f1, 1);
    cr_assert_eq(result.epochs, 30);
    cr_assert_eq(result.classes, CLASSES);
    cr_assert_eq(access(fmx_world_beside(&w, ".last"), F_OK), -1);
    cr_assert_eq(access(fmx_world_beside(&w, ".best"), F_OK), -1);
    fmx_test_close(&w.test);
}

/* The program: trains, is up to date, shows model and checkpoint. */
Test(train, program)
{
    fmx_world w;
    char command[4 * PATH];
    char recipe[PATH + 32];
    fmx_world_open(&w, &fmx_usual_set);
    snprintf(recipe, sizeof recipe, "%s/r.yml", w.folder);
    FILE *file = fopen(recipe, "w");
    cr_assert_not_null(file);
    fputs(fmx_train_model, file);
    fclose(file);
    fmx_train_run run = fmx_world_run(&w);
    fmx_world_interrupt(&w, &run, 5);
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
static void check_what_validation_said(const char *const *set)
{
    fmx_world w;
    fmx_world_open(&w, &fmx_usual_set);
    fmx_train_run run = fmx_world_run(&w);
    run.set = set;
    fmx__train_result result = fmx_world_trained(&w, &run);
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

/* In one batch; two in one pass, whose last rows are no items; all of them, one by one. */
Test(train, a_model_says_what_validation_said)
{
    static const char *const settings[][2] = {
        {NULL}, {"train.batch=5", NULL}, {"train.batch=1", NULL}};
    for (size_t i = 0; i < FMX__COUNT(settings); ++i)
        check_what_validation_said(settings[i]);
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
    fmx_world w;
    char other[PATH + 64];
    fmx_world_open(&w, &fmx_usual_set);
    snprintf(other, sizeof other, "%s/other.safetensors", w.folder);
    for (size_t i = 0; i < FMX__COUNT(settings); ++i) {
        fmx_train_run run = fmx_world_run(&w);
        run.set = settings[i];
        fmx__train_result result = fmx_world_trained(&w, &run);
        cr_assert_eq(result.epochs, 6);
        run.out = other;
        fmx_world_trained(&w, &run);
        fmx_same_files(w.out, other, settings[i][0]);
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
    fmx_world w;
    char other[PATH + 64];
    char history[PATH + 96];
    fmx_world_open(&w, &fmx_usual_set);
    snprintf(other, sizeof other, "%s/other.safetensors", w.folder);
    snprintf(history, sizeof history, "%s.history.csv", other);
    for (size_t i = 0; i < FMX__COUNT(settings); ++i) {
        fmx_train_run run = fmx_world_run(&w);
        run.set = settings[i];
        fmx_world_trained(&w, &run);
        for (size_t at = 1; at < 12; at += 5) {
            fmx_train_run part = run;
            part.out = other;
            part.resume = true;
            fmx_world_interrupt(&w, &part, at);
            fmx_world_interrupt(&w, &part, 1);
            fmx_world_trained(&w, &part);
            fmx_same_files(w.out, other, "resumed");
            fmx_same_files(fmx_world_beside(&w, ".history.csv"), history, "resumed");
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
    fmx_world w;
    char other[PATH + 64];
    fmx_world_open(&w, &fmx_usual_set);
    snprintf(other, sizeof other, "%s/other.safetensors", w.folder);
    for (size_t i = 0; i < FMX__COUNT(cases); ++i) {
        fmx_train_run run = fmx_world_run(&w);
        run.recipe = fmx_with_optimiser(cases[i].optimiser);
        run.set = cases[i].set;
        fmx_world_trained(&w, &run);
        run.out = other;
        run.resume = true;
        fmx_world_interrupt(&w, &run, 7);
        fmx_world_trained(&w, &run);
        fmx_same_files(w.out, other, cases[i].optimiser);
        unlink(w.out);
        unlink(other);
    }
    fmx_test_close(&w.test);
}

/* Rows of a history, its head apart. */
static size_t rows_of(const char *history)
{
    size_t lines = 0;
    for (const char *at = strchr(history, '\n'); at != NULL; at = strchr(at + 1, '\n'))
        ++lines;
    return lines - 1;
}

/* Six epochs of two steps in much less than a second, with a checkpoint behind the fourth, ended in
 * the sixth: the history has the five, and the best weights that the checkpoint counts on are those
 * of the epoch that it names, with the history up to there. */
Test(train, files_of_an_interrupted_training)
{
    static const char *const set[] = {"train.checkpoint=4", NULL};
    unsigned best = 0;
    size_t count = 0;
    fmx_world w;
    fmx__safetensors *file = NULL;
    fmx_world_open(&w, &fmx_usual_set);
    fmx_train_run run = fmx_world_run(&w);
    run.set = set;
    fmx_world_interrupt(&w, &run, 11);
    char *csv = fmx_train_bytes(fmx_world_beside(&w, ".history.csv"), &count);
    cr_assert_not_null(csv);
    size_t rows = 0;
    for (size_t i = 0; i < count; ++i)
        rows += csv[i] == '\n';
    free(csv);
    cr_assert_eq(rows, 1 + 5, "%zu", rows);
    fmx_test_ok(&w.test, fmx__safetensors_open(w.test.ctx, fmx_world_beside(&w, ".last"), &file),
                "open");
    const char *state = strstr(fmx__safetensors_text(file, "fidmix.training"), "best_epoch=");
    cr_assert_eq(sscanf(state, "best_epoch=%u", &best), 1);
    cr_assert_eq(rows_of(fmx__safetensors_text(file, "fidmix.history")), 4);
    fmx__safetensors_close(file);
    cr_assert_eq(best, 4, "epoch %u is the best, the test wants one behind the first", best);
    fmx_test_ok(&w.test, fmx__safetensors_open(w.test.ctx, fmx_world_beside(&w, ".best"), &file),
                "open");
    cr_assert_eq(rows_of(fmx__safetensors_text(file, "fidmix.history")), best);
    fmx__safetensors_close(file);
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
    fmx_world w;
    char other[PATH + 64];
    fmx_world_open(&w, &fmx_usual_set);
    snprintf(other, sizeof other, "%s/other.safetensors", w.folder);
    fmx_train_run run = fmx_world_run(&w);
    run.set = logged;
    fmx_world_trained(&w, &run);
    run.out = other;
    fmx_context_set_log(w.test.ctx, interrupt_from_log, w.test.ctx, FMX_LOG_INFO);
    fmx_test_refused(&w.test, fmx_train(w.test.device, &run, NULL), FMX_ERROR_INTERRUPTED,
                     "interrupted");
    fmx_test_close(&w.test);
    w.test = fmx_test_open();
    run.resume = true;
    fmx_world_trained(&w, &run);
    fmx_same_files(w.out, other, "resumed");
    fmx_test_close(&w.test);
}

/* Three epochs that were interrupted in the third become six. */
Test(train, more_epochs_when_resumed)
{
    static const char *const three[] = {"train.epochs=3", NULL};
    fmx_world w;
    char other[PATH + 64];
    fmx_world_open(&w, &fmx_usual_set);
    snprintf(other, sizeof other, "%s/other.safetensors", w.folder);
    fmx_train_run run = fmx_world_run(&w);
    fmx_world_trained(&w, &run);
    run.out = other;
    run.set = three;
    fmx_world_interrupt(&w, &run, 5);
    run.resume = true;
    run.set = NULL;
    fmx__train_result result = fmx_world_trained(&w, &run);
    cr_assert_eq(result.epochs, 6);
    fmx_same_files(w.out, other, "six epochs");
    result = fmx_world_trained(&w, &run); /* once more */
    cr_assert(result.finished_before);
    run.set = three;
    fmx_test_refused(&w.test, fmx_train(w.test.device, &run, NULL), FMX_ERROR_EXISTS,
                     "with another number of epochs; to train it further, give it as --init");
    unlink(other);
    /* a rate that reaches its floor with the last epoch would be another one */
    run.recipe =
        fmx_with_optimiser("adam: {learning_rate: 0.01}}\n  schedule: {cosine: {floor: 0}");
    fmx_world_interrupt(&w, &run, 5);
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
    fmx_world w;
    char other[PATH + 64];
    fmx_world_open(&w, &fmx_usual_set);
    fmx_train_run run = fmx_world_run(&w);
    fmx_world_trained(&w, &run);
    snprintf(other, sizeof other, "%s/other.safetensors", w.folder);
    run.init = w.out;
    run.out = other;
    run.set = still;
    fmx_world_trained(&w, &run);
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
