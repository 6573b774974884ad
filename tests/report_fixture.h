/* A made-up evaluation of two methods with all that a report can show. */
#ifndef FMX_REPORT_FIXTURE_H
#define FMX_REPORT_FIXTURE_H

#include "html_report.h"

enum {
    FMX_REPORT_POINTS = 6000,
    FMX_REPORT_CHANNELS = 20,
    FMX_REPORT_OVERLAYS = 2,
    FMX_REPORT_PARTS = 3,
};

typedef struct fmx_report_fixture {
    fmx_context *ctx;
    size_t classes;
    size_t mixtures;
    char **name; /* [classes] */
    float *truth;
    float *presence[2];
    float *proportion[2];
    fmx__evaluation_input input[2];
    fmx__evaluation evaluation[2];
    fmx__report_method method[2];
    double *ppm;
    float *pure; /* [classes][FMX_REPORT_POINTS] */
    float *mixed[FMX_REPORT_OVERLAYS];
    fmx__report_part part[FMX_REPORT_OVERLAYS][FMX_REPORT_PARTS];
    fmx__report_overlay overlay[FMX_REPORT_OVERLAYS];
    float *answer;
    fmx__report_layer layer[2];
    fmx__report_fact fact[8];
    char *history;
    fmx__report report;
} fmx_report_fixture;

/* All pairs of `classes` compounds, 100 noise-only and mixtures of 1 to 6. The same for the same
 * arguments. */
fmx_status fmx_report_fixture_make(fmx_context *ctx, size_t classes, fmx_report_fixture *out);
void fmx_report_fixture_clear(fmx_report_fixture *fixture);

#endif
