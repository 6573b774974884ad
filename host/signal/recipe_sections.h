/* The sections of a recipe that the work on spectra knows: axis, database, process, augment,
 * mixtures. */
#ifndef FIDMIX_RECIPE_SECTIONS_H
#define FIDMIX_RECIPE_SECTIONS_H

#include "labels.h"
#include "recipe.h"

/* axis: the points that all spectra of a job share. Point j lies at
 * first_ppm + j (last_ppm - first_ppm) / (points - 1). */
typedef struct fmx__axis {
    char nucleus[FMX__TEXT_OPTION]; /* "1H" */
    double first_ppm;
    double last_ppm;
    int64_t points;
} fmx__axis;

/* database: which FIDs `fidmix run` processes, and how they are dealt out (labels.h). */
typedef struct fmx__database {
    char path[FMX__TEXT_OPTION]; /* a FID, or any tree of them */
    bool with_processed;         /* the vendor's processed spectra become rows too */
    fmx__split_options split;
} fmx__database;

/* What a recipe may contain today. A later room that adds sections makes its own table, these rows
 * among its own. */
extern const fmx__recipe_schema fmx__recipe_schema_process;

/* The axis of a recipe. Errors: FMX_ERROR_RECIPE unless first_ppm > last_ppm. */
fmx_status fmx__recipe_axis(fmx_context *ctx, const fmx__recipe *recipe, const fmx__axis **out);

#endif
