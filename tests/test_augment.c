/* `fidmix augment` as a user runs it, and the run behind it. */
#include <hdf5.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "augment.h"
#include "augmentation.h"
#include "fidmix/dataset.h"
#include "fmx_test.h"
#include "program_fixture.h"
#include "recipe_sections.h"
#include "shift.h"

enum { ROWS = 6, POINTS = 700, CLASSES = 2 };

static const char *in_folder(const char *name)
{
    static char path[4][700];
    static int next;
    char *out = path[next++ % 4];
    snprintf(out, sizeof path[0], "%s/%s", folder, name);
    return out;
}

static float value_of(size_t row, size_t point)
{
    double ppm = 10 - 10.0 * (double)point / (POINTS - 1);
    double x = (ppm - 2 - (double)row) / 0.05;
    return (float)(1 / (1 + x * x) + 1e-3 * sin((double)(point * (row + 3))));
}

/* A labelled dataset of Lorentzian lines; `broken` row (or SIZE_MAX) has a NaN, `blind` rows do
 * not say their field. */
static void make_input(const char *name, size_t broken, bool blind)
{
    static const char *const class_name[] = {"alanine", "lactate"};
    static const fmx_column columns[] = {{"temperature_k", FMX_COLUMN_FLOAT, 0},
                                         {"where", FMX_COLUMN_TEXT, 0},
                                         {"codes", FMX_COLUMN_INT, 2}};
    fmx_test test = fmx_test_open_host();
    fmx_dataset_writer *writer = NULL;
    double ppm[POINTS];
    float spectrum[POINTS];
    const char *source[ROWS];
    char text[ROWS][16];
    for (size_t j = 0; j < POINTS; ++j)
        ppm[j] = 10 - 10.0 * (double)j / (POINTS - 1);
    for (size_t row = 0; row < ROWS; ++row) {
        snprintf(text[row], sizeof text[row], "raw/%zu", row);
        source[row] = text[row];
    }
    fmx_dataset_plan plan = {.rows = ROWS,
                             .points = POINTS,
                             .ppm = ppm,
                             .source = source,
                             .nucleus = "1H",
                             .class_name = class_name,
                             .classes = CLASSES,
                             .has_split = true,
                             .column = columns,
                             .column_count = 3};
    fmx_test_ok(&test, fmx_dataset_writer_open(test.ctx, in_folder(name), &plan, &writer), name);
    for (size_t row = 0; row < ROWS; ++row) {
        float target[CLASSES] = {row % 2 == 0, row % 2 == 1};
        float kelvin = 290 + (float)row;
        int32_t codes[2] = {(int32_t)row, -(int32_t)row};
        const void *values[] = {&kelvin, text[row], codes};
        for (size_t j = 0; j < POINTS; ++j)
            spectrum[j] = row == broken && j == 77 ? NAN : value_of(row, j);
        fmx_dataset_row out = {.name = class_name[row % 2],
                               .spectrum = spectrum,
                               .field_mhz = blind ? 0 : 600,
                               .noise_sigma = 1e-3f,
                               .target = target,
                               .split = (uint8_t)(row % 3),
                               .column = values};
        fmx_test_ok(&test, fmx_dataset_writer_append(writer, row, &out), "append");
    }
    fmx_test_ok(&test, fmx_dataset_writer_finish(writer), "finish");
    fmx_dataset_writer_close(writer);
    fmx_test_close(&test);
}

/* All spectra of a dataset, released with free(). */
static float *spectra_of(const char *name, size_t *rows)
{
    fmx_test test = fmx_test_open_host();
    fmx_dataset *set = NULL;
    fmx_test_ok(&test, fmx_dataset_open(test.ctx, in_folder(name), &set), name);
    *rows = fmx_dataset_describe(set)->rows;
    float *out = malloc(*rows * POINTS * sizeof *out);
    cr_assert_not_null(out);
    fmx_test_ok(&test, fmx_dataset_read_spectra(set, 0, *rows, out), name);
    fmx_dataset_close(set);
    fmx_test_close(&test);
    return out;
}

static void write_recipe(const char *name, const char *text)
{
    FILE *file = fopen(in_folder(name), "w");
    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
}

static void begin(void)
{
    folder = fmx_test_folder();
    make_input("in.h5", SIZE_MAX, false);
    write_recipe("both.yml", "fidmix: 1\nname: both\nseed: 5\naugment:\n"
                             "  - shift: {shift_ppm: 0.3, jitter_ppm: 0.05, steps: 2}\n"
                             "  - augmentation: {copies: 3, shift_ppm: [-0.1, 0.1], "
                             "lorentzian_hz: [0, 5], noise: [0.01, 0.01]}\n");
}

Test(augment, parts_put_together_are_the_whole)
{
    size_t rows = 0;
    size_t at = 0;
    begin();
    succeeds("augment $D/in.h5 --out $D/all.h5 --recipe $D/both.yml");
    float *all = spectra_of("all.h5", &rows);
    cr_assert_eq(rows, ROWS * 5 * 3);
    for (int part = 1; part <= 4; ++part) {
        char command[200];
        char name[32];
        size_t count = 0;
        snprintf(name, sizeof name, "part%d.h5", part);
        snprintf(command, sizeof command,
                 "augment $D/in.h5 --out $D/%s --recipe $D/both.yml --shard %d/4", name, part);
        succeeds(command);
        float *some = spectra_of(name, &count);
        cr_assert_arr_eq(some, all + at * POINTS, count * POINTS * sizeof *all, "part %d", part);
        at += count;
        free(some);
    }
    cr_assert_eq(at, rows);
    succeeds("augment $D/part1.h5 $D/part2.h5 $D/part3.h5 $D/part4.h5 --join --out $D/joined.h5");
    float *joined = spectra_of("joined.h5", &at);
    cr_assert_eq(at, rows);
    cr_assert_arr_eq(joined, all, rows * POINTS * sizeof *all);
    free(joined);
    free(all);
    /* a view of the parts serves as an input */
    succeeds("augment $D/joined.h5 --out $D/more.h5 --set augment.augmentation.copies=1");
    const char *both = "augment $D/part1.h5 $D/part2.h5 --join --out $D/j.h5";
    fails(both, 3, "are missing");
    fails("augment $D/part2.h5 $D/part1.h5 --join --out $D/j.h5", 3, "row 0 is due");
    fails("augment $D/part1.h5 $D/part3.h5 --join --out $D/j.h5", 3, "in order");
    fails("augment $D/in.h5 --join --out $D/j.h5", 3, "not a part");
    fails("augment $D/part1.h5 $D/part2.h5 --out $D/j.h5", 2, "one dataset");
    fails("augment $D/part1.h5 $D/part2.h5 $D/part3.h5 $D/part4.h5 --join --out $D/joined.h5", 5,
          "exists already");
    cr_assert_eq(shell("mkdir $D/else"), 0);
    fails("augment $D/part1.h5 $D/part2.h5 $D/part3.h5 $D/part4.h5 --join --out $D/else/j.h5", 2,
          "another folder");
    succeeds("augment $D/in.h5 --out $D/other.h5 --recipe $D/both.yml --shard 2/4 --seed 6");
    fails("augment $D/part1.h5 $D/other.h5 $D/part3.h5 $D/part4.h5 --join --out $D/j.h5", 3,
          "another recipe");
}

Test(augment, a_row_is_the_stages_by_hand)
{
    size_t rows = 0;
    begin();
    write_recipe("shift.yml", "fidmix: 1\nname: s\nseed: 5\naugment:\n"
                              "  - shift: {shift_ppm: 0.3, jitter_ppm: 0.05, steps: 2}\n");
    succeeds("augment $D/in.h5 --out $D/all.h5 --recipe $D/shift.yml");
    float *all = spectra_of("all.h5", &rows);
    fmx__shift_options options = {0.3, 0.05, 2};
    for (size_t r = 0; r < rows; ++r) {
        double ppm = fmx__shift_ppm(&options, 5, r / 5, (uint32_t)(r % 5));
        size_t by = fmx__shift_points(ppm, POINTS, -10.0 / (POINTS - 1));
        for (size_t j = 0; j < POINTS; ++j)
            cr_assert_eq(all[r * POINTS + j], value_of(r / 5, (j + by) % POINTS), "row %zu", r);
    }
    free(all);
}

Test(augment, columns_are_carried_over)
{
    fmx_test test = fmx_test_open_host();
    fmx_dataset *set = NULL;
    int32_t parent[ROWS * 15];
    int32_t copy[ROWS * 15];
    int32_t codes[ROWS * 15][2];
    float target[ROWS * 15][CLASSES];
    uint8_t split[ROWS * 15];
    char **name = NULL;
    char **where = NULL;
    begin();
    succeeds("augment $D/in.h5 --out $D/all.h5 --recipe $D/both.yml");
    fmx_test_ok(&test, fmx_dataset_open(test.ctx, in_folder("all.h5"), &set), "open");
    size_t rows = fmx_dataset_describe(set)->rows;
    cr_assert_str_eq(fmx_dataset_describe(set)->class_name[1], "lactate");
    cr_assert_eq(fmx_dataset_describe(set)->seed, 5);
    fmx_test_ok(&test, fmx_dataset_read_column(set, "parent", FMX_COLUMN_INT, 0, rows, parent), "");
    fmx_test_ok(&test, fmx_dataset_read_column(set, "copy", FMX_COLUMN_INT, 0, rows, copy), "");
    fmx_test_ok(&test, fmx_dataset_read_column(set, "codes", FMX_COLUMN_INT, 0, rows, codes), "");
    fmx_test_ok(&test, fmx_dataset_read_column(set, "target", FMX_COLUMN_FLOAT, 0, rows, target),
                "");
    fmx_test_ok(&test, fmx_dataset_read_column(set, "split", FMX_COLUMN_BYTE, 0, rows, split), "");
    fmx_test_ok(&test, fmx_dataset_read_text(set, "name", 0, rows, &name), "");
    fmx_test_ok(&test, fmx_dataset_read_text(set, "where", 0, rows, &where), "");
    for (size_t r = 0; r < rows; ++r) {
        size_t from = r / 15;
        char text[32];
        snprintf(text, sizeof text, "raw/%zu", from);
        cr_assert_eq(parent[r], (int32_t)from);
        cr_assert_eq(copy[r], (int32_t)(r % 15));
        cr_assert_eq(codes[r][1], -(int32_t)from);
        cr_assert_eq(target[r][from % 2], 1);
        cr_assert_eq(split[r], from % 3);
        cr_assert_str_eq(name[r], from % 2 == 0 ? "alanine" : "lactate");
        cr_assert_str_eq(where[r], text);
    }
    free(where);
    free(name);
    fmx_dataset_close(set);
    fmx_test_close(&test);
    /* what comes out goes in again: parents are still the first dataset's rows */
    succeeds("augment $D/all.h5 --out $D/twice.h5 --set augment.augmentation.copies=1");
}

/* Ended by a signal at any moment, then resumed: the same contents; told so when complete. */
Test(augment, interrupted_and_resumed)
{
    size_t rows[2];
    begin();
    succeeds("augment $D/in.h5 --out $D/all.h5 --set augment.augmentation.copies=3000 --seed 9");
    cr_assert_eq(shell("for s in 0.05 0.15 0.3; do timeout -s INT $s " FMX_PROGRAM
                       " augment $D/in.h5 --out $D/cut.h5 --resume --seed 9 --quiet "
                       "--set augment.augmentation.copies=3000 2>> $D/err || :; done"),
                 0);
    succeeds("augment $D/in.h5 --out $D/cut.h5 --resume --seed 9 "
             "--set augment.augmentation.copies=3000");
    float *all = spectra_of("all.h5", &rows[0]);
    float *cut = spectra_of("cut.h5", &rows[1]);
    cr_assert_eq(rows[0], rows[1]);
    cr_assert_arr_eq(all, cut, rows[0] * POINTS * sizeof *all);
    free(cut);
    free(all);
    succeeds("augment $D/in.h5 --out $D/cut.h5 --resume --seed 9 "
             "--set augment.augmentation.copies=3000");
    cr_assert(strstr(messages(), "up to date") != NULL, "%s", messages());
    fails("augment $D/in.h5 --out $D/cut.h5 --seed 9 --set augment.augmentation.copies=3000", 5,
          "exists already");
    fails("augment $D/in.h5 --out $D/cut.h5 --resume --seed 10 "
          "--set augment.augmentation.copies=3000",
          5, "another recipe");
}

/* Another spectrum under the same names is another input. */
Test(augment, an_input_that_changed_is_noticed)
{
    begin();
    succeeds("augment $D/in.h5 --out $D/all.h5 --recipe $D/both.yml");
    succeeds("augment $D/in.h5 --out $D/all.h5 --recipe $D/both.yml --resume");
    hid_t file = H5Fopen(in_folder("in.h5"), H5F_ACC_RDWR, H5P_DEFAULT);
    hid_t set = H5Dopen2(file, "spectra", H5P_DEFAULT);
    float *all = malloc(ROWS * POINTS * sizeof *all);
    cr_assert(file >= 0 && set >= 0 && all != NULL);
    H5Dread(set, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, all);
    all[4000] += 1e-3f;
    H5Dwrite(set, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, all);
    H5Dclose(set);
    H5Fclose(file);
    free(all);
    fails("augment $D/in.h5 --out $D/all.h5 --recipe $D/both.yml --resume", 5, "other inputs");
}

Test(augment, bad_input)
{
    begin();
    make_input("nan.h5", 4, false);
    make_input("blind.h5", SIZE_MAX, true);
    fails("augment $D/nan.h5 --out $D/o.h5", 3, "row 4 (alanine), point 77");
    fails("augment $D/blind.h5 --out $D/o.h5", 3, "field_mhz");
    succeeds("augment $D/blind.h5 --out $D/ok.h5 --set 'augment.augmentation.lorentzian_hz=[0,0]'");
    cr_assert_eq(shell("cp $D/in.h5 $D/noaxis.h5"), 0);
    hid_t file = H5Fopen(in_folder("noaxis.h5"), H5F_ACC_RDWR, H5P_DEFAULT);
    H5Ldelete(file, "ppm", H5P_DEFAULT);
    H5Fclose(file);
    fails("augment $D/noaxis.h5 --out $D/o.h5", 3, "ppm");
    file = H5Fcreate(in_folder("empty.h5"), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    H5Fclose(file);
    fails("augment $D/empty.h5 --out $D/o.h5", 3, "spectra");
    fails("augment $D/nothing.h5 --out $D/o.h5", 3, "nothing.h5");
    fails("augment $D/in.h5 --out $D/o.h5 --set augment.augmentation=off", 3, "no stage");
    fails("augment $D/in.h5 --out $D/o.h5 --set augment.augmentation.copies=0", 3, "copies");
    fails("augment $D/in.h5 --out $D/o.h5 --set 'augment.augmentation.noise=[1]'", 3, "noise");
    fails("augment $D/in.h5 --out $D/o.h5 --set 'augment.augmentation.noise=[2,1]'", 3, "noise");
    fails("augment $D/in.h5 --out $D/o.h5 --set 'augment.augmentation.noise=[0,1]'", 3,
          "log_uniform");
    fails("augment $D/in.h5 --out $D/o.h5 --shard 3/2", 2, "--shard");
    fails("augment $D/in.h5 --out $D/o.h5 --shard 1/1000", 2, "empty");
    fails("augment $D/in.h5", 2, "--out");
    fails("augment $D/in.h5 --out $D/o.h5 --set augment.augmentation.copies=1000000 "
          "--recipe $D/both.yml --set augment.shift.steps=1000",
          3, "--shard");
    struct stat info;
    cr_assert_neq(stat(in_folder("o.h5"), &info), 0, "nothing was written");
    cr_assert_neq(stat(in_folder("o.h5.part"), &info), 0, "nor begun");
}
