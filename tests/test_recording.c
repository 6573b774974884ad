#include "recording.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base.h"
#include "fft_rows.h"
#include "fmx_test.h"
#include "launch.h"

/* advance: x += rate (table[i % 4] + shift[i] + step), shift may be absent.
 * reverse: each group of 64 in reverse, through local memory.
 * slow: keeps the device busy; the result depends on every turn. */
static const char source[] =
    "__kernel void advance(__global float *x, __global const float *table,\n"
    "                      __global const float *shift, const uint count, const float rate,\n"
    "                      const uint step, const ulong large)\n"
    "{\n"
    "    size_t i = get_global_id(0);\n"
    "    if (i >= count)\n"
    "        return;\n"
    "    float more = shift == 0 ? 0.0f : shift[i];\n"
    "    x[i] = fma(rate, table[i % 4] + more + (float)step + (float)(large >> 40), x[i]);\n"
    "}\n"
    "__kernel void reverse(__global float *x, __local float *group)\n"
    "{\n"
    "    size_t i = get_global_id(0);\n"
    "    size_t l = get_local_id(0);\n"
    "    group[l] = x[i];\n"
    "    barrier(CLK_LOCAL_MEM_FENCE);\n"
    "    x[i] = group[get_local_size(0) - 1 - l];\n"
    "}\n"
    "__kernel void slow(__global float *x, const uint turns)\n"
    "{\n"
    "    size_t i = get_global_id(0);\n"
    "    float sum = x[i];\n"
    "    for (uint turn = 0; turn < turns; ++turn)\n"
    "        sum = fma(sum, 0.999f, 0.001f);\n"
    "    x[i] = sum;\n"
    "}\n";

enum { COUNT = 1024, BYTES = COUNT * 4 };

/* What a step works on and what the host changes between two runs. */
typedef struct step_state {
    fmx_test test;
    fmx_buffer *x;
    fmx_buffer *y;
    fmx_buffer *shift;
    float rate;
    uint32_t number;
    uint64_t large;
} step_state;

static step_state open_state(void)
{
    step_state state = {.test = fmx_test_open(), .rate = 0.5f, .number = 1, .large = 3ull << 40};
    float *data = fmx_test_random(2 * COUNT, 1);
    fmx__device_test_source(state.test.device, source);
    fmx_test_ok(&state.test, fmx_buffer_create(state.test.device, BYTES, &state.x), "x");
    fmx_test_ok(&state.test, fmx_buffer_create(state.test.device, BYTES, &state.y), "y");
    fmx_test_ok(&state.test, fmx_buffer_create(state.test.device, BYTES, &state.shift), "shift");
    fmx_test_ok(&state.test, fmx_buffer_write(state.x, 0, data, BYTES), "x");
    fmx_test_ok(&state.test, fmx_buffer_write(state.shift, 0, data + COUNT, BYTES), "shift");
    free(data);
    return state;
}

static void close_state(step_state *state)
{
    fmx_buffer_release(state->x);
    fmx_buffer_release(state->y);
    fmx_buffer_release(state->shift);
    fmx_test_close(&state->test);
}

static void read_back(const step_state *state, float *out)
{
    fmx_test_ok(&state->test, fmx_buffer_read(state->x, 0, out, BYTES), "x");
    fmx_test_ok(&state->test, fmx_buffer_read(state->y, 0, out + COUNT, BYTES), "y");
}

static fmx_status launch_step(step_state *state, fmx_buffer *shift)
{
    float table[] = {1, 2, 3, 4};
    char name[] = "advance"; /* names, like data, need not outlive the call */
    fmx__arg args[] = {
        fmx__arg_buffer(state->x, BYTES),
        fmx__arg_data(table, sizeof table),
        shift != NULL ? fmx__arg_buffer(shift, BYTES) : fmx__arg_none(),
        fmx__arg_u32(COUNT),
        fmx__arg_step_f32(&state->rate),
        fmx__arg_step_u32(&state->number),
        fmx__arg_step_u64(&state->large),
    };
    fmx__launch job = {.stem = "test",
                       .kernel = name,
                       .arg = args,
                       .arg_count = 7,
                       .dims = 1,
                       .global = {COUNT},
                       .local = {64},
                       .flops = 10,
                       .bytes = 20};
    fmx_status status = fmx__launch_kernel(state->test.device, &job);
    memset(table, 0xFF, sizeof table);
    memset(name, 'x', sizeof name - 1);
    return status;
}

static fmx_status launch_reverse(step_state *state)
{
    fmx__arg args[] = {fmx__arg_buffer(state->x, BYTES), fmx__arg_local(64 * 4)};
    fmx__launch job = {.stem = "test",
                       .kernel = "reverse",
                       .arg = args,
                       .arg_count = 2,
                       .dims = 1,
                       .groups = {COUNT / 64},
                       .local = {64},
                       .fixed_group = true};
    return fmx__launch_kernel(state->test.device, &job);
}

/* Everything a step may consist of: kernels with and without a tensor, copies, zeros, a transform
 * (whose table the device makes and keeps), scratch that is released before the step runs. */
static fmx_status step(step_state *state)
{
    fmx_device *device = state->test.device;
    fmx_buffer *scratch = NULL;
    fmx_status status = fmx_buffer_create(device, BYTES, &scratch);
    if (status == FMX_OK)
        status = fmx_buffer_copy(scratch, 0, state->x, 0, BYTES);
    if (status == FMX_OK)
        status = launch_step(state, state->shift);
    if (status == FMX_OK)
        status = launch_reverse(state);
    if (status == FMX_OK)
        status = launch_step(state, NULL);
    if (status == FMX_OK)
        status = fmx_buffer_copy(state->y, 0, scratch, 0, BYTES);
    if (status == FMX_OK)
        status = fmx_buffer_zero(state->y, 40, 80);
    fmx__fft fft = {.out = state->y, .in = state->y, .rows = 2, .points = COUNT / 4, .scale = 0.1};
    if (status == FMX_OK)
        status = fmx__fft_rows(device, &fft);
    fmx_buffer_release(scratch);
    return status;
}

static fmx_status record(step_state *state, fmx__recording **out)
{
    fmx_status status = fmx__recording_begin(state->test.device, out);
    if (status == FMX_OK)
        status = step(state);
    if (status == FMX_OK)
        status = fmx__recording_end(state->test.device);
    return status;
}

static void check_bits(bool guard)
{
    float direct[2][2 * COUNT];
    float recorded[2 * COUNT];
    float before[2 * COUNT];
    step_state state = open_state();
    fmx__device_guard(state.test.device, guard);
    for (size_t run = 0; run < 2; ++run) {
        fmx_test_ok(&state.test, step(&state), "direct");
        read_back(&state, direct[run]);
        state.rate *= 0.5f; /* read at once, so changed now */
        state.number += 7;
        state.large += 5ull << 40;
    }
    close_state(&state);
    cr_assert(memcmp(direct[0], direct[1], sizeof direct[0]) != 0);

    state = open_state();
    fmx__device_guard(state.test.device, guard);
    fmx__recording *recording = NULL;
    fmx_test_ok(&state.test, fmx_buffer_zero(state.y, 0, BYTES), "y");
    read_back(&state, before);
    fmx_test_ok(&state.test, record(&state, &recording), "record");
    cr_assert_geq(fmx__recording_length(recording), 7);
    read_back(&state, recorded);
    cr_assert_arr_eq(before, recorded, sizeof recorded, "recording alone changes nothing");
    for (size_t run = 0; run < 2; ++run) {
        fmx_test_ok(&state.test, fmx__recording_run(recording), "run");
        read_back(&state, recorded);
        cr_assert_arr_eq(direct[run], recorded, sizeof recorded, "run %zu", run);
        state.rate *= 0.5f;
        state.number += 7;
        state.large += 5ull << 40;
    }
    fmx__recording_destroy(recording);
    close_state(&state);
}

Test(recording, bits_of_direct_launches)
{
    check_bits(true);
}

/* Without the guard, what one command releases serves the next. */
Test(recording, bits_of_direct_launches_with_scratch_used_again)
{
    check_bits(false);
}

/* The values of a run are those at the call, though the device may get there much later. */
Test(recording, values_are_taken_at_the_run)
{
    step_state state = open_state();
    fmx__recording *recording = NULL;
    float got[2 * COUNT];
    float expected[2 * COUNT];
    fmx_test_ok(&state.test, fmx_buffer_zero(state.y, 0, BYTES), "y");
    read_back(&state, expected);
    fmx_test_ok(&state.test, fmx__recording_begin(state.test.device, &recording), "begin");
    fmx_test_ok(&state.test, launch_step(&state, NULL), "step");
    fmx_test_ok(&state.test, fmx__recording_end(state.test.device), "end");
    state.large = 0;
    for (uint32_t run = 0; run < 20; ++run) {
        state.number = run;
        state.rate = run % 2 ? 0.25f : 4;
        fmx_test_ok(&state.test, fmx__recording_run(recording), "run");
        for (size_t i = 0; i < COUNT; ++i) {
            /* the product is exact, so one rounding each, as fma does */
            float add = state.rate * ((float)(i % 4 + 1) + (float)run);
            expected[i] += add;
        }
    }
    read_back(&state, got);
    for (size_t i = 0; i < COUNT; ++i)
        cr_assert_eq(got[i], expected[i], "value %zu", i);
    fmx__recording_destroy(recording);
    close_state(&state);
}

/* With every allocation of ours set to fail, runs succeed. */
Test(recording, a_run_allocates_nothing)
{
    step_state state = open_state();
    fmx_device *device = state.test.device;
    fmx__recording *recording = NULL;
    fmx_buffer *buffer = NULL;
    fmx_test_ok(&state.test, record(&state, &recording), "record");
    size_t live = fmx__device_live_buffers(device);
    fmx__device_fail_allocation(device, 1);
    fmx__fail_allocation(state.test.ctx, 1);
    for (int run = 0; run < 3; ++run)
        fmx_test_ok(&state.test, fmx__recording_run(recording), "run");
    cr_assert_eq(fmx__device_live_buffers(device), live);
    /* both were armed all the time */
    fmx_test_refused(&state.test, fmx_buffer_create(device, 64, &buffer), FMX_ERROR_DEVICE_MEMORY,
                     "test allocation");
    fmx_test_refused(&state.test, fmx_buffer_create(device, 64, &buffer), FMX_ERROR_MEMORY, "");
    fmx__recording_destroy(recording);
    close_state(&state);
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* A run returns while the device is still at it. The first run compiles on some runtimes. */
Test(recording, a_run_waits_for_nothing)
{
    step_state state = open_state();
    fmx_device *device = state.test.device;
    fmx__recording *recording = NULL;
    uint32_t turns = 1;
    fmx__arg args[] = {fmx__arg_buffer(state.x, BYTES), fmx__arg_step_u32(&turns)};
    fmx__launch job = {.stem = "test",
                       .kernel = "slow",
                       .arg = args,
                       .arg_count = 2,
                       .dims = 1,
                       .global = {COUNT},
                       .local = {64}};
    fmx_test_ok(&state.test, fmx__recording_begin(device, &recording), "begin");
    for (int i = 0; i < 4; ++i)
        fmx_test_ok(&state.test, fmx__launch_kernel(device, &job), "launch");
    fmx_test_ok(&state.test, fmx__recording_end(device), "end");
    fmx_test_ok(&state.test, fmx__recording_run(recording), "first run");
    fmx_test_ok(&state.test, fmx_device_finish(device), "finish");
    turns = 1u << 17;
    double start = seconds();
    fmx_test_ok(&state.test, fmx__recording_run(recording), "run");
    double returned = seconds() - start;
    fmx_test_ok(&state.test, fmx_device_finish(device), "finish");
    double done = seconds() - start;
    cr_assert_lt(returned, done / 2, "the run returned after %g s, the device was done after %g s",
                 returned, done);
    fmx__recording_destroy(recording);
    close_state(&state);
}

/* A buffer that its owner has released still belongs to the recording: nobody else gets it. */
Test(recording, keeps_the_memory_it_uses)
{
    step_state state = open_state();
    fmx_device *device = state.test.device;
    fmx__recording *recording = NULL;
    fmx_buffer *scratch = NULL;
    fmx_buffer *other = NULL;
    fmx_buffer *last = NULL;
    fmx__device_guard(device, false); /* with it nothing is pooled */
    fmx_test_ok(&state.test, fmx_buffer_create(device, 1 << 20, &scratch), "scratch");
    fmx_test_ok(&state.test, fmx__recording_begin(device, &recording), "begin");
    fmx_test_ok(&state.test, fmx_buffer_zero(scratch, 0, 1 << 20), "zero");
    fmx_test_ok(&state.test, fmx__recording_end(device), "end");
    fmx_buffer_release(scratch);
    fmx_test_ok(&state.test, fmx_buffer_create(device, 1 << 20, &other), "another");
    cr_assert_neq(other, scratch);
    fmx__recording_destroy(recording);
    fmx_test_ok(&state.test, fmx_buffer_create(device, 1 << 20, &last), "yet another");
    cr_assert_eq(last, scratch, "destroyed, it gives the buffer to the pool");
    fmx_buffer_release(last);
    fmx_buffer_release(other);
    close_state(&state);
}

/* Within a recording, what was made in it and released serves again; what holds data of the host
 * does not, nor does what was made before. */
Test(recording, uses_its_own_scratch_again)
{
    step_state state = open_state();
    fmx_device *device = state.test.device;
    fmx__recording *recording = NULL;
    fmx_buffer *made[3] = {NULL};
    fmx_buffer *next[3] = {NULL};
    float *data = fmx_test_random(1 << 16, 1);
    fmx__device_guard(device, false);
    fmx_test_ok(&state.test, fmx_buffer_create(device, 1 << 18, &made[0]), "before");
    fmx_test_ok(&state.test, fmx__recording_begin(device, &recording), "begin");
    fmx_test_ok(&state.test, fmx_buffer_create_copy(device, data, 1 << 18, &made[1]), "data");
    fmx_test_ok(&state.test, fmx_buffer_create(device, 1 << 18, &made[2]), "scratch");
    for (size_t i = 0; i < 3; ++i)
        fmx_test_ok(&state.test, fmx_buffer_zero(made[i], 0, 1 << 18), "zero");
    for (size_t i = 0; i < 3; ++i)
        fmx_buffer_release(made[i]);
    for (size_t i = 0; i < 3; ++i)
        fmx_test_ok(&state.test, fmx_buffer_create(device, 200000, &next[i]), "again");
    cr_assert_eq(next[0], made[2]);
    cr_assert_eq(fmx_buffer_bytes(next[0]), 200000);
    for (size_t i = 1; i < 3; ++i) {
        for (size_t j = 0; j < 3; ++j)
            cr_assert_neq(next[i], made[j]);
    }
    fmx_test_ok(&state.test, fmx__recording_end(device), "end");
    fmx_test_ok(&state.test, fmx__recording_run(recording), "run");
    fmx__recording_destroy(recording);
    for (size_t i = 0; i < 3; ++i)
        fmx_buffer_release(next[i]);
    free(data);
    close_state(&state);
}

Test(recording, profile_has_the_scope_of_the_recording)
{
    step_state state = open_state();
    fmx_device *device = state.test.device;
    fmx__recording *recording = NULL;
    fmx_profile_row *rows = NULL;
    size_t count = 0;
    char scope[] = "forward";
    fmx_test_ok(&state.test, fmx__recording_begin(device, &recording), "begin");
    fmx__device_scope(device, scope);
    fmx_test_ok(&state.test, launch_step(&state, NULL), "step");
    fmx_test_ok(&state.test, launch_step(&state, state.shift), "step");
    memset(scope, 'x', sizeof scope - 1);
    fmx__device_scope(device, "backward");
    fmx_test_ok(&state.test, launch_step(&state, NULL), "step");
    fmx__device_scope(device, NULL);
    fmx_test_ok(&state.test, fmx__recording_end(device), "end");
    fmx_test_ok(&state.test, fmx__recording_run(recording), "not counted");
    fmx_test_ok(&state.test, fmx_device_profile(device, true), "on");
    for (int run = 0; run < 3; ++run)
        fmx_test_ok(&state.test, fmx__recording_run(recording), "run");
    fmx_test_ok(&state.test, fmx_device_profile_rows(device, &rows, &count), "rows");
    cr_assert_eq(count, 2);
    for (size_t i = 0; i < 2; ++i) {
        bool forward = strcmp(rows[i].scope, "forward") == 0;
        cr_assert(forward || strcmp(rows[i].scope, "backward") == 0);
        cr_assert_str_eq(rows[i].kernel, "advance");
        cr_assert_str_eq(rows[i].stem, "test");
        cr_assert_eq(rows[i].calls, forward ? 6 : 3);
        cr_assert_float_eq(rows[i].flops, forward ? 60 : 30, 0);
        cr_assert_float_eq(rows[i].bytes, forward ? 120 : 60, 0);
        cr_assert_gt(rows[i].milliseconds, 0);
    }
    cr_assert_str_neq(rows[0].scope, rows[1].scope);
    free(rows);
    fmx__recording_destroy(recording);
    close_state(&state);
}

Test(recording, refusals)
{
    step_state state = open_state();
    fmx_device *device = state.test.device;
    fmx__recording *recording = NULL;
    fmx__recording *second = NULL;
    char byte = 0;
    fmx_test_refused(&state.test, fmx__recording_end(device), FMX_ERROR_INTERNAL, "there is none");
    fmx_test_ok(&state.test, fmx__recording_begin(device, &recording), "begin");
    fmx_test_refused(&state.test, fmx__recording_begin(device, &second), FMX_ERROR_INTERNAL,
                     "second");
    cr_assert_null(second);
    fmx_test_refused(&state.test, fmx_buffer_read(state.x, 0, &byte, 1), FMX_ERROR_INTERNAL,
                     "waits for nothing");
    fmx_test_refused(&state.test, fmx_buffer_write(state.x, 0, &byte, 1), FMX_ERROR_INTERNAL,
                     "waits for nothing");
    fmx_test_refused(&state.test, fmx__recording_run(recording), FMX_ERROR_INTERNAL, "running");
    fmx_test_refused(&state.test, fmx_buffer_zero(state.x, 0, BYTES + 1), FMX_ERROR_SHAPE,
                     "exceed");
    fmx__arg args[] = {fmx__arg_buffer(state.x, BYTES), fmx__arg_step_u32(NULL)};
    fmx__launch job = {.stem = "test",
                       .kernel = "slow",
                       .arg = args,
                       .arg_count = 2,
                       .dims = 1,
                       .global = {COUNT},
                       .local = {64}};
    fmx_test_refused(&state.test, fmx__launch_kernel(device, &job), FMX_ERROR_INTERNAL,
                     "has no value");
    uint64_t wide = 1;
    args[1] = fmx__arg_step_u64(&wide);
    fmx_test_refused(&state.test, fmx__launch_kernel(device, &job), FMX_ERROR_DEVICE, "argument 1");
    cr_assert_eq(fmx__recording_length(recording), 0, "what failed is not in it");
    fmx__recording_destroy(recording); /* without an end */
    fmx__recording_destroy(NULL);
    fmx_test_refused(&state.test, fmx__recording_end(device), FMX_ERROR_INTERNAL, "there is none");
    fmx_test_ok(&state.test, fmx_buffer_read(state.x, 0, &byte, 1), "no longer recording");
    close_state(&state);
}

static fmx_status record_and_run(void *user)
{
    step_state *state = user;
    fmx__recording *recording = NULL;
    fmx__device_cache_clear(state->test.device);
    fmx_status status = record(state, &recording);
    if (status == FMX_OK)
        status = fmx__recording_run(recording);
    fmx__recording_destroy(recording);
    return status;
}

Test(recording, each_failure)
{
    step_state state = open_state();
    fmx_test_each_failure(&state.test, record_and_run, &state);
    close_state(&state);
}
