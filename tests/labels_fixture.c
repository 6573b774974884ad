#include "labels_fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *class_names(const fmx_labelled_row *row, size_t rows, const char **name,
                               size_t *classes)
{
    *classes = 0;
    for (size_t i = 0; i < rows; ++i) {
        size_t k = 0;
        while (k < *classes && strcmp(name[k], row[i].name) != 0)
            ++k;
        if (k == *classes)
            name[(*classes)++] = row[i].name;
    }
    return NULL;
}

static void append(const fmx_test *test, fmx_dataset_writer *writer, const fmx_labelled_row *row,
                   size_t i, size_t points, const char *const *name, size_t classes)
{
    float *spectrum = fmx_test_random(points, i + 1);
    float *target = calloc(classes + 1, sizeof *target);
    int32_t parent = row[i].parent >= 0 ? row[i].parent : (int32_t)i;
    cr_assert_not_null(target);
    for (size_t k = 0; k < points; ++k)
        spectrum[k] = fabsf(spectrum[k]) * (isnan(row[i].height) ? 1 : row[i].height);
    spectrum[points / 2] = row[i].height;
    for (size_t k = 0; k < classes; ++k)
        target[k] = strcmp(name[k], row[i].name) == 0;
    fmx_dataset_row values = {.name = row[i].name,
                              .spectrum = spectrum,
                              .parent = &parent,
                              .field_mhz = 400,
                              .target = target,
                              .split = (uint8_t)(row[i].split >= 0 ? row[i].split : 0)};
    fmx_test_ok(test, fmx_dataset_writer_append(writer, i, &values), "append");
    free(target);
    free(spectrum);
}

const char *fmx_labelled_set(const fmx_test *test, const char *file, const fmx_labelled_row *row,
                             size_t rows, size_t points, bool targets)
{
    static char path[512];
    double *ppm = calloc(points, sizeof *ppm);
    const char **source = calloc(rows, sizeof *source);
    const char **name = calloc(rows, sizeof *name);
    size_t classes = 0;
    cr_assert(ppm != NULL && source != NULL && name != NULL);
    for (size_t i = 0; i < points; ++i)
        ppm[i] = 10 - 10.0 * (double)i / (double)points;
    for (size_t i = 0; i < rows; ++i)
        source[i] = row[i].source;
    class_names(row, rows, name, &classes);
    snprintf(path, sizeof path, "%s/%s", fmx_test_folder(), file);
    fmx_dataset_plan plan = {.rows = rows,
                             .points = points,
                             .ppm = ppm,
                             .source = source,
                             .recipe = "fidmix: 1\n",
                             .nucleus = "1H",
                             .seed = 1,
                             .parents = 1,
                             .class_name = targets ? name : NULL,
                             .classes = targets ? classes : 0,
                             .has_split = row[0].split >= 0};
    fmx_dataset_writer *writer = NULL;
    fmx_test_ok(test, fmx_dataset_writer_open(test->ctx, path, &plan, &writer), "open");
    for (size_t i = 0; i < rows; ++i)
        append(test, writer, row, i, points, name, targets ? classes : 0);
    fmx_test_ok(test, fmx_dataset_writer_finish(writer), "finish");
    fmx_dataset_writer_close(writer);
    free(name);
    free(source);
    free(ppm);
    return path;
}

void fmx_labelled_compounds(fmx_labelled_row *row, size_t classes, size_t fids)
{
    static char names[100][8];
    static char sources[1000][24];
    cr_assert(classes <= 100 && classes * fids <= 1000);
    for (size_t i = 0; i < classes * fids; ++i) {
        snprintf(names[i / fids], sizeof names[0], "c%02u", (unsigned)(i / fids) % 100);
        snprintf(sources[i], sizeof sources[0], "raw/c%02u/%u", (unsigned)(i / fids) % 100,
                 (unsigned)(i % fids));
        row[i] = (fmx_labelled_row){names[i / fids], sources[i], -1, -1, 1};
    }
}
