/* Cases of locally_connected1d, shared by test and benchmark. */
#ifndef FMX_CASES_LOCALLY_CONNECTED1D_H
#define FMX_CASES_LOCALLY_CONNECTED1D_H

#include "locally_connected_layer.h"
#include "op_run.h"

#define LOCAL_CASE(NAME, BATCH, CHANNELS, POSITIONS, FILTERS, TAPS, VALID, BIAS, BENCH)            \
    {                                                                                              \
        NAME, &fmx__op_locally_connected1d,                                                        \
            &(const fmx__local_options){{"", ""}, FILTERS, TAPS, VALID, BIAS, 0}, BATCH, 1,        \
            {{CHANNELS, POSITIONS, false}}, false, false, BENCH                                    \
    }

/* Tiles: 16 positions (64 a group), 2 filters or channels, 4 or 8 items of the batch or channels.
 * s2_mixture's layer is the last one. */
static const fmx_op_case fmx_cases_locally_connected1d[] = {
    LOCAL_CASE("one", 1, 1, 1, 1, 1, false, true, false),
    LOCAL_CASE("one position, three taps", 2, 3, 1, 2, 3, false, true, false),
    LOCAL_CASE("tile - 1", 3, 7, 15, 1, 3, false, true, false),
    LOCAL_CASE("tile", 4, 8, 16, 2, 1, false, true, false),
    LOCAL_CASE("tile + 1", 5, 9, 17, 3, 3, false, true, false),
    LOCAL_CASE("batch of the wide tile - 1", 7, 2, 33, 2, 2, false, true, false),
    LOCAL_CASE("batch of the wide tile", 8, 2, 32, 2, 2, false, true, false),
    LOCAL_CASE("batch of the wide tile + 1", 9, 2, 31, 2, 2, false, true, false),
    LOCAL_CASE("valid", 2, 3, 40, 5, 5, true, true, false),
    LOCAL_CASE("valid, one position left", 2, 3, 5, 5, 5, true, true, false),
    LOCAL_CASE("valid, even taps", 2, 3, 67, 2, 4, true, true, false),
    LOCAL_CASE("no bias", 2, 5, 64, 3, 3, false, false, false),
    LOCAL_CASE("kernel beyond the row", 2, 4, 9, 3, 31, false, true, false),
    LOCAL_CASE("group + 1", 2, 3, 65, 2, 3, false, true, false),
    LOCAL_CASE("prime", 3, 5, 211, 7, 3, false, true, false),
    LOCAL_CASE("64 channels x 512 positions to 16 filters", 32, 64, 512, 16, 1, false, true, true),
    LOCAL_CASE("the same, three taps", 32, 64, 512, 16, 3, false, true, true),
};

#endif
