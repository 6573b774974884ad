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
static const double least_weight = 3;
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

/* The mode of the smoothed weights and how far it stands out. */
static size_t mode_of(const double *smooth, size_t bins, bool *clear)
{
    size_t mode = bins / 2;
    size_t others = 0;
    double sum = 0;
    double square = 0;
    for (size_t i = 0; i < bins; ++i)
        mode = smooth[i] > smooth[mode] ? i : mode;
    for (size_t i = 0; i < bins; ++i) {
        if (i + APART >= mode && i <= mode + APART)
            continue;
        sum += smooth[i];
        square += smooth[i] * smooth[i];
        ++others;
    }
    double mean = others > 0 ? sum / (double)others : 0;
    double deviation = others > 0 ? sqrt(fmax(square / (double)others - mean * mean, 0)) : 0;
    *clear = smooth[mode] >= least_weight && smooth[mode] - mean >= least_sigmas * deviation;
    return mode;
}

double fmx__scan_offset(const fmx__scan_list *list, double centre, size_t reach, bool *clear)
{
    double weight[BINS] = {0};
    double smooth[BINS] = {0};
    reach = reach < FMX__SCAN_MOST_REACH ? reach : FMX__SCAN_MOST_REACH;
    size_t bins = 2 * reach + 1;
    double first = rint(centre) - (double)reach;
    double sum = 0;
    double moment = 0;
    for (size_t i = 0; i < list->count; ++i) {
        double bin = rint((double)list->hit[i][1].shift - first);
        if (bin >= 0 && bin < (double)bins)
            weight[(size_t)bin] += weight_of(list, i);
    }
    for (size_t i = 0; i < bins; ++i) {
        for (size_t k = i > ARM ? i - ARM : 0; k < bins && k <= i + ARM; ++k) {
            double d = ((double)k - (double)i) / smooth_points;
            smooth[i] += weight[k] * exp(-d * d / 2);
        }
    }
    size_t mode = mode_of(smooth, bins, clear);
    /* to a fraction of a point: where those close to the mode are in the mean */
    for (size_t i = 0; i < list->count; ++i) {
        double from = (double)list->hit[i][1].shift - first - (double)mode;
        double w = fabs(from) <= 2 * smooth_points ? weight_of(list, i) : 0;
        sum += w;
        moment += w * from;
    }
    return *clear && sum > 0 ? first + (double)mode + moment / sum : centre;
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
