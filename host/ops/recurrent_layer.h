/* LSTM and GRU over whole sequences: options and sizes; docs/ops/recurrent.md.
 *
 * Gate order, tensors and biases are PyTorch's (nn.LSTM, nn.GRU with batch_first; positions are
 * time):
 *
 *   lstm  weight_ih_l0 [4 units][channels], weight_hh_l0 [4 units][units], bias_ih_l0 and
 * bias_hh_l0 [4 units]; gates in the order i, f, g, o; both biases are added gru   the same with 3
 * units; gates r, z, n; b_hn stands inside: n = tanh(W_in x + b_in + r (W_hn h + b_hn))
 *
 * _reverse behind the name for the second direction, _l1, _l2, ... for the layers above, whose
 * input is the output of the layer below (both directions: [2 units]). h and c begin with 0.
 */
#ifndef FIDMIX_RECURRENT_LAYER_H
#define FIDMIX_RECURRENT_LAYER_H

#include "op.h"

enum {
    FMX__RECURRENT_TENSORS = 4,                                      /* of a layer and direction */
    FMX__RECURRENT_STACK = FMX__OP_WEIGHTS / FMX__RECURRENT_TENSORS, /* layers times directions */
    FMX__RECURRENT_UNITS = 2048, /* local memory of recurrent_scan_back_large: 6 x 4 bytes each */
};

typedef enum fmx__recurrent_returns {
    FMX__RETURNS_SEQUENCE, /* h of every position */
    FMX__RETURNS_LAST,     /* h of each direction's last step: last position, first position */
} fmx__recurrent_returns;

typedef struct fmx__recurrent_options {
    fmx__layer layer;
    int64_t units;
    int64_t layers;
    bool bidirectional;
    int returns; /* fmx__recurrent_returns */
    bool bias;
    int initialiser;       /* fmx__initialiser, of the weights of the input */
    int state_initialiser; /* of the weights of the state */
} fmx__recurrent_options;

extern const fmx__op fmx__op_lstm;
extern const fmx__op fmx__op_gru;

/* One layer of the stack; where its tensors lie in the state buffer, in floats (kernels/
 * recurrent.cl has their shapes). */
typedef struct fmx__recurrent_part {
    size_t inputs;
    size_t packed_at;
    size_t turned_at;
    size_t rows_at;
    size_t gates_at;
    size_t cells_at;
} fmx__recurrent_part;

typedef struct fmx__recurrent_sizes {
    bool gru;
    bool wide;
    bool last; /* returns the last step only */
    bool bias;
    size_t batch;
    size_t steps;
    size_t units;
    size_t lanes;
    size_t blocks;
    size_t width; /* lanes times blocks */
    size_t directions;
    size_t layers;
    size_t rows; /* batch (steps + 1): of one direction */
    fmx__recurrent_part part[FMX__RECURRENT_STACK];
    size_t state_floats; /* kept for backward */
    /* scratch of backward */
    size_t slices; /* of the sum over rows */
    size_t grad_h_at;
    size_t grad_rows_at;
    size_t parts_at;
    size_t carry_at;
    size_t scratch_floats;
} fmx__recurrent_sizes;

/* `in`: the op's input; nothing overflows where fmx__recurrent_countable says so. */
fmx__recurrent_sizes fmx__recurrent_sizes_of(const fmx__recurrent_options *options, bool gru,
                                             bool wide, size_t batch, const fmx__shape *in);
bool fmx__recurrent_countable(const fmx__recurrent_options *options, size_t batch,
                              const fmx__shape *in);

/* Steps of one launch of the recurrence: at most 8192, and fewer where batch, directions or units
 * are many, so that it stays well below a second on a small GPU. */
size_t fmx__recurrent_steps_per_launch(const fmx__recurrent_sizes *s);

/* The passes, from plan's sizes. */
fmx_status fmx__recurrent_forward(const fmx__op_call *call, const fmx__recurrent_sizes *s);
fmx_status fmx__recurrent_backward(const fmx__op_call *call, const fmx__recurrent_sizes *s);

#endif
