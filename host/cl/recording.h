/* A step that is prepared once and run many times; docs/device/recording.md. */
#ifndef FIDMIX_RECORDING_H
#define FIDMIX_RECORDING_H

#include "fidmix/device.h"

/* Commands with all their arguments, in order. */
typedef struct fmx__recording fmx__recording;

/* From here to fmx__recording_end, fmx__launch_kernel, fmx_buffer_copy, fmx_buffer_zero, fmx__gemm
 * and fmx__clfft of this device check and compile as ever, but are kept instead of enqueued.
 * Buffers may be made and released meanwhile: the recording keeps the memory that its commands
 * use for itself; scratch that was made and released in it serves its later commands. What the
 * device caches for a stem (fmx__device_cache) is made at once. Refused while recording, as
 * FMX_ERROR_INTERNAL: fmx_buffer_read and _write, uploads and downloads, a second recording, a
 * run. Errors: FMX_ERROR_MEMORY, FMX_ERROR_INTERNAL. */
fmx_status fmx__recording_begin(fmx_device *device, fmx__recording **out);

/* Errors: FMX_ERROR_INTERNAL (nothing is being recorded). After a call that failed while
 * recording, destroy the recording instead of ending it. */
fmx_status fmx__recording_end(fmx_device *device);

/* Enqueues every command, in order, and lets the device start. Waits for nothing and allocates
 * nothing, neither on the device nor on the host; what OpenCL and CLBlast need for themselves to
 * enqueue, and the rows of a profile, are outside of that. A runtime that compiles at the first
 * launch (PoCL) does so in the first run. After an error, the commands in front of it are on
 * their way. Errors: FMX_ERROR_INTERNAL (not ended), those of the commands. */
fmx_status fmx__recording_run(fmx__recording *recording);

/* Commands in it. */
size_t fmx__recording_length(const fmx__recording *recording);

/* A number that stands for what was recorded: kernels with their sources and options, ranges and
 * groups, sizes of products. The same on one device and driver: the same bits from the same inputs.
 */
uint64_t fmx__recording_digest(const fmx__recording *recording);

/* Also one that was not ended; runs under way are not disturbed; NULL is allowed. Before the
 * device is closed. */
void fmx__recording_destroy(fmx__recording *recording);

#endif
