/* Compounds that nobody can tell apart by their lines: enantiomers, one substance under two
 * names. docs/library.md, "Equal lines under several names". */
#ifndef FIDMIX_LIBRARY_SAME_H
#define FIDMIX_LIBRARY_SAME_H

#include "base.h"
#include "fidmix/library.h"

/* What the lines do not say of a compound. */
typedef struct fmx__library_facts {
    bool is_metabolite;
    bool wanted;
} fmx__library_facts;

/* Compounds [(*library)->compounds] of equal lines become one: variants of the first of them, under
 * the shortest name of those that are metabolites, else the first one's. Those of which none is
 * wanted are dropped. *merged counts the names that were merged into another's. `*library` is
 * replaced where anything changes. Its sums must be known (fmx__library_sum). */
fmx_status fmx__library_merge(fmx_context *ctx, const fmx__library_facts *facts,
                              fmx_library **library, size_t *merged);

/* wanted[i] becomes true also for spin systems whose lines may equal those of a wanted one, or of
 * one so found: shifts at the same places. `compound_of` is fmx_library_group's. */
fmx_status fmx__library_want_near(fmx_context *ctx, const fmx_spin_library *spins,
                                  const size_t *compound_of, bool *wanted);

#endif
