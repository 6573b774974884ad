/* Transforms of any length by Bluestein's chirp, kernels fft_chirp_* of kernels/fft.cl. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "fft_rows.h"

enum { GROUP = 64, WIDE = 16 }; /* items per group; points per item of the wide variant */

/* The chirp of a length and the transform of its conjugate. */
typedef struct chirp {
    size_t n;
    size_t m;             /* length of the convolution: the power of two from 2 n - 1 on */
    fmx_buffer *chirp;    /* complex64 [n] */
    fmx_buffer *response; /* complex64 [m] */
} chirp;

static void release_chirp(void *object)
{
    chirp *c = object;
    fmx_buffer_release(c->response);
    fmx_buffer_release(c->chirp);
    free(c);
}

/* w[i] = exp(-pi i i^2 / n) for i < n, then conj(w[|i|]) over the circle of m points. i^2 is
 * reduced modulo 2 n in integers, so that the angle is exact before cos and sin see it. */
static void fill_chirp(const chirp *c, float *w, float *circle)
{
    const double pi = 3.14159265358979323846;
    for (size_t i = 0; i < c->n; ++i) {
        double angle = pi * (double)((uint64_t)i * i % (2 * c->n)) / (double)c->n;
        w[2 * i] = (float)cos(angle);
        w[2 * i + 1] = (float)-sin(angle);
        size_t mirror = (c->m - i) % c->m;
        circle[2 * i] = circle[2 * mirror] = w[2 * i];
        circle[2 * i + 1] = circle[2 * mirror + 1] = -w[2 * i + 1];
    }
}

static fmx_status make_chirp(fmx_device *device, const void *from, void **out)
{
    fmx_context *ctx = fmx__device_context(device);
    float *w = NULL;
    float *circle = NULL;
    chirp *c = NULL;
    fmx_status status = fmx__alloc(ctx, 1, sizeof *c, "a chirp", &c);
    if (status != FMX_OK)
        return status;
    c->n = *(const size_t *)from;
    for (c->m = 2; c->m < 2 * c->n - 1;)
        c->m *= 2;
    status = fmx__alloc(ctx, 2 * c->n, sizeof *w, "a chirp", &w);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, 2 * c->m, sizeof *circle, "a chirp", &circle);
    if (status == FMX_OK) {
        fill_chirp(c, w, circle);
        status = fmx_buffer_create_copy(device, w, 2 * c->n * sizeof *w, &c->chirp);
    }
    if (status == FMX_OK)
        status = fmx_buffer_create_copy(device, circle, 2 * c->m * sizeof *circle, &c->response);
    fmx__fft transform = {.out = c->response,
                          .in = c->response,
                          .rows = 1,
                          .points = c->m,
                          .out_stride = c->m,
                          .in_stride = c->m,
                          .scale = 1.0 / (double)c->m};
    if (status == FMX_OK)
        status = fmx__fft_power(device, &transform);
    free(circle);
    free(w);
    if (status != FMX_OK) {
        release_chirp(c);
        c = NULL;
    }
    *out = c;
    return status;
}

static const fmx__cached_kind chirp_kind = {make_chirp, release_chirp};

/* kernel: the name of the GPU variant, then that of the wide one. */
static fmx_status launch(fmx_device *device, const char *const kernel[2], const fmx__arg *arg,
                         size_t count, size_t points, size_t rows, double flops, double bytes)
{
    double items = (double)points * (double)rows;
    bool wide = fmx__device_wide(device);
    size_t per_item = wide ? WIDE : 1;
    fmx__launch job = {.stem = "fft",
                       .kernel = kernel[wide],
                       .arg = arg,
                       .arg_count = count,
                       .dims = 2,
                       .global = {(points + per_item - 1) / per_item, rows},
                       .local = {GROUP, 1},
                       .flops = items * flops,
                       .bytes = items * bytes};
    return fmx__launch_kernel(device, &job);
}

static size_t reach(size_t first, size_t stride, size_t rows, size_t points)
{
    return (first + (rows - 1) * stride + points) * 2 * sizeof(float);
}

static const char *const in_kernel[2] = {"fft_chirp_in", "fft_chirp_in_wide"};
static const char *const filter_kernel[2] = {"fft_chirp_filter", "fft_chirp_filter_wide"};
static const char *const out_kernel[2] = {"fft_chirp_out", "fft_chirp_out_wide"};

/* `rows` rows from `row` on, through work [rows][m]. */
static fmx_status convolve(fmx_device *device, const fmx__fft *of, const chirp *c, fmx_buffer *work,
                           size_t row, size_t rows)
{
    size_t in_first = of->in_first + row * of->in_stride;
    size_t out_first = of->out_first + row * of->out_stride;
    size_t work_bytes = rows * c->m * 2 * sizeof(float);
    size_t chirp_bytes = c->n * 2 * sizeof(float);
    const fmx__arg in[] = {
        fmx__arg_buffer(work, work_bytes),
        fmx__arg_buffer(of->in, reach(in_first, of->in_stride, rows, c->n)),
        fmx__arg_buffer(c->chirp, chirp_bytes),
        fmx__arg_u32(rows),
        fmx__arg_u32(c->n),
        fmx__arg_u32(c->m),
        fmx__arg_u64(in_first),
        fmx__arg_u64(of->in_stride),
        fmx__arg_u32(of->inverse),
    };
    const fmx__arg filter[] = {
        fmx__arg_buffer(work, work_bytes),
        fmx__arg_buffer(c->response, c->m * 2 * sizeof(float)),
        fmx__arg_u32(rows),
        fmx__arg_u32(c->m),
    };
    const fmx__arg out[] = {
        fmx__arg_buffer(of->out, reach(out_first, of->out_stride, rows, c->n)),
        fmx__arg_buffer(work, work_bytes),
        fmx__arg_buffer(c->chirp, chirp_bytes),
        fmx__arg_u32(rows),
        fmx__arg_u32(c->n),
        fmx__arg_u32(c->m),
        fmx__arg_u64(out_first),
        fmx__arg_u64(of->out_stride),
        fmx__arg_u32(of->inverse),
        fmx__arg_f32(of->scale),
    };
    fmx__fft forward = {.out = work,
                        .in = work,
                        .rows = rows,
                        .points = c->m,
                        .out_stride = c->m,
                        .in_stride = c->m,
                        .scale = 1};
    fmx__fft back = forward;
    back.inverse = true;
    fmx_status status = launch(device, in_kernel, in, FMX__COUNT(in), c->m, rows, 6, 16);
    if (status == FMX_OK)
        status = fmx__fft_power(device, &forward);
    if (status == FMX_OK)
        status = launch(device, filter_kernel, filter, FMX__COUNT(filter), c->m, rows, 6, 16);
    if (status == FMX_OK)
        status = fmx__fft_power(device, &back);
    if (status == FMX_OK)
        status = launch(device, out_kernel, out, FMX__COUNT(out), c->n, rows, 8, 16);
    return status;
}

fmx_status fmx__fft_chirp(fmx_device *device, const fmx__fft *of)
{
    char key[64];
    chirp *c = NULL;
    fmx_buffer *work = NULL;
    snprintf(key, sizeof key, "fft chirp %zu", of->points);
    fmx_status status = fmx__device_cache(device, key, &chirp_kind, &of->points, &c);
    if (status != FMX_OK)
        return status;
    size_t chunk = fmx__fft_chunk(device, of->rows, c->m * 2 * sizeof(float));
    status = fmx_buffer_create(device, chunk * c->m * 2 * sizeof(float), &work);
    for (size_t row = 0; status == FMX_OK && row < of->rows; row += chunk) {
        size_t rows = of->rows - row < chunk ? of->rows - row : chunk;
        status = convolve(device, of, c, work, row, rows);
    }
    fmx_buffer_release(work);
    return status;
}
