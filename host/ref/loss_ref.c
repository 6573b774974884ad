#include "loss_ref.h"

#include <math.h>

double fmx_ref_cross_entropy(double *grad, const double *logits, const double *target,
                             size_t classes)
{
    double most = -INFINITY;
    double sum = 0;
    double share = 0;
    double loss = 0;
    for (size_t c = 0; c < classes; ++c)
        most = fmax(most, logits[c]);
    for (size_t c = 0; c < classes; ++c) {
        sum += exp(logits[c] - most);
        share += target[c];
    }
    for (size_t c = 0; c < classes; ++c) {
        double p = exp(logits[c] - most) / sum;
        loss -= target[c] * (logits[c] - most - log(sum));
        grad[c] = share * p - target[c];
    }
    return loss;
}

double fmx_ref_binary_cross_entropy(double *grad, const double *logits, const double *target,
                                    size_t classes, double positive_weight)
{
    double loss = 0;
    for (size_t c = 0; c < classes; ++c) {
        double x = logits[c];
        double p = 1 / (1 + exp(-x));
        double n = (double)classes;
        if (target[c] > 0) {
            loss += positive_weight * (fmax(-x, 0) + log1p(exp(-fabs(x)))) / n;
            grad[c] = positive_weight * (p - 1) / n;
        } else {
            loss += (fmax(x, 0) + log1p(exp(-fabs(x)))) / n;
            grad[c] = p / n;
        }
    }
    return loss;
}
