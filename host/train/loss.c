#include "loss.h"

#include "assignment.h"

enum { COLUMN_GROUP = 64, CHUNK_GROUP = 256, CHUNK = 4096, CHUNK_WIDE = 8192 };

/* Where things lie in the scratch of a call. */
enum {
    PARTS,   /* float [rows][parts]: of each row's sum */
    SHARES,  /* float [batch]: 1 / labels of an item */
    PAIRS,   /* float [batch][sources][sources]: output i against target j */
    SLOPES,  /* float4 of each SI-SNR */
    COLUMNS, /* uint [batch][sources]: the target of output i */
    REGIONS
};

/* How a call is cut: an item has `sources` rows of `points` values (columns: of as many classes),
 * or one row of all its values where their order does not matter. */
typedef struct cut {
    bool wide;
    bool labels;
    bool permutes;
    fmx__assignment_method method;
    size_t sources;
    size_t points;
    size_t chunk; /* points of a part */
    size_t parts; /* of a row */
    size_t bytes; /* of the output of a batch */
    size_t region[REGIONS];
    fmx_buffer *buffer[REGIONS]; /* views of the scratch */
} cut;

static size_t aligned(size_t bytes, const fmx_device *device)
{
    size_t align = fmx__buffer_alignment(device);
    return (bytes + align - 1) / align * align;
}

/* Bytes of the regions of a call; a region that would hold the losses themselves is left out. */
static void set_regions(const fmx__loss_call *call, cut *c)
{
    size_t rows = call->batch * c->sources;
    size_t pairs = c->permutes ? rows * c->sources : rows;
    bool entropy = call->loss->kind == FMX__LOSS_CROSS_ENTROPY;
    bool si_snr = call->loss->kind == FMX__LOSS_SI_SNR;
    if (entropy && !c->permutes && c->sources > 1)
        c->region[PARTS] = rows;
    else if (!entropy && !si_snr && c->parts > 1)
        c->region[PARTS] = pairs * c->parts;
    else if (si_snr && !c->permutes && c->sources > 1)
        c->region[PARTS] = rows;
    c->region[SHARES] = c->labels ? call->batch : 0;
    c->region[PAIRS] = c->permutes ? pairs : 0;
    c->region[SLOPES] = si_snr ? 4 * pairs : 0;
    c->region[COLUMNS] = c->permutes ? rows : 0;
    for (size_t i = 0; i < REGIONS; ++i)
        c->region[i] *= sizeof(float);
}

static cut cut_of(const fmx__loss_call *call)
{
    const fmx__shape *shape = &call->output_shape;
    const fmx__loss_options *o = call->options;
    size_t floats = fmx__shape_floats(shape);
    cut c = {
        .wide = fmx__device_wide(call->device),
        .labels = fmx__loss_has_labels(call->loss, shape, &call->target_shape),
        .permutes = o->permutation != FMX__LOSS_IN_ORDER,
        .bytes = call->batch * floats * sizeof(float),
    };
    if (call->loss->kind == FMX__LOSS_CROSS_ENTROPY)
        c.sources = shape->positions;
    else
        c.sources = c.permutes || call->loss->kind == FMX__LOSS_SI_SNR ? shape->channels : 1;
    c.method =
        o->permutation == FMX__LOSS_PERMUTE_HUNGARIAN || c.sources > FMX__ASSIGNMENT_EXHAUSTIVE_MOST
            ? FMX__ASSIGNMENT_HUNGARIAN
            : FMX__ASSIGNMENT_EXHAUSTIVE;
    c.points = floats / c.sources;
    c.chunk = c.wide ? CHUNK_WIDE : CHUNK;
    c.parts = (c.points + c.chunk - 1) / c.chunk;
    set_regions(call, &c);
    return c;
}

size_t fmx__loss_scratch(const fmx__loss_call *call)
{
    cut c = cut_of(call);
    size_t bytes = 0;
    for (size_t i = 0; i < REGIONS; ++i)
        bytes += aligned(c.region[i], call->device);
    return bytes;
}

/* ---- launches ---------------------------------------------------------------------------------
 */

static fmx__arg region_arg(const cut *c, size_t region)
{
    return c->region[region] > 0 ? fmx__arg_buffer(c->buffer[region], c->region[region])
                                 : fmx__arg_none();
}

/* Parts go straight to the losses where an item has one. */
static fmx__arg parts_arg(const fmx__loss_call *call, const cut *c)
{
    return c->region[PARTS] > 0 ? region_arg(c, PARTS)
                                : fmx__arg_buffer(call->losses, call->batch * sizeof(float));
}

static fmx__arg grad_arg(const fmx__loss_call *call, const cut *c)
{
    return call->grad != NULL ? fmx__arg_buffer(call->grad, c->bytes) : fmx__arg_none();
}

/* Gradients are those of weight / batch times the losses. */
static double scale_of(const fmx__loss_call *call)
{
    return call->options->weight / (double)call->batch;
}

/* Launches a kernel of rows or chunks: a group each, or on PoCL its wide variant, an item each. The
 * last argument, for which `args` has room, is local memory for sums or their count. */
static fmx_status launch_rows(const fmx__loss_call *call, const cut *c, fmx__launch *job,
                              fmx__arg *args, size_t rows)
{
    args[job->arg_count++] =
        c->wide ? fmx__arg_u64(rows) : fmx__arg_local(CHUNK_GROUP * sizeof(float));
    job->arg = args;
    job->stem = "loss";
    job->dims = 1;
    job->local[0] = c->wide ? 1 : CHUNK_GROUP;
    *(c->wide ? job->global : job->groups) = rows;
    return fmx__launch_kernel(call->device, job);
}

static fmx_status launch_sum(const fmx__loss_call *call, const cut *c, fmx__arg sums, size_t rows,
                             size_t count)
{
    fmx__arg args[4] = {sums, region_arg(c, PARTS), fmx__arg_u64(count)};
    fmx__launch job = {
        .kernel = c->wide ? "loss_sum_wide" : "loss_sum",
        .arg_count = 3,
        .flops = (double)(rows * count),
        .bytes = (double)(rows * count) * sizeof(float),
    };
    return launch_rows(call, c, &job, args, rows);
}

static fmx_status launch_columns(const fmx__loss_call *call, const char *kernel,
                                 const fmx__arg *args, size_t count, const cut *c, double tensors)
{
    fmx__launch job = {
        .stem = "loss",
        .kernel = kernel,
        .arg = args,
        .arg_count = count,
        .dims = 1,
        .global = {call->batch * c->sources},
        .local = {COLUMN_GROUP},
        .flops = (double)c->bytes / sizeof(float) * 20 * tensors,
        .bytes = (double)c->bytes * tensors,
    };
    return fmx__launch_kernel(call->device, &job);
}

/* On PoCL 16 positions at a time, where there are as many. */
static fmx_status soft_entropy(const fmx__loss_call *call, const cut *c)
{
    bool wide = c->wide && c->sources >= 16;
    size_t blocks = (c->sources + 15) / 16;
    double share = 1.0 / (double)c->sources;
    fmx__arg args[10] = {
        parts_arg(call, c),
        grad_arg(call, c),
        fmx__arg_buffer(call->output, c->bytes),
        fmx__arg_buffer(call->target, c->bytes),
        fmx__arg_u64(wide ? blocks : call->batch * c->sources),
        fmx__arg_u64(c->points),
        fmx__arg_u64(c->sources),
        fmx__arg_f32(share),
        fmx__arg_f32(scale_of(call) * share),
    };
    fmx__launch job = {
        .kernel = "loss_cross_entropy_wide",
        .arg_count = 9,
        .flops = (double)c->bytes / sizeof(float) * 60,
        .bytes = (double)c->bytes * 3,
    };
    return wide ? launch_rows(call, c, &job, args, call->batch * blocks)
                : launch_columns(call, "loss_cross_entropy", args, 9, c, 3);
}

static fmx__arg labels_arg(const fmx__loss_call *call, const cut *c)
{
    return fmx__arg_buffer(call->target, call->batch * c->sources * sizeof(float));
}

static fmx_status launch_present(const fmx__loss_call *call, const cut *c)
{
    fmx__arg args[4] = {region_arg(c, SHARES), labels_arg(call, c), fmx__arg_u64(c->sources)};
    fmx__launch job = {
        .kernel = c->wide ? "loss_present_wide" : "loss_present",
        .arg_count = 3,
        .flops = (double)(call->batch * c->sources),
        .bytes = (double)(call->batch * c->sources) * sizeof(float),
    };
    return launch_rows(call, c, &job, args, call->batch);
}

static fmx_status launch_labels(const fmx__loss_call *call, const cut *c)
{
    const fmx__arg args[] = {
        c->permutes ? fmx__arg_none() : parts_arg(call, c),
        grad_arg(call, c),
        fmx__arg_buffer(call->output, c->bytes),
        labels_arg(call, c),
        region_arg(c, SHARES),
        region_arg(c, COLUMNS),
        fmx__arg_u64(call->batch * c->sources),
        fmx__arg_u64(c->points),
        fmx__arg_u64(c->sources),
        fmx__arg_f32(scale_of(call)),
    };
    return launch_columns(call, "loss_labels", args, FMX__COUNT(args), c, 2);
}

static fmx_status launch_label_pairs(const fmx__loss_call *call, const cut *c)
{
    const fmx__arg args[] = {
        region_arg(c, PAIRS),     fmx__arg_buffer(call->output, c->bytes), labels_arg(call, c),
        region_arg(c, SHARES),    fmx__arg_u64(call->batch * c->sources),  fmx__arg_u64(c->points),
        fmx__arg_u64(c->sources),
    };
    return launch_columns(call, "loss_label_pairs", args, FMX__COUNT(args), c, 1);
}

/* Elements of pairs (no gradient, parts of each pair), of assigned rows (the gradient only), or of
 * rows against themselves (both). */
static fmx_status launch_elements(const fmx__loss_call *call, const cut *c, bool pairs,
                                  bool assigned)
{
    const fmx__loss_options *o = call->options;
    bool binary = call->loss->kind == FMX__LOSS_BINARY_CROSS_ENTROPY;
    size_t rows = call->batch * c->sources * (pairs ? c->sources : 1);
    double share = 1.0 / (double)(c->sources * c->points);
    double values = (double)(rows * c->points);
    fmx__arg args[14] = {
        assigned                         ? fmx__arg_none()
        : pairs && c->region[PARTS] == 0 ? region_arg(c, PAIRS)
                                         : parts_arg(call, c),
        pairs ? fmx__arg_none() : grad_arg(call, c),
        fmx__arg_buffer(call->output, c->bytes),
        fmx__arg_buffer(call->target, c->bytes),
        assigned ? region_arg(c, COLUMNS) : fmx__arg_none(),
        fmx__arg_u64(c->sources),
        fmx__arg_u64(c->points),
        fmx__arg_u64(c->chunk),
        fmx__arg_u64(c->parts),
        fmx__arg_u32((size_t)call->loss->kind),
        fmx__arg_f32(binary ? o->positive_weight : o->delta),
        fmx__arg_f32(share),
        fmx__arg_f32(scale_of(call) * share),
    };
    fmx__launch job = {
        .kernel = c->wide ? "loss_elements_wide" : "loss_elements",
        .arg_count = 13,
        .flops = values * (binary ? 60 : 5),
        .bytes = values * sizeof(float) * (pairs || call->grad == NULL ? 2 : 3),
    };
    return launch_rows(call, c, &job, args, rows * c->parts);
}

static fmx_status launch_si_snr(const fmx__loss_call *call, const cut *c)
{
    size_t rows = call->batch * c->sources * (c->permutes ? c->sources : 1);
    double values = (double)(rows * c->points);
    fmx__arg args[9] = {
        c->permutes ? region_arg(c, PAIRS) : parts_arg(call, c),
        region_arg(c, SLOPES),
        fmx__arg_buffer(call->output, c->bytes),
        fmx__arg_buffer(call->target, c->bytes),
        fmx__arg_u64(c->permutes ? c->sources : 1),
        fmx__arg_u64(c->points),
        fmx__arg_f32(call->options->epsilon),
        fmx__arg_f32(1.0 / (double)c->sources),
    };
    fmx__launch job = {
        .kernel = c->wide ? "loss_si_snr_wide" : "loss_si_snr",
        .arg_count = 8,
        .flops = values * 12,
        .bytes = values * 2 * sizeof(float),
    };
    return launch_rows(call, c, &job, args, rows);
}

static fmx_status launch_si_snr_slope(const fmx__loss_call *call, const cut *c)
{
    size_t rows = call->batch * c->sources;
    const fmx__arg args[] = {
        grad_arg(call, c),
        fmx__arg_buffer(call->output, c->bytes),
        fmx__arg_buffer(call->target, c->bytes),
        region_arg(c, SLOPES),
        region_arg(c, COLUMNS),
        fmx__arg_u64(c->sources),
        fmx__arg_u64(c->points),
        fmx__arg_u64(rows),
        fmx__arg_f32(scale_of(call) / (double)c->sources),
    };
    fmx__launch job = {
        .stem = "loss",
        .kernel = c->wide ? "loss_si_snr_slope_wide" : "loss_si_snr_slope",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 2,
        .global = {c->wide ? (c->points + 15) / 16 : c->points, rows},
        .local = {COLUMN_GROUP, 1},
        .flops = (double)c->bytes / sizeof(float) * 5,
        .bytes = (double)c->bytes * 3,
    };
    return fmx__launch_kernel(call->device, &job);
}

/* ---- kinds ------------------------------------------------------------------------------------
 */

/* From the costs of all pairs to the assignment and the losses. */
static fmx_status assign(const fmx__loss_call *call, const cut *c)
{
    return fmx__assignment_run(call->device, c->method, call->batch, c->sources, c->buffer[PAIRS],
                               c->buffer[COLUMNS], call->losses);
}

static fmx_status run_entropy(const fmx__loss_call *call, const cut *c)
{
    fmx_status status = c->labels ? launch_present(call, c) : FMX_OK;
    if (status == FMX_OK && c->permutes)
        status = launch_label_pairs(call, c);
    if (status == FMX_OK && c->permutes)
        status = assign(call, c);
    if (status == FMX_OK && (!c->permutes || call->grad != NULL))
        status = c->labels ? launch_labels(call, c) : soft_entropy(call, c);
    return status;
}

static fmx_status run_elements(const fmx__loss_call *call, const cut *c)
{
    size_t pairs = call->batch * c->sources * c->sources;
    if (!c->permutes)
        return launch_elements(call, c, false, false);
    fmx_status status = launch_elements(call, c, true, false);
    if (status == FMX_OK && c->parts > 1)
        status = launch_sum(call, c, region_arg(c, PAIRS), pairs, c->parts);
    if (status == FMX_OK)
        status = assign(call, c);
    if (status == FMX_OK && call->grad != NULL)
        status = launch_elements(call, c, false, true);
    return status;
}

static fmx_status run_si_snr(const fmx__loss_call *call, const cut *c)
{
    fmx_status status = launch_si_snr(call, c);
    if (status == FMX_OK && c->permutes)
        status = assign(call, c);
    if (status == FMX_OK && call->grad != NULL)
        status = launch_si_snr_slope(call, c);
    return status;
}

fmx_status fmx__loss_run(const fmx__loss_call *call)
{
    cut c = cut_of(call);
    size_t offset = 0;
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < REGIONS; ++i) {
        if (c.region[i] > 0)
            status = fmx__buffer_view(call->scratch, offset, c.region[i], &c.buffer[i]);
        offset += aligned(c.region[i], call->device);
    }
    if (status == FMX_OK)
        status = call->loss->kind == FMX__LOSS_CROSS_ENTROPY ? run_entropy(call, &c)
                 : call->loss->kind == FMX__LOSS_SI_SNR      ? run_si_snr(call, &c)
                                                             : run_elements(call, &c);
    if (status == FMX_OK && !c.permutes && c.region[PARTS] > 0)
        status = launch_sum(call, &c, fmx__arg_buffer(call->losses, call->batch * sizeof(float)),
                            call->batch, c.region[PARTS] / sizeof(float) / call->batch);
    for (size_t i = 0; i < REGIONS; ++i)
        fmx_buffer_release(c.buffer[i]);
    return status;
}
