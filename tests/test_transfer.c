#include "transfer.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fmx_test.h"
#include "launch.h"
#include "recording.h"

/* sum += x, over and over, so that the device is kept busy */
static const char source[] = "__kernel void add(__global float *sum, __global const float *x,\n"
                             "                  const uint count, const uint turns)\n"
                             "{\n"
                             "    size_t i = get_global_id(0);\n"
                             "    if (i >= count)\n"
                             "        return;\n"
                             "    float more = x[i];\n"
                             "    for (uint turn = 0; turn < turns; ++turn)\n"
                             "        more = fma(more, 0.5f, 0.5f * x[i]);\n"
                             "    sum[i] += more;\n"
                             "}\n";

enum { COUNT = 1000, BYTES = COUNT * 4, SLOTS = 3 };

typedef struct flow_state {
    fmx_test test;
    fmx_buffer *sum;
    fmx_buffer *x;
    fmx__recording *step;
    uint32_t turns;
} flow_state;

static void open_flow(flow_state *flow)
{
    *flow = (flow_state){.test = fmx_test_open(), .turns = 1};
    fmx_device *device = flow->test.device;
    fmx__device_test_source(device, source);
    fmx_test_ok(&flow->test, fmx_buffer_create(device, BYTES, &flow->sum), "sum");
    fmx_test_ok(&flow->test, fmx_buffer_create(device, BYTES, &flow->x), "x");
    fmx_test_ok(&flow->test, fmx_buffer_zero(flow->sum, 0, BYTES), "sum");
    fmx__arg args[] = {fmx__arg_buffer(flow->sum, BYTES), fmx__arg_buffer(flow->x, BYTES),
                       fmx__arg_u32(COUNT), fmx__arg_step_u32(&flow->turns)};
    fmx__launch job = {.stem = "test",
                       .kernel = "add",
                       .arg = args,
                       .arg_count = 4,
                       .dims = 1,
                       .global = {COUNT},
                       .local = {50}};
    fmx_test_ok(&flow->test, fmx__recording_begin(device, &flow->step), "begin");
    fmx_test_ok(&flow->test, fmx__launch_kernel(device, &job), "launch");
    fmx_test_ok(&flow->test, fmx__recording_end(device), "end");
}

static void close_flow(flow_state *flow)
{
    fmx__recording_destroy(flow->step);
    fmx_buffer_release(flow->sum);
    fmx_buffer_release(flow->x);
    fmx_test_close(&flow->test);
}

/* Step n gets n + i / 8 and adds it; every step's sum comes back, some steps later. Small multiples
 * of 1/8 add without rounding. The host never waits for the step that it has just asked for. */
Test(transfer, batches_in_and_sums_out)
{
    flow_state flow;
    fmx__upload *up = NULL;
    fmx__download *down = NULL;
    enum { STEPS = 40 };
    size_t taken = 0;
    open_flow(&flow);
    fmx_device *device = flow.test.device;
    fmx_test_ok(&flow.test, fmx__upload_create(device, BYTES, SLOTS, &up), "up");
    fmx_test_ok(&flow.test, fmx__download_create(device, 8, SLOTS, &down), "down");
    for (size_t n = 0; n < STEPS || taken < STEPS;) {
        if (n < STEPS) {
            void *host = NULL;
            void *same = NULL;
            fmx_test_ok(&flow.test, fmx__upload_slot(up, &host), "slot");
            fmx_test_ok(&flow.test, fmx__upload_slot(up, &same), "slot");
            cr_assert_eq(host, same);
            cr_assert_eq((uintptr_t)host % 4096, 0);
            for (size_t i = 0; i < COUNT; ++i)
                ((float *)host)[i] = (float)n + (float)i / 8;
            fmx_test_ok(&flow.test, fmx__upload_send(up, flow.x, 0, BYTES), "send");
            fmx_test_ok(&flow.test, fmx__recording_run(flow.step), "run");
            fmx_test_ok(&flow.test, fmx__download_ask(down, flow.sum, BYTES - 8, 8), "ask");
            ++n;
        }
        if (n == STEPS || fmx__download_pending(down) == SLOTS) {
            const void *host = NULL;
            float got[2];
            fmx_test_ok(&flow.test, fmx__download_take(down, &host), "take");
            memcpy(got, host, sizeof got);
            ++taken;
            for (size_t i = 0; i < 2; ++i) {
                double each = (double)(COUNT - 2 + i) / 8;
                double sum = (double)(taken * (taken - 1)) / 2 + (double)taken * each;
                cr_assert_eq(got[i], sum, "step %zu: %.9g, expected %.9g", taken, got[i], sum);
            }
        }
    }
    cr_assert_eq(fmx__download_pending(down), 0);
    fmx__upload_destroy(up);
    fmx__download_destroy(down);
    close_flow(&flow);
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* With the device busy for long, slots are given at once while there are free ones; the first that
 * is still to be read makes the host wait. */
Test(transfer, a_full_ring_waits)
{
    flow_state flow;
    fmx__upload *up = NULL;
    fmx__download *down = NULL;
    void *host = NULL;
    const void *back = NULL;
    open_flow(&flow);
    fmx_device *device = flow.test.device;
    fmx_test_ok(&flow.test, fmx__upload_create(device, BYTES, SLOTS, &up), "up");
    fmx_test_ok(&flow.test, fmx__download_create(device, 4, 1, &down), "down");
    fmx_test_ok(&flow.test, fmx_buffer_zero(flow.x, 0, BYTES), "x");
    fmx_test_ok(&flow.test, fmx__recording_run(flow.step), "first run, which may compile");
    fmx_test_ok(&flow.test, fmx_device_finish(device), "finish");
    flow.turns = 1u << 19;
    fmx_test_ok(&flow.test, fmx__recording_run(flow.step), "a long run");
    double start = seconds();
    cr_assert_not(fmx__download_ready(down), "nothing was asked for");
    fmx_test_ok(&flow.test, fmx__download_ask(down, flow.sum, 0, 4), "ask");
    for (size_t i = 0; i < SLOTS; ++i) {
        fmx_test_ok(&flow.test, fmx__upload_slot(up, &host), "slot");
        fmx_test_ok(&flow.test, fmx__upload_send(up, flow.x, 0, BYTES), "send");
    }
    cr_assert_not(fmx__download_ready(down), "the device is still at the long run");
    double free_slots = seconds() - start;
    fmx_test_ok(&flow.test, fmx__upload_slot(up, &host), "the first slot again");
    double waited = seconds() - start;
    cr_assert(fmx__download_ready(down), "it was asked for before that write");
    cr_assert_lt(free_slots, waited / 2, "%g s of %g s", free_slots, waited);
    fmx_test_ok(&flow.test, fmx__download_take(down, &back), "take");
    fmx__upload_destroy(up);
    fmx__download_destroy(down);
    close_flow(&flow);
}

Test(transfer, refusals)
{
    flow_state flow;
    fmx__upload *up = NULL;
    fmx__download *down = NULL;
    fmx__recording *recording = NULL;
    void *host = NULL;
    const void *back = NULL;
    open_flow(&flow);
    fmx_test *test = &flow.test;
    fmx_device *device = test->device;
    fmx_test_refused(test, fmx__upload_create(device, 0, 1, &up), FMX_ERROR_SHAPE, "ring");
    fmx_test_refused(test, fmx__upload_create(device, 1, 0, &up), FMX_ERROR_SHAPE, "ring");
    fmx_test_refused(test, fmx__download_create(device, 0, 1, &down), FMX_ERROR_SHAPE, "ring");
    fmx_test_refused(test, fmx__upload_create(device, SIZE_MAX / 2, 3, &up), FMX_ERROR_MEMORY,
                     "ring");
    fmx_test_refused(test, fmx__upload_create(device, SIZE_MAX, 1, &up), FMX_ERROR_MEMORY, "ring");
    cr_assert(up == NULL && down == NULL);
    fmx_test_ok(test, fmx__upload_create(device, 16, 2, &up), "up");
    fmx_test_ok(test, fmx__download_create(device, 16, 2, &down), "down");
    fmx_test_refused(test, fmx__upload_send(up, flow.x, 0, 16), FMX_ERROR_INTERNAL, "asked for");
    fmx_test_ok(test, fmx__upload_slot(up, &host), "slot");
    memset(host, 0, 16);
    fmx_test_refused(test, fmx__upload_send(up, flow.x, 0, 17), FMX_ERROR_SHAPE, "upload");
    fmx_test_refused(test, fmx__upload_send(up, flow.x, 0, 0), FMX_ERROR_SHAPE, "upload");
    fmx_test_refused(test, fmx__upload_send(up, flow.x, BYTES - 8, 16), FMX_ERROR_SHAPE, "upload");
    fmx_test_refused(test, fmx__download_take(down, &back), FMX_ERROR_INTERNAL, "never asked");
    fmx_test_refused(test, fmx__download_ask(down, flow.x, 0, 17), FMX_ERROR_SHAPE, "download");
    fmx_test_ok(test, fmx__upload_send(up, flow.x, 0, 16), "send");
    fmx_test_refused(test, fmx__upload_send(up, flow.x, 0, 16), FMX_ERROR_INTERNAL, "asked for");
    fmx_test_ok(test, fmx__download_ask(down, flow.x, 0, 16), "ask");
    fmx_test_ok(test, fmx__download_ask(down, flow.x, 0, 16), "ask");
    fmx_test_refused(test, fmx__download_ask(down, flow.x, 0, 16), FMX_ERROR_INTERNAL, "all 2");
    fmx_test_ok(test, fmx__upload_slot(up, &host), "slot");
    fmx_test_ok(test, fmx__recording_begin(device, &recording), "begin");
    fmx_test_refused(test, fmx__upload_send(up, flow.x, 0, 16), FMX_ERROR_INTERNAL, "recording");
    fmx_test_refused(test, fmx__download_ask(down, flow.x, 0, 16), FMX_ERROR_INTERNAL, "recording");
    fmx__recording_destroy(recording);
    fmx__upload_destroy(up);
    fmx__download_destroy(down); /* with two that were never taken */
    fmx__upload_destroy(NULL);
    fmx__download_destroy(NULL);
    close_flow(&flow);
}

static fmx_status make_rings(void *user)
{
    flow_state *flow = user;
    fmx__upload *up = NULL;
    fmx__download *down = NULL;
    fmx_buffer *other = NULL;
    void *host = NULL;
    fmx_status status = fmx_buffer_create(flow->test.device, 64, &other);
    if (status == FMX_OK)
        status = fmx__upload_create(flow->test.device, 64, 2, &up);
    if (status == FMX_OK)
        status = fmx__download_create(flow->test.device, 64, 2, &down);
    for (int i = 0; status == FMX_OK && i < 5; ++i) {
        status = fmx__upload_slot(up, &host);
        if (status == FMX_OK)
            status = fmx__upload_send(up, other, 0, 64);
    }
    fmx__upload_destroy(up);
    fmx__download_destroy(down);
    fmx_buffer_release(other);
    return status;
}

Test(transfer, each_failure)
{
    flow_state flow;
    open_flow(&flow);
    fmx_test_each_failure(&flow.test, make_rings, &flow);
    close_flow(&flow);
}
