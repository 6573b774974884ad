#include <string.h>

#include "cl_internal.h"

fmx__arg fmx__arg_buffer(fmx_buffer *buffer, size_t need)
{
    return (fmx__arg){.kind = FMX__ARG_BUFFER, .buffer = buffer, .bytes = need};
}

fmx__arg fmx__arg_local(size_t bytes)
{
    return (fmx__arg){.kind = FMX__ARG_LOCAL, .bytes = bytes};
}

fmx__arg fmx__arg_none(void)
{
    return (fmx__arg){.kind = FMX__ARG_NONE};
}

fmx__arg fmx__arg_data(const void *data, size_t bytes)
{
    return (fmx__arg){.kind = FMX__ARG_DATA, .data = data, .bytes = bytes};
}

fmx__arg fmx__arg_u32(size_t value)
{
    /* bytes keeps the value as given, so that the launch can refuse one that does not fit */
    return (fmx__arg){.kind = FMX__ARG_U32, .bytes = value, .value.u32 = (uint32_t)value};
}

fmx__arg fmx__arg_i32(int32_t value)
{
    return (fmx__arg){.kind = FMX__ARG_I32, .value.i32 = value};
}

fmx__arg fmx__arg_u64(uint64_t value)
{
    return (fmx__arg){.kind = FMX__ARG_U64, .value.u64 = value};
}

fmx__arg fmx__arg_f32(double value)
{
    return (fmx__arg){.kind = FMX__ARG_F32, .value.f32 = (float)value};
}

/* A device copy of a small array; the runtime keeps it alive until the kernel has run. */
static fmx_status set_data(fmx_device *device, const fmx__launch *launch, cl_kernel kernel,
                           size_t index)
{
    const fmx__arg *arg = &launch->arg[index];
    fmx_buffer *copy = NULL;
    fmx_status status = fmx_buffer_create_copy(device, arg->data, arg->bytes, &copy);
    if (status != FMX_OK)
        return fmx__fail_in(device->ctx, status, "%s/%s: argument %zu", launch->stem,
                            launch->kernel, index);
    cl_int code = clSetKernelArg(kernel, (cl_uint)index, sizeof copy->memory, &copy->memory);
    if (device->data_count == FMX__COUNT(device->data))
        status = fmx__fail(device->ctx, FMX_ERROR_INTERNAL, "%s/%s: more than %zu data arguments",
                           launch->stem, launch->kernel, FMX__COUNT(device->data));
    else if (code != CL_SUCCESS)
        status = fmx__cl_fail(device->ctx, code, launch->kernel);
    if (status == FMX_OK)
        device->data[device->data_count++] = copy; /* released after the launch */
    else
        fmx_buffer_release(copy);
    return status;
}

static fmx_status set_argument(fmx_device *device, const fmx__launch *launch, cl_kernel kernel,
                               size_t index)
{
    const fmx__arg *arg = &launch->arg[index];
    const cl_mem nothing = NULL;
    const void *value = &arg->value;
    size_t size = sizeof(uint32_t);
    switch (arg->kind) {
    case FMX__ARG_BUFFER:
        if (arg->buffer == NULL || arg->buffer->device != device || arg->bytes > arg->buffer->bytes)
            return fmx__fail(device->ctx, FMX_ERROR_SHAPE,
                             "%s/%s: argument %zu needs a buffer of %zu bytes on this device, got "
                             "%zu bytes",
                             launch->stem, launch->kernel, index, arg->bytes,
                             arg->buffer == NULL ? 0 : arg->buffer->bytes);
        value = &arg->buffer->memory;
        size = sizeof arg->buffer->memory;
        break;
    case FMX__ARG_NONE:
        value = &nothing;
        size = sizeof nothing;
        break;
    case FMX__ARG_DATA:
        return set_data(device, launch, kernel, index);
    case FMX__ARG_LOCAL:
        if (arg->bytes > device->info.local_memory_bytes)
            return fmx__fail(device->ctx, FMX_ERROR_DEVICE_MEMORY,
                             "%s/%s: argument %zu asks for %zu bytes of local memory, the device "
                             "has %llu",
                             launch->stem, launch->kernel, index, arg->bytes,
                             (unsigned long long)device->info.local_memory_bytes);
        value = NULL;
        size = arg->bytes;
        break;
    case FMX__ARG_U32:
        if (arg->bytes > UINT32_MAX)
            return fmx__fail(device->ctx, FMX_ERROR_SHAPE,
                             "%s/%s: argument %zu, %zu, does not fit 32 bits", launch->stem,
                             launch->kernel, index, arg->bytes);
        break;
    case FMX__ARG_U64:
        size = sizeof(uint64_t);
        break;
    case FMX__ARG_I32:
    case FMX__ARG_F32:
        break;
    }
    cl_int code = clSetKernelArg(kernel, (cl_uint)index, size, value);
    if (code != CL_SUCCESS) {
        fmx_status status = fmx__cl_fail(device->ctx, code, launch->kernel);
        return fmx__fail_in(device->ctx, status, "%s: argument %zu", launch->stem, index);
    }
    return FMX_OK;
}

/* Clamps the group to what kernel and device allow and rounds the range up to whole groups. */
static fmx_status choose_range(fmx_device *device, const fmx__launch *launch,
                               const fmx__kernel *kernel, size_t global[3], size_t local[3])
{
    size_t group = 1;
    bool driver_chooses = launch->local[0] + launch->local[1] + launch->local[2] == 0;
    for (unsigned d = 0; d < launch->dims; ++d) {
        local[d] = launch->local[d] > 0 ? launch->local[d] : 1;
        group *= local[d];
        if (launch->global[d] == 0 && launch->groups[d] == 0)
            return fmx__fail(device->ctx, FMX_ERROR_SHAPE, "%s/%s: empty range in dimension %u",
                             launch->stem, launch->kernel, d);
    }
    while (!launch->fixed_group && group > kernel->largest_group && local[0] > 1) {
        group = group / local[0] * (local[0] / 2);
        local[0] /= 2;
    }
    if (group > kernel->largest_group)
        return fmx__fail(device->ctx, FMX_ERROR_DEVICE,
                         "%s/%s: needs groups of %zu items, this device allows %zu", launch->stem,
                         launch->kernel, group, kernel->largest_group);
    for (unsigned d = 0; d < launch->dims; ++d) {
        size_t groups = launch->groups[d] > 0 ? launch->groups[d]
                                              : (launch->global[d] + local[d] - 1) / local[d];
        global[d] =
            driver_chooses && launch->groups[d] == 0 ? launch->global[d] : groups * local[d];
    }
    if (driver_chooses)
        local[0] = 0;
    return FMX_OK;
}

fmx_status fmx__kernel_group(fmx_device *device, const char *stem, const char *options,
                             const char *kernel, size_t *items)
{
    fmx__kernel *found = NULL;
    fmx_status status = fmx__program_kernel(device, stem, options, kernel, &found);
    *items = status == FMX_OK ? found->largest_group : 0;
    return status;
}

static void release_data(fmx_device *device)
{
    while (device->data_count > 0)
        fmx_buffer_release(device->data[--device->data_count]);
}

fmx_status fmx__launch_kernel(fmx_device *device, const fmx__launch *launch)
{
    fmx__kernel *kernel = NULL;
    size_t global[3] = {1, 1, 1};
    size_t local[3] = {1, 1, 1};
    fmx_status status =
        fmx__program_kernel(device, launch->stem, launch->options, launch->kernel, &kernel);
    if (status != FMX_OK)
        return status;
    if (launch->arg_count != kernel->arg_count)
        return fmx__fail(device->ctx, FMX_ERROR_INTERNAL, "%s/%s: takes %u arguments, given %zu",
                         launch->stem, launch->kernel, (unsigned)kernel->arg_count,
                         launch->arg_count);
    for (size_t i = 0; status == FMX_OK && i < launch->arg_count; ++i)
        status = set_argument(device, launch, kernel->kernel, i);
    if (status == FMX_OK)
        status = choose_range(device, launch, kernel, global, local);
    if (status != FMX_OK) {
        release_data(device);
        return status;
    }
    cl_event event = NULL;
    cl_int code = clEnqueueNDRangeKernel(device->queue, kernel->kernel, launch->dims, NULL, global,
                                         local[0] > 0 ? local : NULL, 0, NULL,
                                         device->profile ? &event : NULL);
    release_data(device);
    if (code != CL_SUCCESS) {
        status = fmx__cl_fail(device->ctx, code, launch->kernel);
        return fmx__fail_in(device->ctx, status, "launching %s", launch->stem);
    }
    if (event != NULL)
        fmx__profile_add(device, launch, event);
    return FMX_OK;
}
