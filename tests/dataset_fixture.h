/* Small datasets for the tests: every value is a function of its row, so that any reader can tell.
 */
#ifndef FMX_DATASET_FIXTURE_H
#define FMX_DATASET_FIXTURE_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "fidmix/fidmix.h"

#define FMX_SET_REQUIRE(condition)                                                                 \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

enum {
    FMX_SET_PARENTS = 3,
    FMX_SET_CLASSES = 2,
    FMX_SET_MOST_ROWS = 64,
    FMX_SET_MOST_POINTS = 4096
};

/* A plan and what it points to; made by fmx_set_plan, which keeps it in static storage. */
typedef struct fmx_set {
    fmx_dataset_plan plan;
    double ppm[FMX_SET_MOST_POINTS];
    const char *source[FMX_SET_MOST_ROWS];
    char source_text[FMX_SET_MOST_ROWS][48];
} fmx_set;

/* rows x points; `rich` adds parents, classes, split and further columns of every type. */
fmx_set *fmx_set_plan(size_t rows, size_t points, bool rich);

/* Value of a spectrum. */
float fmx_set_value(size_t row, size_t point);

/* Appends a row. */
fmx_status fmx_set_append(fmx_dataset_writer *writer, const fmx_set *set, size_t row);

/* Opens a dataset and checks every value: its rows are those of the plan for which keep[row] (NULL:
 * all). */
void fmx_set_check(fmx_context *ctx, const char *path, const fmx_set *set, const bool *keep);

#endif
