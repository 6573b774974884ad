/* How wide lines are, from the spectrum itself: most tall maxima are parts of multiplets and wider
 * than a line, or merged; the narrow ones are lines. */
#include <math.h>
#include <stdlib.h>

#include "query_chain_internal.h"

enum { LEAST = 8 /* maxima that tell a width */ };

static const float tall_sigmas = 40;
static const double narrow = 0.1; /* quantile of the widths */

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Points from the maximum at `top` to half its height, in direction `step`; 0: it rises again
 * before. */
static double arm_of(const float *s, size_t points, size_t top, long step)
{
    float half = s[top] / 2;
    for (long j = (long)top; j + step >= 0 && j + step < (long)points; j += step) {
        float here = s[j];
        float next = s[j + step];
        if (next > here)
            return 0;
        if (next <= half)
            return fabs((double)(j - (long)top)) + (double)((here - half) / (here - next));
    }
    return 0;
}

fmx_status fmx__query_width(fmx_context *ctx, const float *spectrum, size_t points,
                            double points_per_hz, double *width_hz)
{
    double *width = NULL;
    size_t count = 0;
    *width_hz = 0;
    fmx_status status = fmx__alloc(ctx, points / 2 + 1, sizeof *width, "widths", &width);
    for (size_t j = 1; status == FMX_OK && j + 1 < points; ++j) {
        if (!(spectrum[j] > tall_sigmas && spectrum[j] > spectrum[j - 1] &&
              spectrum[j] >= spectrum[j + 1]))
            continue;
        double left = arm_of(spectrum, points, j, -1);
        double right = arm_of(spectrum, points, j, 1);
        if (left > 0 && right > 0)
            width[count++] = left + right;
    }
    if (count >= LEAST) {
        qsort(width, count, sizeof *width, by_size);
        *width_hz = width[(size_t)(narrow * (double)(count - 1) + 0.5)] / points_per_hz;
    }
    free(width);
    return status;
}
