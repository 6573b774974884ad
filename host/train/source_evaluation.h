/* How well a network that learned from a generator does on what it has never seen: the test items
 * of its source. docs/training/sources.md. */
#ifndef FIDMIX_SOURCE_EVALUATION_H
#define FIDMIX_SOURCE_EVALUATION_H

#include "evaluation.h"
#include "fidmix/device.h"
#include "model_file.h"
#include "recipe.h"

enum {
    FMX__SOURCE_FIGURES = 40,
    FMX__SOURCE_EXAMPLES = 6,
    FMX__SOURCE_PARTS = 3,
    FMX__SOURCE_BATCH = 64,
};

typedef struct fmx__source_job {
    fmx_device *device;
    const char *model;
    size_t items;                /* 0: 1000, or all where the source has fewer of its own */
    const char *const *override; /* "key=value", for the model's recipe */
    size_t overrides;
} fmx__source_job;

/* A figure with its 95 % interval: shares by Wilson, of labels taken as independent; errors by 1000
 * resamples of the items (Philox, BOOTSTRAP). */
typedef struct fmx__source_figure {
    const char *name;   /* key in JSON */
    const char *method; /* "network", "least squares", "table look-up", "the mixture" */
    double value;
    double low;
    double high;
    bool share;
} fmx__source_figure;

/* The first test items, for pictures. */
typedef struct fmx__source_example {
    float *input;  /* [channels][positions] of the source */
    float *output; /* of the first loss's layer */
    float *target; /* in the shape of the target */
} fmx__source_example;

/* The first test mixtures of a library, where the network gives their constituents' spectra. */
typedef struct fmx__source_parts {
    float *spectrum; /* the mixture, then true and given spectrum of its largest constituents */
    uint32_t class_index[FMX__SOURCE_PARTS];
    size_t parts;
} fmx__source_parts;

typedef struct fmx__source_evaluation {
    fmx__recipe recipe;
    fmx__model_facts facts;
    uint64_t seed;
    size_t items;
    fmx__source_figure figure[FMX__SOURCE_FIGURES];
    size_t figures;
    const char *target; /* of the first loss */
    size_t outputs;     /* floats of its layer */
    size_t channels;    /* of the target */
    size_t positions;
    size_t input_channels;
    size_t input_positions;
    double sample_hz; /* of decays; 0: the input is no decay */
    fmx__source_example example[FMX__SOURCE_EXAMPLES];
    size_t examples;
    fmx__source_parts mixture[FMX__SOURCE_EXAMPLES];
    size_t mixtures;
} fmx__source_evaluation;

/* Runs the network on the test items. For multiplets, least squares (non-negative, the compounds
 * with the largest amounts) and a table look-up (the nearest of all mixtures) answer beside it; for
 * mixtures of a library, least squares (separation.h).
 * Release with fmx__source_evaluation_clear, also after an error. Errors: FMX_ERROR_USAGE (the
 * model learned from a dataset: it is judged on mixtures), FMX_ERROR_RECIPE (no test items), those
 * of reading a model, device errors. */
fmx_status fmx__source_evaluate(const fmx__source_job *job, fmx__source_evaluation *out);
void fmx__source_evaluation_clear(fmx__source_evaluation *evaluation);

/* Appends a figure; those past FMX__SOURCE_FIGURES are left out. */
void fmx__source_figure_add(fmx__source_evaluation *out, const fmx__source_figure *figure);

/* From which probability on the model names: its own threshold, 0.5 where it has none. */
double fmx__source_threshold(const fmx__source_evaluation *out);

/* Judges names as docs/training/evaluation.md says and appends the figures shown[count]. Errors:
 * FMX_ERROR_MEMORY. */
fmx_status fmx__source_figures_of_names(fmx_context *ctx, const fmx__evaluation_input *input,
                                        const fmx__figure_name *shown, size_t count,
                                        fmx__source_evaluation *out);

#endif
