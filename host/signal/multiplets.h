/* The toy of mixture separation (reference system S2): compounds are lists of multiplets at the
 * positions of an axis, mixtures are sums of a few of them. A compound has at each position the sum
 * of two multiplets drawn among six (singlet to sextet, areas 1; 1 1; 1 2 1; ... 1 3 6 6 3 1), each
 * kept with a probability. Everything comes from Philox: the library and the lists of mixtures from
 * the section's own seed, what varies from item to item from the recipe's. */
#ifndef FIDMIX_MULTIPLETS_H
#define FIDMIX_MULTIPLETS_H

#include "labels.h"
#include "multiplet_file.h"
#include "options.h"

enum { FMX__MULTIPLETS_PARTS = 8 };

typedef enum fmx__multiplets_mixtures {
    FMX__MULTIPLETS_LISTED, /* a list to train on and one to test on, the file's or drawn */
    FMX__MULTIPLETS_ALL,    /* every choice of compounds, some held out to test on */
} fmx__multiplets_mixtures;

typedef enum fmx__multiplets_layout {
    FMX__MULTIPLETS_RESHAPED,   /* [lines][positions] without moving a value, as published */
    FMX__MULTIPLETS_TRANSPOSED, /* channel: line of a multiplet, position: place on the axis */
} fmx__multiplets_layout;

/* The section `multiplets` of a recipe. */
typedef struct fmx__multiplets_options {
    char path[FMX__TEXT_OPTION];
    int64_t library; /* seed */
    int64_t compounds;
    int64_t positions;
    double keep;
    int64_t parts;
    int mixtures;
    int64_t listed;
    int64_t held_out;
    double area_spread;
    double noise;
    int layout;
} fmx__multiplets_options;

extern const fmx__option_group fmx__multiplets_group;

typedef struct fmx__multiplets {
    const fmx__multiplets_options *options;
    uint64_t seed;
    fmx__multiplet_file file; /* read or drawn */
    size_t values;            /* positions times lines */
} fmx__multiplets;

/* One item. */
typedef struct fmx__multiplets_item {
    uint32_t compound[FMX__MULTIPLETS_PARTS]; /* in the list's order */
    float *input;                             /* [values] in the layout asked for */
    float *sources; /* [parts][values]: what each constituent adds, without noise; NULL: not wanted
                     */
} fmx__multiplets_item;

/* Reads or draws the library and its mixtures. Release with fmx__multiplets_clear, also after an
 * error. Errors: FMX_ERROR_RECIPE (fewer mixtures than are held out, an empty library), those of
 * the file. */
fmx_status fmx__multiplets_create(fmx_context *ctx, const fmx__multiplets_options *options,
                                  uint64_t seed, fmx__multiplets *out);
void fmx__multiplets_clear(fmx__multiplets *multiplets);

/* Mixtures of a split. Validation looks at other variations of the training mixtures, or with
 * listed mixtures at those to test on. */
const fmx__multiplet_list *fmx__multiplets_list(const fmx__multiplets *multiplets,
                                                fmx__split split);

/* Makes item `number` of a draw: mixture number % count, with areas and noise of its own. */
void fmx__multiplets_make(const fmx__multiplets *multiplets, fmx__split split, uint64_t number,
                          uint32_t draw, fmx__multiplets_item *item);

/* Name of a compound: "c0", "c1", ...; released with free(). */
fmx_status fmx__multiplets_name(fmx_context *ctx, size_t compound, char **out);

#endif
