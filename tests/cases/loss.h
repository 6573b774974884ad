/* Cases of loss, shared by test and benchmark. */
#ifndef FMX_CASES_LOSS_H
#define FMX_CASES_LOSS_H

#include <stddef.h>

typedef struct fmx_case_loss {
    const char *name;
    size_t batch;
    size_t classes;
    int bench;
} fmx_case_loss;

/* Groups take 64 rows. */
static const fmx_case_loss fmx_cases_loss[] = {
    {"one row, one class", 1, 1, 0}, {"tile - 1", 63, 5, 0}, {"tile", 64, 3, 0},
    {"tile + 1", 65, 2, 0},          {"prime", 7, 101, 0},   {"published", 32, 29, 1},
};

#endif
