/* autophase by lines: narrow positive lines, one phase for all of them. Only enqueues. */
#include "autophase_tries.h"
enum { GROUP = 64, PEAK_GROUP = 256, SIGN_GROUP = 256, NEIGHBOURS = 8 };
enum { FIRST_MOVE = 2, FIRST_TURN = 3 }; /* iterations before frequencies move, before phases do */

static const double pi = 3.14159265358979323846;
static const double missed_sigmas = 4.5; /* least amplitude of a line that the first fit missed */

static fmx__arg facts_of(const fmx__autophase_work *work)
{
    return fmx__arg_data(work->param, work->rows * sizeof *work->param);
}

static fmx__arg z_of(const fmx__autophase_work *work)
{
    return fmx__arg_buffer(work->z, work->rows * work->most * 2 * sizeof(float));
}

static fmx__arg state_of(const fmx__autophase_work *work)
{
    return fmx__arg_buffer(work->state, work->rows * 4 * sizeof(float));
}

static fmx__arg centres_of(const fmx__autophase_work *work)
{
    return fmx__arg_buffer(work->centres, work->rows * FMX__FIT_LINES * sizeof(uint32_t));
}

static fmx__arg count_of(const fmx__autophase_work *work)
{
    return fmx__arg_buffer(work->count, work->rows * sizeof(uint32_t));
}

static fmx__arg line_of(const fmx__autophase_work *work, int which)
{
    return fmx__arg_buffer(work->line[which], work->rows * FMX__FIT_LINES * 8 * sizeof(float));
}

static fmx__arg window_of(const fmx__autophase_work *work)
{
    return fmx__arg_buffer(work->window,
                           work->rows * FMX__FIT_LINES * 2 * FMX__FIT_WINDOW * sizeof(float));
}

fmx_status fmx__autophase_peaks(fmx__autophase_work *work, double threshold, bool again)
{
    double points = (double)work->rows * (double)work->most;
    fmx__arg args[] = {
        centres_of(work),
        count_of(work),
        state_of(work),
        fmx__arg_buffer(work->difference, work->rows * work->most * sizeof(float)),
        fmx__arg_buffer(work->median, work->rows * sizeof(float)),
        facts_of(work),
        fmx__arg_u32(work->most),
        fmx__arg_f32(threshold),
        fmx__arg_u32(again),
    };
    fmx__launch job = {.stem = "autophase",
                       .kernel = "autophase_peaks",
                       .arg = args,
                       .arg_count = FMX__COUNT(args),
                       .dims = 1,
                       .groups = {work->rows},
                       .local = {PEAK_GROUP},
                       .fixed_group = true,
                       .flops = 2 * points,
                       .bytes = 2 * points * sizeof(float)};
    return fmx__launch_kernel(work->device, &job);
}

fmx_status fmx__autophase_windows(fmx__autophase_work *work)
{
    double points = (double)work->rows * FMX__FIT_LINES * FMX__FIT_WINDOW;
    fmx__arg args[] = {
        window_of(work),  line_of(work, 0),         z_of(work),
        centres_of(work), count_of(work),           state_of(work),
        facts_of(work),   fmx__arg_u32(work->rows), fmx__arg_u32(work->most),
    };
    fmx__launch job = {.stem = "autophase",
                       .kernel = "autophase_windows",
                       .arg = args,
                       .arg_count = FMX__COUNT(args),
                       .dims = 2,
                       .global = {FMX__FIT_LINES, work->rows},
                       .local = {GROUP},
                       .flops = 40 * points,
                       .bytes = 6 * points * sizeof(float)};
    return fmx__launch_kernel(work->device, &job);
}

fmx_status fmx__autophase_fit(fmx__autophase_work *work, bool moves)
{
    bool wide = fmx__device_wide(work->device);
    double points = (double)work->rows * FMX__FIT_LINES * FMX__FIT_WINDOW;
    fmx__arg args[] = {
        line_of(work, 1), line_of(work, 0),         window_of(work),
        centres_of(work), count_of(work),           state_of(work),
        facts_of(work),   fmx__arg_u32(work->rows), fmx__arg_u32(moves),
    };
    fmx__launch job = {.stem = "autophase",
                       .kernel = wide ? "autophase_fit_wide" : "autophase_fit",
                       .arg = args,
                       .arg_count = FMX__COUNT(args),
                       .dims = 2,
                       .global = {FMX__FIT_LINES, work->rows},
                       .local = {wide ? 8 : GROUP},
                       /* with every line there and that many neighbours; fewer are the rule */
                       .flops = points * (60 + 16 * NEIGHBOURS),
                       .bytes = points * 2 * sizeof(float)};
    fmx_status status = fmx__launch_kernel(work->device, &job);
    fmx_buffer *old = work->line[0];
    work->line[0] = work->line[1];
    work->line[1] = old;
    return status;
}

fmx_status fmx__autophase_update(fmx__autophase_work *work, bool turns, double prior_deg)
{
    double lines = (double)work->rows * FMX__FIT_LINES;
    fmx__arg args[] = {
        state_of(work),
        line_of(work, 0),
        centres_of(work),
        count_of(work),
        facts_of(work),
        fmx__arg_u32(turns),
        fmx__arg_f32(prior_deg * pi / 180),
    };
    fmx__launch job = {.stem = "autophase",
                       .kernel = "autophase_update",
                       .arg = args,
                       .arg_count = FMX__COUNT(args),
                       .dims = 1,
                       .groups = {work->rows},
                       .local = {FMX__FIT_LINES},
                       .fixed_group = true,
                       .flops = 60 * lines,
                       .bytes = 10 * lines * sizeof(float)};
    return fmx__launch_kernel(work->device, &job);
}

fmx_status fmx__autophase_sign(fmx__autophase_work *work)
{
    double points = (double)work->rows * (double)work->most;
    fmx__arg args[] = {
        state_of(work),           z_of(work),
        facts_of(work),           fmx__arg_buffer(work->median, work->rows * sizeof(float)),
        fmx__arg_u32(work->most),
    };
    fmx__launch job = {.stem = "autophase",
                       .kernel = "autophase_sign",
                       .arg = args,
                       .arg_count = FMX__COUNT(args),
                       .dims = 1,
                       .groups = {work->rows},
                       .local = {SIGN_GROUP},
                       .fixed_group = true,
                       .flops = 40 * points,
                       .bytes = 2 * points * sizeof(float)};
    return fmx__launch_kernel(work->device, &job);
}

static fmx_status find(fmx__autophase_work *work, double threshold)
{
    fmx_status status = fmx__autophase_difference(work, true);
    return status == FMX_OK ? fmx__autophase_peaks(work, threshold, false) : status;
}

static fmx_status find_missed(fmx__autophase_work *work)
{
    fmx_status status = fmx__autophase_rest(work);
    if (status == FMX_OK)
        status = fmx__autophase_seek(work);
    return status == FMX_OK ? fmx__autophase_peaks(work, missed_sigmas, true) : status;
}

fmx_status fmx__autophase_lines(fmx__autophase_work *work, const fmx_autophase *options)
{
    fmx_status status = fmx__autophase_negative_area(work);
    for (int64_t round = 0; status == FMX_OK && round < options->rounds; ++round) {
        status = round == 0 ? find(work, options->threshold) : find_missed(work);
        if (status == FMX_OK)
            status = fmx__autophase_windows(work);
        for (int64_t i = 0; status == FMX_OK && i < options->iterations; ++i) {
            status = fmx__autophase_fit(work, i >= FIRST_MOVE);
            if (status == FMX_OK)
                status = fmx__autophase_update(work, i >= FIRST_TURN, options->prior_deg);
        }
    }
    return status == FMX_OK ? fmx__autophase_sign(work) : status;
}
