/* The answer of chain and network as candidates with their multiplets. */
#include <math.h>
#include <stdlib.h>

#include "identify_query.h"

#define NORMAL_95 1.959963984540054 /* 97.5 % quantile of the normal distribution */

/* Heights of a pattern, read from the device when they are first asked for. */
static fmx_status heights_of(const fmx__identify_query *work, fmx__identify_engine *engine,
                             size_t index, const float **out)
{
    const fmx__pattern *pattern = &engine->table.pattern[index];
    fmx_status status = FMX_OK;
    if (engine->heights[index] == NULL && pattern->count > 0) {
        status = fmx__alloc(work->ctx, pattern->count, sizeof(float), "a pattern",
                            &engine->heights[index]);
        if (status == FMX_OK)
            status = fmx_buffer_read(engine->table.heights, pattern->first * sizeof(float),
                                     engine->heights[index], pattern->count * sizeof(float));
    }
    *out = engine->heights[index];
    return status;
}

/* Between height[at - 1] and height[at], `part` of the way, as the fit does it (Catmull-Rom);
 * nothing lies beyond the ends. */
static double between(const float *height, size_t count, size_t at, double part)
{
    double h[4];
    for (size_t k = 0; k < 4; ++k)
        h[k] = at + k >= 2 && at + k - 2 < count ? (double)height[at + k - 2] : 0;
    double a = 0.5 * (3 * (h[1] - h[2]) + h[3] - h[0]);
    double b = h[0] - 2.5 * h[1] + 2 * h[2] - 0.5 * h[3];
    return ((a * part + b) * part + 0.5 * (h[2] - h[0])) * part + h[1];
}

/* The multiplet as drawn for amount 1, where it was found. */
static fmx_status draw(const fmx__identify_query *work, fmx__identify_engine *engine, size_t width,
                       const fmx__query_multiplet *from, fmx__found_multiplet *to)
{
    size_t index = width * engine->table.patterns + from->pattern;
    const fmx__pattern *pattern = &engine->table.pattern[index];
    double step = (work->facts.axis.first_ppm - work->facts.axis.last_ppm) /
                  (double)(work->facts.axis.points - 1);
    const float *height = NULL;
    fmx_status status = heights_of(work, engine, index, &height);
    double place = (double)pattern->base - (double)from->shift_ppm / step;
    double base = floor(place);
    size_t cut = base < 0 ? (size_t)-base : 0;
    size_t count = (size_t)pattern->count + 1; /* a part of a point further */
    if (status != FMX_OK || pattern->count == 0 || cut >= count)
        return status;
    to->first = (size_t)(base + (double)cut);
    to->count = count - cut;
    status = fmx__alloc(work->ctx, to->count, sizeof *to->own, "a multiplet", &to->own);
    for (size_t i = 0; status == FMX_OK && i < to->count; ++i)
        to->own[i] = (float)((double)pattern->highest *
                             between(height, pattern->count, cut + i, 1 - (place - base)));
    return status;
}

static fmx_status take_multiplet(const fmx__identify_query *work, fmx__identify_engine *engine,
                                 size_t width, const fmx__query *query, double offset_ppm,
                                 const fmx__query_multiplet *from, fmx__found_multiplet *to)
{
    const fmx_library_multiplet *known = &engine->library->multiplet[from->pattern];
    double moved = (double)from->shift_ppm;
    double amount = (double)query->amount;
    *to = (fmx__found_multiplet){
        .ppm = known->ppm + moved,
        .low_ppm = known->low_ppm + moved,
        .high_ppm = known->high_ppm + moved,
        .shift_ppm = moved - offset_ppm,
        .protons = known->protons,
        .share = amount > 0 ? (double)from->amount / amount : NAN,
        .residual = (double)from->residual,
        .correlation = (double)from->correlation,
        .overlap = (double)from->others,
        .lines = engine->table.pattern[width * engine->table.patterns + from->pattern].lines,
    };
    return draw(work, engine, width, from, to);
}

/* What lies below the limit of detection is not named, whatever its shape: its logit is at most
 * that of one in eight. */
static double detected(const fmx__identify_query *work, const fmx__query_answer *answer,
                       const fmx__query *query, double logit)
{
    static const double undetected = -2;
    double tallest = 0;
    for (size_t m = 0; m < query->multiplets; ++m)
        tallest = fmax(tallest, (double)answer->multiplet[query->first_multiplet + m].height);
    return tallest < work->options->detect ? fmin(logit, undetected) : logit;
}

static fmx_status take_compound(const fmx__identify_query *work, fmx__identify_engine *engine,
                                size_t width, const fmx__query_answer *answer, size_t index,
                                double logit, fmx__found_compound *to)
{
    const fmx__query *query = &answer->query[index];
    const fmx_library_entry *entry = &engine->library->entry[query->entry];
    double offset_ppm = answer->offset_ppm[query->spectrum];
    double half = NORMAL_95 * (double)query->amount_sd;
    logit = detected(work, answer, query, logit);
    *to = (fmx__found_compound){
        .name = engine->library->compound[query->compound].name,
        .also = engine->library->compound[query->compound].also,
        .synonyms = entry->synonyms,
        .source = entry->source,
        .id = query->compound,
        .logit = logit,
        .probability = 1 / (1 + exp(-logit)),
        .shift_ppm = (double)query->shift_ppm,
        .amount = (double)query->amount,
        .amount_low = fmax((double)query->amount - half, 0),
        .amount_high = (double)query->amount + half,
        .collinearity = NAN,
        .residual = NAN,
        .explained = NAN,
        .weakest = query->amount > 0 ? (double)(query->weakest / query->amount) : NAN,
    };
    fmx_status status = FMX_OK;
    if (query->multiplets > 0)
        status = fmx__alloc(work->ctx, query->multiplets, sizeof *to->multiplet, "multiplets",
                            &to->multiplet);
    for (size_t m = 0; status == FMX_OK && m < query->multiplets; ++m) {
        ++to->multiplets;
        status = take_multiplet(work, engine, width, query, offset_ppm,
                                &answer->multiplet[query->first_multiplet + m], &to->multiplet[m]);
    }
    return status;
}

/* Shapes of amount 1 become those of the fit. */
static void scale_shapes(fmx__found *item)
{
    for (size_t i = 0; i < item->compounds; ++i) {
        const fmx__found_compound *c = &item->compound[i];
        for (size_t m = 0; m < c->multiplets; ++m)
            for (size_t k = 0; c->multiplet[m].own != NULL && k < c->multiplet[m].count; ++k)
                c->multiplet[m].own[k] *= (float)c->amount;
    }
}

static fmx_status take_pictures(const fmx__identify_query *work, const fmx__query_answer *answer,
                                size_t spectrum, fmx__found *out)
{
    size_t points = work->facts.axis.points;
    size_t bytes = points * sizeof(float);
    fmx_status status = fmx__alloc(work->ctx, points, sizeof(float), "a spectrum", &out->observed);
    if (status == FMX_OK)
        status = fmx__alloc(work->ctx, points, sizeof(float), "a spectrum", &out->fitted);
    for (size_t i = 0; status == FMX_OK && i < points; ++i)
        out->observed[i] = work->spectra[spectrum * points + i];
    return status == FMX_OK ? fmx_buffer_read(answer->fitted, spectrum * bytes, out->fitted, bytes)
                            : status;
}

fmx_status fmx__identify_query_item(fmx__identify_query *work, const fmx__query_answer *answer,
                                    const float *logit, size_t spectrum, fmx__found *out)
{
    fmx__identify_engine *engine = work->engine[work->current];
    size_t first = 0;
    while (first < answer->queries && answer->query[first].spectrum < spectrum)
        ++first;
    size_t end = first;
    while (end < answer->queries && answer->query[end].spectrum == spectrum)
        ++end;
    fmx__found old = *out;
    *out = (fmx__found){
        .path = old.path,
        .name = old.name,
        .row = old.row,
        .is_row = old.is_row,
        .width_hz = old.width_hz,
        .candidates = engine->library->compounds,
        .threshold = isnan(work->facts.threshold) ? 0.5 : work->facts.threshold,
        .offset_ppm = answer->offset_ppm[spectrum],
        .offset_clear = answer->clear[spectrum],
    };
    old.path = old.name = NULL;
    fmx__found_clear(&old);
    fmx_status status = FMX_OK;
    if (end > first)
        status =
            fmx__alloc(work->ctx, end - first, sizeof *out->compound, "candidates", &out->compound);
    for (size_t i = first; status == FMX_OK && i < end; ++i) {
        ++out->compounds;
        status = take_compound(work, engine, answer->width[spectrum], answer, i, (double)logit[i],
                               &out->compound[i - first]);
    }
    if (status == FMX_OK) {
        fmx__found_sort(out);
        status = fmx__found_rivals(work->ctx, out, work->facts.axis.points);
    }
    if (status == FMX_OK)
        scale_shapes(out);
    if (status == FMX_OK && work->pictures)
        status = take_pictures(work, answer, spectrum, out);
    return status;
}
