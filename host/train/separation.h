/* How well a network that learned from mixtures of a library (train.source: library) names and
 * separates mixtures that it has not seen, beside least squares on the spectra of the same lines
 * where none is moved. docs/training/separation.md. */
#ifndef FIDMIX_SEPARATION_H
#define FIDMIX_SEPARATION_H

#include "graph.h"
#include "plan.h"
#include "source.h"
#include "source_evaluation.h"

typedef struct fmx__separation fmx__separation;

/* Pointers must outlive the separation. */
typedef struct fmx__separation_site {
    fmx__source *source;         /* of kind `library`, opened with `batch` items */
    fmx__source_evaluation *out; /* its recipe, facts, seed and items are known */
    const fmx__graph *graph;
    size_t batch;
} fmx__separation_site;

/* Release with fmx__separation_close, also after an error. Errors: FMX_ERROR_RECIPE (no output that
 * tells compounds), those of the generator and of least squares. */
fmx_status fmx__separation_open(const fmx__separation_site *site, fmx__separation **out);
void fmx__separation_close(fmx__separation *separation); /* NULL is allowed */

/* The values of the graph that it looks at; returns how many. */
size_t fmx__separation_values(const fmx__separation *separation, size_t value[2]);

/* Whether it looks at a target of the source. */
bool fmx__separation_wants(const fmx__separation *separation, size_t target);

/* Scores a batch that `plan` ran on: items [first, first + count). Waits. */
fmx_status fmx__separation_batch(fmx__separation *separation, fmx__plan *plan,
                                 const fmx__source_batch *batch, size_t first, size_t count);

/* Adds the figures, after all items. */
fmx_status fmx__separation_figures(fmx__separation *separation);

#endif
