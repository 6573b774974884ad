#include "op.h"

enum {
    GROUP = 256,    /* items per row in the kernels that reduce one */
    POINTWISE = 64, /* items per group elsewhere */
    WEIGHT = 0,
    BIAS = 1,
    RUNNING_MEAN = 2,
    RUNNING_VAR = 3,
};

enum { KERAS, PYTORCH };

typedef struct options {
    fmx__layer layer;
    int convention;
    double epsilon;
    double momentum;
} options;

static const char *const conventions[] = {"keras", "pytorch", NULL};

#define FMX_FIELD(name) offsetof(options, name)
static const fmx__option option_table[] = {
    FMX__LAYER_OPTIONS(options),
    {"convention", FMX__OPTION_CHOICE, FMX_FIELD(convention), "", 0, 0, conventions,
     "keras: epsilon 1e-3, running values keep 0.99 of themselves, biased variance; pytorch: "
     "epsilon 1e-5, they take 0.1 of the batch's, unbiased variance"},
    {"epsilon", FMX__OPTION_NUMBER, FMX_FIELD(epsilon), "", 0, 1, NULL,
     "added to the variance; 0: the convention's"},
    {"momentum", FMX__OPTION_NUMBER, FMX_FIELD(momentum), "", 0, 1, NULL,
     "in the convention's sense: what running values keep (keras) or take (pytorch); 0: the "
     "convention's"},
};
#undef FMX_FIELD

static const options defaults = {{"", ""}, KERAS, 0, 0};

static double epsilon_of(const options *o)
{
    return o->epsilon > 0 ? o->epsilon : o->convention == KERAS ? 1e-3 : 1e-5;
}

/* Share of the batch's value that a running one takes. */
static double rate_of(const options *o)
{
    if (o->convention == KERAS)
        return 1 - (o->momentum > 0 ? o->momentum : 0.99);
    return o->momentum > 0 ? o->momentum : 0.1;
}

/* Sizes of one call. saved: (mean, inverse) of each channel; scratch: pairs of each row. */
typedef struct sizes {
    size_t channels;
    size_t positions;
    size_t rows;
    size_t pair_bytes; /* of [channels] pairs */
    size_t row_bytes;  /* of [rows] pairs */
    size_t bytes;      /* of the tensor */
    double count;
    bool wide;
} sizes;

static sizes sizes_of(const fmx__op_call *call)
{
    const fmx__shape *shape = &call->in_shape[0];
    sizes s = {.channels = shape->channels, .positions = shape->positions};
    s.rows = call->batch * s.channels;
    s.pair_bytes = s.channels * 2 * sizeof(float);
    s.row_bytes = s.rows * 2 * sizeof(float);
    s.bytes = fmx__op_bytes(shape, call->batch);
    s.count = (double)s.rows * (double)s.positions;
    s.wide = fmx__device_wide(call->device);
    return s;
}

static fmx_status plan(const fmx__op_site *site, fmx__op_plan *out)
{
    const fmx__shape *in = &site->in[0];
    if (in->is_complex)
        return fmx__op_refuse(site, "batch_norm takes real values, the input is complex");
    const char *const names[] = {"weight", "bias", "running_mean", "running_var"};
    double count = (double)site->batch * (double)fmx__shape_floats(in);
    out->out = *in;
    for (size_t i = 0; i < FMX__COUNT(names); ++i)
        out->weight[i] = (fmx__op_weight){
            .name = names[i],
            .rank = 1,
            .dim = {in->channels},
            .trainable = i == WEIGHT || i == BIAS,
            .init = i == WEIGHT || i == RUNNING_VAR ? FMX__INIT_ONES : FMX__INIT_ZEROS,
            .fan_in = 1,
            .fan_out = 1,
        };
    out->weight_count = FMX__COUNT(names);
    out->saved_bytes = in->channels * 2 * sizeof(float);
    out->scratch_bytes = site->batch * in->channels * 2 * sizeof(float);
    out->keeps_input = true;
    out->forward = (fmx__op_work){count * 8, count * 4 * sizeof(float)};
    out->backward = (fmx__op_work){count * 12, count * 5 * sizeof(float)};
    return FMX_OK;
}

/* The range of a kernel that reduces rows: a group each, or an item each in the wide variant. */
static void set_row_range(fmx__launch *job, const sizes *s)
{
    job->dims = 1;
    if (s->wide)
        job->global[0] = s->rows;
    else
        job->groups[0] = s->rows;
    job->local[0] = s->wide ? 1 : GROUP;
}

static fmx_status launch_rows(const fmx__op_call *call, const sizes *s)
{
    fmx__arg args[] = {
        fmx__arg_buffer(call->scratch, s->row_bytes),
        fmx__arg_buffer(call->in[0], s->bytes),
        fmx__arg_u64(s->positions),
        s->wide ? fmx__arg_u64(s->rows) : fmx__arg_local(GROUP * sizeof(float)),
    };
    fmx__launch job = {
        .stem = "batch_norm",
        .kernel = s->wide ? "batch_norm_rows_wide" : "batch_norm_rows",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .flops = s->count * 4,
        .bytes = (double)s->bytes,
    };
    set_row_range(&job, s);
    return fmx__launch_kernel(call->device, &job);
}

static fmx_status launch_statistics(const fmx__op_call *call, const sizes *s)
{
    const options *o = call->options;
    size_t bytes = s->channels * sizeof(float);
    double n = (double)call->batch * (double)s->positions;
    double unbias = o->convention == PYTORCH && n > 1 ? n / (n - 1) : 1;
    fmx__arg args[] = {
        fmx__arg_buffer(call->saved, s->pair_bytes),
        fmx__arg_buffer(call->weight[RUNNING_MEAN], bytes),
        fmx__arg_buffer(call->weight[RUNNING_VAR], bytes),
        fmx__arg_buffer(call->scratch, s->row_bytes),
        fmx__arg_u64(call->batch),
        fmx__arg_u64(s->channels),
        fmx__arg_u64(s->positions),
        fmx__arg_f32(epsilon_of(o)),
        fmx__arg_f32(rate_of(o)),
        fmx__arg_f32(unbias),
    };
    fmx__launch job = {
        .stem = "batch_norm",
        .kernel = "batch_norm_statistics",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 1,
        .global = {s->channels},
        .local = {POINTWISE},
        .flops = (double)s->rows * 8,
        .bytes = (double)s->row_bytes,
    };
    return fmx__launch_kernel(call->device, &job);
}

static fmx_status launch_running(const fmx__op_call *call, const sizes *s)
{
    size_t bytes = s->channels * sizeof(float);
    fmx__arg args[] = {
        fmx__arg_buffer(call->saved, s->pair_bytes),
        fmx__arg_buffer(call->weight[RUNNING_MEAN], bytes),
        fmx__arg_buffer(call->weight[RUNNING_VAR], bytes),
        fmx__arg_u64(s->channels),
        fmx__arg_f32(epsilon_of(call->options)),
    };
    fmx__launch job = {
        .stem = "batch_norm",
        .kernel = "batch_norm_running",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 1,
        .global = {s->channels},
        .local = {POINTWISE},
        .flops = (double)s->channels * 3,
        .bytes = (double)s->pair_bytes * 2,
    };
    return fmx__launch_kernel(call->device, &job);
}

/* The range of a kernel that maps values: (position, row), or a row an item in the wide variant. */
static void set_range(fmx__launch *job, const sizes *s)
{
    job->dims = s->wide ? 1 : 2;
    job->global[0] = s->wide ? s->rows : s->positions;
    job->global[1] = s->wide ? 0 : s->rows;
    job->local[0] = s->wide ? 1 : POINTWISE;
    job->local[1] = s->wide ? 0 : 1;
}

static fmx_status launch_apply(const fmx__op_call *call, const sizes *s)
{
    size_t bytes = s->channels * sizeof(float);
    fmx__arg args[] = {
        fmx__arg_buffer(call->out, s->bytes),
        fmx__arg_buffer(call->in[0], s->bytes),
        fmx__arg_buffer(call->saved, s->pair_bytes),
        fmx__arg_buffer(call->weight[WEIGHT], bytes),
        fmx__arg_buffer(call->weight[BIAS], bytes),
        fmx__arg_u64(s->rows),
        fmx__arg_u64(s->channels),
        fmx__arg_u64(s->positions),
        fmx__arg_u32(call->relu),
    };
    fmx__launch job = {
        .stem = "batch_norm",
        .kernel = s->wide ? "batch_norm_apply_wide" : "batch_norm_apply",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .flops = s->count * 4,
        .bytes = (double)s->bytes * 2,
    };
    set_range(&job, s);
    return fmx__launch_kernel(call->device, &job);
}

static fmx_status forward(const fmx__op_call *call)
{
    sizes s = sizes_of(call);
    fmx_status status = FMX_OK;
    if (call->training) {
        status = launch_rows(call, &s);
        if (status == FMX_OK)
            status = launch_statistics(call, &s);
    } else {
        status = launch_running(call, &s);
    }
    return status == FMX_OK ? launch_apply(call, &s) : status;
}

static fmx_status launch_gradient_rows(const fmx__op_call *call, const sizes *s)
{
    fmx__arg args[] = {
        fmx__arg_buffer(call->scratch, s->row_bytes),
        fmx__arg_buffer(call->grad_out, s->bytes),
        fmx__arg_buffer(call->relu ? call->out : call->grad_out, s->bytes),
        fmx__arg_buffer(call->in[0], s->bytes),
        fmx__arg_buffer(call->saved, s->pair_bytes),
        fmx__arg_u64(s->channels),
        fmx__arg_u64(s->positions),
        fmx__arg_u32(call->relu),
        s->wide ? fmx__arg_u64(s->rows) : fmx__arg_local(GROUP * sizeof(float)),
    };
    fmx__launch job = {
        .stem = "batch_norm",
        .kernel = s->wide ? "batch_norm_gradient_rows_wide" : "batch_norm_gradient_rows",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .flops = s->count * 5,
        .bytes = (double)s->bytes * (call->relu ? 3 : 2),
    };
    set_row_range(&job, s);
    return fmx__launch_kernel(call->device, &job);
}

static fmx_status launch_gradient_channels(const fmx__op_call *call, const sizes *s)
{
    size_t bytes = s->channels * sizeof(float);
    fmx__arg args[] = {
        fmx__arg_buffer(call->grad_weight[WEIGHT], bytes),
        fmx__arg_buffer(call->grad_weight[BIAS], bytes),
        fmx__arg_buffer(call->scratch, s->row_bytes),
        fmx__arg_u64(call->batch),
        fmx__arg_u64(s->channels),
        fmx__arg_u64(s->positions),
    };
    fmx__launch job = {
        .stem = "batch_norm",
        .kernel = "batch_norm_gradient_channels",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 1,
        .global = {s->channels},
        .local = {POINTWISE},
        .flops = (double)s->rows * 2,
        .bytes = (double)s->row_bytes,
    };
    return fmx__launch_kernel(call->device, &job);
}

static fmx_status launch_gradient_apply(const fmx__op_call *call, const sizes *s)
{
    fmx__arg args[] = {
        fmx__arg_buffer(call->grad_in[0], s->bytes),
        fmx__arg_buffer(call->grad_out, s->bytes),
        fmx__arg_buffer(call->relu ? call->out : call->grad_out, s->bytes),
        fmx__arg_buffer(call->in[0], s->bytes),
        fmx__arg_buffer(call->saved, s->pair_bytes),
        fmx__arg_buffer(call->scratch, s->pair_bytes),
        fmx__arg_buffer(call->weight[WEIGHT], s->channels * sizeof(float)),
        fmx__arg_u64(s->rows),
        fmx__arg_u64(s->channels),
        fmx__arg_u64(s->positions),
        fmx__arg_u32(call->relu),
    };
    fmx__launch job = {
        .stem = "batch_norm",
        .kernel = s->wide ? "batch_norm_gradient_apply_wide" : "batch_norm_gradient_apply",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .flops = s->count * 7,
        .bytes = (double)s->bytes * (call->relu ? 4 : 3),
    };
    set_range(&job, s);
    return fmx__launch_kernel(call->device, &job);
}

static fmx_status backward(const fmx__op_call *call)
{
    sizes s = sizes_of(call);
    fmx_status status = launch_gradient_rows(call, &s);
    if (status == FMX_OK)
        status = launch_gradient_channels(call, &s);
    if (status == FMX_OK && call->grad_in[0] != NULL)
        status = launch_gradient_apply(call, &s);
    return status;
}

const fmx__op fmx__op_batch_norm = {
    .group = {.name = "batch_norm",
              .doc = "Batch normalisation of each channel over batch and positions.",
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
