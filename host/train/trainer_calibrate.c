/* Probabilities that mean what they say: logits of the validation items are scaled and shifted to
 * the largest likelihood (Platt 1999), and both go into the layer below the sigmoid, so that the
 * network itself is calibrated. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trainer_internal.h"

enum { STEPS = 50, BINS = 15 };

static double logit_of(float p)
{
    double q = fmin(fmax((double)p, 1e-7), 1 - 1e-7);
    return log(q / (1 - q));
}

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

void fmx__calibration_fit(const float *truth, const float *presence, size_t count, double *scale,
                          double *shift)
{
    *scale = 1;
    *shift = 0;
    for (size_t step = 0; step < STEPS; ++step) {
        /* Newton, with a weak prior on scale 1 and shift 0 where all items are of one kind */
        double g[2] = {*scale - 1, *shift};
        double h[3] = {1, 0, 1}; /* scale scale, scale shift, shift shift */
        for (size_t i = 0; i < count; ++i) {
            double x = logit_of(presence[i]);
            double p = sigmoid(*scale * x + *shift);
            double error = p - (truth[i] > 0 ? 1 : 0);
            double w = p * (1 - p);
            g[0] += error * x;
            g[1] += error;
            h[0] += w * x * x;
            h[1] += w * x;
            h[2] += w;
        }
        double det = h[0] * h[2] - h[1] * h[1];
        double by[2] = {(h[2] * g[0] - h[1] * g[1]) / det, (h[0] * g[1] - h[1] * g[0]) / det};
        double damp = fmin(1, 1 / (fabs(by[0]) + fabs(by[1]) + 1e-12)); /* steps of at most 1 */
        *scale = fmax(*scale - damp * by[0], 0.05);
        *shift -= damp * by[1];
        if (fabs(by[0]) + fabs(by[1]) < 1e-9)
            break;
    }
}

double fmx__calibration_error(const float *truth, const float *presence, size_t count)
{
    double sum[BINS] = {0};
    double hits[BINS] = {0};
    double error = 0;
    for (size_t i = 0; i < count; ++i) {
        double p = (double)presence[i];
        size_t bin = p >= 1 ? BINS - 1 : (size_t)(p * BINS);
        sum[bin] += p;
        hits[bin] += truth[i] > 0 ? 1 : 0;
    }
    for (size_t b = 0; b < BINS; ++b)
        error += fabs(sum[b] - hits[b]) / (double)count;
    return error;
}

/* tensor = factor tensor + term. */
static fmx_status change(fmx__trainer *t, const char *layer, const char *what, double factor,
                         double term)
{
    char name[FMX__GRAPH_NAME + 32];
    float *values = NULL;
    snprintf(name, sizeof name, "%s.%s", layer, what);
    const fmx__tensor *tensor = fmx__weights_find(&t->weights, name);
    if (tensor == NULL)
        return fmx__fail(t->ctx, FMX_ERROR_RECIPE,
                         "%s: train.calibrate: the layer below the sigmoid, \"%s\", has no %s; it "
                         "must be dense, with a bias",
                         t->job->recipe->file, layer, what);
    fmx_status status = fmx__alloc(t->ctx, tensor->count, sizeof *values, "weights", &values);
    if (status == FMX_OK)
        status = fmx_buffer_read(tensor->value, 0, values, tensor->count * sizeof *values);
    for (size_t i = 0; status == FMX_OK && i < tensor->count; ++i)
        values[i] = (float)(factor * (double)values[i] + term);
    if (status == FMX_OK)
        status = fmx_buffer_write(tensor->value, 0, values, tensor->count * sizeof *values);
    free(values);
    return status;
}

fmx_status fmx__train_calibrate(fmx__trainer *t)
{
    size_t count = t->validation_items * t->source.classes;
    double scale = 1;
    double shift = 0;
    if (!t->has_heads || !t->heads.has_presence)
        return fmx__fail(t->ctx, FMX_ERROR_RECIPE,
                         "%s: train.calibrate: the network has no sigmoid that says what is there",
                         t->job->recipe->file);
    const fmx__graph_layer *head = fmx__graph_maker(&t->graph, t->heads.presence);
    const char *below = fmx__graph_value_name(&t->graph, head->in[0]);
    double before = fmx__calibration_error(t->truth, t->presence, count);
    fmx__calibration_fit(t->truth, t->presence, count, &scale, &shift);
    for (size_t i = 0; i < count; ++i)
        t->presence[i] = (float)sigmoid(scale * logit_of(t->presence[i]) + shift);
    fmx__log(t->ctx, FMX_LOG_INFO,
             "calibrated: logits times %.4f plus %.4f; expected calibration error of the "
             "validation items %.4f, before %.4f",
             scale, shift, fmx__calibration_error(t->truth, t->presence, count), before);
    fmx_status status = change(t, below, "weight", scale, 0);
    return status == FMX_OK ? change(t, below, "bias", scale, shift) : status;
}
