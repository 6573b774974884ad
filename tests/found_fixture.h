/* A made-up answer of a query model: alanine, lactate and glycine named, valine not, and a peak
 * that nobody explains. */
#ifndef FMX_FOUND_FIXTURE_H
#define FMX_FOUND_FIXTURE_H

#include "query_report.h"

enum { FMX_FOUND_POINTS = 9501, FMX_FOUND_COMPOUNDS = 4 };

#define FMX_FOUND_UNKNOWN_PPM 5.5 /* its peak, 400 sigma */

typedef struct fmx_found_fixture {
    double *ppm; /* 10 to 0.5, every 0.001 */
    fmx__found item;
} fmx_found_fixture;

/* `joined`: as if of three spectra. Release with fmx_found_fixture_clear, also after an error. */
fmx_status fmx_found_fixture_make(fmx_context *ctx, bool joined, fmx_found_fixture *out);
void fmx_found_fixture_clear(fmx_found_fixture *fixture);

#endif
