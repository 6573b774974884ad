/* What the files of the query chain share. */
#ifndef FIDMIX_QUERY_CHAIN_INTERNAL_H
#define FIDMIX_QUERY_CHAIN_INTERNAL_H

#include "explain.h"
#include "multiplet_scan.h"
#include "query_chain.h"

/* A buffer that grows. */
typedef struct fmx__query_room {
    fmx_buffer *buffer;
    size_t bytes;
} fmx__query_room;

/* A compound that the prefilter left, with its best entry. */
typedef struct fmx__query_survivor {
    uint32_t compound;
    uint32_t entry;
    uint32_t first_pair; /* of the entry's multiplets, which follow each other */
    uint32_t pairs;
    float weakest; /* amplitude of its weakest multiplet */
    float score;   /* signal to noise at that amount: orders the list */
} fmx__query_survivor;

/* Of a spectrum, while a call lasts. */
typedef struct fmx__query_state {
    size_t first_pair;
    size_t pairs;
    size_t first_query;
    size_t queries;
    size_t candidates;
    float top;         /* tallest signal under any multiplet, sigmas */
    float mean_amount; /* of its eight largest */
    float most_amount; /* of the fit */
} fmx__query_state;

struct fmx__query_chain {
    fmx_device *device;
    fmx_context *ctx;
    const fmx__pattern_table *table;
    const fmx__query_options *options;
    size_t most;
    double points_per_ppm;
    bool *seen;           /* [patterns]: on the axis and out of the water */
    uint32_t *width;      /* [most] index of the line width */
    float *centre;        /* [most] points; positive: to low ppm */
    double *offset_ppm;   /* [most] */
    bool *clear;          /* [most] */
    double *guess_ppm;    /* [most] */
    fmx__query_state *of; /* [most] */
    /* as much as the largest call needed */
    uint32_t *pair;     /* [pairs][2] */
    fmx__scan_hit *hit; /* [pairs][2] */
    size_t pairs;
    size_t pair_capacity;
    size_t hit_capacity;
    fmx__query_survivor *survivor; /* [queries] */
    size_t survivor_capacity;
    fmx__query *query;
    size_t queries;
    size_t query_capacity;
    fmx__query_multiplet *multiplet;
    size_t multiplet_capacity;
    fmx__explain_part *part;
    size_t parts;
    size_t part_capacity;
    float *fact; /* [queries][FMX__EXPLAIN_FACTS] */
    size_t fact_capacity;
    float *part_fact; /* [parts][FMX__EXPLAIN_PART_FACTS] */
    size_t part_fact_capacity;
    fmx__query_window *window; /* [queries][FMX__QUERY_PARTS] */
    size_t window_capacity;
    float *number; /* [queries][FMX__QUERY_WINDOW] */
    size_t number_capacity;
    fmx__query_survivor *scratch; /* [compounds] */
    fmx__query_room pair_room, hit_room, width_room, centre_room, head_room, column_room, part_room;
    fmx__query_room fact_room, part_fact_room, fitted_room, window_room, number_room, out_room;
};

/* The pattern of multiplet `m` at the width of spectrum `s`. */
const fmx__pattern *fmx__query_pattern(const fmx__query_chain *chain, size_t s, size_t m);

/* Full width at half height of the lines of a spectrum in units of its noise; 0: too few tall
 * maxima tell. Errors: FMX_ERROR_MEMORY. */
fmx_status fmx__query_width(fmx_context *ctx, const float *spectrum, size_t points,
                            double points_per_hz, double *width_hz);

/* Chooses the survivors of spectrum s among `candidate` [compounds] (NULL: all) by its hits, and
 * appends them to the chain's list. Errors: FMX_ERROR_MEMORY. */
fmx_status fmx__query_prefilter(fmx__query_chain *chain, size_t s, const uint8_t *candidate);

/* Windows and numbers of query q, from hits, parts and facts. */
void fmx__query_describe(fmx__query_chain *chain, size_t q);

#endif
