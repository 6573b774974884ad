/* Spectra for the tests of baseline. */
#ifndef FMX_BASELINE_DATA_H
#define FMX_BASELINE_DATA_H

#include <math.h>
#include <stdlib.h>

#include "cases/baseline.h"
#include "fmx_test.h"

/* Noise on a rolling baseline with a few tall lines. */
static inline float *spectra(size_t rows, size_t points, uint64_t seed)
{
    float *x = fmx_test_random(rows * points, seed);
    for (size_t i = 0; i < rows * points; ++i) {
        double n = (double)(i % points) / (double)points;
        double line = 0;
        for (int k = 1; k < 8; ++k)
            line += 300 / (1 + pow((n - k / 8.0) * (double)points / 6, 2));
        x[i] += (float)(5 * sin(7 * n) + line);
    }
    return x;
}

static inline fmx_signal batch(const fmx_test *test, const fmx_case_baseline *c, const float *data)
{
    fmx_signal signal;
    double step = c->ppm_step;
    fmx_test_ok(
        test,
        fmx_signal_create(test->device, FMX_DOMAIN_FREQUENCY, false, c->rows, c->points, &signal),
        "batch");
    fmx_test_ok(test, fmx_buffer_write(signal.data, 0, data, c->rows * c->points * sizeof *data),
                "write");
    for (size_t i = 0; i < c->rows; ++i, step *= 1.3)
        signal.row[i].ppm_step = step;
    return signal;
}

/* The rule of the kernel's comment for one row: blocks of about `width` ppm, and the window. */
static inline void blocks_of(const fmx_case_baseline *c, size_t row, double width, size_t *block,
                             size_t *wide)
{
    double step = fabs(c->ppm_step) * pow(1.3, (double)row);
    *block = 1;
    while ((double)*block * 1.5 * step < width && *block * 2 <= c->points)
        *block *= 2;
    size_t count = (c->points + *block - 1) / *block;
    *wide = (size_t)(c->options.window_ppm / (step * (double)*block) + 0.5) | 1;
    *wide = *wide < 9 ? 9 : *wide;
    *wide = *wide > (count | 1) ? (count | 1) : *wide;
}

#endif
