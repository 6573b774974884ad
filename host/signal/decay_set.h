/* Which decays there are (reference system S3): every pair of a list of frequencies and a list of
 * T2, each with an amplitude and a phase of its own. Everything comes from Philox with the recipe's
 * seed. */
#ifndef FIDMIX_DECAY_SET_H
#define FIDMIX_DECAY_SET_H

#include "decay.h"
#include "labels.h"
#include "options.h"

/* The section `decays` of a recipe. */
typedef struct fmx__decays_options {
    double frequency_least_hz;
    double frequency_most_hz;
    int64_t frequencies;
    double t2_least_s;
    double t2_most_s;
    int64_t times;
    double amplitude_least;
    double amplitude_most;
    double noise_mean;
    double noise;
    int64_t points;
    double sample_hz;
    double test;       /* share of all decays */
    double validation; /* share of the others */
    bool fresh;
    double prominence;
    int line; /* fmx__line_shape */
} fmx__decays_options;

extern const fmx__option_group fmx__decays_group;

typedef struct fmx__decay_set {
    const fmx__decays_options *options;
    uint64_t seed;
    uint32_t *pair;            /* [all]: numbers of pairs, dealt out: training, validation, test */
    size_t first[FMX__SPLITS]; /* of a split, in `pair` */
    size_t count[FMX__SPLITS];
} fmx__decay_set;

/* Deals the pairs out (Fisher and Yates, key (seed, SPLIT)): test gets the rest behind floor((1 -
 * test) n), validation the rest behind floor((1 - validation) of those). Release with
 * fmx__decay_set_clear, also after an error. Errors: FMX_ERROR_RECIPE (limits in the wrong order,
 * nothing left to train on), FMX_ERROR_MEMORY. */
fmx_status fmx__decay_set_create(fmx_context *ctx, const fmx__decays_options *options,
                                 uint64_t seed, fmx__decay_set *out);
void fmx__decay_set_clear(fmx__decay_set *set);

/* Decay number `number` of a split: pair number % count. Amplitude U(least, most) and phase U(0, 1)
 * turns: key (seed, SPECTRUM), counter (item, draw, 0); the item, which is also the noise's, is the
 * number of the pair and of the round, and draw 0 unless `fresh`. */
fmx__decay fmx__decay_set_make(const fmx__decay_set *set, fmx__split split, uint64_t number,
                               uint32_t draw);

#endif
