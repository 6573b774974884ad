#include "library_between.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "library_file.h"
#include "library_pen.h"

enum { MOST_BETWEEN = 8, LEAST_MULTIPLETS = 2 };

/* Neighbouring states differ by this at most in the multiplet that moves most: as far as a fit
 * looks for a multiplet of its own accord. */
static const double step_ppm = 0.03;
static const double slack = 0.01; /* of a step: middles of strongly coupled lines are no rounder */

/* What is further apart is no pair of one acid and its base, but a wrong pairing of multiplets. */
static const double furthest_ppm = 0.6;
static const double same_protons = 0.05;

/* Whether two entries have the same multiplets, in order of ppm, and enough of them to tell:
 * *distance_ppm is how far the one that moves most moves. */
static bool same_multiplets(const fmx_library *l, const fmx_library_entry *a,
                            const fmx_library_entry *b, double *distance_ppm)
{
    const fmx_library_multiplet *x = &l->multiplet[a->first_multiplet];
    const fmx_library_multiplet *y = &l->multiplet[b->first_multiplet];
    *distance_ppm = 0;
    if (a->multiplet_count != b->multiplet_count || a->multiplet_count < LEAST_MULTIPLETS ||
        a->width_hz > 0 || b->width_hz > 0)
        return false;
    for (size_t k = 0; k < a->multiplet_count; ++k) {
        if (fabs(x[k].protons - y[k].protons) > same_protons * fmax(x[k].protons, y[k].protons))
            return false;
        *distance_ppm = fmax(*distance_ppm, fabs(x[k].ppm - y[k].ppm));
    }
    return true;
}

/* Whether a third variant of the compound is nearer to both than they are to each other, or repeats
 * one of them: then the states between them are those between it and its neighbours. */
static bool has_third(const fmx_library *l, size_t a, size_t b, double distance_ppm)
{
    const fmx_library_compound *c = &l->compound[l->entry[a].compound];
    for (size_t i = c->first_entry; i < c->first_entry + c->entry_count; ++i) {
        double to_a = 0;
        double to_b = 0;
        if (i == a || i == b || !same_multiplets(l, &l->entry[a], &l->entry[i], &to_a) ||
            !same_multiplets(l, &l->entry[b], &l->entry[i], &to_b))
            continue;
        if ((to_a < distance_ppm && to_b < distance_ppm) || (to_a == 0 && i < a) ||
            (to_b == 0 && i < b))
            return true;
    }
    return false;
}

/* How many states belong between two entries. */
static size_t states_between(const fmx_library *l, size_t a, size_t b)
{
    double distance = 0;
    if (!same_multiplets(l, &l->entry[a], &l->entry[b], &distance) || distance >= furthest_ppm)
        return 0;
    double steps = ceil(distance / step_ppm - slack);
    if (steps < 2 || has_third(l, a, b, distance))
        return 0;
    return steps - 1 < MOST_BETWEEN ? (size_t)(steps - 1) : MOST_BETWEEN;
}

/* Way of each multiplet from the nearer end, `t` of the way from a to b; false where multiplets
 * would meet: a file's lines rise. */
static bool shifts_at(const fmx_library *l, const fmx_library_entry *a, const fmx_library_entry *b,
                      double t, double *shift_ppm)
{
    const fmx_library_multiplet *x = &l->multiplet[a->first_multiplet];
    const fmx_library_multiplet *y = &l->multiplet[b->first_multiplet];
    const fmx_library_multiplet *from = t <= 0.5 ? x : y;
    double way = t <= 0.5 ? t : t - 1;
    for (size_t k = 0; k < a->multiplet_count; ++k) {
        shift_ppm[k] = way * (y[k].ppm - x[k].ppm);
        if (k > 0 && from[k].low_ppm + shift_ppm[k] < from[k - 1].high_ppm + shift_ppm[k - 1])
            return false;
    }
    return true;
}

static fmx_status add_state(fmx__library_pen *pen, const fmx_library *l, size_t a, size_t b,
                            double t, size_t *added)
{
    const fmx_library_entry *from = &l->entry[a];
    const fmx_library_entry *to = &l->entry[b];
    double *shift_ppm = NULL;
    char *name = NULL;
    char *source = NULL;
    fmx_status status =
        fmx__alloc(pen->ctx, from->multiplet_count, sizeof *shift_ppm, "shifts", &shift_ppm);
    bool good = status == FMX_OK && shifts_at(l, from, to, t, shift_ppm);
    if (good)
        status = fmx__format(pen->ctx, &name, "%s (%.2f of the way from %s to %s)",
                             l->compound[from->compound].name, t, from->name, to->name);
    if (good && status == FMX_OK)
        status = fmx__format(pen->ctx, &source, "interpolated, fast exchange: between %s and %s",
                             from->source, to->source);
    good = good && status == FMX_OK && strlen(name) <= FMX__LIBRARY_LONGEST_TEXT &&
           strlen(source) <= FMX__LIBRARY_LONGEST_TEXT;
    if (good)
        status = fmx__library_pen_entry(pen, name, "", source, 0);
    if (good && status == FMX_OK)
        pen->to->entry[pen->to->entries - 1].is_between = true;
    if (good && status == FMX_OK)
        status = fmx__library_pen_lines(pen, l, t <= 0.5 ? from : to, shift_ppm);
    *added += good && status == FMX_OK;
    free(shift_ppm);
    free(name);
    free(source);
    return status;
}

static fmx_status add_compound(fmx__library_pen *pen, const fmx_library *l,
                               const fmx_library_compound *c, size_t *added)
{
    size_t end = c->first_entry + c->entry_count;
    fmx_status status = fmx__library_pen_compound(pen, c->name, strlen(c->name), c->also);
    for (size_t a = c->first_entry; status == FMX_OK && a < end; ++a)
        status = fmx__library_pen_copy(pen, l, &l->entry[a]);
    for (size_t a = c->first_entry; status == FMX_OK && a < end; ++a) {
        for (size_t b = a + 1; status == FMX_OK && b < end; ++b) {
            size_t states = states_between(l, a, b);
            for (size_t i = 1; status == FMX_OK && i <= states; ++i)
                status = add_state(pen, l, a, b, (double)i / (double)(states + 1), added);
        }
    }
    return status;
}

static bool has_pair(const fmx_library *l)
{
    for (size_t a = 0; a < l->entries; ++a) {
        for (size_t b = a + 1; b < l->entries && l->entry[b].compound == l->entry[a].compound; ++b)
            if (states_between(l, a, b) > 0)
                return true;
    }
    return false;
}

fmx_status fmx__library_add_between(fmx_context *ctx, fmx_library **library, size_t *added)
{
    fmx_library *l = *library;
    fmx__library_pen pen;
    *added = 0;
    if (!has_pair(l))
        return FMX_OK;
    fmx_status status = fmx__library_pen_open(ctx, l->field_mhz, l->gap_ppm, &pen);
    for (size_t c = 0; status == FMX_OK && c < l->compounds; ++c)
        status = add_compound(&pen, l, &l->compound[c], added);
    if (status != FMX_OK) {
        fmx_library_release(pen.to);
        return status;
    }
    fmx__library_sum(pen.to);
    fmx_library_release(l);
    *library = pen.to;
    return FMX_OK;
}
