/* Work-groups that run at once must not share their local memory. kernels/common.clh says how PoCL
 * 3.1 gets that wrong where a helper is not inlined: in a program whose only reduction works on one
 * kernel's local array. The fault shows now and then only, so such a kernel is launched many times
 * with many groups. */
#include <math.h>
#include <stdlib.h>

#include "fmx_test.h"
#include "launch.h"

enum { ROWS = 96, POINTS = 512, REPETITIONS = 250, GROUP = 256 };

/* Three sums a round, all of whose bits reach the result; enough rounds that the groups of several
 * threads overlap. */
static const char source[] =
    "FMX_GROUP(256)\n"
    "__kernel void sums(__global float *out, __global const float *data, uint points)\n"
    "{\n"
    "    __local float scratch[256];\n"
    "    __global const float *row = data + get_group_id(0) * points;\n"
    "    float mean = 0.0f, square = 0.0f, cube = 0.0f;\n"
    "    for (uint round = 1; round <= 8; ++round) {\n"
    "        float x = 0.0f, xx = 0.0f;\n"
    "        for (uint i = get_local_id(0); i < points; i += 256) {\n"
    "            float v = row[i] - mean / (float)round;\n"
    "            x += v;\n"
    "            xx = fma(v, v, xx);\n"
    "        }\n"
    "        mean += fmx_group_sum(x, scratch) / (float)points;\n"
    "        square += fmx_group_sum(xx, scratch) / (float)points;\n"
    "        cube += fmx_group_sum(x * xx - mean, scratch);\n"
    "    }\n"
    "    if (get_local_id(0) == 0)\n"
    "        vstore4((float4)(mean, square, cube, 0.0f), get_group_id(0), out);\n"
    "}\n";

typedef float result[4];

/* The result of `rows` rows from `first` on. */
static void run(const fmx_test *test, fmx_buffer *data, fmx_buffer *out, size_t rows, result *got)
{
    const fmx__arg args[] = {
        fmx__arg_buffer(out, rows * sizeof *got),
        fmx__arg_buffer(data, rows * POINTS * sizeof(float)),
        fmx__arg_u32(POINTS),
    };
    const fmx__launch job = {.stem = "test",
                             .kernel = "sums",
                             .arg = args,
                             .arg_count = sizeof args / sizeof *args,
                             .dims = 1,
                             .groups = {rows},
                             .local = {GROUP},
                             .fixed_group = true};
    fmx_test_ok(test, fmx__launch_kernel(test->device, &job), "sums");
    fmx_test_ok(test, fmx_buffer_read(out, 0, got, rows * sizeof *got), "result");
}

Test(local_memory, belongs_to_one_group)
{
    fmx_test test = fmx_test_open();
    fmx__device_test_source(test.device, source);
    static result alone[ROWS];
    static result got[ROWS];
    float *random = fmx_test_random((size_t)ROWS * POINTS, 11);
    fmx_buffer *data = NULL;
    fmx_buffer *out = NULL;
    fmx_test_ok(&test, fmx_buffer_create(test.device, sizeof got, &out), "out");
    for (size_t r = 0; r < ROWS; ++r) { /* one group: nobody to share with */
        fmx_test_ok(&test,
                    fmx_buffer_create_copy(test.device, random + r * POINTS,
                                           POINTS * sizeof *random, &data),
                    "row");
        run(&test, data, out, 1, &alone[r]);
        fmx_buffer_release(data);
        cr_assert(isfinite(alone[r][2]) && alone[r][1] != 0);
        cr_assert(r == 0 || alone[r][1] != alone[r - 1][1], "rows %zu and %zu are alike", r - 1, r);
    }
    fmx_test_ok(
        &test,
        fmx_buffer_create_copy(test.device, random, (size_t)ROWS * POINTS * sizeof *random, &data),
        "rows");
    for (size_t k = 0; k < REPETITIONS; ++k) {
        run(&test, data, out, ROWS, got);
        for (size_t r = 0; r < ROWS; ++r)
            cr_assert_arr_eq(got[r], alone[r], sizeof got[r],
                             "repetition %zu: row %zu depends on the rows beside it", k, r);
    }
    fmx_buffer_release(data);
    fmx_buffer_release(out);
    free(random);
    fmx_test_close(&test);
}
