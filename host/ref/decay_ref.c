#include "decay_ref.h"

#include <math.h>

#include "normal_ref.h"

static const double turn = 6.28318530717958647692;

void fmx_ref_decay(double *fid, size_t points, const fmx_ref_decay_line *line, double mean,
                   double sigma, uint64_t seed, uint32_t purpose)
{
    for (size_t n = 0; n < points; ++n) {
        uint32_t phase = line->phase + (uint32_t)n * line->step;
        double decay = line->amplitude * exp(-line->rate * (double)n);
        fid[n] = decay * sin(turn * phase * 0x1p-32) + mean +
                 sigma * fmx_ref_normal(seed, purpose, line->item, line->draw, n);
    }
}

void fmx_ref_decay_magnitude(double *magnitude, const float *fid, size_t points)
{
    for (size_t k = 0; k < points / 2; ++k) {
        double re = 0;
        double im = 0;
        for (size_t n = 0; n < points; ++n) {
            double angle = turn * (double)(k * n % points) / (double)points;
            re += (double)fid[n] * cos(angle);
            im -= (double)fid[n] * sin(angle);
        }
        magnitude[k] = sqrt(re * re + im * im) / (double)points;
    }
}
