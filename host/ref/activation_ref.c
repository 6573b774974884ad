#include "activation_ref.h"

#include <math.h>

static const double pi = 3.14159265358979323846;
static const double selu_scale = 1.0507009873554804934193349852946;
static const double selu_alpha = 1.6732632423543772848170429916717;

static double logistic(double x)
{
    return 1 / (1 + exp(-x));
}

/* Normal distribution. */
static double normal(double x)
{
    return 0.5 * erfc(-x / sqrt(2));
}

static double density(double x)
{
    return exp(-x * x / 2) / sqrt(2 * pi);
}

/* The argument of gelu's tanh. */
static double bent(double x)
{
    return sqrt(2 / pi) * (x + 0.044715 * x * x * x);
}

static double elu(double x, double alpha)
{
    return x > 0 ? x : alpha * expm1(x);
}

double fmx_ref_activation(double x, fmx_ref_activation_kind kind, double a, double b)
{
    switch (kind) {
    case FMX_REF_RELU:
        return x > 0 ? x : 0;
    case FMX_REF_SIGMOID:
        return logistic(x);
    case FMX_REF_COMPRESS:
        return copysign(log1p(fabs(x) / a), x);
    case FMX_REF_LEAKY_RELU:
        return x > 0 ? x : a * x;
    case FMX_REF_ELU:
        return elu(x, a);
    case FMX_REF_SELU:
        return selu_scale * elu(x, selu_alpha);
    case FMX_REF_RELU6:
        return x > 6 ? 6 : x > 0 ? x : 0;
    case FMX_REF_TANH:
        return tanh(x);
    case FMX_REF_GELU:
        return x * normal(x);
    case FMX_REF_GELU_TANH: /* tanh near -1 by 1 + tanh z = 2 logistic(2 z) */
        return x * logistic(2 * bent(x));
    case FMX_REF_SILU:
        return x * logistic(x);
    case FMX_REF_SOFTPLUS:
        return a * x > b ? x : log1p(exp(a * x)) / a;
    }
    return NAN;
}

double fmx_ref_activation_slope(double x, fmx_ref_activation_kind kind, double a, double b)
{
    switch (kind) {
    case FMX_REF_RELU:
        return x > 0;
    case FMX_REF_SIGMOID:
        return logistic(x) * logistic(-x);
    case FMX_REF_COMPRESS:
        return 1 / (a + fabs(x));
    case FMX_REF_LEAKY_RELU:
        return x > 0 ? 1 : a;
    case FMX_REF_ELU:
        return x > 0 ? 1 : a * exp(x);
    case FMX_REF_SELU:
        return selu_scale * (x > 0 ? 1 : selu_alpha * exp(x));
    case FMX_REF_RELU6:
        return x > 0 && x < 6;
    case FMX_REF_TANH:
        return 1 - tanh(x) * tanh(x);
    case FMX_REF_GELU:
        return normal(x) + x * density(x);
    case FMX_REF_GELU_TANH:
        return logistic(2 * bent(x)) + x * logistic(2 * bent(x)) * logistic(-2 * bent(x)) * 2 *
                                           sqrt(2 / pi) * (1 + 3 * 0.044715 * x * x);
    case FMX_REF_SILU:
        return logistic(x) + x * logistic(x) * logistic(-x);
    case FMX_REF_SOFTPLUS:
        return a * x > b ? 1 : logistic(a * x);
    }
    return NAN;
}
