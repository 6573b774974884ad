#include "fidmix/signal.h"

#include <stdio.h>
#include <stdlib.h>

#include "base.h"
#include "launch.h"
#include "signal_internal.h"

fmx_status fmx__signal_create_raw(fmx_device *device, fmx_domain domain, bool is_complex,
                                  size_t rows, size_t points, fmx_signal *out)
{
    fmx_context *ctx = fmx__device_context(device);
    size_t items = 0;
    size_t bytes = 0;
    *out = (fmx_signal){.device = device,
                        .domain = domain,
                        .is_complex = is_complex,
                        .rows = rows,
                        .points = points};
    if (!fmx__size_mul(rows, points, &items) || items == 0 || points > FMX__MOST_POINTS ||
        !fmx__size_mul(items, is_complex ? 2 * sizeof(float) : sizeof(float), &bytes))
        return fmx__fail(ctx, FMX_ERROR_SHAPE,
                         "a batch of %zu rows of %zu points: 1 to %zu points and at least one row "
                         "are possible",
                         rows, points, (size_t)FMX__MOST_POINTS);
    fmx_status status = fmx__alloc(ctx, rows, sizeof *out->row, "a batch's rows", &out->row);
    if (status == FMX_OK)
        status = fmx_buffer_create(device, bytes, &out->data);
    if (status != FMX_OK)
        fmx_signal_clear(out);
    return status;
}

fmx_status fmx_signal_create(fmx_device *device, fmx_domain domain, bool is_complex, size_t rows,
                             size_t points, fmx_signal *out)
{
    fmx_status status = fmx__signal_create_raw(device, domain, is_complex, rows, points, out);
    if (status == FMX_OK)
        status = fmx_buffer_zero(out->data, 0, fmx__signal_bytes(out));
    if (status != FMX_OK)
        fmx_signal_clear(out);
    return status;
}

void fmx__signal_replace(fmx_signal *signal, fmx_buffer *fresh, fmx_domain domain, bool is_complex,
                         size_t points)
{
    fmx_buffer_release(signal->data);
    signal->data = fresh;
    signal->domain = domain;
    signal->is_complex = is_complex;
    signal->points = points;
}

fmx_status fmx__stage_run(const fmx__stage *stage, fmx_signal *signal, const void *options)
{
    fmx_context *ctx = fmx__device_context(signal->device);
    fmx_status status = fmx__options_check(ctx, &stage->group, options);
    fmx__device_scope(signal->device, stage->group.name);
    if (status == FMX_OK)
        status = stage->run(signal, options);
    fmx__device_scope(signal->device, NULL);
    return status;
}

void fmx_signal_clear(fmx_signal *signal)
{
    fmx_buffer_release(signal->data);
    free(signal->row);
    *signal = (fmx_signal){0};
}

size_t fmx__signal_bytes(const fmx_signal *signal)
{
    return signal->rows * signal->points * sizeof(float) * (signal->is_complex ? 2 : 1);
}

/* Copies the points of a FID or spectrum to byte `offset` of a batch; a FID that turns the other
 * way as its conjugate, so that lines above the transmitter have positive frequencies in every
 * batch. */
static fmx_status write_points(fmx_signal *signal, size_t offset, const fmx_fid *fid, size_t bytes)
{
    float *conjugate = NULL;
    if (fid->kind != FMX_KIND_FID || !fid->reversed)
        return fmx_buffer_write(signal->data, offset, fid->data, bytes);
    fmx_status status = fmx__alloc(fmx__device_context(signal->device), fid->points,
                                   2 * sizeof *conjugate, "a reversed FID", &conjugate);
    for (size_t i = 0; status == FMX_OK && i < fid->points; ++i) {
        conjugate[2 * i] = fid->data[2 * i];
        conjugate[2 * i + 1] = -fid->data[2 * i + 1];
    }
    if (status == FMX_OK)
        status = fmx_buffer_write(signal->data, offset, conjugate, bytes);
    free(conjugate);
    return status;
}

fmx_status fmx_signal_load(fmx_signal *signal, size_t row, const fmx_fid *fid, uint64_t item_id)
{
    fmx_context *ctx = fmx__device_context(signal->device);
    bool is_fid = fid->kind == FMX_KIND_FID;
    const char *path = fid->path != NULL ? fid->path : "a FID";
    if (row >= signal->rows || is_fid != (signal->domain == FMX_DOMAIN_TIME) ||
        fid->is_complex != signal->is_complex || fid->data == NULL)
        return fmx__fail(ctx, FMX_ERROR_SHAPE, "%s: its kind of data does not fit the batch", path);
    if (fid->points > signal->points || (!is_fid && fid->points != signal->points))
        return fmx__fail(ctx, FMX_ERROR_SHAPE, "%s: %zu points do not fit rows of %zu", path,
                         fid->points, signal->points);
    size_t item = sizeof(float) * (signal->is_complex ? 2 : 1);
    fmx_status status = write_points(signal, row * signal->points * item, fid, fid->points * item);
    if (status == FMX_OK && fid->points < signal->points)
        status = fmx_buffer_zero(signal->data, (row * signal->points + fid->points) * item,
                                 (signal->points - fid->points) * item);
    signal->row[row] = (fmx_row){
        .item = item_id,
        .sw_hz = fid->sw_hz,
        .obs_mhz = fid->obs_mhz,
        .sf_mhz = fid->reference_mhz > 0 ? fid->reference_mhz : fid->base_mhz,
        .group_delay = fid->group_delay,
        .valid = fid->points,
        .ppm_first = fid->ppm_first,
        .ppm_step = fid->ppm_step,
        .phased = !is_fid,
        .referenced = !is_fid || fid->reference_mhz > 0,
    };
    snprintf(signal->row[row].name, sizeof signal->row[row].name, "%s",
             fid->name != NULL ? fid->name : "");
    return status;
}

fmx_status fmx_signal_read(fmx_signal *signal, float *out)
{
    return fmx_buffer_read(signal->data, 0, out, fmx__signal_bytes(signal));
}

fmx_status fmx__need(const fmx_signal *signal, const char *stage, fmx_domain domain,
                     bool is_complex)
{
    if (signal->domain == domain && signal->is_complex == is_complex)
        return FMX_OK;
    return fmx__fail(
        fmx__device_context(signal->device), FMX_ERROR_SHAPE,
        "%s works on a %s %s, the batch holds a %s %s", stage, is_complex ? "complex" : "real",
        domain == FMX_DOMAIN_TIME ? "decay" : "spectrum", signal->is_complex ? "complex" : "real",
        signal->domain == FMX_DOMAIN_TIME ? "decay" : "spectrum");
}
