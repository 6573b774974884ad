#include "reference_ref.h"

#include <math.h>
#include <stdlib.h>

enum { BLOCKS = 16 };

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Base: 8th smallest block mean. Sigma: 5th smallest block standard deviation. */
static void measure_blocks(const float *data, size_t stride, size_t count, fmx_ref_line *line)
{
    double mean[BLOCKS];
    double spread[BLOCKS];
    for (size_t b = 0; b < BLOCKS; ++b) {
        size_t begin = b * count / BLOCKS;
        size_t end = (b + 1) * count / BLOCKS;
        double sum = 0;
        double squares = 0;
        for (size_t i = begin; i < end; ++i)
            sum += data[i * stride];
        mean[b] = sum / (double)(end - begin);
        for (size_t i = begin; i < end; ++i)
            squares += pow(data[i * stride] - mean[b], 2);
        spread[b] = sqrt(squares / (double)(end - begin));
    }
    qsort(mean, BLOCKS, sizeof *mean, ascending);
    qsort(spread, BLOCKS, sizeof *spread, ascending);
    line->base = mean[7];
    line->sigma = spread[4];
}

fmx_ref_line fmx_ref_reference(const float *data, size_t stride, size_t count)
{
    fmx_ref_line line = {.peak = -1, .width = -1};
    measure_blocks(data, stride, count, &line);
    size_t at = 0;
    for (size_t i = 1; i < count; ++i)
        if (data[i * stride] > data[at * stride])
            at = i;
    if (at == 0 || at == count - 1)
        return line;
    line.peak = (long)at;

    /* the parabola through (-1, l), (0, t), (1, r) */
    double l = data[(at - 1) * stride];
    double t = data[at * stride];
    double r = data[(at + 1) * stride];
    double bend = 2 * t - l - r;
    line.offset = bend > 0 ? 0.5 * (r - l) / bend : 0;
    double apex = t + 0.25 * (r - l) * line.offset;
    line.height = apex - line.base;
    double half_height = line.base + 0.5 * line.height;

    size_t a = at;
    size_t b = at;
    while (a > 0 && data[a * stride] >= half_height)
        --a;
    while (b < count - 1 && data[b * stride] >= half_height)
        ++b;
    double xa = data[a * stride];
    double xb = data[b * stride];
    if (xa < half_height && xb < half_height) {
        double left = (double)a + (half_height - xa) / (data[(a + 1) * stride] - xa);
        double right = (double)b - (half_height - xb) / (data[(b - 1) * stride] - xb);
        line.width = right - left;
    }
    line.rival = -INFINITY;
    for (size_t i = 0; i < count; ++i)
        if (fabs((double)i - (double)at - line.offset) > line.width)
            line.rival = fmax(line.rival, data[i * stride] - line.base);
    return line;
}
