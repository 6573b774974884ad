#include "digital_filter_ref.h"

size_t fmx_ref_digital_filter(float *out, const float *in, size_t points, size_t valid,
                              size_t delay, int start)
{
    size_t left = valid - delay;
    if (delay == 0)
        start = 1; /* nothing to fold, drop or wrap */
    if (start == 2)
        left = points;
    if (start == 0 && left > 2)
        left -= 2; /* nmrglue drops floor(delay) + 2 points in all */
    for (size_t j = 0; j < points; ++j) {
        /* the row rolled left by the delay */
        size_t n = (j + delay) % points;
        double re = j < left ? in[2 * n] : 0;
        double im = j < left ? in[2 * n + 1] : 0;
        if (start == 0 && j + 4 < delay && j < left) {
            /* the points before the start, nearest first, without the first four */
            re += in[2 * (delay - 1 - j)];
            im += in[2 * (delay - 1 - j) + 1];
        }
        out[2 * j] = (float)re;
        out[2 * j + 1] = (float)im;
    }
    return left;
}
