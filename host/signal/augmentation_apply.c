/* Augmentation on the device: what is made once, and the launches of a call. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "augmentation.h"
#include "fft_rows.h"
#include "launch.h"

enum { GROUP = 256, SPECTRAL_GROUP = 64, SPECTRAL_WIDE = 16 }; /* as in the kernel files */

static const size_t most_work_bytes = (size_t)256 << 20; /* of complex rows at a time */
static const size_t most_points = (size_t)1 << 24;

struct fmx__augmentation {
    fmx_device *device;
    size_t points;
    size_t most_items;
    double ppm;        /* from a point to the next, positive */
    size_t warp_knots; /* 0: no warp */
    size_t slow_knots;
    int interpolation;
    int normalise;
    size_t n;          /* length of the transforms; 0: nothing is broadened or phased */
    size_t chunk;      /* rows transformed at a time */
    fmx_buffer *work;  /* complex64 [chunk][n] */
    fmx_buffer *broad; /* float [most_items][points] */
};

static bool is_off(const fmx__augmentation_range *of)
{
    return of->range.value[0] == 0 && of->range.value[1] == 0;
}

/* A power of two with room for a bridge of an eighth of the row. */
static size_t transform_points(size_t points)
{
    size_t n = 2;
    while (n < points + points / 8)
        n *= 2;
    return n;
}

static fmx_status prepare_spectral(fmx__augmentation *a)
{
    a->n = transform_points(a->points);
    a->chunk = most_work_bytes / (a->n * 2 * sizeof(float));
    a->chunk = a->chunk < 1 ? 1 : a->chunk < a->most_items ? a->chunk : a->most_items;
    fmx_status status = fmx__fft_length(a->device, a->n);
    if (status == FMX_OK)
        status = fmx_buffer_create(a->device, a->chunk * a->n * 2 * sizeof(float), &a->work);
    if (status == FMX_OK)
        status = fmx_buffer_create(a->device, a->most_items * a->points * sizeof(float), &a->broad);
    return status;
}

fmx_status fmx__augmentation_create(fmx_device *device, const fmx__augmentation_options *options,
                                    size_t points, double ppm_step, size_t most_items,
                                    fmx__augmentation **out)
{
    fmx_context *ctx = fmx__device_context(device);
    fmx__augmentation *a = NULL;
    *out = NULL;
    fmx_status status = fmx__options_check(ctx, &fmx__augmentation_group, options);
    if (status == FMX_OK)
        status = fmx__augmentation_check(ctx, options);
    if (status == FMX_OK && (points == 0 || points > most_points || most_items == 0 ||
                             most_items > FMX__AUGMENTATION_ITEMS || !isnormal(ppm_step)))
        status = fmx__fail(ctx, FMX_ERROR_ARGUMENT,
                           "augmentation: %zu spectra of %zu points, %g ppm apart, cannot be made",
                           most_items, points, ppm_step);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, 1, sizeof *a, "an augmentation", &a);
    if (status != FMX_OK)
        return status;
    a->device = device;
    a->points = points;
    a->most_items = most_items;
    a->ppm = fabs(ppm_step);
    a->warp_knots = is_off(&options->warp) ? 0 : (size_t)options->warp_knots;
    a->slow_knots = (size_t)options->slow_noise_knots;
    a->interpolation = options->interpolation;
    a->normalise = options->normalise;
    if (!is_off(&options->lorentzian) || !is_off(&options->gaussian) || !is_off(&options->p0) ||
        !is_off(&options->p1))
        status = prepare_spectral(a);
    if (status == FMX_OK)
        *out = a;
    else
        fmx__augmentation_release(a);
    return status;
}

void fmx__augmentation_release(fmx__augmentation *a)
{
    if (a == NULL)
        return;
    fmx_buffer_release(a->broad);
    fmx_buffer_release(a->work);
    free(a);
}

/* ---- by way of the time domain --------------------------------------------------------------- */

/* What the three kernels around the transforms have in common. */
static fmx_status launch_spectral(const fmx__augmentation *a, const char *kernel,
                                  const fmx__arg *args, size_t arg_count, size_t width,
                                  size_t count, double flops, double bytes)
{
    double points = (double)width * (double)count;
    char wide_kernel[64];
    bool wide = fmx__device_wide(a->device);
    size_t per_item = wide ? SPECTRAL_WIDE : 1;
    snprintf(wide_kernel, sizeof wide_kernel, "%s_wide", kernel);
    fmx__launch job = {
        .stem = "augmentation_spectral",
        .kernel = wide ? wide_kernel : kernel,
        .arg = args,
        .arg_count = arg_count,
        .dims = 2,
        .global = {(width + per_item - 1) / per_item, count},
        .local = {SPECTRAL_GROUP},
        .flops = flops * points,
        .bytes = bytes * points,
    };
    return fmx__launch_kernel(a->device, &job);
}

static fmx_status spread(const fmx__augmentation *a, fmx_buffer *library, fmx__arg items,
                         size_t first, size_t count)
{
    fmx__arg args[] = {
        fmx__arg_buffer(a->work, count * a->n * 2 * sizeof(float)),
        fmx__arg_buffer(library, a->points * sizeof(float)),
        items,
        fmx__arg_u32(first),
        fmx__arg_u32(count),
        fmx__arg_u32(fmx_buffer_bytes(library) / (a->points * sizeof(float))),
        fmx__arg_u32(a->points),
        fmx__arg_u32(a->n),
    };
    return launch_spectral(a, "augmentation_spread", args, FMX__COUNT(args), a->n, count, 3, 12);
}

static fmx_status decay(const fmx__augmentation *a, fmx__arg items, size_t first, size_t count)
{
    const double pi = 3.14159265358979323846;
    double unit = pi / ((double)a->n * a->ppm); /* pi width_hz dwell_s for a width in ppm */
    fmx__arg args[] = {
        fmx__arg_buffer(a->work, count * a->n * 2 * sizeof(float)),
        items,
        fmx__arg_u32(first),
        fmx__arg_u32(count),
        fmx__arg_u32(a->n),
        fmx__arg_f32(unit),
        fmx__arg_f32(unit / (2 * sqrt(log(2)))),
    };
    return launch_spectral(a, "augmentation_decay", args, FMX__COUNT(args), a->n, count, 20, 16);
}

static fmx_status collect(const fmx__augmentation *a, fmx__arg items, size_t first, size_t count)
{
    fmx__arg args[] = {
        fmx__arg_buffer(a->broad, (first + count) * a->points * sizeof(float)),
        fmx__arg_buffer(a->work, count * a->n * 2 * sizeof(float)),
        items,
        fmx__arg_u32(first),
        fmx__arg_u32(count),
        fmx__arg_u32(a->points),
        fmx__arg_u32(a->n),
        fmx__arg_f32(1 / (double)a->points),
    };
    return launch_spectral(a, "augmentation_collect", args, FMX__COUNT(args), a->points, count, 24,
                           12);
}

static fmx_status apply_spectral(const fmx__augmentation *a, fmx_buffer *library, fmx__arg items,
                                 size_t count)
{
    fmx_status status = FMX_OK;
    for (size_t first = 0; status == FMX_OK && first < count; first += a->chunk) {
        size_t rows = count - first < a->chunk ? count - first : a->chunk;
        fmx__fft transform = {
            .out = a->work, .in = a->work, .rows = rows, .points = a->n, .scale = 1};
        status = spread(a, library, items, first, rows);
        if (status == FMX_OK)
            status = fmx__fft_rows(a->device, &transform);
        if (status == FMX_OK)
            status = decay(a, items, first, rows);
        transform.inverse = true;
        transform.scale = 1 / (double)a->n;
        if (status == FMX_OK)
            status = fmx__fft_rows(a->device, &transform);
        if (status == FMX_OK)
            status = collect(a, items, first, rows);
    }
    return status;
}

/* ---- a call ---------------------------------------------------------------------------------- */

/* Puts the parameters that both variants share behind the n arguments that they do not. */
static size_t add_parameters(const fmx__augmentation *a, size_t rows, fmx__arg *args, size_t n)
{
    double last = a->points > 1 ? (double)(a->points - 1) : 1;
    args[n++] = fmx__arg_u32(rows);
    args[n++] = fmx__arg_u32(a->points);
    args[n++] = fmx__arg_f32(1 / a->ppm);
    args[n++] = fmx__arg_f32(a->ppm);
    args[n++] = fmx__arg_f32(2 / last);
    args[n++] = fmx__arg_f32(a->warp_knots > 0 ? ((double)a->warp_knots - 1) / last : 0);
    args[n++] = fmx__arg_f32(((double)a->slow_knots - 1) / last);
    args[n++] = fmx__arg_u32(a->warp_knots);
    args[n++] = fmx__arg_u32(a->slow_knots);
    args[n++] = fmx__arg_u32((size_t)a->interpolation);
    args[n++] = fmx__arg_u32((size_t)a->normalise);
    args[n++] = fmx__arg_f32(a->ppm);
    return n;
}

static fmx_status launch(const fmx__augmentation *a, fmx_buffer *library, fmx__arg items,
                         size_t count, fmx_buffer *out)
{
    bool wide = fmx__device_wide(a->device);
    size_t row_bytes = a->points * sizeof(float);
    double points = (double)count * (double)a->points;
    fmx__arg args[20] = {
        fmx__arg_buffer(out, count * row_bytes),
        fmx__arg_buffer(library, row_bytes),
        /* a kernel argument cannot be absent */
        fmx__arg_buffer(a->n > 0 ? a->broad : out, count * row_bytes),
        items,
    };
    size_t n = 4;
    if (wide) {
        args[n++] = fmx__arg_u32(count);
    } else {
        args[n++] = fmx__arg_local(GROUP * sizeof(float));
        args[n++] = fmx__arg_local((FMX__AUGMENTATION_WARP + 2) * sizeof(float));
        args[n++] = fmx__arg_local((FMX__AUGMENTATION_SLOW + 2) * sizeof(float));
    }
    n = add_parameters(a, fmx_buffer_bytes(library) / row_bytes, args, n);
    fmx__launch job = {
        .stem = "augmentation",
        .kernel = wide ? "augmentation_wide" : "augmentation",
        .arg = args,
        .arg_count = n,
        .dims = 1,
        .groups = {count},
        .local = {wide ? 1 : GROUP},
        .fixed_group = true,
        .flops = 90 * points,
        .bytes = 2 * sizeof(float) * points,
    };
    return fmx__launch_kernel(a->device, &job);
}

fmx_status fmx__augmentation_apply(fmx__augmentation *a, fmx_buffer *library, fmx_buffer *items,
                                   size_t count, fmx_buffer *out)
{
    fmx__arg table = fmx__arg_buffer(items, count * sizeof(fmx__augmentation_item));
    size_t row_bytes = a->points * sizeof(float);
    if (count == 0 || count > a->most_items)
        return fmx__fail(fmx__device_context(a->device), FMX_ERROR_SHAPE,
                         "augmentation: %zu items in a call; it was made for 1 to %zu", count,
                         a->most_items);
    /* before anything is launched */
    if (fmx_buffer_bytes(out) / row_bytes < count || fmx_buffer_bytes(library) < row_bytes ||
        fmx_buffer_bytes(items) / sizeof(fmx__augmentation_item) < count)
        return fmx__fail(fmx__device_context(a->device), FMX_ERROR_SHAPE,
                         "augmentation: %zu items of %zu points; the library has %zu bytes, the "
                         "items %zu, the output %zu",
                         count, a->points, fmx_buffer_bytes(library), fmx_buffer_bytes(items),
                         fmx_buffer_bytes(out));
    fmx_status status = a->n > 0 ? apply_spectral(a, library, table, count) : FMX_OK;
    return status == FMX_OK ? launch(a, library, table, count, out) : status;
}
