/* The tables that the synthesis kernels read. */
#ifndef FIDMIX_SYNTHESIS_TABLE_H
#define FIDMIX_SYNTHESIS_TABLE_H

#include "base.h"
#include "fidmix/fid_synthesis.h"

enum {
    FMX__SYNTHESIS_RATIO = 8,  /* points of the converter per point of the FID */
    FMX__SYNTHESIS_CHUNK = 16, /* a row's lines are padded to a multiple */
    FMX__SYNTHESIS_PLANES = 5,
};

/* The digital filter of one row: taps at the converter's rate. */
typedef struct fmx__synthesis_filter {
    size_t half;    /* half length, points of the FID */
    size_t count;   /* taps */
    double first;   /* place of tap 0 relative to the filter's centre, points of the FID */
    int32_t offset; /* tap t of point n takes the converter's point ratio n - offset - t */
    double *tap;    /* [count], sum 1 */
} fmx__synthesis_filter;

/* Half length for a group delay; 0 when there is none. */
size_t fmx__synthesis_half(double group_delay);

/* The filter whose output is late by `delay` points (group delay and phase error together).
 * Release filter->tap with free(). */
fmx_status fmx__synthesis_filter_make(fmx_context *ctx, size_t half, double delay,
                                      fmx__synthesis_filter *filter);

/* How the lines of all rows are laid out for one launch. */
typedef struct fmx__synthesis_table {
    size_t total;    /* lines of all rows, padded */
    size_t most;     /* lines of the longest row, padded */
    size_t tile;     /* points that share a starting phase */
    uint32_t *lines; /* [FMX__SYNTHESIS_PLANES][total] */
    float *near;     /* [total][2][16] */
    float *far;      /* [total][2][16]; wide only */
    uint32_t *rows;  /* [rows][4] */
} fmx__synthesis_table;

typedef struct fmx__synthesis_grid {
    double sw_hz; /* rate of the points to make */
    double scale; /* factor on all amplitudes */
    bool wide;    /* layout of the wide variant */
} fmx__synthesis_grid;

/* Builds the table for points at u0[row] + n, n = 0, 1, ..., in points of the grid. `filter` (NULL:
 * none; one per row otherwise) gives each line the gain that the filter settles to. */
fmx_status fmx__synthesis_table_make(fmx_context *ctx, const fmx_synthesis *row, size_t rows,
                                     const double *u0, const fmx__synthesis_grid *grid,
                                     const fmx__synthesis_filter *filter,
                                     fmx__synthesis_table *out);
void fmx__synthesis_table_clear(fmx__synthesis_table *table);

#endif
