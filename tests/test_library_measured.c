/* Measured spectra of pure compounds in libraries. */
#include <hdf5.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "fidmix/library.h"
#include "fmx_test.h"
#include "pattern_table.h"
#include "program_fixture.h"

enum { POINTS = 26001 };

static const double field_mhz = 600;
static const double width_ppm = 1.2 / 600;
static double ppm[POINTS];
static float value[POINTS];
static char path[512];

/* 12 to -1 ppm, 0.0005 ppm apart; noise of sigma 1 where asked for. */
static void begin(bool noise)
{
    float *random = fmx_test_random(POINTS, 7);
    for (size_t i = 0; i < POINTS; ++i) {
        ppm[i] = 12 - 0.0005 * (double)i;
        value[i] = noise ? 1.732F * random[i] : 0; /* uniform: sigma 1 */
    }
    free(random);
}

static void line(double at, double height)
{
    for (size_t i = 0; i < POINTS; ++i) {
        double x = (ppm[i] - at) / (width_ppm / 2);
        value[i] += (float)(height / (1 + x * x));
    }
}

/* A doublet (3 H), a triplet (2 H) and a single line (1 H), satellites of the doublet, residual
 * water and a reference. */
static void lactate_like(void)
{
    line(1.310, 9000);
    line(1.322, 9000);
    for (int side = -1; side <= 1; side += 2) {
        line(1.310 + side * 0.107, 9000 * 0.0055);
        line(1.322 + side * 0.107, 9000 * 0.0055);
    }
    line(3.700, 3000);
    line(3.712, 6000);
    line(3.724, 3000);
    line(8.10, 6000);
    line(4.79, 50000);
    line(0, 20000);
}

static const fmx_library_region usual[] = {{-1, 0.3}, {4.65, 4.95}};

static fmx_library_measured options(void)
{
    return (fmx_library_measured){.field_mhz = field_mhz, .left_out = usual, .left_out_count = 2};
}

static fmx_library_spectrum spectrum(const char *name)
{
    return (fmx_library_spectrum){.name = name,
                                  .source = "made",
                                  .field_mhz = field_mhz,
                                  .noise_sigma = 1,
                                  .value = value,
                                  .ppm = ppm,
                                  .points = POINTS};
}

Test(library_measured, multiplets_and_width)
{
    fmx_test test = fmx_test_open_host();
    fmx_library_measured o = options();
    fmx_library *l = NULL;
    size_t left_out = 9;
    begin(true);
    lactate_like();
    fmx_library_spectrum s = spectrum("Lactate");
    s.protons = 6;
    fmx_test_ok(&test, fmx_library_add_measured(test.ctx, NULL, &s, 1, &o, &l, &left_out), "add");
    cr_assert_eq(left_out, 0);
    cr_assert_eq(l->compounds, 1);
    cr_assert_str_eq(l->compound[0].name, "Lactate");
    cr_assert_str_eq(l->entry[0].name, "Lactate (measured)");
    cr_assert_str_eq(l->entry[0].source, "made");
    cr_assert_eq(l->multiplets, 3);
    const double centre[] = {1.316, 3.712, 8.10};
    const double protons[] = {3, 2, 1};
    for (size_t i = 0; i < 3; ++i) {
        /* tails below 0.2 % of the tallest line are cut: of a line of a third of its height 5 % */
        cr_assert_float_eq(l->multiplet[i].ppm, centre[i], 0.0005);
        cr_assert_float_eq(l->multiplet[i].protons, protons[i], 0.1);
    }
    cr_assert_float_eq(l->entry[0].protons, 6, 1e-4);
    /* overlap widens the lines of the triplet a little, points are 0.3 Hz apart */
    cr_assert_float_eq(l->entry[0].width_hz, 1.2, 0.06);
    cr_assert_eq(l->field_mhz, field_mhz);
    cr_assert_eq(l->gap_ppm, 0.03);
    fmx_library_release(l);
    fmx_test_close(&test);
}

/* Heights of a library's multiplets at 2 Hz, from point 0 of the axis on; released with free(). */
static float *drawn(const fmx_test *test, const fmx_library *l, size_t points)
{
    static const double width_hz = 2;
    const fmx__multiplet_axis axis = {10, 0, points};
    fmx__pattern_table t;
    fmx_test_ok(test, fmx__pattern_table_create(test->device, l, &axis, &width_hz, 1, &t), "draw");
    float *heights = malloc(t.heights_count * sizeof *heights);
    float *out = calloc(l->multiplets * points, sizeof *out);
    fmx_test_ok(test, fmx_buffer_read(t.heights, 0, heights, t.heights_count * sizeof *heights),
                "read");
    for (size_t m = 0; m < l->multiplets; ++m) {
        const fmx__pattern *p = &t.pattern[m];
        for (size_t i = 0; i < p->count; ++i)
            out[m * points + (size_t)p->base + i] = p->highest * heights[p->first + i];
    }
    free(heights);
    fmx__pattern_table_clear(&t);
    return out;
}

/* Drawn with 2 Hz, multiplets measured with lines of 1.2 Hz look like those of sharp lines: their
 * tails are cut where they fall below 0.2 % of the tallest line, which leaves more for the rest. */
Test(library_measured, draws_alike)
{
    enum { GRID = 20001 };
    static double sharp_ppm[] = {1.310, 1.322, 3.700, 3.712, 3.724, 8.10};
    static float sharp[] = {1.5F, 1.5F, 0.5F, 1, 0.5F, 1};
    fmx_library_multiplet multiplet[] = {
        {.ppm = 1.316, .protons = 3, .first_line = 0, .line_count = 2},
        {.ppm = 3.712, .protons = 2, .first_line = 2, .line_count = 3},
        {.ppm = 8.10, .protons = 1, .first_line = 5, .line_count = 1}};
    fmx_library_entry entry = {.multiplet_count = 3};
    fmx_library exact = {.field_mhz = field_mhz,
                         .entry = &entry,
                         .entries = 1,
                         .multiplet = multiplet,
                         .multiplets = 3,
                         .line_ppm = sharp_ppm,
                         .line_protons = sharp,
                         .lines = 6};
    fmx_test test = fmx_test_open();
    fmx_library_measured o = options();
    fmx_library *l = NULL;
    begin(true);
    lactate_like();
    fmx_library_spectrum s = spectrum("Lactate");
    s.protons = 6;
    fmx_test_ok(&test, fmx_library_add_measured(test.ctx, NULL, &s, 1, &o, &l, NULL), "add");
    cr_assert_eq(l->multiplets, 3);
    float *expected = drawn(&test, &exact, GRID);
    float *got = drawn(&test, l, GRID);
    for (size_t m = 0; m < 3; ++m) {
        double ab = 0;
        double aa = 0;
        double bb = 0;
        for (size_t i = m * GRID; i < (m + 1) * GRID; ++i) {
            ab += (double)got[i] * expected[i];
            aa += (double)got[i] * got[i];
            bb += (double)expected[i] * expected[i];
        }
        cr_assert_gt(ab / sqrt(aa * bb), 0.995, "multiplet %zu: %g", m, ab / sqrt(aa * bb));
        cr_assert(ab / bb > 0.95 && ab / bb < 1.15, "multiplet %zu: %g as high", m, ab / bb);
    }
    free(expected);
    free(got);
    fmx_library_release(l);
    fmx_test_close(&test);
}

/* Beside simulated compounds: as a variant of the one of its name, or as a new one. */
Test(library_measured, beside_spin_systems)
{
    fmx_test test = fmx_test_open_host();
    fmx_spin_library spins;
    fmx_library *base = NULL;
    fmx_library *l = NULL;
    fmx_library_measured o = options();
    folder = fmx_test_folder();
    snprintf(path, sizeof path, "%s/spins.tsv", folder);
    FILE *file = fopen(path, "w");
    fputs("entry\tname\tmetabolite\tn_spins\tspins(id:ppm)\tcouplings(id-id:Hz)\n"
          "e1\tL-Lactate\t1\t4\t1:1.31 2:1.31 3:1.31 4:4.1\t1-4:6.9 2-4:6.9 3-4:6.9\n"
          "e3\tAcetate\t1\t3\t1:1.91 2:1.91 3:1.91\t\n",
          file);
    fclose(file);
    fmx_test_ok(&test, fmx_spin_library_read(test.ctx, path, &spins), "spins");
    fmx_test_ok(&test, fmx_library_build(test.ctx, &spins, NULL, NULL, &base, NULL), "build");
    begin(true);
    lactate_like();
    fmx_library_spectrum all[] = {spectrum("New"), spectrum("l-lactate"), spectrum("NEW")};
    fmx_test_ok(&test, fmx_library_add_measured(test.ctx, base, all, 3, &o, &l, NULL), "add");
    cr_assert_eq(l->compounds, 3);
    cr_assert_eq(l->entries, 5);
    cr_assert_str_eq(l->compound[0].name, "L-Lactate");
    cr_assert_eq(l->compound[0].entry_count, 2);
    cr_assert(l->entry[0].width_hz == 0 && l->entry[1].width_hz > 1);
    cr_assert_float_eq(l->entry[1].protons, 4, 1e-4); /* of the spin system */
    cr_assert_str_eq(l->compound[2].name, "New");
    cr_assert_eq(l->compound[2].entry_count, 2);
    cr_assert_float_eq(l->entry[4].protons, 1, 1e-4); /* not known */
    /* what was there has not changed */
    for (size_t i = 0; i < base->entry[0].multiplet_count; ++i) {
        cr_assert_eq(l->multiplet[i].ppm, base->multiplet[i].ppm);
        cr_assert_eq(l->multiplet[i].protons, base->multiplet[i].protons);
    }
    /* the file keeps the widths; one without them still reads */
    fmx_library *back = NULL;
    snprintf(path, sizeof path, "%s/l.h5", folder);
    fmx_test_ok(&test, fmx_library_write(test.ctx, l, path), "write");
    fmx_test_ok(&test, fmx_library_read(test.ctx, path, &back), "read");
    for (size_t i = 0; i < 5; ++i)
        cr_assert_float_eq(back->entry[i].width_hz, l->entry[i].width_hz, 1e-6);
    fmx_library_release(back);
    hid_t stored = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    H5Ldelete(stored, "entry_width_hz", H5P_DEFAULT);
    H5Fclose(stored);
    fmx_test_ok(&test, fmx_library_read(test.ctx, path, &back), "read");
    cr_assert_eq(back->entry[1].width_hz, 0);
    fmx_library_release(back);
    fmx_library_release(l);
    fmx_library_release(base);
    fmx_spin_library_clear(&spins);
    fmx_test_close(&test);
}

Test(library_measured, left_out_and_refused)
{
    fmx_test test = fmx_test_open_host();
    fmx_library_measured o = options();
    fmx_library *l = NULL;
    size_t left_out = 0;
    begin(true);
    static float zeros[POINTS];
    fmx_library_spectrum all[] = {spectrum("Nothing"), spectrum("Something")};
    all[0].value = zeros;
    lactate_like();
    fmx_test_ok(&test, fmx_library_add_measured(test.ctx, NULL, all, 2, &o, &l, &left_out), "add");
    cr_assert(l->compounds == 1 && left_out == 1);
    fmx_library_release(l);
    fmx_test_refused(&test, fmx_library_add_measured(test.ctx, NULL, all, 1, &o, &l, NULL),
                     FMX_ERROR_FORMAT, "nothing above the noise");
    fmx_test_refused(&test, fmx_library_add_measured(test.ctx, NULL, all, 0, &o, &l, NULL),
                     FMX_ERROR_ARGUMENT, "no measured spectra");
    all[1].field_mhz = 500;
    fmx_test_refused(&test, fmx_library_add_measured(test.ctx, NULL, all + 1, 1, &o, &l, NULL),
                     FMX_ERROR_UNSUPPORTED, "--field-mhz 500");
    all[1].field_mhz = 0; /* not known: taken on trust */
    fmx_test_ok(&test, fmx_library_add_measured(test.ctx, NULL, all + 1, 1, &o, &l, NULL), "add");
    fmx_library_release(l);
    value[5] = NAN;
    fmx_test_refused(&test, fmx_library_add_measured(test.ctx, NULL, all + 1, 1, &o, &l, NULL),
                     FMX_ERROR_FORMAT, "finite");
    cr_assert_null(l);
    o.field_mhz = 0;
    fmx_test_refused(&test, fmx_library_add_measured(test.ctx, NULL, all, 1, &o, &l, NULL),
                     FMX_ERROR_ARGUMENT, "field_mhz");
    fmx_test_close(&test);
}

static fmx_status add(void *user)
{
    fmx_context *ctx = user;
    fmx_library_measured o = options();
    fmx_library_spectrum s = spectrum("Lactate");
    fmx_library *l = NULL;
    fmx_status status = fmx_library_add_measured(ctx, NULL, &s, 1, &o, &l, NULL);
    fmx_library_release(l);
    return status;
}

Test(library_measured, each_allocation)
{
    fmx_test test = fmx_test_open_host();
    fmx_status status = FMX_ERROR_MEMORY;
    size_t nth = 0;
    begin(true);
    lactate_like();
    while (status != FMX_OK && nth < 100) {
        fmx__fail_allocation(test.ctx, ++nth);
        status = add(test.ctx);
        cr_assert(status == FMX_OK || status == FMX_ERROR_MEMORY);
    }
    fmx__fail_allocation(test.ctx, 0);
    cr_assert(status == FMX_OK && nth > 8);
    fmx_test_close(&test);
}

/* From simulated FIDs of pure compounds: the multiplets that their spin systems have. */
Test(library_measured, from_fids, .timeout = 120)
{
    fmx_test test = fmx_test_open_host();
    fmx_library *measured = NULL;
    fmx_library *exact = NULL;
    make_raw("L-Alanine,Citrate,L-Threonine");
    succeeds("library $D/raw --out $D/measured.h5 --device cpu");
    cr_assert(strstr(messages(), "3 compounds (6 entries)") != NULL, "%s", messages());
    snprintf(path, sizeof path, "%s/measured.h5", folder);
    fmx_test_ok(&test, fmx_library_read(test.ctx, path, &measured), "read");
    char command[256];
    snprintf(command, sizeof command,
             "library spin_systems --only L-Alanine,Citrate,L-Threonine --field-mhz %.3f --out "
             "$D/exact.h5",
             measured->field_mhz);
    succeeds(command);
    snprintf(path, sizeof path, "%s/exact.h5", folder);
    fmx_test_ok(&test, fmx_library_read(test.ctx, path, &exact), "read");
    for (size_t i = 0; i < measured->entries; ++i) {
        const fmx_library_entry *e = &measured->entry[i];
        size_t c = 0;
        cr_assert(fmx_library_find(exact, measured->compound[e->compound].name, &c), "%s", e->name);
        const fmx_library_entry *x = &exact->entry[exact->compound[c].first_entry];
        cr_assert_eq(e->multiplet_count, x->multiplet_count, "%s: %zu multiplets for %zu", e->name,
                     e->multiplet_count, x->multiplet_count);
        cr_assert(e->width_hz > 0.3 && e->width_hz < 5, "%s: %g Hz", e->name, e->width_hz);
        for (size_t k = 0; k < e->multiplet_count; ++k) {
            const fmx_library_multiplet *a = &measured->multiplet[e->first_multiplet + k];
            const fmx_library_multiplet *b = &exact->multiplet[x->first_multiplet + k];
            /* simulated shifts and the reference's place vary a little; tails are cut */
            cr_assert_float_eq(a->ppm, b->ppm, 0.01, "%s: %g for %g", e->name, a->ppm, b->ppm);
            cr_assert_float_eq(a->protons / e->protons, b->protons / x->protons, 0.1);
        }
    }
    /* beside spin systems, under a name of its own, and what is no spectrum */
    succeeds("library spin_systems --only Acetate \"My acid=$D/raw/Citrate/1\" --out $D/two.h5 "
             "--device cpu");
    cr_assert(strstr(messages(), "2 compounds (2 entries)") != NULL, "%s", messages());
    succeeds("info $D/two.h5");
    cr_assert_eq(shell("grep -q '2 compounds (2 entries, 1 of them measured)' $D/out"), 0);
    succeeds("process $D/raw --out $D/spectra.h5 --device cpu");
    succeeds("library $D/spectra.h5 --out $D/rows.h5");
    cr_assert(strstr(messages(), "3 compounds (6 entries)") != NULL, "%s", messages());
    fails("library \"One=$D/raw\" --out $D/x.h5 --device cpu", 3, "one name");
    fails("library spin_systems $D/spectra.h5 --field-mhz 800 --out $D/x.h5", 3, "--field-mhz");
    fails("library $D/spectra.h5 --out $D/x.h5 --leave-out 12", 2, "--leave-out");
    fails("library $D/spectra.h5 --out $D/x.h5 --leave-out=-2:13", 3, "nothing above the noise");
    fmx_library_release(exact);
    fmx_library_release(measured);
    fmx_test_close(&test);
}
