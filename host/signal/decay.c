#include "decay.h"

#include <math.h>

#include "fft_rows.h"
#include "philox.h"

enum { GROUP = 64 };

/* A number of turns in 2^-32. */
static uint32_t fraction(double turns)
{
    double part = turns - floor(turns);
    return (uint32_t)(uint64_t)floor(part * 0x1p32 + 0.5);
}

fmx__decay fmx__decay_of(double frequency_hz, double phase_turns, double t2_s, double amplitude,
                         double sample_hz)
{
    return (fmx__decay){
        .phase = fraction(phase_turns),
        .step = fraction(frequency_hz / sample_hz),
        .rate = (float)(1 / (t2_s * sample_hz)),
        .amplitude = (float)amplitude,
    };
}

fmx_status fmx__decays(fmx_device *device, fmx_buffer *fid, const fmx__decays_of *of)
{
    size_t values = of->count * of->points;
    fmx__arg args[] = {
        fmx__arg_buffer(fid, values * sizeof(float)),
        fmx__arg_buffer(of->rows, of->count * sizeof(fmx__decay)),
        fmx__arg_u32(of->points),
        fmx__arg_f32(of->mean),
        fmx__arg_f32(of->sigma),
        fmx__arg_u32(fmx__random_key(of->seed)),
    };
    fmx__launch job = {
        .stem = "decay",
        .kernel = "decay",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 2,
        .global = {(of->points + 3) / 4, of->count},
        .local = {GROUP},
        .flops = (double)values * 85,
        .bytes = (double)values * sizeof(float),
    };
    return fmx__launch_kernel(device, &job);
}

static fmx_status pack(fmx_device *device, fmx_buffer *out, fmx_buffer *fid, size_t values)
{
    fmx__arg args[] = {
        fmx__arg_buffer(out, values * 2 * sizeof(float)),
        fmx__arg_buffer(fid, values * sizeof(float)),
        fmx__arg_u64(values),
    };
    fmx__launch job = {
        .stem = "decay",
        .kernel = "decay_pack",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 1,
        .global = {values},
        .local = {GROUP},
        .bytes = (double)values * 3 * sizeof(float),
    };
    return fmx__launch_kernel(device, &job);
}

fmx_status fmx__decays_spectrum(fmx_device *device, fmx_buffer *magnitude, fmx_buffer *scratch,
                                fmx_buffer *fid, size_t count, size_t points)
{
    size_t half = count * (points / 2);
    const fmx__fft fft = {
        .out = scratch, .in = scratch, .rows = count, .points = points, .scale = 1};
    fmx_status status = pack(device, scratch, fid, count * points);
    if (status == FMX_OK)
        status = fmx__fft_rows(device, &fft);
    if (status != FMX_OK)
        return status;
    fmx__arg args[] = {
        fmx__arg_buffer(magnitude, half * sizeof(float)),
        fmx__arg_buffer(scratch, count * points * 2 * sizeof(float)),
        fmx__arg_u32(points),
        fmx__arg_u32(count),
        fmx__arg_f32(1 / (double)points),
    };
    fmx__launch job = {
        .stem = "decay",
        .kernel = "decay_magnitude",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 2,
        .global = {points / 2, count},
        .local = {GROUP},
        .flops = (double)half * 5,
        .bytes = (double)half * 3 * sizeof(float),
    };
    return fmx__launch_kernel(device, &job);
}
