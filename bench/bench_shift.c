#include "bench.h"
#include "cases/shift.h"

typedef struct state {
    fmx_device *device;
    fmx_buffer *library;
    fmx_buffer *items;
    fmx_buffer *out;
    size_t count;
    size_t points;
} state;

static fmx_status step(void *user)
{
    state *s = user;
    return fmx__shift_apply(s->device, s->library, s->items, s->count, s->points, s->out);
}

static fmx_status make_items(fmx_device *device, const fmx_case_shift *c, size_t count,
                             fmx_buffer **out)
{
    fmx__shift_item items[256];
    uint32_t copies = fmx__shift_copies(&c->options);
    for (size_t i = 0; i < count; ++i) {
        double ppm = fmx__shift_ppm(&c->options, 7, i / copies, (uint32_t)(i % copies));
        items[i] =
            (fmx__shift_item){(uint32_t)(i / copies),
                              fmx__shift_points(ppm, c->points, -10.0 / (double)(c->points - 1))};
    }
    return fmx_buffer_create_copy(device, items, count * sizeof *items, out);
}

static fmx_status run(fmx_device *device, fmx__bench_run *results)
{
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < FMX__COUNT(fmx_cases_shift); ++i) {
        const fmx_case_shift *c = &fmx_cases_shift[i];
        size_t count = c->rows * fmx__shift_copies(&c->options);
        state s = {.device = device, .count = count, .points = c->points};
        if (!c->bench)
            continue;
        status = fmx__bench_random(device, c->rows * c->points, &s.library);
        if (status == FMX_OK)
            status = make_items(device, c, count, &s.items);
        if (status == FMX_OK)
            status = fmx_buffer_create(device, count * c->points * sizeof(float), &s.out);
        if (status == FMX_OK)
            status = fmx__bench_measure(results, c->name, NULL, step, &s);
        fmx_buffer_release(s.out);
        fmx_buffer_release(s.items);
        fmx_buffer_release(s.library);
    }
    return status;
}

const fmx__bench fmx__bench_shift = {"shift", run};
