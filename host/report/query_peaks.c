/* Candidates in order, and what of a spectrum nobody explains. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "query_report.h"

#define APART_PPM 0.01 /* peaks nearer than that are one */
#define NEAR_PPM 0.01  /* a candidate's line this near would stand there */
#define LEFT_SHARE 0.4 /* of the height there: less is a matter of line shape and of the fit */

void fmx__found_clear(fmx__found *item)
{
    for (size_t i = 0; i < item->compounds; ++i) {
        for (size_t m = 0; m < item->compound[i].multiplets; ++m)
            free(item->compound[i].multiplet[m].own);
        free(item->compound[i].multiplet);
    }
    for (size_t i = 0; item->joined != NULL && i < item->joined_count; ++i)
        free(item->joined[i]);
    free(item->joined);
    free(item->compound);
    free(item->path);
    free(item->name);
    free(item->observed);
    free(item->fitted);
    *item = (fmx__found){0};
}

static int by_falling_ppm(const void *a, const void *b)
{
    const fmx__found_multiplet *x = a;
    const fmx__found_multiplet *y = b;
    return x->ppm > y->ppm ? -1 : x->ppm < y->ppm;
}

/* Most probable first; then by amount, then by name, so that the order does not depend on how they
 * came. */
static int by_probability(const void *a, const void *b)
{
    const fmx__found_compound *x = a;
    const fmx__found_compound *y = b;
    if (x->probability != y->probability)
        return x->probability > y->probability ? -1 : 1;
    if (x->amount != y->amount)
        return x->amount > y->amount ? -1 : 1;
    return strcmp(x->name, y->name);
}

void fmx__found_sort(fmx__found *item)
{
    double sum = 0;
    if (item->compounds > 0)
        qsort(item->compound, item->compounds, sizeof *item->compound, by_probability);
    item->named = 0;
    for (size_t i = 0; i < item->compounds; ++i) {
        fmx__found_compound *c = &item->compound[i];
        if (c->multiplets > 0)
            qsort(c->multiplet, c->multiplets, sizeof *c->multiplet, by_falling_ppm);
        if (c->probability < item->threshold)
            continue;
        ++item->named;
        sum += fmax(c->amount, 0);
    }
    for (size_t i = 0; i < item->compounds; ++i)
        item->compound[i].proportion =
            i < item->named && sum > 0 ? fmax(item->compound[i].amount, 0) / sum : 0;
}

void fmx__found_left(const fmx__found *item, size_t points, float *out)
{
    memcpy(out, item->observed, points * sizeof *out);
    for (size_t i = 0; i < item->named; ++i) {
        for (size_t m = 0; m < item->compound[i].multiplets; ++m) {
            const fmx__found_multiplet *one = &item->compound[i].multiplet[m];
            for (size_t k = 0; one->own != NULL && k < one->count && one->first + k < points; ++k)
                out[one->first + k] -= one->own[k];
        }
    }
}

/* Distance of a place from a multiplet's lines. */
static double distance(const fmx__found_multiplet *m, double ppm)
{
    return fmax(fmax(m->low_ppm - ppm, ppm - m->high_ppm), 0);
}

/* The compounds that may have to do with a peak. */
static void relate(const fmx__found *item, fmx__found_peak *peak)
{
    peak->distance_ppm = INFINITY;
    for (size_t i = 0; i < item->compounds; ++i) {
        const fmx__found_compound *c = &item->compound[i];
        double nearest = INFINITY;
        for (size_t m = 0; m < c->multiplets; ++m)
            nearest = fmin(nearest, distance(&c->multiplet[m], peak->ppm));
        if (i < item->named && nearest < peak->distance_ppm) {
            peak->distance_ppm = nearest;
            peak->nearest = c;
        }
        if (i >= item->named && peak->maybe == NULL && nearest <= NEAR_PPM)
            peak->maybe = c; /* they come by falling probability */
    }
}

static int by_height(const void *a, const void *b)
{
    const fmx__found_peak *x = a;
    const fmx__found_peak *y = b;
    if (x->height != y->height)
        return x->height > y->height ? -1 : 1;
    return x->point < y->point ? -1 : x->point > y->point;
}

/* Every maximum that is tall enough, by falling height. */
static fmx_status find_maxima(fmx_context *ctx, const fmx__found *item, const float *left,
                              const double *ppm, size_t points, double least, fmx__found_peak **out,
                              size_t *count)
{
    size_t capacity = 0;
    fmx_status status = FMX_OK;
    for (size_t i = 1; status == FMX_OK && i + 1 < points; ++i) {
        double observed = (double)item->observed[i];
        if (!(left[i] > left[i - 1] && left[i] >= left[i + 1]) || !((double)left[i] >= least) ||
            (double)left[i] < LEFT_SHARE * observed)
            continue;
        status = fmx__grow(ctx, out, &capacity, *count + 1, sizeof **out, "peaks");
        if (status == FMX_OK)
            (*out)[(*count)++] = (fmx__found_peak){
                .ppm = ppm[i], .height = (double)left[i], .observed = observed, .point = i};
    }
    if (*count > 0)
        qsort(*out, *count, sizeof **out, by_height);
    return status;
}

fmx_status fmx__found_unassigned(fmx_context *ctx, const fmx__found *item, const double *ppm,
                                 size_t points, double least, size_t most, fmx__found_peak **out,
                                 size_t *count)
{
    float *left = NULL;
    fmx__found_peak *peak = NULL;
    size_t found = 0;
    size_t kept = 0;
    *out = NULL;
    *count = 0;
    if (item->observed == NULL || points < 3)
        return FMX_OK;
    fmx_status status = fmx__alloc(ctx, points, sizeof *left, "what is left", &left);
    if (status == FMX_OK) {
        fmx__found_left(item, points, left);
        status = find_maxima(ctx, item, left, ppm, points, least, &peak, &found);
    }
    for (size_t i = 0; status == FMX_OK && i < found && kept < most; ++i) {
        bool apart = true;
        for (size_t k = 0; k < kept; ++k)
            apart &= fabs(peak[i].ppm - peak[k].ppm) >= APART_PPM;
        if (!apart)
            continue;
        peak[kept] = peak[i];
        relate(item, &peak[kept++]);
    }
    free(left);
    if (status != FMX_OK) {
        free(peak);
        return status;
    }
    *out = peak;
    *count = kept;
    return FMX_OK;
}
