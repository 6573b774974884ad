/* Baseline by a rolling median, smoothed by a Gaussian. */
#include <math.h>
#include <stdlib.h>

#include "baseline_internal.h"

enum { GROUP = 256, LANES = 16 };

/* What its launches share. */
typedef struct median {
    fmx_signal *signal;
    fmx_buffer *keys;
    fmx_buffer *smooth; /* medians, then smoothed */
    size_t stride;
    size_t pad;
    size_t size; /* points in a window */
    size_t taps;
    bool wide;
} median;

static size_t bytes_of(const median *m)
{
    return m->signal->rows * m->stride * sizeof(float);
}

static fmx_status make_keys(const median *m)
{
    const fmx_signal *signal = m->signal;
    fmx__arg args[] = {
        fmx__arg_buffer(m->keys, bytes_of(m)),
        fmx__arg_buffer(signal->data, fmx__signal_bytes(signal)),
        fmx__arg_u32(signal->rows),
        fmx__arg_u32(signal->points),
        fmx__arg_u32(m->stride),
        fmx__arg_u32(m->pad),
    };
    fmx__launch job = {
        .stem = "baseline",
        .kernel = "baseline_median_keys",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 2,
        .global = {m->wide ? m->stride / LANES : m->stride, signal->rows},
        .local = {m->wide ? LANES : GROUP},
        .flops = 0,
        .bytes = 2.0 * (double)bytes_of(m),
    };
    return fmx__launch_kernel(signal->device, &job);
}

static fmx_status select_medians(const median *m)
{
    const fmx_signal *signal = m->signal;
    double points = (double)signal->rows * (double)signal->points;
    double size = (double)m->size;
    /* comparisons and moves: forgetting extremes, or 32 bits one by one */
    double steps = m->wide && m->size <= 65 ? 0.8 * size * size : 32 * 2 * size;
    fmx__arg args[] = {
        fmx__arg_buffer(m->smooth, bytes_of(m)),
        fmx__arg_buffer(m->keys, bytes_of(m)),
        fmx__arg_u32(signal->rows),
        fmx__arg_u32(signal->points),
        fmx__arg_u32(m->stride),
        fmx__arg_u32(m->pad),
        fmx__arg_u32(m->size),
        fmx__arg_local((GROUP + m->size) * sizeof(uint32_t)),
    };
    fmx__launch job = {
        .stem = "baseline",
        .kernel = m->wide ? "baseline_median_wide" : "baseline_median",
        .arg = args,
        .arg_count = FMX__COUNT(args) - (m->wide ? 1 : 0),
        .dims = 2,
        .global = {m->wide ? (signal->points + LANES - 1) / LANES : signal->points, signal->rows},
        .local = {m->wide ? LANES : GROUP},
        .flops = steps * points,
        .bytes = 2 * points * sizeof(float),
    };
    return fmx__launch_kernel(signal->device, &job);
}

static fmx_status smooth_and_subtract(const median *m, const float *taps)
{
    const fmx_signal *signal = m->signal;
    double points = (double)signal->rows * (double)signal->points;
    fmx__arg args[] = {
        fmx__arg_buffer(signal->data, fmx__signal_bytes(signal)),
        fmx__arg_buffer(m->smooth, bytes_of(m)),
        fmx__arg_data(taps, m->taps * sizeof *taps),
        fmx__arg_u32(signal->rows),
        fmx__arg_u32(signal->points),
        fmx__arg_u32(m->stride),
        fmx__arg_u32(m->pad),
        fmx__arg_u32(m->taps),
    };
    fmx__launch job = {
        .stem = "baseline",
        .kernel = "baseline_smooth",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 2,
        .global = {m->wide ? (signal->points + LANES - 1) / LANES : signal->points, signal->rows},
        .local = {m->wide ? LANES : GROUP},
        .flops = (3.0 * (double)m->taps + 2) * points,
        .bytes = 3 * points * sizeof(float),
    };
    return fmx__launch_kernel(signal->device, &job);
}

/* A Gaussian around the middle of `count` taps, of sum 1. */
static void fill_taps(float *taps, size_t count, double sigma)
{
    double sum = 0;
    for (size_t pass = 0; pass < 2; ++pass) {
        for (size_t k = 0; k < count; ++k) {
            double u = ((double)k - 0.5 * ((double)count - 1)) / sigma;
            double g = exp(-0.5 * u * u);
            if (pass == 0)
                sum += g;
            else
                taps[k] = (float)(g / sum);
        }
    }
}

fmx_status fmx__baseline_median(fmx_signal *signal, const fmx_baseline *options)
{
    median m = {
        .signal = signal,
        .size = (size_t)options->median_points + 1,
        .taps = (size_t)options->smooth_points,
        .wide = fmx__device_wide(signal->device),
    };
    size_t widest = m.size > m.taps ? m.size : m.taps;
    m.pad = (widest / LANES + 2) * LANES;
    /* whole groups of points, and what lies around the last of them */
    m.stride = (signal->points + GROUP - 1) / GROUP * GROUP + 2 * m.pad;
    float *taps = NULL;
    fmx_status status = fmx__alloc(fmx__device_context(signal->device), m.taps, sizeof *taps,
                                   "smoothing kernel", &taps);
    if (status == FMX_OK)
        status = fmx_buffer_create(signal->device, bytes_of(&m), &m.keys);
    if (status == FMX_OK)
        status = fmx_buffer_create(signal->device, bytes_of(&m), &m.smooth);
    if (status == FMX_OK) {
        fill_taps(taps, m.taps, options->smooth_sigma);
        status = make_keys(&m);
    }
    if (status == FMX_OK)
        status = select_medians(&m);
    if (status == FMX_OK)
        status = smooth_and_subtract(&m, taps);
    fmx_buffer_release(m.smooth);
    fmx_buffer_release(m.keys);
    free(taps);
    return status;
}
