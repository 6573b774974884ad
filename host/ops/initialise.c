#include "initialise.h"

#include <math.h>

enum { GROUP = 64, PER_ITEM = 4, CONSTANT = 0, UNIFORM = 1, NORMAL = 2 };

/* Keras divides by the standard deviation that a normal cut at 2 has, so that what is left has the
 * variance wanted: sqrt(1 - 4 phi(2) / (2 Phi(2) - 1)). */
static const double cut_deviation = 0.87962566103423978;

void fmx__initialise_law(const fmx__op_weight *weight, uint32_t *kind, double *a)
{
    double in = (double)(weight->fan_in > 0 ? weight->fan_in : 1);
    double out = (double)(weight->fan_out > 0 ? weight->fan_out : 1);
    *kind = UNIFORM;
    *a = 0;
    switch (weight->init) {
    case FMX__INIT_ZEROS:
    case FMX__INIT_ONES:
        *kind = CONSTANT;
        *a = weight->init == FMX__INIT_ONES;
        break;
    case FMX__INIT_GLOROT_UNIFORM:
        *a = sqrt(6 / (in + out));
        break;
    case FMX__INIT_HE_NORMAL:
        *kind = NORMAL;
        *a = sqrt(2 / in) / cut_deviation;
        break;
    case FMX__INIT_PYTORCH:
        *a = 1 / sqrt(in);
        break;
    }
}

fmx_status fmx__initialise(fmx_device *device, const fmx__op_weight *weight, uint32_t tensor,
                           uint32_t seed, fmx_buffer *out)
{
    uint32_t kind = CONSTANT;
    double a = 0;
    size_t count = fmx__op_weight_count(weight);
    fmx__initialise_law(weight, &kind, &a);
    fmx__arg args[] = {
        fmx__arg_buffer(out, count * sizeof(float)),
        fmx__arg_u64(count),
        fmx__arg_u32(kind),
        fmx__arg_f32(a),
        fmx__arg_u32(tensor),
        fmx__arg_u32(seed),
    };
    fmx__launch job = {
        .stem = "initialise",
        .kernel = "initialise",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 1,
        .global = {(count + PER_ITEM - 1) / PER_ITEM},
        .local = {GROUP},
        .flops = (double)count * (kind == NORMAL ? 160 : 14),
        .bytes = (double)count * sizeof(float),
    };
    return fmx__launch_kernel(device, &job);
}
