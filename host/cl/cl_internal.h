/* What the files of the device room share. Nothing outside host/cl includes this. */
#ifndef FIDMIX_CL_INTERNAL_H
#define FIDMIX_CL_INTERNAL_H

#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>

#include "base.h"
#include "fidmix/device.h"
#include "launch.h"

enum { FMX__GUARD_BYTES = 256, FMX__POOL_SLOTS = 64, FMX__GUARD_BYTE = 0xA5 };
enum { FMX__POOL_SLACK = 2 }; /* reuse up to twice the size asked for */

struct fmx_buffer {
    fmx_device *device;
    cl_mem memory;
    size_t bytes;     /* asked for */
    size_t capacity;  /* allocated, without the guard */
    size_t users;     /* its owner, its views, recordings that use it */
    uint64_t made_in; /* the recording under way when it was made, by number; 0: none */
    bool guarded;
    fmx_buffer *parent; /* of a view: what it lies in, never itself a view */
    size_t origin;      /* of a view: where in the parent */
};

typedef struct fmx__kernel {
    char name[64];
    cl_program program; /* not its own */
    cl_kernel kernel;
    cl_uint arg_count;
    size_t largest_group;
    struct fmx__kernel *next;
} fmx__kernel;

typedef struct fmx__program {
    char *key; /* "stem options" */
    cl_program program;
    fmx__kernel *kernels;
    struct fmx__program *next;
} fmx__program;

/* An object that a stem keeps, see fmx__device_cache. */
typedef struct fmx__cached {
    char key[64];
    void *object; /* NULL: the slot is free */
    const fmx__cached_kind *kind;
    uint64_t last_use;
} fmx__cached;

/* One launch whose time is not known yet. */
typedef struct fmx__pending {
    cl_event event;
    size_t row;
} fmx__pending;

struct fmx_device {
    fmx_context *ctx;
    fmx_device_info info;
    cl_platform_id platform;
    cl_device_id id;
    cl_context context;
    cl_command_queue queue;
    size_t alignment; /* bytes; see fmx__buffer_alignment */
    fmx__program *programs;
    const char *test_source;           /* see fmx__device_test_source */
    fmx_buffer *pool[FMX__POOL_SLOTS]; /* released buffers, most recent last */
    size_t pooled;
    size_t pooled_bytes;
    size_t live_buffers; /* made and not yet released; recordings and rings count too */
    char scope[48];      /* whose launches the profile counts, see fmx__device_scope */
    bool profile;
    fmx_profile_row *rows;
    size_t row_count;
    size_t row_capacity;
    fmx__pending *pending;
    size_t pending_count;
    size_t pending_capacity;
    fmx_buffer *data[8]; /* data arguments of the launch being prepared */
    size_t data_count;
    fmx__cached cached[FMX__CACHE_SLOTS];
    uint64_t cache_clock;
    struct fmx__recording *recording; /* under way; NULL: commands are enqueued at once */
    uint64_t recordings;              /* begun so far */
    bool gemm_ready;                  /* CLBlast has its parameters for this device */
    bool guard;
    bool guard_broken;
    size_t fail_countdown;
};

/* Name of an OpenCL error code, "CL_INVALID_VALUE". */
const char *fmx__cl_error_name(cl_int code);

/* Records a failed OpenCL call: chooses the status (memory, lost, build, other) by the code. */
fmx_status fmx__cl_fail(fmx_context *ctx, cl_int code, const char *what);

/* The same for a call that waits for work: "out of resources" there means that the driver reset the
 * device, not that memory ran out. */
fmx_status fmx__cl_fail_wait(fmx_context *ctx, cl_int code, const char *what);

/* While recording: takes the sources of a stem's program into the digest. */
void fmx__program_mark(fmx_device *device, const char *stem);

/* The kernel of a stem, compiled at first use. */
fmx_status fmx__program_kernel(fmx_device *device, const char *stem, const char *options,
                               const char *name, fmx__kernel **out);
void fmx__program_release_all(fmx_device *device);

/* Programs kept on disk, under a key that says all they depend on (program_cache.c). A kept program
 * is NULL when there is none, or the driver refuses it: it is then built from its source. */
cl_program fmx__program_kept(fmx_device *device, const char *key, const char *options);

/* Keeps a program that was built from its source, where the driver gives a binary cheaply. */
void fmx__program_keep(fmx_device *device, cl_program program, const char *key);

/* Where the driver does not: compiles a program made from source, keeps its object and builds the
 * program from that. NULL on any trouble. */
cl_program fmx__program_by_object(fmx_device *device, cl_program source, const char *key,
                                  const char *options);

/* A command, as command.h has it. */
typedef struct fmx__command fmx__command;

void fmx__profile_add(fmx_device *device, const fmx__command *command, cl_event event);
void fmx__profile_release(fmx_device *device);
void fmx__gemm_release(fmx_device *device);
void fmx__pool_release(fmx_device *device);

/* One more user of a buffer; when the last one has dropped it, it goes to the pool. */
void fmx__buffer_hold(fmx_buffer *buffer);
void fmx__buffer_drop(fmx_buffer *buffer);

#endif
