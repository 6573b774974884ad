#include "fidmix/noise.h"

#include <math.h>
#include <stdlib.h>

#include "quantile.h"
#include "signal_internal.h"

enum { GROUP = 256, MOST_BLOCKS = 64, LEAST_BLOCK = 256, LAG = 16, LEAST_EDGE = 8 };

static const char *const modes[] = {"robust", "published", "edges", NULL};

#define FMX_FIELD(name) offsetof(fmx_noise, name)
static const fmx__option option_table[] = {
    {"mode", FMX__OPTION_CHOICE, FMX_FIELD(mode), "", 0, 0, modes, "how the noise is estimated"},
    {"first_points", FMX__OPTION_INTEGER, FMX_FIELD(first_points), "points", 2, 1e6, NULL,
     "published: points from the high-ppm end"},
    {"divisor", FMX__OPTION_NUMBER, FMX_FIELD(divisor), "", 1e-3, 1e3, NULL,
     "published: the standard deviation is divided by this"},
    {"low_from_ppm", FMX__OPTION_NUMBER, FMX_FIELD(low_from_ppm), "ppm", -1e4, 1e4, NULL,
     "edges: start of the stretch at the low end"},
    {"low_to_ppm", FMX__OPTION_NUMBER, FMX_FIELD(low_to_ppm), "ppm", -1e4, 1e4, NULL,
     "edges: end of the stretch at the low end"},
    {"high_from_ppm", FMX__OPTION_NUMBER, FMX_FIELD(high_from_ppm), "ppm", -1e4, 1e4, NULL,
     "edges: start of the stretch at the high end"},
    {"high_to_ppm", FMX__OPTION_NUMBER, FMX_FIELD(high_to_ppm), "ppm", -1e4, 1e4, NULL,
     "edges: end of the stretch at the high end"},
};
#undef FMX_FIELD

static const fmx_noise defaults = FMX_NOISE_DEFAULT;

extern const fmx__stage fmx__stage_noise;

static size_t floats_a_point(const fmx_signal *signal)
{
    return signal->is_complex ? 2 : 1;
}

/* ---- robust ---- */

static int ascending(const void *left, const void *right)
{
    float a = *(const float *)left;
    float b = *(const float *)right;
    return (a > b) - (a < b);
}

/* How a row is cut: blocks of `points` points, differences over `lag` points. */
typedef struct cut {
    size_t blocks;
    size_t points;
    size_t lag;
} cut;

static cut cut_of(const fmx_signal *signal)
{
    cut c = {.blocks = signal->points / LEAST_BLOCK};
    c.blocks = c.blocks > MOST_BLOCKS ? (size_t)MOST_BLOCKS : c.blocks > 0 ? c.blocks : 1;
    c.points = signal->points / c.blocks;
    size_t filled = 1; /* zero filling ties neighbours together: differences reach further then */
    for (size_t i = 0; i < signal->rows; ++i) {
        size_t valid = signal->row[i].valid;
        size_t times = valid > 0 ? (signal->points + valid / 2) / valid : 1;
        filled = times > filled ? times : filled;
    }
    c.lag = LAG * filled;
    c.lag = c.lag > c.points / 4 ? c.points / 4 : c.lag;
    c.lag = c.lag > 0 ? c.lag : 1;
    return c;
}

/* sigma from the medians of a row's blocks, which are reordered: from the block a fifth from the
 * quietest, corrected for having been chosen, the limit of what noise alone would do; then the
 * median of the blocks below it. `values` differences went into a median, `filled` of them tied. */
static float sigma_of_blocks(float *median, size_t blocks, double values)
{
    /* median of |d|, d a difference of two: 0.6745 sqrt(2) sigma */
    const double scale = 1 / (0.674489750196 * 1.41421356237);
    /* relative error of such a median, 1.166 / sqrt(values), and 1.3 for the ties that remain */
    double spread = 1.3 * 1.166 / sqrt(values > 4 ? values : 4);
    size_t known = 0;
    for (size_t i = 0; i < blocks; ++i) {
        if (median[i] > 0 && isfinite(median[i]))
            median[known++] = median[i];
    }
    if (known == 0)
        return 0;
    qsort(median, known, sizeof *median, ascending);
    double low = median[(known - 1) / 5] / (1 - (known > 4 ? 0.84 * spread : 0));
    size_t quiet = 0;
    while (quiet < known && median[quiet] <= low * (1 + 2.5 * spread))
        ++quiet;
    double middle =
        quiet % 2 ? median[quiet / 2] : ((double)median[quiet / 2 - 1] + median[quiet / 2]) / 2;
    return (float)(middle * scale);
}

static fmx_status robust(fmx_signal *signal)
{
    fmx_context *ctx = fmx__device_context(signal->device);
    cut c = cut_of(signal);
    size_t width = floats_a_point(signal);
    size_t outputs = signal->rows * c.blocks;
    float *median = NULL;
    fmx_buffer *out = NULL;
    fmx__quantile_of of = {.data = signal->data,
                           .rows = signal->rows,
                           .stride = width * signal->points,
                           .blocks = c.blocks,
                           .block_stride = width * c.points,
                           .step = 1,
                           .count = width * (c.points - c.lag),
                           .lag = width * c.lag,
                           .absolute = true};
    fmx_status status = fmx__alloc(ctx, outputs, sizeof *median, "noise of blocks", &median);
    if (status == FMX_OK)
        status = fmx_buffer_create(signal->device, outputs * sizeof *median, &out);
    if (status == FMX_OK)
        status = fmx__quantile(out, &of, 0.5, signal->device);
    if (status == FMX_OK)
        status = fmx_buffer_read(out, 0, median, outputs * sizeof *median);
    double values = (double)of.count / (double)(c.lag > LAG ? c.lag / LAG : 1);
    for (size_t i = 0; status == FMX_OK && i < signal->rows; ++i)
        signal->row[i].noise_sigma = sigma_of_blocks(median + i * c.blocks, c.blocks, values);
    fmx_buffer_release(out);
    free(median);
    return status;
}

/* ---- published and edges ---- */

/* Points of a row; two of them are the uint4 of kernels/noise.cl. */
typedef struct stretch {
    uint32_t first;
    uint32_t count;
} stretch;

/* The float8 of kernels/noise.cl. */
typedef struct fit {
    float middle;
    float scale;
    float f0;
    float f1[2];
    float f2[3];
} fit;

/* Points of the row's axis within from_ppm .. to_ppm (in either order), ends included to a
 * millionth of a point. */
static stretch stretch_of(const fmx_row *row, size_t points, double from_ppm, double to_ppm)
{
    double a = (from_ppm - row->ppm_first) / row->ppm_step;
    double b = (to_ppm - row->ppm_first) / row->ppm_step;
    double low = fmax(ceil(fmin(a, b) - 1e-6), 0);
    double high = fmin(floor(fmax(a, b) + 1e-6), (double)points - 1);
    if (!(low <= high))
        return (stretch){0, 0};
    return (stretch){(uint32_t)low, (uint32_t)(high - low) + 1};
}

/* Orthonormal polynomials 1, u, u^2 of the points of both stretches, by Gram-Schmidt from the sums
 * of their powers. */
static fit fit_quadratic(const stretch part[2])
{
    double first = part[0].count > 0 ? part[0].first : part[1].first;
    double last = part[1].count > 0 ? part[1].first + part[1].count - 1.0
                                    : part[0].first + part[0].count - 1.0;
    double middle = (float)((first + last) / 2);
    double scale = (float)(2 / fmax(fabs(last - first), 1));
    double m[5] = {0}; /* sums of u^k */
    for (size_t p = 0; p < 2; ++p) {
        for (uint32_t k = 0; k < part[p].count; ++k) {
            double u = ((double)part[p].first + k - middle) * scale;
            m[0] += 1;
            m[1] += u;
            m[2] += u * u;
            m[3] += u * u * u;
            m[4] += u * u * u * u;
        }
    }
    double mean = m[1] / m[0];
    double n1 = m[2] - m[1] * mean; /* |u - mean|^2 */
    /* u^2 less its projections on 1 and on u - mean */
    double a = m[2] / m[0];
    double b = (m[3] - mean * m[2]) / n1;
    double n2 = m[4] - a * m[2] - b * (m[3] - mean * m[2]);
    return (fit){
        .middle = (float)middle,
        .scale = (float)scale,
        .f0 = (float)(1 / sqrt(m[0])),
        .f1 = {(float)(-mean / sqrt(n1)), (float)(1 / sqrt(n1))},
        .f2 = {(float)((b * mean - a) / sqrt(n2)), (float)(-b / sqrt(n2)), (float)(1 / sqrt(n2))}};
}

/* Which points of row i are looked at, and with which polynomials. */
static fmx_status choose(const fmx_signal *signal, const fmx_noise *options, size_t i,
                         stretch part[2], fit *f)
{
    const fmx_row *row = &signal->row[i];
    if (options->mode == FMX_NOISE_PUBLISHED) {
        size_t count = (size_t)options->first_points;
        part[0].count = (uint32_t)(count < signal->points ? count : signal->points);
        f->f0 = (float)(1 / sqrt(part[0].count));
        return FMX_OK;
    }
    if (row->ppm_step != 0 && isfinite(row->ppm_step) && isfinite(row->ppm_first)) {
        part[0] = stretch_of(row, signal->points, options->high_from_ppm, options->high_to_ppm);
        part[1] = stretch_of(row, signal->points, options->low_from_ppm, options->low_to_ppm);
    }
    if (part[0].count + part[1].count < LEAST_EDGE)
        return fmx__fail(fmx__device_context(signal->device), FMX_ERROR_SHAPE,
                         "noise: row %zu (%s) has %u points within the stretches; %d are needed: "
                         "choose others or mode robust",
                         i, row->name, part[0].count + part[1].count, (int)LEAST_EDGE);
    *f = fit_quadratic(part);
    return FMX_OK;
}

static fmx_status launch(fmx_signal *signal, fmx_buffer *out, const stretch *part, const fit *f)
{
    double points = 0;
    for (size_t i = 0; i < 2 * signal->rows; ++i)
        points += part[i].count;
    fmx__arg args[] = {
        fmx__arg_buffer(out, signal->rows * sizeof(float)),
        fmx__arg_buffer(signal->data, fmx__signal_bytes(signal)),
        fmx__arg_data(part, signal->rows * 2 * sizeof *part),
        fmx__arg_data(f, signal->rows * sizeof *f),
        fmx__arg_local(GROUP * sizeof(float)),
        fmx__arg_u32(signal->points * floats_a_point(signal)),
        fmx__arg_u32(floats_a_point(signal)),
    };
    fmx__launch job = {
        .stem = "noise",
        .kernel = "noise",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 1,
        .groups = {signal->rows},
        .local = {GROUP},
        .fixed_group = true,
        .flops = points * 50,
        .bytes = points * (double)floats_a_point(signal) * sizeof(float),
    };
    return fmx__launch_kernel(signal->device, &job);
}

static fmx_status residual(fmx_signal *signal, const fmx_noise *options)
{
    fmx_context *ctx = fmx__device_context(signal->device);
    size_t rows = signal->rows;
    stretch *part = NULL; /* two a row */
    fit *f = NULL;
    float *squares = NULL;
    fmx_buffer *out = NULL;
    fmx_status status = fmx__alloc(ctx, 2 * rows, sizeof *part, "noise stretches", &part);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, rows, sizeof *f, "noise fits", &f);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, rows, sizeof *squares, "noise sums", &squares);
    for (size_t i = 0; status == FMX_OK && i < rows; ++i)
        status = choose(signal, options, i, &part[2 * i], &f[i]);
    if (status == FMX_OK)
        status = fmx_buffer_create(signal->device, rows * sizeof *squares, &out);
    if (status == FMX_OK)
        status = launch(signal, out, part, f);
    if (status == FMX_OK)
        status = fmx_buffer_read(out, 0, squares, rows * sizeof *squares);
    for (size_t i = 0; status == FMX_OK && i < rows; ++i) {
        double count = (double)part[2 * i].count + part[2 * i + 1].count;
        double sigma = options->mode == FMX_NOISE_PUBLISHED
                           ? sqrt(squares[i] / count) / options->divisor
                           : sqrt(squares[i] / (count - 3)); /* three coefficients fitted */
        signal->row[i].noise_sigma = isfinite(sigma) ? (float)sigma : 0;
    }
    fmx_buffer_release(out);
    free(squares);
    free(f);
    free(part);
    return status;
}

fmx_status fmx_estimate_noise(fmx_signal *signal, const fmx_noise *options)
{
    fmx_context *ctx = fmx__device_context(signal->device);
    fmx_status status = fmx__need(signal, "noise", FMX_DOMAIN_FREQUENCY, signal->is_complex);
    if (status == FMX_OK)
        status = fmx__options_check(ctx, &fmx__stage_noise.group, options);
    if (status == FMX_OK && signal->points < 2)
        status = fmx__fail(ctx, FMX_ERROR_SHAPE, "noise: spectra of one point have no noise");
    if (status != FMX_OK)
        return status;
    return options->mode == FMX_NOISE_ROBUST ? robust(signal) : residual(signal, options);
}

static fmx_status run(fmx_signal *signal, const void *options)
{
    return fmx_estimate_noise(signal, options);
}

const fmx__stage fmx__stage_noise = {
    .group = {.name = "noise",
              .doc = "Estimates the standard deviation of a spectrum's noise.",
              .options = option_table,
              .option_count = FMX__COUNT(option_table),
              .defaults = &defaults,
              .options_size = sizeof defaults},
    .needs = FMX__NEEDS_SPECTRUM,
    .run = run,
};
