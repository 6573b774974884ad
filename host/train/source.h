/* Where training draws its items from: rows of a dataset, mixtures of them, generators. A source
 * gives batches of one input and of the targets that it knows by name; what item number i of an
 * epoch is depends on (seed, epoch, i) alone. docs/training/sources.md.
 *
 * Targets are float [batch][channels][positions]:
 *   classes   [C][1]  proportions of the compounds, 0 when absent
 *   labels    [S][1]  index of the compound of each constituent, -1: absent
 *   sources   [S][P]  what each constituent contributes to the input, zero where absent
 *   spectrum  [1][P]  a spectrum, where the input is a FID
 *   line      [3][1]  place, area and half width of a line
 */
#ifndef FIDMIX_SOURCE_H
#define FIDMIX_SOURCE_H

#include "labels.h"
#include "launch.h"
#include "recipe.h"
#include "train_section.h"

enum { FMX__SOURCE_TARGETS = 8 };

typedef struct fmx__source_target {
    const char *name;
    size_t channels;
    size_t positions;
} fmx__source_target;

/* What a source is opened with; pointers must outlive it. */
typedef struct fmx__source_site {
    fmx_device *device;
    fmx__recipe *recipe; /* its axis is set to the dataset's */
    const fmx__train *train;
    const char *spectra; /* dataset; NULL: none was given */
} fmx__source_site;

typedef struct fmx__source fmx__source;

/* A batch to fill. */
typedef struct fmx__source_batch {
    fmx_buffer *input;                       /* [batch][channels][positions] */
    fmx_buffer *target[FMX__SOURCE_TARGETS]; /* in the source's order; NULL: not wanted */
    size_t count;                            /* items that were filled, zeros behind them */
} fmx__source_batch;

/* One kind of source, by the name that recipes give it (train.source). */
typedef struct fmx__source_kind {
    const char *name;
    bool needs_dataset;
    /* Fills what fmx__source says of itself; close() is called also after an error. */
    fmx_status (*open)(fmx__source *source);
    void (*close)(fmx__source *source);
    /* Enqueues the batch: items [index * batch, ...) of an epoch. */
    fmx_status (*next)(fmx__source *source, fmx__split split, size_t epoch, size_t index,
                       fmx__source_batch *out);
} fmx__source_kind;

struct fmx__source {
    const fmx__source_kind *kind;
    fmx__source_site site;
    fmx_context *ctx;
    void *state;      /* the kind's own */
    const char *what; /* heads messages: the dataset, or the kind's name */
    size_t channels;  /* of the input */
    size_t positions;
    fmx__source_target target[FMX__SOURCE_TARGETS];
    size_t target_count;
    size_t classes;          /* 0: there are none */
    char *const *class_name; /* [classes] */
    bool names_compounds;    /* the network must have an output for each class */
    char nucleus[16];        /* of spectra; "": the input is none */
    double first_ppm;
    double last_ppm;
    char *splits; /* JSON: which rows train, validate and test; NULL: there are no rows. Owned */
    size_t items[FMX__SPLITS]; /* of an epoch of each split; 0: there are none */
    size_t held_bytes;         /* on the device */
};

/* Opens the source that the recipe names. Close with fmx__source_close, also after an error.
 * Errors: FMX_ERROR_USAGE (a dataset is missing, or given to a source that takes none), those of
 * the kind. */
fmx_status fmx__source_open(const fmx__source_site *site, fmx__source *out);
void fmx__source_close(fmx__source *source);

/* Batches of an epoch; the last may hold fewer items. */
size_t fmx__source_batches(const fmx__source *source, fmx__split split);

/* Fills batch `index` of an epoch. Enqueues only, where nothing must be read from files. */
fmx_status fmx__source_next(fmx__source *source, fmx__split split, size_t epoch, size_t index,
                            fmx__source_batch *batch);

/* The number of a target; false when the source has none of that name. */
bool fmx__source_find_target(const fmx__source *source, const char *name, size_t *index);

/* The kinds, by fmx__train_source. */
extern const fmx__source_kind fmx__source_rows;
extern const fmx__source_kind fmx__source_mixtures;
extern const fmx__source_kind fmx__source_library;
extern const fmx__source_kind fmx__source_multiplets;
extern const fmx__source_kind fmx__source_decays;
extern const fmx__source_kind fmx__source_queries;

#endif
