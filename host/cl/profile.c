#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"

enum { MOST_PENDING = 4096 };

/* Adds the times of finished launches to their rows. */
static void collect(fmx_device *device)
{
    for (size_t i = 0; i < device->pending_count; ++i) {
        cl_ulong start = 0;
        cl_ulong end = 0;
        cl_event event = device->pending[i].event;
        if (clWaitForEvents(1, &event) == CL_SUCCESS &&
            clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_START, sizeof start, &start,
                                    NULL) == CL_SUCCESS &&
            clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_END, sizeof end, &end, NULL) ==
                CL_SUCCESS)
            device->rows[device->pending[i].row].milliseconds += (double)(end - start) * 1e-6;
        clReleaseEvent(event);
    }
    device->pending_count = 0;
}

static fmx_status find_row(fmx_device *device, const fmx__command *command, size_t *row)
{
    for (size_t i = 0; i < device->row_count; ++i) {
        if (strcmp(device->rows[i].kernel, command->kernel) == 0 &&
            strcmp(device->rows[i].stem, command->stem) == 0 &&
            strcmp(device->rows[i].scope, command->scope) == 0) {
            *row = i;
            return FMX_OK;
        }
    }
    fmx_status status = fmx__grow(device->ctx, &device->rows, &device->row_capacity,
                                  device->row_count + 1, sizeof *device->rows, "the profile");
    if (status != FMX_OK)
        return status;
    *row = device->row_count++;
    fmx_profile_row *fresh = &device->rows[*row];
    snprintf(fresh->kernel, sizeof fresh->kernel, "%s", command->kernel);
    snprintf(fresh->stem, sizeof fresh->stem, "%s", command->stem);
    snprintf(fresh->scope, sizeof fresh->scope, "%s", command->scope);
    return FMX_OK;
}

void fmx__profile_add(fmx_device *device, const fmx__command *command, cl_event event)
{
    size_t row = 0;
    if (device->pending_count == MOST_PENDING)
        collect(device);
    if (find_row(device, command, &row) != FMX_OK ||
        fmx__grow(device->ctx, &device->pending, &device->pending_capacity,
                  device->pending_count + 1, sizeof *device->pending, "the profile") != FMX_OK) {
        clReleaseEvent(event);
        return;
    }
    device->rows[row].calls += 1;
    device->rows[row].bytes += command->bytes;
    device->rows[row].flops += command->flops;
    device->pending[device->pending_count++] = (fmx__pending){.event = event, .row = row};
}

void fmx__device_scope(fmx_device *device, const char *scope)
{
    snprintf(device->scope, sizeof device->scope, "%s", scope != NULL ? scope : "");
}

void fmx__profile_release(fmx_device *device)
{
    collect(device);
    free(device->pending);
    free(device->rows);
    device->pending = NULL;
    device->rows = NULL;
    device->pending_capacity = device->row_capacity = device->row_count = 0;
}

fmx_status fmx_device_profile(fmx_device *device, bool on)
{
    fmx__profile_release(device);
    device->profile = on;
    return FMX_OK;
}

static int longest_first(const void *left, const void *right)
{
    const fmx_profile_row *a = left;
    const fmx_profile_row *b = right;
    return (a->milliseconds < b->milliseconds) - (a->milliseconds > b->milliseconds);
}

fmx_status fmx_device_profile_rows(fmx_device *device, fmx_profile_row **out, size_t *count)
{
    *out = NULL;
    *count = 0;
    fmx_status status = fmx_device_finish(device);
    if (status != FMX_OK)
        return status;
    collect(device);
    status = fmx__alloc(device->ctx, device->row_count, sizeof **out, "the profile", out);
    if (status != FMX_OK || device->row_count == 0)
        return status;
    memcpy(*out, device->rows, device->row_count * sizeof **out);
    *count = device->row_count;
    qsort(*out, *count, sizeof **out, longest_first);
    return FMX_OK;
}
