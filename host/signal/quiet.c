#include "quiet.h"

#include <math.h>
#include <stdlib.h>

#include "base.h"

static const double window_ppm = 0.2;
static const double quiet_share = 0.1;
static const double sigma_per_deviation = 1.482602218505602; /* 1 / 0.6745, normal distribution */

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a;
    float y = *(const float *)b;
    return (x > y) - (x < y);
}

static float middle(float *value, size_t count)
{
    qsort(value, count, sizeof *value, by_value);
    return value[count / 2];
}

static float deviation(const float *value, float *scratch, size_t count)
{
    for (size_t i = 0; i < count; ++i)
        scratch[i] = value[i];
    float centre = middle(scratch, count);
    for (size_t i = 0; i < count; ++i)
        scratch[i] = fabsf(value[i] - centre);
    return middle(scratch, count);
}

fmx_status fmx__quiet_deviation(fmx_context *ctx, const float *spectrum, const double *ppm,
                                size_t points, double water_low_ppm, double water_high_ppm,
                                double *sigma)
{
    *sigma = 0;
    if (points < 2)
        return FMX_OK;
    double step = fabs(ppm[points - 1] - ppm[0]) / (double)(points - 1);
    size_t width = step > 0 ? (size_t)ceil(window_ppm / step) : 0;
    if (width < 2 || width > points)
        return FMX_OK;
    float *scratch = NULL; /* a window, then what the windows say */
    fmx_status status =
        fmx__alloc(ctx, width + points / width, sizeof *scratch, "windows", &scratch);
    if (status != FMX_OK)
        return status;
    size_t windows = 0;
    for (size_t i = 0; i + width <= points; i += width) {
        double a = ppm[i];
        double b = ppm[i + width - 1];
        bool is_water = fmin(a, b) > water_low_ppm && fmax(a, b) < water_high_ppm;
        if (!is_water)
            scratch[width + windows++] = deviation(spectrum + i, scratch, width);
    }
    if (windows > 0) {
        qsort(scratch + width, windows, sizeof *scratch, by_value);
        size_t at = (size_t)(quiet_share * (double)(windows - 1));
        *sigma = sigma_per_deviation * scratch[width + at];
    }
    free(scratch);
    return FMX_OK;
}
