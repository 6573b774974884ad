#include "scan_fixture.h"

#include <stdlib.h>

enum { MOST_MULTIPLETS = 8, MOST_LINES = 48 };

static double next(uint64_t *state)
{
    *state = *state * 6364136223846793005U + 1442695040888963407U;
    return (double)(*state >> 33) / 2147483648.0;
}

static void add_line(fmx_library *l, fmx_library_multiplet *m, double ppm, double protons)
{
    l->line_ppm[l->lines] = ppm;
    l->line_protons[l->lines++] = (float)protons;
    ++m->line_count;
    m->ppm += ppm * protons;
    m->protons += protons;
}

/* Lines rise by at least a tenth of a Hz. */
static void add_multiplet(fmx_library *l, double field_mhz, uint64_t *state)
{
    static const size_t sizes[] = {1, 2, 3, 4, 4, 8, 16, MOST_LINES};
    fmx_library_multiplet *m = &l->multiplet[l->multiplets];
    double place = l->multiplets % 4 == 3 ? 5 + 4.4 * next(state) : 0.8 + 3.8 * next(state);
    size_t lines = sizes[(size_t)(8 * next(state))];
    double protons = 1 + (double)(size_t)(3 * next(state));
    *m = (fmx_library_multiplet){.first_line = l->lines};
    for (size_t i = 0; i < lines; ++i) {
        add_line(l, m, place, protons * (0.5 + next(state)) / (double)lines);
        place += (0.1 + (lines > 8 ? 3 : 9) * next(state)) / field_mhz;
    }
    m->ppm /= m->protons;
    m->low_ppm = l->line_ppm[m->first_line];
    m->high_ppm = l->line_ppm[l->lines - 1];
    l->entry[l->entries].protons += m->protons;
    ++l->entry[l->entries].multiplet_count;
    ++l->multiplets;
}

fmx_library *fmx_scan_library(size_t entries, double field_mhz, uint64_t seed)
{
    fmx_library *l = calloc(1, sizeof *l);
    if (l == NULL)
        return NULL;
    *l = (fmx_library){.field_mhz = field_mhz, .gap_ppm = 0.025};
    l->compound = calloc(entries, sizeof *l->compound);
    l->entry = calloc(entries, sizeof *l->entry);
    l->multiplet = calloc(entries * MOST_MULTIPLETS, sizeof *l->multiplet);
    l->line_ppm = calloc(entries * MOST_MULTIPLETS * MOST_LINES, sizeof *l->line_ppm);
    l->line_protons = calloc(entries * MOST_MULTIPLETS * MOST_LINES, sizeof *l->line_protons);
    if (l->compound == NULL || l->entry == NULL || l->multiplet == NULL || l->line_ppm == NULL ||
        l->line_protons == NULL) {
        fmx_library_release(l);
        return NULL;
    }
    for (; l->entries < entries; ++l->entries, ++l->compounds) {
        size_t multiplets = 2 + (size_t)(7 * next(&seed));
        l->compound[l->compounds] =
            (fmx_library_compound){.first_entry = l->entries, .entry_count = 1};
        l->entry[l->entries] =
            (fmx_library_entry){.compound = l->compounds, .first_multiplet = l->multiplets};
        for (size_t i = 0; i < multiplets; ++i)
            add_multiplet(l, field_mhz, &seed);
    }
    return l;
}
