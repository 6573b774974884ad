#include "optimiser.h"

#include <math.h>

enum { GROUP = 64, WIDE = 16 }; /* items per group; weights per item of the wide variant */

static const char *const conventions[] = {"keras", "pytorch", NULL};

#define FMX_FIELD(name) offsetof(fmx__adam, name)
static const fmx__option option_table[] = {
    {"learning_rate", FMX__OPTION_NUMBER, FMX_FIELD(learning_rate), "", 0, 1e3, NULL,
     "step size at the start"},
    {"beta1", FMX__OPTION_NUMBER, FMX_FIELD(beta1), "", 0, 0.999999, NULL,
     "what the mean of the gradients keeps"},
    {"beta2", FMX__OPTION_NUMBER, FMX_FIELD(beta2), "", 0, 0.999999999, NULL,
     "what the mean of their squares keeps"},
    {"epsilon", FMX__OPTION_NUMBER, FMX_FIELD(epsilon), "", 0, 1, NULL,
     "keeps the quotient finite"},
    {"convention", FMX__OPTION_CHOICE, FMX_FIELD(convention), "", 0, 0, conventions,
     "keras: epsilon is added to the uncorrected root; pytorch: to the corrected one"},
};
#undef FMX_FIELD

static const fmx__adam defaults = {1e-3, 0.9, 0.999, 1e-7, FMX__ADAM_KERAS};

static const fmx__option_group group = {
    .name = "adam",
    .doc = "Adaptive moments (Kingma and Ba 2015).",
    .options = option_table,
    .option_count = FMX__COUNT(option_table),
    .defaults = &defaults,
    .options_size = sizeof defaults,
};

const fmx__option_group *fmx__optimiser_stage(size_t index)
{
    return index == 0 ? &group : NULL;
}

fmx__adam_step fmx__adam_at(const fmx__adam *adam, double learning_rate, uint64_t number)
{
    /* -expm1(t log beta) = 1 - beta^t without cancellation at the first steps */
    double one = adam->beta1 > 0 ? -expm1((double)number * log(adam->beta1)) : 1;
    double two = adam->beta2 > 0 ? -expm1((double)number * log(adam->beta2)) : 1;
    bool corrected = adam->convention == FMX__ADAM_PYTORCH;
    return (fmx__adam_step){
        .rate = (float)(learning_rate * sqrt(two) / one),
        .epsilon = (float)(adam->epsilon * (corrected ? sqrt(two) : 1)),
    };
}

fmx_status fmx__adam_run(fmx_device *device, const fmx__adam *adam, size_t count, fmx_buffer *value,
                         fmx_buffer *m, fmx_buffer *v, fmx_buffer *grad, const fmx__adam_step *step)
{
    bool wide = fmx__device_wide(device);
    size_t bytes = count * sizeof(float);
    size_t per_item = wide ? WIDE : 1;
    fmx__arg args[] = {
        fmx__arg_buffer(value, bytes),
        fmx__arg_buffer(m, bytes),
        fmx__arg_buffer(v, bytes),
        fmx__arg_buffer(grad, bytes),
        fmx__arg_u64(count),
        fmx__arg_f32(1 - adam->beta1),
        fmx__arg_f32(1 - adam->beta2),
        fmx__arg_step_f32(&step->rate),
        fmx__arg_step_f32(&step->epsilon),
    };
    fmx__launch job = {
        .stem = "optimiser",
        .kernel = wide ? "optimiser_adam_wide" : "optimiser_adam",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 1,
        .global = {(count + per_item - 1) / per_item},
        .local = {GROUP},
        .flops = (double)count * 12,
        .bytes = (double)bytes * 7,
    };
    return fmx__launch_kernel(device, &job);
}
