/* Look-alikes among the candidates of a spectrum, and several spectra of one sample together. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "query_report.h"

#define NORMAL_95 1.959963984540054 /* 97.5 % quantile of the normal distribution */

void fmx__found_forget(fmx__found *item)
{
    for (size_t i = 0; i < item->compounds; ++i) {
        for (size_t m = 0; m < item->compound[i].multiplets; ++m) {
            free(item->compound[i].multiplet[m].own);
            item->compound[i].multiplet[m].own = NULL;
        }
    }
    free(item->observed);
    free(item->fitted);
    item->observed = NULL;
    item->fitted = NULL;
}

/* ---- look-alikes ----------------------------------------------------------------------------- */

/* Adds a compound's shape to a row, or takes it away again (sign -1). */
static void add_shape(const fmx__found_compound *c, size_t points, double *row, double sign)
{
    for (size_t m = 0; m < c->multiplets; ++m) {
        const fmx__found_multiplet *one = &c->multiplet[m];
        for (size_t k = 0; one->own != NULL && k < one->count && one->first + k < points; ++k)
            row[one->first + k] += sign * (double)one->own[k];
    }
}

static double product(const fmx__found_compound *c, size_t points, const double *row)
{
    double sum = 0;
    for (size_t m = 0; m < c->multiplets; ++m) {
        const fmx__found_multiplet *one = &c->multiplet[m];
        for (size_t k = 0; one->own != NULL && k < one->count && one->first + k < points; ++k)
            sum += row[one->first + k] * (double)one->own[k];
    }
    return sum;
}

/* Sets a row back to zero where a compound has written. */
static void wipe(const fmx__found_compound *c, size_t points, double *row)
{
    for (size_t m = 0; m < c->multiplets; ++m) {
        const fmx__found_multiplet *one = &c->multiplet[m];
        for (size_t k = 0; one->own != NULL && k < one->count && one->first + k < points; ++k)
            row[one->first + k] = 0;
    }
}

fmx_status fmx__found_rivals(fmx_context *ctx, fmx__found *item, size_t points)
{
    double *row = NULL;
    double *norm = NULL; /* squares */
    fmx_status status = fmx__alloc(ctx, points, sizeof *row, "shapes", &row);
    if (status == FMX_OK && item->compounds > 0)
        status = fmx__alloc(ctx, item->compounds, sizeof *norm, "shapes", &norm);
    for (size_t i = 0; status == FMX_OK && i < item->compounds; ++i) {
        add_shape(&item->compound[i], points, row, 1);
        norm[i] = product(&item->compound[i], points, row);
        wipe(&item->compound[i], points, row);
    }
    for (size_t i = 0; status == FMX_OK && i < item->named; ++i) {
        fmx__found_compound *c = &item->compound[i];
        c->rival = NULL;
        c->collinearity = norm[i] > 0 ? 0 : NAN;
        add_shape(c, points, row, 1);
        for (size_t k = 0; norm[i] > 0 && k < item->compounds; ++k) {
            if (k == i || !(norm[k] > 0))
                continue;
            double alike = product(&item->compound[k], points, row) / sqrt(norm[i] * norm[k]);
            if (alike > c->collinearity) {
                c->collinearity = alike;
                c->rival = item->compound[k].name;
            }
        }
        wipe(c, points, row);
    }
    free(norm);
    free(row);
    return status;
}

/* ---- several spectra of one sample ----------------------------------------------------------- */

/* What all spectra say of one compound. */
typedef struct sums {
    size_t seen;
    double logit; /* mean */
    bool named;
    double amount; /* sums of the scaled amounts, their squares and variances */
    double squares;
    double variance;
    double shift_ppm;
    size_t shifts;
    const fmx__found_compound *first; /* where it was seen first */
} sums;

static double probability_of(double logit)
{
    return 1 / (1 + exp(-logit));
}

/* Sum of amounts of what is named together. */
static double strength(const fmx__found *item, const sums *all)
{
    double sum = 0;
    for (size_t i = 0; i < item->compounds; ++i)
        sum += all[item->compound[i].id].named ? fmax(item->compound[i].amount, 0) : 0;
    return sum;
}

static void average_logits(const fmx__found *item, size_t count, size_t library, double absent,
                           sums *all)
{
    for (size_t k = 0; k < count; ++k) {
        for (size_t i = 0; i < item[k].compounds; ++i) {
            const fmx__found_compound *c = &item[k].compound[i];
            all[c->id].logit += c->logit - absent;
            ++all[c->id].seen;
            if (all[c->id].first == NULL)
                all[c->id].first = c;
        }
    }
    for (size_t c = 0; c < library; ++c) {
        all[c].logit = absent + all[c].logit / (double)count;
        all[c].named = all[c].seen > 0 && probability_of(all[c].logit) >= item[0].threshold;
    }
}

/* Which spectrum is drawn: one with pictures before one without, then the strongest. */
static size_t choose_drawn(const fmx__found *item, size_t count, const sums *all)
{
    size_t best = 0;
    for (size_t k = 1; k < count; ++k) {
        bool has = item[k].observed != NULL;
        bool best_has = item[best].observed != NULL;
        if (has != best_has ? has : strength(&item[k], all) > strength(&item[best], all))
            best = k;
    }
    return best;
}

static void average_amounts(const fmx__found *item, size_t count, size_t drawn, sums *all)
{
    double whole = strength(&item[drawn], all);
    for (size_t k = 0; k < count; ++k) {
        double own = strength(&item[k], all);
        double scale = own > 0 && whole > 0 ? whole / own : 1;
        for (size_t i = 0; i < item[k].compounds; ++i) {
            const fmx__found_compound *c = &item[k].compound[i];
            sums *to = &all[c->id];
            double sd = scale * (c->amount_high - c->amount_low) / (2 * NORMAL_95);
            double amount = scale * c->amount;
            to->amount += amount;
            to->squares += amount * amount;
            to->variance += isfinite(sd) ? sd * sd : 0;
            to->shift_ppm += isfinite(c->shift_ppm) ? c->shift_ppm : 0;
            to->shifts += isfinite(c->shift_ppm);
        }
    }
}

/* The answer of all spectra in place of one's. */
static void settle(fmx__found_compound *c, const sums *from, size_t count)
{
    double n = (double)count;
    double mean = from->amount / n;
    double within = from->variance / n; /* of one spectrum */
    double between = count > 1 ? fmax(from->squares - n * mean * mean, 0) / (n - 1) : 0;
    double half = NORMAL_95 * sqrt(fmax(within, between) / n);
    c->logit = from->logit;
    c->probability = probability_of(from->logit);
    c->amount = mean;
    c->amount_low = fmax(mean - half, 0);
    c->amount_high = mean + half;
    c->shift_ppm = from->shifts > 0 ? from->shift_ppm / (double)from->shifts : NAN;
    c->spectra = from->seen;
}

void fmx__common_folder(char *path, const char *other)
{
    size_t length = strlen(path);
    size_t same = 0;
    while (same < length && other[same] == path[same])
        ++same;
    if (same == length && (other[same] == '\0' || other[same] == '/'))
        return;
    if (other[same] == '\0' && path[same] == '/') {
        path[same] = '\0';
        return;
    }
    while (same > 0 && path[same - 1] != '/')
        --same;
    path[same > 1 ? same - 1 : same] = '\0';
    if (path[0] == '\0')
        memcpy(path, ".", 2);
}

/* The list of compounds: those of the spectrum drawn with their multiplets, then all others. */
static fmx_status gather(fmx_context *ctx, fmx__found *drawn, const sums *all, size_t library,
                         fmx__found *out)
{
    size_t count = 0;
    bool *taken = NULL;
    fmx_status status = fmx__alloc(ctx, library, sizeof *taken, "compounds", &taken);
    for (size_t c = 0; c < library; ++c)
        count += all[c].seen > 0;
    if (status == FMX_OK && count > 0)
        status = fmx__alloc(ctx, count, sizeof *out->compound, "compounds", &out->compound);
    for (size_t i = 0; status == FMX_OK && i < drawn->compounds; ++i) {
        out->compound[out->compounds++] = drawn->compound[i];
        taken[drawn->compound[i].id] = true;
    }
    if (status == FMX_OK)
        drawn->compounds = 0; /* their multiplets have moved */
    for (size_t c = 0; status == FMX_OK && c < library; ++c) {
        if (all[c].seen == 0 || taken[c])
            continue;
        fmx__found_compound *to = &out->compound[out->compounds++];
        *to = *all[c].first;
        to->multiplet = NULL;
        to->multiplets = 0;
        to->collinearity = to->residual = to->explained = to->weakest = NAN;
        to->rival = NULL;
    }
    free(taken);
    return status;
}

/* Paths, facts and pictures. */
static fmx_status take_facts(fmx_context *ctx, fmx__found *item, size_t count, size_t drawn,
                             fmx__found *out)
{
    fmx__found *from = &item[drawn];
    fmx_status status = fmx__alloc(ctx, count, sizeof *out->joined, "paths", &out->joined);
    out->candidates = from->candidates;
    out->threshold = from->threshold;
    out->offset_ppm = from->offset_ppm;
    out->offset_clear = from->offset_clear;
    out->width_hz = from->width_hz;
    out->drawn = drawn;
    for (size_t k = 0; status == FMX_OK && k < count; ++k) {
        out->seconds += item[k].seconds;
        status = item[k].is_row
                     ? fmx__format(ctx, &out->joined[k], "%s row %zu", item[k].path, item[k].row)
                     : fmx__format(ctx, &out->joined[k], "%s", item[k].path);
        out->joined_count += status == FMX_OK;
    }
    if (status == FMX_OK)
        status = fmx__format(ctx, &out->path, "%s", item[0].path);
    for (size_t k = 1; status == FMX_OK && k < count; ++k)
        fmx__common_folder(out->path, item[k].path);
    if (status == FMX_OK)
        status = fmx__format(ctx, &out->name, "%s", from->name != NULL ? from->name : "");
    if (status == FMX_OK) {
        out->observed = from->observed;
        out->fitted = from->fitted;
        from->observed = from->fitted = NULL;
    }
    return status;
}

fmx_status fmx__found_join(fmx_context *ctx, fmx__found *item, size_t count, size_t library,
                           double absent, fmx__found *out)
{
    sums *all = NULL;
    *out = (fmx__found){0};
    if (count == 0 || library == 0)
        return fmx__fail(ctx, FMX_ERROR_ARGUMENT, "no spectra to name together");
    fmx_status status = fmx__alloc(ctx, library, sizeof *all, "compounds", &all);
    if (status == FMX_OK) {
        average_logits(item, count, library, absent, all);
        size_t drawn = choose_drawn(item, count, all);
        average_amounts(item, count, drawn, all);
        status = take_facts(ctx, item, count, drawn, out);
        if (status == FMX_OK)
            status = gather(ctx, &item[drawn], all, library, out);
        for (size_t i = 0; status == FMX_OK && i < out->compounds; ++i)
            settle(&out->compound[i], &all[out->compound[i].id], count);
        if (status == FMX_OK)
            fmx__found_sort(out);
    }
    for (size_t k = 0; k < count; ++k)
        fmx__found_clear(&item[k]);
    free(all);
    return status;
}

/* ---- a second look --------------------------------------------------------------------------- */

static fmx__found_compound *same_in(fmx__found *item, size_t id)
{
    for (size_t i = 0; i < item->compounds; ++i)
        if (item->compound[i].id == id)
            return &item->compound[i];
    return NULL;
}

fmx_status fmx__found_again(fmx_context *ctx, fmx__found *first, fmx__found *second)
{
    fmx__found_compound *all = NULL;
    size_t count = 0;
    fmx_status status =
        fmx__alloc(ctx, first->compounds + second->compounds + 1, sizeof *all, "candidates", &all);
    if (status != FMX_OK) {
        fmx__found_clear(second);
        return status;
    }
    for (size_t i = 0; i < first->compounds; ++i) {
        fmx__found_compound *old = &first->compound[i];
        fmx__found_compound *now = same_in(second, old->id);
        if (now == NULL) {
            all[count++] = *old;
            *old = (fmx__found_compound){0};
        } else {
            now->logit = 0.5 * (now->logit + old->logit);
            now->probability = probability_of(now->logit);
        }
    }
    for (size_t i = 0; i < second->compounds; ++i)
        all[count++] = second->compound[i];
    free(second->compound);
    second->compound = all;
    second->compounds = count;
    second->path = first->path;
    second->name = first->name;
    second->row = first->row;
    second->is_row = first->is_row;
    second->width_hz = first->width_hz;
    first->path = first->name = NULL;
    fmx__found_clear(first);
    *first = *second;
    *second = (fmx__found){0};
    fmx__found_sort(first);
    return FMX_OK;
}
