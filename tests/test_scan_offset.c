/* Hits of a scan: the reference's offset, scores of compounds. */
#include "scan_offset.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fmx_test.h"
#include "scan_fixture.h"

enum { ENTRIES = 40, MOST = 8 * ENTRIES, REACH = 60 };

/* Patterns and hits made by hand: no device. */
typedef struct made {
    fmx_library *library;
    fmx__pattern_table table;
    fmx__pattern pattern[2 * MOST];
    uint32_t pair[MOST][2];
    fmx__scan_hit hit[MOST][2];
    fmx__scan_list list;
} made;

static made *make(void)
{
    made *m = calloc(1, sizeof *m);
    m->library = fmx_scan_library(ENTRIES, 600, 9);
    m->table = (fmx__pattern_table){.library = m->library,
                                    .widths = 2,
                                    .patterns = m->library->multiplets,
                                    .pattern = m->pattern};
    for (size_t e = 0; e < ENTRIES; ++e) {
        const fmx_library_entry *entry = &m->library->entry[e];
        for (size_t i = entry->first_multiplet; i < entry->first_multiplet + entry->multiplet_count;
             ++i)
            m->pattern[m->table.patterns + i] =
                (fmx__pattern){.count = 20, .entry = (uint32_t)e, .lines = 3};
    }
    m->list = (fmx__scan_list){.table = &m->table,
                               .width = 1,
                               .pair = (const uint32_t(*)[2])m->pair,
                               .hit = (const fmx__scan_hit(*)[2])m->hit,
                               .count = m->library->multiplets};
    return m;
}

/* Hits all over the range; those of every `each`-th entry at shift + up to 3 points, well
 * correlated. */
static void fill(made *m, double centre, double shift, size_t each)
{
    float *random = fmx_test_random(3 * m->list.count, 21);
    for (size_t i = 0; i < m->list.count; ++i) {
        double to = rint(centre) + REACH * (double)random[3 * i];
        fmx__scan_hit hit = {(float)to, 1, 0.4F + 0.2F * random[3 * i + 1], 100};
        if (m->pattern[m->table.patterns + i].entry % each == 0) {
            hit.shift = (float)(shift + 3 * (double)random[3 * i]);
            hit.correlation = 0.97F;
        }
        m->pair[i][1] = (uint32_t)i;
        m->hit[i][0] = m->hit[i][1] = hit;
    }
    free(random);
}

static void clear_made(made *m)
{
    fmx_library_release(m->library);
    free(m);
}

Test(scan_offset, found)
{
    made *m = make();
    bool clear = false;
    const double shifts[] = {-33.4, 0.2, 47};
    for (size_t i = 0; i < 3; ++i) {
        fill(m, 5.3, shifts[i], 8);
        double offset = fmx__scan_offset(&m->list, 5.3, REACH, &clear);
        /* some twenty hits uniform within 3 points: a standard deviation of 0.4 */
        cr_assert(clear && fabs(offset - shifts[i]) < 1.2, "%g for %g", offset, shifts[i]);
    }
    clear_made(m);
}

/* What does not stand out is said not to; it may be right all the same. */
Test(scan_offset, not_clear)
{
    made *m = make();
    bool clear = true;
    fill(m, 5.3, 0, 10000);
    for (size_t i = 1; i < m->list.count; ++i)
        m->hit[i][1].correlation = 0; /* one good hit */
    double offset = fmx__scan_offset(&m->list, 5.3, REACH, &clear);
    cr_assert(fabs(offset - (double)m->hit[0][1].shift) < 1, "%g", offset);
    cr_assert_not(clear);
    fill(m, -5.3, -30, 8);
    for (size_t i = 0; i < m->list.count; ++i)
        m->hit[i][1].height = 1; /* noise */
    offset = fmx__scan_offset(&m->list, -5.3, REACH, &clear);
    cr_assert(fabs(offset + 30) < 1.2, "%g", offset);
    cr_assert_not(clear);
    fill(m, 0, -30, 8);
    for (size_t i = 0; i < m->list.count; ++i)
        m->hit[i][1].amplitude = 0;
    cr_assert_eq(fmx__scan_offset(&m->list, 0, REACH, &clear), 0);
    cr_assert_not(clear);
    m->list.count = 0;
    cr_assert_eq(fmx__scan_offset(&m->list, 1, FMX__SCAN_MOST_REACH, &clear), 1);
    cr_assert_not(clear);
    clear_made(m);
}

/* Single lines are worth 0.3 of others; an entry of one multiplet says nothing. */
Test(scan_offset, single_lines)
{
    made *m = make();
    bool clear = false;
    fill(m, 0, 40, 8);
    for (size_t i = 0; i < m->list.count; ++i) { /* twice as many entries at -30, single lines */
        if (m->pattern[m->table.patterns + i].entry % 4 == 1) {
            m->hit[i][1] = (fmx__scan_hit){-30, 1, 0.97F, 100};
            m->pattern[m->table.patterns + i].lines = 1;
        }
    }
    double offset = fmx__scan_offset(&m->list, 0, REACH, &clear);
    cr_assert(clear && fabs(offset - 40) < 1.2, "%g", offset);
    for (size_t i = 0; i < m->list.count; ++i) /* perfect hits, each of an entry of its own */
        m->hit[i][1] = (fmx__scan_hit){-30, 1, 1, 100};
    for (size_t i = 0; i < m->list.count; ++i)
        m->pattern[m->table.patterns + i].entry = (uint32_t)i;
    cr_assert_eq(fmx__scan_offset(&m->list, 0, REACH, &clear), 0);
    cr_assert_not(clear);
    clear_made(m);
}

/* States between measured ones have no say: all of them at -30 do not change what the others agree
 * on, nor where nobody else agrees on anything. */
Test(scan_offset, states_between)
{
    made *m = make();
    bool clear = false;
    fill(m, 0, 40, 8);
    double offset = fmx__scan_offset(&m->list, 0, REACH, &clear);
    for (size_t i = 0; i < m->list.count; ++i) {
        uint32_t entry = m->pattern[m->table.patterns + i].entry;
        if (entry % 8 == 1 || entry % 8 == 3) {
            m->library->entry[entry].is_between = true;
            m->hit[i][1] = (fmx__scan_hit){-30, 1, 0.99F, 100};
        }
    }
    /* random hits of those entries are gone */
    cr_assert_float_eq(fmx__scan_offset(&m->list, 0, REACH, &clear), offset, 0.2);
    cr_assert(clear);
    for (size_t e = 0; e < ENTRIES; ++e)
        m->library->entry[e].is_between = true;
    cr_assert_eq(fmx__scan_offset(&m->list, 0, REACH, &clear), 0);
    cr_assert_not(clear);
    clear_made(m);
}

/* Ten times as many compounds that are not there do not hide five that are. */
Test(scan_offset, many_candidates)
{
    made *m = make();
    fmx__scan_hit(*hit)[2] = calloc(10 * m->list.count, sizeof *hit);
    uint32_t(*pair)[2] = calloc(10 * m->list.count, sizeof *pair);
    float *random = fmx_test_random(20 * m->list.count, 33);
    bool clear = false;
    size_t count = m->list.count;
    fill(m, 0, 21, 8);
    for (size_t i = 0; i < 10 * count; ++i) {
        pair[i][1] = (uint32_t)(i % count);
        hit[i][1] = m->hit[i % count][1];
        if (i >= count) /* as well correlated as a third of what is there, anywhere */
            hit[i][1] =
                (fmx__scan_hit){REACH * random[2 * i], 1, 0.6F + 0.35F * random[2 * i + 1], 100};
    }
    m->list.pair = (const uint32_t(*)[2])pair;
    m->list.hit = (const fmx__scan_hit(*)[2])hit;
    m->list.count = 10 * count;
    double offset = fmx__scan_offset(&m->list, 0, REACH, &clear);
    cr_assert(clear && fabs(offset - 21) < 1.5, "%g", offset);
    free(random);
    free(pair);
    free(hit);
    clear_made(m);
}

/* Amplitude times prior of the weakest multiplet, its rule for five and more, and best entries. */
Test(scan_offset, compounds)
{
    fmx_test test = fmx_test_open_host();
    made *m = make();
    fmx__scan_score score[ENTRIES];
    fill(m, 0, 0, 8);
    for (size_t i = 0; i < m->list.count; ++i)
        m->hit[i][0] = (fmx__scan_hit){12, 2 + (float)(i * 7 % 13), 0.5F, 9};
    m->pattern[m->table.patterns].count = 0; /* the first entry's first: not on the axis */
    fmx_test_ok(&test, fmx__scan_compounds(test.ctx, &m->list, 2.5, score), "scores");
    for (size_t e = 0; e < ENTRIES; ++e) {
        const fmx_library_entry *entry = &m->library->entry[e];
        double first = INFINITY;
        double second = INFINITY;
        size_t skip = e == 0 ? 1 : 0;
        for (size_t i = entry->first_multiplet + skip;
             i < entry->first_multiplet + entry->multiplet_count; ++i) {
            double v = (double)m->hit[i][0].amplitude * fmx__scan_prior(9.5);
            second = fmin(second, fmax(first, v));
            first = fmin(first, v);
        }
        double expected = entry->multiplet_count - skip >= 5 ? fmax(first, 0.6 * second) : first;
        cr_assert_eq(score[e].entry, e);
        cr_assert_float_eq(score[e].weakest, expected, 1e-6);
    }
    /* the first compound takes over the second's entry, which is the better one */
    m->library->compound[0].entry_count = 2;
    for (size_t i = 0; i < m->library->entry[1].multiplet_count; ++i)
        m->hit[m->library->entry[1].first_multiplet + i][0].amplitude = 500;
    fmx_test_ok(&test, fmx__scan_compounds(test.ctx, &m->list, 12, score), "scores");
    cr_assert_eq(score[0].entry, 1);
    cr_assert_eq(score[0].weakest, 500);
    m->list.count = 0;
    fmx_test_ok(&test, fmx__scan_compounds(test.ctx, &m->list, 12, score), "scores");
    cr_assert(score[0].entry == UINT32_MAX && score[0].weakest == 0);
    fmx__fail_allocation(test.ctx, 1);
    fmx_test_refused(&test, fmx__scan_compounds(test.ctx, &m->list, 12, score), FMX_ERROR_MEMORY,
                     "");
    clear_made(m);
    fmx_test_close(&test);
}

Test(scan_offset, prior)
{
    cr_assert_float_eq(fmx__scan_prior(0), 1, 1e-15);
    cr_assert_float_eq(fmx__scan_prior(12), 0.65 * exp(-0.5) + 0.35 * exp(-72 / 1936.0), 1e-12);
    cr_assert_float_eq(fmx__scan_prior(-44), fmx__scan_prior(44), 0);
}
