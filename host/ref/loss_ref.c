#include "loss_ref.h"

#include <math.h>
#include <stdbool.h>

/* log sum exp of one position; its softmax in p. */
static double log_sum(double *p, const double *x, size_t channels, size_t positions)
{
    double most = -INFINITY;
    double sum = 0;
    for (size_t c = 0; c < channels; ++c)
        most = fmax(most, x[c * positions]);
    for (size_t c = 0; c < channels; ++c)
        sum += exp(x[c * positions] - most);
    for (size_t c = 0; c < channels; ++c)
        p[c * positions] = exp(x[c * positions] - most) / sum;
    return most + log(sum);
}

double fmx_ref_cross_entropy(double *grad, const double *x, const double *t, size_t channels,
                             size_t positions)
{
    double n = (double)positions;
    double loss = 0;
    for (size_t p = 0; p < positions; ++p) {
        double whole = log_sum(grad + p, x + p, channels, positions);
        double share = 0;
        for (size_t c = 0; c < channels; ++c) {
            share += t[c * positions + p];
            loss += t[c * positions + p] * (whole - x[c * positions + p]) / n;
        }
        for (size_t c = 0; c < channels; ++c) {
            size_t i = c * positions + p;
            grad[i] = (share * grad[i] - t[i]) / n;
        }
    }
    return loss;
}

double fmx_ref_label_entropy(double *grad, const double *x, const double *labels, size_t classes,
                             size_t sources)
{
    double n = 0;
    double loss = 0;
    for (size_t s = 0; s < sources; ++s)
        n += labels[s] >= 0;
    for (size_t s = 0; s < sources; ++s) {
        double whole = log_sum(grad + s, x + s, classes, sources);
        for (size_t c = 0; c < classes; ++c) {
            size_t i = c * sources + s;
            if (labels[s] < 0) {
                grad[i] = 0;
                continue;
            }
            if (c == (size_t)labels[s])
                loss += (whole - x[i]) / n;
            grad[i] = (grad[i] - (c == (size_t)labels[s])) / n;
        }
    }
    return loss;
}

double fmx_ref_binary_cross_entropy(double *grad, const double *x, const double *t, size_t count,
                                    double positive_weight)
{
    double n = (double)count;
    double loss = 0;
    for (size_t i = 0; i < count; ++i) {
        double p = 1 / (1 + exp(-x[i]));
        double tail = log1p(exp(-fabs(x[i])));
        if (t[i] > 0) {
            loss += positive_weight * (fmax(-x[i], 0) + tail) / n;
            grad[i] = positive_weight * (p - 1) / n;
        } else {
            loss += (fmax(x[i], 0) + tail) / n;
            grad[i] = p / n;
        }
    }
    return loss;
}

double fmx_ref_mse(double *grad, const double *x, const double *t, size_t count)
{
    double loss = 0;
    for (size_t i = 0; i < count; ++i) {
        double d = x[i] - t[i];
        loss += d * d / (double)count;
        grad[i] = 2 * d / (double)count;
    }
    return loss;
}

double fmx_ref_mae(double *grad, const double *x, const double *t, size_t count)
{
    double loss = 0;
    for (size_t i = 0; i < count; ++i) {
        double d = x[i] - t[i];
        loss += fabs(d) / (double)count;
        grad[i] = (double)((d > 0) - (d < 0)) / (double)count;
    }
    return loss;
}

double fmx_ref_huber(double *grad, const double *x, const double *t, size_t count, double delta)
{
    double loss = 0;
    for (size_t i = 0; i < count; ++i) {
        double d = x[i] - t[i];
        bool near = fabs(d) <= delta;
        loss += (near ? d * d / 2 : delta * (fabs(d) - delta / 2)) / (double)count;
        grad[i] = (near ? d : copysign(delta, d)) / (double)count;
    }
    return loss;
}

static double mean_of(const double *x, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; ++i)
        sum += x[i];
    return sum / (double)count;
}

/* The chain rule term by term; the gradient of a mean that is taken away has none of it. */
double fmx_ref_si_snr(double *grad, const double *x, const double *t, size_t count, double epsilon)
{
    double mx = mean_of(x, count);
    double mt = mean_of(t, count);
    double xt = 0;
    double tt = 0;
    double noise = 0;
    double along = 0; /* noise . t */
    for (size_t i = 0; i < count; ++i) {
        xt += (x[i] - mx) * (t[i] - mt);
        tt += (t[i] - mt) * (t[i] - mt);
    }
    double a = (xt + epsilon) / (tt + epsilon);
    for (size_t i = 0; i < count; ++i) {
        double n = a * (t[i] - mt) - (x[i] - mx);
        noise += n * n;
        along += n * (t[i] - mt);
    }
    double signal = a * a * tt;
    for (size_t i = 0; i < count; ++i) {
        double da = (t[i] - mt) / (tt + epsilon);
        double n = a * (t[i] - mt) - (x[i] - mx);
        double dsignal = 2 * a * tt * da;
        double dnoise = 2 * along * da - 2 * n;
        grad[i] = 10 / log(10) * (dnoise / (noise + epsilon) - dsignal / (signal + epsilon));
    }
    return 10 * log10((noise + epsilon) / (signal + epsilon));
}
