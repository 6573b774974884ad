/* Spectra from what a user names: every FID of a tree, processed as a model's recipe says, or every
 * row of a dataset. */
#ifndef FIDMIX_IDENTIFY_INPUT_H
#define FIDMIX_IDENTIFY_INPUT_H

#include "fidmix/device.h"
#include "model_file.h"
#include "recipe.h"

/* One spectrum on the model's axis; everything is borrowed. */
typedef struct fmx__identify_spectrum {
    const char *path;   /* of the FID, or of the dataset */
    const char *name;   /* of the sample, where it is known */
    size_t row;         /* dataset: its row */
    bool is_row;        /* of a dataset */
    const float *value; /* [points], finite */
    double field_mhz;   /* frequency of 0 ppm; 0: not known, as the next two */
    double noise_sigma;
    double line_width_hz;
} fmx__identify_spectrum;

/* Receives inputs that cannot be used, their reason in the context. What it returns ends the work
 * unless it is FMX_OK. */
typedef fmx_status (*fmx__identify_failed)(void *user, const char *path, fmx_status status);

typedef struct fmx__identify_input {
    fmx_device *device;
    fmx_context *ctx;
    const char *model_path;
    const fmx__model_facts *facts; /* axis */
    const fmx__recipe *recipe;     /* process */
    fmx__identify_failed failed;
    void *failed_user;
    /* Receives each spectrum; where it fails, that spectrum is what failed. */
    fmx_status (*take)(void *user, const fmx__identify_spectrum *spectrum);
    /* After the last spectrum of a path: answers those that still wait. */
    fmx_status (*end)(void *user);
    void *user;
} fmx__identify_input;

/* The axis of spectra in ppm, [axis->points]; release it with free(). */
fmx_status fmx__identify_axis(fmx_context *ctx, const fmx__model_axis *axis, double **out);

/* Gives every spectrum at `path` to `take`, then calls `end`; *seconds is the wall time of it all.
 * Inputs of another nucleus or axis, unreadable ones and those with values that are not finite go
 * to `failed`. Progress is "process" or "identify", in rows. Errors: what `failed` and `end`
 * return, device errors, FMX_ERROR_MEMORY, FMX_ERROR_INTERRUPTED. */
fmx_status fmx__identify_walk(const fmx__identify_input *input, const char *path, double *seconds);

/* Whether a file is HDF5, by its first bytes; false where it cannot be read. */
bool fmx__identify_is_hdf5(const char *path);

#endif
