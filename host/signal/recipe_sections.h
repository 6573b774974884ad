/* The sections of a recipe that the work on spectra knows: axis, database, process, augment,
 * mixtures. */
#ifndef FIDMIX_RECIPE_SECTIONS_H
#define FIDMIX_RECIPE_SECTIONS_H

#include "labels.h"
#include "recipe.h"

enum { FMX__ONLY_OPTION = 8192 };

/* axis: the points that all spectra of a job share. Point j lies at
 * first_ppm + j (last_ppm - first_ppm) / (points - 1). */
typedef struct fmx__axis {
    char nucleus[FMX__TEXT_OPTION]; /* "1H" */
    double first_ppm;
    double last_ppm;
    int64_t points;
} fmx__axis;

/* database: which FIDs `fidmix run` processes or makes, and how they are dealt out (labels.h). */
typedef struct fmx__database {
    char path[FMX__TEXT_OPTION]; /* a FID, or any tree of them */
    bool with_processed;         /* the vendor's processed spectra become rows too */
    fmx__split_options split;
    char spins[FMX__TEXT_OPTION]; /* FIDs are simulated from these spin systems; "": they are not */
    char only[FMX__ONLY_OPTION];  /* compounds, separated by commas; "": all */
    char foreign[FMX__ONLY_OPTION]; /* compounds that are no class, likewise; "": none */
    int64_t per_compound;           /* FIDs of each */
    double field_mhz;
    int64_t fid_points;
    double width_least_hz; /* Lorentzian width of a FID's lines */
    double width_most_hz;
    double snr_least; /* 0: no noise */
    double snr_most;
    double multiplet_shift_ppm;
    double water;  /* height of its line in highest lines of the sample */
    int reference; /* fmx_simulate_reference */
} fmx__database;

/* How rows are labelled and dealt out; points into `database`. */
fmx__split_options fmx__database_split(const fmx__database *database);

/* What a recipe may contain today. A later room that adds sections makes its own table, these rows
 * among its own. */
extern const fmx__recipe_schema fmx__recipe_schema_process;

/* The axis of a recipe. Errors: FMX_ERROR_RECIPE unless first_ppm > last_ppm. */
fmx_status fmx__recipe_axis(fmx_context *ctx, const fmx__recipe *recipe, const fmx__axis **out);

#endif
