#include "dataset_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"

static const char *const class_names[FMX_SET_CLASSES] = {"alanine", "gluc\xc3\xb6se"};
static const fmx_column further[] = {
    {"line_width_hz", FMX_COLUMN_FLOAT, 0}, {"format", FMX_COLUMN_TEXT, 0},
    {"scans", FMX_COLUMN_INT, 0},           {"flags", FMX_COLUMN_BYTE, 5},
    {"pair", FMX_COLUMN_FLOAT, 2},
};

fmx_set *fmx_set_plan(size_t rows, size_t points, bool rich)
{
    static fmx_set set;
    FMX_SET_REQUIRE(rows <= FMX_SET_MOST_ROWS && points <= FMX_SET_MOST_POINTS);
    set = (fmx_set){.plan = {.rows = rows,
                             .points = points,
                             .ppm = set.ppm,
                             .source = set.source,
                             .recipe = "fidmix: 1\nname: \"t\xc3\xa9st\"\n",
                             .nucleus = "1H",
                             .seed = 18446744073709551615u}};
    for (size_t i = 0; i < points; ++i)
        set.ppm[i] = 10 - 10.0 * (double)i / (double)points;
    for (size_t i = 0; i < rows; ++i) {
        snprintf(set.source_text[i], sizeof set.source_text[i], "tree/sample %zu/1", i);
        set.source[i] = set.source_text[i];
    }
    if (rich) {
        set.plan.parents = FMX_SET_PARENTS;
        set.plan.class_name = class_names;
        set.plan.classes = FMX_SET_CLASSES;
        set.plan.has_split = true;
        set.plan.column = further;
        set.plan.column_count = FMX__COUNT(further);
    }
    return &set;
}

float fmx_set_value(size_t row, size_t point)
{
    return (float)(((row * 7919 + point * 104729) % 65536) / 65536.0 - 0.5);
}

fmx_status fmx_set_append(fmx_dataset_writer *writer, const fmx_set *set, size_t row)
{
    static float spectrum[FMX_SET_MOST_POINTS];
    char name[48];
    for (size_t i = 0; i < set->plan.points; ++i)
        spectrum[i] = fmx_set_value(row, i);
    snprintf(name, sizeof name, "n\xc3\xa4me %zu", row);
    float width_hz = 0.5f * (float)row;
    int32_t scans = (int32_t)row - 5;
    uint8_t flags[5] = {1, 2, 3, 4, (uint8_t)row};
    float pair[2] = {(float)row, -(float)row};
    const void *column[] = {&width_hz, row % 2 ? "bruker" : "", &scans, flags, pair};
    int32_t parent[FMX_SET_PARENTS] = {(int32_t)row, (int32_t)row + 1, -1};
    float target[FMX_SET_CLASSES] = {0.25f, (float)row};
    fmx_dataset_row values = {.name = name,
                              .spectrum = spectrum,
                              .parent = parent,
                              .field_mhz = 400 + (float)row,
                              .p0_deg = -(float)row,
                              .p1_deg = 2 * (float)row,
                              .noise_sigma = 0.125f,
                              .target = target,
                              .split = (uint8_t)(row % 3),
                              .column = column};
    return fmx_dataset_writer_append(writer, row, &values);
}

static void ok(fmx_context *ctx, fmx_status status, const char *what)
{
    if (status != FMX_OK) {
        fprintf(stderr, "%s: %s\n", what, fmx_context_message(ctx));
        abort();
    }
}

static void check_column(fmx_context *ctx, fmx_dataset *data, const char *name, size_t rows,
                         const size_t *original, float (*expected)(size_t row))
{
    float *got = malloc(rows * sizeof *got);
    ok(ctx, fmx_dataset_read_column(data, name, FMX_COLUMN_FLOAT, 0, rows, got), name);
    for (size_t i = 0; i < rows; ++i)
        FMX_SET_REQUIRE(got[i] == expected(original[i]));
    free(got);
}

static float field_of(size_t row)
{
    return 400 + (float)row;
}

static float p0_of(size_t row)
{
    return -(float)row;
}

static float p1_of(size_t row)
{
    return 2 * (float)row;
}

static float noise_of(size_t row)
{
    (void)row;
    return 0.125f;
}

static float width_of(size_t row)
{
    return 0.5f * (float)row;
}

static void check_texts(fmx_context *ctx, fmx_dataset *data, const fmx_set *set, size_t rows,
                        const size_t *original)
{
    char **name = NULL;
    char **source = NULL;
    ok(ctx, fmx_dataset_read_text(data, "name", 0, rows, &name), "name");
    ok(ctx, fmx_dataset_read_text(data, "source", 0, rows, &source), "source");
    for (size_t i = 0; i < rows; ++i) {
        char expected[48];
        snprintf(expected, sizeof expected, "n\xc3\xa4me %zu", original[i]);
        FMX_SET_REQUIRE(strcmp(name[i], expected) == 0);
        FMX_SET_REQUIRE(strcmp(source[i], set->source[original[i]]) == 0);
    }
    free(name);
    free(source);
}

static void check_rich(fmx_context *ctx, fmx_dataset *data, size_t rows, const size_t *original)
{
    const fmx_dataset_info *info = fmx_dataset_describe(data);
    FMX_SET_REQUIRE(info->classes == FMX_SET_CLASSES);
    FMX_SET_REQUIRE(strcmp(info->class_name[1], class_names[1]) == 0);
    int32_t parent[FMX_SET_MOST_ROWS][FMX_SET_PARENTS];
    float target[FMX_SET_MOST_ROWS][FMX_SET_CLASSES];
    uint8_t split[FMX_SET_MOST_ROWS];
    uint8_t flags[FMX_SET_MOST_ROWS][5];
    int32_t scans[FMX_SET_MOST_ROWS];
    char **format = NULL;
    ok(ctx, fmx_dataset_read_column(data, "parent", FMX_COLUMN_INT, 0, rows, parent), "p");
    ok(ctx, fmx_dataset_read_column(data, "target", FMX_COLUMN_FLOAT, 0, rows, target), "target");
    ok(ctx, fmx_dataset_read_column(data, "split", FMX_COLUMN_BYTE, 0, rows, split), "s");
    ok(ctx, fmx_dataset_read_column(data, "flags", FMX_COLUMN_BYTE, 0, rows, flags), "f");
    ok(ctx, fmx_dataset_read_column(data, "scans", FMX_COLUMN_INT, 0, rows, scans), "sc");
    ok(ctx, fmx_dataset_read_text(data, "format", 0, rows, &format), "format");
    check_column(ctx, data, "line_width_hz", rows, original, width_of);
    for (size_t i = 0; i < rows; ++i) {
        FMX_SET_REQUIRE(parent[i][1] == (int32_t)original[i] + 1);
        FMX_SET_REQUIRE(parent[i][2] == -1);
        FMX_SET_REQUIRE(target[i][1] == (float)original[i]);
        FMX_SET_REQUIRE(split[i] == original[i] % 3);
        FMX_SET_REQUIRE(flags[i][4] == original[i]);
        FMX_SET_REQUIRE(scans[i] == (int32_t)original[i] - 5);
        FMX_SET_REQUIRE(strcmp(format[i], original[i] % 2 ? "bruker" : "") == 0);
    }
    free(format);
}

void fmx_set_check(fmx_context *ctx, const char *path, const fmx_set *set, const bool *keep)
{
    fmx_dataset *data = NULL;
    size_t original[FMX_SET_MOST_ROWS];
    size_t rows = 0;
    size_t points = set->plan.points;
    for (size_t i = 0; i < set->plan.rows; ++i) {
        if (keep == NULL || keep[i])
            original[rows++] = i;
    }
    ok(ctx, fmx_dataset_open(ctx, path, &data), path);
    const fmx_dataset_info *info = fmx_dataset_describe(data);
    FMX_SET_REQUIRE(info->rows == rows);
    FMX_SET_REQUIRE(info->points == points);
    FMX_SET_REQUIRE(memcmp(info->ppm, set->ppm, points * sizeof *set->ppm) == 0);
    FMX_SET_REQUIRE(strcmp(info->recipe, set->plan.recipe) == 0);
    FMX_SET_REQUIRE(strcmp(info->nucleus, "1H") == 0);
    FMX_SET_REQUIRE(strcmp(info->fidmix_version, fmx_version()) == 0);
    FMX_SET_REQUIRE(info->seed == set->plan.seed);
    float *spectra = malloc(rows * points * sizeof *spectra);
    ok(ctx, fmx_dataset_read_spectra(data, 0, rows, spectra), "spectra");
    for (size_t i = 0; i < rows; ++i) {
        for (size_t j = 0; j < points; ++j)
            FMX_SET_REQUIRE(spectra[i * points + j] == fmx_set_value(original[i], j));
    }
    free(spectra);
    check_texts(ctx, data, set, rows, original);
    check_column(ctx, data, "field_mhz", rows, original, field_of);
    check_column(ctx, data, "p0_deg", rows, original, p0_of);
    check_column(ctx, data, "p1_deg", rows, original, p1_of);
    check_column(ctx, data, "noise_sigma", rows, original, noise_of);
    if (set->plan.classes > 0) {
        check_rich(ctx, data, rows, original);
    } else {
        int32_t parent[FMX_SET_MOST_ROWS];
        ok(ctx, fmx_dataset_read_column(data, "parent", FMX_COLUMN_INT, 0, rows, parent), "parent");
        for (size_t i = 0; i < rows; ++i)
            FMX_SET_REQUIRE(parent[i] == (int32_t)i);
    }
    fmx_dataset_close(data);
}
