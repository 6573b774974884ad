/* What `fidmix simulate` is to make: one entry per FID. */
#ifndef FIDMIX_SIMULATE_PLAN_H
#define FIDMIX_SIMULATE_PLAN_H

#include "base.h"
#include "fidmix/simulate.h"

enum { FMX__SAFE_NAME_BYTES = 112 };

/* A sample: a compound alone, or a mixture. */
typedef struct fmx__plan_sample {
    char *name;                      /* as given */
    char safe[FMX__SAFE_NAME_BYTES]; /* its folder; unique in the plan, letter case ignored */
    fmx_simulated_part *part;
    size_t count;
    size_t capacity;
    uint32_t replicates;
} fmx__plan_sample;

typedef struct fmx__plan {
    fmx__plan_sample *sample;
    size_t count;
    size_t capacity;
    size_t fids; /* sum of the replicates */
} fmx__plan;

void fmx__plan_clear(fmx__plan *plan);

/* Adds the compounds that `only` lists (NULL: all), `replicates` FIDs of each. `only` is separated
 * by commas; a name may itself hold some ("1,2-Propanediol"). Errors: FMX_ERROR_NOT_FOUND naming
 * the nearest compound, FMX_ERROR_MEMORY. */
fmx_status fmx__plan_compounds(fmx_context *ctx, const fmx_spin_library *library, const char *only,
                               uint32_t replicates, fmx__plan *plan);

/* Adds the mixtures of a CSV file: rows of sample, compound, amount, with or without a first row
 * that says so; rows of one sample need not follow each other. Errors: FMX_ERROR_FORMAT naming file
 * and line, FMX_ERROR_NOT_FOUND (file, compound), FMX_ERROR_READ, FMX_ERROR_MEMORY. */
fmx_status fmx__plan_mixtures(fmx_context *ctx, const fmx_spin_library *library, const char *path,
                              fmx__plan *plan);

/* Gives every sample a folder name that is safe on any file system. */
fmx_status fmx__plan_name(fmx_context *ctx, fmx__plan *plan);

#endif
