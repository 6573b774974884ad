/* autophase by negative area: least sum of negative intensities above a local baseline, p0 then p1
 * then p0 then p1. Only enqueues. */
#include "autophase_tries.h"

enum { GROUP = 64, SEARCHES = 4, PASSES = 3 };

fmx_status fmx__autophase_leveled(fmx__autophase_work *work, fmx_buffer **out)
{
    double points = (double)work->rows * (double)work->most;
    size_t z_bytes = work->rows * work->most * 2 * sizeof(float);
    size_t level_bytes = work->rows * work->blocks * 4 * sizeof(float);
    fmx_buffer *level = NULL;
    *out = NULL;
    fmx_status status = fmx_buffer_create(work->device, level_bytes, &level);
    if (status == FMX_OK)
        status = fmx_buffer_create(work->device, z_bytes, out);
    fmx__arg level_args[] = {
        fmx__arg_buffer(level, level_bytes),
        fmx__arg_buffer(work->z, z_bytes),
        fmx__arg_data(work->param, work->rows * sizeof *work->param),
        fmx__arg_buffer(work->median, work->rows * sizeof(float)),
        fmx__arg_u32(work->rows),
        fmx__arg_u32(work->most),
        fmx__arg_u32(work->blocks),
    };
    fmx__launch levels = {.stem = "autophase",
                          .kernel = "autophase_levels",
                          .arg = level_args,
                          .arg_count = FMX__COUNT(level_args),
                          .dims = 2,
                          .global = {work->blocks, work->rows},
                          .local = {GROUP},
                          .flops = 18 * points,
                          .bytes = 2 * points * sizeof(float)};
    if (status == FMX_OK)
        status = fmx__launch_kernel(work->device, &levels);
    fmx__arg args[] = {
        fmx__arg_buffer(*out, z_bytes),
        fmx__arg_buffer(work->z, z_bytes),
        fmx__arg_buffer(level, level_bytes),
        fmx__arg_data(work->param, work->rows * sizeof *work->param),
        fmx__arg_u32(work->rows),
        fmx__arg_u32(work->most),
        fmx__arg_u32(work->blocks),
    };
    fmx__launch leveled = {.stem = "autophase",
                           .kernel = "autophase_leveled",
                           .arg = args,
                           .arg_count = FMX__COUNT(args),
                           .dims = 2,
                           .global = {work->most, work->rows},
                           .local = {GROUP},
                           .flops = 80 * points,
                           .bytes = 4 * points * sizeof(float)};
    if (status == FMX_OK)
        status = fmx__launch_kernel(work->device, &leveled);
    fmx_buffer_release(level);
    if (status != FMX_OK) {
        fmx_buffer_release(*out);
        *out = NULL;
    }
    return status;
}

/* Each search: 16 angles over the whole range (p0 all round, p1 within +-180 degrees), then twice
 * 16 within a step at either side of the best. p1 turns about the middle of the spectrum, where it
 * is nearly independent of p0: about its end the alternation gets stuck. */
static fmx_status search(fmx__autophase_tries *tries, bool first_order)
{
    float offset[FMX__TRIES][2];
    double step = 1.0 / FMX__TRIES;
    fmx_status status = FMX_OK;
    for (int pass = 0; status == FMX_OK && pass < PASSES; ++pass) {
        for (int i = 0; i < FMX__TRIES; ++i) {
            double turns = (i - 7.5) * step;
            offset[i][0] = (float)(first_order ? -turns / 2 : turns);
            offset[i][1] = (float)(first_order ? turns : 0);
        }
        status = fmx__autophase_try(tries, offset, false);
        step *= 2.0 / (FMX__TRIES + 1);
    }
    return status;
}

fmx_status fmx__autophase_negative_area(fmx__autophase_work *work)
{
    fmx__autophase_tries tries = {0};
    fmx_buffer *z = NULL;
    float start[FMX__TRIES][2];
    for (int i = 0; i < FMX__TRIES; ++i) { /* p0 = 90 degrees of correction, p1 = 0 */
        start[i][0] = -0.25F;
        start[i][1] = 0;
    }
    fmx_status status = fmx__autophase_leveled(work, &z);
    if (status == FMX_OK)
        status = fmx__autophase_tries_open(work, z, work->most, false, &tries);
    if (status == FMX_OK)
        status = fmx__autophase_try(&tries, start, true);
    for (int i = 0; status == FMX_OK && i < SEARCHES; ++i)
        status = search(&tries, i % 2 == 1);
    fmx__autophase_tries_close(&tries);
    fmx_buffer_release(z);
    return status;
}
