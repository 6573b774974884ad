/* From the spin system of a compound to its lines: parts of the coupling graph, cuts in large
 * parts, merging, the caches. */
#include "fidmix/spins.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache_file.h"
#include "spins_internal.h"

/* Most work for one part, in (states of a block)^3: some ten seconds on one core. */
static const double most_cost = 4e9;
enum {
    MOST_OUTSIDE = 24,    /* groups coupled to a cluster across a cut */
    MANY_LINES = 1 << 20, /* merge before going on */
};

/* A compound as arrays. */
typedef struct spin_graph {
    size_t groups;
    double *hz;
    int *n;
    double *population;
    double *j_hz;    /* [groups][groups] */
    size_t *part;    /* [groups]: smallest index of the connected part */
    size_t *cluster; /* [groups]: smallest index of the cluster inside the part */
} spin_graph;

fmx_status fmx__line_append(fmx_context *ctx, fmx__line_sink *sink, double hz, double intensity)
{
    fmx_status status = FMX_OK;
    if (sink->count == sink->capacity)
        status = fmx__grow(ctx, &sink->line, &sink->capacity, 2 * sink->count + 64,
                           sizeof *sink->line, "lines");
    if (status == FMX_OK)
        sink->line[sink->count++] = (fmx_line){hz, intensity};
    return status;
}

static int by_frequency(const void *a, const void *b)
{
    double x = ((const fmx_line *)a)->hz;
    double y = ((const fmx_line *)b)->hz;
    return (x > y) - (x < y);
}

void fmx__lines_merge(fmx__line_sink *sink, double merge_hz)
{
    size_t kept = 0;
    if (sink->count > 0)
        qsort(sink->line, sink->count, sizeof *sink->line, by_frequency);
    for (size_t i = 0; i < sink->count;) {
        double first = sink->line[i].hz;
        double sum = 0;
        double moment = 0;
        for (; i < sink->count && sink->line[i].hz - first <= merge_hz; ++i) {
            sum += sink->line[i].intensity;
            moment += sink->line[i].intensity * (sink->line[i].hz - first);
        }
        sink->line[kept++] = (fmx_line){first + (sum > 0 ? moment / sum : 0), sum};
    }
    sink->count = kept;
}

static void graph_release(spin_graph *g)
{
    free(g->hz);
    free(g->n);
    free(g->population);
    free(g->j_hz);
    free(g->part);
    free(g->cluster);
    *g = (spin_graph){0};
}

/* Groups become nodes, or every spin one of its own when `expand`. */
static fmx_status graph_make(fmx_context *ctx, const fmx_compound *compound, double field_mhz,
                             bool expand, spin_graph *g)
{
    *g = (spin_graph){0};
    size_t at[FMX_SPINS_MOST_GROUPS + 1] = {0};
    for (size_t i = 0; i < compound->group_count; ++i)
        at[i + 1] = at[i] + (expand ? (size_t)compound->group[i].n : 1);
    g->groups = at[compound->group_count];
    fmx_status status = fmx__alloc(ctx, g->groups, sizeof *g->hz, "a spin system", &g->hz);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, g->groups, sizeof *g->n, "a spin system", &g->n);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, g->groups, sizeof *g->population, "a spin system", &g->population);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, g->groups * g->groups, sizeof *g->j_hz, "a spin system", &g->j_hz);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, g->groups, sizeof *g->part, "a spin system", &g->part);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, g->groups, sizeof *g->cluster, "a spin system", &g->cluster);
    for (size_t i = 0; status == FMX_OK && i < compound->group_count; ++i) {
        for (size_t s = at[i]; s < at[i + 1]; ++s) {
            g->hz[s] = compound->group[i].ppm * field_mhz;
            g->n[s] = expand ? 1 : compound->group[i].n;
            g->population[s] = compound->group[i].population;
        }
    }
    for (size_t i = 0; status == FMX_OK && i < compound->coupling_count; ++i) {
        const fmx_spin_coupling *c = &compound->coupling[i];
        for (size_t a = at[c->a]; a < at[c->a + 1]; ++a) {
            for (size_t b = at[c->b]; b < at[c->b + 1]; ++b) {
                g->j_hz[a * g->groups + b] = c->hz;
                g->j_hz[b * g->groups + a] = c->hz;
            }
        }
    }
    return status;
}

/* Gives every member of the sets of a and b the smaller of their labels. */
static void join(size_t *label, size_t count, size_t a, size_t b)
{
    size_t keep = label[a] < label[b] ? label[a] : label[b];
    size_t drop = label[a] < label[b] ? label[b] : label[a];
    for (size_t i = 0; i < count; ++i) {
        if (label[i] == drop)
            label[i] = keep;
    }
}

static void find_parts(spin_graph *g)
{
    for (size_t a = 0; a < g->groups; ++a)
        g->part[a] = g->cluster[a] = a;
    for (size_t a = 0; a < g->groups; ++a) {
        for (size_t b = 0; b < a; ++b) {
            if (g->j_hz[a * g->groups + b] != 0 && g->part[a] != g->part[b])
                join(g->part, g->groups, a, b);
        }
    }
}

/* Product states of two sets together. */
static double joint_states(const spin_graph *g, size_t a, size_t b)
{
    double states = 1;
    for (size_t i = 0; i < g->groups; ++i) {
        if (g->cluster[i] == a || g->cluster[i] == b)
            states *= g->n[i] + 1;
    }
    return states;
}

/* Joins the groups of a part along the largest |J / (nu_a - nu_b)| as long as clusters stay within
 * most_states. */
static void find_clusters(spin_graph *g, size_t part, double most_states)
{
    for (size_t i = 0; i < g->groups; ++i)
        g->cluster[i] = g->part[i] == part ? i : g->cluster[i];
    for (;;) {
        double strongest = 0;
        size_t best_a = 0;
        size_t best_b = 0;
        for (size_t a = 0; a < g->groups; ++a) {
            for (size_t b = 0; b < a; ++b) {
                double j = fabs(g->j_hz[a * g->groups + b]);
                double strength = j / (fabs(g->hz[a] - g->hz[b]) + 1e-6);
                if (g->part[a] == part && g->part[b] == part && g->cluster[a] != g->cluster[b] &&
                    strength > strongest &&
                    joint_states(g, g->cluster[a], g->cluster[b]) <= most_states) {
                    strongest = strength;
                    best_a = a;
                    best_b = b;
                }
            }
        }
        if (strongest == 0)
            return;
        join(g->cluster, g->groups, best_a, best_b);
    }
}

/* A cluster and what is coupled to it across cuts. */
typedef struct cut {
    fmx__spin_cluster inside;
    size_t member[FMX__CLUSTER_MOST_GROUPS];
    size_t outside[MOST_OUTSIDE];
    size_t outside_count;
    double configurations; /* of the spins outside */
    bool fits;
} cut;

static cut cut_of(const spin_graph *g, size_t cluster, double negligible_hz)
{
    cut c = {.configurations = 1, .fits = true};
    for (size_t i = 0; i < g->groups; ++i) {
        if (g->cluster[i] != cluster)
            continue;
        if (c.inside.groups == FMX__CLUSTER_MOST_GROUPS) {
            c.fits = false;
            return c;
        }
        c.inside.n[c.inside.groups] = g->n[i];
        c.inside.hz[c.inside.groups] = g->hz[i];
        c.member[c.inside.groups++] = i;
    }
    for (size_t a = 0; a < c.inside.groups; ++a) {
        for (size_t b = 0; b < c.inside.groups; ++b)
            c.inside.j_hz[a][b] = g->j_hz[c.member[a] * g->groups + c.member[b]];
    }
    for (size_t o = 0; o < g->groups; ++o) {
        double most = 0;
        for (size_t a = 0; g->cluster[o] != cluster && a < c.inside.groups; ++a)
            most = fmax(most, fabs(g->j_hz[c.member[a] * g->groups + o]));
        if (most * g->n[o] <= negligible_hz)
            continue;
        if (c.outside_count == MOST_OUTSIDE) {
            c.fits = false;
            return c;
        }
        c.outside[c.outside_count++] = o;
        c.configurations *= g->n[o] + 1;
    }
    return c;
}

/* Work for all clusters of a part. */
static double cost_of_part(const spin_graph *g, size_t part, double negligible_hz)
{
    double cost = 0;
    for (size_t i = 0; i < g->groups; ++i) {
        if (g->part[i] != part || g->cluster[i] != i)
            continue;
        cut c = cut_of(g, i, negligible_hz);
        if (!c.fits)
            return INFINITY;
        cost += c.configurations * fmx__cluster_cost(&c.inside);
    }
    return cost;
}

/* The lines of one cluster: the spins outside take every configuration of their m, with its share,
 * and shift the groups inside by sum J m. */
static fmx_status solve_cut(fmx_context *ctx, const spin_graph *g, const cut *c, double weight,
                            double merge_hz, fmx__line_sink *sink)
{
    int down[MOST_OUTSIDE] = {0};
    fmx_status status = FMX_OK;
    for (double done = 0; status == FMX_OK && done < c->configurations; ++done) {
        fmx__spin_cluster shifted = c->inside;
        double share = weight;
        for (size_t o = 0; o < c->outside_count; ++o) {
            int n = g->n[c->outside[o]];
            share *= ldexp(fmx__binomial(n, down[o]), -n);
            for (size_t a = 0; a < shifted.groups; ++a)
                shifted.hz[a] +=
                    g->j_hz[c->member[a] * g->groups + c->outside[o]] * (0.5 * n - down[o]);
        }
        status = fmx__cluster_lines(ctx, &shifted, share, sink);
        if (sink->count > MANY_LINES)
            fmx__lines_merge(sink, merge_hz);
        for (size_t o = 0; o < c->outside_count; ++o) {
            if (++down[o] <= g->n[c->outside[o]])
                break;
            down[o] = 0;
        }
    }
    return status;
}

/* Lines of one part of the graph, appended merged and scaled to its number of protons. */
static fmx_status solve_part(fmx_context *ctx, spin_graph *g, size_t part,
                             const fmx_spin_options *options, fmx__line_sink *sink)
{
    fmx__line_sink own = {.cutoff = options->least * 1e-3};
    double negligible_hz = 0.5 * options->merge_hz;
    double states = (double)options->most_states;
    double protons = 0;
    for (size_t i = 0; i < g->groups; ++i) {
        if (g->part[i] != part)
            continue;
        protons += g->n[i] * g->population[i];
        if (g->population[i] != g->population[part])
            return fmx__fail(ctx, FMX_ERROR_ARGUMENT,
                             "groups %zu and %zu are coupled but have different populations", part,
                             i);
    }
    /* smaller clusters where the configurations outside are too many */
    do {
        find_clusters(g, part, states);
        states = floor(states / 2);
    } while (states >= 4 && cost_of_part(g, part, negligible_hz) > most_cost);
    fmx_status status = FMX_OK;
    if (cost_of_part(g, part, negligible_hz) > most_cost)
        status = fmx__fail(ctx, FMX_ERROR_UNSUPPORTED,
                           "a part of the coupling graph is too large even when cut");
    for (size_t i = 0; status == FMX_OK && i < g->groups; ++i) {
        if (g->part[i] == part && g->cluster[i] == i) {
            cut c = cut_of(g, i, negligible_hz);
            status = solve_cut(ctx, g, &c, g->population[part], options->merge_hz, &own);
            fmx__lines_merge(&own, options->merge_hz);
        }
    }
    double sum = 0;
    for (size_t i = 0; i < own.count; ++i)
        sum += own.line[i].intensity > options->least ? own.line[i].intensity : 0;
    for (size_t i = 0; status == FMX_OK && i < own.count; ++i) {
        if (own.line[i].intensity > options->least)
            status = fmx__line_append(ctx, sink, own.line[i].hz,
                                      own.line[i].intensity * (protons / sum));
    }
    free(own.line);
    return status;
}

static fmx_status check(fmx_context *ctx, const fmx_compound *compound, double field_mhz,
                        const fmx_spin_options *options)
{
    const char *name = compound->name != NULL ? compound->name : "a compound";
    if (!(field_mhz > 0 && field_mhz < 1e5) || !(options->merge_hz >= 0) ||
        !(options->least >= 0 && options->least < 0.01) || options->most_states < 2 ||
        options->most_states > FMX__CLUSTER_MOST_STATES)
        return fmx__fail(ctx, FMX_ERROR_ARGUMENT,
                         "%s: lines need a field above 0 MHz, merge_hz >= 0, least in 0..0.01 and "
                         "most_states in 2..%d",
                         name, FMX__CLUSTER_MOST_STATES);
    if (compound->group_count == 0 || compound->group_count > FMX_SPINS_MOST_GROUPS)
        return fmx__fail(ctx, FMX_ERROR_ARGUMENT, "%s: %zu groups of spins, 1 to %d are possible",
                         name, compound->group_count, FMX_SPINS_MOST_GROUPS);
    for (size_t i = 0; i < compound->group_count; ++i) {
        const fmx_spin_group *g = &compound->group[i];
        if (!isfinite(g->ppm) || g->n < 1 || g->n > FMX_SPINS_MOST_PER_GROUP ||
            !(g->population > 0 && g->population <= 1))
            return fmx__fail(
                ctx, FMX_ERROR_ARGUMENT,
                "%s, group %s: needs a shift, 1 to %d spins and a population in (0, 1]", name,
                g->id, FMX_SPINS_MOST_PER_GROUP);
    }
    for (size_t i = 0; i < compound->coupling_count; ++i) {
        const fmx_spin_coupling *c = &compound->coupling[i];
        if (c->a >= compound->group_count || c->b >= compound->group_count || c->a == c->b ||
            !isfinite(c->hz))
            return fmx__fail(ctx, FMX_ERROR_ARGUMENT, "%s: coupling %zu joins no two groups", name,
                             i);
    }
    return FMX_OK;
}

static fmx_status solve(fmx_context *ctx, const fmx_compound *compound, double field_mhz,
                        const fmx_spin_options *options, fmx_line_list *out)
{
    spin_graph g = {0};
    fmx__line_sink sink = {0};
    fmx_status status = graph_make(ctx, compound, field_mhz, !options->use_equivalence, &g);
    if (status == FMX_OK)
        find_parts(&g);
    for (size_t i = 0; status == FMX_OK && i < g.groups; ++i) {
        if (g.part[i] == i)
            status = solve_part(ctx, &g, i, options, &sink);
    }
    if (status == FMX_OK) {
        fmx__lines_merge(&sink, options->merge_hz);
        out->line = sink.line;
        out->count = sink.count;
        sink.line = NULL;
    }
    free(sink.line);
    graph_release(&g);
    return fmx__fail_in(ctx, status, "%s", compound->name != NULL ? compound->name : "a compound");
}

/* Everything that the lines depend on, as text. */
static fmx_status cache_key(fmx_context *ctx, const fmx_compound *compound, double field_mhz,
                            const fmx_spin_options *options, char **out)
{
    size_t most = 256 + 96 * (compound->group_count + compound->coupling_count);
    fmx_status status = fmx__alloc(ctx, most, 1, "a cache key", out);
    if (status != FMX_OK)
        return status;
    size_t at = (size_t)snprintf(*out, most,
                                 "lines 1; field %.17g; merge %.17g; least %.17g; "
                                 "states %zu; equivalence %d\n",
                                 field_mhz, options->merge_hz, options->least, options->most_states,
                                 options->use_equivalence);
    for (size_t i = 0; i < compound->group_count; ++i)
        at += (size_t)snprintf(*out + at, most - at, "%.17g x%d %.17g\n", compound->group[i].ppm,
                               compound->group[i].n, compound->group[i].population);
    for (size_t i = 0; i < compound->coupling_count; ++i)
        at += (size_t)snprintf(*out + at, most - at, "%zu-%zu %.17g\n", compound->coupling[i].a,
                               compound->coupling[i].b, compound->coupling[i].hz);
    return FMX_OK;
}

fmx_status fmx_spin_lines(fmx_context *ctx, const fmx_compound *compound, double field_mhz,
                          const fmx_spin_options *options, fmx_line_list *out)
{
    static const fmx_spin_options defaults = FMX_SPIN_OPTIONS_DEFAULT;
    char *key = NULL;
    unsigned char *kept = NULL;
    size_t bytes = 0;
    *out = (fmx_line_list){0};
    if (options == NULL)
        options = &defaults;
    fmx_status status = check(ctx, compound, field_mhz, options);
    if (status == FMX_OK && options->use_cache)
        status = cache_key(ctx, compound, field_mhz, options, &key);
    if (status == FMX_OK && key != NULL)
        fmx__cache_load(ctx, key, "lines", &kept, &bytes);
    if (status == FMX_OK && kept != NULL && bytes % sizeof *out->line == 0) {
        out->line = (fmx_line *)(void *)kept;
        out->count = bytes / sizeof *out->line;
        kept = NULL;
    } else if (status == FMX_OK) {
        status = solve(ctx, compound, field_mhz, options, out);
        if (status == FMX_OK && key != NULL)
            fmx__cache_store(ctx, key, "lines", (const unsigned char *)out->line,
                             out->count * sizeof *out->line);
    }
    for (size_t i = 0; status == FMX_OK && i < compound->group_count; ++i)
        out->protons += compound->group[i].n * compound->group[i].population;
    free(key);
    free(kept);
    if (status != FMX_OK)
        fmx_line_list_clear(out);
    return status;
}

void fmx_line_list_clear(fmx_line_list *list)
{
    free(list->line);
    *list = (fmx_line_list){0};
}

void fmx__find_equivalent(const double *ppm, const double *j_hz, size_t spins, size_t *class_of)
{
    bool changed = true;
    for (size_t i = 0; i < spins; ++i) {
        class_of[i] = i;
        for (size_t k = i; k-- > 0;) {
            if (ppm[k] == ppm[i])
                class_of[i] = k;
        }
    }
    /* split classes whose members differ towards a spin outside, until nothing changes */
    while (changed) {
        changed = false;
        for (size_t i = 0; i < spins; ++i) {
            size_t home = class_of[i];
            bool differs = false;
            for (size_t o = 0; home != i && o < spins; ++o)
                differs = differs ||
                          (class_of[o] != home && j_hz[i * spins + o] != j_hz[home * spins + o]);
            if (!differs)
                continue;
            /* i and the later members that agree with it leave together */
            class_of[i] = i;
            for (size_t k = i + 1; k < spins; ++k) {
                bool agrees = class_of[k] == home;
                for (size_t o = 0; agrees && o < spins; ++o)
                    agrees = class_of[o] == home || o == i || class_of[o] == i ||
                             j_hz[i * spins + o] == j_hz[k * spins + o];
                if (agrees)
                    class_of[k] = i;
            }
            changed = true;
        }
    }
}
