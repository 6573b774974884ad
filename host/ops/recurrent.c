#include "recurrent_layer.h"

enum { SLICE = 512, MOST_SLICES = 64, STEPS = 8192, SMALL = 64, ALIGN = 16 };

static const char *const returns_names[] = {"sequence", "last", NULL};

#define FMX_FIELD(name) offsetof(fmx__recurrent_options, name)
static const fmx__option option_table[] = {
    FMX__LAYER_OPTIONS(fmx__recurrent_options),
    {"units", FMX__OPTION_INTEGER, FMX_FIELD(units), "", 1, FMX__RECURRENT_UNITS, NULL,
     "size of the state of a layer and direction"},
    {"layers", FMX__OPTION_INTEGER, FMX_FIELD(layers), "", 1, FMX__RECURRENT_STACK, NULL,
     "layers on top of each other; layers times directions at most 8"},
    {"bidirectional", FMX__OPTION_BOOL, FMX_FIELD(bidirectional), "", 0, 0, NULL,
     "whether a second state runs from the last position to the first; outputs 2 x units channels"},
    {"returns", FMX__OPTION_CHOICE, FMX_FIELD(returns), "", 0, 0, returns_names,
     "the state at every position, or that of each direction's last step"},
    {"bias", FMX__OPTION_BOOL, FMX_FIELD(bias), "", 0, 0, NULL,
     "whether numbers are added to the gates, two vectors of them as in PyTorch"},
    {"initialiser", FMX__OPTION_CHOICE, FMX_FIELD(initialiser), "", 0, 0, fmx__initialiser_names,
     "how weights of the input start; biases start with 0, or as PyTorch's; its fan-in is `units` "
     "everywhere"},
    {"state_initialiser", FMX__OPTION_CHOICE, FMX_FIELD(state_initialiser), "", 0, 0,
     fmx__initialiser_names, "how weights of the state start; Keras's are orthogonal"},
};
#undef FMX_FIELD

static const fmx__recurrent_options defaults = {
    {"", ""}, 1, 1, false, FMX__RETURNS_SEQUENCE, true, FMX__INIT_PYTORCH, FMX__INIT_PYTORCH};

#define NAMES(LAYER)                                                                               \
    {                                                                                              \
        {"weight_ih_l" LAYER, "weight_hh_l" LAYER, "bias_ih_l" LAYER, "bias_hh_l" LAYER},          \
        {                                                                                          \
            "weight_ih_l" LAYER "_reverse", "weight_hh_l" LAYER "_reverse",                        \
                "bias_ih_l" LAYER "_reverse", "bias_hh_l" LAYER "_reverse"                         \
        }                                                                                          \
    }
static const char *const names[FMX__RECURRENT_STACK][2][FMX__RECURRENT_TENSORS] = {
    NAMES("0"), NAMES("1"), NAMES("2"), NAMES("3"), NAMES("4"), NAMES("5"), NAMES("6"), NAMES("7")};

/* Where `floats` more lie behind *end. */
static size_t place(size_t *end, size_t floats)
{
    size_t at = *end;
    *end += fmx__op_divide_up(floats, ALIGN) * ALIGN;
    return at;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

bool fmx__recurrent_countable(const fmx__recurrent_options *options, size_t batch,
                              const fmx__shape *in)
{
    double widest = (double)in->channels + 2.0 * (double)options->units + ALIGN;
    double rows = 2.0 * (double)batch * ((double)in->positions + 1);
    return (rows + 4.0 * (double)options->units + 64) * 6 * widest < 0x1p58 / FMX__OP_WEIGHTS;
}

fmx__recurrent_sizes fmx__recurrent_sizes_of(const fmx__recurrent_options *options, bool gru,
                                             bool wide, size_t batch, const fmx__shape *in)
{
    fmx__recurrent_sizes s = {
        .gru = gru,
        .wide = wide,
        .last = options->returns == FMX__RETURNS_LAST,
        .bias = options->bias,
        .batch = batch,
        .steps = in->positions,
        .units = (size_t)options->units,
        .directions = options->bidirectional ? 2 : 1,
        .layers = (size_t)options->layers,
    };
    s.lanes = wide ? 16 : s.units;
    s.blocks = fmx__op_divide_up(s.units, s.lanes);
    s.width = s.blocks * s.lanes;
    s.rows = s.batch * (s.steps + 1);
    s.slices = fmx__op_divide_up(s.rows, SLICE) < MOST_SLICES ? fmx__op_divide_up(s.rows, SLICE)
                                                              : MOST_SLICES;
    size_t rows = s.directions * s.rows;
    size_t most_inputs = 0;
    size_t most_packed = 0;
    for (size_t i = 0; i < s.layers; ++i) {
        fmx__recurrent_part *part = &s.part[i];
        part->inputs = i == 0 ? in->channels : s.directions * s.units;
        size_t packed = (part->inputs + 1 + s.units) * 4 * s.width;
        part->packed_at = place(&s.state_floats, s.directions * packed);
        part->turned_at = place(&s.state_floats, s.directions * 4 * s.width * s.width);
        part->rows_at = place(&s.state_floats, rows * (part->inputs + 1 + s.width));
        part->gates_at = place(&s.state_floats, rows * 4 * s.width);
        part->cells_at = place(&s.state_floats, rows * s.width);
        most_inputs = larger(most_inputs, part->inputs);
        most_packed = larger(most_packed, packed);
    }
    s.grad_h_at = place(&s.scratch_floats, rows * s.width);
    s.grad_rows_at = place(&s.scratch_floats, rows * most_inputs);
    s.parts_at = place(&s.scratch_floats, s.directions * s.slices * most_packed);
    s.carry_at = place(&s.scratch_floats, s.directions * s.batch * 2 * s.width);
    return s;
}

/* A step takes a group of a small GPU about 2 us at 64 units, and the square of units more; three
 * groups run at once there: 2^19 / groups steps are a third of a second. */
size_t fmx__recurrent_steps_per_launch(const fmx__recurrent_sizes *s)
{
    double excess = s->units > SMALL ? (double)s->units / SMALL : 1;
    double groups = (double)s->batch * (double)s->directions;
    double steps = 0x1p19 / (groups * excess * excess);
    double most = STEPS / (excess * excess);
    steps = steps < most ? steps : most;
    return steps < 1 ? 1 : (size_t)steps;
}

static fmx__initialiser start_of(const fmx__recurrent_options *options, size_t tensor)
{
    if (tensor == 0)
        return (fmx__initialiser)options->initialiser;
    if (tensor == 1)
        return (fmx__initialiser)options->state_initialiser;
    return options->initialiser == FMX__INIT_PYTORCH ? FMX__INIT_PYTORCH : FMX__INIT_ZEROS;
}

static void plan_weights(const fmx__recurrent_options *options, const fmx__recurrent_sizes *s,
                         fmx__op_plan *out)
{
    size_t rows = (s->gru ? 3 : 4) * s->units;
    for (size_t i = 0; i < s->layers; ++i) {
        for (size_t d = 0; d < s->directions; ++d) {
            for (size_t k = 0; k < (s->bias ? 4u : 2u); ++k) {
                size_t columns = k == 0 ? s->part[i].inputs : s->units;
                fmx__initialiser init = start_of(options, k);
                out->weight[out->weight_count++] = (fmx__op_weight){
                    .name = names[i][d][k],
                    .rank = k < 2 ? 2 : 1,
                    .dim = {rows, k < 2 ? columns : 0},
                    .trainable = true,
                    .init = init,
                    .fan_in = init == FMX__INIT_PYTORCH ? s->units : columns,
                    .fan_out = rows,
                };
            }
        }
    }
}

static fmx_status plan(const fmx__op_site *site, bool gru, fmx__op_plan *out)
{
    const fmx__recurrent_options *options = site->options;
    const fmx__shape *in = &site->in[0];
    const char *name = gru ? "gru" : "lstm";
    if (in->is_complex)
        return fmx__op_refuse(site, "%s takes real values, the input is complex", name);
    size_t directions = options->bidirectional ? 2 : 1;
    if ((size_t)options->layers * directions > FMX__RECURRENT_STACK)
        return fmx__op_refuse(site,
                              "%s: %zu layers in %zu directions are %zu, at most %d fit one "
                              "layer of a recipe; put a second one behind it",
                              name, (size_t)options->layers, directions,
                              (size_t)options->layers * directions, FMX__RECURRENT_STACK);
    if (!fmx__recurrent_countable(options, site->batch, in))
        return fmx__op_refuse(site,
                              "%s: %zu channels of %zu positions and %zu units are more than "
                              "can be counted",
                              name, in->channels, in->positions, (size_t)options->units);
    bool wide = site->device != NULL && fmx__device_wide(site->device);
    fmx__recurrent_sizes s = fmx__recurrent_sizes_of(options, gru, wide, site->batch, in);
    out->out = (fmx__shape){s.directions * s.units, s.last ? 1 : s.steps, false};
    plan_weights(options, &s, out);
    size_t state = s.state_floats * sizeof(float);
    out->saved_bytes = site->training ? state : 0;
    out->scratch_bytes = site->training ? s.scratch_floats * sizeof(float) : state;
    for (size_t i = 0; i < s.layers; ++i) {
        double steps = (double)s.directions * (double)s.batch * (double)s.steps;
        double columns = (double)(s.part[i].inputs + 1 + s.units);
        double products = steps * 8 * (double)s.units * columns;
        double floats = steps * (columns + 5 * (double)s.units);
        out->forward.flops += products + steps * 40 * (double)s.units;
        out->forward.bytes += floats * sizeof(float);
        out->backward.flops += 2 * products + steps * 30 * (double)s.units;
        out->backward.bytes += 2 * floats * sizeof(float);
    }
    return FMX_OK;
}

static fmx__recurrent_sizes sizes_of(const fmx__op_call *call, bool gru)
{
    return fmx__recurrent_sizes_of(call->options, gru, fmx__device_wide(call->device), call->batch,
                                   &call->in_shape[0]);
}

static fmx_status plan_lstm(const fmx__op_site *site, fmx__op_plan *out)
{
    return plan(site, false, out);
}

static fmx_status plan_gru(const fmx__op_site *site, fmx__op_plan *out)
{
    return plan(site, true, out);
}

static fmx_status forward_lstm(const fmx__op_call *call)
{
    fmx__recurrent_sizes s = sizes_of(call, false);
    return fmx__recurrent_forward(call, &s);
}

static fmx_status forward_gru(const fmx__op_call *call)
{
    fmx__recurrent_sizes s = sizes_of(call, true);
    return fmx__recurrent_forward(call, &s);
}

static fmx_status backward_lstm(const fmx__op_call *call)
{
    fmx__recurrent_sizes s = sizes_of(call, false);
    return fmx__recurrent_backward(call, &s);
}

static fmx_status backward_gru(const fmx__op_call *call)
{
    fmx__recurrent_sizes s = sizes_of(call, true);
    return fmx__recurrent_backward(call, &s);
}

const fmx__op fmx__op_lstm = {
    .group = {.name = "lstm",
              .doc = "Long short-term memory along the positions; gates, weights and biases as "
                     "PyTorch's.",
              .options = option_table,
              .option_count = FMX__COUNT(option_table),
              .defaults = &defaults,
              .options_size = sizeof defaults},
    .least_inputs = 1,
    .most_inputs = 1,
    .plan = plan_lstm,
    .forward = forward_lstm,
    .backward = backward_lstm,
};

const fmx__op fmx__op_gru = {
    .group = {.name = "gru",
              .doc = "Gated recurrent unit along the positions; gates, weights and biases as "
                     "PyTorch's.",
              .options = option_table,
              .option_count = FMX__COUNT(option_table),
              .defaults = &defaults,
              .options_size = sizeof defaults},
    .least_inputs = 1,
    .most_inputs = 1,
    .plan = plan_gru,
    .forward = forward_gru,
    .backward = backward_gru,
};
