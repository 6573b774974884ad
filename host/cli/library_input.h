/* Measured spectra for `fidmix library`: FIDs, processed as the built-in recipe says, and rows of
 * datasets. */
#ifndef FIDMIX_LIBRARY_INPUT_H
#define FIDMIX_LIBRARY_INPUT_H

#include "cli.h"
#include "fidmix/library.h"

/* Grows; what its spectra point to is its own. */
typedef struct fmx__library_input {
    fmx_library_spectrum *spectrum;
    size_t count;
    size_t capacity;
} fmx__library_input;

/* What a PATH of the verb is. */
typedef enum fmx__library_source {
    FMX__LIBRARY_SPINS,   /* a file of spin systems */
    FMX__LIBRARY_DATASET, /* spectra */
    FMX__LIBRARY_FIDS,    /* a FID, or a tree of them */
} fmx__library_source;

/* Told by what is there: a folder or archive is a tree of FIDs, HDF5 a dataset, a file that FIDs
 * can be found in a FID; anything else is a file of spin systems. */
fmx__library_source fmx__library_kind(fmx_context *ctx, const char *path);

/* Appends the spectra at `path`; of a dataset each row, its optional column `protons` included.
 * `name` (NULL: their own) names what is there, when that is one spectrum. Opens the device for
 * FIDs. Release with fmx__library_input_clear, also after an error. Errors: FMX_ERROR_FORMAT
 * (nothing of 1H there, a name for several), those of reading and processing. */
fmx_status fmx__library_read_spectra(fmx__cli *cli, const char *path, const char *name,
                                     fmx__library_source kind, fmx__library_input *input);
void fmx__library_input_clear(fmx__library_input *input);

#endif
