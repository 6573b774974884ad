/* The report of a network that learned from a generator: figures, training, and examples of what it
 * answers; one HTML file that needs nothing else. */
#ifndef FIDMIX_HTML_SOURCE_H
#define FIDMIX_HTML_SOURCE_H

#include "source_evaluation.h"

/* Writes it beside and renames. Errors: FMX_ERROR_EXISTS unless `overwrite`, FMX_ERROR_WRITE,
 * FMX_ERROR_MEMORY. */
fmx_status fmx__report_source(fmx_context *ctx, const fmx__source_evaluation *evaluation,
                              const char *path, bool overwrite);

#endif
