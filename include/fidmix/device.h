/** @file device.h
 *  An OpenCL device with its queue, its compiled kernels and its memory.
 *
 *  A device belongs to the context that it was opened with, and to that context's thread.
 */
#ifndef FIDMIX_DEVICE_H
#define FIDMIX_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fidmix/context.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct fmx_device fmx_device;
typedef struct fmx_buffer fmx_buffer;

typedef enum fmx_device_kind {
    FMX_DEVICE_GPU,
    FMX_DEVICE_CPU,
    FMX_DEVICE_OTHER,
} fmx_device_kind;

/** What a device says of itself. */
typedef struct fmx_device_info {
    char name[128];
    char platform[128];
    char driver[128];  /**< driver version */
    char version[128]; /**< "OpenCL 3.0 ..." */
    fmx_device_kind kind;
    uint32_t compute_units;
    uint32_t clock_mhz;
    uint64_t memory_bytes;
    uint64_t largest_allocation_bytes;
    uint64_t local_memory_bytes;
    size_t largest_group;
    bool has_subgroups; /**< cl_intel_subgroups with declared sizes */
    bool has_half;
    bool prefers_wide; /**< runs the wide-vector kernel variants (PoCL), see docs/kernels.md */
} fmx_device_info;

/** Lists the usable devices, best first (GPU before CPU, Intel before others), in an array released
 *  with free(). A platform or device whose query fails is skipped with a warning in the log.
 *  An empty list is no error. Errors: FMX_ERROR_MEMORY. */
fmx_status fmx_device_list(fmx_context *ctx, fmx_device_info **out, size_t *count);

/** Opens a device. `selector`: "auto" or NULL (first of fmx_device_list), an index into that list,
 *  "gpu", "cpu", or a part of the device's or platform's name, letter case ignored.
 *  Errors: FMX_ERROR_NO_DEVICE (the message lists what there is), FMX_ERROR_DEVICE. */
fmx_status fmx_device_open(fmx_context *ctx, const char *selector, fmx_device **out);

/** Waits for the work under way and releases the device; NULL is allowed. Buffers made on it must
 *  be released before. */
void fmx_device_close(fmx_device *device);

/** What the device says of itself; valid as long as the device. */
const fmx_device_info *fmx_device_describe(const fmx_device *device);

/** Waits until everything asked for so far is done. Errors: FMX_ERROR_DEVICE, _LOST. */
fmx_status fmx_device_finish(fmx_device *device);

/** Makes a buffer of `bytes` bytes, contents undefined; a pooled one is reused where one fits.
 *  Errors: FMX_ERROR_DEVICE_MEMORY (also above the device's largest allocation), FMX_ERROR_SHAPE
 *  (0 bytes). */
fmx_status fmx_buffer_create(fmx_device *device, size_t bytes, fmx_buffer **out);

/** Makes a buffer with a copy of `bytes` bytes at `data`. Waits for nothing. */
fmx_status fmx_buffer_create_copy(fmx_device *device, const void *data, size_t bytes,
                                  fmx_buffer **out);

/** Returns a buffer to the device's pool; NULL is allowed. Kernels already asked for may still use
 *  it. */
void fmx_buffer_release(fmx_buffer *buffer);

/** Size as asked for, in bytes. */
size_t fmx_buffer_bytes(const fmx_buffer *buffer);

/** Copies host memory into the buffer; `data` may be reused on return. */
fmx_status fmx_buffer_write(fmx_buffer *buffer, size_t offset, const void *data, size_t bytes);

/** Waits for the work that produces the buffer, then copies it to host memory. */
fmx_status fmx_buffer_read(fmx_buffer *buffer, size_t offset, void *data, size_t bytes);

/** Copies between buffers of one device; the ranges must not overlap. */
fmx_status fmx_buffer_copy(fmx_buffer *to, size_t to_offset, fmx_buffer *from, size_t from_offset,
                           size_t bytes);

/** Fills `bytes` bytes from `offset` on with zero. */
fmx_status fmx_buffer_zero(fmx_buffer *buffer, size_t offset, size_t bytes);

/** What one kernel did since profiling was switched on. */
typedef struct fmx_profile_row {
    char kernel[64];
    char stem[48];
    char scope[48]; /**< the stage that launched it; empty outside of stages */
    uint64_t calls;
    double milliseconds; /**< sum of the device's own times */
    double bytes;        /**< as the stem states them */
    double flops;        /**< as the stem states them */
} fmx_profile_row;

/** Switches profiling on or off (off when opened) and forgets what was counted. */
fmx_status fmx_device_profile(fmx_device *device, bool on);

/** Waits for the work under way and lists what was counted, longest first, in an array released
 * with free(). */
fmx_status fmx_device_profile_rows(fmx_device *device, fmx_profile_row **out, size_t *count);

#ifdef __cplusplus
}
#endif
#endif
