/* Twin of dropout. */
#ifndef FIDMIX_DROPOUT_REF_H
#define FIDMIX_DROPOUT_REF_H

#include <stdint.h>

/* word: the draw of the value. */
double fmx_ref_dropout(double x, double rate, uint32_t word);

#endif
