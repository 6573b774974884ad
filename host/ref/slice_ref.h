/* Twin of slice. */
#ifndef FIDMIX_SLICE_REF_H
#define FIDMIX_SLICE_REF_H

#include <stddef.h>

/* in [rows][whole] -> out [rows][part], from `first` on. */
void fmx_ref_slice(size_t rows, size_t whole, size_t part, size_t first, double *out,
                   const double *in);

/* The way back; 0 outside of the part. */
void fmx_ref_slice_gradient(size_t rows, size_t whole, size_t part, size_t first, double *grad_in,
                            const double *grad_out);

#endif
