/* Cases of explain, shared by test and benchmark: made-up compounds, mixtures of them.
 * Include explain.h of host/signal first: this file has the same name. */
#ifndef FMX_CASES_EXPLAIN_H
#define FMX_CASES_EXPLAIN_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct fmx_case_explain {
    const char *name;
    size_t count; /* spectra */
    size_t points;
    size_t columns; /* of a spectrum */
    size_t parts;   /* of a column, at most; one in four has a single one */
    int bench;      /* measured by the benchmark */
} fmx_case_explain;

/* Vectors hold 16 points, groups 128 items; patterns are 70 to 200 points long. */
static const fmx_case_explain fmx_cases_explain[] = {
    {"one", 1, 1, 1, 1, 0},          {"vector - 1", 1, 15, 2, 2, 0},
    {"vector", 2, 16, 2, 2, 0},      {"vector + 1", 1, 17, 3, 2, 0},
    {"group - 1", 3, 127, 3, 3, 0},  {"group", 1, 128, 3, 2, 0},
    {"group + 1", 1, 129, 4, 2, 0},  {"prime", 3, 1009, 7, 3, 0},
    {"crowded", 2, 1500, 24, 5, 0},  {"published", 1, 19001, 150, 8, 1},
    {"batch", 64, 19001, 150, 8, 1},
};

enum { FMX_EXPLAIN_LINES = 4 };

/* A made-up multiplet: Lorentzian lines at `place` + offset. */
typedef struct fmx_explain_multiplet {
    double place; /* points */
    double offset[FMX_EXPLAIN_LINES];
    double weight[FMX_EXPLAIN_LINES];
    int lines;
    double half; /* width, points */
    double protons;
} fmx_explain_multiplet;

/* A small generator of its own, so that test and benchmark see the same mixtures. */
static inline double fmx_explain_uniform(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(*state >> 11) / 9007199254740992.0;
}

static inline double fmx_explain_normal(uint64_t *state)
{
    double radius = sqrt(-2 * log(1 - fmx_explain_uniform(state)));
    return radius * cos(6.283185307179586 * fmx_explain_uniform(state));
}

static inline fmx_explain_multiplet fmx_explain_draw(uint64_t *state, size_t points)
{
    static const double weight[4][4] = {{1, 0, 0, 0}, {1, 1, 0, 0}, {1, 2, 1, 0}, {1, 3, 3, 1}};
    fmx_explain_multiplet m = {.half = 2};
    double coupling = 12 + 18 * fmx_explain_uniform(state);
    m.place = fmx_explain_uniform(state) * (double)points;
    m.lines = 1 + (int)(3.999 * fmx_explain_uniform(state));
    m.protons = 1 + floor(2.999 * fmx_explain_uniform(state));
    for (int i = 0; i < m.lines; ++i) {
        m.offset[i] = coupling * (i - 0.5 * (m.lines - 1));
        m.weight[i] = weight[m.lines - 1][i];
    }
    return m;
}

/* Height at point p for amount 1, the multiplet shifted; the sum over all points is protons. */
static inline double fmx_explain_height(const fmx_explain_multiplet *m, double shift, double p)
{
    double sum = 0;
    double weights = 0;
    for (int i = 0; i < m->lines; ++i) {
        double x = (p - m->place - m->offset[i] - shift) / m->half;
        sum += m->weight[i] / (1 + x * x);
        weights += m->weight[i];
    }
    return m->protons * sum / (weights * m->half * 3.141592653589793);
}

/* How far from its place a multiplet is drawn. */
static inline long fmx_explain_reach(const fmx_explain_multiplet *m)
{
    return (long)(m->offset[m->lines - 1] + FMX__PATTERN_REACH * m->half);
}

/* Mixtures and all that is needed to fit them. */
typedef struct fmx_explain_job {
    size_t count;
    size_t points;
    size_t columns;                   /* of all spectra */
    size_t parts;                     /* of all columns */
    size_t patterns;                  /* one per multiplet of the library, one width */
    size_t heights_count;             /* padding included */
    fmx__pattern_table table;         /* what fmx__explain reads of it, without buffers */
    fmx_explain_multiplet *multiplet; /* [patterns] */
    fmx__pattern *pattern;
    float *heights;
    fmx__explain_head *head;
    fmx__explain_column *column;
    fmx__explain_part *part;
    double *amount; /* [columns], true */
    double *shift;  /* [parts], true */
    float *spectra; /* [count][points] */
} fmx_explain_job;

/* How mixtures are made. */
typedef struct fmx_explain_mix {
    double present; /* share of columns with an amount, which is 30 to 3000 */
    double shift;   /* standard deviation of shifts, points; half of it where the fit starts */
    double noise;   /* standard deviation */
    uint64_t seed;
} fmx_explain_mix;

static inline void fmx_explain_pattern(fmx_explain_job *j, size_t index)
{
    const fmx_explain_multiplet *m = &j->multiplet[index];
    long reach = fmx_explain_reach(m);
    fmx__pattern *p = &j->pattern[index];
    *p = (fmx__pattern){.first = (uint32_t)j->heights_count,
                        .count = (uint32_t)(2 * reach + 1),
                        .base = (int32_t)(floor(m->place) - (double)reach),
                        .protons = (float)m->protons,
                        .entry = (uint32_t)index,
                        .lines = (uint32_t)m->lines};
    double top = 0;
    for (size_t i = 0; i < p->count; ++i)
        top = fmax(top, fmx_explain_height(m, 0, (double)p->base + (double)i));
    p->highest = (float)top;
    for (size_t i = 0; i < p->count; ++i)
        j->heights[j->heights_count + i] =
            (float)(fmx_explain_height(m, 0, (double)p->base + (double)i) / top);
    j->heights_count += p->count + FMX__PATTERN_PAD;
}

/* One library of `columns` compounds for all spectra. */
static inline fmx_explain_job fmx_explain_make(const fmx_case_explain *c,
                                               const fmx_explain_mix *mix)
{
    uint64_t state = mix->seed * 2 + 1;
    size_t most = c->columns * c->parts;
    size_t *first = calloc(c->columns + 1, sizeof *first);
    fmx_explain_job j = {.count = c->count, .points = c->points, .heights_count = FMX__PATTERN_PAD};
    j.multiplet = calloc(most, sizeof *j.multiplet);
    j.pattern = calloc(most, sizeof *j.pattern);
    j.heights = calloc((most + 1) * 256, sizeof *j.heights);
    j.head = calloc(c->count, sizeof *j.head);
    j.column = calloc(c->count * c->columns, sizeof *j.column);
    j.part = calloc(c->count * most, sizeof *j.part);
    j.amount = calloc(c->count * c->columns, sizeof *j.amount);
    j.shift = calloc(c->count * most, sizeof *j.shift);
    j.spectra = calloc(c->count * c->points, sizeof *j.spectra);
    for (size_t k = 0; k < c->columns; ++k) {
        size_t parts = fmx_explain_uniform(&state) < 0.25
                           ? 1
                           : 1 + (size_t)(fmx_explain_uniform(&state) * (double)c->parts);
        parts = parts > c->parts ? c->parts : parts;
        first[k] = j.patterns;
        for (size_t i = 0; i < parts; ++i, ++j.patterns) {
            j.multiplet[j.patterns] = fmx_explain_draw(&state, c->points);
            fmx_explain_pattern(&j, j.patterns);
        }
        first[k + 1] = j.patterns;
    }
    for (size_t m = 0; m < c->count; ++m) {
        float *d = j.spectra + m * c->points;
        j.head[m] = (fmx__explain_head){(uint32_t)j.columns, (uint32_t)c->columns, 0, 0};
        for (size_t k = 0; k < c->columns; ++k, ++j.columns) {
            double amount = fmx_explain_uniform(&state) < mix->present
                                ? 30 * pow(100, fmx_explain_uniform(&state))
                                : 0;
            j.amount[j.columns] = amount;
            j.column[j.columns] = (fmx__explain_column){
                (uint32_t)j.parts, (uint32_t)(first[k + 1] - first[k]), (uint32_t)m, 0};
            for (size_t i = first[k]; i < first[k + 1]; ++i, ++j.parts) {
                double shift = mix->shift * fmx_explain_normal(&state);
                j.shift[j.parts] = shift;
                j.part[j.parts] = (fmx__explain_part){(uint32_t)i, (float)floor(0.5 * shift), 0,
                                                      (uint32_t)j.columns};
                for (size_t p = 0; amount > 0 && p < c->points; ++p)
                    d[p] += (float)(amount * fmx_explain_height(&j.multiplet[i], shift, (double)p));
            }
        }
        for (size_t p = 0; p < c->points; ++p)
            d[p] += (float)(mix->noise * fmx_explain_normal(&state));
    }
    free(first);
    j.table =
        (fmx__pattern_table){.widths = 1, .patterns = j.patterns, .heights_count = j.heights_count};
    return j;
}

static inline void fmx_explain_clear(fmx_explain_job *j)
{
    free(j->multiplet);
    free(j->pattern);
    free(j->heights);
    free(j->head);
    free(j->column);
    free(j->part);
    free(j->amount);
    free(j->shift);
    free(j->spectra);
}

#endif
