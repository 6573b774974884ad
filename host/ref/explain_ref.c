#include "explain_ref.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

/* blocks of the wide maximum begin MARGIN points before the axis */
enum { AROUND = 20, BLOCK = 64, BLOCKS = 6, MARGIN = 2048, FARTHEST = 512, REST = 4 };

#define SMALL 0.25
#define SEEN 0.1
#define LENGTH 4.0 /* points whose errors go together */

typedef struct fit {
    const fmx_ref_explain_options *o;
    size_t points;
    double *residual;
    double *inverse;
    double *fitted;
    double *curvature;
    fmx_ref_explain_column *column;
    size_t columns;
} fit;

static double height_at(const fmx_ref_explain_pattern *pattern, long i)
{
    return i >= 0 && i < (long)pattern->count ? pattern->heights[i] : 0;
}

/* Catmull-Rom between heights i - 1 and i, i the height that a whole shift would put at p. */
double fmx_ref_explain_shape(const fmx_ref_explain_pattern *pattern, double shift, long p)
{
    double whole = floor(shift);
    double t = 1 - (shift - whole);
    long i = p - pattern->base - (long)whole;
    double a = height_at(pattern, i - 2);
    double b = height_at(pattern, i - 1);
    double c = height_at(pattern, i);
    double d = height_at(pattern, i + 1);
    return b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
}

/* First point and end of where a part may differ from 0, not cut to the axis. */
static void window_of(const fmx_ref_explain_part *part, double shift, long *first, long *end)
{
    bool there = part->pattern != NULL && part->pattern->count > 0 && fabs(shift) <= FARTHEST;
    *first = there ? part->pattern->base + (long)floor(shift) - 1 : 0;
    *end = there ? *first + (long)part->pattern->count + 3 : *first;
}

static long least(long a, long b)
{
    return a < b ? a : b;
}

static long most(long a, long b)
{
    return a > b ? a : b;
}

/* window_of within the axis */
static void points_of(const fit *f, const fmx_ref_explain_part *part, double shift, long *first,
                      long *end)
{
    window_of(part, shift, first, end);
    *first = most(*first, 0);
    *end = least(*end, (long)f->points);
}

static bool overlap(const fmx_ref_explain_part *a, const fmx_ref_explain_part *b)
{
    long first, end, other_first, other_end;
    window_of(a, a->shift, &first, &end);
    window_of(b, b->shift, &other_first, &other_end);
    return other_first < end && first < other_end;
}

static double psi(const fit *f, double u)
{
    return fmin(u, fmax(f->o->knee, f->o->above * u));
}

static double rho(const fit *f, double u)
{
    double knee = f->o->knee;
    double end = knee / f->o->above;
    if (u <= knee)
        return u * u / 2;
    if (u <= end)
        return knee * u - knee * knee / 2;
    return knee * end - knee * knee / 2 + f->o->above * (u * u - end * end) / 2;
}

/* Largest size of points [first, end), as far as they are on the axis. */
static double largest(const fit *f, const float *d, long first, long end)
{
    double top = 0;
    for (long q = most(first, 0); q < least(end, (long)f->points); ++q)
        top = fmax(top, fmax(d[q], -d[q] - 2 * f->o->floor));
    return top;
}

static bool start(fit *f, const float *d)
{
    bool finite = true;
    for (size_t p = 0; p < f->points; ++p)
        finite = finite && isfinite(d[p]);
    for (long p = 0; p < (long)f->points; ++p) {
        long block = (p + MARGIN) / BLOCK;
        bool low = p >= (long)f->o->low_first && p < (long)f->o->low_end;
        double scale = f->o->floor + f->o->share * largest(f, d, p, p + 1) +
                       f->o->near * largest(f, d, p - AROUND, p + AROUND + 1);
        double wide =
            largest(f, d, (block - BLOCKS) * BLOCK - MARGIN, (block + BLOCKS + 1) * BLOCK - MARGIN);
        scale = fmax(scale, f->o->far * wide);
        f->residual[p] = finite ? d[p] : 0;
        f->inverse[p] = finite ? (low ? f->o->low_weight : 1) / scale : 0;
    }
    return finite;
}

/* row -= by times the part's shape */
static void take(const fit *f, double *row, const fmx_ref_explain_part *part, double by)
{
    long first, end;
    points_of(f, part, part->shift, &first, &end);
    for (long p = first; p < end; ++p)
        row[p] -= by * fmx_ref_explain_shape(part->pattern, part->shift, p);
}

static void measure(fit *f)
{
    for (size_t c = 0; c < f->columns; ++c) {
        const fmx_ref_explain_column *column = &f->column[c];
        f->curvature[c] = 0;
        for (size_t j = 0; j < column->parts; ++j) {
            const fmx_ref_explain_part *part = &column->part[j];
            double overlaps = 0;
            double own = 0;
            long first, end;
            for (size_t i = 0; i < column->parts; ++i)
                overlaps += overlap(part, &column->part[i]);
            points_of(f, part, part->shift, &first, &end);
            for (long p = first; p < end; ++p) {
                double v = f->inverse[p] * fmx_ref_explain_shape(part->pattern, part->shift, p);
                own += v * v;
            }
            if (end > first)
                f->curvature[c] += overlaps * part->pattern->highest * part->pattern->highest * own;
        }
    }
}

static void descend(fit *f, fmx_ref_explain_column *column, double curvature, double relax)
{
    double slope = 0;
    for (size_t j = 0; j < column->parts; ++j) {
        const fmx_ref_explain_part *part = &column->part[j];
        long first, end;
        points_of(f, part, part->shift, &first, &end);
        for (long p = first; p < end; ++p)
            slope += part->pattern->highest * f->inverse[p] *
                     psi(f, f->inverse[p] * f->residual[p]) *
                     fmx_ref_explain_shape(part->pattern, part->shift, p);
    }
    double next = fmax(0, column->fact[0] + relax * slope / curvature);
    for (size_t j = 0; j < column->parts; ++j)
        if (column->part[j].pattern != NULL)
            take(f, f->residual, &column->part[j],
                 (next - column->fact[0]) * column->part[j].pattern->highest);
    column->fact[0] = next;
}

static void sweep(fit *f, size_t sweeps)
{
    measure(f);
    for (size_t s = 0; s < sweeps; ++s)
        for (size_t n = 0; n < f->columns; ++n) {
            size_t c = s % 2 == 0 ? n : f->columns - 1 - n;
            if (f->curvature[c] > 0 && (f->column[c].fact[0] > 0 || s % REST == 0))
                descend(f, &f->column[c], f->curvature[c], s + 2 < sweeps ? f->o->relax : 1);
        }
}

static double unlikely(const fit *f, double away)
{
    double tail = f->o->broad_share * f->o->narrow / f->o->broad;
    double body = 1 - f->o->broad_share;
    double near = away / f->o->narrow;
    double far = away / f->o->broad;
    return -log(
        fmax((body * exp(-near * near / 2) + tail * exp(-far * far / 2)) / (body + tail), 1e-30));
}

static double cost(const fit *f, const fmx_ref_explain_part *part, double shift, double height)
{
    double sum = 0;
    long first, end;
    points_of(f, part, shift, &first, &end);
    for (long p = first; p < end; ++p) {
        double own = height * fmx_ref_explain_shape(part->pattern, shift, p);
        sum +=
            rho(f, f->inverse[p] * (f->residual[p] - own)) - rho(f, f->inverse[p] * f->residual[p]);
    }
    return sum;
}

static void move(fit *f, fmx_ref_explain_part *part, double amount,
                 const fmx_ref_explain_round *round)
{
    if (part->pattern == NULL || !(fabs(part->shift) <= FARTHEST))
        return;
    double height = amount * part->pattern->highest;
    if (height < SMALL)
        return;
    double best = part->shift;
    double least_cost = INFINITY;
    take(f, f->residual, part, -height);
    for (size_t i = 0; i < 2 * round->steps + 1; ++i) {
        double steps = (double)((i + 1) / 2);
        double shift = part->shift + (i % 2 == 0 ? steps : -steps) * round->spacing;
        double total = f->o->prior * unlikely(f, shift - part->centre);
        if (!(fabs(shift) <= FARTHEST))
            continue;
        total += cost(f, part, shift, height);
        if (total < least_cost) {
            least_cost = total;
            best = shift;
        }
    }
    part->shift = best;
    take(f, f->residual, part, height);
}

static void refresh(fit *f, const float *d, bool finite)
{
    for (size_t p = 0; p < f->points; ++p)
        f->fitted[p] = 0;
    for (size_t c = 0; c < f->columns; ++c)
        for (size_t j = 0; j < f->column[c].parts; ++j)
            if (f->column[c].fact[0] > 0 && f->column[c].part[j].pattern != NULL)
                take(f, f->fitted, &f->column[c].part[j],
                     -f->column[c].fact[0] * f->column[c].part[j].pattern->highest);
    for (size_t p = 0; p < f->points; ++p)
        f->residual[p] = finite ? d[p] - f->fitted[p] : 0;
}

static double product(const fit *f, const fmx_ref_explain_column *a,
                      const fmx_ref_explain_column *b)
{
    double sum = 0;
    for (size_t i = 0; i < a->parts; ++i)
        for (size_t j = 0; j < b->parts; ++j) {
            const fmx_ref_explain_part *x = &a->part[i];
            const fmx_ref_explain_part *y = &b->part[j];
            long first, end, other_first, other_end;
            points_of(f, x, x->shift, &first, &end);
            points_of(f, y, y->shift, &other_first, &other_end);
            for (long p = most(first, other_first); p < least(end, other_end); ++p)
                sum += f->inverse[p] * f->inverse[p] * x->pattern->highest *
                       fmx_ref_explain_shape(x->pattern, x->shift, p) * y->pattern->highest *
                       fmx_ref_explain_shape(y->pattern, y->shift, p);
        }
    return sum;
}

/* What the parts in front of part j of a column add at a point. */
static double before(const fmx_ref_explain_column *column, size_t j, long p)
{
    double sum = 0;
    for (size_t i = 0; i < j; ++i)
        if (column->part[i].pattern != NULL && fabs(column->part[i].shift) <= FARTHEST)
            sum += column->fact[0] * column->part[i].pattern->highest *
                   fmx_ref_explain_shape(column->part[i].pattern, column->part[i].shift, p);
    return sum;
}

typedef struct totals {
    double left, seen, signal, explained, least;
    double shown, bend, scatter; /* parts, their curvatures, these times (ratio - 1)^2 */
} totals;

static void part_facts(const fit *f, fmx_ref_explain_column *column, size_t j, totals *all)
{
    fmx_ref_explain_part *part = &column->part[j];
    long first, end;
    points_of(f, part, part->shift, &first, &end);
    double height = end > first ? column->fact[0] * part->pattern->highest : 0;
    double slope = 0, square = 0, left = 0, seen = 0, others = 0, both = 0;
    double n = 0, a1 = 0, a2 = 0, e1 = 0, e2 = 0, ea = 0;
    for (long p = first; p < end; ++p) {
        double a = fmx_ref_explain_shape(part->pattern, part->shift, p);
        double own = height * a;
        double e = f->residual[p] + own;
        double u = f->inverse[p] * f->residual[p];
        double earlier = f->inverse[p] * before(column, j, p);
        slope += f->inverse[p] * u * a;
        square += f->inverse[p] * a * f->inverse[p] * a;
        column->fact[2] += rho(f, u + earlier + f->inverse[p] * own) - rho(f, u + earlier);
        if (!(f->inverse[p] > 0))
            continue;
        others += fmax(f->fitted[p] - own, 0) * a;
        both += fmax(f->fitted[p], 0) * a;
        n += 1;
        a1 += a;
        a2 += a * a;
        e1 += e;
        e2 += e * e;
        ea += e * a;
        if (a >= SEEN) {
            double d = f->residual[p] + f->fitted[p];
            left += u * u;
            seen += 1;
            all->signal += fmax(d, 0);
            all->explained += fmax(fmin(f->fitted[p], d), 0);
        }
    }
    n = fmax(n, 1);
    double spread = (a2 / n - a1 / n * (a1 / n)) * (e2 / n - e1 / n * (e1 / n));
    part->fact[0] = height > 0 && square > 0 ? 1 + slope / (height * square) : 0;
    part->fact[1] = seen > 0 ? sqrt(left / seen) : 0;
    part->fact[2] = spread > 0 ? (ea / n - a1 / n * (e1 / n)) / sqrt(spread) : 0;
    part->fact[3] = both > 0 ? fmin(others / both, 1) : 0;
    all->left += left;
    all->seen += seen;
    if (square > 0) {
        double bend = part->pattern->highest * part->pattern->highest * square;
        all->least = fmin(all->least, part->fact[0]);
        all->shown += 1;
        all->bend += bend;
        all->scatter += bend * (part->fact[0] - 1) * (part->fact[0] - 1);
    }
}

static void column_facts(fit *f, size_t c, bool finite)
{
    fmx_ref_explain_column *column = &f->column[c];
    totals all = {.least = INFINITY};
    double alike = 0;
    double active = 0;
    for (size_t j = 0; j < column->parts; ++j)
        part_facts(f, column, j, &all);
    for (size_t k = 0; k < f->columns && f->curvature[c] > 0; ++k) {
        if (k == c || !(f->curvature[k] > 0))
            continue;
        double cosine = product(f, column, &f->column[k]) / sqrt(f->curvature[c] * f->curvature[k]);
        alike = fmax(alike, cosine);
        active = fmax(active, f->column[k].fact[0] > 0 ? cosine : 0);
    }
    active = fmin(active, 1);
    double mean_square = all.seen > 0 ? all.left / all.seen : 0;
    double noise = 0;
    double scatter = all.shown > 1 ? all.scatter / (all.bend * (all.shown - 1)) : 0;
    if (f->curvature[c] > 0)
        noise = LENGTH * fmax(mean_square, 1) / (f->curvature[c] * fmax(1 - active * active, 1e-3));
    column->fact[1] = sqrt(noise + column->fact[0] * column->fact[0] * scatter);
    column->fact[3] = fmin(alike, 1);
    column->fact[4] = mean_square;
    column->fact[5] = all.signal > 0 ? fmin(all.explained / all.signal, 1) : 0;
    column->fact[6] = column->fact[0] > 0 && isfinite(all.least) ? all.least : 0;
    column->fact[7] = finite ? 0 : 1;
}

static void run(fit *f, const float *d)
{
    bool finite = start(f, d);
    for (size_t c = 0; c < f->columns; ++c)
        for (size_t i = 0; i < 8; ++i)
            f->column[c].fact[i] = 0;
    sweep(f, f->o->first_sweeps);
    for (size_t i = 0; i < f->o->rounds; ++i) {
        for (size_t c = 0; c < f->columns && f->o->round[i].steps > 0; ++c)
            for (size_t j = 0; j < f->column[c].parts && f->column[c].fact[0] > 0; ++j)
                move(f, &f->column[c].part[j], f->column[c].fact[0], &f->o->round[i]);
        sweep(f, f->o->round[i].sweeps);
    }
    refresh(f, d, finite);
    for (size_t c = 0; c < f->columns; ++c)
        column_facts(f, c, finite);
}

int fmx_ref_explain(double *fitted, const float *spectrum, size_t points,
                    fmx_ref_explain_column *column, size_t columns,
                    const fmx_ref_explain_options *options)
{
    fit f = {.o = options,
             .points = points,
             .residual = calloc(points, sizeof(double)),
             .inverse = calloc(points, sizeof(double)),
             .fitted = fitted,
             .curvature = calloc(columns + 1, sizeof(double)),
             .column = column,
             .columns = columns};
    int result = f.residual && f.inverse && f.curvature ? 0 : -1;
    if (result == 0)
        run(&f, spectrum);
    free(f.residual);
    free(f.inverse);
    free(f.curvature);
    return result;
}
