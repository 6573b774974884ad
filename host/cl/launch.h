/* The one way to launch a kernel. */
#ifndef FIDMIX_LAUNCH_H
#define FIDMIX_LAUNCH_H

#include "base.h"
#include "fidmix/device.h"

typedef enum fmx__arg_kind {
    FMX__ARG_BUFFER,
    FMX__ARG_NONE,
    FMX__ARG_DATA,
    FMX__ARG_LOCAL,
    FMX__ARG_STEP,
    FMX__ARG_U32,
    FMX__ARG_I32,
    FMX__ARG_U64,
    FMX__ARG_F32,
} fmx__arg_kind;

typedef struct fmx__arg {
    fmx__arg_kind kind;
    fmx_buffer *buffer;
    const void *data;
    size_t bytes; /* BUFFER: what the kernel reaches; LOCAL, DATA, STEP: size */
    union {
        uint32_t u32;
        int32_t i32;
        uint64_t u64;
        float f32;
    } value;
} fmx__arg;

/* `need` bytes are what the kernel reads or writes at most; a smaller buffer is refused. */
fmx__arg fmx__arg_buffer(fmx_buffer *buffer, size_t need);
fmx__arg fmx__arg_local(size_t bytes);

/* In place of a buffer that the kernel can do without: its pointer is NULL there. */
fmx__arg fmx__arg_none(void);

/* A small read-only array (per-row parameters) for a __global const pointer: copied when the kernel
 * is launched, waits for nothing, nothing to release. In a recording (recording.h) the copy is made
 * once and lives with it. */
fmx__arg fmx__arg_data(const void *data, size_t bytes);
fmx__arg fmx__arg_u32(size_t value); /* refused at launch when it does not fit 32 bits */
fmx__arg fmx__arg_i32(int32_t value);
fmx__arg fmx__arg_u64(uint64_t value);
fmx__arg fmx__arg_f32(double value);

/* A scalar that changes from run to run of a recording (a step number, a learning rate, where a
 * batch starts): read from *value whenever the kernel is enqueued, that is at once, or at each
 * fmx__recording_run. The pointer stays valid as long as the recording. */
fmx__arg fmx__arg_step_u32(const uint32_t *value);
fmx__arg fmx__arg_step_u64(const uint64_t *value);
fmx__arg fmx__arg_step_f32(const float *value);

typedef struct fmx__launch {
    const char *stem;    /* kernels/<stem>.cl */
    const char *kernel;  /* function in it */
    const char *options; /* tile sizes, "-DTILE=16"; NULL or "" for the defaults */
    const fmx__arg *arg;
    size_t arg_count;
    unsigned dims;    /* 1 to 3 */
    size_t global[3]; /* items wanted; rounded up to whole groups, so kernels check bounds */
    size_t groups[3]; /* or, where a group owns something (a row): how many groups; then global is
                         not given and the group size may still be clamped */
    size_t local[3];  /* 0 counts as 1; all 0: the driver chooses (then global is not rounded) */
    bool fixed_group; /* the kernel declares its group size; otherwise local[0] is halved until it
                         is within what kernel and device allow */
    double flops;     /* the stem's own statement, for profile and benchmark */
    double bytes;
} fmx__launch;

/* Compiles what is not compiled yet, checks arguments against the kernel and the buffers, and
 * enqueues, or keeps the launch while the device records (recording.h). Errors: FMX_ERROR_BUILD
 * (with the build log), FMX_ERROR_SHAPE (a buffer too small, a wrong number of arguments),
 * FMX_ERROR_DEVICE_MEMORY, FMX_ERROR_DEVICE, FMX_ERROR_DEVICE_LOST. */
fmx_status fmx__launch_kernel(fmx_device *device, const fmx__launch *launch);

/* The largest work-group that device and driver allow for a kernel; compiles it at first use. */
fmx_status fmx__kernel_group(fmx_device *device, const char *stem, const char *options,
                             const char *kernel, size_t *items);

/* How a stem's object that lives as long as the device is made and released. */
typedef struct fmx__cached_kind {
    fmx_status (*create)(fmx_device *device, const void *from, void **out);
    void (*destroy)(void *object);
} fmx__cached_kind;

enum { FMX__CACHE_SLOTS = 32 };

/* The object of that kind and key (at most 63 bytes) in *out; at first use it is created from
 * `from`. The device keeps the FMX__CACHE_SLOTS that were used last, so the pointer is good until
 * that many other keys were asked for, and destroys them all when it closes. `create` may use the
 * cache itself. Errors: those of `create`. */
fmx_status fmx__device_cache(fmx_device *device, const char *key, const fmx__cached_kind *kind,
                             const void *from, void *out);

/* Destroys every cached object; what uses them is made anew. */
void fmx__device_cache_clear(fmx_device *device);

/* ---- parts of a buffer ------------------------------------------------------------------------
 */

/* `bytes` bytes of a buffer, from `offset` on, as a buffer of their own: one allocation then holds
 * many tensors. Every use of a buffer takes a view; views may overlap, but one launch must not
 * write what another argument of it reaches. Released like any buffer; the memory of `buffer` stays
 * until its last view is gone, but let it outlive them. The guard of tests stands behind `buffer`
 * only. Errors: FMX_ERROR_SHAPE (outside of the buffer, 0 bytes, an offset that is no multiple of
 * fmx__buffer_alignment), FMX_ERROR_DEVICE_MEMORY, FMX_ERROR_DEVICE. */
fmx_status fmx__buffer_view(fmx_buffer *buffer, size_t offset, size_t bytes, fmx_buffer **out);

/* Bytes: 64 or a larger power of two, as the device wants it. */
size_t fmx__buffer_alignment(const fmx_device *device);

/* ---- the device -------------------------------------------------------------------------------
 */

/* True on a runtime that does not vectorise across work-items (PoCL): launch the wide variants. */
bool fmx__device_wide(const fmx_device *device);

/* Names whose launches follow (a stage) for the profile; NULL ends it. */
void fmx__device_scope(fmx_device *device, const char *scope);

/* The context that the device was opened with. */
fmx_context *fmx__device_context(const fmx_device *device);

/* Whether kernels of a stem compile, without launching one: for tests of build failures. */
fmx_status fmx__build_source(fmx_device *device, const char *name, const char *source,
                             const char *options);

/* Test aid: from now on every new buffer starts as NaN and ends with a guard area that is checked
 * on release; fmx__device_guard_broken says whether one was written to. */
void fmx__device_guard(fmx_device *device, bool on);
bool fmx__device_guard_broken(const fmx_device *device);

/* Test aid: the stem "test" is this kernel source, which must outlive the device. */
void fmx__device_test_source(fmx_device *device, const char *source);

/* Test aid: buffers, recordings and transfer rings made and not yet released. */
size_t fmx__device_live_buffers(const fmx_device *device);

/* Test aid: the n-th buffer allocation from now on fails as if the device were full; 0: off. */
void fmx__device_fail_allocation(fmx_device *device, size_t nth);

#endif
