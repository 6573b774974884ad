/* `fidmix mix`: a dataset of pure spectra -> a labelled dataset of their mixtures. */
#ifndef FIDMIX_MIX_JOB_H
#define FIDMIX_MIX_JOB_H

#include "fidmix/dataset.h"
#include "fidmix/device.h"
#include "mixture_draw.h"
#include "recipe_sections.h"

typedef struct fmx__mix_job {
    fmx_device *device;
    const char *in;
    const char *out;
    fmx__recipe *recipe; /* with the sections axis, database and mixtures; gets the axis of `in` */
    bool compress;
    bool resume;
} fmx__mix_job;

/* What was made. */
typedef struct fmx__mix_result {
    size_t mixtures;
    size_t classes;
    size_t most_parts;
    bool finished_before;
} fmx__mix_result;

/* Checks everything, then writes the mixtures: row m is mixture m of the recipe's seed, whatever
 * was stored before. Columns beside those of every dataset: `snr` (0: no noise added),
 * `components` (compounds present), `foreign` (signals of no class). `parent` [N][k] are the FIDs
 * of the constituents, -1 where unused; `target` their proportions. Progress is "mix", in mixtures.
 * Errors: FMX_ERROR_FORMAT, FMX_ERROR_RECIPE (what does not fit together, with the remedy),
 * FMX_ERROR_EXISTS, FMX_ERROR_WRITE, FMX_ERROR_INTERRUPTED, device errors. */
fmx_status fmx__mix(const fmx__mix_job *job, fmx__mix_result *result);

#endif
