/* The copy of rows into rows of another length, for zero_filling and digital_filter. */
#ifndef FIDMIX_ZERO_FILLING_INTERNAL_H
#define FIDMIX_ZERO_FILLING_INTERNAL_H

#include "fidmix/signal.h"

/* Where the points of a row go; the order is that of kernels/zero_filling.cl. */
typedef struct fmx__row_move {
    uint32_t first; /* the point that becomes point 0 */
    uint32_t keep;  /* points copied from there on */
    uint32_t fold;  /* of these, so many get point first - 1 - j added; at most first */
    uint32_t wrap;  /* the first points, copied to the end of the new row */
} fmx__row_move;

/* Replaces a complex batch's rows by rows of `points` points, moved as move[rows] says; the first
 * point of each is multiplied by weight[row]. The caller sees to it that moves lie inside the rows.
 * After an error the batch is as it was. */
fmx_status fmx__move_rows(fmx_signal *signal, size_t points, const fmx__row_move *move,
                          const float *weight);

/* FMX_ERROR_ARGUMENT or _SHAPE unless every row's group delay is 0 <= d < measured points, and
 * those fit the rows. */
fmx_status fmx__check_delays(const fmx_signal *signal, const char *stage);

#endif
