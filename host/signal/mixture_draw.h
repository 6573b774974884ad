/* What mixtures are made of: compounds, spectra, amounts. All of it comes from Philox with key
 * (seed, MIXTURE) and counter (mixture, draw, position), on the host, with integers, products and
 * square roots only: the same on every machine, whatever the batch. */
#ifndef FIDMIX_MIXTURE_DRAW_H
#define FIDMIX_MIXTURE_DRAW_H

#include "labels.h"
#include "mixture.h"
#include "options.h"

typedef enum fmx__mixture_mode {
    FMX__MIXTURE_PAIRS,  /* every pair i <= j of the classes, at 0.5/0.5 */
    FMX__MIXTURE_RANDOM, /* compounds and amounts drawn */
} fmx__mixture_mode;

typedef enum fmx__mixture_amounts {
    FMX__MIXTURE_LOG_UNIFORM, /* between 1 and ratio, before they are divided by their sum */
    FMX__MIXTURE_UNIFORM,
    FMX__MIXTURE_EQUAL,
} fmx__mixture_amounts;

/* What a constituent is divided by before it is weighted with its proportion. */
typedef enum fmx__mixture_scale {
    FMX__MIXTURE_BY_MAXIMUM, /* as the published test does: 0.5/0.5 means peaks of equal height */
    FMX__MIXTURE_BY_AREA,    /* of |spectrum|: proportion of signal, of protons */
    FMX__MIXTURE_AS_STORED,  /* nothing: molar proportion where the dataset's scale is quantitative
                              */
} fmx__mixture_scale;

/* The section `mixtures` of a recipe. */
typedef struct fmx__mixture_options {
    int mode;
    int64_t rounds; /* pairs: times that all of them are made */
    int64_t count;  /* random: mixtures */
    int64_t least;  /* random: compounds, uniform on least..most */
    int64_t most;
    int amounts;
    double ratio;
    int scale;
    int64_t foreign;  /* random: most signals of no class, uniform from 0 */
    double displaced; /* share of them that are spectra turned round the axis */
    bool augment;     /* each constituent on its own, as the recipe's `augment` says */
    double snr_least; /* tallest peak over the noise's standard deviation; 0: no noise */
    double snr_most;  /* log-uniform between the two */
    bool divide;      /* by the maximum of the sum */
    int split;        /* fmx__split */
} fmx__mixture_options;

extern const fmx__option_group fmx__mixture_group;

/* What can be said of the options beyond their table. Errors: FMX_ERROR_RECIPE. */
fmx_status fmx__mixture_check(fmx_context *ctx, const fmx__mixture_options *options);

/* Parts that a mixture may have. */
size_t fmx__mixture_parts(const fmx__mixture_options *options);

/* One mixture as drawn. */
typedef struct fmx__mixture_drawn {
    size_t parts;                            /* the compounds, behind them foreign signals */
    size_t named;                            /* compounds */
    uint32_t class_index[FMX__MIXTURE_MOST]; /* [named] */
    uint32_t row[FMX__MIXTURE_MOST];         /* of the dataset */
    double proportion[FMX__MIXTURE_MOST]; /* of compounds: sum 1; of a foreign signal: in the same
                                             unit, with no compounds their sum is 1 */
    bool displaced[FMX__MIXTURE_MOST];    /* turned round the axis, by a part of it */
    uint32_t turn[FMX__MIXTURE_MOST];     /* times 2^-32: of the turns that are allowed */
    uint64_t identity[FMX__MIXTURE_MOST]; /* for augmenting a part: item, and draw */
    uint32_t copy[FMX__MIXTURE_MOST];
    double snr; /* 0: no noise */
} fmx__mixture_drawn;

/* Draws from the rows of one split; options and labels must outlive it. */
typedef struct fmx__mixer {
    const fmx__mixture_options *options;
    const fmx__labels *labels;
    fmx__split split; /* that rows come from, whatever the options say */
    uint64_t seed;
    uint32_t *class_index; /* [classes]: classes with rows in the split */
    size_t classes;
    const uint32_t *foreign; /* [foreigners] rows of no class in the split */
    size_t foreigners;
    size_t count; /* mixtures of a job, or of an epoch */
    size_t most;  /* parts of a mixture at most, at least 1 */
} fmx__mixer;

/* Errors: FMX_ERROR_FORMAT (no rows in the split; pairs: a class without), FMX_ERROR_RECIPE (more
 * compounds wanted than there are), FMX_ERROR_MEMORY. Release with fmx__mixer_clear, also after an
 * error. */
fmx_status fmx__mixer_create(fmx_context *ctx, const fmx__mixture_options *options,
                             const fmx__labels *labels, const char *path, fmx__split split,
                             uint64_t seed, fmx__mixer *out);
void fmx__mixer_clear(fmx__mixer *mixer);

/* The `draw` of an epoch (0 for what is not training), different for each split: below 2^31, as the
 * noise of mixtures needs. */
uint32_t fmx__mixture_draw_of(fmx__split split, size_t epoch);

/* base^(word / 2^32), base >= 1: the product of base^(1/2), base^(1/4) ... over the bits of word.
 * Roots and products are rounded alike everywhere, which pow is not. */
double fmx__random_power(double base, uint32_t word);

/* Mixture number `mixture` of a draw. */
void fmx__mixer_draw(const fmx__mixer *mixer, uint64_t mixture, uint32_t draw,
                     fmx__mixture_drawn *out);

#endif
