/* The parts of separation.h that its files share: state, sums, scores. */
#ifndef FIDMIX_SEPARATION_INTERNAL_H
#define FIDMIX_SEPARATION_INTERNAL_H

#include "least_squares.h"
#include "separation.h"

/* Who gives spectra of the constituents; the last one, the mixture itself, is what every method has
 * before it begins. */
enum {
    FMX__SEPARATION_NETWORK,
    FMX__SEPARATION_LEAST_SQUARES,
    FMX__SEPARATION_MIXTURE,
    FMX__SEPARATION_METHODS,
};

/* Sums of an item over its constituents. */
typedef struct fmx__separation_sums {
    double parts;
    double snr[FMX__SEPARATION_METHODS];    /* SI-SNR, dB */
    double error[FMX__SEPARATION_METHODS];  /* squared */
    double energy;                          /* of the constituents */
    double absent[FMX__SEPARATION_METHODS]; /* energy that was given to what is not there */
} fmx__separation_sums;

struct fmx__separation {
    fmx__separation_site site;
    fmx_device *device;
    fmx_context *ctx;
    size_t classes;
    size_t points;
    size_t most; /* constituents of a mixture */
    size_t slots;
    bool by_class; /* slot c is class c; otherwise slots are in any order */
    bool separates;
    size_t head;  /* value of the graph: which compounds are there */
    size_t layer; /* value of the graph: their spectra */
    size_t target_classes;
    size_t target_labels;
    size_t target_sources;
    fmx__least_squares ls;
    float *rows;      /* [ls.rows][points], on the host */
    fmx_buffer *cost; /* [batch][slots][slots], with columns and totals of the assignment */
    fmx_buffer *columns;
    fmx_buffer *totals;
    float *host_cost;
    uint32_t *host_columns;
    float *input; /* of a batch */
    float *label;
    float *wanted;
    float *given;
    float *line;  /* [points]: one spectrum of least squares */
    float *truth; /* of all items, [items][classes] */
    float *presence[2];
    float *proportion;          /* of a batch, least squares */
    fmx__separation_sums *sums; /* [items] */
};

#endif
