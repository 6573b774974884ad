/* Small recurrent networks trained from PyTorch's own weights: the losses of every step and the
 * weights behind the convolutions are PyTorch's (tests/golden/make_recurrent_network.py). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fmx_golden.h"
#include "fmx_test.h"
#include "train_fixture.h"

enum { ROWS = 16, CLASSES = 3 };

#define BLOCK(NUMBER, FILTERS, KERNEL)                                                             \
    "  - conv1d: {name: c" NUMBER ", filters: " FILTERS ", kernel: " KERNEL "}\n"                  \
    "  - batch_norm: {name: n" NUMBER ", convention: keras}\n"                                     \
    "  - relu\n"                                                                                   \
    "  - max_pool: {window: 2, padding: same}\n"
#define TAIL                                                                                       \
    "  - dense: {name: out, units: 3}\n"                                                           \
    "  - softmax: {name: proportion}\n"                                                            \
    "train: {shuffle: false, validate: false, batch: 8, epochs: 1, log_steps: 1,\n"                \
    "  loss: cross_entropy, "

/* data/recipes/s1_lstm.yml, small */
static const char windows_text[] =
    "fidmix: 1\n"
    "model:\n"
    "  - fold: {parts: 10, of: positions}\n" BLOCK("1", "4", "5") BLOCK("2", "6", "5")
        BLOCK("3", "8", "3") BLOCK("4", "8", "3") "  - flatten\n"
                                                  "  - unfold: {of: positions}\n"
                                                  "  - lstm: {name: r, units: 5, returns: last}\n"
                                                  "  - dropout: {rate: 0}\n" TAIL "items: 64,\n"
                                                  "  optimiser: {adam: {learning_rate: 0.001, "
                                                  "convention: keras}}}\n";

#define CLASSIFIER(OP)                                                                             \
    "fidmix: 1\n"                                                                                  \
    "model:\n"                                                                                     \
    "  - " OP ": {name: r, units: 8, layers: 2, bidirectional: true, returns: last}\n" TAIL        \
    "items: 800,\n"                                                                                \
    "  optimiser: {adam: {learning_rate: 0.002, epsilon: 1.0e-8, "                                 \
    "convention: pytorch}}}\n"

static void write_dataset(const fmx_test *test, fmx__safetensors *file, const char *name,
                          const char *path)
{
    const fmx__tensor_entry *entry = NULL;
    float *input = fmx_test_tensor(file, &entry, "%s.input", name);
    float *target = fmx_test_tensor(file, NULL, "%s.target", name);
    const fmx_train_rows rows = {ROWS, entry->shape[2], CLASSES, input, target};
    fmx_test_ok(test, fmx_train_write_rows(test->ctx, path, &rows), "dataset");
    free(input);
    free(target);
}

/* How far single precision may be: PyTorch itself, in float32 with the same start, is off from its
 * own results in double by `off` up to that step, another draw of the same roundings; four times
 * that, and four roundings of the loss. */
static void check_losses(fmx__safetensors *golden, const char *name, const fmx_train_log *log)
{
    const fmx__tensor_entry *entry = NULL;
    float *loss = fmx_test_tensor(golden, &entry, "%s.loss", name);
    float *off = fmx_test_tensor(golden, NULL, "%s.off", name);
    cr_assert_eq(log->count, entry->values, "%zu steps", log->count);
    for (size_t t = 0; t < log->count; ++t) {
        double expected = loss[t];
        double limit = 4 * (double)off[t] + 4 * FMX_TEST_EPS * expected;
        cr_assert_leq(fabs(log->loss[t] - expected), limit,
                      "%s, step %zu: %.9g, PyTorch %.9g +- %.3g", name, t, log->loss[t], expected,
                      limit);
    }
    free(loss);
    free(off);
}

/* The same for a tensor after the last step, with metadata float32.<name>.<tensor>. */
static void check_tensor(fmx__safetensors *golden, fmx__safetensors *model, const char *name,
                         const char *tensor)
{
    const fmx__tensor_entry *entry = NULL;
    const fmx__tensor_entry *own = NULL;
    char key[128];
    double most = 0;
    float *expected = fmx_test_tensor(golden, &entry, "final.%s.%s", name, tensor);
    float *got = fmx_test_tensor(model, &own, "%s", tensor);
    snprintf(key, sizeof key, "float32.%s.%s", name, tensor);
    const char *text = fmx__safetensors_text(golden, key);
    cr_assert_not_null(text, "%s", key);
    cr_assert_eq(entry->values, own->values, "%s", tensor);
    for (size_t i = 0; i < entry->values; ++i)
        most = fmax(most, fabs((double)expected[i]));
    double limit = 4 * strtod(text, NULL) + most * 4 * FMX_TEST_EPS;
    for (size_t i = 0; i < entry->values; ++i)
        cr_assert_leq(fabs((double)got[i] - (double)expected[i]), limit,
                      "%s, %s, value %zu: %.9g, PyTorch %.9g +- %.3g", name, tensor, i,
                      (double)got[i], (double)expected[i], limit);
    free(expected);
    free(got);
}

static void check(const char *name, const char *recipe, const char *const *tensors, size_t count)
{
    fmx_test test = fmx_test_open();
    fmx__safetensors *golden = fmx_test_tensors("recurrent_network.safetensors");
    fmx__safetensors *model = NULL;
    char spectra[600];
    char out[600];
    char init[600];
    fmx_train_log log = {0};
    const char *folder = fmx_test_folder();
    snprintf(spectra, sizeof spectra, "%s/%s.h5", folder, name);
    snprintf(out, sizeof out, "%s/%s.safetensors", folder, name);
    snprintf(init, sizeof init, "%s/tests/golden/recurrent_network_%s.safetensors", FMX_SOURCE_DIR,
             name);
    write_dataset(&test, golden, name, spectra);
    fmx_train_run run = {.recipe = recipe, .spectra = spectra, .out = out, .init = init};
    fmx_context_set_log(test.ctx, fmx_train_log_line, &log, FMX_LOG_INFO);
    fmx_test_ok(&test, fmx_train(test.device, &run, NULL), "train");
    check_losses(golden, name, &log);
    fmx_test_ok(&test, fmx__safetensors_open(test.ctx, out, &model), "model");
    for (size_t i = 0; i < count; ++i)
        check_tensor(golden, model, name, tensors[i]);
    fmx__safetensors_close(model);
    fmx__safetensors_close(golden);
    fmx_test_close(&test);
}

/* The windows of s1_lstm: time-distributed convolutions, LSTM, eight steps. */
Test(recurrent_network, windows)
{
    static const char *const tensors[] = {"r.weight_ih_l0", "r.weight_hh_l0", "r.bias_ih_l0",
                                          "r.bias_hh_l0",   "out.weight",     "out.bias"};
    check("windows", windows_text, tensors, FMX__COUNT(tensors));
}

static const char *const stacked[] = {
    "r.weight_ih_l0",         "r.weight_hh_l0",       "r.bias_ih_l0", "r.bias_hh_l0",
    "r.weight_ih_l0_reverse", "r.weight_ih_l1",       "r.bias_hh_l1", "r.weight_hh_l1_reverse",
    "r.bias_ih_l1_reverse",   "r.bias_hh_l1_reverse", "out.weight",   "out.bias"};

/* A hundred steps of a classifier. */
Test(recurrent_network, lstm)
{
    check("lstm", CLASSIFIER("lstm"), stacked, FMX__COUNT(stacked));
}

Test(recurrent_network, gru)
{
    check("gru", CLASSIFIER("gru"), stacked, FMX__COUNT(stacked));
}
