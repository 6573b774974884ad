/* What the launches of the recurrent layers share: arguments, and the kernels that move rows
 * (recurrent_rows.c); kernels/recurrent.cl says what lies where. */
#ifndef FIDMIX_RECURRENT_RUN_H
#define FIDMIX_RECURRENT_RUN_H

#include "recurrent_layer.h"

/* Tensors of a layer and direction. */
enum {
    FMX__RECURRENT_WEIGHT_IH = 0,
    FMX__RECURRENT_WEIGHT_HH = 1,
    FMX__RECURRENT_BIAS_IH = 2,
    FMX__RECURRENT_BIAS_HH = 3,
};

static inline fmx_buffer *fmx__recurrent_state_of(const fmx__op_call *call)
{
    return call->training ? call->saved : call->scratch;
}

static inline fmx__arg fmx__recurrent_state_arg(const fmx__op_call *call,
                                                const fmx__recurrent_sizes *s)
{
    return fmx__arg_buffer(fmx__recurrent_state_of(call), s->state_floats * sizeof(float));
}

static inline fmx__arg fmx__recurrent_scratch_arg(const fmx__op_call *call,
                                                  const fmx__recurrent_sizes *s)
{
    return fmx__arg_buffer(call->scratch, s->scratch_floats * sizeof(float));
}

/* Tensor k of a layer and direction, or nothing. */
static inline fmx__arg fmx__recurrent_tensor_arg(const fmx__recurrent_sizes *s,
                                                 fmx_buffer *const *tensor, size_t layer,
                                                 size_t direction, size_t k)
{
    size_t each = s->bias ? 4 : 2;
    if (k >= each)
        return fmx__arg_none();
    size_t rows = (s->gru ? 3 : 4) * s->units;
    size_t columns = k == FMX__RECURRENT_WEIGHT_IH   ? s->part[layer].inputs
                     : k == FMX__RECURRENT_WEIGHT_HH ? s->units
                                                     : 1;
    fmx_buffer *buffer = tensor[(layer * s->directions + direction) * each + k];
    return fmx__arg_buffer(buffer, rows * columns * sizeof(float));
}

/* A kernel with an item for each of `global`. */
fmx_status fmx__recurrent_spread(const fmx__op_call *call, const char *kernel, const fmx__arg *args,
                                 size_t arg_count, const size_t global[3], double floats);

/* Weights of a layer and direction as the scans read them. */
fmx_status fmx__recurrent_pack(const fmx__op_call *call, const fmx__recurrent_sizes *s,
                               size_t layer, size_t direction);

/* The op's input as rows of the first layer. */
fmx_status fmx__recurrent_input_rows(const fmx__op_call *call, const fmx__recurrent_sizes *s);

/* With `last` one row of each item; the graph's gradient has one position then. */
fmx_status fmx__recurrent_grad_out_rows(const fmx__op_call *call, const fmx__recurrent_sizes *s);

/* States of the layer below as rows of this one. */
fmx_status fmx__recurrent_stack(const fmx__op_call *call, const fmx__recurrent_sizes *s,
                                size_t layer);

/* Its gradient, from both directions. */
fmx_status fmx__recurrent_stack_back(const fmx__op_call *call, const fmx__recurrent_sizes *s);

/* Columns of rows into a tensor [batch][..][steps]. */
fmx_status fmx__recurrent_scatter(const fmx__op_call *call, const fmx__recurrent_sizes *s,
                                  fmx_buffer *out, fmx__arg rows, size_t rows_at, size_t stride,
                                  size_t column, size_t count, bool states);

#endif
