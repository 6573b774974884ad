/* Philox4x32-10 (Salmon et al. 2011, doi:10.1145/2063384.2063405): the one random stream.
 * Key = (seed, purpose), counter = (item, draw, position); the same numbers come from
 * fmx_philox in kernels/common.clh. */
#ifndef FIDMIX_PHILOX_H
#define FIDMIX_PHILOX_H

#include <stddef.h>
#include <stdint.h>

/* What a number is drawn for; part of the key. Values are fixed: they are in every result. */
typedef enum fmx__purpose {
    FMX__PURPOSE_NOISE = 1,      /* receiver noise of a simulated FID */
    FMX__PURPOSE_SPECTRUM = 2,   /* widths, phases, amounts of a simulated FID */
    FMX__PURPOSE_COMPLETION = 3, /* noise that fills the ends of a spectrum */
    FMX__PURPOSE_REGIONS = 4,    /* noise that replaces removed regions */
    FMX__PURPOSE_LINES = 5,      /* per-line or per-multiplet deviations of a simulated FID */
    FMX__PURPOSE_SHIFT = 6,      /* the published shift augmentation */
    FMX__PURPOSE_AUGMENT = 7,    /* general augmentation */
    FMX__PURPOSE_MIXTURE = 8,    /* which compounds, how much of each */
    FMX__PURPOSE_SPLIT = 9,      /* training, validation, test */
    FMX__PURPOSE_WEIGHTS = 10,   /* initial weights */
    FMX__PURPOSE_DROPOUT = 11,
    FMX__PURPOSE_ORDER = 12, /* order of training batches */
    FMX__PURPOSE_BOOTSTRAP = 13,
    FMX__PURPOSE_SEARCH = 14, /* hyper-parameters */
    FMX__PURPOSE_TEST = 100,
} fmx__purpose;

/* out = Philox4x32-10(counter, key). */
void fmx__philox(uint32_t out[4], const uint32_t counter[4], const uint32_t key[2]);

/* A seed as the key takes it: folded to 32 bits by xor of its halves. */
uint32_t fmx__random_key(uint64_t seed);

/* Four words for (seed, purpose, item, draw, position). The seed is folded (fmx__random_key); the
 * counter is (item low, item high, draw, position); position counts blocks of four.
 */
void fmx__random_words(uint32_t out[4], uint64_t seed, fmx__purpose purpose, uint64_t item,
                       uint32_t draw, uint32_t position);

/* A whole number below n: floor(word n / 2^32). */
size_t fmx__random_below(uint32_t word, size_t n);

/* Uniform on [0, 1): word * 2^-32. */
double fmx__uniform(uint32_t word);

#endif
