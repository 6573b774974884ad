#include "multiplet_scan_ref.h"

#include <math.h>
#include <stdlib.h>

static double observed(const fmx_ref_scan *s, int64_t j)
{
    return j >= 0 && j < (int64_t)s->points ? s->obs[j] : 0;
}

static int rising(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

static double quantile_at(const fmx_ref_scan *s, int64_t first, double *ratio)
{
    for (size_t k = 0; k < s->samples; ++k) {
        int64_t j = first + s->sample[k];
        double crest = observed(s, j);
        for (int64_t i = j - 2; i <= j + 2; ++i)
            crest = fmax(crest, observed(s, i));
        ratio[k] = crest / s->height[s->sample[k]];
    }
    qsort(ratio, s->samples, sizeof *ratio, rising);
    /* the rank as the kernel finds it, in float */
    return fmax(0, ratio[(size_t)(s->quantile * (float)(s->samples - 1) + 0.5F)]);
}

static double correlation_at(const fmx_ref_scan *s, int64_t first)
{
    double count = (double)s->count;
    double mean = 0;
    double mean_height = 0;
    double product = 0;
    double square = 0;
    double square_height = 0;
    for (size_t i = 0; i < s->count; ++i) {
        mean += observed(s, first + (int64_t)i) / count;
        mean_height += s->height[i] / count;
    }
    for (size_t i = 0; i < s->count; ++i) {
        double o = observed(s, first + (int64_t)i) - mean;
        double h = s->height[i] - mean_height;
        product += o * h;
        square += o * o;
        square_height += h * h;
    }
    return square > 0 && square_height > 0 ? product / sqrt(square * square_height) : 0;
}

int fmx_ref_multiplet_scan(double *quantile, double *prior, double *correlation, double *height,
                           const fmx_ref_scan *s)
{
    double *ratio = malloc(s->samples * sizeof *ratio);
    if (ratio == NULL)
        return -1;
    for (size_t i = 0; i < 2 * s->reach + 1; ++i) {
        int64_t shift = (int64_t)rint(s->centre) - (int64_t)s->reach + (int64_t)i;
        double d = (double)shift - s->centre;
        quantile[i] = quantile_at(s, s->base + shift, ratio);
        prior[i] = 0.65 * exp(-d * d / (2 * 12.0 * 12.0)) + 0.35 * exp(-d * d / (2 * 44.0 * 44.0));
        correlation[i] = correlation_at(s, s->base + shift);
        height[i] = -INFINITY;
        for (size_t k = 0; k < s->samples; ++k)
            height[i] = fmax(height[i], observed(s, s->base + shift + s->sample[k]));
    }
    free(ratio);
    return 0;
}
