/* Losses and penalties within training: what is reported, what reaches the weights, what is
 * refused.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fmx_golden.h"
#include "fmx_test.h"
#include "train_fixture.h"

enum { PATH = 600, WEIGHTS = 4 * FMX_TRAIN_POINTS };

#define HEAD                                                                                       \
    "fidmix: 1\nseed: 3\ndatabase: {validation: 0.25, test: 0.25}\n"                               \
    "model: [flatten, dense: {units: 4, name: d}, softmax]\n"

typedef struct world {
    fmx_test test;
    char spectra[PATH + 32];
    char out[PATH + 96];
} world;

static void open_world(world *w)
{
    const fmx_train_set set = {.classes = 4, .fids = 8};
    w->test = fmx_test_open();
    const char *folder = fmx_test_folder();
    snprintf(w->spectra, sizeof w->spectra, "%.600s/s.h5", folder);
    snprintf(w->out, sizeof w->out, "%.600s/m.safetensors", folder);
    fmx_test_ok(&w->test, fmx_train_write(w->test.ctx, w->spectra, &set), "dataset");
}

static fmx_status train(world *w, const char *recipe)
{
    fmx__train_result result;
    const fmx_train_run run = {
        .recipe = recipe, .spectra = w->spectra[0] != '\0' ? w->spectra : NULL, .out = w->out};
    return fmx_train(w->test.device, &run, &result);
}

/* The weight of the layer d, in double. */
static void read_weight(const world *w, double *weight)
{
    fmx__safetensors *file = NULL;
    fmx_test_ok(&w->test, fmx__safetensors_open(w->test.ctx, w->out, &file), "model");
    float *values = fmx_test_tensor(file, NULL, "d.weight");
    for (size_t i = 0; i < WEIGHTS; ++i)
        weight[i] = (double)values[i];
    free(values);
    fmx__safetensors_close(file);
}

static void read_epoch(const world *w, size_t epoch, double *loss, double *validation)
{
    char path[PATH + 128];
    char line[512];
    snprintf(path, sizeof path, "%s.history.csv", w->out);
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file);
    for (size_t i = 0; i <= epoch; ++i)
        cr_assert_not_null(fgets(line, sizeof line, file), "epoch %zu is missing", epoch);
    const char *rate = strchr(line, ',');
    const char *at = rate != NULL ? strchr(rate + 1, ',') : NULL;
    char *end = NULL;
    cr_assert_not_null(at, "%s", line);
    *loss = strtod(at + 1, &end);
    cr_assert_eq(*end, ',', "%s", line);
    *validation = strtod(end + 1, NULL);
    fclose(file);
}

/* With nothing but l2 of 0.5 and a rate of 0.1 every step makes each weight 0.9 times what it was;
 * the epoch's loss is the mean of its two steps' penalties, and validation sees the weights behind
 * them. In float: 4 steps of 3 roundings, and sums of 384 terms of one sign. */
Test(train_losses, penalty)
{
    static double before[WEIGHTS];
    static double after[WEIGHTS];
    double squares = 0;
    double loss = 0;
    double validation = 0;
    world w;
    open_world(&w);
    fmx_test_ok(&w.test,
                train(&w, HEAD "train: {epochs: 1, batch: 8, loss: {cross_entropy: {weight: 0}}, "
                               "penalty: {l2: {amount: 0}}, optimiser: {sgd: {learning_rate: "
                               "0.1}}}\n"),
                "without");
    read_weight(&w, before);
    read_epoch(&w, 1, &loss, &validation);
    cr_assert_eq(loss, 0);
    snprintf(w.out + strlen(w.out) - strlen(".safetensors"), 16, "2.safetensors");
    fmx_test_ok(&w.test,
                train(&w, HEAD "train: {epochs: 2, batch: 8, loss: {cross_entropy: {weight: 0}}, "
                               "penalty: [l2: {layers: d, amount: 0.5}], optimiser: {sgd: "
                               "{learning_rate: 0.1}}}\n"),
                "with");
    read_weight(&w, after);
    for (size_t i = 0; i < WEIGHTS; ++i) {
        squares += before[i] * before[i];
        cr_assert_leq(fabs(after[i] - before[i] * pow(0.9, 4)), 13 * FMX_TEST_EPS * fabs(before[i]),
                      "weight %zu: %g from %g", i, after[i], before[i]);
    }
    for (size_t epoch = 1; epoch <= 2; ++epoch) {
        double first = 0.5 * squares * pow(0.9, 4 * (double)epoch - 4);
        read_epoch(&w, epoch, &loss, &validation);
        cr_assert_leq(fabs(loss - first * (1 + 0.81) / 2), 60 * FMX_TEST_EPS * first, "%.9g, %.9g",
                      loss, first * (1 + 0.81) / 2);
        cr_assert_leq(fabs(validation - first * pow(0.9, 4)), 60 * FMX_TEST_EPS * first);
    }
    fmx_test_close(&w.test);
}

Test(train_losses, refusals)
{
    static const struct {
        const char *train;
        const char *part;
    } cases[] = {
        {"penalty: {l1: {layers: \"d, nobody\"}}",
         "train.penalty.l1: layers: the model has no layer \"nobody\" with weights"},
        {"penalty: {l2: {layers: flatten_1}}", "no layer \"flatten_1\" with weights"},
        {"loss: {cross_entropy: {target: labels}}", "has no \"labels\""},
        {"loss: {mse: {target: classes, layer: flatten_1}}", "gives 96 x 1 values"},
        {"loss: {cross_entropy: {permutation: auto}}", "take labels"},
    };
    world w;
    open_world(&w);
    for (size_t i = 0; i < FMX__COUNT(cases); ++i) {
        char recipe[1024];
        bool names_loss = strncmp(cases[i].train, "loss", 4) == 0;
        snprintf(recipe, sizeof recipe,
                 HEAD "train: {epochs: 1, batch: 8, optimiser: adam, %s%s}\n", cases[i].train,
                 names_loss ? "" : ", loss: cross_entropy");
        fmx_test_refused(&w.test, train(&w, recipe), FMX_ERROR_RECIPE, cases[i].part);
    }
    fmx_test_close(&w.test);
}

/* Every loss of proportions trains a classifier of easy compounds: each epoch is better. */
Test(train_losses, other_losses_learn)
{
    static const char *const losses[] = {"mse", "mae", "huber",
                                         "cross_entropy: {double_softmax: true}"};
    world w;
    open_world(&w);
    for (size_t i = 0; i < FMX__COUNT(losses); ++i) {
        char recipe[1024];
        double loss = 0;
        double first = 0;
        double last = 0;
        bool with_options = strchr(losses[i], ':') != NULL;
        snprintf(recipe, sizeof recipe,
                 HEAD "train: {epochs: 8, batch: 8, loss: [%s%s], optimiser: {adam: "
                      "{learning_rate: 0.01}}}\n",
                 losses[i], with_options ? "" : ": {target: classes}");
        snprintf(strrchr(w.out, '/'), 64, "/l%zu.safetensors", i);
        fmx_test_ok(&w.test, train(&w, recipe), losses[i]);
        read_epoch(&w, 1, &loss, &first);
        read_epoch(&w, 8, &loss, &last);
        cr_assert(last < first && last > 0, "%s: %g, %g", losses[i], first, last);
    }
    fmx_test_close(&w.test);
}

/* Two halves of a loss on one layer, or on its other name behind a reshape, are the whole: by
 * rounding the same weights, and the same loss. */
Test(train_losses, several_on_one_layer)
{
    static const char *const losses[] = {
        "mse: {target: classes, layer: d, weight: 3}",
        "mse: {target: classes, layer: d}, mse: {target: classes, layer: d, weight: 2}",
        "mse: {target: classes, layer: again}, mse: {target: classes, layer: d, weight: 2}",
    };
    static double weight[3][WEIGHTS];
    double loss[3];
    double validation = 0;
    world w;
    open_world(&w);
    for (size_t i = 0; i < FMX__COUNT(losses); ++i) {
        char recipe[1024];
        snprintf(
            recipe, sizeof recipe,
            "fidmix: 1\nseed: 3\ndatabase: {validation: 0.25, test: 0.25}\n"
            "model: [flatten, dense: {units: 4, name: d}, reshape: {channels: 4, name: again}, "
            "softmax: {from: d}]\n"
            "train: {epochs: 2, batch: 8, loss: [cross_entropy: {weight: 0}, %s], "
            "optimiser: {sgd: {learning_rate: 0.1}}}\n",
            losses[i]);
        snprintf(strrchr(w.out, '/'), 64, "/s%zu.safetensors", i);
        fmx_test_ok(&w.test, train(&w, recipe), losses[i]);
        read_weight(&w, weight[i]);
        read_epoch(&w, 2, &loss[i], &validation);
    }
    /* four steps, each with a few roundings of gradients below 3 and their sums of 8 items */
    for (size_t i = 0; i < WEIGHTS; ++i) {
        for (size_t k = 1; k < 3; ++k)
            cr_assert_leq(fabs(weight[k][i] - weight[0][i]), 4 * 16 * 3 * FMX_TEST_EPS);
    }
    cr_assert_float_eq(loss[1], loss[0], 100 * FMX_TEST_EPS);
    cr_assert_float_eq(loss[2], loss[0], 100 * FMX_TEST_EPS);
    fmx_test_close(&w.test);
}

/* Mixtures of three compounds: named by three outputs, or taken apart, in whatever order suits; the
 * same recipe gives the same bits, and the loss of the last epoch is below that of the first. */
Test(train_losses, any_order)
{
    static const char *const tails[] = {
        "dense: {units: 60}, fold: {parts: 3}, dense: {units: 10}, unfold: {of: positions}, "
        "softmax]\n"
        "train: {loss: {cross_entropy: {target: labels, permutation: auto}}, ",
        "dense: {units: 378}, reshape: {channels: 3, positions: 126}]\n"
        "train: {loss: {si_snr: {permutation: hungarian, epsilon: 0.001}}, ",
        "dense: {units: 378}, reshape: {channels: 3, positions: 126}]\n"
        "train: {loss: {mse: {target: sources, permutation: auto}}, penalty: {l1: {amount: "
        "0.0001}}, ",
    };
    world w;
    open_world(&w);
    w.spectra[0] = '\0';
    for (size_t i = 0; i < FMX__COUNT(tails); ++i) {
        char recipe[1024];
        char *bytes[2];
        size_t count[2];
        double loss[2];
        double validation = 0;
        snprintf(recipe, sizeof recipe,
                 "fidmix: 1\nseed: 3\nmodel: [input: {channels: 6, positions: 21}, flatten, dense: "
                 "{units: 40}, relu, %s"
                 "source: multiplets, epochs: 12, batch: 5, items: 20, optimiser: {adam: "
                 "{learning_rate: 0.01}}}\n",
                 tails[i]);
        for (int run = 0; run < 2; ++run) {
            snprintf(strrchr(w.out, '/'), 64, "/o%zu%d.safetensors", i, run);
            fmx_test_ok(&w.test, train(&w, recipe), tails[i]);
            bytes[run] = fmx_train_bytes(w.out, &count[run]);
        }
        cr_assert(count[0] == count[1] && memcmp(bytes[0], bytes[1], count[0]) == 0, "%s",
                  tails[i]);
        read_epoch(&w, 1, &loss[0], &validation);
        read_epoch(&w, 12, &loss[1], &validation);
        cr_assert(loss[1] < loss[0], "%s: %g, %g", tails[i], loss[0], loss[1]);
        free(bytes[0]);
        free(bytes[1]);
    }
    fmx_test_close(&w.test);
}
