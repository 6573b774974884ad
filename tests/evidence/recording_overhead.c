/* What the host spends on a launch, direct and recorded: the table of docs/device/recording.md.
 *
 * usage: recording_overhead [DEVICE]        (as in fidmix --device)
 *
 * 200 launches of a kernel of 64 items with four arguments, in microseconds for each: until all are
 * enqueued, and until the device has done them; the least of 300 repetitions. "data": one of the
 * arguments is a small array.
 */
#include <stdio.h>
#include <time.h>

#include "fidmix/fidmix.h"
#include "launch.h"
#include "recording.h"

enum { LAUNCHES = 200, ITEMS = 64, ROUNDS = 300 };

static const char source[] =
    "__kernel void add(__global float *x, __global const float *y, uint items, float factor)\n"
    "{\n"
    "    size_t i = get_global_id(0);\n"
    "    if (i < items)\n"
    "        x[i] = fma(factor, y[i], x[i]);\n"
    "}\n";

typedef struct state {
    fmx_device *device;
    fmx_buffer *x;
    fmx_buffer *y;
    bool data;
    fmx__recording *recording;
} state;

static fmx_status launch_all(state *s)
{
    static const float table[ITEMS];
    fmx__arg arg[] = {fmx__arg_buffer(s->x, sizeof table),
                      s->data ? fmx__arg_data(table, sizeof table)
                              : fmx__arg_buffer(s->y, sizeof table),
                      fmx__arg_u32(ITEMS), fmx__arg_f32(0.5)};
    fmx__launch job = {.stem = "test",
                       .kernel = "add",
                       .arg = arg,
                       .arg_count = 4,
                       .dims = 1,
                       .global = {ITEMS},
                       .local = {16}};
    fmx_status status = FMX_OK;
    for (int i = 0; status == FMX_OK && i < LAUNCHES; ++i)
        status = fmx__launch_kernel(s->device, &job);
    return status;
}

static fmx_status run_recording(state *s)
{
    return fmx__recording_run(s->recording);
}

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

static fmx_status measure(state *s, const char *name, fmx_status (*step)(state *))
{
    double enqueued = 1e30;
    double done = 1e30;
    fmx_status status = step(s); /* may compile */
    for (int i = 0; status == FMX_OK && i < ROUNDS; ++i) {
        status = fmx_device_finish(s->device);
        double start = now_us();
        if (status == FMX_OK)
            status = step(s);
        double middle = now_us() - start;
        if (status == FMX_OK)
            status = fmx_device_finish(s->device);
        double all = now_us() - start;
        enqueued = middle < enqueued ? middle : enqueued;
        done = all < done ? all : done;
    }
    if (status == FMX_OK)
        printf("%-16s enqueued %6.3f us, done %6.3f us\n", name, enqueued / LAUNCHES,
               done / LAUNCHES);
    return status;
}

static fmx_status measure_both(state *s, bool data)
{
    double start = 0;
    s->data = data;
    fmx_status status = measure(s, data ? "direct, data" : "direct", launch_all);
    if (status == FMX_OK) {
        start = now_us();
        status = fmx__recording_begin(s->device, &s->recording);
    }
    if (status == FMX_OK)
        status = launch_all(s);
    if (status == FMX_OK)
        status = fmx__recording_end(s->device);
    if (status == FMX_OK)
        printf("recording it     %.3f us\n", (now_us() - start) / LAUNCHES);
    if (status == FMX_OK)
        status = measure(s, data ? "recorded, data" : "recorded", run_recording);
    fmx__recording_destroy(s->recording);
    s->recording = NULL;
    return status;
}

int main(int count, char **arguments)
{
    fmx_context *ctx = NULL;
    state s = {0};
    fmx_status status = fmx_context_create(&ctx);
    if (status != FMX_OK)
        return 4;
    status = fmx_device_open(ctx, count > 1 ? arguments[1] : "auto", &s.device);
    if (status == FMX_OK)
        status = fmx_buffer_create(s.device, ITEMS * sizeof(float), &s.x);
    if (status == FMX_OK)
        status = fmx_buffer_create(s.device, ITEMS * sizeof(float), &s.y);
    if (status == FMX_OK) {
        printf("%s\n", fmx_device_describe(s.device)->platform);
        fmx__device_test_source(s.device, source);
        status = measure_both(&s, false);
    }
    if (status == FMX_OK)
        status = measure_both(&s, true);
    if (status != FMX_OK)
        fprintf(stderr, "%s\n", fmx_context_message(ctx));
    fmx_buffer_release(s.x);
    fmx_buffer_release(s.y);
    fmx_device_close(s.device);
    fmx_context_destroy(ctx);
    return fmx_status_exit_code(status);
}
