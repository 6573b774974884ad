#include "multiplets.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "philox.h"

enum { LINES = 6, KINDS = 6, ATTEMPTS = 1000, MOST_MIXTURES = 1 << 22 };

/* Draws of the purpose SPECTRUM: what of a library a number is for. */
enum { DRAW_COMPOUND = 0x10000 };

static const char *const mixtures_names[] = {"listed", "all", NULL};
static const char *const layout_names[] = {"reshaped", "transposed", NULL};

#define FMX_FIELD(name) offsetof(fmx__multiplets_options, name)
static const fmx__option table[] = {
    {"path", FMX__OPTION_TEXT, FMX_FIELD(path), "", 0, 0, NULL,
     "JSON file with compounds (singles) and mixtures (train, test); empty: they are drawn"},
    {"library", FMX__OPTION_INTEGER, FMX_FIELD(library), "", 0, 9007199254740992.0, NULL,
     "seed of compounds and mixtures; apart from seed, so that trainings on one library can "
     "differ"},
    {"compounds", FMX__OPTION_INTEGER, FMX_FIELD(compounds), "", 1, 1024, NULL,
     "drawn: compounds of the library"},
    {"positions", FMX__OPTION_INTEGER, FMX_FIELD(positions), "points", 1, 4096, NULL,
     "drawn: places on the axis"},
    {"keep", FMX__OPTION_NUMBER, FMX_FIELD(keep), "", 0.001, 1, NULL,
     "drawn: probability that a multiplet is there; each place has two"},
    {"parts", FMX__OPTION_INTEGER, FMX_FIELD(parts), "", 1, FMX__MULTIPLETS_PARTS, NULL,
     "drawn: compounds of a mixture, repeats allowed"},
    {"mixtures", FMX__OPTION_CHOICE, FMX_FIELD(mixtures), "", 0, 0, mixtures_names,
     "listed: one list to train on and one to test on; all: every mixture there is, some held out"},
    {"listed", FMX__OPTION_INTEGER, FMX_FIELD(listed), "mixtures", 1, 1e6, NULL,
     "drawn and listed: mixtures of each list"},
    {"held_out", FMX__OPTION_INTEGER, FMX_FIELD(held_out), "mixtures", 0, 1e6, NULL,
     "all: mixtures that are never trained on"},
    {"area_spread", FMX__OPTION_NUMBER, FMX_FIELD(area_spread), "", 0, 1, NULL,
     "each multiplet of each constituent has its area times 1 +- this, uniform; 0: as it is"},
    {"noise", FMX__OPTION_NUMBER, FMX_FIELD(noise), "", 0, 100, NULL,
     "standard deviation of the noise on every line, in areas of a singlet"},
    {"layout", FMX__OPTION_CHOICE, FMX_FIELD(layout), "", 0, 0, layout_names,
     "how positions x lines become channels x positions: reshaped as published (values keep their "
     "order) or transposed (a channel is a line, a position a place)"},
};
#undef FMX_FIELD

static const fmx__multiplets_options defaults = {
    "", 0, 10, 21, 0.1, 3, FMX__MULTIPLETS_LISTED, 10, 70, 0, 0, FMX__MULTIPLETS_RESHAPED};

const fmx__option_group fmx__multiplets_group = {
    .name = "multiplets",
    .doc = "Mixtures of multiplets on a short axis, generated (train.source: multiplets).",
    .options = table,
    .option_count = FMX__COUNT(table),
    .defaults = &defaults,
    .options_size = sizeof defaults,
};

/* Areas as published; a true sextet would be 1 5 10 10 5 1. */
static const double kinds[KINDS][LINES] = {
    {1, 0, 0, 0, 0, 0}, {1, 1, 0, 0, 0, 0}, {1, 2, 1, 0, 0, 0},
    {1, 3, 3, 1, 0, 0}, {1, 4, 6, 4, 1, 0}, {1, 3, 6, 6, 3, 1},
};

/* ---- the library ----------------------------------------------------------------------------- */

/* Two multiplets a position, each kept with probability `keep`; true when there is any line. */
static bool draw_compound(const fmx__multiplets *m, size_t compound, uint32_t attempt, double *area)
{
    bool any = false;
    uint64_t seed = (uint64_t)m->options->library;
    memset(area, 0, m->values * sizeof *area);
    for (size_t p = 0; p < m->file.positions; ++p) {
        uint32_t word[4];
        fmx__random_words(word, seed, FMX__PURPOSE_SPECTRUM, compound, DRAW_COMPOUND + attempt,
                          (uint32_t)p);
        for (size_t k = 0; k < 2; ++k) {
            const double *kind = kinds[fmx__random_below(word[2 * k], KINDS)];
            if (fmx__uniform(word[2 * k + 1]) >= m->options->keep)
                continue;
            for (size_t l = 0; l < LINES; ++l)
                area[p * LINES + l] += kind[l];
            any = true;
        }
    }
    return any;
}

/* A compound without lines, or equal to one before it, could not be named: it is drawn again. */
static fmx_status draw_library(fmx_context *ctx, fmx__multiplets *m)
{
    fmx__multiplet_file *file = &m->file;
    file->compounds = (size_t)m->options->compounds;
    file->positions = (size_t)m->options->positions;
    file->lines = LINES;
    file->parts = (size_t)m->options->parts;
    m->values = file->positions * LINES;
    size_t bytes = m->values * sizeof *file->area;
    fmx_status status =
        fmx__alloc(ctx, file->compounds * m->values, sizeof *file->area, "a library", &file->area);
    for (size_t c = 0; status == FMX_OK && c < file->compounds; ++c) {
        double *area = file->area + c * m->values;
        bool fresh = false;
        for (uint32_t attempt = 0; !fresh && attempt < ATTEMPTS; ++attempt) {
            fresh = draw_compound(m, c, attempt, area);
            for (size_t k = 0; fresh && k < c; ++k)
                fresh = memcmp(area, file->area + k * m->values, bytes) != 0;
        }
        if (!fresh)
            status = fmx__fail(ctx, FMX_ERROR_RECIPE,
                               "multiplets: no %zu different compounds come out of %zu positions "
                               "with keep %g; raise positions or keep",
                               file->compounds, file->positions, m->options->keep);
    }
    return status;
}

/* ---- mixtures -------------------------------------------------------------------------------- */

static fmx_status draw_listed(fmx_context *ctx, fmx__multiplets *m, uint32_t draw,
                              fmx__multiplet_list *list)
{
    size_t parts = m->file.parts;
    list->count = (size_t)m->options->listed;
    fmx_status status =
        fmx__alloc(ctx, list->count * parts, sizeof *list->compound, "mixtures", &list->compound);
    for (size_t i = 0; status == FMX_OK && i < list->count; ++i) {
        uint32_t word[FMX__MULTIPLETS_PARTS];
        for (uint32_t block = 0; block < FMX__MULTIPLETS_PARTS / 4; ++block)
            fmx__random_words(word + 4 * block, (uint64_t)m->options->library, FMX__PURPOSE_MIXTURE,
                              i, draw, block);
        for (size_t k = 0; k < parts; ++k)
            list->compound[i * parts + k] = (uint32_t)fmx__random_below(word[k], m->file.compounds);
    }
    return status;
}

/* Choices of `parts` among `compounds` with repeats: (compounds + parts - 1 over parts). */
static size_t count_all(size_t compounds, size_t parts)
{
    double count = 1;
    for (size_t k = 1; k <= parts; ++k)
        count = count * (double)(compounds + k - 1) / (double)k;
    return count > MOST_MIXTURES ? 0 : (size_t)(count + 0.5);
}

/* Every choice in ascending order: 0 0 0, 0 0 1, ... */
static void list_all(size_t compounds, size_t parts, size_t count, uint32_t *out)
{
    uint32_t at[FMX__MULTIPLETS_PARTS] = {0};
    for (size_t i = 0; i < count; ++i) {
        memcpy(out + i * parts, at, parts * sizeof *at);
        size_t k = parts;
        while (k > 0 && at[k - 1] + 1 == compounds)
            --k;
        if (k == 0)
            return;
        ++at[k - 1];
        for (size_t j = k; j < parts; ++j)
            at[j] = at[k - 1];
    }
}

static void swap_mixtures(uint32_t *list, size_t parts, size_t a, size_t b)
{
    uint32_t kept[FMX__MULTIPLETS_PARTS];
    memcpy(kept, list + a * parts, parts * sizeof *kept);
    memmove(list + a * parts, list + b * parts, parts * sizeof *kept);
    memcpy(list + b * parts, kept, parts * sizeof *kept);
}

/* Every mixture, shuffled (Fisher and Yates, key (library, SPLIT)): the first are held out. */
static fmx_status deal_all(fmx_context *ctx, fmx__multiplets *m)
{
    size_t parts = m->file.parts;
    size_t count = count_all(m->file.compounds, parts);
    size_t held_out = (size_t)m->options->held_out;
    uint32_t *all = NULL;
    if (count <= held_out)
        return fmx__fail(ctx, FMX_ERROR_RECIPE,
                         "multiplets: held_out: %zu mixtures of %zu, 1 to 2^22 are needed beside "
                         "them; hold out fewer, or take fewer compounds or parts",
                         held_out, count);
    fmx_status status = fmx__alloc(ctx, count * parts, sizeof *all, "mixtures", &all);
    if (status != FMX_OK)
        return status;
    list_all(m->file.compounds, parts, count, all);
    for (size_t i = count; i > 1; --i) {
        uint32_t word[4];
        fmx__random_words(word, (uint64_t)m->options->library, FMX__PURPOSE_SPLIT, i, 0, 0);
        swap_mixtures(all, parts, i - 1, fmx__random_below(word[0], i));
    }
    fmx__multiplet_list *test = &m->file.test;
    status = fmx__alloc(ctx, held_out * parts, sizeof *all, "mixtures", &test->compound);
    if (status == FMX_OK && held_out > 0)
        memcpy(test->compound, all, held_out * parts * sizeof *all);
    test->count = status == FMX_OK ? held_out : 0;
    memmove(all, all + held_out * parts, (count - held_out) * parts * sizeof *all);
    m->file.train = (fmx__multiplet_list){count - held_out, all};
    return status;
}

fmx_status fmx__multiplets_create(fmx_context *ctx, const fmx__multiplets_options *options,
                                  uint64_t seed, fmx__multiplets *out)
{
    bool from_file = options->path[0] != '\0';
    bool listed = options->mixtures == FMX__MULTIPLETS_LISTED;
    *out = (fmx__multiplets){.options = options, .seed = seed};
    fmx_status status = from_file ? fmx__multiplet_file_read(ctx, options->path, &out->file)
                                  : draw_library(ctx, out);
    if (status != FMX_OK)
        return status;
    out->values = out->file.positions * out->file.lines;
    if (out->file.parts > FMX__MULTIPLETS_PARTS)
        return fmx__fail(ctx, FMX_ERROR_FORMAT, "%s: mixtures of %zu compounds; %d are possible",
                         options->path, out->file.parts, FMX__MULTIPLETS_PARTS);
    if (!listed) { /* the file's lists do not count */
        free(out->file.train.compound);
        free(out->file.test.compound);
        out->file.train = out->file.test = (fmx__multiplet_list){0};
        return deal_all(ctx, out);
    }
    if (from_file)
        return FMX_OK;
    status = draw_listed(ctx, out, FMX__SPLIT_TRAIN, &out->file.train);
    return status == FMX_OK ? draw_listed(ctx, out, FMX__SPLIT_TEST, &out->file.test) : status;
}

void fmx__multiplets_clear(fmx__multiplets *multiplets)
{
    fmx__multiplet_file_clear(&multiplets->file);
    *multiplets = (fmx__multiplets){0};
}

const fmx__multiplet_list *fmx__multiplets_list(const fmx__multiplets *m, fmx__split split)
{
    bool tests = split == FMX__SPLIT_TEST ||
                 (split == FMX__SPLIT_VALIDATION && m->options->mixtures == FMX__MULTIPLETS_LISTED);
    return tests ? &m->file.test : &m->file.train;
}

/* ---- items ----------------------------------------------------------------------------------- */

/* Where value [position][line] lies in the input. */
static size_t place_of(const fmx__multiplets *m, size_t position, size_t line)
{
    return m->options->layout == FMX__MULTIPLETS_TRANSPOSED ? line * m->file.positions + position
                                                            : position * m->file.lines + line;
}

/* Each item, split and epoch has a draw of its own. */
static void add_part(const fmx__multiplets *m, size_t part, uint64_t number, uint32_t draw,
                     fmx__multiplets_item *item)
{
    const double *area = m->file.area + item->compound[part] * m->values;
    float *source = item->sources != NULL ? item->sources + part * m->values : NULL;
    for (size_t p = 0; p < m->file.positions; ++p) {
        double factor = 1;
        if (m->options->area_spread > 0) {
            uint32_t word[4];
            fmx__random_words(word, m->seed, FMX__PURPOSE_AUGMENT, number, draw,
                              (uint32_t)(part * m->file.positions + p));
            factor += m->options->area_spread * (2 * fmx__uniform(word[0]) - 1);
        }
        for (size_t l = 0; l < m->file.lines; ++l) {
            float value = (float)(factor * area[p * m->file.lines + l]);
            item->input[place_of(m, p, l)] += value;
            if (source != NULL)
                source[place_of(m, p, l)] = value;
        }
    }
}

/* Box and Muller, two values of each pair of words. */
static void add_noise(const fmx__multiplets *m, uint64_t number, uint32_t draw, float *input)
{
    for (size_t i = 0; i < m->values; i += 4) {
        uint32_t word[4];
        fmx__random_words(word, m->seed, FMX__PURPOSE_NOISE, number, draw, (uint32_t)(i / 4));
        for (size_t k = 0; k < 4 && i + k < m->values; ++k) {
            double radius = sqrt(-2 * log((word[k & 2] + 0.5) * 0x1p-32));
            double angle = 2 * 3.14159265358979323846 * fmx__uniform(word[(k & 2) + 1]);
            double normal = radius * (k % 2 == 0 ? cos(angle) : sin(angle));
            input[i + k] += (float)(m->options->noise * normal);
        }
    }
}

void fmx__multiplets_make(const fmx__multiplets *m, fmx__split split, uint64_t number,
                          uint32_t draw, fmx__multiplets_item *item)
{
    const fmx__multiplet_list *list = fmx__multiplets_list(m, split);
    size_t parts = m->file.parts;
    memcpy(item->compound, list->compound + number % list->count * parts,
           parts * sizeof *item->compound);
    memset(item->input, 0, m->values * sizeof *item->input);
    for (size_t k = 0; k < parts; ++k)
        add_part(m, k, number, draw, item);
    if (m->options->noise > 0)
        add_noise(m, number, draw, item->input);
}

fmx_status fmx__multiplets_name(fmx_context *ctx, size_t compound, char **out)
{
    return fmx__format(ctx, out, "c%zu", compound);
}
