/* What names the compounds of the toy's mixtures without learning, to compare networks with. */
#ifndef FIDMIX_MULTIPLET_BASELINES_H
#define FIDMIX_MULTIPLET_BASELINES_H

#include "multiplets.h"

/* `input` is an item's [values] in the layout of the options; `found` gets `parts` compounds.
 *
 * Least squares: non-negative amounts (coordinate descent in double, 400 sweeps), then `parts`
 * times the compound with the largest amount left, of which one is taken. Look-up: the nearest of
 * all mixtures of `parts` compounds, areas as in the library. */
void fmx__multiplets_least_squares(const fmx__multiplets *multiplets, const float *input,
                                   uint32_t *found);
void fmx__multiplets_look_up(const fmx__multiplets *multiplets, const float *input,
                             uint32_t *found);

/* `parts` times the class with the largest amount left, of which 1 / parts of all is taken. */
void fmx__take_largest(double *amount, size_t classes, size_t parts, double one, uint32_t *found);

/* How many of `parts` labels are among those found, each as often as it is there. */
size_t fmx__labels_in_common(const uint32_t *a, const uint32_t *b, size_t parts);

#endif
