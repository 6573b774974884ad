/* Cases of concatenate, shared by test and benchmark. */
#ifndef FMX_CASES_CONCATENATE_H
#define FMX_CASES_CONCATENATE_H

#include "op_run.h"

extern const fmx__op fmx__op_concatenate;

/* Of positions. */
#define FMX_CONCATENATE_POSITIONS(name, batch, count, channels, a, b, c)                           \
    {                                                                                              \
        name, &fmx__op_concatenate, NULL, batch, count,                                            \
            {{channels, a, false}, {channels, b, false}, {channels, c, false}}, 0, 0, 0            \
    }

#define FMX_CONCATENATE(name, batch, count, a, b, c, positions, bench)                             \
    {                                                                                              \
        name, &fmx__op_concatenate, NULL, batch, count,                                            \
            {{a, positions, false}, {b, positions, false}, {c, positions, false}}, 0, 0, bench     \
    }

/* Groups take 64 values. 1000 + 1000 features are the published two branches. */
static const fmx_op_case fmx_cases_concatenate[] = {
    FMX_CONCATENATE("one input", 2, 1, 3, 0, 0, 5, 0),
    FMX_CONCATENATE("one value each", 1, 2, 1, 1, 0, 1, 0),
    FMX_CONCATENATE("tile - 1, tile, tile + 1", 3, 3, 63, 64, 65, 1, 0),
    FMX_CONCATENATE("channels of positions", 2, 3, 3, 1, 7, 101, 0),
    FMX_CONCATENATE("published", 32, 2, 1000, 1000, 0, 1, 1),
};

/* With the setting "of=positions". */
static const fmx_op_case fmx_cases_concatenate_positions[] = {
    FMX_CONCATENATE_POSITIONS("positions, one value each", 1, 2, 1, 1, 1, 0),
    FMX_CONCATENATE_POSITIONS("positions, tile - 1, tile, tile + 1", 2, 3, 3, 63, 64, 65),
    FMX_CONCATENATE_POSITIONS("positions, prime", 3, 3, 7, 101, 1, 37),
};

#endif
