#include "optimiser_ref.h"

#include <math.h>

static void sgd(const fmx_ref_optimiser *o, double g, fmx_ref_weight *x)
{
    if (o->pytorch) { /* torch.optim.SGD, dampening 0 */
        x->b = o->momentum * x->b + g;
        x->w -= o->learning_rate * (o->nesterov ? g + o->momentum * x->b : x->b);
    } else { /* keras.optimizers.SGD */
        x->b = o->momentum * x->b - o->learning_rate * g;
        x->w += o->nesterov ? o->momentum * x->b - o->learning_rate * g : x->b;
    }
}

static void adam(const fmx_ref_optimiser *o, unsigned number, double g, fmx_ref_weight *x)
{
    double one = 1 - pow(o->beta1, number);
    double two = 1 - pow(o->beta2, number);
    x->m = o->beta1 * x->m + (1 - o->beta1) * g;
    x->v = o->beta2 * x->v + (1 - o->beta2) * g * g;
    if (o->pytorch)
        x->w -= o->learning_rate * (x->m / one) / (sqrt(x->v / two) + o->epsilon);
    else
        x->w -= o->learning_rate * sqrt(two) / one * x->m / (sqrt(x->v) + o->epsilon);
}

static void rmsprop(const fmx_ref_optimiser *o, double g, fmx_ref_weight *x)
{
    double spread = 0;
    x->v = o->rho * x->v + (1 - o->rho) * g * g;
    if (o->centred) {
        x->mean = o->rho * x->mean + (1 - o->rho) * g;
        spread = x->mean * x->mean;
    }
    double square = fmax(x->v - spread, 0);
    if (o->pytorch) {
        double way = g / (sqrt(square) + o->epsilon);
        x->b = o->momentum * x->b + way;
        x->w -= o->learning_rate * x->b;
    } else {
        double way = o->learning_rate * g / sqrt(square + o->epsilon);
        x->b = o->momentum * x->b + way;
        x->w -= x->b;
    }
}

void fmx_ref_optimiser_step(const fmx_ref_optimiser *o, unsigned number, double gradient,
                            fmx_ref_weight *x)
{
    double g = gradient;
    if (o->clip_value > 0)
        g = fmin(fmax(g, -o->clip_value), o->clip_value);
    if (o->pytorch && o->kind != 'w')
        g += o->weight_decay * x->w;
    else
        x->w -= o->learning_rate * o->weight_decay * x->w;
    if (o->kind == 's')
        sgd(o, g, x);
    else if (o->kind == 'r')
        rmsprop(o, g, x);
    else
        adam(o, number, g, x);
}

double fmx_ref_norm(const float *values, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; ++i)
        sum += (double)values[i] * (double)values[i];
    return sqrt(sum);
}
