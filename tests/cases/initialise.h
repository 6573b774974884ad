/* Cases of initialise, shared by test and benchmark. */
#ifndef FMX_CASES_INITIALISE_H
#define FMX_CASES_INITIALISE_H

#include "op.h"

typedef struct fmx_case_initialise {
    const char *name;
    fmx__op_weight weight;
    int bench;
} fmx_case_initialise;

#define FMX_INITIALISE(name, count, init, fan_in, fan_out, bench)                                  \
    {                                                                                              \
        name, {"weight", 1, {count}, true, init, fan_in, fan_out}, bench                           \
    }

/* An item makes four values, a group 256. */
static const fmx_case_initialise fmx_cases_initialise[] = {
    FMX_INITIALISE("zeros", 5, FMX__INIT_ZEROS, 1, 1, 0),
    FMX_INITIALISE("ones", 257, FMX__INIT_ONES, 1, 1, 0),
    FMX_INITIALISE("one value", 1, FMX__INIT_GLOROT_UNIFORM, 3, 5, 0),
    FMX_INITIALISE("tile - 1", 255, FMX__INIT_PYTORCH, 4, 5, 0),
    FMX_INITIALISE("tile", 256, FMX__INIT_GLOROT_UNIFORM, 100, 10, 0),
    FMX_INITIALISE("tile + 1", 257, FMX__INIT_HE_NORMAL, 50, 10, 0),
    FMX_INITIALISE("prime", 100003, FMX__INIT_HE_NORMAL, 2, 10, 0),
    FMX_INITIALISE("normal, tile + 1", 257, FMX__INIT_KAIMING_NORMAL, 8, 10, 0),
    FMX_INITIALISE("normal, prime", 10007, FMX__INIT_NORMAL, 8, 10, 0),
    FMX_INITIALISE("glorot uniform", (size_t)1 << 24, FMX__INIT_GLOROT_UNIFORM, 1000, 1000, 1),
    FMX_INITIALISE("he normal", (size_t)1 << 22, FMX__INIT_HE_NORMAL, 1000, 1000, 1),
};

#endif
