#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fidmix/library.h"
#include "fidmix/spins.h"
#include "fmx_test.h"
#include "spins_internal.h"

/* Diagonalisation of a few hundred levels of a few kHz in double: 1e-16 x 1e4 x some hundred. */
#define EXACT_HZ 1e-8

static const fmx_spin_options exact = {1e-6, 0, 1024, true, false};

static char test_name[] = "test";

static fmx_compound compound_of(fmx_spin_group *group, size_t groups, fmx_spin_coupling *coupling,
                                size_t couplings)
{
    return (fmx_compound){.name = test_name,
                          .group = group,
                          .group_count = groups,
                          .coupling = coupling,
                          .coupling_count = couplings};
}

static fmx_line_list lines_of(const fmx_test *test, const fmx_compound *compound, double field_mhz,
                              const fmx_spin_options *options)
{
    fmx_line_list list;
    fmx_test_ok(test, fmx_spin_lines(test->ctx, compound, field_mhz, options, &list), "lines");
    return list;
}

static double sum_of(const fmx_line_list *list)
{
    double sum = 0;
    for (size_t i = 0; i < list->count; ++i)
        sum += list->line[i].intensity;
    return sum;
}

static void drop_weak(fmx_line_list *list, double least)
{
    size_t kept = 0;
    for (size_t i = 0; i < list->count; ++i) {
        if (list->line[i].intensity > least)
            list->line[kept++] = list->line[i];
    }
    list->count = kept;
}

static void expect_lines(fmx_line_list *got, const fmx_line *expected, size_t count,
                         double hz_tolerance, double tolerance, const char *what)
{
    drop_weak(got, 1e-7);
    cr_assert_eq(got->count, count, "%s: %zu lines, expected %zu", what, got->count, count);
    for (size_t i = 0; i < count; ++i) {
        cr_assert_float_eq(got->line[i].hz, expected[i].hz, hz_tolerance,
                           "%s, line %zu: %.9f Hz, expected %.9f", what, i, got->line[i].hz,
                           expected[i].hz);
        cr_assert_float_eq(got->line[i].intensity, expected[i].intensity, tolerance,
                           "%s, line %zu: intensity %.9f, expected %.9f", what, i,
                           got->line[i].intensity, expected[i].intensity);
    }
}

/* AB: nu0 +- (C +- J/2), C = sqrt(delta^2 + J^2) / 2, intensities (1 -+ J / (2 C)) / 2. */
Test(spins, ab_quartet)
{
    fmx_test test = fmx_test_open_host();
    double j = 11.3;
    double delta = 0.2 * 60;
    double c = 0.5 * sqrt(delta * delta + j * j);
    double centre = 2.1 * 60;
    fmx_spin_group group[] = {{"a", 2.0, 1, 1}, {"b", 2.2, 1, 1}};
    fmx_spin_coupling coupling[] = {{0, 1, j}};
    fmx_compound compound = compound_of(group, 2, coupling, 1);
    double outer = 0.5 * (1 - j / (2 * c));
    double inner = 0.5 * (1 + j / (2 * c));
    fmx_line expected[] = {{centre - c - j / 2, outer},
                           {centre - c + j / 2, inner},
                           {centre + c - j / 2, inner},
                           {centre + c + j / 2, outer}};
    fmx_line_list list = lines_of(&test, &compound, 60, &exact);
    expect_lines(&list, expected, 4, EXACT_HZ, 1e-12, "AB");
    fmx_line_list_clear(&list);
    fmx_test_close(&test);
}

/* AA'XX' far from strong coupling (Pople, Schneider, Bernstein 1959): half the A intensity in two
 * lines at +-N/2, N = J + J', the rest in two quartets at +-(sqrt(K^2 + L^2) +- K) / 2 with
 * intensities (1 -+ K / sqrt(K^2 + L^2)) / 8, L = J - J', K = Jaa + Jxx in one and Jaa - Jxx in the
 * other. */
Test(spins, aaxx_against_the_formula)
{
    fmx_test test = fmx_test_open_host();
    const double jaa = 6, jxx = 2.5, j = 9, jp = 1.5;
    const double n = j + jp, l = j - jp, k = jaa + jxx, m = jaa - jxx;
    fmx_spin_group group[] = {{"a", 1, 1, 1}, {"b", 1, 1, 1}, {"x", 1001, 1, 1}, {"y", 1001, 1, 1}};
    fmx_spin_coupling coupling[] = {{0, 1, jaa}, {2, 3, jxx}, {0, 2, j},
                                    {0, 3, jp},  {1, 2, jp},  {1, 3, j}};
    fmx_compound compound = compound_of(group, 4, coupling, 6);
    fmx_line_list list = lines_of(&test, &compound, 500, &exact);
    const double rk = sqrt(k * k + l * l), rm = sqrt(m * m + l * l);
    /* relative to nu_A; intensities add up to the two protons of A */
    const fmx_line expected[] = {
        {n / 2, 0.5},
        {-n / 2, 0.5},
        {(rk + k) / 2, 0.125 * (1 - k / rk)},
        {(rk - k) / 2, 0.125 * (1 + k / rk)},
        {-(rk - k) / 2, 0.125 * (1 + k / rk)},
        {-(rk + k) / 2, 0.125 * (1 - k / rk)},
        {(rm + m) / 2, 0.125 * (1 - m / rm)},
        {(rm - m) / 2, 0.125 * (1 + m / rm)},
        {-(rm - m) / 2, 0.125 * (1 + m / rm)},
        {-(rm + m) / 2, 0.125 * (1 - m / rm)},
    };
    for (size_t e = 0; e < sizeof expected / sizeof *expected; ++e) {
        double found = 0;
        for (size_t i = 0; i < list.count; ++i) {
            /* second order of J / delta nu: 9^2 / 5e5 */
            if (fabs(list.line[i].hz - (500 + expected[e].hz)) < 1e-3)
                found += list.line[i].intensity;
        }
        cr_assert_float_eq(found, expected[e].intensity, 1e-4,
                           "line at %+.3f Hz: %.6f, expected %.6f", expected[e].hz, found,
                           expected[e].intensity);
    }
    fmx_line_list_clear(&list);
    fmx_test_close(&test);
}

/* Ethyl at a very high field: first order, 1:2:1 and 1:3:3:1. */
Test(spins, ethyl_at_first_order)
{
    fmx_test test = fmx_test_open_host();
    fmx_spin_group group[] = {{"a", 1.0, 3, 1}, {"b", 3.0, 2, 1}};
    fmx_spin_coupling coupling[] = {{0, 1, 7.0}};
    fmx_compound compound = compound_of(group, 2, coupling, 1);
    fmx_spin_options options = exact;
    options.merge_hz = 0.05;
    const double field = 1e4; /* second-order shifts are J^2 / (2 delta nu) = 1.2e-3 Hz */
    fmx_line_list list = lines_of(&test, &compound, field, &options);
    fmx_line expected[] = {
        {1e4 - 7, 0.75},   {1e4, 1.5},        {1e4 + 7, 0.75},    {3e4 - 10.5, 0.25},
        {3e4 - 3.5, 0.75}, {3e4 + 3.5, 0.75}, {3e4 + 10.5, 0.25},
    };
    /* intensities lean by J / delta nu = 3.5e-4, times the order of the line */
    expect_lines(&list, expected, 7, 5e-3, 3e-3, "ethyl");
    fmx_line_list_clear(&list);
    fmx_test_close(&test);
}

/* tests/golden/spins.txt: full Kronecker products in numpy. */
Test(spins, golden)
{
    fmx_test test = fmx_test_open_host();
    FILE *file = fopen(FMX_SOURCE_DIR "/tests/golden/spins.txt", "r");
    cr_assert_not_null(file);
    char line[512];
    cr_assert_not_null(fgets(line, sizeof line, file)); /* versions */
    char name[32];
    double field;
    size_t groups, couplings, count, systems = 0;
    while (fscanf(file, " system %31s %lf %zu %zu %zu", name, &field, &groups, &couplings,
                  &count) == 5) {
        fmx_spin_group group[8] = {0};
        fmx_spin_coupling coupling[16] = {0};
        fmx_line expected[512];
        for (size_t g = 0; g < groups; ++g) {
            cr_assert_eq(fscanf(file, " %lfx%d", &group[g].ppm, &group[g].n), 2);
            group[g].population = 1;
        }
        for (size_t c = 0; c < couplings; ++c)
            cr_assert_eq(
                fscanf(file, " %zu-%zu:%lf", &coupling[c].a, &coupling[c].b, &coupling[c].hz), 3);
        for (size_t i = 0; i < count; ++i)
            cr_assert_eq(fscanf(file, " %lf %lf", &expected[i].hz, &expected[i].intensity), 2);
        fmx_compound compound = compound_of(group, groups, coupling, couplings);
        for (int equivalence = 0; equivalence < 2; ++equivalence) {
            fmx_spin_options options = exact;
            options.use_equivalence = equivalence != 0;
            fmx_line_list list = lines_of(&test, &compound, field, &options);
            /* the file keeps nine decimals, and weak lines of 1e-7 may merge differently */
            expect_lines(&list, expected, count, 1e-6, 2e-7, name);
            fmx_line_list_clear(&list);
        }
        ++systems;
    }
    cr_assert_eq(systems, 7);
    fclose(file);
    fmx_test_close(&test);
}

/* The order of the groups and a shift of all of them change nothing but the place. */
Test(spins, invariance)
{
    fmx_test test = fmx_test_open_host();
    fmx_spin_group group[] = {
        {"a", 1.2, 3, 1}, {"b", 2.3, 1, 1}, {"c", 2.4, 1, 1}, {"d", 4.1, 1, 1}};
    fmx_spin_coupling coupling[] = {{0, 3, 6.3}, {1, 2, -14.4}, {1, 3, 7.3}, {2, 3, 6.4}};
    fmx_compound compound = compound_of(group, 4, coupling, 4);
    fmx_line_list first = lines_of(&test, &compound, 80, &exact);
    fmx_spin_group turned[] = {group[3], group[2], group[1], group[0]};
    fmx_spin_coupling back[] = {{3, 0, 6.3}, {1, 2, -14.4}, {2, 0, 7.3}, {0, 1, 6.4}};
    for (size_t g = 0; g < 4; ++g)
        turned[g].ppm += 1;
    compound = compound_of(turned, 4, back, 4);
    fmx_line_list second = lines_of(&test, &compound, 80, &exact);
    drop_weak(&first, 1e-7);
    for (size_t i = 0; i < first.count; ++i)
        first.line[i].hz += 80;
    expect_lines(&second, first.line, first.count, EXACT_HZ, 1e-10, "turned and shifted");
    fmx_line_list_clear(&first);
    fmx_line_list_clear(&second);
    fmx_test_close(&test);
}

/* A cut across a weak coupling against the exact lines: positions within J^2 / (2 delta nu). */
Test(spins, cut_at_a_weak_coupling)
{
    fmx_test test = fmx_test_open_host();
    fmx_spin_group group[] = {
        {"a", 1.0, 1, 1}, {"b", 1.05, 1, 1}, {"c", 4.0, 1, 1}, {"d", 4.04, 1, 1}};
    fmx_spin_coupling coupling[] = {{0, 1, 12.0}, {1, 2, 7.0}, {2, 3, 11.0}};
    fmx_compound compound = compound_of(group, 4, coupling, 3);
    fmx_spin_options options = exact;
    fmx_line_list whole = lines_of(&test, &compound, 500, &options);
    options.most_states = 4;
    fmx_line_list parts = lines_of(&test, &compound, 500, &options);
    cr_assert_float_eq(sum_of(&parts), 4, 1e-9);
    double error_hz = 2 * 7.0 * 7.0 / (2 * 3.0 * 500);
    for (size_t i = 0; i < parts.count; ++i) {
        double near = INFINITY;
        for (size_t k = 0; k < whole.count; ++k) {
            if (whole.line[k].intensity > 0.2 * parts.line[i].intensity)
                near = fmin(near, fabs(whole.line[k].hz - parts.line[i].hz));
        }
        cr_assert(parts.line[i].intensity < 0.01 || near < error_hz,
                  "line at %.4f Hz is %.4f Hz from an exact one", parts.line[i].hz, near);
    }
    fmx_line_list_clear(&whole);
    fmx_line_list_clear(&parts);
    fmx_test_close(&test);
}

Test(spins, cache_gives_the_same_lines)
{
    fmx_test test = fmx_test_open_host();
    setenv("FIDMIX_CACHE_DIR", fmx_test_folder(), 1);
    fmx_spin_group group[] = {{"a", 1.17, 3, 1}, {"b", 3.64, 2, 1}};
    fmx_spin_coupling coupling[] = {{0, 1, 7.1}};
    fmx_compound compound = compound_of(group, 2, coupling, 1);
    fmx_line_list list[2];
    for (int run = 0; run < 2; ++run)
        list[run] = lines_of(&test, &compound, 60, NULL);
    cr_assert_eq(list[0].count, list[1].count);
    cr_assert_arr_eq(list[0].line, list[1].line, list[0].count * sizeof(fmx_line));
    cr_assert_float_eq(list[1].protons, 5, 1e-12);
    group[0].ppm = 1.18;
    fmx_line_list other = lines_of(&test, &compound, 60, NULL);
    cr_assert_neq(other.line[0].hz, list[0].line[0].hz);
    for (int run = 0; run < 2; ++run)
        fmx_line_list_clear(&list[run]);
    fmx_line_list_clear(&other);
    fmx_test_close(&test);
}

Test(spins, refusals)
{
    fmx_test test = fmx_test_open_host();
    fmx_spin_group group[] = {{"a", 1.17, 3, 1}, {"b", 3.64, 2, 1}};
    fmx_spin_coupling coupling[] = {{0, 1, 7.1}};
    fmx_compound compound = compound_of(group, 2, coupling, 1);
    fmx_line_list list;
    fmx_test_refused(&test, fmx_spin_lines(test.ctx, &compound, 0, &exact, &list),
                     FMX_ERROR_ARGUMENT, "field");
    group[1].n = 99;
    fmx_test_refused(&test, fmx_spin_lines(test.ctx, &compound, 400, &exact, &list),
                     FMX_ERROR_ARGUMENT, "group b");
    group[1].n = 2;
    group[1].population = 0.5;
    fmx_test_refused(&test, fmx_spin_lines(test.ctx, &compound, 400, &exact, &list),
                     FMX_ERROR_ARGUMENT, "populations");
    group[1].population = 1;
    coupling[0].b = 2;
    fmx_test_refused(&test, fmx_spin_lines(test.ctx, &compound, 400, &exact, &list),
                     FMX_ERROR_ARGUMENT, "coupling 0");
    coupling[0].b = 1;
    fmx_context_interrupt(test.ctx);
    fmx_test_refused(&test, fmx_spin_lines(test.ctx, &compound, 400, &exact, &list),
                     FMX_ERROR_INTERRUPTED, "");
    fmx_test_close(&test);
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
}

static const char header[] = "entry\tname\tmetabolite\tn_spins\tspins(id:ppm)\tcouplings\n";

Test(spins, table)
{
    fmx_test test = fmx_test_open_host();
    char path[512];
    char text[1024];
    snprintf(path, sizeof path, "%s/spins.tsv", fmx_test_folder());
    snprintf(text, sizeof text,
             "%se1\tEthanol\t1\t5\t1:1.17 2:1.17 3:1.17 4:3.64 5:3.64\t1-2:-14 1-4:7.1 1-5:7.1 "
             "2-4:7.1 2-5:7.1 3-4:7.1 3-5:7.1 4-5:-12\r\n"
             "e2\tPair\t1\t4\ta:2 b:2 x:3 y:3\ta-b:5 x-y:2 a-x:9 b-y:9 a-y:1 b-x:1\n"
             "e3\tPair\t0\t1\t1:4.7\t\n",
             header);
    write_text(path, text);
    fmx_spin_library library;
    fmx_test_ok(&test, fmx_spin_library_read(test.ctx, path, &library), "table");
    cr_assert_eq(library.count, 3);
    const fmx_compound *ethanol = &library.compound[0];
    cr_assert_eq(ethanol->group_count, 2);
    cr_assert_eq(ethanol->group[0].n, 3);
    cr_assert_eq(ethanol->group[1].n, 2);
    cr_assert_eq(ethanol->coupling_count, 1);
    cr_assert_float_eq(ethanol->coupling[0].hz, 7.1, 1e-12);
    /* chemically equivalent is not magnetically equivalent */
    cr_assert_eq(library.compound[1].group_count, 4);
    cr_assert_str_eq(library.compound[2].name, "Pair (e3)");
    size_t index = 9;
    cr_assert(fmx_spin_library_find(&library, "pair", &index) && index == 1);
    cr_assert(fmx_spin_library_find(&library, "E3", &index) && index == 2);
    cr_assert_not(fmx_spin_library_find(&library, "water", &index));
    fmx_spin_library_clear(&library);
    fmx_test_close(&test);
}

static void refuse_table(const fmx_test *test, const char *row, const char *part)
{
    char path[512];
    char text[1024];
    fmx_spin_library library;
    snprintf(path, sizeof path, "%s/bad.tsv", fmx_test_folder());
    snprintf(text, sizeof text, "%s%s", header, row);
    write_text(path, text);
    fmx_test_refused(test, fmx_spin_library_read(test->ctx, path, &library), FMX_ERROR_FORMAT,
                     part);
    fmx_spin_library_clear(&library);
}

Test(spins, damaged_tables)
{
    fmx_test test = fmx_test_open_host();
    refuse_table(&test, "", "no spin systems");
    refuse_table(&test, "e\tn\t1\n", "bad.tsv:2: fewer");
    refuse_table(&test, "e\t\t1\t1\t1:2\t\n", "no name");
    refuse_table(&test, "e\tn\t1\t1\t12\t\n", "id:ppm");
    refuse_table(&test, "e\tn\t1\t1\t1:nan\t\n", "ppm");
    refuse_table(&test, "e\tn\t1\t1\t1:2 1:3\t\n", "twice");
    refuse_table(&test, "e\tn\t1\t1\t1:2\t1-3:7\n", "not there");
    refuse_table(&test, "e\tn\t1\t1\t1:2 2:3\t1-2:x\n", "Hz");
    refuse_table(&test, "e\tn\t1\t1\t\t\n", "no spins");
    fmx_spin_library library;
    fmx_test_refused(&test, fmx_spin_library_read(test.ctx, "/nowhere/x.tsv", &library),
                     FMX_ERROR_NOT_FOUND, "/nowhere");
    fmx_test_close(&test);
}

/* All of the shared table is read; its largest entries are solved. */
Test(spins, shared_table)
{
    const char *path = fmx_test_shared("data/spin_systems/spin_systems.tsv");
    fmx_test test = fmx_test_open_host();
    fmx_spin_library library;
    fmx_test_ok(&test, fmx_spin_library_read(test.ctx, path, &library), "shared table");
    cr_assert_eq(library.count, 1342);
    size_t index = 0;
    cr_assert(fmx_spin_library_find(&library, "bmse000028_simulation_1", &index));
    cr_assert_eq(library.compound[index].group_count, 2);
    /* 40, 31, 29 and 28 spins, among them chains that must be cut */
    const char *const large[] = {"bmse001115_simulation_1", "bmse000590_simulation_1",
                                 "bmse001146_simulation_1", "bmse001106_simulation_1"};
    fmx_spin_options options = FMX_SPIN_OPTIONS_DEFAULT;
    options.use_cache = false;
    for (size_t i = 0; i < sizeof large / sizeof *large; ++i) {
        cr_assert(fmx_spin_library_find(&library, large[i], &index), "%s", large[i]);
        fmx_line_list list = lines_of(&test, &library.compound[index], 600, &options);
        cr_assert_float_eq(sum_of(&list), list.protons, 1e-9 * list.protons, "%s", large[i]);
        fmx_line_list_clear(&list);
    }
    fmx_spin_library_clear(&library);
    fmx_test_close(&test);
}

static void refuse_yaml(const fmx_test *test, const char *text, const char *part)
{
    char path[512];
    fmx_spin_library library;
    snprintf(path, sizeof path, "%s/bad.yml", fmx_test_folder());
    write_text(path, text);
    fmx_test_refused(test, fmx_spin_library_read(test->ctx, path, &library), FMX_ERROR_FORMAT,
                     part);
    fmx_spin_library_clear(&library);
}

#define TOP "fidmix_spin_systems: 1\ncompounds:\n"
#define ONE TOP "  - name: A\n    groups:\n      - {id: a, ppm: 1, n: 3}\n"

Test(spins, damaged_yaml)
{
    fmx_test test = fmx_test_open_host();
    refuse_yaml(&test, "", "empty");
    refuse_yaml(&test, "compounds: []\n", "fidmix_spin_systems");
    refuse_yaml(&test, "fidmix_spin_systems: 2\ncompounds: []\n", "fidmix_spin_systems");
    refuse_yaml(&test, TOP "  []\n", "compounds");
    refuse_yaml(&test, TOP "  - nmae: A\n", "did you mean \"name\"");
    refuse_yaml(&test, TOP "  - name: A\n", "groups");
    refuse_yaml(&test, TOP "  - name: A\n    groups:\n      - {id: a, ppm: x, n: 1}\n", "ppm");
    refuse_yaml(&test, TOP "  - name: A\n    groups:\n      - {id: a, ppm: 1, n: 1.5}\n", "whole");
    refuse_yaml(&test, TOP "  - name: A\n    groups:\n      - {id: a-b, ppm: 1, n: 1}\n", "id:");
    refuse_yaml(&test, ONE "      - {id: a, ppm: 1, n: 1}\n", "twice");
    refuse_yaml(&test, ONE "    couplings: {a-b: 7}\n", "bad.yml:6");
    refuse_yaml(&test, ONE "    couplings: [7]\n", "couplings");
    refuse_yaml(&test, ONE "  - name: a\n    groups:\n      - {id: a, ppm: 1, n: 3}\n",
                "occurs twice");
    fmx_test_close(&test);
}

/* Every compound has its source, and lines. */
static void check_shipped(fmx_test *test, const fmx_spin_library *library)
{
    for (size_t i = 0; i < library->count; ++i) {
        const fmx_compound *compound = &library->compound[i];
        cr_assert_neq(compound->source[0], '\0', "%s has no source", compound->name);
        fmx_line_list list = lines_of(test, compound, 500, NULL);
        cr_assert_gt(list.count, 0);
        cr_assert_float_eq(sum_of(&list), list.protons, 1e-9 * list.protons, "%s: %g protons of %g",
                           compound->name, sum_of(&list), list.protons);
        for (size_t k = 0; k < list.count; ++k)
            cr_assert(list.line[k].hz > -500 && list.line[k].hz < 5000, "%s", compound->name);
        if (getenv("FIDMIX_TEST_VERBOSE") != NULL)
            fprintf(stderr, "%-28s %6zu lines\n", compound->name, list.count);
        fmx_line_list_clear(&list);
    }
}

static double protons_of(const fmx_compound *compound)
{
    double sum = 0;
    for (size_t i = 0; i < compound->group_count; ++i)
        sum += compound->group[i].n * compound->group[i].population;
    return sum;
}

/* What is shipped: at least sixty compounds; states are variants of some of them, with as many
 * protons. */
Test(spins, shipped_systems)
{
    fmx_test test = fmx_test_open_host();
    size_t compound_of[256];
    setenv("FIDMIX_CACHE_DIR", "", 1);
    fmx_spin_library library;
    fmx_test_ok(&test,
                fmx_spin_library_read(test.ctx, FMX_SOURCE_DIR "/data/spin_systems.yml", &library),
                "data/spin_systems.yml");
    size_t systems = library.count;
    cr_assert_geq(systems, 60);
    cr_assert_eq(fmx_spin_library_add(test.ctx, "no_such_file", &library), FMX_ERROR_NOT_FOUND);
    cr_assert_eq(library.count, systems);
    fmx_test_ok(&test, fmx_spin_library_add(test.ctx, "spin_states", &library), "spin_states");
    cr_assert(library.count > systems && library.count < FMX__COUNT(compound_of));
    check_shipped(&test, &library);
    fmx_library_group(&library, compound_of);
    for (size_t i = systems; i < library.count; ++i) {
        const fmx_compound *state = &library.compound[i];
        cr_assert_lt(compound_of[i], systems, "%s: of what compound?", state->name);
        cr_assert_float_eq(protons_of(state), protons_of(&library.compound[compound_of[i]]), 1e-9,
                           "%s", state->name);
    }
    size_t index = 0;
    cr_assert(fmx_spin_library_find(&library, "glucose", &index));
    fmx_line_list glucose = lines_of(&test, &library.compound[index], 400, NULL);
    cr_assert_float_eq(glucose.protons, 7, 1e-12);
    fmx_line_list_clear(&glucose);
    fmx_spin_library_clear(&library);
    fmx_test_close(&test);
}
