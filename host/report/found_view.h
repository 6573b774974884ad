/* What the files of a query model's page share. */
#ifndef FIDMIX_FOUND_VIEW_H
#define FIDMIX_FOUND_VIEW_H

#include "html_internal.h"
#include "query_report.h"

/* One item while its sections are written. */
typedef struct fmx__found_view {
    const fmx__found_page *page;
    const fmx__found *item;
    size_t number;               /* of the item, from 1: part of every id */
    const float *left;           /* [points] what the named compounds leave; NULL: not drawn */
    const float *named;          /* [points] what they explain */
    const fmx__found_peak *peak; /* unassigned ones, by falling height */
    size_t peaks;
} fmx__found_view;

/* "12.3 (11.9 to 12.8)" as the content of a cell. */
void fmx__html_interval(fmx__svg *svg, double value, double low, double high, const char *unit);

/* Colours of the pictures, said once. */
void fmx__html_found_key(fmx__svg *svg);

/* The whole spectrum, then strips of it on scales of their own, with the unassigned peaks. */
void fmx__html_found_spectrum(fmx__svg *svg, const fmx__found_view *view);

/* Every compound that is named with its multiplets. */
void fmx__html_found_compounds(fmx__svg *svg, const fmx__found_view *view);

#endif
