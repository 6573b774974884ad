/* A temporal convolutional classifier, trained for 24 steps from PyTorch's own weights on its own
 * batches: losses, first gradients and weights are PyTorch's (tests/golden/make_torch_tcn.py). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fmx_golden.h"
#include "fmx_test.h"
#include "train_fixture.h"
#include "train_section.h"
#include "weight_file.h"

enum { ROWS = 16, POINTS = 64, CLASSES = 3, STEPS = 24 };

static const char recipe_text[] =
    "fidmix: 1\n"
    "model:\n"
    "  - conv1d: {filters: 16, kernel: 5, name: encoder}\n"
    "  - tcn: {stacks: 2, layers: 3, hidden: 32}\n"
    "  - prelu: {name: slope}\n"
    "  - flatten\n"
    "  - dense: {units: 3, name: out}\n"
    "  - softmax: {name: proportion}\n"
    "train: {shuffle: false, validate: false, batch: 8, items: 192, epochs: 1, log_steps: 1,\n"
    "  loss: cross_entropy, optimiser: {adam: {learning_rate: 0.001, convention: pytorch, epsilon: "
    "1.0e-8}}}\n";

static void write_dataset(const fmx_test *test, fmx__safetensors *file, const char *path)
{
    float *input = fmx_test_tensor(file, NULL, "input");
    float *target = fmx_test_tensor(file, NULL, "target");
    const fmx_train_rows rows = {ROWS, POINTS, CLASSES, input, target};
    fmx_test_ok(test, fmx_train_write_rows(test->ctx, path, &rows), "dataset");
    free(input);
    free(target);
}

/* Every 31st value of the larger tensors is kept. */
static size_t stride_of(fmx__safetensors *file, const char *name)
{
    char key[512];
    snprintf(key, sizeof key, "stride.%s", name);
    const char *text = fmx__safetensors_text(file, key);
    return text == NULL ? 1 : strtoul(text, NULL, 10);
}

/* How far single precision may be: PyTorch itself, in float32 from the same start, is off from its
 * own results in double by metadata float32.<name>, another draw of the same roundings (of which a
 * sample of the tensor is compared); four times that, and the rounding of the largest value. */
static double limit_of(fmx__safetensors *file, const char *name, double most)
{
    char key[512];
    snprintf(key, sizeof key, "float32.%s", name);
    const char *text = fmx__safetensors_text(file, key);
    cr_assert_not_null(text, "%s", key);
    return 4 * strtod(text, NULL) + most * 4 * FMX_TEST_EPS;
}

/* The weights after the last step; returns the number of tensors. */
static void check_tensor(fmx__safetensors *golden, fmx__safetensors *model, const char *name)
{
    char what[512];
    const fmx__tensor_entry *entry = NULL;
    const fmx__tensor_entry *own = NULL;
    double most = 0;
    snprintf(what, sizeof what, "final.%s", name);
    float *expected = fmx_test_tensor(golden, &entry, "%s", what);
    float *got = fmx_test_tensor(model, &own, "%s", name);
    size_t stride = stride_of(golden, name);
    cr_assert_eq(entry->values, (own->values + stride - 1) / stride, "%s", name);
    for (size_t i = 0; i < entry->values; ++i)
        most = fmax(most, fabs((double)expected[i]));
    double limit = limit_of(golden, name, most);
    for (size_t i = 0; i < entry->values; ++i)
        cr_assert_leq(fabs((double)got[i * stride] - (double)expected[i]), limit,
                      "%s, value %zu: %.9g, PyTorch %.9g +- %.3g", name, i * stride,
                      (double)got[i * stride], (double)expected[i], limit);
    free(expected);
    free(got);
}

static void check_weights(fmx__safetensors *golden, fmx__safetensors *model)
{
    static const char *const parts[] = {"conv",    "prelu_1", "norm_1", "depthwise",
                                        "prelu_2", "norm_2",  "skip",   "residual"};
    static const char *const others[] = {"encoder.weight", "encoder.bias", "slope.weight",
                                         "out.weight", "out.bias"};
    char name[128];
    for (size_t i = 0; i < FMX__COUNT(others); ++i)
        check_tensor(golden, model, others[i]);
    for (size_t block = 0; block < 6; ++block) {
        for (size_t i = 0; i < FMX__COUNT(parts) - (block == 5 ? 1 : 0); ++i) {
            bool slope = strncmp(parts[i], "prelu", 5) == 0;
            snprintf(name, sizeof name, "tcn_1.%zu.%zu.%s.weight", block / 3, block % 3, parts[i]);
            check_tensor(golden, model, name);
            snprintf(name, sizeof name, "tcn_1.%zu.%zu.%s.bias", block / 3, block % 3, parts[i]);
            if (!slope)
                check_tensor(golden, model, name);
        }
    }
}

Test(torch_tcn, steps)
{
    fmx_test test = fmx_test_open();
    fmx__safetensors *golden = fmx_test_tensors("torch_tcn_steps.safetensors");
    fmx__safetensors *model = NULL;
    char spectra[600];
    char out[600];
    fmx_train_log log = {0};
    const char *folder = fmx_test_folder();
    snprintf(spectra, sizeof spectra, "%s/s.h5", folder);
    snprintf(out, sizeof out, "%s/m.safetensors", folder);
    write_dataset(&test, golden, spectra);
    fmx_train_run run = {.recipe = recipe_text,
                         .spectra = spectra,
                         .out = out,
                         .init = FMX_SOURCE_DIR "/tests/golden/torch_tcn_network.safetensors"};
    fmx_context_set_log(test.ctx, fmx_train_log_line, &log, FMX_LOG_INFO);
    fmx_test_ok(&test, fmx_train(test.device, &run, NULL), "train");
    float *loss = fmx_test_tensor(golden, NULL, "loss");
    double off = 4 * strtod(fmx__safetensors_text(golden, "float32.loss"), NULL);
    cr_assert_eq(log.count, STEPS);
    for (size_t t = 0; t < STEPS; ++t)
        cr_assert_leq(fabs(log.loss[t] - (double)loss[t]), off + 4 * FMX_TEST_EPS * loss[t],
                      "step %zu: %.9g, PyTorch %.9g +- %.3g", t, log.loss[t], (double)loss[t], off);
    fmx_test_ok(&test, fmx__safetensors_open(test.ctx, out, &model), "model");
    check_weights(golden, model);
    free(loss);
    fmx__safetensors_close(model);
    fmx__safetensors_close(golden);
    fmx_test_close(&test);
}
