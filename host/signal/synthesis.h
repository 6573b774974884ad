/* Spectra straight from lines, on the device: rows of multiplets at their places, and what rows add
 * to mixtures of them. docs/stages/synthesis.md. */
#ifndef FIDMIX_SYNTHESIS_H
#define FIDMIX_SYNTHESIS_H

#include "launch.h"

/* One line of a multiplet. */
typedef struct fmx__synthesis_line {
    float offset; /* points, from the multiplet's place */
    float weight;
} fmx__synthesis_line;

/* One row of a plan, as kernels/synthesis.cl reads it. */
typedef struct fmx__synthesis_head {
    uint32_t first_part;
    uint32_t parts;
    uint32_t first_hump;
    uint32_t humps;
    uint32_t divide; /* by the row's largest value */
    float cosine;    /* of the lines' phase */
    float sine;
    float gauss; /* share of the Gaussian in a line, 0..1 */
} fmx__synthesis_head;

typedef struct fmx__synthesis_part {
    uint32_t first_line;
    uint32_t lines;
    int32_t base; /* place: whole points and ... */
    float fraction;
    float amount;
    float half_width; /* points, above 0 */
    float stretch;    /* of the offsets */
    uint32_t window;  /* fmx__synthesis_window */
} fmx__synthesis_part;

typedef struct fmx__synthesis_hump {
    float place;   /* points */
    float inverse; /* 1 / width in points, where it has fallen to 1/e */
    float height;
    uint32_t unused;
} fmx__synthesis_hump;

enum { FMX__SYNTHESIS_BLOCK = 16, FMX__SYNTHESIS_MOST_POINTS = 1 << 19 };

/* The window of points low to high (both included) on an axis; 0 where it lies outside. */
uint32_t fmx__synthesis_window(double low, double high, size_t points);

typedef struct fmx__synthesis_of {
    fmx_buffer *lines; /* fmx__synthesis_line [line_count] */
    size_t line_count;
    fmx_buffer *plan; /* heads [rows], then parts, then humps */
    size_t rows;
    size_t parts;
    size_t humps;
    size_t points;
    double reach; /* half widths over which the dispersive part of a line fades */
    double cell;  /* width of a point's cell, in points */
    double work;  /* values of single lines in all, for the statement of work */
} fmx__synthesis_of;

/* Bytes of a plan. */
size_t fmx__synthesis_plan_bytes(size_t rows, size_t parts, size_t humps);

/* out [rows][points]. Indices in the plan must be within lines, parts and humps, as plans of
 * synthesis_draw.h are. Enqueues only. Errors: FMX_ERROR_SHAPE, FMX_ERROR_ARGUMENT, device
 * errors. */
fmx_status fmx__synthesis(fmx_device *device, fmx_buffer *out, const fmx__synthesis_of *of);

/* A place in fmx__synthesis_sources. */
typedef struct fmx__synthesis_slot {
    uint32_t row; /* UINT32_MAX: nothing there */
    float weight;
} fmx__synthesis_slot;

/* sources [mixtures][slots][points] = weight / divisor times rows [row_count][points]; facts
 * [mixtures][2] are those of fmx__mixture. Enqueues only. Errors: as above. */
fmx_status fmx__synthesis_sources(fmx_device *device, fmx_buffer *sources, fmx_buffer *rows,
                                  size_t row_count, fmx_buffer *facts, fmx_buffer *slot,
                                  size_t slots, size_t mixtures, size_t points);

#endif
