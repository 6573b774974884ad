#include "fidmix/real_part.h"

#include "signal_internal.h"

enum { GROUP = 64, WIDE = 16 }; /* items per group; points per item of the wide variant */

static const char *const parts[] = {"real", "imaginary", "magnitude", NULL};

static const fmx__option option_table[] = {
    {"part", FMX__OPTION_CHOICE, offsetof(fmx_real_part, part), "", 0, 0, parts,
     "which part of the complex spectrum is kept"},
};

static const fmx_real_part defaults = FMX_REAL_PART_DEFAULT;

static fmx_status launch(fmx_signal *signal, const fmx_real_part *options, fmx_buffer *out)
{
    bool wide = fmx__device_wide(signal->device);
    size_t count = signal->rows * signal->points;
    size_t per_item = wide ? WIDE : 1;
    fmx__arg args[] = {
        fmx__arg_buffer(out, count * sizeof(float)),
        fmx__arg_buffer(signal->data, fmx__signal_bytes(signal)),
        fmx__arg_u32(count),
        fmx__arg_u32((size_t)options->part),
    };
    fmx__launch job = {
        .stem = "real_part",
        .kernel = wide ? "real_part_wide" : "real_part",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 1,
        .global = {(count + per_item - 1) / per_item},
        .local = {GROUP},
        .flops = options->part == FMX_REAL_PART_MAGNITUDE ? 4 * (double)count : 0,
        .bytes = 3 * sizeof(float) * (double)count,
    };
    return fmx__launch_kernel(signal->device, &job);
}

extern const fmx__stage fmx__stage_real_part;

fmx_status fmx_to_real(fmx_signal *signal, const fmx_real_part *options)
{
    fmx_context *ctx = fmx__device_context(signal->device);
    fmx_buffer *out = NULL;
    fmx_status status = fmx__options_check(ctx, &fmx__stage_real_part.group, options);
    if (status != FMX_OK || (signal->domain == FMX_DOMAIN_FREQUENCY && !signal->is_complex))
        return status;
    status = fmx__need(signal, "real_part", FMX_DOMAIN_FREQUENCY, true);
    if (status == FMX_OK)
        status = fmx_buffer_create(signal->device, fmx__signal_bytes(signal) / 2, &out);
    if (status == FMX_OK)
        status = launch(signal, options, out);
    if (status != FMX_OK) {
        fmx_buffer_release(out);
        return status;
    }
    fmx__signal_replace(signal, out, FMX_DOMAIN_FREQUENCY, false, signal->points);
    return FMX_OK;
}

fmx_status fmx__signal_to_real(fmx_signal *signal)
{
    return fmx_to_real(signal, &defaults);
}

static fmx_status run(fmx_signal *signal, const void *options)
{
    return fmx_to_real(signal, options);
}

const fmx__stage fmx__stage_real_part = {
    .group = {.name = "real_part",
              .doc = "Keeps the real part of a complex spectrum.",
              .options = option_table,
              .option_count = FMX__COUNT(option_table),
              .defaults = &defaults,
              .options_size = sizeof defaults},
    .needs = FMX__NEEDS_COMPLEX,
    .run = run,
};
