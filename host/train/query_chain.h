/* Which compounds of a library may be in a spectrum, and what a network is shown of each: scan ->
 * offset -> prefilter -> weighted fit of all that is left -> windows. Training (source `queries`)
 * and `fidmix identify` with a query model go the same way. docs/query_model.md.
 *
 * Spectra are float [count][points] on the pattern table's axis, in units of their noise's standard
 * deviation. A query is one compound that was left in one spectrum, by the scan and by the fit. */
#ifndef FIDMIX_QUERY_CHAIN_H
#define FIDMIX_QUERY_CHAIN_H

#include "options.h"
#include "pattern_table.h"
#include "query_windows.h"

enum {
    FMX__QUERY_PART_FACTS = 16, /* numbers about a multiplet; of all parts, one behind the other, */
    FMX__QUERY_FACTS = 64,      /* and about the compound: the windows' last channel */
    FMX__QUERY_SURVIVORS = 512, /* most compounds of a spectrum that are fitted */
};

/* The section `queries` of a recipe: the chain's own options, then what only training reads. */
typedef struct fmx__query_options {
    double offset_ppm; /* the reference may be wrong by so much */
    double reach_ppm;  /* a multiplet is looked for within +- this around the offset */
    double quantile;   /* of observed / expected that is a multiplet's amplitude */
    double least;      /* height of the tallest multiplet, as the weakest one has it, that is worth
                          a question; sigmas */
    int64_t survivors; /* compounds that are fitted, the likeliest first */
    double certain;    /* of these the ones whose amount is at least so many of its standard
                          deviations are asked about */
    double again;      /* identify: logit below which a candidate has no part in a second fit */
    double detect;     /* identify: sigmas that the tallest line of what is named rises */
    double water_low_ppm;  /* multiplets between these are not looked at, points are not fitted */
    double water_high_ppm; /* */
    char fields_mhz[FMX__TEXT_OPTION]; /* training: fields; "": the library's own */
    int64_t candidates_least;          /* training: compounds of the library that may be named, */
    int64_t candidates_most;           /* log-uniform */
    double unknown;   /* training: share of a mixture's compounds that are no candidates */
    double strangers; /* training: share of mixtures of which no compound is a candidate */
    int64_t items;    /* training: queries of a mixture */
    double twins_ppm; /* training: compounds whose multiplets all coincide within this are
                         not told apart */
} fmx__query_options;

extern const fmx__option_group fmx__query_group;

/* One multiplet of a query. */
typedef struct fmx__query_multiplet {
    uint32_t pattern;  /* multiplet of the library */
    float shift_ppm;   /* from the library's place in the spectrum's axis, the offset included;
                          positive: to high ppm */
    float amount;      /* of this multiplet alone; compare with the compound's */
    float correlation; /* of what the others leave with the pattern */
    float residual;    /* root mean square of the weighted residual at its place */
    float others;      /* share of what is fitted there that is others' */
    float height;      /* of its tallest point for the compound's amount, sigmas */
} fmx__query_multiplet;

typedef struct fmx__query {
    uint32_t spectrum;
    uint32_t compound;        /* of the library */
    uint32_t entry;           /* the one that fits best */
    uint32_t first_multiplet; /* in the answer's list: those of the entry that can be seen */
    uint32_t multiplets;
    float amount;       /* by the fit; in units of proton areas: a pattern's sum over points is its
                           protons times this; 0: the fit found nothing */
    float amount_sd;    /* its standard deviation */
    float shift_ppm;    /* mean of its multiplets by protons, the offset not included */
    float collinearity; /* largest cosine with another compound of the fit */
    float residual;     /* mean square of the weighted residual where it is seen */
    float explained;    /* share of the signal there that anything fits */
    float weakest;      /* amplitude of the weakest multiplet before the fit, same unit */
} fmx__query;

/* What a call found. The arrays are the chain's, valid until its next call. */
typedef struct fmx__query_answer {
    const fmx__query *query; /* by spectrum, then the likeliest first */
    size_t queries;
    const fmx__query_multiplet *multiplet;
    size_t multiplets;
    const double *offset_ppm; /* [count] a compound's place in a spectrum is the library's + this */
    const uint32_t *width;    /* [count] index of the line width that the table was read at */
    const bool *clear;        /* [count] the offset stands out; otherwise it is 0, or as given */
    const double *guess_ppm;  /* [count] where it would be if it need not stand out */
    fmx_buffer *windows; /* float [queries][FMX__QUERY_CHANNELS][FMX__QUERY_WINDOW], the network's
                            input; may be longer. NULL where there are no queries */
    fmx_buffer *fitted;  /* float [count][points], sigma units */
} fmx__query_answer;

typedef struct fmx__query_spectra {
    fmx_buffer *spectra;      /* float [count][points] */
    size_t count;             /* at most the chain's `most` */
    const double *width_hz;   /* [count] full width of lines at half height; <= 0: not
                                 known, found in the spectrum */
    const uint8_t *candidate; /* [count][compounds]: 0: not a candidate; NULL: all are */
    const double *offset_ppm; /* [count] the spectra's offsets; NULL: looked for */
} fmx__query_spectra;

typedef struct fmx__query_chain fmx__query_chain;

/* For up to `most` spectra a call; table and options must outlive it. Errors: FMX_ERROR_SHAPE,
 * FMX_ERROR_MEMORY, device errors. */
fmx_status fmx__query_chain_create(fmx_device *device, const fmx__pattern_table *table,
                                   const fmx__query_options *options, size_t most,
                                   fmx__query_chain **out);
void fmx__query_chain_release(fmx__query_chain *chain); /* NULL is allowed */

/* Reads back hits and facts, so it waits for the device. The same spectra give the same bits,
 * whatever else is in the call. Errors: FMX_ERROR_ARGUMENT (too many spectra), FMX_ERROR_MEMORY,
 * device errors. */
fmx_status fmx__query_chain_run(fmx__query_chain *chain, const fmx__query_spectra *in,
                                fmx__query_answer *out);

#endif
