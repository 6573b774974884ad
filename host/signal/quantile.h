/* Quantiles of the rows of a batch, on the device: exact order statistics, docs/stages/quantile.md.
 * Noise and baseline estimates are made of them. */
#ifndef FIDMIX_QUANTILE_H
#define FIDMIX_QUANTILE_H

#include "fidmix/device.h"

/* Which floats of a buffer are the elements of output o, that is block o % blocks of row o /
 * blocks: i = 0 .. count - 1,
 *
 *     v(i) = at(i) - c,  at(i) = data[row stride + block block_stride + first + i step],
 *     c = the float lag places after at(i) when lag > 0, else centre[o], else 0
 *
 * The real parts of a complex batch are step 2; all of its floats are step 1, count 2 points, and
 * differences of successive points lag 2, count 2 points - 2. */
typedef struct fmx__quantile_of {
    fmx_buffer *data;
    size_t rows;
    size_t stride;       /* floats from a row to the next */
    size_t blocks;       /* of every row; 0 counts as 1 */
    size_t block_stride; /* floats from a block to the next; blocks may overlap */
    size_t first;        /* floats before the first element */
    size_t step;         /* floats from an element to the next */
    size_t count;        /* elements; 1 to 2^25 */
    size_t lag;          /* floats; 0: no difference is taken */
    bool absolute;       /* |v(i)| instead of v(i) */
    fmx_buffer *centre;  /* float [rows][blocks], or NULL; not with lag */
    fmx_buffer
        *limit; /* float [rows][blocks], or NULL: only v(i) <= limit_factor limit[o] take part */
    double limit_factor;
} fmx__quantile_of;

/* out[o] = the q-quantile (0 to 1) of o's elements: with m of them taking part, sorted, and
 * h = q (m - 1), x[floor h] + (x[floor h + 1] - x[floor h]) (h - floor h), as numpy.quantile. q =
 * 0.5 is the median. NaN never take part; a row without elements gives NaN. `out` is float [rows]
 * and may be the limit or the centre of the same call. Only enqueues. Errors: FMX_ERROR_SHAPE (also
 * a row that reaches past the buffer), FMX_ERROR_ARGUMENT (q), device errors. */
fmx_status fmx__quantile(fmx_buffer *out, const fmx__quantile_of *of, double q, fmx_device *device);

#endif
