#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "command.h"

static const size_t pool_least_bytes = (size_t)64 << 10; /* smaller ones are cheap to make anew */
static const size_t pool_most_bytes = (size_t)2 << 30;   /* kept for reuse, bytes */

static const size_t large_pages_least_bytes = (size_t)4 << 20;

static cl_int fill(fmx_device *device, cl_mem memory, unsigned char byte, size_t offset,
                   size_t bytes)
{
    if (bytes == 0)
        return CL_SUCCESS;
    return clEnqueueFillBuffer(device->queue, memory, &byte, 1, offset, bytes, 0, NULL, NULL);
}

/* Takes the smallest pooled buffer that fits without wasting more than half; NULL if none. */
static fmx_buffer *from_pool(fmx_device *device, size_t bytes)
{
    size_t best = device->pooled;
    for (size_t i = 0; i < device->pooled; ++i) {
        size_t capacity = device->pool[i]->capacity;
        if (capacity >= bytes && capacity / FMX__POOL_SLACK <= bytes &&
            (best == device->pooled || capacity < device->pool[best]->capacity))
            best = i;
    }
    if (best == device->pooled)
        return NULL;
    fmx_buffer *buffer = device->pool[best];
    memmove(&device->pool[best], &device->pool[best + 1],
            (device->pooled - best - 1) * sizeof device->pool[0]);
    --device->pooled;
    device->pooled_bytes -= buffer->capacity;
    return buffer;
}

static void destroy(fmx_buffer *buffer)
{
    clReleaseMemObject(buffer->memory);
    free(buffer);
}

void fmx__pool_release(fmx_device *device)
{
    for (size_t i = 0; i < device->pooled; ++i)
        destroy(device->pool[i]);
    device->pooled = 0;
    device->pooled_bytes = 0;
}

static fmx_status check_size(fmx_device *device, size_t bytes)
{
    if (bytes == 0)
        return fmx__fail(device->ctx, FMX_ERROR_SHAPE, "a device buffer of 0 bytes was asked for");
    if (device->fail_countdown > 0 && --device->fail_countdown == 0)
        return fmx__cl_fail(device->ctx, CL_MEM_OBJECT_ALLOCATION_FAILURE, "test allocation");
    if (bytes > device->info.largest_allocation_bytes)
        return fmx__fail(device->ctx, FMX_ERROR_DEVICE_MEMORY,
                         "a buffer of %zu bytes exceeds the largest allocation of \"%s\", %llu "
                         "bytes; use fewer or shorter rows per batch",
                         bytes, device->info.name,
                         (unsigned long long)device->info.largest_allocation_bytes);
    return FMX_OK;
}

/* A hint to the kernel on a CPU device: 2 MB pages for a large buffer, before it is first touched.
 * The rows of a large weight lie a megabyte apart, those of a batch of channels some KB, and with
 * pages of 4 KB looking these up costs a fifth of the time. Mapping only asks for the address: it
 * waits for nothing. */
static void ask_for_large_pages(fmx_device *device, cl_mem memory, size_t bytes)
{
#ifdef MADV_HUGEPAGE
    const size_t page = (size_t)2 << 20;
    cl_int code = CL_SUCCESS;
    char *at = clEnqueueMapBuffer(device->queue, memory, CL_FALSE, CL_MAP_READ, 0, bytes, 0, NULL,
                                  NULL, &code);
    if (code != CL_SUCCESS || at == NULL)
        return;
    size_t skipped = (page - (uintptr_t)at % page) % page;
    madvise(at + skipped, (bytes - skipped) / page * page, MADV_HUGEPAGE);
    clEnqueueUnmapMemObject(device->queue, memory, at, 0, NULL, NULL);
#else
    (void)device, (void)memory, (void)bytes;
#endif
}

/* Allocates; after a refusal the pool is emptied and the allocation tried once more. */
static fmx_status allocate(fmx_device *device, const void *data, size_t bytes, fmx_buffer **out)
{
    size_t extra = device->guard ? (size_t)FMX__GUARD_BYTES : 0;
    fmx_buffer *buffer = NULL;
    fmx_status status = fmx__alloc(device->ctx, 1, sizeof *buffer, "a buffer", &buffer);
    if (status != FMX_OK)
        return status;
    bool large = device->info.prefers_wide && bytes >= large_pages_least_bytes;
    bool copies = data != NULL && extra == 0 && !large;
    cl_int code = CL_SUCCESS;
    for (int attempt = 0; attempt < 2; ++attempt) {
        /* the flag says "read only"; the pointer stays const in fact */
        union {
            const void *from;
            void *to;
        } host = {copies ? data : NULL};
        buffer->memory = clCreateBuffer(
            device->context, CL_MEM_READ_WRITE | (copies ? (cl_mem_flags)CL_MEM_COPY_HOST_PTR : 0),
            bytes + extra, host.to, &code);
        if (code == CL_SUCCESS || device->pooled == 0)
            break;
        clFinish(device->queue);
        fmx__pool_release(device);
    }
    if (code != CL_SUCCESS) {
        free(buffer);
        return fmx__cl_fail(device->ctx, code, "allocating a device buffer");
    }
    if (large)
        ask_for_large_pages(device, buffer->memory, bytes);
    buffer->device = device;
    buffer->bytes = bytes;
    buffer->capacity = bytes;
    buffer->users = 1;
    buffer->guarded = extra > 0;
    *out = buffer;
    if (buffer->guarded) {
        code = fill(device, buffer->memory, 0xFF, 0, bytes); /* every float a NaN */
        if (code == CL_SUCCESS)
            code = fill(device, buffer->memory, FMX__GUARD_BYTE, bytes, extra);
    }
    if (code == CL_SUCCESS && data != NULL && !copies)
        code = clEnqueueWriteBuffer(device->queue, buffer->memory, CL_TRUE, 0, bytes, data, 0, NULL,
                                    NULL);
    if (code != CL_SUCCESS) {
        status = fmx__cl_fail(device->ctx, code, "filling a new buffer");
        destroy(buffer);
        *out = NULL;
    }
    return status;
}

fmx_status fmx_buffer_create(fmx_device *device, size_t bytes, fmx_buffer **out)
{
    *out = NULL;
    fmx_status status = check_size(device, bytes);
    if (status != FMX_OK)
        return status;
    fmx_buffer *buffer = device->guard ? NULL : fmx__recording_reuse(device, bytes);
    if (buffer == NULL && !device->guard) {
        buffer = from_pool(device, bytes);
        if (buffer != NULL)
            buffer->users = 1;
    }
    if (buffer == NULL)
        status = allocate(device, NULL, bytes, &buffer);
    if (status == FMX_OK) {
        buffer->bytes = bytes;
        buffer->made_in = device->recording != NULL ? device->recordings : 0;
        *out = buffer;
        ++device->live_buffers;
    }
    return status;
}

fmx_status fmx_buffer_create_copy(fmx_device *device, const void *data, size_t bytes,
                                  fmx_buffer **out)
{
    *out = NULL;
    fmx_status status = check_size(device, bytes);
    if (status == FMX_OK)
        status = allocate(device, data, bytes, out);
    if (status == FMX_OK)
        ++device->live_buffers;
    return status;
}

static void check_guard(fmx_buffer *buffer)
{
    unsigned char guard[FMX__GUARD_BYTES];
    fmx_device *device = buffer->device;
    cl_int code = clEnqueueReadBuffer(device->queue, buffer->memory, CL_TRUE, buffer->capacity,
                                      sizeof guard, guard, 0, NULL, NULL);
    for (size_t i = 0; code == CL_SUCCESS && i < sizeof guard; ++i) {
        if (guard[i] != FMX__GUARD_BYTE)
            device->guard_broken = true;
    }
}

/* Makes room for one more pooled buffer: the oldest ones go first. */
static void shrink_pool(fmx_device *device, size_t bytes)
{
    size_t drop = 0;
    while (drop < device->pooled && (device->pooled - drop == FMX__POOL_SLOTS ||
                                     device->pooled_bytes + bytes > pool_most_bytes)) {
        device->pooled_bytes -= device->pool[drop]->capacity;
        destroy(device->pool[drop++]);
    }
    memmove(&device->pool[0], &device->pool[drop],
            (device->pooled - drop) * sizeof device->pool[0]);
    device->pooled -= drop;
}

void fmx__buffer_hold(fmx_buffer *buffer)
{
    ++buffer->users;
}

void fmx__buffer_drop(fmx_buffer *buffer)
{
    fmx_device *device = buffer->device;
    fmx_buffer *parent = buffer->parent;
    if (--buffer->users > 0)
        return;
    if (buffer->guarded)
        check_guard(buffer);
    if (parent != NULL || buffer->guarded || device->guard || buffer->capacity < pool_least_bytes ||
        buffer->capacity > pool_most_bytes) {
        destroy(buffer);
        if (parent != NULL)
            fmx__buffer_drop(parent);
        return;
    }
    shrink_pool(device, buffer->capacity);
    device->pool[device->pooled++] = buffer;
    device->pooled_bytes += buffer->capacity;
}

void fmx_buffer_release(fmx_buffer *buffer)
{
    if (buffer == NULL)
        return;
    --buffer->device->live_buffers;
    fmx__buffer_drop(buffer);
}

size_t fmx_buffer_bytes(const fmx_buffer *buffer)
{
    return buffer->bytes;
}

static fmx_status check_range(const fmx_buffer *buffer, size_t offset, size_t bytes,
                              const char *what)
{
    size_t end = 0;
    if (!fmx__size_add(offset, bytes, &end) || end > buffer->bytes)
        return fmx__fail(buffer->device->ctx, FMX_ERROR_SHAPE,
                         "%s: %zu bytes from %zu on exceed a buffer of %zu bytes", what, bytes,
                         offset, buffer->bytes);
    return FMX_OK;
}

size_t fmx__buffer_alignment(const fmx_device *device)
{
    return device->alignment;
}

fmx_status fmx__buffer_view(fmx_buffer *buffer, size_t offset, size_t bytes, fmx_buffer **out)
{
    fmx_device *device = buffer->device;
    fmx_buffer *parent = buffer->parent != NULL ? buffer->parent : buffer;
    fmx_buffer *view = NULL;
    *out = NULL;
    fmx_status status = check_size(device, bytes);
    if (status == FMX_OK)
        status = check_range(buffer, offset, bytes, "a view of a buffer");
    if (status == FMX_OK && offset % device->alignment != 0)
        status = fmx__fail(device->ctx, FMX_ERROR_SHAPE,
                           "a view of a buffer: it starts at %zu, which is no multiple of %zu, as "
                           "this device wants it",
                           offset, device->alignment);
    if (status == FMX_OK)
        status = fmx__alloc(device->ctx, 1, sizeof *view, "a view", &view);
    if (status != FMX_OK)
        return status;
    cl_int code = CL_SUCCESS;
    cl_buffer_region region = {.origin = buffer->origin + offset, .size = bytes};
    view->memory = clCreateSubBuffer(parent->memory, CL_MEM_READ_WRITE,
                                     CL_BUFFER_CREATE_TYPE_REGION, &region, &code);
    if (code != CL_SUCCESS) {
        free(view);
        return fmx__cl_fail(device->ctx, code, "making a view of a buffer");
    }
    view->device = device;
    view->bytes = view->capacity = bytes;
    view->users = 1;
    view->parent = parent;
    view->origin = region.origin;
    fmx__buffer_hold(parent);
    ++device->live_buffers;
    *out = view;
    return FMX_OK;
}

fmx_status fmx_buffer_write(fmx_buffer *buffer, size_t offset, const void *data, size_t bytes)
{
    fmx_status status = fmx__recording_refuses(buffer->device, "writing a buffer");
    if (status == FMX_OK)
        status = check_range(buffer, offset, bytes, "writing a buffer");
    if (status != FMX_OK || bytes == 0)
        return status;
    cl_int code = clEnqueueWriteBuffer(buffer->device->queue, buffer->memory, CL_TRUE, offset,
                                       bytes, data, 0, NULL, NULL);
    return code == CL_SUCCESS ? FMX_OK
                              : fmx__cl_fail_wait(buffer->device->ctx, code, "writing a buffer");
}

fmx_status fmx_buffer_read(fmx_buffer *buffer, size_t offset, void *data, size_t bytes)
{
    fmx_status status = fmx__recording_refuses(buffer->device, "reading a buffer");
    if (status == FMX_OK)
        status = check_range(buffer, offset, bytes, "reading a buffer");
    if (status != FMX_OK || bytes == 0)
        return status;
    cl_int code = clEnqueueReadBuffer(buffer->device->queue, buffer->memory, CL_TRUE, offset, bytes,
                                      data, 0, NULL, NULL);
    return code == CL_SUCCESS ? FMX_OK
                              : fmx__cl_fail_wait(buffer->device->ctx, code, "reading a buffer");
}

static fmx_status enqueue_copy(fmx_device *device, const fmx__command *command, cl_event *event)
{
    cl_mem to = command->of.copy.to;
    size_t bytes = command->of.copy.bytes;
    size_t offset = command->of.copy.to_offset;
    (void)event; /* not in the profile */
    if (command->of.copy.from == NULL) {
        cl_int code = fill(device, to, 0, offset, bytes);
        return code == CL_SUCCESS ? FMX_OK : fmx__cl_fail(device->ctx, code, "zeroing a buffer");
    }
    cl_int code = clEnqueueCopyBuffer(device->queue, command->of.copy.from, to,
                                      command->of.copy.from_offset, offset, bytes, 0, NULL, NULL);
    return code == CL_SUCCESS ? FMX_OK : fmx__cl_fail(device->ctx, code, "copying a buffer");
}

fmx_status fmx_buffer_copy(fmx_buffer *to, size_t to_offset, fmx_buffer *from, size_t from_offset,
                           size_t bytes)
{
    fmx_device *device = to->device;
    fmx_status status = check_range(to, to_offset, bytes, "copying to a buffer");
    if (status == FMX_OK)
        status = check_range(from, from_offset, bytes, "copying from a buffer");
    if (status != FMX_OK || bytes == 0)
        return status;
    fmx__command command = {.enqueue = enqueue_copy,
                            .of.copy = {.to = to->memory,
                                        .from = from->memory,
                                        .to_offset = to_offset,
                                        .from_offset = from_offset,
                                        .bytes = bytes}};
    status = fmx__recording_hold(device, to);
    if (status == FMX_OK)
        status = fmx__recording_hold(device, from);
    return status == FMX_OK ? fmx__command_do(device, &command) : status;
}

fmx_status fmx_buffer_zero(fmx_buffer *buffer, size_t offset, size_t bytes)
{
    fmx_device *device = buffer->device;
    fmx_status status = check_range(buffer, offset, bytes, "zeroing a buffer");
    if (status != FMX_OK || bytes == 0)
        return status;
    fmx__command command = {.enqueue = enqueue_copy,
                            .of.copy = {.to = buffer->memory, .to_offset = offset, .bytes = bytes}};
    status = fmx__recording_hold(device, buffer);
    return status == FMX_OK ? fmx__command_do(device, &command) : status;
}

void fmx__device_guard(fmx_device *device, bool on)
{
    device->guard = on;
    if (on)
        fmx__pool_release(device);
}

size_t fmx__device_live_buffers(const fmx_device *device)
{
    return device->live_buffers;
}

bool fmx__device_guard_broken(const fmx_device *device)
{
    return device->guard_broken;
}

void fmx__device_fail_allocation(fmx_device *device, size_t nth)
{
    device->fail_countdown = nth;
}
