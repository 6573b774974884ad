#include "initialise.h"

#include <math.h>
#include <stdlib.h>

enum { GROUP = 64, PER_ITEM = 4 };

/* The standard deviation that a normal cut at 2 has, sqrt(1 - 4 phi(2) / (2 Phi(2) - 1)): divided
 * by it, what is left has the variance wanted. */
#define CUT 0.87962566103423978

typedef enum fan { FAN_NONE, FAN_IN, FAN_SUM } fan;

/* a = sqrt(square / fan) of each initialiser, over `divisor`. */
static const struct {
    uint32_t kind;
    double square;
    fan fan;
    double divisor;
} laws[] = {
    [FMX__INIT_ZEROS] = {FMX__LAW_CONSTANT, 0, FAN_NONE, 1},
    [FMX__INIT_ONES] = {FMX__LAW_CONSTANT, 1, FAN_NONE, 1},
    [FMX__INIT_GLOROT_UNIFORM] = {FMX__LAW_UNIFORM, 6, FAN_SUM, 1},
    [FMX__INIT_HE_NORMAL] = {FMX__LAW_CUT_NORMAL, 2, FAN_IN, CUT},
    [FMX__INIT_PYTORCH] = {FMX__LAW_UNIFORM, 1, FAN_IN, 1},
    [FMX__INIT_GLOROT_NORMAL] = {FMX__LAW_CUT_NORMAL, 2, FAN_SUM, CUT},
    [FMX__INIT_HE_UNIFORM] = {FMX__LAW_UNIFORM, 6, FAN_IN, 1},
    [FMX__INIT_LECUN_UNIFORM] = {FMX__LAW_UNIFORM, 3, FAN_IN, 1},
    [FMX__INIT_LECUN_NORMAL] = {FMX__LAW_CUT_NORMAL, 1, FAN_IN, CUT},
    [FMX__INIT_XAVIER_NORMAL] = {FMX__LAW_NORMAL, 2, FAN_SUM, 1},
    [FMX__INIT_KAIMING_NORMAL] = {FMX__LAW_NORMAL, 2, FAN_IN, 1},
    [FMX__INIT_UNIFORM] = {FMX__LAW_UNIFORM, 0.05 * 0.05, FAN_NONE, 1},
    [FMX__INIT_NORMAL] = {FMX__LAW_NORMAL, 0.05 * 0.05, FAN_NONE, 1},
    [FMX__INIT_TRUNCATED_NORMAL] = {FMX__LAW_CUT_NORMAL, 0.05 * 0.05, FAN_NONE, 1},
    [FMX__INIT_ORTHOGONAL] = {FMX__LAW_NORMAL, 1, FAN_NONE, 1},
};

void fmx__initialise_law(const fmx__op_weight *weight, uint32_t *kind, double *a)
{
    double in = (double)(weight->fan_in > 0 ? weight->fan_in : 1);
    double out = (double)(weight->fan_out > 0 ? weight->fan_out : 1);
    const double fans[] = {[FAN_NONE] = 1, [FAN_IN] = in, [FAN_SUM] = in + out};
    *kind = laws[weight->init].kind;
    *a =
        sqrt(laws[weight->init].square / fans[laws[weight->init].fan]) / laws[weight->init].divisor;
}

/* Makes the shorter axis of matrix [rows][columns] orthonormal: modified Gram-Schmidt, twice, on
 * vectors of `length` values, `step` apart. The first vector keeps its direction, so the result is
 * that of a QR decomposition whose R has a positive diagonal, as Keras and PyTorch choose it. */
static void make_orthonormal(double *matrix, size_t rows, size_t columns)
{
    bool wide = columns >= rows;
    size_t vectors = wide ? rows : columns;
    size_t length = wide ? columns : rows;
    size_t next = wide ? columns : 1;
    size_t step = wide ? 1 : columns;
    for (size_t v = 0; v < vectors; ++v) {
        double *at = matrix + v * next;
        for (size_t earlier = 0; earlier < 2 * v; ++earlier) {
            const double *other = matrix + earlier % v * next;
            double product = 0;
            for (size_t i = 0; i < length; ++i)
                product += at[i * step] * other[i * step];
            for (size_t i = 0; i < length; ++i)
                at[i * step] -= product * other[i * step];
        }
        double square = 0;
        for (size_t i = 0; i < length; ++i)
            square += at[i * step] * at[i * step];
        for (size_t i = 0; i < length; ++i)
            at[i * step] /= sqrt(square);
    }
}

/* Turns normal values on the device into an orthogonal matrix [dim 0][the rest]. */
static fmx_status make_orthogonal(fmx_device *device, const fmx__op_weight *weight, fmx_buffer *out)
{
    fmx_context *ctx = fmx__device_context(device);
    size_t count = fmx__op_weight_count(weight);
    float *values = NULL;
    double *matrix = NULL;
    fmx_status status = fmx__alloc(ctx, count, sizeof *values, "an orthogonal weight", &values);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, count, sizeof *matrix, "an orthogonal weight", &matrix);
    if (status == FMX_OK)
        status = fmx_buffer_read(out, 0, values, count * sizeof *values);
    if (status == FMX_OK) {
        for (size_t i = 0; i < count; ++i)
            matrix[i] = (double)values[i];
        make_orthonormal(matrix, weight->dim[0], count / weight->dim[0]);
        for (size_t i = 0; i < count; ++i)
            values[i] = (float)matrix[i];
        status = fmx_buffer_write(out, 0, values, count * sizeof *values);
    }
    free(values);
    free(matrix);
    return status;
}

fmx_status fmx__initialise(fmx_device *device, const fmx__op_weight *weight, uint32_t tensor,
                           uint32_t seed, fmx_buffer *out)
{
    uint32_t kind = FMX__LAW_CONSTANT;
    double a = 0;
    size_t count = fmx__op_weight_count(weight);
    fmx__initialise_law(weight, &kind, &a);
    a *= weight->scale > 0 ? weight->scale : 1;
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
        .flops = (double)count * (kind >= FMX__LAW_CUT_NORMAL ? 160 : 14),
        .bytes = (double)count * sizeof(float),
    };
    fmx_status status = fmx__launch_kernel(device, &job);
    return status == FMX_OK && weight->init == FMX__INIT_ORTHOGONAL
               ? make_orthogonal(device, weight, out)
               : status;
}
