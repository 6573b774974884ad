#include "found_fixture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_PPM 10.0
#define STEP_PPM 0.001
#define HALF_PPM 0.0012 /* half width of a line */

/* A multiplet of lines with heights 1:1, 1:3:3:1 and so on. */
typedef struct made {
    double ppm;
    int lines;
    double spacing_ppm;
    double protons;
    double share;
    double shift_ppm;
} made;

typedef struct made_compound {
    const char *name;
    const char *also;
    const char *synonyms;
    double probability;
    double amount; /* 0: candidate without signal */
    made multiplet[2];
    int multiplets;
} made_compound;

static const made_compound compounds[FMX_FOUND_COMPOUNDS] = {
    {"L-Valine", "", "", 0.31, 0, {{3.60, 2, 0.009, 1, 1, 0}, {5.499, 2, 0.012, 6, 1, 0}}, 2},
    {"Glycine", NULL, "", 0.97, 60, {{3.552, 1, 0, 2, 1, 0.001}}, 1},
    {"L-Alanine",
     "D-Alanine; <DL>",
     "Ala; <2-aminopropanoic> & \"acid\"",
     0.999,
     120,
     {{1.471, 2, 0.0145, 3, 1.02, -0.002}, {3.776, 4, 0.0145, 1, 0.62, 0.0175}},
     2},
    {"L-Lactate",
     "",
     "",
     0.93,
     90,
     {{1.322, 2, 0.014, 3, 1, 0.003}, {4.105, 4, 0.014, 1, 0.97, 0}},
     2},
};

static double binomial(int n, int k)
{
    double value = 1;
    for (int i = 0; i < k; ++i)
        value = value * (n - i) / (i + 1);
    return value;
}

/* Height of a multiplet of one amount at a place. */
static double height(const made *m, double ppm)
{
    double sum = 0;
    for (int k = 0; k < m->lines; ++k) {
        double line = m->ppm + (k - 0.5 * (m->lines - 1)) * m->spacing_ppm;
        double x = (ppm - line) / HALF_PPM;
        sum += binomial(m->lines - 1, k) / pow(2, m->lines - 1) / (1 + x * x);
    }
    return sum * m->protons;
}

static fmx_status make_multiplet(fmx_context *ctx, const made *from, double amount,
                                 fmx__found *item, fmx__found_multiplet *to)
{
    double reach = 0.5 * (from->lines - 1) * from->spacing_ppm;
    *to = (fmx__found_multiplet){
        .ppm = from->ppm,
        .low_ppm = from->ppm - reach,
        .high_ppm = from->ppm + reach,
        .shift_ppm = from->shift_ppm,
        .protons = from->protons,
        .share = from->share,
        .residual = from->share < 0.7 ? 2.4 : 0.8,
        .correlation = 0.97,
        .overlap = 0.01,
        .lines = (size_t)from->lines,
        .first = (size_t)lround((FIRST_PPM - from->ppm - reach - 0.02) / STEP_PPM),
        .count = (size_t)lround((2 * reach + 0.04) / STEP_PPM),
    };
    fmx_status status = fmx__alloc(ctx, to->count, sizeof(float), "a multiplet", &to->own);
    for (size_t i = 0; status == FMX_OK && i < to->count; ++i) {
        double h = amount * height(from, FIRST_PPM - STEP_PPM * (double)(to->first + i));
        to->own[i] = (float)h;
        item->observed[to->first + i] += (float)(h * from->share);
        item->fitted[to->first + i] += (float)h;
    }
    return status;
}

static fmx_status make_compound(fmx_context *ctx, const made_compound *from, fmx__found *item,
                                fmx__found_compound *to)
{
    *to = (fmx__found_compound){
        .name = from->name,
        .also = from->also,
        .synonyms = from->synonyms,
        .id = (size_t)(from - compounds),
        .logit = log(from->probability / (1 - from->probability)),
        .probability = from->probability,
        .shift_ppm = from->multiplet[0].shift_ppm,
        .amount = from->amount,
        .amount_low = 0.95 * from->amount,
        .amount_high = 1.05 * from->amount,
        .collinearity = from->amount > 100 ? 0.81 : 0.1,
        .rival = from->amount > 100 ? "L-Lactate" : NULL,
        .residual = 1,
        .explained = 0.9,
        .weakest = 0.6,
    };
    fmx_status status =
        fmx__alloc(ctx, (size_t)from->multiplets, sizeof *to->multiplet, "parts", &to->multiplet);
    for (int m = 0; status == FMX_OK && m < from->multiplets; ++m) {
        status = make_multiplet(ctx, &from->multiplet[m], from->amount, item, &to->multiplet[m]);
        to->multiplets += status == FMX_OK;
    }
    return status;
}

/* Noise of a fixed pattern, about one sigma, and the peak that nobody explains. */
static void add_rest(fmx_found_fixture *f)
{
    uint32_t state = 12345;
    for (size_t i = 0; i < FMX_FOUND_POINTS; ++i) {
        double x = (f->ppm[i] - FMX_FOUND_UNKNOWN_PPM) / HALF_PPM;
        state = state * 1664525U + 1013904223U;
        f->item.observed[i] +=
            (float)(400 / (1 + x * x) + 3.4 * ((double)state / 4294967296.0 - 0.5));
    }
}

static fmx_status join(fmx_context *ctx, fmx__found *item)
{
    fmx_status status = fmx__alloc(ctx, 3, sizeof *item->joined, "paths", &item->joined);
    for (size_t i = 0; status == FMX_OK && i < 3; ++i) {
        status = fmx__format(ctx, &item->joined[i], "raw/sample/%zu", i + 1);
        item->joined_count += status == FMX_OK;
    }
    item->drawn = 1;
    return status;
}

fmx_status fmx_found_fixture_make(fmx_context *ctx, bool joined, fmx_found_fixture *out)
{
    *out = (fmx_found_fixture){.item = {.candidates = 225,
                                        .threshold = 0.5,
                                        .offset_ppm = 0.0175,
                                        .offset_clear = true,
                                        .width_hz = 1.3,
                                        .seconds = 0.7}};
    fmx__found *item = &out->item;
    fmx_status status = fmx__alloc(ctx, FMX_FOUND_POINTS, sizeof *out->ppm, "an axis", &out->ppm);
    for (size_t i = 0; status == FMX_OK && i < FMX_FOUND_POINTS; ++i)
        out->ppm[i] = FIRST_PPM - STEP_PPM * (double)i;
    if (status == FMX_OK)
        status = fmx__format(ctx, &item->path, "raw/sample");
    if (status == FMX_OK)
        status = fmx__format(ctx, &item->name, "juice <3>");
    if (status == FMX_OK)
        status = fmx__alloc(ctx, FMX_FOUND_POINTS, sizeof(float), "a spectrum", &item->observed);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, FMX_FOUND_POINTS, sizeof(float), "a spectrum", &item->fitted);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, FMX_FOUND_COMPOUNDS, sizeof *item->compound, "compounds",
                            &item->compound);
    for (size_t c = 0; status == FMX_OK && c < FMX_FOUND_COMPOUNDS; ++c) {
        ++item->compounds;
        status = make_compound(ctx, &compounds[c], item, &item->compound[c]);
    }
    if (status == FMX_OK)
        add_rest(out);
    if (status == FMX_OK && joined)
        status = join(ctx, item);
    if (status == FMX_OK)
        fmx__found_sort(item);
    return status;
}

void fmx_found_fixture_clear(fmx_found_fixture *fixture)
{
    fmx__found_clear(&fixture->item);
    free(fixture->ppm);
    fixture->ppm = NULL;
}
