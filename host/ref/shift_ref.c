#include "shift_ref.h"

void fmx_ref_shift(float *out, const float *in, size_t points, long by)
{
    long n = (long)points;
    for (long j = 0; j < n; ++j)
        out[j] = in[((j + by) % n + n) % n];
}
