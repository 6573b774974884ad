#include <stdlib.h>

#include "bench.h"
#include "cases/augmentation.h"

typedef struct state {
    fmx__augmentation *augmentation;
    fmx_buffer *library;
    fmx_buffer *items;
    fmx_buffer *out;
    size_t count;
} state;

static fmx_status step(void *user)
{
    state *s = user;
    return fmx__augmentation_apply(s->augmentation, s->library, s->items, s->count, s->out);
}

static fmx_status make_items(fmx_device *device, const fmx_case_augmentation *c,
                             const fmx__augmentation_options *options, fmx_buffer **out)
{
    fmx__augmentation_item items[64];
    for (size_t i = 0; i < c->items; ++i) {
        fmx__augmentation_draw(options, 7, i, 0, 600, &items[i]);
        items[i].row = (uint32_t)(i % c->rows);
    }
    return fmx_buffer_create_copy(device, items, c->items * sizeof *items, out);
}

static fmx_status run(fmx_device *device, fmx__bench_run *results)
{
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < FMX__COUNT(fmx_cases_augmentation); ++i) {
        const fmx_case_augmentation *c = &fmx_cases_augmentation[i];
        fmx__augmentation_options options = fmx_case_options(c);
        state s = {.count = c->items};
        if (!c->bench)
            continue;
        status = fmx__bench_random(device, c->rows * c->points, &s.library);
        if (status == FMX_OK)
            status = make_items(device, c, &options, &s.items);
        if (status == FMX_OK)
            status = fmx_buffer_create(device, c->items * c->points * sizeof(float), &s.out);
        if (status == FMX_OK)
            status = fmx__augmentation_create(device, &options, c->points,
                                              -10.0 / (double)(c->points - 1), c->items,
                                              &s.augmentation);
        if (status == FMX_OK)
            status = fmx__bench_measure(results, c->name, NULL, step, &s);
        fmx__augmentation_release(s.augmentation);
        fmx_buffer_release(s.out);
        fmx_buffer_release(s.items);
        fmx_buffer_release(s.library);
    }
    return status;
}

const fmx__bench fmx__bench_augmentation = {"augmentation", run};
