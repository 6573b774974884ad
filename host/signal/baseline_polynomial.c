/* Baseline by a polynomial through what lies near it. */
#include <stdlib.h>

#include "baseline_internal.h"

enum { GROUP = 64, LANES = 16, COEFFICIENTS = 16, TERMS = 10, SUMS = 30 }; /* as the kernel */

typedef struct polynomial {
    fmx_signal *signal;
    const fmx_baseline *options;
    fmx__baseline_window *window;
    fmx_buffer *scratch; /* the percentile's */
    fmx_buffer *coefficients;
    size_t stride;
    size_t pad;
    size_t longest;
} polynomial;

static fmx_status fit_round(const polynomial *p, bool is_first)
{
    fmx_signal *signal = p->signal;
    double means = 0;
    fmx__arg args[] = {
        fmx__arg_buffer(p->coefficients, signal->rows * COEFFICIENTS * sizeof(float)),
        fmx__arg_buffer(p->scratch, signal->rows * FMX__BASELINE_PARTS * p->stride * sizeof(float)),
        fmx__arg_data(p->window, signal->rows * sizeof *p->window),
        fmx__arg_u32(signal->points),
        fmx__arg_u32(p->stride),
        fmx__arg_u32(p->pad),
        fmx__arg_u32((size_t)p->options->order),
        fmx__arg_f32(p->options->clip_sigma),
        fmx__arg_u32(is_first ? 1 : 0),
        fmx__arg_local((SUMS + TERMS * TERMS + TERMS + SUMS * (size_t)GROUP) * sizeof(float)),
    };
    for (size_t i = 0; i < signal->rows; ++i)
        means += p->window[i].count;
    fmx__launch job = {
        .stem = "baseline_polynomial",
        .kernel = "baseline_polynomial_round",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 1,
        .groups = {signal->rows},
        .local = {fmx__device_wide(signal->device) ? 1 : GROUP},
        .fixed_group = true,
        .flops = 100 * means,
        .bytes = 2 * means * sizeof(float),
    };
    return fmx__launch_kernel(signal->device, &job);
}

static fmx_status subtract(const polynomial *p)
{
    fmx_signal *signal = p->signal;
    bool wide = fmx__device_wide(signal->device);
    double points = (double)signal->rows * (double)signal->points;
    fmx__arg args[] = {
        fmx__arg_buffer(signal->data, fmx__signal_bytes(signal)),
        fmx__arg_buffer(p->coefficients, signal->rows * COEFFICIENTS * sizeof(float)),
        fmx__arg_u32(signal->rows),
        fmx__arg_u32(signal->points),
        fmx__arg_u32((size_t)p->options->order),
    };
    fmx__launch job = {
        .stem = "baseline_polynomial",
        .kernel = "baseline_polynomial_subtract",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 2,
        .global = {wide ? (signal->points + LANES - 1) / LANES : signal->points, signal->rows},
        .local = {GROUP},
        .flops = (4.0 * (double)p->options->order + 6) * points,
        .bytes = 2 * points * sizeof(float),
    };
    return fmx__launch_kernel(signal->device, &job);
}

fmx_status fmx__baseline_polynomial(fmx_signal *signal, const fmx_baseline *options)
{
    polynomial p = {.signal = signal, .options = options};
    fmx_status status = fmx__alloc(fmx__device_context(signal->device), signal->rows,
                                   sizeof *p.window, "baseline windows", &p.window);
    if (status == FMX_OK)
        status = fmx__baseline_windows(signal, options, 0, p.window, &p.longest);
    if (status == FMX_OK)
        status = fmx__baseline_percentile(signal, options, p.window, &p.scratch, &p.stride, &p.pad);
    if (status == FMX_OK)
        status = fmx_buffer_create(signal->device, signal->rows * COEFFICIENTS * sizeof(float),
                                   &p.coefficients);
    for (int64_t i = 0; status == FMX_OK && i < options->fit_rounds; ++i)
        status = fit_round(&p, i == 0);
    if (status == FMX_OK)
        status = subtract(&p);
    fmx_buffer_release(p.coefficients);
    fmx_buffer_release(p.scratch);
    free(p.window);
    return status;
}
