/* A library on an axis, drawn: the shape of every multiplet at a few line widths, as the kernels
 * read it that look for multiplets in spectra (multiplet_scan, explain, query_windows).
 *
 * Model of a spectrum: the sum over compounds c and their multiplets m of
 *     amount_c highest_m height_m[p - base_m - shift_m].
 * The sum of what a compound draws over all points, tails included, is its protons times its
 * amount. */
#ifndef FIDMIX_PATTERN_TABLE_H
#define FIDMIX_PATTERN_TABLE_H

#include "multiplet_table.h"

enum {
    FMX__PATTERN_MOST_POINTS = 1024,
    FMX__PATTERN_WIDTHS = 6,
    FMX__PATTERN_MOST_AXIS = 1 << 18, /* points of an axis */
    FMX__PATTERN_PAD = 32,            /* zeros in front of every pattern's heights and at the end */
    FMX__PATTERN_SAMPLES = 64,        /* counted points that quantiles are taken of, at most */
};

/* Half widths that a pattern reaches beyond its outer lines. */
#define FMX__PATTERN_REACH 8.0

/* Share of its tallest point above which a pattern's points are counted. */
#define FMX__PATTERN_COUNTED 0.3f

/* A multiplet at one width, as kernels read it. */
typedef struct fmx__pattern {
    uint32_t first; /* of its heights */
    uint32_t count; /* points; 0: its tallest point is outside of the axis */
    int32_t base;   /* point of the axis where it begins, not shifted; it may begin before the axis
                       and end beyond it: whoever reads spectra checks bounds, shifted or not */
    uint32_t counted; /* points above FMX__PATTERN_COUNTED */
    float highest;    /* height of its tallest point for amount 1 */
    float protons;    /* of the whole multiplet */
    uint32_t entry;   /* of the library */
    uint32_t lines;   /* those closer than 0.1 Hz count as one; 1: a single line */
} fmx__pattern;

/* What else is known of a pattern's heights. */
typedef struct fmx__pattern_shape {
    uint32_t first;   /* of its samples */
    uint32_t samples; /* all counted points, or FMX__PATTERN_SAMPLES of them evenly chosen */
    float mean;       /* of its heights */
    float inverse;    /* 1 / norm of heights - mean; 0 where there is none */
} fmx__pattern_shape;

typedef struct fmx__pattern_sample {
    uint32_t point; /* of the pattern */
    float inverse;  /* 1 / height there */
} fmx__pattern_sample;

typedef struct fmx__pattern_table {
    const fmx_library *library;
    fmx__multiplet_axis axis;
    double points_per_hz; /* at the library's field */
    size_t widths;
    double width_hz[FMX__PATTERN_WIDTHS]; /* full, at half height; rising */
    size_t patterns;                      /* library->multiplets, the same numbers */
    fmx__pattern *pattern;                /* [widths][patterns] */
    fmx_buffer *records;                  /* the same on the device */
    fmx_buffer *heights;                  /* float; 1 at each pattern's tallest point */
    size_t heights_count;                 /* padding included */
    fmx_buffer *shapes;                   /* fmx__pattern_shape [widths][patterns] */
    fmx_buffer *samples;                  /* fmx__pattern_sample [samples_count] */
    size_t samples_count;
} fmx__pattern_table;

/* Draws every multiplet with Lorentzian lines of each of the widths (NULL: 0.8, 1.1, 1.5, 2.1 and
 * 3.0 Hz), reaching FMX__PATTERN_REACH half widths beyond its outer lines and cut to the
 * FMX__PATTERN_MOST_POINTS points in a row that hold most. An entry with a line width of its own (a
 * measured one) is drawn with what is left of the width, at least 1.5 points. `library` must
 * outlive the table. Waits for the device. Release with fmx__pattern_table_clear, also after an
 * error. Errors: FMX_ERROR_SHAPE (an axis that does not descend or is too long), FMX_ERROR_ARGUMENT
 * (widths that do not rise from above 0), FMX_ERROR_MEMORY, device errors. */
fmx_status fmx__pattern_table_create(fmx_device *device, const fmx_library *library,
                                     const fmx__multiplet_axis *axis, const double *width_hz,
                                     size_t widths, fmx__pattern_table *out);
void fmx__pattern_table_clear(fmx__pattern_table *table);

/* Index of the width nearest to width_hz by their ratio. */
size_t fmx__pattern_width(const fmx__pattern_table *table, double width_hz);

#endif
