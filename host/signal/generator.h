/* Mixtures generated from a library, on the device as they are needed: compounds, amounts, shifts,
 * widths drawn by the host from Philox, with integers, products and square roots only; lines,
 * sums and noise by the kernels of synthesis.h and mixture.h. docs/training/library.md. */
#ifndef FIDMIX_GENERATOR_H
#define FIDMIX_GENERATOR_H

#include "mixture.h"
#include "multiplet_table.h"
#include "options.h"
#include "transfer.h"

enum { FMX__GENERATOR_NAMES = 8192 };

typedef enum fmx__generator_shifts {
    FMX__GENERATOR_UNIFORM,  /* +- shift_ppm */
    FMX__GENERATOR_HEAVY,    /* mostly small, heavy tails */
    FMX__GENERATOR_MEASURED, /* of a compound, of its multiplets, and the sample's own scale */
} fmx__generator_shifts;

typedef enum fmx__generator_widths {
    FMX__GENERATOR_BY_COMPOUND,
    FMX__GENERATOR_BY_MIXTURE,
} fmx__generator_widths;

typedef enum fmx__generator_sources {
    FMX__GENERATOR_BY_PART,  /* constituents in the order drawn */
    FMX__GENERATOR_BY_CLASS, /* a place for each class */
} fmx__generator_sources;

/* The section `library` of a recipe. */
typedef struct fmx__generator_options {
    char spins[FMX__TEXT_OPTION];
    char only[FMX__GENERATOR_NAMES];
    char exclude[FMX__GENERATOR_NAMES];
    double field_mhz;
    int64_t least;
    int64_t most;
    int amounts; /* fmx__mixture_amounts */
    double ratio;
    int scale; /* fmx__mixture_scale */
    double snr_least;
    double snr_most;
    int widths;
    double width_least_hz;
    double width_most_hz;
    double broad;
    int shifts;
    double shift_ppm;
    double stretch;
    double attenuated;
    int64_t foreign;
    double scattered;
    int64_t humps;
    double hump_height;
    double hump_width_ppm;
    double phase_deg;
    double gauss;
    double reach;
    double cell;
    bool divide;
    bool by_noise;
    double offset_ppm;
    double broad_mixtures;
    double water;
    double held_out;
    double noise_smooth;
    double noise_bias;
    double spread;
    double even;
    double shim;
    char common[FMX__GENERATOR_NAMES];
    double common_mixtures;
    int sources;
} fmx__generator_options;

extern const fmx__option_group fmx__generator_group;

/* Errors: FMX_ERROR_RECIPE: what can be said of the options beyond their table. */
fmx_status fmx__generator_check(fmx_context *ctx, const fmx__generator_options *options);

/* The library that the options name: made from spin systems, or a file of `fidmix library`. Errors:
 * those of reading and making, FMX_ERROR_RECIPE (another field than the file's). */
fmx_status fmx__generator_library(fmx_context *ctx, const fmx__generator_options *options,
                                  fmx_library **out);

typedef struct fmx__generator fmx__generator;

/* Pointers must outlive the generator. */
typedef struct fmx__generator_plan {
    fmx_device *device;
    const fmx_library *library;
    const fmx__generator_options *options;
    fmx__multiplet_axis axis;
    size_t batch;
    uint64_t seed;
} fmx__generator_plan;

/* Errors: FMX_ERROR_RECIPE (a name that is no compound, more compounds than there are), those of
 * the table, FMX_ERROR_MEMORY, device errors. */
fmx_status fmx__generator_create(const fmx__generator_plan *plan, fmx__generator **out);
void fmx__generator_release(fmx__generator *generator); /* NULL is allowed */

/* Compounds that are classes, and their names. */
size_t fmx__generator_classes(const fmx__generator *generator);
char *const *fmx__generator_names(const fmx__generator *generator);

/* Compounds of the library that come more often; NULL where there are none. */
const uint32_t *fmx__generator_common(const fmx__generator *generator, size_t *count);

/* Places in labels, and in sources. */
size_t fmx__generator_slots(const fmx__generator *generator);

/* Whether a compound of that name is held out when a share of all compounds is: by a hash of the
 * name, letter case ignored, so that it is the same in every library. */
bool fmx__generator_holds_out(const char *name, double share);

/* What is known of a mixture before it is made. */
typedef struct fmx__generator_facts {
    size_t compounds;                     /* named ones, not the foreign signals */
    uint32_t compound[FMX__MIXTURE_MOST]; /* of the library */
    double amount[FMX__MIXTURE_MOST];     /* proportions */
    double width_hz;                      /* mean over the compounds, broadened ones as they are */
    double offset_ppm;                    /* that all places were moved by */
} fmx__generator_facts;

void fmx__generator_look(fmx__generator *generator, uint64_t item, uint32_t draw,
                         fmx__generator_facts *out);

/* What is made; NULL: not wanted. */
typedef struct fmx__generator_batch {
    fmx_buffer *spectra; /* float [batch][points] */
    fmx_buffer *classes; /* float [batch][classes]: proportions, 0 when absent */
    fmx_buffer *labels;  /* float [batch][most]: class of each constituent, -1: absent */
    fmx_buffer *sources; /* float [batch][slots][points]: what constituents add */
} fmx__generator_batch;

/* Mixtures [first, first + count) of a draw, zeros behind them; count is at most the batch.
 * Enqueues only. Errors: FMX_ERROR_ARGUMENT, device errors. */
fmx_status fmx__generator_fill(fmx__generator *generator, uint64_t first, size_t count,
                               uint32_t draw, const fmx__generator_batch *out);

#endif
