/* Twin of optimiser: one weight. */
#ifndef FIDMIX_OPTIMISER_REF_H
#define FIDMIX_OPTIMISER_REF_H

#include <stdbool.h>

typedef struct fmx_ref_adam {
    double learning_rate;
    double beta1;
    double beta2;
    double epsilon;
    bool pytorch; /* epsilon beside the corrected root */
} fmx_ref_adam;

/* Step `number`, from 1, as the paper writes it. */
void fmx_ref_adam_step(const fmx_ref_adam *adam, unsigned number, double gradient, double *weight,
                       double *m, double *v);

#endif
