#include "scan_offset.h"

#include <math.h>
#include <stdlib.h>

enum {
    BINS = 2 * FMX__SCAN_MOST_REACH + 1,
    ARM = 12,   /* points over which shifts are smoothed */
    APART = 16, /* points from the mode beyond which hits have nothing to do with it */
    MANY = 5,   /* multiplets of an entry, one of which may be weak */
};

static const double smooth_points = 4;
static const double single_line = 0.3; /* fits everywhere */
static const double sure_sigmas = 30;
static const double least_agreement = 1;
static const double least_sigmas = 4;
static const double second_share = 0.6;

double fmx__scan_prior(double d)
{
    return 0.65 * exp(-d * d / (2 * 12.0 * 12.0)) + 0.35 * exp(-d * d / (2 * 44.0 * 44.0));
}

static const fmx__pattern *pattern_of(const fmx__scan_list *list, size_t i)
{
    return &list->table->pattern[list->width * list->table->patterns + list->pair[i][1]];
}

/* ---- offset ---------------------------------------------------------------------------------- */

static double weight_of(const fmx__scan_list *list, size_t i)
{
    const fmx__scan_hit *hit = &list->hit[i][1];
    double r = fmin(fmax((double)hit->correlation, 0), 1);
    double height = fmin(fmax((double)hit->height / sure_sigmas, 0), 1);
    return hit->amplitude > 0
               ? pow(r, 8) * height * (pattern_of(list, i)->lines == 1 ? single_line : 1)
               : 0;
}

/* The mode and whether it stands out. */
static size_t mode_of(const double *sum_of, size_t bins, bool *clear)
{
    size_t mode = bins / 2;
    size_t others = 0;
    double sum = 0;
    double square = 0;
    for (size_t i = 0; i < bins; ++i)
        mode = sum_of[i] > sum_of[mode] ? i : mode;
    for (size_t i = 0; i < bins; ++i) {
        if (i + APART >= mode && i <= mode + APART)
            continue;
        sum += sum_of[i];
        square += sum_of[i] * sum_of[i];
        ++others;
    }
    double mean = others > 0 ? sum / (double)others : 0;
    double deviation = others > 0 ? sqrt(fmax(square / (double)others - mean * mean, 0)) : 0;
    *clear = sum_of[mode] >= least_agreement && sum_of[mode] - mean >= least_sigmas * deviation;
    return mode;
}

/* Adds what hits [start, end) of one entry agree on. */
static void add_entry(const fmx__scan_list *list, size_t start, size_t end, double first,
                      size_t bins, double *agreement)
{
    double smooth[BINS] = {0};
    double n = (double)(end - start);
    for (size_t i = start; i < end; ++i) {
        double w = weight_of(list, i);
        double place = rint((double)list->hit[i][1].shift - first);
        if (!(w > 0) || !(place >= 0) || !(place < (double)bins))
            continue;
        size_t bin = (size_t)place;
        for (size_t k = bin > ARM ? bin - ARM : 0; k < bins && k <= bin + ARM; ++k) {
            double d = ((double)k - place) / smooth_points;
            smooth[k] += w * exp(-d * d / 2);
        }
    }
    for (size_t k = 0; k < bins; ++k) {
        double share = fmin(smooth[k] / n, 1);
        agreement[k] += n * share * share;
    }
}

double fmx__scan_offset(const fmx__scan_list *list, double centre, size_t reach, bool *clear)
{
    double agreement[BINS] = {0};
    reach = reach < FMX__SCAN_MOST_REACH ? reach : FMX__SCAN_MOST_REACH;
    size_t bins = 2 * reach + 1;
    double first = rint(centre) - (double)reach;
    double sum = 0;
    double moment = 0;
    for (size_t i = 0; i < list->count;) {
        size_t end = i + 1;
        while (end < list->count && pattern_of(list, end)->entry == pattern_of(list, i)->entry)
            ++end;
        /* one multiplet agrees with itself anywhere, and states between measured ones see the
         * right offset and, from their neighbours' places, many wrong ones */
        if (end - i >= 2 && !list->table->library->entry[pattern_of(list, i)->entry].is_between)
            add_entry(list, i, end, first, bins, agreement);
        i = end;
    }
    size_t mode = mode_of(agreement, bins, clear);
    /* to a fraction of a point: the centre of the top's upper half */
    for (size_t k = mode > 2 * ARM ? mode - 2 * ARM : 0; k < bins && k <= mode + 2 * ARM; ++k) {
        double above = agreement[k] - agreement[mode] / 2;
        sum += fmax(above, 0);
        moment += fmax(above, 0) * ((double)k - (double)mode);
    }
    return sum > 0 ? first + (double)mode + moment / sum : centre;
}

/* ---- compounds ------------------------------------------------------------------------------- */

/* The two smallest of an entry's multiplets. */
typedef struct smallest {
    size_t count;
    double first;
    double second;
} smallest;

static void take(smallest *of, double score)
{
    if (of->count == 0 || score < of->first) {
        of->second = of->first;
        of->first = score;
    } else if (of->count == 1 || score < of->second) {
        of->second = score;
    }
    ++of->count;
}

static double worth(const smallest *of)
{
    return of->count >= MANY ? fmax(of->first, second_share * of->second) : of->first;
}

fmx_status fmx__scan_compounds(fmx_context *ctx, const fmx__scan_list *list, double centre,
                               fmx__scan_score *score)
{
    const fmx_library *l = list->table->library;
    smallest *entry = NULL;
    fmx_status status = fmx__alloc(ctx, l->entries, sizeof *entry, "scores", &entry);
    if (status != FMX_OK)
        return status;
    for (size_t i = 0; i < list->count; ++i) {
        const fmx__pattern *p = pattern_of(list, i);
        const fmx__scan_hit *hit = &list->hit[i][0];
        if (p->count > 0)
            take(&entry[p->entry],
                 (double)hit->amplitude * fmx__scan_prior((double)hit->shift - centre));
    }
    for (size_t c = 0; c < l->compounds; ++c) {
        score[c] = (fmx__scan_score){.entry = UINT32_MAX};
        for (size_t e = l->compound[c].first_entry;
             e < l->compound[c].first_entry + l->compound[c].entry_count; ++e) {
            if (entry[e].count > 0 &&
                (score[c].entry == UINT32_MAX || worth(&entry[e]) > (double)score[c].weakest))
                score[c] = (fmx__scan_score){(float)worth(&entry[e]), (uint32_t)e};
        }
    }
    free(entry);
    return FMX_OK;
}
