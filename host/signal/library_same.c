#include "library_same.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "library_file.h"
#include "library_pen.h"

/* Two multiplets are equal where their middles, their protons and, middle on middle, their patterns
 * are. Shifts of one substance in two tubes differ by as much; a fit moves them by more. */
static const double same_ppm = 0.008;
static const double same_protons = 0.15;
static const double blur_ppm = 0.006; /* sigma of the Gaussian that patterns are compared with */
static const double same_pattern = 0.95;

/* Mean way from the shifts of one spin system to those of another whose lines may be equal. */
static const double near_ppm = 0.05;

/* ---- lines ----------------------------------------------------------------------------------- */

/* Sum over all pairs of lines of a_i b_j exp(-d^2 / 4 s^2): the product of two patterns blurred by
 * Gaussians of sigma s, up to a factor. Both lie around their middles. */
static double product(const fmx_library *l, const fmx_library_multiplet *a,
                      const fmx_library_multiplet *b)
{
    const double reach = 8 * blur_ppm; /* e^-16 */
    double sum = 0;
    size_t first = b->first_line;
    size_t end = b->first_line + b->line_count;
    for (size_t i = a->first_line; i < a->first_line + a->line_count; ++i) {
        double x = l->line_ppm[i] - a->ppm + b->ppm;
        while (first < end && l->line_ppm[first] < x - reach)
            ++first;
        for (size_t k = first; k < end && l->line_ppm[k] <= x + reach; ++k) {
            double d = (l->line_ppm[k] - x) / blur_ppm;
            sum += (double)l->line_protons[i] * (double)l->line_protons[k] * exp(-d * d / 4);
        }
    }
    return sum;
}

static bool near_multiplets(const fmx_library_multiplet *a, const fmx_library_multiplet *b)
{
    return fabs(a->ppm - b->ppm) <= same_ppm &&
           fabs(a->protons - b->protons) <= same_protons * fmax(a->protons, b->protons);
}

static bool same_entries(const fmx_library *l, const fmx_library_entry *a,
                         const fmx_library_entry *b)
{
    const fmx_library_multiplet *x = &l->multiplet[a->first_multiplet];
    const fmx_library_multiplet *y = &l->multiplet[b->first_multiplet];
    bool same = a->multiplet_count == b->multiplet_count;
    for (size_t k = 0; same && k < a->multiplet_count; ++k)
        same = near_multiplets(&x[k], &y[k]);
    for (size_t k = 0; same && k < a->multiplet_count; ++k) {
        double both = product(l, &x[k], &x[k]) * product(l, &y[k], &y[k]);
        same = product(l, &x[k], &y[k]) > same_pattern * sqrt(both);
    }
    return same;
}

/* ---- compounds ------------------------------------------------------------------------------- */

/* An entry by what must agree. */
typedef struct key {
    size_t multiplets;
    double ppm; /* of the first */
    size_t entry;
} key;

static int by_key(const void *left, const void *right)
{
    const key *a = left;
    const key *b = right;
    if (a->multiplets != b->multiplets)
        return (a->multiplets > b->multiplets) - (a->multiplets < b->multiplets);
    if (a->ppm != b->ppm)
        return (a->ppm > b->ppm) - (a->ppm < b->ppm);
    return (a->entry > b->entry) - (a->entry < b->entry);
}

/* The first compound before `compound` that leads a group and has an entry equal to `entry`, or
 * `best` where that comes first. */
static size_t leader_of(const fmx_library *l, const key *keys, const size_t *group, size_t compound,
                        const fmx_library_entry *entry, size_t best)
{
    double ppm = l->multiplet[entry->first_multiplet].ppm;
    size_t low = 0;
    size_t high = l->entries;
    while (low < high) { /* the first key that may be near */
        size_t middle = (low + high) / 2;
        bool before = keys[middle].multiplets < entry->multiplet_count ||
                      (keys[middle].multiplets == entry->multiplet_count &&
                       keys[middle].ppm < ppm - same_ppm);
        if (before)
            low = middle + 1;
        else
            high = middle;
    }
    for (size_t i = low; i < l->entries && keys[i].multiplets == entry->multiplet_count &&
                         keys[i].ppm <= ppm + same_ppm;
         ++i) {
        const fmx_library_entry *other = &l->entry[keys[i].entry];
        size_t c = other->compound;
        if (c < compound && c < best && group[c] == c && same_entries(l, other, entry))
            best = c;
    }
    return best;
}

/* group[compound]: the first compound that it cannot be told from, itself where there is none. Only
 * first ones are compared with: of a row of compounds each near its neighbours the ends differ. */
static fmx_status find_groups(fmx_context *ctx, const fmx_library *l, size_t *group)
{
    key *keys = NULL;
    fmx_status status = fmx__alloc(ctx, l->entries, sizeof *keys, "entries", &keys);
    if (status != FMX_OK)
        return status;
    for (size_t i = 0; i < l->entries; ++i)
        keys[i] =
            (key){l->entry[i].multiplet_count, l->multiplet[l->entry[i].first_multiplet].ppm, i};
    if (l->entries > 0)
        qsort(keys, l->entries, sizeof *keys, by_key);
    for (size_t c = 0; c < l->compounds; ++c) {
        const fmx_library_compound *own = &l->compound[c];
        group[c] = c;
        for (size_t e = 0; e < own->entry_count; ++e)
            group[c] = leader_of(l, keys, group, c, &l->entry[own->first_entry + e], group[c]);
    }
    free(keys);
    return FMX_OK;
}

/* Appends a name that is not there yet. */
static fmx_status add_name(fmx_context *ctx, const char *name, const char *own, char **list)
{
    char *before = *list;
    bool full = strlen(before) + strlen(name) + 2 > FMX__LIBRARY_LONGEST_TEXT;
    if (full || strcasecmp(name, own) == 0 || fmx__library_is_among(before, name))
        return FMX_OK;
    *list = NULL;
    fmx_status status =
        fmx__format(ctx, list, "%s%s%s", before, before[0] != '\0' ? "; " : "", name);
    free(before);
    return status;
}

/* The names in a group besides the one that it is called by. */
static fmx_status other_names(fmx_context *ctx, const fmx_library *l, const size_t *group,
                              size_t first, const char *own, char **out)
{
    fmx_status status = fmx__format(ctx, out, "%s", "");
    for (size_t c = first; status == FMX_OK && c < l->compounds; ++c) {
        if (group[c] == first)
            status = add_name(ctx, l->compound[c].name, own, out);
    }
    return status;
}

static fmx_status copy_compound(fmx__library_pen *pen, const fmx_library *l, size_t compound)
{
    const fmx_library_compound *c = &l->compound[compound];
    fmx_status status = FMX_OK;
    for (size_t e = 0; status == FMX_OK && e < c->entry_count; ++e)
        status = fmx__library_pen_copy(pen, l, &l->entry[c->first_entry + e]);
    return status;
}

/* The compound that names a group: of the metabolites the one with the shortest name ("L-Alanine"
 * before "DL-Alanine", a name before one with a database's number in it), else the first. */
static size_t namer_of(const fmx_library *l, const size_t *group, size_t first,
                       const fmx__library_facts *facts)
{
    size_t best = l->compounds;
    for (size_t c = first; c < l->compounds; ++c) {
        if (group[c] == first && facts[c].is_metabolite &&
            (best == l->compounds || strlen(l->compound[c].name) < strlen(l->compound[best].name)))
            best = c;
    }
    return best < l->compounds ? best : first;
}

/* Appends the group that compound `first` leads, the one that names it in front. */
static fmx_status add_group(fmx__library_pen *pen, const fmx_library *l, const size_t *group,
                            size_t first, const fmx__library_facts *facts)
{
    size_t namer = namer_of(l, group, first, facts);
    char *also = NULL;
    const char *name = l->compound[namer].name;
    fmx_status status = other_names(pen->ctx, l, group, first, name, &also);
    if (status == FMX_OK)
        status = fmx__library_pen_compound(pen, name, strlen(name), also);
    if (status == FMX_OK)
        status = copy_compound(pen, l, namer);
    for (size_t c = first; status == FMX_OK && c < l->compounds; ++c) {
        if (group[c] == first && c != namer)
            status = copy_compound(pen, l, c);
    }
    free(also);
    return status;
}

/* The library with `wanted` groups only. */
static fmx_status arrange(fmx_context *ctx, const fmx__library_facts *facts, const size_t *group,
                          const bool *wanted, fmx_library **library)
{
    fmx_library *l = *library;
    fmx__library_pen pen;
    fmx_status status = fmx__library_pen_open(ctx, l->field_mhz, l->gap_ppm, &pen);
    for (size_t c = 0; status == FMX_OK && c < l->compounds; ++c) {
        if (group[c] == c && wanted[c])
            status = add_group(&pen, l, group, c, facts);
    }
    if (status != FMX_OK) {
        fmx_library_release(pen.to);
        return status;
    }
    fmx__library_sum(pen.to);
    fmx_library_release(l);
    *library = pen.to;
    return FMX_OK;
}

fmx_status fmx__library_merge(fmx_context *ctx, const fmx__library_facts *facts,
                              fmx_library **library, size_t *merged)
{
    size_t compounds = (*library)->compounds;
    size_t *group = NULL;
    bool *wanted = NULL;
    bool changes = false;
    *merged = 0;
    fmx_status status = fmx__alloc(ctx, compounds, sizeof *group, "compounds", &group);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, compounds, sizeof *wanted, "compounds", &wanted);
    if (status == FMX_OK)
        status = find_groups(ctx, *library, group);
    for (size_t c = 0; status == FMX_OK && c < compounds; ++c)
        wanted[group[c]] = wanted[group[c]] || facts[c].wanted;
    for (size_t c = 0; status == FMX_OK && c < compounds; ++c) {
        *merged += group[c] != c && wanted[group[c]];
        changes = changes || group[c] != c || !wanted[c];
    }
    if (status == FMX_OK && changes)
        status = arrange(ctx, facts, group, wanted, library);
    free(group);
    free(wanted);
    return status;
}

/* ---- shifts ---------------------------------------------------------------------------------- */

/* A shift with its protons; those of the other system count negative. */
typedef struct place {
    double ppm;
    double protons;
} place;

static int by_ppm(const void *left, const void *right)
{
    double a = ((const place *)left)->ppm;
    double b = ((const place *)right)->ppm;
    return (a > b) - (a < b);
}

static double protons_of(const fmx_compound *c)
{
    double sum = 0;
    for (size_t i = 0; i < c->group_count; ++i)
        sum += c->group[i].n * c->group[i].population;
    return sum;
}

/* Whether the protons of one system would have to go near_ppm or less on average to be where those
 * of the other are: the integral of the difference of both distributions. */
static bool near_systems(const fmx_compound *a, const fmx_compound *b)
{
    place all[2 * FMX_SPINS_MOST_GROUPS];
    double protons[2] = {protons_of(a), protons_of(b)};
    double difference = 0;
    double way = 0;
    size_t count = 0;
    if (fabs(protons[0] - protons[1]) > same_protons * fmax(protons[0], protons[1]))
        return false;
    for (size_t i = 0; i < a->group_count && i < FMX_SPINS_MOST_GROUPS; ++i)
        all[count++] =
            (place){a->group[i].ppm, a->group[i].n * a->group[i].population / protons[0]};
    for (size_t i = 0; i < b->group_count && i < FMX_SPINS_MOST_GROUPS; ++i)
        all[count++] =
            (place){b->group[i].ppm, -b->group[i].n * b->group[i].population / protons[1]};
    qsort(all, count, sizeof *all, by_ppm);
    for (size_t i = 0; i + 1 < count; ++i) {
        difference += all[i].protons;
        way += fabs(difference) * (all[i + 1].ppm - all[i].ppm);
    }
    return way <= near_ppm;
}

/* Makes spin system i wanted with all of its compound; those that became so are appended. */
static void want(const size_t *compound_of, size_t count, size_t i, bool *wanted, size_t *list,
                 size_t *listed)
{
    for (size_t k = compound_of[i]; k < count; ++k) {
        if (compound_of[k] != compound_of[i] || wanted[k])
            continue;
        wanted[k] = true;
        list[(*listed)++] = k;
    }
}

fmx_status fmx__library_want_near(fmx_context *ctx, const fmx_spin_library *spins,
                                  const size_t *compound_of, bool *wanted)
{
    size_t *list = NULL;
    size_t listed = 0;
    fmx_status status = fmx__alloc(ctx, spins->count, sizeof *list, "compounds", &list);
    for (size_t i = 0; status == FMX_OK && i < spins->count; ++i) {
        if (wanted[i])
            list[listed++] = i;
    }
    for (size_t next = 0; status == FMX_OK && next < listed && listed < spins->count; ++next) {
        for (size_t i = 0; i < spins->count; ++i) {
            if (!wanted[i] && near_systems(&spins->compound[list[next]], &spins->compound[i]))
                want(compound_of, spins->count, i, wanted, list, &listed);
        }
    }
    free(list);
    return status;
}
