/* What the files of the generator share. */
#ifndef FIDMIX_GENERATOR_INTERNAL_H
#define FIDMIX_GENERATOR_INTERNAL_H

#include "generator.h"

/* Who may be in a mixture. */
typedef struct fmx__generator_cast {
    const fmx_library *library;
    uint32_t *of_class; /* [classes]: compound of the library */
    size_t classes;
    uint32_t *other; /* [others]: compounds that are no classes */
    size_t others;
    char **name;               /* [classes] */
    uint32_t *common;          /* [commons]: classes that come more often */
    uint32_t *common_compound; /* [commons]: the same as compounds of the library */
    size_t commons;
    uint32_t *any; /* [anybody]: compounds that are not held out */
    size_t anybody;
} fmx__generator_cast;

/* Chooses classes as the options say. Release with fmx__generator_cast_clear, also after an error.
 * Errors: FMX_ERROR_RECIPE, FMX_ERROR_MEMORY. */
fmx_status fmx__generator_cast_make(fmx_context *ctx, const fmx_library *library,
                                    const fmx__generator_options *options,
                                    fmx__generator_cast *out);
void fmx__generator_cast_clear(fmx__generator_cast *cast);

/* A signal of a mixture. */
typedef struct fmx__generator_signal {
    uint32_t class_index; /* UINT32_MAX: none */
    uint32_t entry;       /* of the library */
    bool scattered;
    double proportion; /* the named ones add up to 1 */
    double shift_ppm;  /* of all its multiplets */
    double half_width; /* points */
    double stretch;
} fmx__generator_signal;

typedef struct fmx__generator_drawn {
    size_t named;
    size_t signals; /* the foreign ones behind the named ones */
    size_t humps;
    double snr;      /* 0: no noise */
    double shifting; /* scale of the shifts */
    double cosine;
    double sine;
    double gauss;
    bool common;       /* made of these alone */
    double bias;       /* of the noise, in its standard deviations */
    double side;       /* share of every line that stands beside it, */
    double side_at;    /* so many points, */
    double side_wider; /* so many wider */
    double offset_ppm;
    double width_hz; /* mean of the named ones */
    fmx__generator_signal signal[FMX__MIXTURE_MOST];
} fmx__generator_drawn;

/* What draws come from. */
typedef struct fmx__generator_dice {
    const fmx__generator_options *options;
    const fmx__generator_cast *cast;
    const fmx__multiplet_table *table;
    uint64_t seed;
} fmx__generator_dice;

/* Mixture number `item` of a draw. */
void fmx__generator_draw(const fmx__generator_dice *dice, uint64_t item, uint32_t draw,
                         fmx__generator_drawn *out);

/* The multiplets of signal k of that mixture: at most table->most parts, twice as many
 * with shim; returns how many. *area
 * (NULL: not wanted) is their sum of amounts times protons. */
size_t fmx__generator_parts(const fmx__generator_dice *dice, const fmx__generator_drawn *drawn,
                            size_t k, uint64_t item, uint32_t draw, fmx__synthesis_part *out,
                            double *area);

/* Its humps, drawn->humps of them, the tallest possible of height 1; the last one is the water's
 * where there is one. */
void fmx__generator_humps(const fmx__generator_dice *dice, const fmx__generator_drawn *drawn,
                          uint64_t item, uint32_t draw, fmx__synthesis_hump *out);

#endif
