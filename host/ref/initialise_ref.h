/* Twin of initialise. */
#ifndef FIDMIX_INITIALISE_REF_H
#define FIDMIX_INITIALISE_REF_H

#include <stdint.h>

/* kind 1: from one word. */
double fmx_ref_initialise_uniform(uint32_t word, double a);

/* kind 2: from up to eight draws of a standard normal. */
double fmx_ref_initialise_normal(const double draw[8], double a);

#endif
