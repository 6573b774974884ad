#include "transfer.h"

#include <stdlib.h>

#include "command.h"

/* Whole pages: a driver may then use the memory as it lies, and no two slots share a page. */
enum { PAGE_BYTES = 4096 };

/* Slots in use are the `used` before `next`, oldest first; each has the event of its copy. */
typedef struct slot_ring {
    fmx_device *device;
    size_t bytes; /* of a slot */
    size_t stride;
    size_t slots;
    size_t next;
    size_t used;
    cl_event *event; /* NULL: the slot's copy is done */
    void *memory;
    char *slot; /* the first, in memory */
} slot_ring;

struct fmx__upload {
    slot_ring ring;
    bool given; /* the next slot is with the host */
};

struct fmx__download {
    slot_ring ring;
};

static fmx_status ring_create(fmx_device *device, size_t bytes, size_t slots, slot_ring *out)
{
    size_t total = 0;
    *out = (slot_ring){.device = device, .bytes = bytes, .slots = slots};
    fmx_status status = fmx__recording_refuses(device, "a ring of transfers");
    if (status == FMX_OK && (bytes == 0 || slots == 0))
        status = fmx__fail(device->ctx, FMX_ERROR_SHAPE, "a ring of %zu transfers of %zu bytes",
                           slots, bytes);
    if (status == FMX_OK && (!fmx__size_add(bytes, PAGE_BYTES - 1, &out->stride) ||
                             !fmx__size_mul(out->stride / PAGE_BYTES * PAGE_BYTES, slots, &total) ||
                             !fmx__size_add(total, PAGE_BYTES - 1, &total)))
        status = fmx__fail(device->ctx, FMX_ERROR_MEMORY, "a ring of %zu transfers of %zu bytes",
                           slots, bytes);
    if (status == FMX_OK)
        status = fmx__alloc(device->ctx, slots, sizeof(cl_event), "a ring", &out->event);
    if (status == FMX_OK)
        status = fmx__alloc(device->ctx, total, 1, "a ring", &out->memory);
    if (status != FMX_OK) {
        free(out->event);
        return status;
    }
    size_t beyond = (uintptr_t)out->memory % PAGE_BYTES;
    out->slot = (char *)out->memory + (beyond > 0 ? PAGE_BYTES - beyond : 0);
    out->stride = out->stride / PAGE_BYTES * PAGE_BYTES;
    ++device->live_buffers;
    return FMX_OK;
}

static fmx_status wait_for(slot_ring *ring, size_t index, const char *what)
{
    cl_event event = ring->event[index];
    ring->event[index] = NULL;
    if (event == NULL)
        return FMX_OK;
    cl_int code = clWaitForEvents(1, &event);
    clReleaseEvent(event);
    return code == CL_SUCCESS ? FMX_OK : fmx__cl_fail_wait(ring->device->ctx, code, what);
}

static void ring_destroy(slot_ring *ring)
{
    for (size_t i = 0; i < ring->slots; ++i)
        wait_for(ring, i, "a transfer");
    --ring->device->live_buffers;
    free(ring->event);
    free(ring->memory);
}

static void *slot_of(const slot_ring *ring, size_t index)
{
    return ring->slot + index * ring->stride;
}

static fmx_status check_transfer(const slot_ring *ring, const fmx_buffer *buffer, size_t offset,
                                 size_t bytes, const char *what)
{
    size_t end = 0;
    if (bytes == 0 || bytes > ring->bytes || buffer->device != ring->device ||
        !fmx__size_add(offset, bytes, &end) || end > buffer->bytes)
        return fmx__fail(ring->device->ctx, FMX_ERROR_SHAPE,
                         "%s: %zu bytes, slots of %zu bytes, from %zu on in a buffer of %zu bytes",
                         what, bytes, ring->bytes, offset, buffer->bytes);
    return fmx__recording_refuses(ring->device, what);
}

/* The next slot's copy has been asked for: lets the device start, and goes on. */
static fmx_status advance(slot_ring *ring, cl_int code, const char *what)
{
    if (code == CL_SUCCESS) {
        ring->next = (ring->next + 1) % ring->slots;
        code = clFlush(ring->device->queue);
    }
    return code == CL_SUCCESS ? FMX_OK : fmx__cl_fail(ring->device->ctx, code, what);
}

/* ---- to the device ----------------------------------------------------------------------------
 */

fmx_status fmx__upload_create(fmx_device *device, size_t bytes_per_slot, size_t slots,
                              fmx__upload **out)
{
    fmx__upload *upload = NULL;
    *out = NULL;
    fmx_status status = fmx__alloc(device->ctx, 1, sizeof *upload, "a ring", &upload);
    if (status == FMX_OK)
        status = ring_create(device, bytes_per_slot, slots, &upload->ring);
    if (status != FMX_OK) {
        free(upload);
        return status;
    }
    *out = upload;
    return FMX_OK;
}

fmx_status fmx__upload_slot(fmx__upload *upload, void **host)
{
    slot_ring *ring = &upload->ring;
    *host = NULL;
    fmx_status status = wait_for(ring, ring->next, "an upload");
    if (status != FMX_OK)
        return status;
    upload->given = true;
    *host = slot_of(ring, ring->next);
    return FMX_OK;
}

fmx_status fmx__upload_send(fmx__upload *upload, fmx_buffer *buffer, size_t offset, size_t bytes)
{
    slot_ring *ring = &upload->ring;
    fmx_status status = check_transfer(ring, buffer, offset, bytes, "an upload");
    if (status == FMX_OK && !upload->given)
        status = fmx__fail(ring->device->ctx, FMX_ERROR_INTERNAL,
                           "an upload is sent before its slot was asked for");
    if (status != FMX_OK)
        return status;
    cl_int code =
        clEnqueueWriteBuffer(ring->device->queue, buffer->memory, CL_FALSE, offset, bytes,
                             slot_of(ring, ring->next), 0, NULL, &ring->event[ring->next]);
    upload->given = code != CL_SUCCESS;
    return advance(ring, code, "an upload");
}

void fmx__upload_destroy(fmx__upload *upload)
{
    if (upload == NULL)
        return;
    ring_destroy(&upload->ring);
    free(upload);
}

/* ---- from the device --------------------------------------------------------------------------
 */

fmx_status fmx__download_create(fmx_device *device, size_t bytes_per_slot, size_t slots,
                                fmx__download **out)
{
    fmx__download *download = NULL;
    *out = NULL;
    fmx_status status = fmx__alloc(device->ctx, 1, sizeof *download, "a ring", &download);
    if (status == FMX_OK)
        status = ring_create(device, bytes_per_slot, slots, &download->ring);
    if (status != FMX_OK) {
        free(download);
        return status;
    }
    *out = download;
    return FMX_OK;
}

fmx_status fmx__download_ask(fmx__download *download, fmx_buffer *buffer, size_t offset,
                             size_t bytes)
{
    slot_ring *ring = &download->ring;
    fmx_status status = check_transfer(ring, buffer, offset, bytes, "a download");
    if (status == FMX_OK && ring->used == ring->slots)
        status = fmx__fail(ring->device->ctx, FMX_ERROR_INTERNAL,
                           "a download: all %zu slots wait to be taken", ring->slots);
    if (status != FMX_OK)
        return status;
    cl_int code = clEnqueueReadBuffer(ring->device->queue, buffer->memory, CL_FALSE, offset, bytes,
                                      slot_of(ring, ring->next), 0, NULL, &ring->event[ring->next]);
    if (code == CL_SUCCESS)
        ++ring->used;
    return advance(ring, code, "a download");
}

static size_t oldest(const slot_ring *ring)
{
    return (ring->next + ring->slots - ring->used) % ring->slots;
}

size_t fmx__download_pending(const fmx__download *download)
{
    return download->ring.used;
}

bool fmx__download_ready(const fmx__download *download)
{
    const slot_ring *ring = &download->ring;
    cl_int state = CL_QUEUED;
    if (ring->used == 0)
        return false;
    cl_int code = clGetEventInfo(ring->event[oldest(ring)], CL_EVENT_COMMAND_EXECUTION_STATUS,
                                 sizeof state, &state, NULL);
    return code != CL_SUCCESS || state <= CL_COMPLETE; /* a failure waits for nothing either */
}

fmx_status fmx__download_take(fmx__download *download, const void **host)
{
    slot_ring *ring = &download->ring;
    *host = NULL;
    if (ring->used == 0)
        return fmx__fail(ring->device->ctx, FMX_ERROR_INTERNAL,
                         "a download is taken that was never asked for");
    size_t index = oldest(ring);
    --ring->used;
    fmx_status status = wait_for(ring, index, "a download");
    if (status == FMX_OK)
        *host = slot_of(ring, index);
    return status;
}

void fmx__download_destroy(fmx__download *download)
{
    if (download == NULL)
        return;
    ring_destroy(&download->ring);
    free(download);
}
