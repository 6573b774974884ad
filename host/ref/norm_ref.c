#include "norm_ref.h"

#include <math.h>
#include <stdbool.h>

static size_t at(const fmx_ref_norm *n, size_t b, size_t c, size_t p)
{
    return (b * n->channels + c) * n->positions + p;
}

/* Channels [c_first, c_last) and positions [p_first, p_last) whose values give the statistics that
 * are used for (c, p). */
typedef struct box {
    size_t c_first;
    size_t c_last;
    size_t p_first;
    size_t p_last;
} box;

static box box_of(const fmx_ref_norm *n, size_t c, size_t p)
{
    size_t per = n->channels / n->groups;
    if (n->set == FMX_REF_NORM_GROUPS)
        return (box){c / per * per, c / per * per + per, 0, n->positions};
    if (n->set == FMX_REF_NORM_POSITIONS)
        return (box){0, n->channels, p, p + 1};
    return (box){0, n->channels, 0, p + 1};
}

static double count_of(box s)
{
    return (double)(s.c_last - s.c_first) * (double)(s.p_last - s.p_first);
}

static bool same(box a, box b)
{
    return a.c_first == b.c_first && a.c_last == b.c_last && a.p_first == b.p_first &&
           a.p_last == b.p_last;
}

static void statistics(const fmx_ref_norm *n, const double *x, size_t b, box s, double *mean,
                       double *inverse)
{
    double sum = 0;
    double squares = 0;
    for (size_t c = s.c_first; c < s.c_last; ++c) {
        for (size_t p = s.p_first; p < s.p_last; ++p)
            sum += x[at(n, b, c, p)];
    }
    *mean = sum / count_of(s);
    for (size_t c = s.c_first; c < s.c_last; ++c) {
        for (size_t p = s.p_first; p < s.p_last; ++p)
            squares += pow(x[at(n, b, c, p)] - *mean, 2);
    }
    *inverse = 1 / sqrt(squares / count_of(s) + n->epsilon);
}

void fmx_ref_norm_forward(const fmx_ref_norm *n, double *y, double *mean, double *inverse,
                          const double *x, const double *weight, const double *bias)
{
    for (size_t b = 0; b < n->batch; ++b) {
        box last = {0, 0, 0, 0};
        double m = 0;
        double s = 0;
        /* by position first or by channel first: values of one set follow each other */
        bool by_channel = n->set == FMX_REF_NORM_GROUPS;
        for (size_t i = 0; i < n->channels * n->positions; ++i) {
            size_t c = by_channel ? i / n->positions : i % n->channels;
            size_t p = by_channel ? i % n->positions : i / n->channels;
            size_t k = at(n, b, c, p);
            if (!same(last, box_of(n, c, p))) {
                last = box_of(n, c, p);
                statistics(n, x, b, last, &m, &s);
            }
            mean[k] = m;
            inverse[k] = s;
            y[k] = (x[k] - m) * s;
            if (weight != NULL)
                y[k] = y[k] * weight[c] + bias[c];
        }
    }
}

/* What the set of one statistic gives back to its members:
 * dx_i = - inverse (mean(q) + xhat_i mean(q xhat)), the sums over those values that use it. */
static void give_back(const fmx_ref_norm *n, double *grad_x, const double *x, size_t b, box s,
                      double mean, double inverse, double q_sum, double q_xhat_sum)
{
    for (size_t c = s.c_first; c < s.c_last; ++c) {
        for (size_t p = s.p_first; p < s.p_last; ++p) {
            double xhat = (x[at(n, b, c, p)] - mean) * inverse;
            grad_x[at(n, b, c, p)] -= inverse * (q_sum + xhat * q_xhat_sum) / count_of(s);
        }
    }
}

static void set_backward(const fmx_ref_norm *n, double *grad_x, const double *grad_y,
                         const double *x, const double *mean, const double *inverse,
                         const double *weight, size_t b, box users, box members)
{
    size_t one = at(n, b, users.c_first, users.p_first);
    double q_sum = 0;
    double q_xhat_sum = 0;
    for (size_t c = users.c_first; c < users.c_last; ++c) {
        for (size_t p = users.p_first; p < users.p_last; ++p) {
            size_t k = at(n, b, c, p);
            double q = grad_y[k] * (weight != NULL ? weight[c] : 1);
            q_sum += q;
            q_xhat_sum += q * (x[k] - mean[k]) * inverse[k];
            grad_x[k] += q * inverse[k];
        }
    }
    give_back(n, grad_x, x, b, members, mean[one], inverse[one], q_sum, q_xhat_sum);
}

void fmx_ref_norm_backward(const fmx_ref_norm *n, double *grad_x, double *grad_weight,
                           double *grad_bias, const double *grad_y, const double *x,
                           const double *mean, const double *inverse, const double *weight)
{
    for (size_t c = 0; grad_weight != NULL && c < n->channels; ++c)
        grad_weight[c] = grad_bias[c] = 0;
    for (size_t k = 0; k < n->batch * n->channels * n->positions; ++k) {
        size_t c = k / n->positions % n->channels;
        grad_x[k] = 0;
        if (grad_weight == NULL)
            continue;
        grad_bias[c] += grad_y[k];
        grad_weight[c] += grad_y[k] * (x[k] - mean[k]) * inverse[k];
    }
    size_t per = n->channels / n->groups;
    for (size_t b = 0; b < n->batch; ++b) {
        for (size_t c = 0; n->set == FMX_REF_NORM_GROUPS && c < n->channels; c += per)
            set_backward(n, grad_x, grad_y, x, mean, inverse, weight, b, box_of(n, c, 0),
                         box_of(n, c, 0));
        for (size_t p = 0; n->set != FMX_REF_NORM_GROUPS && p < n->positions; ++p)
            set_backward(n, grad_x, grad_y, x, mean, inverse, weight, b,
                         (box){0, n->channels, p, p + 1}, box_of(n, 0, p));
    }
}
