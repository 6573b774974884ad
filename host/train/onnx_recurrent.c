/* lstm and gru in ONNX: [time][batch][features], gates i o f c (z r h), both directions in one
 * tensor. */
#include <string.h>

#include "onnx_translate.h"

enum { TENSORS = 4 }; /* of a layer and direction: weight_ih, weight_hh, bias_ih, bias_hh */

/* Rows of PyTorch's blocks i f g o (r z n) in ONNX's order. */
static const size_t lstm_order[4] = {0, 3, 1, 2};
static const size_t gru_order[3] = {1, 0, 2};

typedef struct sizes {
    bool is_gru;
    size_t gates;
    size_t units;
    size_t directions;
    size_t tensors; /* of a layer and direction: 4, or 2 without biases */
} sizes;

/* Tensor `which` of all directions of a layer, gates in ONNX's order: out has room for `columns`
 * floats a row and directions * gates * units rows, `step` floats from a direction to the next. */
static void gather(const fmx__onnx_layer *l, const sizes *s, size_t layer, size_t which,
                   size_t columns, size_t step, float *out)
{
    const size_t *order = s->is_gru ? gru_order : lstm_order;
    for (size_t d = 0; d < s->directions; ++d) {
        const float *from = l->weight[(layer * s->directions + d) * s->tensors + which];
        for (size_t g = 0; g < s->gates; ++g)
            memcpy(out + d * step + g * s->units * columns, from + order[g] * s->units * columns,
                   s->units * columns * sizeof *out);
    }
}

static const char *matrix(const fmx__onnx_layer *l, const sizes *s, size_t layer, size_t which,
                          size_t columns)
{
    const size_t dim[3] = {s->directions, s->gates * s->units, columns};
    float *data = fmx__onnx_keep(l->o, dim[0] * dim[1] * dim[2], sizeof *data);
    if (data == NULL)
        return "";
    gather(l, s, layer, which, columns, dim[1] * columns, data);
    return fmx__onnx_floats(l->o, NULL, 3, dim, data);
}

/* [directions][2 gates units]: those of the input, then those of the state. */
static const char *biases(const fmx__onnx_layer *l, const sizes *s, size_t layer)
{
    size_t rows = s->gates * s->units;
    const size_t dim[2] = {s->directions, 2 * rows};
    if (s->tensors < TENSORS)
        return NULL;
    float *data = fmx__onnx_keep(l->o, dim[0] * dim[1], sizeof *data);
    if (data == NULL)
        return "";
    gather(l, s, layer, 2, 1, 2 * rows, data);
    gather(l, s, layer, 3, 1, 2 * rows, data + rows);
    return fmx__onnx_floats(l->o, NULL, 2, dim, data);
}

void fmx__onnx_recurrent(const fmx__onnx_layer *l, bool is_gru)
{
    static const int64_t to_time[3] = {2, 0, 1};
    static const int64_t from_time[3] = {1, 2, 0};
    static const int64_t directions_inside[4] = {0, 2, 1, 3};
    static const int64_t last_inside[3] = {1, 0, 2};
    static const int64_t joined[3] = {0, 0, -1};
    const int64_t flat[3] = {-1, (int64_t)l->layer->plan.out.channels, 1};
    fmx__onnx *o = l->o;
    const sizes s = {
        .is_gru = is_gru,
        .gates = is_gru ? 3 : 4,
        .units = (size_t)fmx__onnx_whole(l, "units"),
        .directions = fmx__onnx_whole(l, "bidirectional") != 0 ? 2 : 1,
        .tensors = fmx__onnx_whole(l, "bias") != 0 ? TENSORS : 2,
    };
    size_t layers = (size_t)fmx__onnx_whole(l, "layers");
    size_t features = fmx__graph_shape(l->graph, l->layer->in[0])->channels;
    const char *x = fmx__onnx_transpose(o, l->in[0], to_time, 3, NULL);
    const char *last = x;
    for (size_t i = 0; i < layers && o->status == FMX_OK; ++i) {
        const char *in[4] = {x, matrix(l, &s, i, 0, features), matrix(l, &s, i, 1, s.units),
                             biases(l, &s, i)};
        const char *all = fmx__onnx_text(o, "%s.sequence_%zu", l->out, i);
        last = fmx__onnx_text(o, "%s.last_%zu", l->out, i);
        Onnx__NodeProto *n =
            fmx__onnx_node(o, is_gru ? "GRU" : "LSTM", in, in[3] != NULL ? 4 : 3, all);
        fmx__onnx_second(o, n, last);
        fmx__onnx_int(o, n, "hidden_size", (int64_t)s.units);
        fmx__onnx_string(o, n, "direction", s.directions == 2 ? "bidirectional" : "forward");
        if (is_gru) /* the reset gate acts on W_hn h + b_hn, as PyTorch's */
            fmx__onnx_int(o, n, "linear_before_reset", 1);
        x = fmx__onnx_transpose(o, all, directions_inside, 4, NULL);
        x = fmx__onnx_reshape(o, x, joined, 3, NULL);
        features = s.directions * s.units;
    }
    if (fmx__onnx_whole(l, "returns") == 0) {
        fmx__onnx_transpose(o, x, from_time, 3, l->out);
        return;
    }
    fmx__onnx_reshape(o, fmx__onnx_transpose(o, last, last_inside, 3, NULL), flat, 3, l->out);
}
