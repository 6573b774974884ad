/* `fidmix run`: every step of a recipe, from FIDs to the report. docs/run.md. */
#ifndef FIDMIX_RUN_JOB_H
#define FIDMIX_RUN_JOB_H

#include "cli.h"
#include "run_stamp.h"
#include "train_section.h"

/* Outputs of a run; DIR/NAME each. */
typedef enum fmx__run_file {
    FMX__RUN_RECIPE,    /* recipe.yml: in effect, what every step reads */
    FMX__RUN_RAW,       /* raw/: simulated FIDs */
    FMX__RUN_SPECTRA,   /* spectra.h5 */
    FMX__RUN_AUGMENTED, /* augmented.h5 */
    FMX__RUN_MODEL,     /* model.safetensors */
    FMX__RUN_MIXTURES,  /* mixtures.h5, as the recipe says, of the test split, nothing foreign */
    FMX__RUN_PAIRS,     /* pairs.h5: where the recipe's mixtures are random, also all pairs */
    FMX__RUN_FOREIGN,   /* foreign.h5: the mixtures with their foreign signals */
    FMX__RUN_REPORT,    /* report.html and .csv */
    FMX__RUN_PAIRS_REPORT,
    FMX__RUN_FOREIGN_REPORT,
    FMX__RUN_FILES,
} fmx__run_file;

typedef struct fmx__run_job {
    fmx__cli *cli;
    fmx_context *ctx;
    fmx__recipe recipe;
    fmx__run_stamps *stamps;
    char *path[FMX__RUN_FILES];
} fmx__run_job;

/* Runs the steps; the recipe is in effect and DIR exists. */
fmx_status fmx__run_steps(fmx__run_job *job);

/* run_key.c: the text of everything that an output depends on: version, seed, sections of the
 * recipe (names, NULL at the end), and size and time of its inputs. Released with free(). */
fmx_status fmx__run_inputs(const fmx__run_job *job, const char *const *sections,
                           const fmx__run_file *inputs, size_t input_count, char **out);

/* run_evaluate.c: figures and the identification table to stdout. */
fmx_status fmx__run_evaluate(fmx__run_job *job, fmx__run_file mixtures, fmx__run_file report,
                             const char *title);

#endif
