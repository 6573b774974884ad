/* Tables of the synthesis: phases as 32-bit fractions of a turn, factors within a tile, the digital
 * filter and what it does to a settled line; all in double. */
#include "synthesis_table.h"

#include <complex.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double pi = 3.14159265358979323846;

/* Modified Bessel function of the first kind, order 0, by its series. */
static double bessel_i0(double x)
{
    double term = 1;
    double sum = 1;
    for (int k = 1; k < 200 && term > 1e-17 * sum; ++k) {
        term *= (0.5 * x / k) * (0.5 * x / k);
        sum += term;
    }
    return sum;
}

/* Ideal low-pass of the FID's width times a Kaiser window (beta 8: 80 dB): v in points of the FID.
 */
static double response(double v, double half)
{
    const double beta = 8;
    double x = v / half;
    if (fabs(x) >= 1)
        return 0;
    double sinc = v == 0 ? 1 : sin(pi * v) / (pi * v);
    return sinc * bessel_i0(beta * sqrt(1 - x * x)) / bessel_i0(beta);
}

size_t fmx__synthesis_half(double group_delay)
{
    /* causal also when the phase error shifts it by a point */
    return group_delay > 0 ? (size_t)floor(group_delay) - 1 : 0;
}

fmx_status fmx__synthesis_filter_make(fmx_context *ctx, size_t half, double delay,
                                      fmx__synthesis_filter *filter)
{
    const double ratio = FMX__SYNTHESIS_RATIO;
    *filter = (fmx__synthesis_filter){.half = half, .count = 2 * half * FMX__SYNTHESIS_RATIO};
    /* Point n lies at n - delay, the converter's point j at (j + 1/2) / ratio: their distance is
     * (ratio n - j) / ratio - (delay + 1 / (2 ratio)). Tap t belongs to ratio n - j = offset + t.
     */
    double centre = ratio * delay + 0.5;
    double lowest = ceil(centre - ratio * (double)half);
    filter->offset = (int32_t)lowest;
    filter->first = (lowest - centre) / ratio;
    fmx_status status =
        fmx__alloc(ctx, filter->count, sizeof *filter->tap, "a digital filter", &filter->tap);
    double sum = 0;
    for (size_t t = 0; status == FMX_OK && t < filter->count; ++t) {
        filter->tap[t] = response(filter->first + (double)t / ratio, (double)half);
        sum += filter->tap[t];
    }
    for (size_t t = 0; status == FMX_OK && t < filter->count; ++t)
        filter->tap[t] /= sum;
    return status;
}

/* exp(lambda v), lambda = -decay + 2 pi i turns per point. */
static double complex grow(double decay, double turns, double v)
{
    return exp(-decay * v) * (cos(2 * pi * turns * v) + I * sin(2 * pi * turns * v));
}

/* sum_t tap(t) exp(-lambda v_t): what the settled filter makes of a line. */
static double complex settled_gain(const fmx__synthesis_filter *filter, double decay, double turns)
{
    double complex step = grow(decay, turns, -1.0 / FMX__SYNTHESIS_RATIO);
    double complex value = grow(decay, turns, -filter->first);
    double complex sum = 0;
    for (size_t t = 0; t < filter->count; ++t) {
        sum += filter->tap[t] * value;
        value *= step;
    }
    return sum;
}

/* Fraction of a turn in 2^-32. */
static uint32_t fixed_turns(double turns)
{
    double fraction = turns - floor(turns);
    return (uint32_t)(uint64_t)llrint(fraction * 4294967296.0);
}

/* factors[0][k] + i factors[1][k] = exp(lambda stride k), k = 0 .. 15. */
static void fill_factors(float *factors, double decay, double turns, double stride)
{
    for (int k = 0; k < 16; ++k) {
        double complex w = grow(decay, turns, stride * k);
        factors[k] = (float)creal(w);
        factors[16 + k] = (float)cimag(w);
    }
}

static void fill_line(const fmx__synthesis_table *out, size_t at, const fmx_synthesis_line *line,
                      const fmx_synthesis *row, double u0, const fmx__synthesis_grid *grid,
                      const fmx__synthesis_filter *filter)
{
    double turns = line->hz / grid->sw_hz;
    double decay = pi * line->width_hz / grid->sw_hz;
    /* the error is what the correction p0 + p1 (1/2 - f / sw) undoes; its slope is in the delay */
    double phase = (line->phase_deg - row->p0_deg - 0.5 * row->p1_deg) / 360;
    double amplitude = line->amplitude * grid->scale;
    if (filter != NULL) {
        double complex gain = settled_gain(filter, decay, turns);
        amplitude *= cabs(gain);
        phase += carg(gain) / (2 * pi);
    }
    float rate = (float)decay;
    float strength = (float)amplitude;
    out->lines[at] = fixed_turns(phase + turns * u0);
    out->lines[out->total + at] = fixed_turns(turns * (double)out->tile);
    out->lines[2 * out->total + at] = fixed_turns(turns);
    memcpy(&out->lines[3 * out->total + at], &rate, sizeof rate);
    memcpy(&out->lines[4 * out->total + at], &strength, sizeof strength);
    fill_factors(out->near + 32 * at, decay, turns, grid->wide ? 1 : 64);
    if (grid->wide)
        fill_factors(out->far + 32 * at, decay, turns, 16);
}

fmx_status fmx__synthesis_table_make(fmx_context *ctx, const fmx_synthesis *row, size_t rows,
                                     const double *u0, const fmx__synthesis_grid *grid,
                                     const fmx__synthesis_filter *filter, fmx__synthesis_table *out)
{
    const size_t chunk = FMX__SYNTHESIS_CHUNK;
    *out = (fmx__synthesis_table){.tile = grid->wide ? 256 : 1024};
    fmx_status status = fmx__alloc(ctx, rows, 4 * sizeof *out->rows, "rows of lines", &out->rows);
    for (size_t r = 0; status == FMX_OK && r < rows; ++r) {
        size_t padded = (row[r].count + chunk - 1) / chunk * chunk;
        double dwell_curve = pi * row[r].gaussian_hz / grid->sw_hz;
        float values[2] = {(float)u0[r], (float)(-dwell_curve * dwell_curve / (4 * log(2)))};
        out->rows[4 * r] = (uint32_t)out->total;
        out->rows[4 * r + 1] = (uint32_t)padded;
        memcpy(&out->rows[4 * r + 2], values, sizeof values);
        out->total += padded;
        out->most = padded > out->most ? padded : out->most;
        if (out->total > (size_t)1 << 24)
            status =
                fmx__fail(ctx, FMX_ERROR_ARGUMENT,
                          "synthesis: more than %d lines in a batch; make it smaller", 1 << 24);
    }
    size_t size = out->total > 0 ? out->total : 1;
    if (status == FMX_OK)
        status =
            fmx__alloc(ctx, size * FMX__SYNTHESIS_PLANES, sizeof *out->lines, "lines", &out->lines);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, size * 32, sizeof *out->near, "factors of lines", &out->near);
    if (status == FMX_OK && grid->wide)
        status = fmx__alloc(ctx, size * 32, sizeof *out->far, "factors of lines", &out->far);
    for (size_t r = 0; status == FMX_OK && r < rows; ++r) {
        for (size_t i = 0; i < row[r].count; ++i)
            fill_line(out, out->rows[4 * r] + i, &row[r].line[i], &row[r], u0[r], grid,
                      filter != NULL ? &filter[r] : NULL);
    }
    if (status != FMX_OK)
        fmx__synthesis_table_clear(out);
    return status;
}

void fmx__synthesis_table_clear(fmx__synthesis_table *table)
{
    free(table->lines);
    free(table->near);
    free(table->far);
    free(table->rows);
    *table = (fmx__synthesis_table){0};
}
