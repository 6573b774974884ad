/* Libraries: multiplets, variants, the file, the verb, files that lie. */
#include <hdf5.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "fidmix/library.h"
#include "fmx_test.h"
#include "library_file.h"
#include "program_fixture.h"

/* On damaged files HDF5 1.10 leaks memory of its own, which LeakSanitizer would hold against us. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libhdf5";
}

static const char table[] =
    "entry\tname\tmetabolite\tn_spins\tspins(id:ppm)\tcouplings(id-id:Hz)\n"
    "e1\tL-Alanine\t1\t4\t1:1.46 2:1.46 3:1.46 4:3.77\t1-4:7.2 2-4:7.2 3-4:7.2\n"
    "e2\tL-Alanine\t1\t4\t1:1.48 2:1.48 3:1.48 4:3.78\t1-4:7.3 2-4:7.3 3-4:7.3\n"
    "e3\tAcetate\t1\t3\t1:1.91 2:1.91 3:1.91\t\n"
    "e4\tL-Alanine - at pH 2\t1\t4\t1:1.5 2:1.5 3:1.5 4:3.9\t1-4:7.2 2-4:7.2 3-4:7.2\n"
    "e5\tAlaninol - of no kin\t1\t1\t1:5\t\n";

static char path[512];

static void write_file(const char *name, const char *text)
{
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
}

/* The library of $D/spins.tsv, of what was measured only (options NULL). */
static fmx_library *build(const fmx_test *test, const fmx_library_options *options)
{
    fmx_spin_library spins;
    fmx_library *library = NULL;
    fmx_library_options measured = FMX_LIBRARY_DEFAULT;
    measured.between = false;
    options = options != NULL ? options : &measured;
    folder = fmx_test_folder();
    write_file("spins.tsv", table);
    fmx_test_ok(test, fmx_spin_library_read(test->ctx, path, &spins), "spins");
    fmx_test_ok(test, fmx_library_build(test->ctx, &spins, NULL, options, &library, NULL), "build");
    fmx_spin_library_clear(&spins);
    return library;
}

Test(library, multiplets_and_variants)
{
    fmx_test test = fmx_test_open_host();
    fmx_library *l = build(&test, NULL);
    cr_assert_eq(l->compounds, 3);
    cr_assert_eq(l->entries, 5);
    cr_assert_str_eq(l->compound[0].name, "L-Alanine");
    cr_assert_eq(l->compound[0].entry_count, 3);
    cr_assert_str_eq(l->entry[1].name, "L-Alanine (e2)");
    cr_assert_str_eq(l->entry[2].name, "L-Alanine - at pH 2");
    cr_assert_str_eq(l->compound[2].name, "Alaninol");
    /* alanine: CH3 doublet and CH quartet; their centres are the shifts (tr of the Hamiltonian:
     * exact up to strong coupling, J^2 / delta nu = 0.04 Hz) */
    cr_assert_eq(l->entry[0].multiplet_count, 2);
    const fmx_library_multiplet *m = &l->multiplet[l->entry[0].first_multiplet];
    cr_assert_float_eq(m[0].ppm, 1.46, 1e-4);
    cr_assert_float_eq(m[1].ppm, 3.77, 1e-4);
    /* lines that hold 0.2 % may have gone from one to the other */
    cr_assert_float_eq(m[0].protons, 3, 0.01);
    cr_assert_float_eq(m[1].protons, 1, 0.01);
    cr_assert_float_eq(m[0].high_ppm - m[0].low_ppm, 7.2 / 600, 1e-4);
    for (size_t i = 0; i < l->entries; ++i)
        cr_assert_float_eq(l->entry[i].protons, round(l->entry[i].protons), 1e-5, "%s: %g protons",
                           l->entry[i].name, l->entry[i].protons);
    size_t found = 9;
    cr_assert(fmx_library_find(l, "l-ALANINE", &found) && found == 0);
    cr_assert(fmx_library_find(l, "e3", &found) && found == 1);
    cr_assert_not(fmx_library_find(l, "e", &found));
    fmx_library_release(l);
    fmx_test_close(&test);
}

Test(library, gap_decides)
{
    fmx_test test = fmx_test_open_host();
    fmx_library_options options = FMX_LIBRARY_DEFAULT;
    options.gap_ppm = 5.0 / 600; /* below the coupling: every line for itself */
    fmx_library *l = build(&test, &options);
    cr_assert_geq(l->entry[0].multiplet_count, 6);
    fmx_library_release(l);
    options.gap_ppm = 100;
    l = build(&test, &options);
    cr_assert_eq(l->entry[0].multiplet_count, 1);
    fmx_library_release(l);
    fmx_test_close(&test);
}

Test(library, refuses_options)
{
    fmx_test test = fmx_test_open_host();
    fmx_spin_library none = {0};
    fmx_library *l = NULL;
    fmx_library_options options = FMX_LIBRARY_DEFAULT;
    options.weak_share = 0.5;
    cr_assert_eq(fmx_library_build(test.ctx, &none, NULL, &options, &l, NULL), FMX_ERROR_ARGUMENT);
    cr_assert(strstr(fmx_context_message(test.ctx), "weak_share") != NULL);
    cr_assert_eq(fmx_library_build(test.ctx, &none, NULL, NULL, &l, NULL), FMX_ERROR_UNSUPPORTED);
    cr_assert_null(l);
    fmx_test_close(&test);
}

Test(library, file_holds_all)
{
    fmx_test test = fmx_test_open_host();
    fmx_library *l = build(&test, NULL);
    fmx_library *back = NULL;
    snprintf(path, sizeof path, "%s/library.h5", folder);
    fmx_test_ok(&test, fmx_library_write(test.ctx, l, path), "write");
    cr_assert_eq(fmx_library_write(test.ctx, l, path), FMX_ERROR_EXISTS);
    cr_assert(fmx__library_is(test.ctx, path));
    fmx_test_ok(&test, fmx_library_read(test.ctx, path, &back), "read");
    cr_assert_eq(back->field_mhz, l->field_mhz);
    cr_assert_eq(back->gap_ppm, l->gap_ppm);
    cr_assert(back->compounds == l->compounds && back->entries == l->entries &&
              back->multiplets == l->multiplets && back->lines == l->lines);
    for (size_t i = 0; i < l->entries; ++i) {
        cr_assert_str_eq(back->entry[i].name, l->entry[i].name);
        cr_assert_str_eq(back->entry[i].synonyms, l->entry[i].synonyms);
        cr_assert_str_eq(back->entry[i].source, l->entry[i].source);
        cr_assert_eq(back->entry[i].compound, l->entry[i].compound);
        cr_assert_eq(back->entry[i].protons, l->entry[i].protons);
    }
    cr_assert_arr_eq(back->multiplet, l->multiplet, l->multiplets * sizeof *l->multiplet);
    cr_assert_arr_eq(back->line_ppm, l->line_ppm, l->lines * sizeof *l->line_ppm);
    cr_assert_arr_eq(back->line_protons, l->line_protons, l->lines * sizeof *l->line_protons);
    fmx_library_release(back);
    fmx_library_release(l);
    fmx_test_close(&test);
}

/* Reading fails cleanly whichever allocation fails. */
Test(library, each_allocation)
{
    fmx_test test = fmx_test_open_host();
    fmx_library *l = build(&test, NULL);
    fmx_library *back = NULL;
    fmx_status status = FMX_ERROR_MEMORY;
    snprintf(path, sizeof path, "%s/library.h5", folder);
    fmx_test_ok(&test, fmx_library_write(test.ctx, l, path), "write");
    size_t nth = 0;
    while (status != FMX_OK && nth < 200) {
        fmx__fail_allocation(test.ctx, ++nth);
        status = fmx_library_read(test.ctx, path, &back);
        cr_assert(status == FMX_OK || (status == FMX_ERROR_MEMORY && back == NULL), "%zu: %s", nth,
                  fmx_status_name(status));
    }
    fmx__fail_allocation(test.ctx, 0);
    cr_assert(status == FMX_OK && nth > 10);
    fmx_library_release(back);
    fmx_library_release(l);
    fmx_test_close(&test);
}

/* Overwrites value `index` of a column. */
static void spoil(const char *name, size_t index, double value)
{
    double all[256];
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    hid_t set = H5Dopen2(file, name, H5P_DEFAULT);
    cr_assert_geq(set, 0);
    cr_assert_geq(H5Dread(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, all), 0);
    all[index] = value;
    cr_assert_geq(H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, all), 0);
    H5Dclose(set);
    H5Fclose(file);
}

Test(library, files_that_lie)
{
    static const struct {
        const char *column;
        size_t index;
        double value;
    } lies[] = {
        {"line_ppm", 1, NAN},
        {"line_ppm", 1, -50},
        {"line_ppm", 0, 1e9},
        {"line_protons", 2, 0},
        {"line_protons", 2, NAN},
        {"line_protons", 0, -1},
        {"line_protons", 0, 1e30},
        {"entry_width_hz", 1, -1},
        {"entry_width_hz", 0, NAN},
        {"multiplet_first_line", 1, 0},
        {"multiplet_first_line", 1, 1e6},
        {"multiplet_first_line", 0, -1},
        {"entry_first_multiplet", 1, -3},
        {"entry_first_multiplet", 5, 1000},
        {"compound_first_entry", 1, 0},
        {"compound_first_entry", 3, 4},
    };
    fmx_test test = fmx_test_open_host();
    fmx_library *l = build(&test, NULL);
    for (size_t i = 0; i < FMX__COUNT(lies); ++i) {
        fmx_library *back = NULL;
        snprintf(path, sizeof path, "%s/lie%zu.h5", folder, i);
        fmx_test_ok(&test, fmx_library_write(test.ctx, l, path), "write");
        spoil(lies[i].column, lies[i].index, lies[i].value);
        fmx_status status = fmx_library_read(test.ctx, path, &back);
        cr_assert_eq(status, FMX_ERROR_FORMAT, "%s[%zu] = %g: %s", lies[i].column, lies[i].index,
                     lies[i].value, fmx_status_name(status));
        const char *said = fmx_context_message(test.ctx);
        cr_assert(strstr(said, lies[i].column) != NULL || strstr(said, "line_") != NULL, "%s",
                  said);
        cr_assert_null(back);
    }
    fmx_library_release(l);
    fmx_test_close(&test);
}

/* Cut at every length, and a byte changed at many places: no crash, and nothing read that is not a
 * library. */
Test(library, damaged_files, .timeout = 120)
{
    enum { CHANGES = 400 };
    fmx_test test = fmx_test_open_host();
    fmx_library *l = build(&test, NULL);
    char from[512];
    snprintf(from, sizeof from, "%s/library.h5", folder);
    fmx_test_ok(&test, fmx_library_write(test.ctx, l, from), "write");
    FILE *file = fopen(from, "rb");
    static unsigned char bytes[1 << 18];
    size_t length = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    cr_assert(length > 1000 && length < sizeof bytes);
    snprintf(path, sizeof path, "%s/damaged.h5", folder);
    for (size_t i = 0; i < CHANGES; ++i) {
        fmx_library *back = NULL;
        size_t at = i * 2654435761U % length;
        bool cut = i % 4 == 0;
        unsigned char before = bytes[at];
        bytes[at] ^= (unsigned char)(1 + i * 37 % 255);
        file = fopen(path, "wb");
        cr_assert_eq(fwrite(bytes, 1, cut ? at : length, file), cut ? at : length);
        fclose(file);
        bytes[at] = before;
        if (fmx_library_read(test.ctx, path, &back) == FMX_OK) {
            cr_assert_leq(back->lines, l->lines);
            for (size_t k = 0; k < back->lines; ++k)
                cr_assert(fabs(back->line_ppm[k]) <= 1000 && back->line_protons[k] > 0);
        }
        fmx_library_release(back);
    }
    fmx_library_release(l);
    fmx_test_close(&test);
}

Test(library, verb)
{
    folder = fmx_test_folder();
    write_file("spins.tsv", table);
    succeeds("library $D/spins.tsv --out $D/all.h5 --no-between");
    cr_assert(strstr(messages(), "3 compounds (5 entries)") != NULL, "%s", messages());
    succeeds("info $D/all.h5");
    cr_assert_eq(
        shell(
            "grep -q 'hdf5 library, 600 MHz, 3 compounds (5 entries, 0 of them measured)' $D/out"),
        0);
    succeeds("info $D/all.h5 --json");
    cr_assert_eq(shell("grep -q '\"kind\":[^,]*\"library\"' $D/out"), 0);
    /* one name brings all variants; files add up */
    succeeds("library $D/spins.tsv spin_systems --only L-Alanine,Citrate --field-mhz 700 "
             "--no-between --out $D/two.h5");
    cr_assert(strstr(messages(), "2 compounds (5 entries)") != NULL, "%s", messages());
    cr_assert(strstr(messages(), "700 MHz") != NULL, "%s", messages());
    fails("library $D/spins.tsv --out $D/all.h5", 5, "exists already");
    fails("library $D/spins.tsv", 2, "--out");
    fails("library --out $D/none.h5", 2, "");
    fails("library $D/spins.tsv --out $D/x.h5 --only Alanin", 3, "no compound \"Alanin\"");
    fails("library $D/missing.tsv --out $D/x.h5", 3, "missing.tsv");
    fails("library $D/spins.tsv --out $D/no/folder.h5", 5, "folder.h5");
    fails("library $D/spins.tsv --out $D/x.h5 --field-mhz 0", 2, "--field-mhz");
    cr_assert_neq(shell("ls $D | grep -q part"), 0, "a part was left behind");
}

/* The example of docs/library.md, as it stands there. */
Test(library, own_compound)
{
    fmx_test test = fmx_test_open_host();
    fmx_library *l = NULL;
    size_t c = 0;
    folder = fmx_test_folder();
    cr_assert_eq(shell("sed -n '/^```yaml/,/^```$/p' \"" FMX_SOURCE_DIR
                       "/docs/library.md\" | sed '/^```/d' > $D/mine.yml"),
                 0);
    succeeds("library spin_systems $D/mine.yml --only \"ethyl lactate,Acetate\" --out $D/l.h5 "
             "--field-mhz 700");
    snprintf(path, sizeof path, "%s/l.h5", folder);
    fmx_test_ok(&test, fmx_library_read(test.ctx, path, &l), "read");
    cr_assert(l->compounds == 2 && fmx_library_find(l, "Ethyl lactate", &c));
    const fmx_library_entry *e = &l->entry[l->compound[c].first_entry];
    cr_assert_str_eq(e->source, "my notebook, page 12");
    cr_assert_eq(e->multiplet_count, 4);
    const double ppm[] = {1.28, 1.41, 4.23, 4.39};
    const double protons[] = {3, 3, 2, 1};
    for (size_t i = 0; i < 4; ++i) {
        cr_assert_float_eq(l->multiplet[e->first_multiplet + i].ppm, ppm[i], 1e-4);
        cr_assert_float_eq(l->multiplet[e->first_multiplet + i].protons, protons[i], 0.02);
    }
    fmx_library_release(l);
    fmx_test_close(&test);
}

/* Trained on what a library gives, judged on processed FIDs. */
static const char recipe[] =
    "fidmix: 1\n"
    "name: small\n"
    "seed: 2\n"
    "axis: {nucleus: 1H, first_ppm: 9.5, last_ppm: 0.5, points: 1024}\n"
    "database: {spins: spin_systems, only: [L-Alanine, Glycine, \"1,2-Propanediol\"], "
    "per_compound: 5, "
    "field_mhz: 400, fid_points: 4096}\n"
    "process: [digital_filter: {mode: phase_ramp}, fft, autophase: {method: lines}, "
    "resample: {method: area, outside: zero}, normalise: {method: max}]\n"
    "mixtures: {mode: random, count: 20, least: 1, most: 2}\n"
    "library: {spins: spin_systems, only: [L-Alanine, Glycine, \"1,2-Propanediol\"], field_mhz: "
    "400, "
    "least: 0, most: 2, foreign: 1, humps: 1, snr_least: 100, snr_most: 300}\n"
    "model: [compress: {scale: 0.02}, conv1d: {filters: 4, kernel: 5, stride: 4}, relu, flatten, "
    "dense: {units: 3}, sigmoid]\n"
    "train: {source: library, batch: 16, epochs: 4, items: 320, validation_items: 64, loss: "
    "binary_cross_entropy, optimiser: {adam: {learning_rate: 0.01}}}\n";

Test(library, run_trains_from_it, .timeout = 200)
{
    folder = fmx_test_folder();
    write_file("r.yml", recipe);
    succeeds("run $D/r.yml --out $D/job --device cpu");
    cr_assert_eq(shell("cd $D/job && ls model.safetensors mixtures.h5 report.html >/dev/null"), 0);
    /* three lines far apart: all but noise is told */
    cr_assert_eq(shell("grep -q 'F1' $D/out"), 0);
    succeeds("info $D/job/model.safetensors --json");
    cr_assert_eq(shell("grep -q 1,2-Propanediol $D/out"), 0);
    succeeds("run $D/r.yml --out $D/job --device cpu");
    cr_assert(strstr(messages(), "model.safetensors: up to date") != NULL, "%s", messages());
    /* by hand, and once more: the same bytes */
    succeeds("train --recipe $D/r.yml --out $D/again.safetensors --device cpu --quiet");
    cr_assert_eq(shell("cmp $D/job/model.safetensors $D/again.safetensors"), 0);
    succeeds("identify $D/again.safetensors $D/job/raw/Glycine/1 --json --device cpu");
    cr_assert_eq(shell("grep -q 'Glycine' $D/out"), 0);
}

Test(library, training_refuses)
{
    folder = fmx_test_folder();
    write_file("r.yml", recipe);
    write_file("spins.tsv", table);
    fails("train $D/spins.tsv --recipe $D/r.yml --out $D/m.safetensors", 2, "no dataset");
    fails("train --recipe $D/r.yml --out $D/m.safetensors --set train.items=0", 3, "train.items");
    fails("train --recipe $D/r.yml --out $D/m.safetensors --set library.most=9", 3, "most is 9");
    fails("train --recipe $D/r.yml --out $D/m.safetensors --set library.spins=$D/none", 3, "none");
    succeeds("library $D/spins.tsv --out $D/l.h5 --field-mhz 600");
    fails("train --recipe $D/r.yml --out $D/m.safetensors --set library.spins=$D/l.h5", 3,
          "was made for 600 MHz");
    fails("train --recipe $D/r.yml --out $D/m.safetensors --set library.only=Alanol", 3, "Alanol");
}
