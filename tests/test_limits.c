#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cases/limits.h"
#include "fmx_test.h"
#include "limits.h"
#include "limits_ref.h"

Test(limits, copy)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < sizeof fmx_cases_limits / sizeof *fmx_cases_limits; ++i) {
        size_t floats = 16 * fmx_cases_limits[i].items;
        float *data = fmx_test_random(floats, i);
        float *got = fmx_test_random(floats, i + 100);
        fmx_buffer *from = NULL;
        fmx_buffer *to = NULL;
        fmx_test_ok(&test, fmx_buffer_create_copy(test.device, data, floats * 4, &from), "from");
        fmx_test_ok(&test, fmx_buffer_create(test.device, floats * 4, &to), "to");
        fmx_test_ok(&test, fmx__limits_copy(test.device, to, from, floats), "copy");
        fmx_test_ok(&test, fmx_buffer_read(to, 0, got, floats * 4), "read");
        cr_assert_arr_eq(got, data, floats * 4, "%s", fmx_cases_limits[i].name);
        fmx_buffer_release(from);
        fmx_buffer_release(to);
        free(data);
        free(got);
    }
    fmx_test_close(&test);
}

Test(limits, fma)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < sizeof fmx_cases_limits / sizeof *fmx_cases_limits; ++i) {
        const fmx_case_limits *c = &fmx_cases_limits[i];
        if (c->bench)
            continue;
        float *got = fmx_test_random(16 * c->items, 1);
        float *expected = fmx_test_random(16 * c->items, 2);
        fmx_buffer *out = NULL;
        fmx_test_ok(&test, fmx_buffer_create(test.device, 64 * c->items, &out), "out");
        fmx_test_ok(&test, fmx__limits_fma(test.device, out, c->items, c->steps, 0.75f, 0.5f),
                    c->name);
        fmx_test_ok(&test, fmx_buffer_read(out, 0, got, 64 * c->items), "read");
        fmx_ref_limits_fma(expected, c->items, c->steps, 0.75f, 0.5f);
        /* each of 16 chains rounds once a step, but 0.75 shrinks old errors: below 4 in all; then
         * 16 additions; values stay below 16 */
        double tolerance = 16 * (4 + 16) * 16 * FMX_TEST_EPS;
        for (size_t k = 0; k < 16 * c->items; ++k)
            cr_assert_leq(fabs((double)got[k] - expected[k]), tolerance, "%s, value %zu", c->name,
                          k);
        fmx_buffer_release(out);
        free(got);
        free(expected);
    }
    fmx_test_close(&test);
}

Test(limits, refusals)
{
    fmx_test test = fmx_test_open();
    fmx_buffer *small = NULL;
    fmx_test_ok(&test, fmx_buffer_create(test.device, 64, &small), "buffer");
    fmx_test_refused(&test, fmx__limits_copy(test.device, small, small, 15), FMX_ERROR_SHAPE,
                     "multiple");
    fmx_test_refused(&test, fmx__limits_copy(test.device, small, small, 32), FMX_ERROR_SHAPE,
                     "argument 0");
    fmx_buffer_release(small);
    fmx_test_close(&test);
}
