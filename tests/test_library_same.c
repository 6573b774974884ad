/* Compounds whose lines nobody can tell apart become one. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "fidmix/library.h"
#include "fmx_test.h"
#include "program_fixture.h"

#define HEAD "entry\tname\tmetabolite\tn_spins\tspins(id:ppm)\tcouplings(id-id:Hz)\n"
#define ALANINE "1:1.470 2:1.470 3:1.470 4:3.770\t1-4:7.2 2-4:7.2 3-4:7.2\n"

static char path[512];

static void write_table(const char *rows)
{
    snprintf(path, sizeof path, "%s/spins.tsv", folder);
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    fprintf(file, HEAD "%s", rows);
    fclose(file);
}

static fmx_library *build(const fmx_test *test, const char *rows)
{
    fmx_spin_library spins;
    fmx_library *library = NULL;
    fmx_library_options options = FMX_LIBRARY_DEFAULT;
    options.between = false;
    folder = fmx_test_folder();
    write_table(rows);
    fmx_test_ok(test, fmx_spin_library_read(test->ctx, path, &spins), "spins");
    fmx_test_ok(test, fmx_library_build(test->ctx, &spins, NULL, &options, &library, NULL),
                "build");
    fmx_spin_library_clear(&spins);
    return library;
}

/* Compounds that alanine and another row, the same but for `spins`, make together. */
static size_t compounds_with(const fmx_test *test, const char *spins)
{
    char rows[1024];
    snprintf(rows, sizeof rows, "e1\tL-Alanine\t0\t4\t" ALANINE "e2\tStranger\t0\t4\t%s\n", spins);
    fmx_library *l = build(test, rows);
    size_t compounds = l->compounds;
    cr_assert_eq(l->entries, 2);
    fmx_library_release(l);
    return compounds;
}

/* The one with the shortest name of the metabolites names them, whatever the order; its entries
 * come first; every name is found. */
Test(library_same, enantiomers_and_spellings)
{
    static const char rows[] =
        "e1\t2-Aminopropanoic acid\t0\t4\t" ALANINE "e2\tAcetate\t1\t3\t1:1.91 2:1.91 3:1.91\t\n"
        "e3\tDL-Alanine\t1\t4\t" ALANINE "e4\tL-Alanine\t1\t4\t" ALANINE
        "e5\tL-Alanine - pH 2\t1\t4\t"
        "1:1.6 2:1.6 3:1.6 4:4.1\t1-4:7.2 2-4:7.2 3-4:7.2\n"
        "e6\tAla\t0\t4\t" ALANINE;
    static const char *const names[] = {"L-alanine", "dl-alanine", "2-Aminopropanoic acid", "ala",
                                        "e1",        "e3",         "L-Alanine - pH 2"};
    fmx_test test = fmx_test_open_host();
    fmx_library *l = build(&test, rows);
    cr_assert_eq(l->compounds, 2);
    cr_assert_str_eq(l->compound[0].name, "L-Alanine");
    cr_assert_str_eq(l->compound[0].also, "2-Aminopropanoic acid; DL-Alanine; Ala");
    cr_assert_str_eq(l->compound[1].name, "Acetate");
    cr_assert_str_eq(l->compound[1].also, "");
    static const char *const order[] = {"L-Alanine", "L-Alanine - pH 2", "2-Aminopropanoic acid",
                                        "DL-Alanine", "Ala"};
    cr_assert_eq(l->compound[0].entry_count, FMX__COUNT(order));
    for (size_t i = 0; i < FMX__COUNT(order); ++i) {
        cr_assert_str_eq(l->entry[i].name, order[i]);
        cr_assert_eq(l->entry[i].compound, 0);
        cr_assert_float_eq(l->entry[i].protons, 4, 1e-5);
    }
    for (size_t i = 0; i < FMX__COUNT(names); ++i) {
        size_t found = 9;
        cr_assert(fmx_library_find(l, names[i], &found) && found == 0, "%s", names[i]);
    }
    fmx_library *back = NULL;
    snprintf(path, sizeof path, "%s/l.h5", folder);
    fmx_test_ok(&test, fmx_library_write(test.ctx, l, path), "write");
    fmx_test_ok(&test, fmx_library_read(test.ctx, path, &back), "read");
    cr_assert_str_eq(back->compound[0].also, l->compound[0].also);
    cr_assert_str_eq(back->compound[1].also, "");
    cr_assert_arr_eq(back->line_ppm, l->line_ppm, l->lines * sizeof *l->line_ppm);
    fmx_library_release(back);
    fmx_library_release(l);
    fmx_test_close(&test);
}

/* Without metabolites the first one names them. */
Test(library_same, first_names)
{
    fmx_test test = fmx_test_open_host();
    fmx_library *l = build(&test, "e1\tSuccinic-acid\t0\t4\t1:2.4 2:2.4 3:2.4 4:2.4\t\n"
                                  "e2\tSuccinic acid\t0\t4\t1:2.403 2:2.403 3:2.403 4:2.403\t\n"
                                  "e3\tAcid\t0\t4\t1:2.4 2:2.4 3:2.4 4:2.4\t\n");
    cr_assert_eq(l->compounds, 1);
    cr_assert_str_eq(l->compound[0].name, "Succinic-acid");
    cr_assert_str_eq(l->compound[0].also, "Succinic acid; Acid");
    fmx_library_release(l);
    fmx_test_close(&test);
}

/* The limits: 8 ppb of a middle, 15 % of the protons, 0.95 of the pattern. */
Test(library_same, near_misses)
{
    fmx_test test = fmx_test_open_host();
#define J "\t1-4:7.2 2-4:7.2 3-4:7.2"
    cr_assert_eq(compounds_with(&test, "1:1.477 2:1.477 3:1.477 4:3.763" J), 1);
    cr_assert_eq(compounds_with(&test, "1:1.479 2:1.479 3:1.479 4:3.770" J), 2);
    cr_assert_eq(compounds_with(&test, "1:1.470 2:1.470 3:1.470 4:3.779" J), 2);
    /* CH2 for CH3: 2 protons for 3, a triplet for a quartet */
    cr_assert_eq(compounds_with(&test, "1:1.470 2:1.470 4:3.770\t1-4:7.2 2-4:7.2"), 2);
    /* a proton more in a multiplet of its own */
    cr_assert_eq(compounds_with(&test, "1:1.470 2:1.470 3:1.470 4:3.770 5:7.1" J), 2);
    /* 7.2 and 6.9 Hz are the same at a blur of 8.5 Hz, 7.2 and 14 Hz are not */
    cr_assert_eq(compounds_with(&test, "1:1.470 2:1.470 3:1.470 4:3.770\t"
                                       "1-4:6.9 2-4:6.9 3-4:6.9"),
                 1);
    cr_assert_eq(compounds_with(&test, "1:1.470 2:1.470 3:1.470 4:3.770\t"
                                       "1-4:14 2-4:14 3-4:14"),
                 2);
    fmx_test_close(&test);
}

/* 0, 6, 12 ppb: the third is near the second, not near the first, which leads. */
Test(library_same, no_chains)
{
    fmx_test test = fmx_test_open_host();
    fmx_library *l = build(&test, "e1\tA\t0\t1\t1:2.000\t\n"
                                  "e2\tB\t0\t1\t1:2.006\t\n"
                                  "e3\tC\t0\t1\t1:2.012\t\n"
                                  "e4\tD\t0\t1\t1:2.018\t\n");
    cr_assert_eq(l->compounds, 2);
    cr_assert_str_eq(l->compound[0].name, "A");
    cr_assert_str_eq(l->compound[0].also, "B");
    cr_assert_str_eq(l->compound[1].name, "C");
    cr_assert_str_eq(l->compound[1].also, "D");
    fmx_library_release(l);
    fmx_test_close(&test);
}

/* Whichever allocation fails. */
Test(library_same, each_allocation)
{
    static const char rows[] = "e1\tL-Alanine\t0\t4\t" ALANINE "e2\tD-Alanine\t0\t4\t" ALANINE;
    fmx_test test = fmx_test_open_host();
    fmx_library_release(build(&test, rows)); /* lines are in the cache from here on */
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
    cr_assert(status == FMX_OK && nth > 20, "%zu", nth);
    fmx_spin_library_clear(&spins);
    fmx_test_close(&test);
}

/* --only with any of the names brings all of them, and says how they are called. */
Test(library_same, verb)
{
    static const char rows[] = "e1\tL-Alanine\t1\t4\t" ALANINE "e2\tDL-Alanine\t1\t4\t" ALANINE
                               "e3\tAcetate\t1\t3\t1:1.91 2:1.91 3:1.91\t\n"
                               "e4\tL-Alanine - pH 2\t1\t4\t"
                               "1:1.6 2:1.6 3:1.6 4:4.1\t1-4:7.2 2-4:7.2 3-4:7.2\n";
    folder = fmx_test_folder();
    write_table(rows);
    succeeds("library $D/spins.tsv --out $D/all.h5 --no-between");
    cr_assert(strstr(messages(), "1 name has the lines of another: merged") != NULL, "%s",
              messages());
    cr_assert(strstr(messages(), "2 compounds (4 entries)") != NULL, "%s", messages());
    succeeds("library $D/spins.tsv --out $D/one.h5 --no-between --only DL-Alanine");
    cr_assert(strstr(messages(), "1 compounds (3 entries)") != NULL, "%s", messages());
    succeeds("library $D/spins.tsv --out $D/two.h5 --no-between --only \"L-Alanine\"");
    cr_assert(strstr(messages(), "1 compounds (3 entries)") != NULL, "%s", messages());
    succeeds("library $D/spins.tsv --out $D/three.h5 --no-between --only Acetate");
    cr_assert(strstr(messages(), "merged") == NULL, "%s", messages());
    cr_assert(strstr(messages(), "1 compounds (1 entries)") != NULL, "%s", messages());
    succeeds("info $D/one.h5");
    cr_assert_eq(shell("grep -q 'L-Alanine has the lines of DL-Alanine' $D/out"), 0);
    succeeds("info $D/one.h5 --json");
    cr_assert_eq(shell("grep -q '\"L-Alanine\":[^,]*\"DL-Alanine\"' $D/out"), 0);
}
