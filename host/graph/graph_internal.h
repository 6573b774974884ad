/* What the files that draw a graph share. */
#ifndef FIDMIX_GRAPH_INTERNAL_H
#define FIDMIX_GRAPH_INTERNAL_H

#include "graph.h"

/* Puts a layer behind the others that stands in no recipe: its op's name, settings as in a recipe
 * (pairs of key and value, the last one {NULL, NULL}; NULL: none) and the values that it takes. The
 * graph keeps its options. Errors: those of fmx__graph_create. */
fmx_status fmx__graph_append(fmx__graph *graph, const char *name, const char *op,
                             const char *const (*setting)[2], const size_t *in, size_t in_count);

/* ---- the macro `tcn` (tcn_macro.c) ------------------------------------------------------------
 */

extern const fmx__option_group fmx__tcn_macro;

/* Draws a temporal convolutional network out: `name`, options of fmx__tcn_macro, the value that it
 * takes. */
fmx_status fmx__tcn_draw(fmx__graph *graph, const char *name, const void *options, size_t in);

#endif
