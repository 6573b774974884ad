#include "optimiser_slab.h"

#include <stdlib.h>

enum { GROUP = 256, WIDE_GROUP = 8, SMALL_GROUP = 64, SPAN = 4096, PER_ITEM = 16 };

/* As in kernels/optimiser_slab.cl. */
typedef struct span {
    uint32_t first_low; /* floats into the slab */
    uint32_t first_high;
    uint32_t count;
    uint32_t row;
} span;

typedef struct row {
    uint32_t first;
    uint32_t count;
} row;

typedef struct slab_spans {
    size_t first;
    size_t count;
    size_t floats;
} slab_spans;

struct fmx__norms {
    fmx_device *device;
    fmx__norm_clip clip;
    slab_spans *slab;
    size_t slab_count;
    size_t span_count;
    size_t row_count;    /* 1, and one for each tensor that is clipped by itself */
    fmx_buffer *table;   /* span[span_count] */
    fmx_buffer *rows;    /* row[row_count] */
    fmx_buffer *partial; /* float[span_count] */
    fmx_buffer *norm;    /* float[row_count] */
    fmx_buffer *factor;
};

static size_t count_spans(const fmx__norm_tensor *tensor, size_t count)
{
    size_t spans = 0;
    for (size_t i = 0; i < count; ++i)
        spans += (tensor[i].count + SPAN - 1) / SPAN;
    return spans;
}

/* Spans slab by slab, so that a slab's are neighbours, and a tensor's within it. */
static void fill_tables(fmx__norms *n, const fmx__norm_tensor *tensor, size_t count, span *spans,
                        row *rows)
{
    size_t at = 0;
    size_t tensor_row = 1;
    for (size_t s = 0; s < n->slab_count; ++s) {
        n->slab[s].first = at;
        for (size_t i = 0; i < count; ++i) {
            if (tensor[i].slab != s)
                continue;
            size_t number = n->clip.per_tensor ? tensor_row++ : 0;
            size_t first = at;
            for (size_t done = 0; done < tensor[i].count; done += SPAN) {
                uint64_t from = tensor[i].offset + done;
                size_t left = tensor[i].count - done;
                spans[at++] = (span){(uint32_t)from, (uint32_t)(from >> 32),
                                     (uint32_t)(left < SPAN ? left : SPAN), (uint32_t)number};
            }
            if (number > 0)
                rows[number] = (row){(uint32_t)first, (uint32_t)(at - first)};
            if (tensor[i].offset + tensor[i].count > n->slab[s].floats)
                n->slab[s].floats = tensor[i].offset + tensor[i].count;
        }
        n->slab[s].count = at - n->slab[s].first;
    }
    rows[0] = (row){0, (uint32_t)at};
}

static fmx_status make_tables(fmx__norms *n, const fmx__norm_tensor *tensor, size_t count)
{
    fmx_context *ctx = fmx__device_context(n->device);
    span *spans = NULL;
    row *rows = NULL;
    n->span_count = count_spans(tensor, count);
    n->row_count = 1 + (n->clip.per_tensor ? count : 0);
    for (size_t i = 0; i < count; ++i)
        n->slab_count = tensor[i].slab >= n->slab_count ? tensor[i].slab + 1 : n->slab_count;
    fmx_status status = fmx__alloc(ctx, n->slab_count, sizeof *n->slab, "norms", &n->slab);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, n->span_count, sizeof *spans, "norms", &spans);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, n->row_count, sizeof *rows, "norms", &rows);
    if (status == FMX_OK) {
        fill_tables(n, tensor, count, spans, rows);
        status = fmx_buffer_create_copy(n->device, spans, n->span_count * sizeof *spans, &n->table);
    }
    if (status == FMX_OK)
        status = fmx_buffer_create_copy(n->device, rows, n->row_count * sizeof *rows, &n->rows);
    free(spans);
    free(rows);
    return status;
}

fmx_status fmx__norms_create(fmx_device *device, const fmx__norm_tensor *tensor, size_t count,
                             const fmx__norm_clip *clip, fmx__norms **out)
{
    fmx__norms *n = NULL;
    *out = NULL;
    fmx_status status = fmx__alloc(fmx__device_context(device), 1, sizeof *n, "norms", &n);
    if (status != FMX_OK)
        return status;
    n->device = device;
    n->clip = *clip;
    status = make_tables(n, tensor, count);
    if (status == FMX_OK)
        status = fmx_buffer_create(device, n->span_count * sizeof(float), &n->partial);
    if (status == FMX_OK)
        status = fmx_buffer_create(device, n->row_count * sizeof(float), &n->norm);
    if (status == FMX_OK)
        status = fmx_buffer_create(device, n->row_count * sizeof(float), &n->factor);
    if (status == FMX_OK)
        *out = n;
    else
        fmx__norms_destroy(n);
    return status;
}

void fmx__norms_destroy(fmx__norms *n)
{
    if (n == NULL)
        return;
    fmx_buffer_release(n->factor);
    fmx_buffer_release(n->norm);
    fmx_buffer_release(n->partial);
    fmx_buffer_release(n->rows);
    fmx_buffer_release(n->table);
    free(n->slab);
    free(n);
}

static fmx_status run_squares(const fmx__norms *n, const slab_spans *slab, fmx_buffer *grad)
{
    bool wide = fmx__device_wide(n->device);
    fmx__arg args[] = {
        fmx__arg_buffer(n->partial, n->span_count * sizeof(float)),
        fmx__arg_buffer(grad, slab->floats * sizeof(float)),
        fmx__arg_buffer(n->table, n->span_count * sizeof(span)),
        fmx__arg_u32(slab->first),
        wide ? fmx__arg_u32(slab->count) : fmx__arg_local(GROUP * sizeof(float)),
    };
    fmx__launch job = {
        .stem = "optimiser_slab",
        .kernel = wide ? "optimiser_squares_wide" : "optimiser_squares",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 1,
        .flops = (double)slab->floats * 2,
        .bytes = (double)slab->floats * sizeof(float),
    };
    job.local[0] = wide ? WIDE_GROUP : GROUP;
    if (wide)
        job.global[0] = slab->count;
    else
        job.groups[0] = slab->count;
    return fmx__launch_kernel(n->device, &job);
}

static fmx_status run_norm(const fmx__norms *n)
{
    fmx__arg args[] = {
        fmx__arg_buffer(n->norm, n->row_count * sizeof(float)),
        fmx__arg_buffer(n->factor, n->row_count * sizeof(float)),
        fmx__arg_buffer(n->partial, n->span_count * sizeof(float)),
        fmx__arg_buffer(n->rows, n->row_count * sizeof(row)),
        fmx__arg_f32(n->clip.limit),
        fmx__arg_f32(n->clip.beside),
        fmx__arg_local(SMALL_GROUP * sizeof(float)),
    };
    fmx__launch job = {
        .stem = "optimiser_slab",
        .kernel = "optimiser_norm",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 1,
        .groups = {n->row_count},
        .local = {SMALL_GROUP},
        .flops = (double)n->span_count,
        .bytes = (double)n->span_count * sizeof(float),
    };
    return fmx__launch_kernel(n->device, &job);
}

static fmx_status run_scale(const fmx__norms *n, const slab_spans *slab, fmx_buffer *grad)
{
    fmx__arg args[] = {
        fmx__arg_buffer(grad, slab->floats * sizeof(float)),
        fmx__arg_buffer(n->factor, n->row_count * sizeof(float)),
        fmx__arg_buffer(n->table, n->span_count * sizeof(span)),
        fmx__arg_u32(slab->first),
    };
    fmx__launch job = {
        .stem = "optimiser_slab",
        .kernel = "optimiser_scale",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 1,
        .groups = {slab->count},
        .local = {GROUP},
        .flops = (double)slab->floats,
        .bytes = (double)slab->floats * 2 * sizeof(float),
    };
    return fmx__launch_kernel(n->device, &job);
}

fmx_status fmx__norms_run(const fmx__norms *n, fmx_buffer *const *grad, size_t slabs)
{
    bool scale = n->clip.limit > 0 && n->clip.per_tensor;
    size_t count = slabs < n->slab_count ? slabs : n->slab_count;
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < count; ++i) {
        if (n->slab[i].count > 0)
            status = run_squares(n, &n->slab[i], grad[i]);
    }
    if (status == FMX_OK)
        status = run_norm(n);
    for (size_t i = 0; scale && status == FMX_OK && i < count; ++i) {
        if (n->slab[i].count > 0)
            status = run_scale(n, &n->slab[i], grad[i]);
    }
    return status;
}

fmx_buffer *fmx__norms_all(const fmx__norms *n)
{
    return n->norm;
}

fmx_buffer *fmx__norms_factor(const fmx__norms *n)
{
    return n->clip.limit > 0 && !n->clip.per_tensor ? n->factor : NULL;
}

static fmx_status run_slabs(fmx_device *device, const char *kernel, const fmx__arg *args,
                            size_t arg_count, size_t count, double bytes)
{
    fmx__launch job = {
        .stem = "optimiser_slab",
        .kernel = kernel,
        .arg = args,
        .arg_count = arg_count,
        .dims = 1,
        .global = {(count + PER_ITEM - 1) / PER_ITEM},
        .local = {SMALL_GROUP},
        .flops = (double)count * 3,
        .bytes = bytes,
    };
    return fmx__launch_kernel(device, &job);
}

fmx_status fmx__slab_blend(fmx_device *device, size_t count, fmx_buffer *y, fmx_buffer *x,
                           const float *a, const float *b)
{
    size_t bytes = count * sizeof(float);
    const fmx__arg args[] = {
        fmx__arg_buffer(y, bytes), fmx__arg_buffer(x, bytes), fmx__arg_u64(count),
        fmx__arg_step_f32(a),      fmx__arg_step_f32(b),
    };
    return run_slabs(device, "optimiser_blend", args, FMX__COUNT(args), count, 3 * (double)bytes);
}

fmx_status fmx__slab_swap(fmx_device *device, size_t count, fmx_buffer *x, fmx_buffer *y)
{
    size_t bytes = count * sizeof(float);
    const fmx__arg args[] = {fmx__arg_buffer(x, bytes), fmx__arg_buffer(y, bytes),
                             fmx__arg_u64(count)};
    return run_slabs(device, "optimiser_swap", args, FMX__COUNT(args), count, 4 * (double)bytes);
}
