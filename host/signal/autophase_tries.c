/* autophase: candidate phases, 16 in a pass, for the published objectives. Only enqueues. */
#include "autophase_tries.h"

enum { GROUP = 64, CHUNK = 1024 };

static fmx_status propose(fmx__autophase_tries *tries, float offset[FMX__TRIES][2], bool absolute)
{
    fmx__autophase_work *work = tries->work;
    fmx__arg args[] = {
        fmx__arg_buffer(tries->candidates, work->rows * FMX__TRIES * 2 * sizeof(float)),
        fmx__arg_buffer(work->state, work->rows * 4 * sizeof(float)),
        fmx__arg_data(offset, FMX__TRIES * 2 * sizeof(float)),
        fmx__arg_u32(work->rows),
        fmx__arg_u32(absolute),
    };
    fmx__launch job = {.stem = "autophase",
                       .kernel = "autophase_candidates",
                       .arg = args,
                       .arg_count = FMX__COUNT(args),
                       .dims = 2,
                       .global = {FMX__TRIES, work->rows},
                       .local = {FMX__TRIES},
                       .bytes = (double)work->rows * FMX__TRIES * 4 * sizeof(float)};
    return fmx__launch_kernel(work->device, &job);
}

static fmx_status evaluate(fmx__autophase_tries *tries)
{
    fmx__autophase_work *work = tries->work;
    bool wide = fmx__device_wide(work->device);
    double points = (double)work->rows * (double)tries->stride;
    fmx__arg args[] = {
        fmx__arg_buffer(tries->sums, work->rows * tries->chunks * FMX__TRIES * 4 * sizeof(float)),
        fmx__arg_buffer(tries->z, work->rows * tries->stride * 2 * sizeof(float)),
        fmx__arg_buffer(tries->candidates, work->rows * FMX__TRIES * 2 * sizeof(float)),
        fmx__arg_data(work->param, work->rows * sizeof *work->param),
        fmx__arg_u32(work->rows),
        fmx__arg_u32(tries->stride),
        fmx__arg_u32(tries->chunks),
        fmx__arg_u32(tries->entropy),
    };
    fmx__launch job = {.stem = "autophase",
                       .kernel = wide ? "autophase_tries_wide" : "autophase_tries",
                       .arg = args,
                       .arg_count = FMX__COUNT(args),
                       .dims = wide ? 2 : 3,
                       .global = {FMX__TRIES, tries->chunks, work->rows},
                       .local = {FMX__TRIES, wide ? 0 : 4},
                       .flops = points * FMX__TRIES * (tries->entropy ? 45 : 12),
                       .bytes = points * 2 * sizeof(float)};
    if (wide) {
        job.global[0] = tries->chunks;
        job.global[1] = work->rows;
        job.local[0] = 4;
    }
    return fmx__launch_kernel(work->device, &job);
}

static fmx_status pick(fmx__autophase_tries *tries, bool begin)
{
    fmx__autophase_work *work = tries->work;
    double sums = (double)work->rows * (double)tries->chunks * FMX__TRIES * 4;
    fmx__arg args[] = {
        fmx__arg_buffer(work->state, work->rows * 4 * sizeof(float)),
        fmx__arg_buffer(tries->objectives, work->rows * FMX__TRIES * sizeof(float)),
        fmx__arg_buffer(tries->sums, (size_t)sums * sizeof(float)),
        fmx__arg_buffer(tries->candidates, work->rows * FMX__TRIES * 2 * sizeof(float)),
        fmx__arg_u32(work->rows),
        fmx__arg_u32(tries->stride),
        fmx__arg_u32(tries->chunks),
        fmx__arg_u32(tries->entropy),
        fmx__arg_u32(begin),
    };
    fmx__launch job = {.stem = "autophase",
                       .kernel = "autophase_pick",
                       .arg = args,
                       .arg_count = FMX__COUNT(args),
                       .dims = 1,
                       .global = {work->rows},
                       .local = {GROUP},
                       .flops = sums,
                       .bytes = sums * sizeof(float)};
    return fmx__launch_kernel(work->device, &job);
}

fmx_status fmx__autophase_tries_open(fmx__autophase_work *work, fmx_buffer *z, size_t stride,
                                     bool entropy, fmx__autophase_tries *tries)
{
    *tries = (fmx__autophase_tries){.work = work,
                                    .z = z,
                                    .stride = stride,
                                    .chunks = (stride + CHUNK - 1) / CHUNK,
                                    .entropy = entropy};
    size_t of_row = work->rows * FMX__TRIES * sizeof(float);
    fmx_status status = fmx_buffer_create(work->device, 2 * of_row, &tries->candidates);
    if (status == FMX_OK)
        status = fmx_buffer_create(work->device, of_row, &tries->objectives);
    if (status == FMX_OK)
        status = fmx_buffer_create(work->device, 4 * of_row * tries->chunks, &tries->sums);
    if (status != FMX_OK)
        fmx__autophase_tries_close(tries);
    return status;
}

void fmx__autophase_tries_close(fmx__autophase_tries *tries)
{
    fmx_buffer_release(tries->sums);
    fmx_buffer_release(tries->objectives);
    fmx_buffer_release(tries->candidates);
    *tries = (fmx__autophase_tries){0};
}

fmx_status fmx__autophase_try(fmx__autophase_tries *tries, float offset[FMX__TRIES][2],
                              bool absolute)
{
    fmx_status status = propose(tries, offset, absolute);
    if (status == FMX_OK)
        status = evaluate(tries);
    if (status == FMX_OK)
        status = pick(tries, !tries->begun);
    tries->begun = true;
    return status;
}
