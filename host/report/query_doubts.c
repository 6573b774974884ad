/* What speaks against a compound that was named, in sentences. */
#include <math.h>
#include <stdio.h>

#include "query_report.h"

/* From where on a fact is worth a sentence. */
#define WEAK_SHARE 0.7 /* of the height that the compound's other multiplets ask for */
#define TALL_SHARE 1.6 /* likewise: something else stands there too */
#define MISFIT 1.5     /* left over, in units of what noise and shape explain */
#define COVERED 0.5    /* others' share of the signal */
#define ALIKE 0.7      /* collinearity */
#define FAR_PPM 0.015  /* beyond what pH and salt usually do */

typedef struct list {
    char (*text)[FMX__FOUND_DOUBT_BYTES];
    size_t count;
} list;

/* Room for one more sentence, NULL when there is none. */
static char *next(list *all)
{
    return all->count < FMX__FOUND_DOUBTS ? all->text[all->count++] : NULL;
}

static void say_lines(const fmx__found_compound *c, list *all)
{
    if (c->multiplets != 1)
        return;
    const fmx__found_multiplet *m = &c->multiplet[0];
    char *text = next(all);
    if (text == NULL)
        return;
    if (m->lines == 1)
        snprintf(text, FMX__FOUND_DOUBT_BYTES,
                 "a single line at %.3f ppm is all there is to see: any singlet there looks alike",
                 m->ppm);
    else
        snprintf(text, FMX__FOUND_DOUBT_BYTES, "one multiplet at %.3f ppm is all there is to see",
                 m->ppm);
}

/* The multiplet with the smallest (sign 1) or largest (-1) value; NULL where none has one. */
static const fmx__found_multiplet *extreme(const fmx__found_compound *c,
                                           double (*value)(const fmx__found_multiplet *), int sign)
{
    const fmx__found_multiplet *best = NULL;
    for (size_t i = 0; i < c->multiplets; ++i) {
        double now = sign * value(&c->multiplet[i]);
        if (!isnan(now) && (best == NULL || now < sign * value(best)))
            best = &c->multiplet[i];
    }
    return best;
}

static double share_of(const fmx__found_multiplet *m)
{
    return m->share;
}

static double residual_of(const fmx__found_multiplet *m)
{
    return m->residual;
}

static double moved_of(const fmx__found_multiplet *m)
{
    return fabs(m->shift_ppm);
}

static void say_heights(const fmx__found_compound *c, list *all)
{
    const fmx__found_multiplet *weak = extreme(c, share_of, 1);
    const fmx__found_multiplet *tall = extreme(c, share_of, -1);
    char *text = NULL;
    if (c->multiplets < 2)
        return;
    if (weak != NULL && weak->share < WEAK_SHARE && (text = next(all)) != NULL)
        snprintf(text, FMX__FOUND_DOUBT_BYTES,
                 "the multiplet at %.3f ppm has only %.0f %% of the height that the others ask for",
                 weak->ppm, 100 * fmax(weak->share, 0));
    if (tall != NULL && tall->share > TALL_SHARE && (text = next(all)) != NULL)
        snprintf(
            text, FMX__FOUND_DOUBT_BYTES,
            "at %.3f ppm the signal is %.1f times what the other multiplets ask for: something "
            "else stands there too",
            tall->ppm, tall->share);
}

static void say_misfit(const fmx__found_compound *c, list *all)
{
    const fmx__found_multiplet *worst = extreme(c, residual_of, -1);
    char *text = NULL;
    if (worst != NULL && worst->residual > MISFIT && (text = next(all)) != NULL)
        snprintf(text, FMX__FOUND_DOUBT_BYTES,
                 "at %.3f ppm what is left over is %.1f times what noise and line shape explain",
                 worst->ppm, worst->residual);
}

static void say_overlap(const fmx__found_compound *c, list *all)
{
    size_t covered = 0;
    char *text = NULL;
    for (size_t i = 0; i < c->multiplets; ++i)
        covered += c->multiplet[i].overlap > COVERED;
    if (covered == 0 || 2 * covered < c->multiplets || (text = next(all)) == NULL)
        return;
    if (covered == c->multiplets)
        snprintf(text, FMX__FOUND_DOUBT_BYTES, "%s under signals that others explain",
                 covered == 1 ? "its multiplet lies" : "all its multiplets lie");
    else
        snprintf(text, FMX__FOUND_DOUBT_BYTES,
                 "%zu of %zu multiplets lie under signals that others explain", covered,
                 c->multiplets);
}

static void say_rival(const fmx__found_compound *c, list *all)
{
    char *text = NULL;
    if (!(c->collinearity > ALIKE) || (text = next(all)) == NULL)
        return;
    if (c->rival != NULL)
        snprintf(text, FMX__FOUND_DOUBT_BYTES,
                 "%.120s looks much alike here (overlap of patterns "
                 "%.2f)",
                 c->rival, c->collinearity);
    else
        snprintf(text, FMX__FOUND_DOUBT_BYTES,
                 "another candidate looks much alike here (overlap of patterns %.2f)",
                 c->collinearity);
}

static void say_place(const fmx__found_compound *c, list *all)
{
    const fmx__found_multiplet *moved = extreme(c, moved_of, -1);
    char *text = NULL;
    if (moved != NULL && fabs(moved->shift_ppm) > FAR_PPM && (text = next(all)) != NULL)
        snprintf(text, FMX__FOUND_DOUBT_BYTES,
                 "the multiplet at %.3f ppm lies %+.3f ppm from its place in the library",
                 moved->ppm, moved->shift_ppm);
}

size_t fmx__found_doubts(const fmx__found_compound *compound,
                         char text[FMX__FOUND_DOUBTS][FMX__FOUND_DOUBT_BYTES])
{
    list all = {text, 0};
    char *line = NULL;
    if (compound->amount_low <= 0 && (line = next(&all)) != NULL)
        snprintf(line, FMX__FOUND_DOUBT_BYTES, "the amount cannot be told from zero");
    say_heights(compound, &all);
    say_misfit(compound, &all);
    say_rival(compound, &all);
    say_lines(compound, &all);
    say_overlap(compound, &all);
    say_place(compound, &all);
    return all.count;
}
