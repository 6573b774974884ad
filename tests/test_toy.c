/* The published toy of reference system S2 against PyTorch: 100 steps of batch 1 from the same
 * weights with each of the three published optimisers (tests/golden/make_torch_toy.py). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fmx_golden.h"
#include "fmx_test.h"
#include "multiplets.h"
#include "philox.h"
#include "plan.h"
#include "recording.h"
#include "train_fixture.h"
#include "train_section.h"
#include "trainer.h"
#include "weight_file.h"

enum { STEPS = 100, PATH = 600, VALUES = 126, WEIGHTS = 50246 };

/* ---- the same start ---------------------------------------------------------------------------
 */

/* Inputs of a value of the layer's weight, which stands before its bias. */
static double fan_in(const fmx__weights *weights, size_t index)
{
    const fmx__tensor *tensor = &weights->tensor[index];
    if (strcmp(tensor->spec.name, "bias") == 0)
        tensor = &weights->tensor[index - 1];
    return (double)(tensor->count / tensor->spec.dim[0]);
}

/* Tensor t as the golden's header says: computed in double, then rounded. */
static void fill_start(const fmx__weights *weights, const char *op, size_t t, float *value)
{
    const fmx__tensor *tensor = &weights->tensor[t];
    const uint32_t key[2] = {7, 10};
    for (size_t i = 0; i < tensor->count; ++i) {
        uint32_t word[4];
        const uint32_t counter[4] = {(uint32_t)t, 0, 0, (uint32_t)i};
        fmx__philox(word, counter, key);
        double u = 2 * (word[0] * 0x1p-32) - 1;
        if (strcmp(op, "prelu") == 0)
            value[i] = 0.25f;
        else if (strcmp(op, "group_norm") == 0)
            value[i] = (float)(u / 8 + (strcmp(tensor->spec.name, "weight") == 0));
        else
            value[i] = (float)(u / sqrt(fan_in(weights, t)));
    }
}

static void write_start(const fmx_test *test, const fmx__graph *graph, const char *path)
{
    fmx__weights weights;
    fmx_test_ok(test, fmx__weights_create(test->device, graph, false, &weights), "weights");
    for (size_t t = 0; t < weights.count; ++t) {
        const fmx__tensor *tensor = &weights.tensor[t];
        const char *op = graph->layer[tensor->layer].op->group.name;
        float *value = malloc(tensor->count * sizeof *value);
        fill_start(&weights, op, t, value);
        fmx_test_ok(test, fmx_buffer_write(tensor->value, 0, value, tensor->count * sizeof *value),
                    tensor->name);
        free(value);
    }
    fmx__model_facts facts = fmx__model_facts_none;
    fmx_test_ok(test, fmx__weight_file_write(test->ctx, path, &weights, NULL, &facts, NULL, 0),
                "start");
    fmx__weights_clear(&weights);
}

/* ---- 100 steps --------------------------------------------------------------------------------
 */

/* Single precision against PyTorch in double: PyTorch in single precision from the same start is
 * off by `float32`, another draw of the same roundings. What accumulates is taken as the largest
 * so far: eight times that, and the rounding of the value itself. */
static void check_near(const char *what, const double *got, const float *exact,
                       const float *float32, size_t count, bool grows)
{
    double most = 0;
    for (size_t i = 0; i < count && !grows; ++i)
        most = fmax(most, fabs((double)float32[i] - (double)exact[i]));
    for (size_t i = 0; i < count; ++i) {
        most = fmax(most, fabs((double)float32[i] - (double)exact[i]));
        double limit = 8 * most + 8 * FMX_TEST_EPS * fabs((double)exact[i]);
        cr_assert(fabs(got[i] - (double)exact[i]) <= limit, "%s, %zu: %.9g, PyTorch %.9g +- %.3g",
                  what, i, got[i], (double)exact[i], limit);
    }
}

static void check_final(fmx__safetensors *golden, const char *model, const fmx_test *test,
                        const char *optimiser, const char *tensor)
{
    fmx__safetensors *file = NULL;
    const fmx__tensor_entry *entry = NULL;
    char what[128];
    fmx_test_ok(test, fmx__safetensors_open(test->ctx, model, &file), "model");
    float *exact = fmx_test_tensor(golden, &entry, "%s.%s", optimiser, tensor);
    float *float32 = fmx_test_tensor(golden, NULL, "%s.%s.float32", optimiser, tensor);
    float *got = fmx_test_tensor(file, NULL, "%s", tensor);
    double *wide = malloc(entry->values * sizeof *wide);
    for (size_t i = 0; i < entry->values; ++i)
        wide[i] = (double)got[i];
    snprintf(what, sizeof what, "%s, %s", optimiser, tensor);
    check_near(what, wide, exact, float32, entry->values, false);
    free(wide);
    free(got);
    free(exact);
    free(float32);
    fmx__safetensors_close(file);
}

/* The compounds and mixtures of the golden are those that fidmix draws. */
static void check_library(const fmx_test *test, fmx__safetensors *golden, const fmx__recipe *recipe)
{
    fmx__multiplets m;
    float *library = fmx_test_tensor(golden, NULL, "library");
    float *train = fmx_test_tensor(golden, NULL, "train");
    fmx_test_ok(
        test,
        fmx__multiplets_create(test->ctx, fmx__recipe_find(recipe, "multiplets")->options, 1, &m),
        "multiplets");
    for (size_t i = 0; i < 10 * VALUES; ++i)
        cr_assert_eq(m.file.area[i], library[i], "value %zu of the library", i);
    for (size_t i = 0; i < 30; ++i)
        cr_assert_eq((float)m.file.train.compound[i], train[i], "mixture %zu", i / 3);
    fmx__multiplets_clear(&m);
    free(library);
    free(train);
}

static void check_steps(const char *optimiser, const char *recipe_name, const char *const *more)
{
    const char *set[12] = {"train.shuffle=false", "train.validate=false", "train.epochs=10",
                           "train.log_steps=1"};
    fmx_test test = fmx_test_open();
    fmx__safetensors *golden = fmx_test_tensors("torch_toy.safetensors");
    fmx__recipe recipe = {0};
    fmx__graph graph = {0};
    char start[PATH];
    char out[PATH];
    fmx_train_log log = {0};
    for (size_t i = 0; more[i] != NULL; ++i)
        set[4 + i] = more[i];
    snprintf(start, PATH, "%s/start.safetensors", fmx_test_folder());
    snprintf(out, PATH, "%s/%s.safetensors", fmx_test_folder(), optimiser);
    fmx_test_ok(&test,
                fmx__recipe_read(test.ctx, recipe_name, &fmx__recipe_schema_full, NULL, 0, &recipe),
                "recipe");
    for (size_t i = 0; set[i] != NULL; ++i)
        fmx_test_ok(&test, fmx__recipe_set(test.ctx, &recipe, set[i]), set[i]);
    fmx_test_ok(&test, fmx__graph_create(test.ctx, &recipe, 21, &graph), "graph");
    cr_assert_eq(fmx__graph_parameters(&graph, true), WEIGHTS);
    check_library(&test, golden, &recipe);
    write_start(&test, &graph, start);
    fmx__train_result result;
    const fmx__train_job job = {
        .device = test.device, .recipe = &recipe, .out = out, .init = start};
    fmx_context_set_log(test.ctx, fmx_train_log_line, &log, FMX_LOG_INFO);
    fmx_test_ok(&test, fmx__train_run(&job, &result), "train");
    fmx_context_set_log(test.ctx, NULL, NULL, FMX_LOG_WARNING);
    cr_assert_eq(log.count, STEPS);
    float *exact = fmx_test_tensor(golden, NULL, "%s.loss", optimiser);
    float *float32 = fmx_test_tensor(golden, NULL, "%s.float32", optimiser);
    check_near(optimiser, log.loss, exact, float32, STEPS, true);
    check_final(golden, out, &test, optimiser, "encoder.weight");
    check_final(golden, out, &test, optimiser, "classifier.weight");
    free(exact);
    free(float32);
    fmx__graph_clear(&graph);
    fmx__recipe_clear(&recipe);
    fmx__safetensors_close(golden);
    fmx_test_close(&test);
}

Test(toy, hundred_steps_sgd)
{
    static const char *const more[] = {NULL};
    check_steps("sgd", "s2_toy_published", more);
}

Test(toy, hundred_steps_momentum)
{
    static const char *const more[] = {"train.optimiser.sgd.learning_rate=0.0001",
                                       "train.optimiser.sgd.momentum=0.99", NULL};
    check_steps("momentum", "s2_toy_published", more);
}

Test(toy, hundred_steps_adam)
{
    static const char *const more[] = {NULL};
    check_steps("adam", "s2_toy_published_adam", more);
}

/* ---- launches ---------------------------------------------------------------------------------
 */

/* A step takes few launches: at most 40 forward; with the way back 115, which leaves five for the
 * loss and the optimiser's slab. */
Test(toy, launches_of_a_step)
{
    fmx_test test = fmx_test_open();
    fmx__recipe recipe = {0};
    fmx__graph graph = {0};
    fmx__weights weights = {0};
    fmx__plan *plan = NULL;
    fmx__op_step step = {0};
    size_t logits = 0;
    size_t length[2];
    fmx_test_ok(
        &test,
        fmx__recipe_read(test.ctx, "s2_toy_published", &fmx__recipe_schema_full, NULL, 0, &recipe),
        "recipe");
    fmx_test_ok(&test, fmx__graph_create(test.ctx, &recipe, 21, &graph), "graph");
    fmx_test_ok(&test, fmx__weights_create(test.device, &graph, true, &weights), "weights");
    cr_assert(fmx__graph_find(&graph, "unfold_1", &logits));
    fmx__plan_request request = {
        .batch = 1, .training = true, .step = &step, .loss_value = &logits, .loss_count = 1};
    fmx_test_ok(&test, fmx__plan_create(test.device, &graph, &weights, &request, &plan), "plan");
    for (size_t way = 0; way < 2; ++way) {
        fmx__recording *recording = NULL;
        fmx_test_ok(&test, fmx__recording_begin(test.device, &recording), "record");
        fmx_test_ok(&test, way == 0 ? fmx__plan_forward(plan) : fmx__plan_backward(plan), "plan");
        fmx_test_ok(&test, fmx__recording_end(test.device), "record");
        length[way] = fmx__recording_length(recording);
        fmx__recording_destroy(recording);
    }
    cr_assert_leq(length[0], 40, "%zu launches forward", length[0]);
    cr_assert_leq(length[0] + length[1], 115, "%zu forward, %zu backward", length[0], length[1]);
    fmx__plan_destroy(plan);
    fmx__weights_clear(&weights);
    fmx__graph_clear(&graph);
    fmx__recipe_clear(&recipe);
    fmx_test_close(&test);
}
