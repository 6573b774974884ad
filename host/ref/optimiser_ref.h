/* Twin of optimiser: one weight at a time, as PyTorch's and Keras's documentation write it. */
#ifndef FIDMIX_OPTIMISER_REF_H
#define FIDMIX_OPTIMISER_REF_H

#include <stdbool.h>
#include <stddef.h>

typedef struct fmx_ref_optimiser {
    char kind; /* 's' sgd, 'a' adam, 'w' adamw, 'r' rmsprop */
    double learning_rate;
    double momentum;
    bool nesterov;
    bool centred;
    double beta1;
    double beta2;
    double rho;
    double epsilon;
    double weight_decay;
    double clip_value; /* 0: none */
    bool pytorch;
} fmx_ref_optimiser;

/* A weight and what is kept of it; zero but for the weight before step 1. */
typedef struct fmx_ref_weight {
    double w;
    double m;
    double v;
    double mean;
    double b; /* momentum */
} fmx_ref_weight;

/* Step `number`, from 1. */
void fmx_ref_optimiser_step(const fmx_ref_optimiser *o, unsigned number, double gradient,
                            fmx_ref_weight *x);

/* Euclidean norm. */
double fmx_ref_norm(const float *values, size_t count);

#endif
