/* Hyper-parameter search: which settings of a recipe to try, and the trials. docs/search.md. */
#ifndef FIDMIX_SEARCH_H
#define FIDMIX_SEARCH_H

#include "trainer.h"

enum { FMX__SEARCH_ENTRIES = 32, FMX__SEARCH_CHOICES = 64 };

typedef enum fmx__search_kind {
    FMX__SEARCH_CHOICE,  /* one of several values */
    FMX__SEARCH_RANGE,   /* a number from a range */
    FMX__SEARCH_VARIANT, /* one of several lists of assignments */
} fmx__search_kind;

/* One dimension of the space. */
typedef struct fmx__search_entry {
    char *name; /* the keys it sets, separated by blanks; VARIANT: only a name */
    fmx__search_kind kind;
    char *choice[FMX__SEARCH_CHOICES];     /* values, or names of variants */
    char *assignment[FMX__SEARCH_CHOICES]; /* VARIANT: "a=1\nb=off\n" */
    size_t choices;
    double least;
    double most;
    double step; /* 0: any number */
    bool log;    /* even in its logarithm */
} fmx__search_entry;

/* What is tried, and how trials are judged. */
typedef struct fmx__search_space {
    char metric[64]; /* column of the history, at the best epoch */
    bool most;       /* the larger the better */
    double factor;   /* successive halving: 1 / factor of the trials goes on; 0: all to the end */
    int64_t least_epochs;
    fmx__search_entry *entry; /* [entries], in the order of the file */
    size_t entries;
    char *text; /* of the file */
} fmx__search_space;

/* Reads a space. Release with fmx__search_space_clear, also after an error. Errors:
 * FMX_ERROR_FORMAT (file, line and what is wrong), FMX_ERROR_NOT_FOUND, FMX_ERROR_MEMORY. */
fmx_status fmx__search_space_read(fmx_context *ctx, const char *path, fmx__search_space *out);
void fmx__search_space_clear(fmx__search_space *space);

/* The value of an entry in a trial, a string released with free(): it depends on seed, trial and
 * the entry's place only. `choice` gets its number (not for ranges). */
fmx_status fmx__search_value(fmx_context *ctx, const fmx__search_space *space, uint64_t seed,
                             size_t trial, size_t entry, char **out, size_t *choice);

/* Sets the values of a trial in a recipe. Errors: FMX_ERROR_RECIPE (a key that it does not have).
 */
fmx_status fmx__search_apply(fmx_context *ctx, const fmx__search_space *space, uint64_t seed,
                             size_t trial, fmx__recipe *recipe);

/* One trial and how far it came. */
typedef struct fmx__search_trial {
    size_t number;
    char **value;      /* [entries] */
    size_t rungs;      /* done */
    size_t epochs;     /* of its training */
    double score;      /* NaN: none */
    size_t parameters; /* weights */
    char *note;        /* why it has no score; NULL */
} fmx__search_trial;

typedef struct fmx__search_job {
    fmx_device *device;
    const fmx__recipe *recipe;
    const fmx__search_space *space;
    const char *spectra; /* dataset; NULL: the recipe's source generates its items */
    const char *out;     /* folder: search.yml, trials.csv, trial_0001.safetensors ... */
    size_t trials;
    bool resume;
} fmx__search_job;

/* Trains every trial. *out: [job->trials], the best first; released with
 * fmx__search_trials_clear, also after an error. Errors: FMX_ERROR_EXISTS (a search is there, or
 * another one was), FMX_ERROR_RECIPE (no trial came to an end: what the first said),
 * FMX_ERROR_INTERRUPTED (go on with resume), those of training that are not a trial's fault. */
fmx_status fmx__search_run(const fmx__search_job *job, fmx__search_trial **out);
void fmx__search_trials_clear(fmx__search_trial *trial, size_t count, size_t entries);

#endif
