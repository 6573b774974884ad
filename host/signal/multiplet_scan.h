/* Where in a spectrum each multiplet of a library fits best. docs/stages/multiplet_scan.md. */
#ifndef FIDMIX_MULTIPLET_SCAN_H
#define FIDMIX_MULTIPLET_SCAN_H

#include "pattern_table.h"

enum { FMX__SCAN_MOST_REACH = 255 };

/* The largest quantile; ten of 64 values are kept in order. */
#define FMX__SCAN_MOST_QUANTILE 0.15

/* A place at which a multiplet was found. */
typedef struct fmx__scan_hit {
    float shift;       /* points, from the pattern's place */
    float amplitude;   /* the amount that would give the quantile of observed / expected; >= 0 */
    float correlation; /* of spectrum and pattern over the pattern's points; -1 to 1 */
    float height;      /* largest observed value under the counted points */
} fmx__scan_hit;

typedef struct fmx__scan_of {
    fmx_buffer *spectra; /* float [count][points of the table's axis], finite, in sigmas */
    size_t count;
    const fmx__pattern_table *table;
    fmx_buffer *width;  /* uint32 [count]: index of a width of the table */
    fmx_buffer *centre; /* float [count]: expected shift, points */
    fmx_buffer *pairs;  /* uint32 [pair_count][2]: spectrum, pattern */
    size_t pair_count;
    size_t reach;   /* points to each side of the centre, at most FMX__SCAN_MOST_REACH */
    float quantile; /* 0 to FMX__SCAN_MOST_QUANTILE */
} fmx__scan_of;

/* hits [pair_count][2]: the shift with the largest amplitude times prior (fmx__scan_prior), and
 * among those with at least 0.6 of its amplitude the one with the largest correlation. Indices in
 * `width` and `pairs` must be within table and spectra. A pattern outside of the axis gives hits of
 * amplitude and correlation 0. The hits of a pair do not depend on what else is in the list.
 * Enqueues only. Errors: FMX_ERROR_SHAPE, FMX_ERROR_ARGUMENT (reach, quantile), device errors. */
fmx_status fmx__multiplet_scan(fmx_device *device, fmx_buffer *hits, const fmx__scan_of *of);

#endif
