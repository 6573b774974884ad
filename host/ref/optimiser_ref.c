#include "optimiser_ref.h"

#include <math.h>

void fmx_ref_adam_step(const fmx_ref_adam *adam, unsigned number, double gradient, double *weight,
                       double *m, double *v)
{
    *m = adam->beta1 * *m + (1 - adam->beta1) * gradient;
    *v = adam->beta2 * *v + (1 - adam->beta2) * gradient * gradient;
    double one = 1 - pow(adam->beta1, number);
    double two = 1 - pow(adam->beta2, number);
    if (adam->pytorch)
        *weight -= adam->learning_rate * (*m / one) / (sqrt(*v / two) + adam->epsilon);
    else
        *weight -= adam->learning_rate * sqrt(two) / one * *m / (sqrt(*v) + adam->epsilon);
}
