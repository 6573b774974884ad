/* One command for the device, as the files of host/cl share it: enqueued now, or recorded. */
#ifndef FIDMIX_COMMAND_H
#define FIDMIX_COMMAND_H

#include "cl_internal.h"
#include "clblast_gemm.h"
#include "clfft_plan.h"
#include "recording.h"

/* A kernel argument that is read from host memory each time. */
typedef struct fmx__step_value {
    cl_uint index;
    size_t bytes;
    const void *from;
} fmx__step_value;

struct fmx__command {
    fmx_status (*enqueue)(fmx_device *device, const fmx__command *command, cl_event *event);
    void (*release)(fmx__command *command); /* of what a recorded one owns; may be NULL */
    const char *stem;
    const char *kernel; /* NULL: not in the profile */
    const char *scope;
    double flops;
    double bytes;
    size_t first_value; /* of a recorded launch: its step values in the recording */
    size_t values;
    union {
        struct {
            cl_kernel kernel;
            unsigned dims;
            size_t global[3];
            size_t local[3]; /* [0] = 0: the driver chooses */
        } launch;
        struct {
            cl_mem to;
            cl_mem from; /* NULL: zeros */
            size_t to_offset;
            size_t from_offset;
            size_t bytes;
        } copy;
        struct {
            fmx__gemm_of of;
            fmx_buffer **scratch; /* NULL: CLBlast makes its own */
        } gemm;
        struct {
            struct fmx__clfft_plan *plan;
            cl_mem out;
            cl_mem in;
            bool inverse;
            size_t rows;
            size_t points;
            fmx_buffer **scratch; /* NULL: clFFT makes its own */
        } fft;
    } of;
};

/* Enqueues the command and profiles it, or, while recording, keeps a copy of it, which then owns
 * what release gives back; after a failure the caller still owns that. */
fmx_status fmx__command_do(fmx_device *device, fmx__command *command);

/* While recording: takes bytes that say how a command works into the recording's digest. */
void fmx__recording_mark(fmx_device *device, const void *data, size_t bytes);

/* While recording: keeps the buffer's memory; otherwise nothing. Errors: FMX_ERROR_MEMORY. */
fmx_status fmx__recording_hold(fmx_device *device, fmx_buffer *buffer);

/* While recording: a buffer that was made in this recording and that its owner has released: its
 * commands are all in front of those to come, so these may have it. NULL when there is none that
 * fits without wasting more than half. */
fmx_buffer *fmx__recording_reuse(fmx_device *device, size_t bytes);

/* While recording: a value for the command that is being prepared. Errors: FMX_ERROR_MEMORY. */
fmx_status fmx__recording_value(fmx_device *device, fmx__step_value value);

/* While recording: how many values there are. */
size_t fmx__recording_values(const fmx_device *device);

/* While recording: room of at least so many bytes for one command at a time, at *out (NULL when
 * not recording or for 0 bytes), which may move until the recording ends. */
fmx_status fmx__recording_scratch(fmx_device *device, size_t bytes, fmx_buffer ***out);

/* FMX_ERROR_INTERNAL while recording: `what` would wait for the device. */
fmx_status fmx__recording_refuses(fmx_device *device, const char *what);

#endif
