#include <string.h>

#include "command.h"

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

fmx__arg fmx__arg_step_u32(const uint32_t *value)
{
    return (fmx__arg){.kind = FMX__ARG_STEP, .data = value, .bytes = sizeof *value};
}

fmx__arg fmx__arg_step_u64(const uint64_t *value)
{
    return (fmx__arg){.kind = FMX__ARG_STEP, .data = value, .bytes = sizeof *value};
}

fmx__arg fmx__arg_step_f32(const float *value)
{
    return (fmx__arg){.kind = FMX__ARG_STEP, .data = value, .bytes = sizeof *value};
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
    status = fmx__recording_hold(device, copy);
    if (status == FMX_OK && device->data_count == FMX__COUNT(device->data))
        status = fmx__fail(device->ctx, FMX_ERROR_INTERNAL, "%s/%s: more than %zu data arguments",
                           launch->stem, launch->kernel, FMX__COUNT(device->data));
    else if (status == FMX_OK && code != CL_SUCCESS)
        status = fmx__cl_fail(device->ctx, code, launch->kernel);
    if (status == FMX_OK)
        device->data[device->data_count++] = copy; /* released after the launch */
    else
        fmx_buffer_release(copy);
    return status;
}

static fmx_status check_buffer(fmx_device *device, const fmx__launch *launch, size_t index)
{
    const fmx__arg *arg = &launch->arg[index];
    if (arg->buffer == NULL || arg->buffer->device != device || arg->bytes > arg->buffer->bytes)
        return fmx__fail(device->ctx, FMX_ERROR_SHAPE,
                         "%s/%s: argument %zu needs a buffer of %zu bytes on this device, got "
                         "%zu bytes",
                         launch->stem, launch->kernel, index, arg->bytes,
                         arg->buffer == NULL ? 0 : arg->buffer->bytes);
    return fmx__recording_hold(device, arg->buffer);
}

/* A value that is read at each run is set now as well: the driver checks its size. */
static fmx_status check_step(fmx_device *device, const fmx__launch *launch, size_t index)
{
    const fmx__arg *arg = &launch->arg[index];
    if (arg->data == NULL)
        return fmx__fail(device->ctx, FMX_ERROR_INTERNAL, "%s/%s: argument %zu has no value",
                         launch->stem, launch->kernel, index);
    if (device->recording == NULL)
        return FMX_OK;
    return fmx__recording_value(
        device, (fmx__step_value){.index = (cl_uint)index, .bytes = arg->bytes, .from = arg->data});
}

static fmx_status set_argument(fmx_device *device, const fmx__launch *launch, cl_kernel kernel,
                               size_t index)
{
    const fmx__arg *arg = &launch->arg[index];
    const cl_mem nothing = NULL;
    const void *value = &arg->value;
    size_t size = sizeof(uint32_t);
    fmx_status status = FMX_OK;
    switch (arg->kind) {
    case FMX__ARG_BUFFER:
        status = check_buffer(device, launch, index);
        value = arg->buffer != NULL ? &arg->buffer->memory : &nothing;
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
            status = fmx__fail(device->ctx, FMX_ERROR_DEVICE_MEMORY,
                               "%s/%s: argument %zu asks for %zu bytes of local memory, the device "
                               "has %llu",
                               launch->stem, launch->kernel, index, arg->bytes,
                               (unsigned long long)device->info.local_memory_bytes);
        value = NULL;
        size = arg->bytes;
        break;
    case FMX__ARG_STEP:
        status = check_step(device, launch, index);
        value = arg->data;
        size = arg->bytes;
        break;
    case FMX__ARG_U32:
        if (arg->bytes > UINT32_MAX)
            status = fmx__fail(device->ctx, FMX_ERROR_SHAPE,
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
    if (status != FMX_OK)
        return status;
    cl_int code = clSetKernelArg(kernel, (cl_uint)index, size, value);
    if (code != CL_SUCCESS) {
        status = fmx__cl_fail(device->ctx, code, launch->kernel);
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

static fmx_status enqueue_kernel(fmx_device *device, const fmx__command *command, cl_event *event)
{
    const size_t *local = command->of.launch.local;
    cl_int code = clEnqueueNDRangeKernel(device->queue, command->of.launch.kernel,
                                         command->of.launch.dims, NULL, command->of.launch.global,
                                         local[0] > 0 ? local : NULL, 0, NULL, event);
    if (code == CL_SUCCESS)
        return FMX_OK;
    fmx_status status = fmx__cl_fail(device->ctx, code, command->kernel);
    return fmx__fail_in(device->ctx, status, "launching %s", command->stem);
}

static void release_kernel(fmx__command *command)
{
    clReleaseKernel(command->of.launch.kernel);
}

/* A kernel of the recording's own, so that its arguments stay. */
static fmx_status own_kernel(fmx_device *device, const fmx__kernel *kernel, fmx__command *command)
{
    cl_int code = CL_SUCCESS;
    command->of.launch.kernel = clCreateKernel(kernel->program, kernel->name, &code);
    if (code != CL_SUCCESS)
        return fmx__cl_fail(device->ctx, code, kernel->name);
    command->release = release_kernel;
    command->first_value = fmx__recording_values(device);
    return FMX_OK;
}

/* What the result of a launch depends on besides its arguments, into the digest. */
static void mark(fmx_device *device, const fmx__launch *launch, const fmx__command *command)
{
    const char *options = launch->options != NULL ? launch->options : "";
    if (device->recording == NULL)
        return;
    fmx__program_mark(device, launch->stem);
    fmx__recording_mark(device, launch->kernel, strlen(launch->kernel));
    fmx__recording_mark(device, options, strlen(options));
    fmx__recording_mark(device, command->of.launch.global, sizeof command->of.launch.global);
    fmx__recording_mark(device, command->of.launch.local, sizeof command->of.launch.local);
}

fmx_status fmx__launch_kernel(fmx_device *device, const fmx__launch *launch)
{
    fmx__kernel *kernel = NULL;
    fmx__command command = {.enqueue = enqueue_kernel,
                            .stem = launch->stem,
                            .kernel = launch->kernel,
                            .flops = launch->flops,
                            .bytes = launch->bytes,
                            .of.launch = {.dims = launch->dims}};
    fmx_status status =
        fmx__program_kernel(device, launch->stem, launch->options, launch->kernel, &kernel);
    if (status != FMX_OK)
        return status;
    if (launch->arg_count != kernel->arg_count)
        return fmx__fail(device->ctx, FMX_ERROR_INTERNAL, "%s/%s: takes %u arguments, given %zu",
                         launch->stem, launch->kernel, (unsigned)kernel->arg_count,
                         launch->arg_count);
    command.of.launch.kernel = kernel->kernel;
    if (device->recording != NULL)
        status = own_kernel(device, kernel, &command);
    for (size_t i = 0; status == FMX_OK && i < launch->arg_count; ++i)
        status = set_argument(device, launch, command.of.launch.kernel, i);
    if (device->recording != NULL)
        command.values = fmx__recording_values(device) - command.first_value;
    if (status == FMX_OK)
        status =
            choose_range(device, launch, kernel, command.of.launch.global, command.of.launch.local);
    if (status == FMX_OK) {
        mark(device, launch, &command);
        status = fmx__command_do(device, &command);
    }
    if (status != FMX_OK && command.release != NULL)
        command.release(&command);
    release_data(device);
    return status;
}
