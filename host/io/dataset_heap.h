/* The global heaps of an HDF5 file, where it keeps texts of variable length. HDF5 1.10 believes
 * what stands there; here it is followed first, as HDF5 would, within the bounds of the file. */
#ifndef FIDMIX_DATASET_HEAP_H
#define FIDMIX_DATASET_HEAP_H

#include "dataset_hdf5.h"

/* Checks every heap block of the file at `path`. It is called twice: before anything in the file is
 * opened, where it searches small files through, and with the open dataset of spectra, where it
 * searches large ones but for the extent of the spectra. Errors: FMX_ERROR_FORMAT, FMX_ERROR_READ.
 */
fmx_status fmx__heap_check(fmx_context *ctx, const char *path, hid_t spectra);

/* Checks the references of texts [first, first + count) of an open dataset of one dimension: each
 * must lead to an object of its length. Only where they lie in one piece; chunks are not looked
 * into. Errors: FMX_ERROR_FORMAT, FMX_ERROR_UNSUPPORTED, FMX_ERROR_READ. */
fmx_status fmx__heap_check_texts(fmx_context *ctx, const char *path, const char *name, hid_t texts,
                                 size_t first, size_t count);

#endif
