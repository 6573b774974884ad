/* Augmentation: from one spectrum many that differ as measurements of one compound do,
 * docs/stages/augmentation.md. The buffer-level interface, for training and mixtures on the fly as
 * for `fidmix augment`.
 *
 * A spectrum's scalars (its shift, width, phase ...) are drawn on the host in double, rounded to
 * float and handed over as a table; its samples (noise) are drawn on the device. Both come from
 * Philox with key (seed, AUGMENT) and counter (item, draw, position), so that a result depends
 * neither on the batch nor on the work-group. */
#ifndef FIDMIX_AUGMENTATION_H
#define FIDMIX_AUGMENTATION_H

#include "fidmix/device.h"
#include "options.h"

enum {
    FMX__AUGMENTATION_WARP = 16,        /* most knots of the local warp */
    FMX__AUGMENTATION_COEFFICIENTS = 6, /* of the baseline: order 0 to 5 */
    FMX__AUGMENTATION_SLOW = 64,        /* most knots of the slow noise */
    FMX__AUGMENTATION_ITEMS = 1 << 20,  /* most items of one call */
    FMX__AUGMENTATION_COPIES = 1 << 20, /* most draws of a spectrum in `fidmix augment` */
};

typedef enum fmx__augmentation_distribution {
    FMX__AUGMENTATION_UNIFORM,     /* on [low, high) */
    FMX__AUGMENTATION_NORMAL,      /* mean (low + high) / 2, standard deviation (high - low) / 4 */
    FMX__AUGMENTATION_LOG_UNIFORM, /* the logarithm is uniform; 0 < low */
} fmx__augmentation_distribution;

/* A quantity: low and high, and how it is drawn. */
typedef struct fmx__augmentation_range {
    fmx__numbers range; /* [low, high] */
    int distribution;   /* fmx__augmentation_distribution */
} fmx__augmentation_range;

typedef enum fmx__augmentation_interpolation {
    FMX__AUGMENTATION_NEAREST,
    FMX__AUGMENTATION_LINEAR,
    FMX__AUGMENTATION_CUBIC, /* Catmull-Rom */
} fmx__augmentation_interpolation;

typedef enum fmx__augmentation_normalise {
    FMX__AUGMENTATION_AS_IS,
    FMX__AUGMENTATION_MAX,  /* division by the largest value */
    FMX__AUGMENTATION_AREA, /* division by sum |x| |ppm_step| */
} fmx__augmentation_normalise;

/* Options; every quantity is off in the defaults (amplitude: 1). M is the largest value of the
 * spectrum that an item is made from. */
typedef struct fmx__augmentation_options {
    int64_t copies;                     /* `fidmix augment`: draws of each spectrum */
    fmx__augmentation_range shift;      /* ppm, towards high ppm */
    fmx__augmentation_range stretch;    /* ppm axis about its middle, relative: 0.015 widens it */
    fmx__augmentation_range warp;       /* displacement at each knot, ppm */
    int64_t warp_knots;                 /* evenly over the axis, 2..16 */
    fmx__augmentation_range lorentzian; /* full width at half height added, Hz */
    fmx__augmentation_range gaussian;   /* the same of a Gaussian, Hz */
    fmx__augmentation_range p0;         /* phase error, degrees */
    fmx__augmentation_range p1;         /* from the high-ppm end over the whole width, degrees */
    fmx__augmentation_range baseline;   /* each Legendre coefficient, in M */
    int64_t baseline_order;             /* highest order, 0..5 */
    fmx__augmentation_range ripple;     /* amplitude of a sine, in M */
    fmx__augmentation_range ripple_ppm; /* its period, ppm */
    fmx__augmentation_range noise;      /* standard deviation of white noise, in M */
    fmx__augmentation_range slow_noise; /* of a smooth random curve at its knots, in M */
    int64_t slow_noise_knots;           /* evenly over the axis, 2..64 */
    fmx__augmentation_range amplitude;  /* factor of everything */
    int interpolation;                  /* fmx__augmentation_interpolation */
    int normalise;                      /* fmx__augmentation_normalise, the last step */
} fmx__augmentation_options;

/* Options, defaults and documentation as a group of a recipe. */
extern const fmx__option_group fmx__augmentation_group;

/* What one item is made with; 40 words, uploaded as they are (kernels/augmentation.cl has the same
 * struct). fmx__augmentation_draw fills all but `row`. */
typedef struct fmx__augmentation_item {
    uint32_t row;      /* of the library */
    uint32_t item_low; /* identity, for samples */
    uint32_t item_high;
    uint32_t draw;
    uint32_t key;      /* the seed, folded to 32 bits */
    uint32_t spectral; /* 1: broadened or phased, so the way through the time domain is taken */
    float shift_ppm;
    float stretch; /* displacement per point from the middle: 1 / (1 + stretch) - 1 */
    float lorentzian_ppm;
    float gaussian_ppm;
    float p0_turns;
    float p1_turns;
    float baseline[FMX__AUGMENTATION_COEFFICIENTS]; /* of u^k, u from -1 (first point) to 1 */
    float ripple;
    float ripple_per_ppm; /* turns */
    float ripple_turns;   /* at the first point */
    float noise;
    float slow_noise;
    float amplitude;
    float warp_ppm[FMX__AUGMENTATION_WARP];
} fmx__augmentation_item;

/* What can be said of options beyond their table: two ends each, low <= high, log_uniform above 0,
 * nothing negative that cannot be. Errors: FMX_ERROR_RECIPE. */
fmx_status fmx__augmentation_check(fmx_context *ctx, const void *options);

/* Draws one item: `item` is the row of the dataset (or whatever names the spectrum), `draw` tells
 * its copies apart. Widths in Hz need field_mhz > 0 (see fmx__augmentation_needs_field); without it
 * nothing is broadened. The options must have passed fmx__augmentation_check. */
void fmx__augmentation_draw(const fmx__augmentation_options *options, uint64_t seed, uint64_t item,
                            uint32_t draw, float field_mhz, fmx__augmentation_item *out);

/* Some range of widths in Hz is not zero: spectra without field_mhz must be refused. */
bool fmx__augmentation_needs_field(const fmx__augmentation_options *options);

/* Made once for a device, options, axis and the most items of a call; owns all scratch memory. */
typedef struct fmx__augmentation fmx__augmentation;

/* ppm_step: from a point to the next, negative. Errors: FMX_ERROR_RECIPE, FMX_ERROR_ARGUMENT (the
 * axis), FMX_ERROR_DEVICE_MEMORY, FMX_ERROR_MEMORY, device errors. */
fmx_status fmx__augmentation_create(fmx_device *device, const fmx__augmentation_options *options,
                                    size_t points, double ppm_step, size_t most_items,
                                    fmx__augmentation **out);
void fmx__augmentation_release(fmx__augmentation *augmentation); /* NULL is allowed */

/* out[i] = the row items[i].row of the library as items[i] says, i = 0 .. count - 1.
 *   library  float [rows][points], out float [count][points]; they must not overlap
 *   items    fmx__augmentation_item [count] on the device; a row beyond the library reads as row 0
 * Only launches kernels: allocates nothing, waits for nothing, and may be recorded. Items that were
 * drawn with other options may lack what those options leave off. Errors: FMX_ERROR_SHAPE (count
 * above most_items, a buffer too small), device errors. */
fmx_status fmx__augmentation_apply(fmx__augmentation *augmentation, fmx_buffer *library,
                                   fmx_buffer *items, size_t count, fmx_buffer *out);

#endif
