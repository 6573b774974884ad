/* The report of an evaluation: one HTML file that needs nothing else. docs/report.md. */
#ifndef FIDMIX_HTML_REPORT_H
#define FIDMIX_HTML_REPORT_H

#include "evaluation.h"

/* One line of the head: "device", "PoCL, 4 cores". */
typedef struct fmx__report_fact {
    const char *name;
    const char *value;
} fmx__report_fact;

/* A way to name compounds: what it answered and how well. */
typedef struct fmx__report_method {
    const fmx__evaluation_input *input;
    const fmx__evaluation *evaluation;
} fmx__report_method;

/* A constituent of a mixture that is drawn. */
typedef struct fmx__report_part {
    size_t of_class;
    const float *spectrum; /* [points]; NULL: not at hand */
    double proportion;
    double weight; /* that its spectrum has in the mixture */
} fmx__report_part;

typedef struct fmx__report_overlay {
    size_t mixture;        /* its row */
    const float *spectrum; /* [points] */
    const fmx__report_part *part;
    size_t parts;
} fmx__report_overlay;

/* What a layer answers to the chosen mixture. */
typedef struct fmx__report_layer {
    const char *name;
    const char *op;
    const float *answer; /* [channels][positions] */
    size_t channels;
    size_t positions; /* spread over the axis of the spectra */
} fmx__report_layer;

/* Everything is borrowed; what is NULL or 0 is left out, and the report says so. */
typedef struct fmx__report {
    const char *title;
    const fmx__report_fact *fact;
    size_t facts;
    const fmx__report_method *method; /* the network first; all of the same mixtures and classes */
    size_t methods;                   /* at least 1, at most FMX__REPORT_METHODS */
    char *const *mixture_name;        /* [mixtures]; NULL: numbers from 1 */
    const char *history;              /* CSV of the training */
    const char *nucleus;              /* "1H" */
    const double *ppm;                /* [points], descending */
    size_t points;
    const fmx__report_overlay *overlay;
    size_t overlays;
    size_t layer_mixture; /* row of the mixture that the layers answer to */
    const float *layer_spectrum;
    const fmx__report_layer *layer;
    size_t layers;
    const char *recipe; /* full text */
} fmx__report;

enum { FMX__REPORT_METHODS = 4, FMX__REPORT_MOST_OVERLAYS = 12 };

/* The report as text. Same contents, same bytes: no clock, no random numbers. *out is released with
 * free(). Errors: FMX_ERROR_SHAPE (no method, methods of different mixtures), FMX_ERROR_MEMORY. */
fmx_status fmx__report_text(fmx_context *ctx, const fmx__report *report, char **out, size_t *bytes);

/* The same as a file, written beside `path`, synced and renamed. Also FMX_ERROR_EXISTS,
 * FMX_ERROR_WRITE. */
fmx_status fmx__report_write(fmx_context *ctx, const fmx__report *report, const char *path,
                             bool overwrite);

#endif
