/* Objects that stems keep per device: twiddle tables, plans of libraries. */
#include <stdio.h>
#include <string.h>

#include "cl_internal.h"

static void drop(fmx__cached *slot)
{
    void *object = slot->object;
    slot->object = NULL;
    slot->kind->destroy(object);
}

/* A free slot, or that of the object which was not used for the longest time. */
static fmx__cached *free_slot(fmx_device *device)
{
    fmx__cached *oldest = &device->cached[0];
    for (size_t i = 0; i < FMX__CACHE_SLOTS; ++i) {
        fmx__cached *slot = &device->cached[i];
        if (slot->object == NULL)
            return slot;
        if (slot->last_use < oldest->last_use)
            oldest = slot;
    }
    drop(oldest);
    return oldest;
}

fmx_status fmx__device_cache(fmx_device *device, const char *key, const fmx__cached_kind *kind,
                             const void *from, void *out)
{
    void *object = NULL;
    for (size_t i = 0; i < FMX__CACHE_SLOTS; ++i) {
        fmx__cached *slot = &device->cached[i];
        if (slot->object != NULL && slot->kind == kind && strcmp(slot->key, key) == 0) {
            slot->last_use = ++device->cache_clock;
            memcpy(out, &slot->object, sizeof slot->object);
            return FMX_OK;
        }
    }
    memcpy(out, &object, sizeof object);
    if (strlen(key) >= sizeof device->cached[0].key)
        return fmx__fail(device->ctx, FMX_ERROR_INTERNAL, "device cache: the key %s is too long",
                         key);
    struct fmx__recording *recording = device->recording;
    device->recording = NULL; /* others use the object too, so it is made now, not in each run */
    fmx_status status = kind->create(device, from, &object);
    device->recording = recording;
    if (status != FMX_OK)
        return status;
    fmx__cached *slot = free_slot(device); /* only now: create may have used the cache itself */
    snprintf(slot->key, sizeof slot->key, "%s", key);
    slot->object = object;
    slot->kind = kind;
    slot->last_use = ++device->cache_clock;
    memcpy(out, &object, sizeof object);
    return FMX_OK;
}

void fmx__device_cache_clear(fmx_device *device)
{
    for (size_t i = 0; i < FMX__CACHE_SLOTS; ++i) {
        if (device->cached[i].object != NULL)
            drop(&device->cached[i]);
    }
}
