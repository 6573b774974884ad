/* Filling the rows of a batch from FIDs and spectra. */
#include <stdlib.h>

#include "fmx_test.h"

enum { POINTS = 37, ROW_POINTS = 64 };

/* A FID that turns the other way enters as its conjugate, every other as it is; the rest of the row
 * is zero, other rows stay. */
Test(signal_load, reversed_decays_are_conjugated)
{
    fmx_test test = fmx_test_open();
    fmx_signal signal = fmx_test_decays(&test, 2, ROW_POINTS, 3);
    float *before = fmx_test_random(2 * 2 * ROW_POINTS, 3);
    float *data = fmx_test_random(2 * POINTS, 4);
    float *found = calloc(2 * 2 * ROW_POINTS, sizeof *found);
    cr_assert_not_null(found);
    fmx_fid fid = {.kind = FMX_KIND_FID,
                   .is_complex = true,
                   .points = POINTS,
                   .data = data,
                   .sw_hz = 5000,
                   .obs_mhz = 500,
                   .base_mhz = 499.9977};
    for (int reversed = 0; reversed <= 1; ++reversed) {
        fid.reversed = reversed != 0;
        fmx_test_ok(&test, fmx_signal_load(&signal, 1, &fid, 9), "load");
        fmx_test_ok(&test, fmx_signal_read(&signal, found), "read");
        for (size_t i = 0; i < 2 * ROW_POINTS; ++i) {
            float sign = reversed && i % 2 == 1 ? -1.0f : 1.0f;
            cr_assert_eq(found[i], before[i], "row 0, value %zu", i);
            cr_assert_eq(found[2 * ROW_POINTS + i], i < 2 * POINTS ? sign * data[i] : 0.0f,
                         "value %zu", i);
        }
    }
    cr_assert_eq(signal.row[1].valid, POINTS);
    cr_assert_eq(signal.row[1].item, 9);
    free(found);
    free(data);
    free(before);
    fmx_signal_clear(&signal);
    fmx_test_close(&test);
}
