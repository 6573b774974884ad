#include "clfft_plan.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

/* first, because it says which version of OpenCL's headers is meant */
#include "command.h"

#include <clFFT.h>

/* clFFT has one state per process and neither its set-up nor its plans are safe between threads. So
 * this is the one place with a lock: plans are made, used and destroyed under it, the first plan of
 * the process sets clFFT up and the last one tears it down. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static size_t plans;

typedef struct fmx__clfft_plan {
    clfftPlanHandle handle;
    cl_command_queue queue;
    size_t users; /* the device's cache, recordings */
} clfft_plan;

bool fmx__clfft_knows(size_t points)
{
    static const size_t factors[] = {2, 3, 5, 7, 11, 13};
    if (points == 0 || points > FMX__CLFFT_MOST_POINTS)
        return false;
    for (size_t i = 0; i < FMX__COUNT(factors); ++i) {
        while (points % factors[i] == 0)
            points /= factors[i];
    }
    return points == 1;
}

/* Both under the lock. */
static clfftStatus take_library(void)
{
    clfftSetupData setup;
    clfftStatus code = CLFFT_SUCCESS;
    if (plans == 0) {
        code = clfftInitSetupData(&setup);
        if (code == CLFFT_SUCCESS)
            code = clfftSetup(&setup);
    }
    if (code == CLFFT_SUCCESS)
        ++plans;
    return code;
}

static void give_library(void)
{
    if (--plans == 0)
        clfftTeardown();
}

static clfftStatus describe(clfftPlanHandle plan, const fmx__clfft_of *of)
{
    clfftDirection direction = of->inverse ? CLFFT_BACKWARD : CLFFT_FORWARD;
    clfftStatus code = clfftSetPlanPrecision(plan, CLFFT_SINGLE);
    if (code == CLFFT_SUCCESS)
        code = clfftSetPlanBatchSize(plan, of->rows);
    if (code == CLFFT_SUCCESS)
        code = clfftSetPlanDistance(plan, of->in_stride, of->out_stride);
    if (code == CLFFT_SUCCESS)
        code = clfftSetLayout(plan, CLFFT_COMPLEX_INTERLEAVED, CLFFT_COMPLEX_INTERLEAVED);
    if (code == CLFFT_SUCCESS)
        code = clfftSetResultLocation(plan, of->in == of->out ? CLFFT_INPLACE : CLFFT_OUTOFPLACE);
    if (code == CLFFT_SUCCESS)
        code = clfftSetPlanScale(plan, direction, (cl_float)of->scale);
    return code;
}

static fmx_status failure(fmx_device *device, size_t rows, size_t points, clfftStatus code)
{
    fmx_status status = FMX_OK;
    /* a kernel that did not compile shows as an invalid program */
    if (code == (clfftStatus)CL_BUILD_PROGRAM_FAILURE || code == (clfftStatus)CL_INVALID_PROGRAM)
        status = fmx__fail(device->ctx, FMX_ERROR_BUILD,
                           "clFFT: \"%s\" does not compile its kernels; take another length, a "
                           "power of two is best",
                           device->info.name);
    else if ((int)code < 0)
        status = fmx__cl_fail(device->ctx, (cl_int)code, "clFFT");
    else
        status = fmx__fail(device->ctx, FMX_ERROR_DEVICE, "clFFT: status %d", (int)code);
    return fmx__fail_in(device->ctx, status, "%zu rows of %zu points", rows, points);
}

static fmx_status make_plan(fmx_device *device, const void *from, void **out)
{
    const fmx__clfft_of *of = from;
    size_t length = of->points;
    clfft_plan *plan = NULL;
    bool taken = false;
    fmx_status status = fmx__alloc(device->ctx, 1, sizeof *plan, "a plan", &plan);
    if (status != FMX_OK)
        return status;
    plan->queue = device->queue;
    plan->users = 1;
    pthread_mutex_lock(&lock);
    clfftStatus code = take_library();
    taken = code == CLFFT_SUCCESS;
    if (code == CLFFT_SUCCESS)
        code = clfftCreateDefaultPlan(&plan->handle, device->context, CLFFT_1D, &length);
    if (code == CLFFT_SUCCESS)
        code = describe(plan->handle, of);
    if (code == CLFFT_SUCCESS)
        code = clfftBakePlan(plan->handle, 1, &plan->queue, NULL, NULL);
    if (code != CLFFT_SUCCESS) {
        if (plan->handle != 0)
            clfftDestroyPlan(&plan->handle);
        if (taken)
            give_library();
    }
    pthread_mutex_unlock(&lock);
    if (code != CLFFT_SUCCESS) {
        free(plan);
        return failure(device, of->rows, of->points, code);
    }
    *out = plan;
    return FMX_OK;
}

static void release_plan(void *object)
{
    clfft_plan *plan = object;
    if (--plan->users > 0)
        return;
    clFinish(plan->queue); /* the plan's own scratch may be in use */
    pthread_mutex_lock(&lock);
    clfftDestroyPlan(&plan->handle);
    give_library();
    pthread_mutex_unlock(&lock);
    free(plan);
}

static const fmx__cached_kind plan_kind = {make_plan, release_plan};

static bool fits(const fmx_device *device, const fmx_buffer *buffer, size_t rows, size_t stride,
                 size_t points)
{
    size_t items = 0;
    size_t bytes = 0;
    return buffer != NULL && buffer->device == device && rows > 0 && stride >= points &&
           fmx__size_mul(rows - 1, stride, &items) && fmx__size_add(items, points, &items) &&
           fmx__size_mul(items, 2 * sizeof(float), &bytes) && bytes <= buffer->bytes;
}

static fmx_status enqueue_transform(fmx_device *device, const fmx__command *command,
                                    cl_event *event)
{
    cl_mem in = command->of.fft.in;
    cl_mem out = command->of.fft.out;
    fmx_buffer **scratch = command->of.fft.scratch;
    pthread_mutex_lock(&lock);
    clfftStatus code = clfftEnqueueTransform(
        command->of.fft.plan->handle, command->of.fft.inverse ? CLFFT_BACKWARD : CLFFT_FORWARD, 1,
        &device->queue, 0, NULL, event, &in, &out, scratch != NULL ? (*scratch)->memory : NULL);
    pthread_mutex_unlock(&lock);
    return code == CLFFT_SUCCESS
               ? FMX_OK
               : failure(device, command->of.fft.rows, command->of.fft.points, code);
}

static void release_transform(fmx__command *command)
{
    release_plan(command->of.fft.plan);
}

/* While recording: keeps the plan and makes room now, so that no run has to. */
static fmx_status record_transform(fmx_device *device, const fmx__clfft_of *of,
                                   fmx__command *command)
{
    size_t bytes = 0;
    pthread_mutex_lock(&lock);
    clfftStatus code = clfftGetTmpBufSize(command->of.fft.plan->handle, &bytes);
    pthread_mutex_unlock(&lock);
    if (code != CLFFT_SUCCESS)
        return failure(device, of->rows, of->points, code);
    fmx_status status = fmx__recording_hold(device, of->in);
    if (status == FMX_OK)
        status = fmx__recording_hold(device, of->out);
    if (status == FMX_OK)
        status = fmx__recording_scratch(device, bytes, &command->of.fft.scratch);
    if (status == FMX_OK) {
        ++command->of.fft.plan->users;
        command->release = release_transform;
    }
    return status;
}

fmx_status fmx__clfft(fmx_device *device, const fmx__clfft_of *of)
{
    clfft_plan *plan = NULL;
    char key[64];
    if (!fmx__clfft_knows(of->points) ||
        !fits(device, of->in, of->rows, of->in_stride, of->points) ||
        !fits(device, of->out, of->rows, of->out_stride, of->points))
        return fmx__fail(device->ctx, FMX_ERROR_SHAPE,
                         "clFFT: %zu rows of %zu points do not fit the buffers, or the length has "
                         "other factors than 2, 3, 5, 7, 11 and 13",
                         of->rows, of->points);
    float scale = (float)of->scale;
    snprintf(key, sizeof key, "%zu %zu %zu %zu %d%d %.9g", of->points, of->rows, of->out_stride,
             of->in_stride, of->inverse, of->in == of->out, (double)scale);
    fmx_status status = fmx__device_cache(device, key, &plan_kind, of, &plan);
    if (status != FMX_OK)
        return status;
    double items = (double)of->rows * (double)of->points;
    double levels = 0;
    for (size_t n = of->points; n > 1; n /= 2)
        ++levels;
    fmx__command command = {.enqueue = enqueue_transform,
                            .stem = "fft",
                            .kernel = "clfft",
                            .flops = 5 * items * levels,
                            .bytes = items * 4 * sizeof(float),
                            .of.fft = {.plan = plan,
                                       .out = of->out->memory,
                                       .in = of->in->memory,
                                       .inverse = of->inverse,
                                       .rows = of->rows,
                                       .points = of->points}};
    if (device->recording != NULL)
        status = record_transform(device, of, &command);
    if (status == FMX_OK)
        status = fmx__command_do(device, &command);
    if (status != FMX_OK && command.release != NULL)
        command.release(&command);
    return status;
}
