/* What a network is told of a query in numbers, and where its windows lie. docs/query_model.md has
 * the list; everything is of the order of 1, in line widths, ppm and ratios, so that it means the
 * same at every field. */
#include <math.h>
#include <string.h>

#include "query_chain_internal.h"

enum { ALL_PARTS = 10 /* numbers of describe_all_parts */ };

/* What numbers are made from. */
typedef struct view {
    const fmx__query_chain *c;
    const fmx__query *query;
    const fmx__query_state *state;
    const fmx__query_survivor *survivor;
    const fmx__explain_part *part; /* [parts] */
    const float *part_fact;
    const float *fact;
    size_t parts;
    float protons; /* of the parts */
    float highest; /* of the tallest part, sigmas, for the fit's amount */
} view;

static float clipped(float v, float most)
{
    return v > most ? most : v > -most ? v : -most; /* NaN: -most */
}

static float log_ratio(float a, float b)
{
    return clipped(logf(fmaxf(a, 1e-12F) / fmaxf(b, 1e-12F)), 3);
}

static const fmx__pattern *pattern_at(const view *v, size_t i)
{
    return fmx__query_pattern(v->c, v->query->spectrum, v->part[i].pattern);
}

/* Shift from the place that is expected, in 10 ppb. */
static float moved(const view *v, size_t i)
{
    return (v->part[i].shift - v->part[i].centre) / (0.01F * (float)v->c->points_per_ppm);
}

/* ---- windows --------------------------------------------------------------------------------- */

/* Points of a position: 3.5 positions a line width, more where the pattern is wider than the
 * window. */
static uint32_t step_of(const view *v, const fmx__pattern *p)
{
    const fmx__pattern_table *t = v->c->table;
    double width = t->width_hz[v->c->width[v->query->spectrum]] * t->points_per_hz;
    double fine = fmax(1, floor(width / 7 + 0.5));
    double wide = ceil((double)p->count / (1.25 * FMX__QUERY_WINDOW));
    return (uint32_t)fmin(fmax(fine, wide), 16);
}

static fmx__query_window window_of(const view *v, size_t i)
{
    const fmx__pattern *p = pattern_at(v, i);
    float own = fmaxf(v->query->amount, 0) * p->highest;
    int32_t base = p->base + (int32_t)lrintf(v->part[i].shift);
    uint32_t step = step_of(v, p);
    return (fmx__query_window){
        .start = base + (int32_t)(p->count / 2) - (int32_t)(step * FMX__QUERY_WINDOW / 2),
        .step = step,
        .spectrum = v->query->spectrum,
        .first_height = p->first,
        .count = p->count,
        .base = base,
        .own = own,
        .inverse = 1 / fmaxf(own, 3),
    };
}

/* ---- numbers --------------------------------------------------------------------------------- */

static void describe_part(const view *v, size_t i, float out[FMX__QUERY_PART_FACTS])
{
    const fmx__pattern *p = pattern_at(v, i);
    const float *fact = v->part_fact + i * FMX__EXPLAIN_PART_FACTS;
    const fmx__scan_hit *hit = v->c->hit + 2 * (v->survivor->first_pair + i);
    float amount = fmaxf(v->query->amount, 0);
    float unit = 0.01F * (float)v->c->points_per_ppm;
    const float numbers[FMX__QUERY_PART_FACTS] = {
        1,
        logf(1 + amount * p->highest) / 3,
        log_ratio(fact[FMX__EXPLAIN_RATIO], 1),
        clipped(fact[FMX__EXPLAIN_CORRELATION], 1),
        clipped(logf(1 + fmaxf(fact[FMX__EXPLAIN_ROOT], 0)), 4),
        clipped(fact[FMX__EXPLAIN_OTHERS], 1),
        clipped(moved(v, i), 4),
        clipped(fabsf(moved(v, i)), 4),
        log_ratio(hit[0].amplitude, amount),
        clipped(hit[0].correlation, 1),
        clipped(hit[1].correlation, 1),
        clipped((hit[1].shift - hit[0].shift) / unit, 4),
        p->protons / fmaxf(v->protons, 1e-6F),
        p->lines == 1 ? 1 : 0,
        logf((float)p->count / (float)FMX__QUERY_WINDOW),
        logf(1 + fmaxf(hit[0].amplitude * p->highest, 0)) / 3,
    };
    memcpy(out, numbers, sizeof numbers);
}

/* Extremes and means over all parts, also those without a window. */
static void describe_all_parts(const view *v, float *out)
{
    float least[4] = {INFINITY, INFINITY, INFINITY, INFINITY}; /* ratio, the second, correlations */
    float most = 0;
    float mean[4] = {0}; /* by protons: correlations, squared shift, share of weak parts */
    float largest = 0;
    for (size_t i = 0; i < v->parts; ++i) {
        const fmx__scan_hit *hit = v->c->hit + 2 * (v->survivor->first_pair + i);
        const float *fact = v->part_fact + i * FMX__EXPLAIN_PART_FACTS;
        float share = pattern_at(v, i)->protons / fmaxf(v->protons, 1e-6F);
        float ratio = fact[FMX__EXPLAIN_RATIO];
        if (ratio < least[0]) {
            least[1] = least[0];
            least[0] = ratio;
        } else {
            least[1] = fminf(least[1], ratio);
        }
        largest = fmaxf(largest, ratio);
        least[2] = fminf(least[2], fact[FMX__EXPLAIN_CORRELATION]);
        least[3] = fminf(least[3], hit[1].correlation);
        most = fmaxf(most, fabsf(moved(v, i)));
        mean[0] += share * fact[FMX__EXPLAIN_CORRELATION];
        mean[1] += share * hit[1].correlation;
        mean[2] += share * moved(v, i) * moved(v, i);
        mean[3] += ratio < 0.5F ? share : 0;
    }
    out[0] = log_ratio(least[0], 1);
    out[1] = log_ratio(fminf(least[1], 20), 1);
    out[2] = clipped(least[2], 1);
    out[3] = clipped(least[3], 1);
    out[4] = clipped(most, 4);
    out[5] = clipped(mean[0], 1);
    out[6] = clipped(mean[1], 1);
    out[7] = clipped(sqrtf(fmaxf(mean[2], 0)), 4);
    out[8] = mean[3];
    out[9] = log_ratio(largest, fmaxf(least[0], 0.01F));
}

/* Multiplets that speak for themselves, and what they have in common. */
static void describe_support(const view *v, float *out)
{
    float clean = 0;
    float ratio = 0;
    float others = 0;
    float shift = 0;
    float square = 0;
    float lowest = INFINITY;
    float scan[2] = {INFINITY, 0};
    float amount = fmaxf(v->query->amount, 0);
    float parts = fmaxf((float)v->parts, 1);
    for (size_t i = 0; i < v->parts; ++i) {
        const fmx__scan_hit *hit = v->c->hit + 2 * (v->survivor->first_pair + i);
        const fmx__pattern *p = pattern_at(v, i);
        const float *fact = v->part_fact + i * FMX__EXPLAIN_PART_FACTS;
        float share = p->protons / fmaxf(v->protons, 1e-6F);
        clean += fact[FMX__EXPLAIN_CORRELATION] > 0.7F && fact[FMX__EXPLAIN_OTHERS] < 0.35F &&
                         amount * p->highest > 4
                     ? 1
                     : 0;
        ratio += share * fact[FMX__EXPLAIN_RATIO];
        others += share * fact[FMX__EXPLAIN_OTHERS];
        shift += moved(v, i) / parts;
        square += moved(v, i) * moved(v, i) / parts;
        lowest = fminf(lowest, amount * p->highest);
        scan[0] = fminf(scan[0], hit[0].amplitude);
        scan[1] = fmaxf(scan[1], hit[0].amplitude);
    }
    out[0] = clean / 4;
    out[1] = clean / parts;
    out[2] = log_ratio(ratio, 1);
    out[3] = clipped(others, 1);
    out[4] = clipped(shift, 4);
    out[5] = clipped(sqrtf(fmaxf(square - shift * shift, 0)), 4);
    out[6] = logf(1 + fminf(lowest, 1e6F)) / 3;
    out[7] = log_ratio(scan[0], amount);
    out[8] = log_ratio(scan[1], amount);
    out[9] = log_ratio(amount, v->state->mean_amount);
    out[10] = log_ratio(amount * v->protons, 4 * v->state->mean_amount);
}

static void describe_compound(const view *v, float *out)
{
    const fmx__query_chain *c = v->c;
    const fmx_library_entry *entry = &c->table->library->entry[v->query->entry];
    const float *fact = v->fact;
    float amount = fmaxf(v->query->amount, 0);
    float lines = 0;
    for (size_t i = 0; i < v->parts; ++i)
        lines += (float)pattern_at(v, i)->lines;
    size_t n = 0;
    out[n++] = logf(1 + v->highest) / 3;
    out[n++] = log_ratio(amount, v->state->most_amount);
    out[n++] = logf(1 + amount / fmaxf(fact[FMX__EXPLAIN_SD], 1e-12F)) / 3;
    out[n++] = clipped(logf(1 + fmaxf(fact[FMX__EXPLAIN_GAIN], 0)) / 3, 5);
    out[n++] = clipped(fact[FMX__EXPLAIN_COLLINEARITY], 1);
    out[n++] = clipped(logf(1 + fmaxf(fact[FMX__EXPLAIN_RESIDUAL], 0)), 5);
    out[n++] = clipped(fact[FMX__EXPLAIN_EXPLAINED], 2);
    out[n++] = (float)v->parts / FMX__QUERY_PARTS;
    out[n++] = v->protons / fmaxf((float)entry->protons, 1e-6F);
    out[n++] = logf(fmaxf(v->protons, 0.1F)) / 2;
    out[n++] = logf(1 + lines) / 3;
    out[n++] = log_ratio(v->survivor->weakest, amount);
    out[n++] = logf(1 + v->survivor->score) / 3;
    out[n++] = (float)(v->survivor - c->survivor - v->state->first_query) / 100;
    out[n++] = logf(1 + (float)v->state->queries) / 5;
    out[n++] = logf(1 + (float)v->state->candidates) / 5;
    out[n++] = logf(1 + fmaxf(v->state->top, 0)) / 5;
    out[n++] = c->clear[v->query->spectrum] ? 1 : 0;
    out[n++] = v->parts == 1 ? 1 : 0;
    describe_all_parts(v, out + n);
    describe_support(v, out + n + ALL_PARTS);
}

/* ---- the query ------------------------------------------------------------------------------- */

/* Parts of the windows: the FMX__QUERY_PARTS with most protons, in the library's order. */
static size_t choose(const view *v, size_t chosen[FMX__QUERY_PARTS])
{
    size_t count = 0;
    for (size_t i = 0; i < v->parts; ++i) {
        size_t above = 0; /* parts that go before it */
        float own = pattern_at(v, i)->protons;
        for (size_t k = 0; k < v->parts; ++k) {
            float other = pattern_at(v, k)->protons;
            above += other > own || (other == own && k < i);
        }
        if (above < FMX__QUERY_PARTS)
            chosen[count++] = i;
    }
    return count;
}

static view view_of(const fmx__query_chain *c, size_t q)
{
    const fmx__query *query = &c->query[q];
    view v = {
        .c = c,
        .query = query,
        .state = &c->of[query->spectrum],
        .survivor = &c->survivor[q],
        .part = c->part + query->first_multiplet,
        .part_fact = c->part_fact + query->first_multiplet * FMX__EXPLAIN_PART_FACTS,
        .fact = c->fact + q * FMX__EXPLAIN_FACTS,
        .parts = query->multiplets,
    };
    for (size_t i = 0; i < v.parts; ++i) {
        v.protons += pattern_at(&v, i)->protons;
        v.highest = fmaxf(v.highest, fmaxf(query->amount, 0) * pattern_at(&v, i)->highest);
    }
    return v;
}

static void note_multiplets(fmx__query_chain *c, const view *v, fmx__query *query)
{
    float points_per_ppm = (float)c->points_per_ppm;
    query->shift_ppm = 0;
    for (size_t i = 0; i < v->parts; ++i) {
        const fmx__pattern *p = pattern_at(v, i);
        const float *fact = v->part_fact + i * FMX__EXPLAIN_PART_FACTS;
        c->multiplet[query->first_multiplet + i] = (fmx__query_multiplet){
            .pattern = v->part[i].pattern,
            .shift_ppm = -v->part[i].shift / points_per_ppm,
            .amount = fact[FMX__EXPLAIN_RATIO] * query->amount,
            .correlation = fact[FMX__EXPLAIN_CORRELATION],
            .residual = fact[FMX__EXPLAIN_ROOT],
            .others = fact[FMX__EXPLAIN_OTHERS],
            .height = query->amount * p->highest,
        };
        query->shift_ppm -= p->protons / fmaxf(v->protons, 1e-6F) *
                            (v->part[i].shift - v->part[i].centre) / points_per_ppm;
    }
}

void fmx__query_describe(fmx__query_chain *c, size_t q)
{
    view v = view_of(c, q);
    size_t chosen[FMX__QUERY_PARTS];
    size_t count = choose(&v, chosen);
    fmx__query_window *window = c->window + q * FMX__QUERY_PARTS;
    float *number = c->number + q * FMX__QUERY_WINDOW;
    memset(window, 0, FMX__QUERY_PARTS * sizeof *window);
    memset(number, 0, FMX__QUERY_WINDOW * sizeof *number);
    for (size_t k = 0; k < count; ++k) {
        window[k] = window_of(&v, chosen[k]);
        describe_part(&v, chosen[k], number + k * FMX__QUERY_PART_FACTS);
    }
    describe_compound(&v, number + FMX__QUERY_PARTS * FMX__QUERY_PART_FACTS);
    note_multiplets(c, &v, &c->query[q]);
}
