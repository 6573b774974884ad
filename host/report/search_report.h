/* The ranked trials of a search as CSV, as text and as one HTML file. docs/search.md. */
#ifndef FIDMIX_SEARCH_REPORT_H
#define FIDMIX_SEARCH_REPORT_H

#include <stdio.h>

#include "search.h"

typedef struct fmx__search_report {
    const char *title; /* of the recipe */
    const fmx__search_space *space;
    const fmx__search_trial *trial; /* [trials], the best first */
    size_t trials;
} fmx__search_report;

/* Rank, trial, epochs, score, weights and values, a line each. */
void fmx__search_text(FILE *to, const fmx__search_report *report);

/* Writes the page: the table, and a picture of the score over each setting. An older file is
 * replaced. Errors: FMX_ERROR_WRITE, FMX_ERROR_MEMORY. */
fmx_status fmx__search_html(fmx_context *ctx, const char *path, const fmx__search_report *report);

#endif
