/* The source `queries`: mixtures made from spin systems on the device, candidates of a library, and
 * what the query chain shows of each that may be there. Item i is query i % items of mixture
 * i / items. Waits for the device where the chain does. docs/query_model.md. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "generator.h"
#include "mixture_draw.h"
#include "philox.h"
#include "query_chain.h"
#include "recipe_sections.h"
#include "source.h"

enum {
    TOGETHER = 8,   /* mixtures of one field that follow each other */
    WORLDS = 8,     /* fields */
    DRAW = 1 << 20, /* first position of this file's draws in a mixture's stream */
};

/* One field. */
typedef struct world {
    fmx__generator_options options; /* the recipe's with another field */
    fmx_library *library;
    fmx__pattern_table table;
    fmx__generator *generator;
    fmx__query_chain *chain;
    uint32_t *order;   /* [compounds]: a shuffle in the making */
    uint32_t *allowed; /* [alloweds] compounds that are not held out */
    size_t alloweds;
    uint8_t *candidate;          /* [most][compounds] */
    fmx__generator_facts *facts; /* [most] */
    double *width_hz;            /* [most] */
} world;

typedef struct asked {
    const fmx__query_options *options;
    world world[WORLDS];
    size_t worlds;
    size_t most; /* mixtures of a batch */
    uint64_t seed;
    fmx_buffer *spectra; /* float [most][points] */
    float *target;       /* [batch] */
    uint32_t *chosen;    /* [items] queries of a mixture */
    uint32_t *possible;  /* [FMX__QUERY_SURVIVORS] */
} asked;

static char present[] = "present";
static char *const class_names[] = {present};

/* ---- opening --------------------------------------------------------------------------------- */

static fmx_status open_world(fmx__source *source, asked *a, const fmx__generator_options *options,
                             double field_mhz, world *w)
{
    const fmx__source_site *site = &source->site;
    const fmx__axis *axis = NULL;
    fmx_context *ctx = source->ctx;
    w->options = *options;
    w->options.field_mhz = field_mhz;
    fmx_status status = fmx__recipe_axis(ctx, site->recipe, &axis);
    if (status == FMX_OK)
        status = fmx__generator_check(ctx, &w->options);
    if (status == FMX_OK)
        status = fmx__generator_library(ctx, &w->options, &w->library);
    if (status != FMX_OK)
        return status;
    const fmx__multiplet_axis points = {axis->first_ppm, axis->last_ppm, (size_t)axis->points};
    const fmx__generator_plan plan = {site->device, w->library, &w->options,
                                      points,       a->most,    a->seed};
    size_t compounds = w->library->compounds;
    status = fmx__generator_create(&plan, &w->generator);
    if (status == FMX_OK)
        status = fmx__pattern_table_create(site->device, w->library, &points, NULL, 0, &w->table);
    if (status == FMX_OK)
        status = fmx__query_chain_create(site->device, &w->table, a->options, a->most, &w->chain);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, compounds, sizeof *w->order, "candidates", &w->order);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, compounds, sizeof *w->allowed, "candidates", &w->allowed);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, compounds * a->most, 1, "candidates", &w->candidate);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, a->most, sizeof *w->facts, "mixtures", &w->facts);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, a->most, sizeof *w->width_hz, "mixtures", &w->width_hz);
    for (size_t c = 0; status == FMX_OK && c < compounds; ++c) {
        if (!fmx__generator_holds_out(w->library->compound[c].name, options->held_out))
            w->allowed[w->alloweds++] = (uint32_t)c;
    }
    return status;
}

static void close_world(world *w)
{
    free(w->width_hz);
    free(w->facts);
    free(w->candidate);
    free(w->allowed);
    free(w->order);
    fmx__query_chain_release(w->chain);
    fmx__pattern_table_clear(&w->table);
    fmx__generator_release(w->generator);
    fmx_library_release(w->library);
}

/* The fields: those of the list, or the library's own. */
static fmx_status open_worlds(fmx__source *source, asked *a)
{
    const fmx__generator_options *options =
        fmx__recipe_find(source->site.recipe, "library")->options;
    const char *at = a->options->fields_mhz;
    fmx_status status = FMX_OK;
    if (!options->by_noise)
        return fmx__fail(source->ctx, FMX_ERROR_RECIPE,
                         "%s: train.source: queries looks at spectra in units of their noise: set "
                         "library.by_noise to true, and snr_least",
                         source->site.recipe->file);
    if (*at == '\0') {
        a->worlds = 1;
        status = open_world(source, a, options, options->field_mhz, &a->world[0]);
    }
    while (status == FMX_OK && *at != '\0') {
        char *end = NULL;
        double field = strtod(at, &end);
        if (end == at || !(field > 0) || a->worlds == WORLDS)
            return fmx__fail(source->ctx, FMX_ERROR_RECIPE,
                             "%s: queries.fields_mhz: \"%s\": up to %d fields in MHz, separated by "
                             "commas",
                             source->site.recipe->file, a->options->fields_mhz, (int)WORLDS);
        status = open_world(source, a, options, field, &a->world[a->worlds++]);
        at = end + strspn(end, ", ");
    }
    return status;
}

static void describe(fmx__source *source)
{
    const fmx__train *train = source->site.train;
    source->channels = FMX__QUERY_CHANNELS;
    source->positions = FMX__QUERY_WINDOW;
    source->target[0] = (fmx__source_target){"classes", 1, 1};
    source->target_count = 1;
    source->classes = 1;
    source->class_name = class_names;
    source->names_compounds = true;
    for (int split = 0; split < FMX__SPLITS; ++split) {
        int64_t items = split == FMX__SPLIT_TRAIN ? train->items : train->validation;
        items = items > 0 ? items : train->items;
        source->items[split] =
            split == FMX__SPLIT_VALIDATION && !train->validate ? 0 : (size_t)items;
    }
}

static fmx_status open_queries(fmx__source *source)
{
    asked *a = NULL;
    const fmx__recipe *recipe = source->site.recipe;
    const fmx__query_options *options = fmx__recipe_find(recipe, "queries")->options;
    const fmx__axis *axis = NULL;
    size_t batch = (size_t)source->site.train->batch;
    fmx_status status = fmx__alloc(source->ctx, 1, sizeof *a, "a source", &a);
    source->state = a;
    if (status == FMX_OK)
        status = fmx__recipe_axis(source->ctx, recipe, &axis);
    if (status != FMX_OK)
        return status;
    if (options->candidates_least > options->candidates_most || source->site.train->items < 1)
        return fmx__fail(source->ctx, FMX_ERROR_RECIPE,
                         "%s: queries: candidates_least (%lld) must not be above candidates_most "
                         "(%lld), and train.items says how many queries an epoch has",
                         recipe->file, (long long)options->candidates_least,
                         (long long)options->candidates_most);
    a->options = options;
    a->seed = (uint64_t)recipe->head.seed;
    a->most = (batch - 1) / (size_t)options->items + 2;
    status = open_worlds(source, a);
    if (status == FMX_OK)
        status = fmx_buffer_create(source->site.device,
                                   a->most * (size_t)axis->points * sizeof(float), &a->spectra);
    if (status == FMX_OK)
        status = fmx__alloc(source->ctx, batch, sizeof *a->target, "targets", &a->target);
    if (status == FMX_OK)
        status = fmx__alloc(source->ctx, (size_t)options->items, sizeof *a->chosen, "queries",
                            &a->chosen);
    if (status == FMX_OK)
        status = fmx__alloc(source->ctx, FMX__QUERY_SURVIVORS, sizeof *a->possible, "queries",
                            &a->possible);
    if (status == FMX_OK)
        describe(source);
    return status == FMX_OK ? FMX_OK : fmx__fail_in(source->ctx, status, "%s", recipe->file);
}

static void close_queries(fmx__source *source)
{
    asked *a = source->state;
    if (a == NULL)
        return;
    for (size_t i = 0; i < a->worlds; ++i)
        close_world(&a->world[i]);
    fmx_buffer_release(a->spectra);
    free(a->target);
    free(a->chosen);
    free(a->possible);
    free(a);
}

/* ---- what a mixture is asked about ----------------------------------------------------------- */

/* A stream of words for what this file draws of a mixture. */
typedef struct dice {
    uint64_t seed;
    uint64_t item;
    uint32_t draw;
    uint32_t position;
} dice;

static uint32_t roll(dice *d)
{
    uint32_t word[4];
    fmx__random_words(word, d->seed, FMX__PURPOSE_MIXTURE, d->item, d->draw,
                      (uint32_t)DRAW + d->position++);
    return word[0];
}

static bool is_present(const fmx__generator_facts *facts, size_t compound)
{
    for (size_t k = 0; k < facts->compounds; ++k) {
        if (facts->compound[k] == compound)
            return true;
    }
    return false;
}

/* Which compounds may be named: those present, but for a few unknown ones, or none of them, and
 * others at random. */
static void draw_candidates(const asked *a, world *w, size_t place, dice *d)
{
    const fmx__query_options *o = a->options;
    const fmx__generator_facts *facts = &w->facts[place];
    uint8_t *candidate = w->candidate + place * w->library->compounds;
    double ratio = (double)o->candidates_most / (double)o->candidates_least;
    double count = (double)o->candidates_least * fmx__random_power(ratio, roll(d));
    size_t wanted = count < (double)w->alloweds ? (size_t)count : w->alloweds;
    memset(candidate, 0, w->library->compounds);
    memcpy(w->order, w->allowed, w->alloweds * sizeof *w->order);
    for (size_t i = 0; i < wanted; ++i) {
        size_t k = i + fmx__random_below(roll(d), w->alloweds - i);
        uint32_t c = w->order[k];
        w->order[k] = w->order[i];
        w->order[i] = c;
        candidate[c] = !is_present(facts, c);
    }
    size_t commons = 0;
    const uint32_t *common = fmx__generator_common(w->generator, &commons);
    bool all = fmx__uniform(roll(d)) < 0.6; /* libraries hold what is common */
    for (size_t k = 0; all && k < commons; ++k)
        candidate[common[k]] = 1;
    double unknown = fmx__uniform(roll(d)) < o->strangers ? 1 : o->unknown;
    for (size_t k = 0; k < facts->compounds; ++k)
        candidate[facts->compound[k]] = fmx__uniform(roll(d)) >= unknown;
}

/* Whether two entries show the same multiplets at the same places: centre, extent, protons. */
static bool coincide(const fmx_library *library, const fmx_library_entry *a,
                     const fmx_library_entry *b, double within_ppm)
{
    if (a->multiplet_count != b->multiplet_count)
        return false;
    for (size_t m = 0; m < a->multiplet_count; ++m) {
        const fmx_library_multiplet *x = &library->multiplet[a->first_multiplet + m];
        const fmx_library_multiplet *y = &library->multiplet[b->first_multiplet + m];
        double extent = (x->high_ppm - x->low_ppm) - (y->high_ppm - y->low_ppm);
        if (fabs(x->ppm - y->ppm) > within_ppm || fabs(extent) > within_ppm / 3 ||
            fabs(x->protons - y->protons) > 0.15 * fmax(x->protons, y->protons))
            return false;
    }
    return true;
}

/* Whether an absent compound's best entry cannot be told from something that is present. */
static bool is_twin(const asked *a, const world *w, const fmx__generator_facts *facts, size_t entry)
{
    const fmx_library *library = w->library;
    for (size_t k = 0; k < facts->compounds; ++k) {
        const fmx_library_compound *c = &library->compound[facts->compound[k]];
        for (size_t e = c->first_entry; e < c->first_entry + c->entry_count; ++e) {
            if (coincide(library, &library->entry[entry], &library->entry[e],
                         a->options->twins_ppm))
                return true;
        }
    }
    return false;
}

/* The queries of a mixture, [first, end) of the answer, into a->chosen: a sample without choice, so
 * that probabilities are those of the chain's queries; where there are too few they come again.
 * Returns whether there is any. */
static bool choose(const asked *a, const world *w, const fmx__query_answer *answer, size_t place,
                   size_t first, size_t end, dice *d)
{
    size_t items = (size_t)a->options->items;
    const fmx__generator_facts *facts = &w->facts[place];
    size_t count = 0;
    for (size_t q = first; q < end; ++q) {
        const fmx__query *query = &answer->query[q];
        if (is_present(facts, query->compound) || !is_twin(a, w, facts, query->entry))
            a->possible[count++] = (uint32_t)q;
    }
    for (size_t i = 0; i < items && i < count; ++i) {
        size_t k = i + fmx__random_below(roll(d), count - i);
        uint32_t taken = a->possible[k];
        a->possible[k] = a->possible[i];
        a->possible[i] = taken;
    }
    for (size_t i = 0; i < items && count > 0; ++i)
        a->chosen[i] = a->possible[i % (count < items ? count : items)];
    return count > 0;
}

/* ---- batches --------------------------------------------------------------------------------- */

/* A run of mixtures [first, end) of one field: spectra, candidates, answer. */
static fmx_status ask(fmx__source *source, world *w, uint64_t first, uint64_t end, uint32_t draw,
                      fmx__query_answer *answer)
{
    asked *a = source->state;
    size_t count = (size_t)(end - first);
    const fmx__generator_batch made = {.spectra = a->spectra};
    fmx_status status = fmx__generator_fill(w->generator, first, count, draw, &made);
    for (size_t i = 0; status == FMX_OK && i < count; ++i) {
        dice d = {a->seed, first + i, draw, 0};
        fmx__generator_look(w->generator, first + i, draw, &w->facts[i]);
        /* the reference line tells the width to about 15 % */
        w->width_hz[i] = w->facts[i].width_hz * (0.85 + 0.3 * fmx__uniform(roll(&d)));
        draw_candidates(a, w, i, &d);
    }
    const fmx__query_spectra in = {a->spectra, count, w->width_hz, w->candidate};
    return status == FMX_OK ? fmx__query_chain_run(w->chain, &in, answer) : status;
}

/* Items [from, to) of a mixture, whose queries are [first, end) of the answer, from row `row` of
 * the batch on. */
static fmx_status hand_over(fmx__source *source, const world *w, const fmx__query_answer *answer,
                            size_t place, size_t first, size_t end, uint64_t mixture, uint32_t draw,
                            size_t from, size_t to, size_t row, fmx_buffer *input)
{
    asked *a = source->state;
    size_t bytes = (size_t)FMX__QUERY_CHANNELS * FMX__QUERY_WINDOW * sizeof(float);
    dice d = {a->seed, mixture, draw, 1 << 16};
    fmx_status status = FMX_OK;
    bool any = choose(a, w, answer, place, first, end, &d);
    for (size_t i = from; status == FMX_OK && i < to; ++i) {
        size_t to_byte = (row + i - from) * bytes;
        if (!any) {
            status = fmx_buffer_zero(input, to_byte, bytes);
            continue;
        }
        uint32_t compound = answer->query[a->chosen[i]].compound;
        a->target[row + i - from] = is_present(&w->facts[place], compound) ? 1 : 0;
        status = fmx_buffer_copy(input, to_byte, answer->windows, a->chosen[i] * bytes, bytes);
    }
    return status;
}

static fmx_status next_queries(fmx__source *source, fmx__split split, size_t epoch, size_t index,
                               fmx__source_batch *out)
{
    asked *a = source->state;
    size_t batch = (size_t)source->site.train->batch;
    size_t items = (size_t)a->options->items;
    size_t first = index * batch;
    size_t left = source->items[split] - first;
    size_t count = left < batch ? left : batch;
    size_t floats = (size_t)FMX__QUERY_CHANNELS * FMX__QUERY_WINDOW;
    uint32_t draw = fmx__mixture_draw_of(split, epoch);
    uint64_t last = (first + count - 1) / items + 1;
    fmx_status status = FMX_OK;
    memset(a->target, 0, batch * sizeof *a->target);
    for (uint64_t from = first / items; status == FMX_OK && from < last;) {
        uint64_t to = (from / TOGETHER + 1) * TOGETHER;
        to = to < last ? to : last;
        world *w = &a->world[from / TOGETHER % a->worlds];
        fmx__query_answer answer = {0};
        status = ask(source, w, from, to, draw, &answer);
        size_t q = 0;
        for (uint64_t m = from; status == FMX_OK && m < to; ++m) {
            size_t begin = m * items > first ? (size_t)(m * items) : first;
            size_t end = (size_t)(m + 1) * items;
            end = end < first + count ? end : first + count;
            size_t first_query = q;
            while (q < answer.queries && answer.query[q].spectrum == m - from)
                ++q;
            status = hand_over(source, w, &answer, (size_t)(m - from), first_query, q, m, draw,
                               begin - (size_t)m * items, end - (size_t)m * items, begin - first,
                               out->input);
        }
        from = to;
    }
    if (status == FMX_OK && count < batch)
        status = fmx_buffer_zero(out->input, count * floats * sizeof(float),
                                 (batch - count) * floats * sizeof(float));
    if (status == FMX_OK && out->target[0] != NULL)
        status = fmx_buffer_write(out->target[0], 0, a->target, batch * sizeof *a->target);
    out->count = status == FMX_OK ? count : 0;
    return status;
}

const fmx__source_kind fmx__source_queries = {"queries", false, open_queries, close_queries,
                                              next_queries};
