#include "dense_layer.h"

enum {
    GROUP = 64,  /* items per group of the small kernels */
    TILE_M = 32, /* as in kernels/common.clh */
    TILE_N = 64,
    TILE_ITEMS = 128,
    LEAST_SLICE = 512, /* terms of a partial sum */
    MOST_SLICES = 64,
    WEIGHT = 0,
    BIAS = 1,
};

static const fmx__option option_table[] = {
    FMX__LAYER_OPTIONS(fmx__dense_options),
    {"units", FMX__OPTION_INTEGER, offsetof(fmx__dense_options, units), "", 1, 1e9, NULL,
     "outputs of the layer"},
    {"bias", FMX__OPTION_BOOL, offsetof(fmx__dense_options, bias), "", 0, 0, NULL,
     "whether a number per output is added"},
    {"initialiser", FMX__OPTION_CHOICE, offsetof(fmx__dense_options, initialiser), "", 0, 0,
     fmx__initialiser_names, "how the weight starts; the bias starts with 0, or as PyTorch's"},
};

static const fmx__dense_options defaults = {{"", ""}, 1, true, FMX__INIT_GLOROT_UNIFORM};

/* The wide variant (one item per group): units of an item of forward and of grad_weight, most
 * columns of an item of backward, items that are wanted where each has at least WIDE_LEAST columns,
 * features of a slice of forward, items of the batch side by side. */
enum {
    WIDE_ROWS = 12,
    WIDE_UNITS = 64,
    WIDE_COLUMNS = 4080,
    WIDE_ITEMS = 8,
    WIDE_LEAST = 192,
    WIDE_SLICE = 4096,
    PANEL = 32
};

/* A product out [m][n] = sum_k a(m, k) b(k, n), in slices of k. */
typedef struct product {
    fmx_buffer *out;
    fmx_buffer *a;
    fmx_buffer *b;
    size_t m;
    size_t n;
    size_t k;
    size_t slices;
    size_t a_row;
    size_t a_column;
    size_t b_row;
    size_t b_column;
} product;

static size_t slice_count(size_t features)
{
    size_t slices = (features + LEAST_SLICE - 1) / LEAST_SLICE;
    return slices < MOST_SLICES ? slices : MOST_SLICES;
}

static fmx_status launch_product(fmx_device *device, const product *p)
{
    size_t slice = (p->k + p->slices - 1) / p->slices;
    fmx__arg args[] = {
        fmx__arg_buffer(p->out, p->slices * p->m * p->n * sizeof(float)),
        fmx__arg_buffer(p->a, p->m * p->k * sizeof(float)),
        fmx__arg_buffer(p->b, p->k * p->n * sizeof(float)),
        fmx__arg_u64(p->m),
        fmx__arg_u64(p->n),
        fmx__arg_u64(p->k),
        fmx__arg_u64(slice),
        fmx__arg_u64(p->a_row),
        fmx__arg_u64(p->a_column),
        fmx__arg_u64(p->b_row),
        fmx__arg_u64(p->b_column),
    };
    double floats = (double)p->m * (double)p->k + (double)p->k * (double)p->n +
                    (double)p->slices * (double)p->m * (double)p->n;
    fmx__launch job = {
        .stem = "dense",
        .kernel = "dense_product",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 3,
        .groups = {(p->n + TILE_N - 1) / TILE_N, (p->m + TILE_M - 1) / TILE_M, p->slices},
        .local = {TILE_ITEMS, 1, 1},
        .fixed_group = true,
        .flops = 2 * (double)p->m * (double)p->n * (double)p->k,
        .bytes = floats * sizeof(float),
    };
    return fmx__launch_kernel(device, &job);
}

static fmx_status combine(const fmx__op_call *call, size_t units, size_t slices)
{
    const fmx__dense_options *options = call->options;
    size_t count = call->batch * units;
    fmx__arg args[] = {
        fmx__arg_buffer(call->out, count * sizeof(float)),
        fmx__arg_buffer(call->scratch, slices * count * sizeof(float)),
        options->bias ? fmx__arg_buffer(call->weight[BIAS], units * sizeof(float))
                      : fmx__arg_none(),
        fmx__arg_u64(call->batch),
        fmx__arg_u64(units),
        fmx__arg_u64(slices),
        fmx__arg_u32(call->relu),
    };
    fmx__launch job = {
        .stem = "dense",
        .kernel = "dense_combine",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 1,
        .global = {count},
        .local = {GROUP},
        .flops = (double)count * (double)slices,
        .bytes = (double)count * (double)(slices + 1) * sizeof(float),
    };
    return fmx__launch_kernel(call->device, &job);
}

static fmx_status launch_bias(const fmx__op_call *call, size_t units)
{
    const fmx__dense_options *options = call->options;
    size_t bytes = call->batch * units * sizeof(float);
    if (!options->bias && !call->relu)
        return FMX_OK;
    fmx__arg args[] = {
        options->bias ? fmx__arg_buffer(call->grad_weight[BIAS], units * sizeof(float))
                      : fmx__arg_none(),
        fmx__arg_buffer(call->grad_out, bytes),
        call->relu ? fmx__arg_buffer(call->out, bytes) : fmx__arg_none(),
        fmx__arg_u64(call->batch),
        fmx__arg_u64(units),
        fmx__arg_u32(call->relu),
    };
    fmx__launch job = {
        .stem = "dense",
        .kernel = "dense_bias",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 1,
        .global = {units},
        .local = {GROUP},
        .flops = (double)call->batch * (double)units,
        .bytes = (double)bytes * (call->relu ? 3 : 1),
    };
    return fmx__launch_kernel(call->device, &job);
}

/* Where the wide variant's forward keeps what, in floats of its scratch. */
typedef struct wide_layout {
    size_t panels; /* of PANEL items of the batch */
    size_t slices;
    size_t parts_at;
    size_t floats;
} wide_layout;

static wide_layout layout_of(size_t batch, size_t features, size_t units)
{
    wide_layout w = {.panels = fmx__op_divide_up(batch, PANEL),
                     .slices = fmx__op_divide_up(features, WIDE_SLICE)};
    w.parts_at = w.panels * features * PANEL;
    w.floats = w.parts_at + w.slices * w.panels * units * PANEL;
    return w;
}

static fmx_status launch_wide(const fmx__op_call *call, const char *kernel, const fmx__arg *args,
                              size_t arg_count, const size_t groups[3], double flops, double bytes)
{
    fmx__launch job = {
        .stem = "dense",
        .kernel = kernel,
        .arg = args,
        .arg_count = arg_count,
        .dims = 3,
        .groups = {groups[0], groups[1], groups[2]},
        .local = {1, 1, 1},
        .fixed_group = true,
        .flops = flops,
        .bytes = bytes,
    };
    return fmx__launch_kernel(call->device, &job);
}

static fmx_status forward_wide(const fmx__op_call *call, size_t features, size_t units)
{
    const fmx__dense_options *options = call->options;
    wide_layout w = layout_of(call->batch, features, units);
    size_t out_floats = call->batch * units;
    double panel_floats = (double)w.parts_at;
    double part_floats = (double)(w.floats - w.parts_at);
    fmx__arg turn[] = {
        fmx__arg_buffer(call->scratch, w.parts_at * sizeof(float)),
        fmx__arg_buffer(call->in[0], call->batch * features * sizeof(float)),
        fmx__arg_u64(call->batch),
        fmx__arg_u64(features),
    };
    fmx__arg product_args[] = {
        fmx__arg_buffer(call->scratch, w.floats * sizeof(float)),
        fmx__arg_u64(w.parts_at),
        fmx__arg_buffer(call->weight[WEIGHT], units * features * sizeof(float)),
        fmx__arg_u64(features),
        fmx__arg_u64(units),
        fmx__arg_u64(fmx__op_divide_up(features, w.slices)),
    };
    fmx__arg combine_args[] = {
        fmx__arg_buffer(call->out, out_floats * sizeof(float)),
        fmx__arg_buffer(call->scratch, w.floats * sizeof(float)),
        fmx__arg_u64(w.parts_at),
        options->bias ? fmx__arg_buffer(call->weight[BIAS], units * sizeof(float))
                      : fmx__arg_none(),
        fmx__arg_u64(call->batch),
        fmx__arg_u64(units),
        fmx__arg_u64(w.slices),
        fmx__arg_u32(call->relu),
    };
    const size_t turn_groups[3] = {fmx__op_divide_up(features, 16), 2 * w.panels, 1};
    const size_t product_groups[3] = {w.panels, fmx__op_divide_up(units, WIDE_ROWS), w.slices};
    const size_t combine_groups[3] = {units, 2 * w.panels, 1};
    fmx_status status = launch_wide(call, "dense_panels_wide", turn, FMX__COUNT(turn), turn_groups,
                                    0, 2 * panel_floats * sizeof(float));
    if (status == FMX_OK)
        status = launch_wide(call, "dense_forward_wide", product_args, FMX__COUNT(product_args),
                             product_groups, 2 * panel_floats * (double)units,
                             (panel_floats + part_floats + (double)units * (double)features) *
                                 sizeof(float));
    if (status == FMX_OK)
        status = launch_wide(call, "dense_combine_wide", combine_args, FMX__COUNT(combine_args),
                             combine_groups, part_floats,
                             (part_floats + (double)out_floats) * sizeof(float));
    return status;
}

/* Long shares keep to few pages at a time, but every core wants one. */
static size_t column_items(size_t features)
{
    size_t least = features / WIDE_LEAST < WIDE_ITEMS ? features / WIDE_LEAST : WIDE_ITEMS;
    size_t items = features / WIDE_COLUMNS;
    items = items < least ? least : items;
    return items > 0 ? items : 1;
}

/* grad_in or, with `units_apart`, grad_weight: from grad_out and `other` (the weight, the input).
 */
static fmx_status backward_wide(const fmx__op_call *call, const char *kernel, fmx_buffer *to,
                                size_t to_rows, fmx_buffer *other, size_t other_rows,
                                size_t second_groups)
{
    size_t features = call->in_shape[0].channels;
    size_t units = call->out_shape.channels;
    size_t columns = column_items(features);
    size_t rows = call->batch + units;
    const size_t groups[3] = {columns, second_groups, 1};
    fmx__arg args[] = {
        fmx__arg_buffer(to, to_rows * features * sizeof(float)),
        fmx__arg_buffer(call->grad_out, call->batch * units * sizeof(float)),
        fmx__arg_buffer(other, other_rows * features * sizeof(float)),
        fmx__arg_u64(call->batch),
        fmx__arg_u64(features),
        fmx__arg_u64(units),
    };
    return launch_wide(call, kernel, args, FMX__COUNT(args), groups,
                       2 * (double)call->batch * (double)units * (double)features,
                       (double)rows * (double)features * sizeof(float));
}

static fmx_status check(const fmx__op_site *site)
{
    const fmx__dense_options *options = site->options;
    const fmx__shape *in = &site->in[0];
    size_t elements;
    if (in->is_complex)
        return fmx__op_refuse(site, "dense takes real values, the input is complex");
    if (in->positions != 1)
        return fmx__op_refuse(site,
                              "dense takes one position, the input has %zu channels of %zu "
                              "positions; put flatten before it",
                              in->channels, in->positions);
    if (!fmx__size_mul((size_t)options->units, in->channels, &elements) ||
        elements > SIZE_MAX / sizeof(float))
        return fmx__op_refuse(site, "%zu inputs to %zu units are more weights than can be counted",
                              in->channels, (size_t)options->units);
    return FMX_OK;
}

static fmx_status plan(const fmx__op_site *site, fmx__op_plan *out)
{
    const fmx__dense_options *options = site->options;
    fmx_status status = check(site);
    if (status != FMX_OK)
        return status;
    size_t features = site->in[0].channels;
    size_t units = (size_t)options->units;
    bool pytorch = options->initialiser == FMX__INIT_PYTORCH;
    out->out = (fmx__shape){.channels = units, .positions = 1};
    out->weight_count = options->bias ? 2 : 1;
    out->weight[WEIGHT] = (fmx__op_weight){
        "weight", 2,    {units, features}, true, (fmx__initialiser)options->initialiser,
        features, units};
    out->weight[BIAS] = (fmx__op_weight){
        "bias", 1, {units}, true, pytorch ? FMX__INIT_PYTORCH : FMX__INIT_ZEROS, features, units};
    out->keeps_input = true;
    out->scratch_bytes = slice_count(features) * site->batch * units * sizeof(float);
    if (site->device != NULL && fmx__device_wide(site->device))
        out->scratch_bytes = layout_of(site->batch, features, units).floats * sizeof(float);
    double products = 2 * (double)site->batch * (double)features * (double)units;
    double weight_bytes = (double)features * (double)units * sizeof(float);
    double row_bytes = (double)site->batch * (double)(features + units) * sizeof(float);
    out->forward = (fmx__op_work){products, weight_bytes + row_bytes};
    out->backward = (fmx__op_work){2 * products, 2 * (weight_bytes + row_bytes)};
    return FMX_OK;
}

static fmx_status forward(const fmx__op_call *call)
{
    size_t features = call->in_shape[0].channels;
    size_t units = call->out_shape.channels;
    if (fmx__device_wide(call->device))
        return forward_wide(call, features, units);
    product p = {
        .out = call->scratch,
        .a = call->in[0],
        .b = call->weight[WEIGHT],
        .m = call->batch,
        .n = units,
        .k = features,
        .slices = slice_count(features),
        .a_row = features,
        .a_column = 1,
        .b_row = 1,
        .b_column = features,
    };
    fmx_status status = launch_product(call->device, &p);
    return status == FMX_OK ? combine(call, units, p.slices) : status;
}

static fmx_status backward(const fmx__op_call *call)
{
    size_t features = call->in_shape[0].channels;
    size_t units = call->out_shape.channels;
    product grad_weight = {
        .out = call->grad_weight[WEIGHT],
        .a = call->grad_out,
        .b = call->in[0],
        .m = units,
        .n = features,
        .k = call->batch,
        .slices = 1,
        .a_row = 1,
        .a_column = units,
        .b_row = features,
        .b_column = 1,
    };
    product grad_in = {
        .out = call->grad_in[0],
        .a = call->grad_out,
        .b = call->weight[WEIGHT],
        .m = call->batch,
        .n = features,
        .k = units,
        .slices = 1,
        .a_row = units,
        .a_column = 1,
        .b_row = features,
        .b_column = 1,
    };
    fmx_status status = launch_bias(call, units);
    if (fmx__device_wide(call->device)) {
        if (status == FMX_OK)
            status =
                backward_wide(call, "dense_grad_weight_wide", grad_weight.out, units, grad_weight.b,
                              call->batch, fmx__op_divide_up(units, WIDE_UNITS));
        if (status == FMX_OK && call->grad_in[0] != NULL)
            status = backward_wide(call, "dense_grad_in_wide", grad_in.out, call->batch, grad_in.b,
                                   units, 1);
        return status;
    }
    if (status == FMX_OK)
        status = launch_product(call->device, &grad_weight);
    if (status == FMX_OK && call->grad_in[0] != NULL)
        status = launch_product(call->device, &grad_in);
    return status;
}

const fmx__op fmx__op_dense = {
    .group = {.name = "dense",
              .doc = "Fully connected layer: weight times input plus bias.",
              .options = option_table,
              .option_count = FMX__COUNT(option_table),
              .defaults = &defaults,
              .options_size = sizeof defaults},
    .least_inputs = 1,
    .most_inputs = 1,
    .fuses_relu = true,
    .plan = plan,
    .forward = forward,
    .backward = backward,
};
