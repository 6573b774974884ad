/* States between the measured ones of a compound. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "fidmix/library.h"
#include "fmx_test.h"
#include "program_fixture.h"

#define HEAD "entry\tname\tmetabolite\tn_spins\tspins(id:ppm)\tcouplings(id-id:Hz)\n"
#define J "\t1-4:7.2 2-4:7.2 3-4:7.2\n"

static char path[512];

static void write_table(const char *rows)
{
    snprintf(path, sizeof path, "%s/spins.tsv", folder);
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    fprintf(file, HEAD "%s", rows);
    fclose(file);
}

static fmx_library *build(const fmx_test *test, const char *rows, bool between)
{
    fmx_spin_library spins;
    fmx_library *library = NULL;
    fmx_library_options options = FMX_LIBRARY_DEFAULT;
    options.between = between;
    folder = fmx_test_folder();
    write_table(rows);
    fmx_test_ok(test, fmx_spin_library_read(test->ctx, path, &spins), "spins");
    fmx_test_ok(test, fmx_library_build(test->ctx, &spins, NULL, &options, &library, NULL),
                "build");
    fmx_spin_library_clear(&spins);
    return library;
}

/* States that are added to these rows. */
static size_t states(const fmx_test *test, const char *rows)
{
    fmx_library *l = build(test, rows, false);
    fmx_library *more = build(test, rows, true);
    size_t count = more->entries - l->entries;
    cr_assert_eq(more->compounds, l->compounds);
    fmx_library_release(more);
    fmx_library_release(l);
    return count;
}

/* 3.60 to 3.72 is 0.12, four steps of 0.03, so three states; the methyl group moves 0.04. Lines
 * are those of the nearer end, each multiplet moved by its own way. */
static const char alanine[] = "e1\tAlanine\t1\t4\t1:1.44 2:1.44 3:1.44 4:3.60" J
                              "e2\tAlanine - acid\t1\t4\t1:1.48 2:1.48 3:1.48 4:3.72" J;

Test(library_between, places_and_lines)
{
    fmx_test test = fmx_test_open_host();
    fmx_library *l = build(&test, alanine, true);
    cr_assert_eq(l->compounds, 1);
    cr_assert_eq(l->entries, 5);
    cr_assert_str_eq(l->entry[1].name, "Alanine - acid");
    cr_assert_str_eq(l->entry[2].name, "Alanine (0.25 of the way from Alanine to Alanine - acid)");
    cr_assert_not_null(strstr(l->entry[2].source, "interpolated"));
    const fmx_library_multiplet *a = &l->multiplet[l->entry[0].first_multiplet];
    const fmx_library_multiplet *b = &l->multiplet[l->entry[1].first_multiplet];
    for (size_t i = 0; i < 3; ++i) {
        const fmx_library_entry *e = &l->entry[2 + i];
        const fmx_library_multiplet *m = &l->multiplet[e->first_multiplet];
        double t = 0.25 * (double)(i + 1);
        cr_assert_eq(e->multiplet_count, 2);
        cr_assert_eq(e->compound, 0);
        cr_assert_float_eq(e->protons, 4, 1e-5);
        cr_assert_float_eq(e->width_hz, 0, 0);
        cr_assert(e->is_between);
        for (size_t k = 0; k < 2; ++k) {
            /* sums of some ten float32 intensities: 1e-6 relative at 4 ppm */
            cr_assert_float_eq(m[k].ppm, a[k].ppm + t * (b[k].ppm - a[k].ppm), 1e-6);
            const fmx_library_multiplet *near = t <= 0.5 ? &a[k] : &b[k];
            cr_assert_eq(m[k].line_count, near->line_count);
            for (size_t n = 0; n < near->line_count; ++n)
                cr_assert_eq(l->line_protons[m[k].first_line + n],
                             l->line_protons[near->first_line + n]);
            cr_assert_float_eq(m[k].high_ppm - m[k].low_ppm, near->high_ppm - near->low_ppm, 1e-12);
        }
    }
    fmx_library *back = NULL;
    snprintf(path, sizeof path, "%s/l.h5", folder);
    fmx_test_ok(&test, fmx_library_write(test.ctx, l, path), "write");
    fmx_test_ok(&test, fmx_library_read(test.ctx, path, &back), "read");
    cr_assert_eq(back->entries, 5);
    for (size_t i = 0; i < 5; ++i)
        cr_assert_eq(back->entry[i].is_between, i >= 2);
    fmx_library_release(back);
    fmx_library_release(l);
    fmx_test_close(&test);
}

Test(library_between, how_many)
{
    static const struct {
        double to;
        size_t count;
    } of[] = {{3.60, 0}, {3.63, 0}, {3.64, 1}, {3.66, 1}, {3.67, 2}, {3.87, 8},
              {4.10, 8}, {4.19, 8}, {4.21, 0}, {5.00, 0}, {3.54, 1}};
    fmx_test test = fmx_test_open_host();
    for (size_t i = 0; i < FMX__COUNT(of); ++i) {
        char rows[512];
        snprintf(rows, sizeof rows,
                 "e1\tAlanine\t1\t4\t1:1.44 2:1.44 3:1.44 4:3.60" J
                 "e2\tAlanine\t1\t4\t1:1.44 2:1.44 3:1.44 4:%.4f" J,
                 of[i].to);
        cr_assert_eq(states(&test, rows), of[i].count, "%g", of[i].to);
    }
    fmx_test_close(&test);
}

Test(library_between, never)
{
    fmx_test test = fmx_test_open_host();
    /* single lines: acetate from acid to base would be anything between */
    cr_assert_eq(states(&test, "e1\tAcetate\t1\t3\t1:1.91 2:1.91 3:1.91\t\n"
                               "e2\tAcetate\t1\t3\t1:2.08 2:2.08 3:2.08\t\n"),
                 0);
    /* other protons in order of ppm, another number of multiplets, another compound */
    cr_assert_eq(states(&test, "e1\tAlanine\t1\t4\t1:1.44 2:1.44 3:1.44 4:3.60" J
                               "e2\tAlanine\t1\t4\t1:3.65 2:3.65 3:3.65 4:1.54" J),
                 0);
    cr_assert_eq(states(&test, "e1\tAlanine\t1\t4\t1:1.44 2:1.44 3:1.44 4:3.60" J
                               "e2\tAlanine\t1\t4\t1:1.44 2:1.44 3:1.44 4:3.70 5:8.1" J),
                 0);
    cr_assert_eq(states(&test, "e1\tAlanine\t1\t4\t1:1.44 2:1.44 3:1.44 4:3.60" J
                               "e2\tBeta\t1\t4\t1:1.44 2:1.44 3:1.44 4:3.70" J),
                 0);
    fmx_test_close(&test);
}

/* A third state between two, and one that repeats another, are no reason for more. */
Test(library_between, neighbours_only)
{
    fmx_test test = fmx_test_open_host();
#define AT(name, ppm) name "\tAlanine\t1\t4\t1:1.44 2:1.44 3:1.44 4:" ppm J
    cr_assert_eq(states(&test, AT("e1", "3.60") AT("e2", "3.72")), 3);
    cr_assert_eq(states(&test, AT("e1", "3.60") AT("e2", "3.72") AT("e3", "3.66")), 2);
    cr_assert_eq(states(&test, AT("e1", "3.60") AT("e2", "3.72") AT("e3", "3.60")), 3);
    cr_assert_eq(states(&test, AT("e1", "3.60") AT("e2", "3.72") AT("e3", "3.72")), 3);
    fmx_test_close(&test);
}

/* In one state two quintets are +-30 Hz (0.05 ppm) wide and 0.14 ppm apart, in the other narrow and
 * 0.04 ppm apart. Of eight states the fifth would have wide ones 0.04 x 4/9 + 0.14 x 5/9 = 0.096
 * ppm apart: they would meet. */
Test(library_between, multiplets_that_meet_are_left_out)
{
#define TO_FOUR(a, hz) a "-3:" hz " " a "-4:" hz " " a "-5:" hz " " a "-6:" hz
#define ROW(name, a, b, hz)                                                                        \
    name "\tA\t1\t6\t1:" a " 2:" b " 3:8 4:8 5:8 6:8\t" TO_FOUR("1", hz) " " TO_FOUR("2", hz) "\n"
    fmx_test test = fmx_test_open_host();
    fmx_library *l =
        build(&test, ROW("e1", "3.00", "3.04", "0.5") ROW("e2", "3.30", "3.44", "15"), true);
    cr_assert_eq(l->entries, 2 + 7);
    cr_assert_not_null(strstr(l->entry[5].name, "(0.44 of"));
    cr_assert_not_null(strstr(l->entry[6].name, "(0.67 of"));
    for (size_t e = 0; e < l->entries; ++e) {
        const fmx_library_multiplet *m = &l->multiplet[l->entry[e].first_multiplet];
        cr_assert_eq(l->entry[e].multiplet_count, 3);
        for (size_t k = 1; k < 3; ++k)
            cr_assert_geq(m[k].low_ppm, m[k - 1].high_ppm, "%s", l->entry[e].name);
    }
    fmx_library_release(l);
    fmx_test_close(&test);
}

/* A measured variant gets no states and loses nothing. */
Test(library_between, measured_ones_are_left_alone)
{
    enum { POINTS = 2000 };
    static double ppm[POINTS];
    static float value[POINTS];
    fmx_test test = fmx_test_open_host();
    fmx_library *base = build(&test, alanine, true);
    fmx_library *both = NULL;
    for (size_t i = 0; i < POINTS; ++i) {
        ppm[i] = 6 - 0.0025 * (double)i;
        double quartet = (ppm[i] - 4.05) / 0.003;
        double doublet = (ppm[i] - 1.60) / 0.003;
        value[i] = (float)(1 / (1 + quartet * quartet) + 3 / (1 + doublet * doublet));
    }
    const fmx_library_spectrum spectrum = {
        .name = "Alanine", .source = "here", .value = value, .ppm = ppm, .points = POINTS};
    const fmx_library_measured measured = {0};
    fmx_test_ok(&test,
                fmx_library_add_measured(test.ctx, base, &spectrum, 1, &measured, &both, NULL),
                "measured");
    cr_assert_eq(both->compounds, 1);
    cr_assert_eq(both->entries, base->entries + 1);
    cr_assert_str_eq(both->entry[5].name, "Alanine (measured)");
    for (size_t e = 0; e < base->entries; ++e)
        cr_assert(strcmp(both->entry[e].name, base->entry[e].name) == 0 &&
                  both->entry[e].is_between == base->entry[e].is_between);
    cr_assert_not(both->entry[5].is_between && both->entry[base->entries].width_hz > 0);
    fmx_library_release(both);
    fmx_library_release(base);
    fmx_test_close(&test);
}

Test(library_between, each_allocation)
{
    fmx_test test = fmx_test_open_host();
    fmx_library_release(build(&test, alanine, true)); /* lines are in the cache from here on */
    fmx_spin_library spins;
    fmx_test_ok(&test, fmx_spin_library_read(test.ctx, path, &spins), "spins");
    fmx_status status = FMX_ERROR_MEMORY;
    size_t nth = 0;
    while (status != FMX_OK && nth < 500) {
        fmx_library *l = NULL;
        fmx__fail_allocation(test.ctx, ++nth);
        status = fmx_library_build(test.ctx, &spins, NULL, NULL, &l, NULL);
        cr_assert(status == FMX_OK || (status == FMX_ERROR_MEMORY && l == NULL), "%zu: %s", nth,
                  fmx_status_name(status));
        fmx_library_release(l);
    }
    fmx__fail_allocation(test.ctx, 0);
    cr_assert(status == FMX_OK && nth > 30, "%zu", nth);
    fmx_spin_library_clear(&spins);
    fmx_test_close(&test);
}

Test(library_between, verb)
{
    folder = fmx_test_folder();
    write_table(alanine);
    succeeds("library $D/spins.tsv --out $D/all.h5");
    cr_assert(strstr(messages(), "3 states between measured ones") != NULL, "%s", messages());
    cr_assert(strstr(messages(), "1 compounds (5 entries)") != NULL, "%s", messages());
    succeeds("library $D/spins.tsv --out $D/two.h5 --no-between");
    cr_assert(strstr(messages(), "between") == NULL, "%s", messages());
    cr_assert(strstr(messages(), "1 compounds (2 entries)") != NULL, "%s", messages());
}
