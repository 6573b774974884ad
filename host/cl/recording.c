#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "command.h"

/* What the profile says of commands; those of a recording outlive the caller's strings. */
typedef struct label {
    char stem[48];
    char kernel[64];
    char scope[48];
    struct label *next;
} label;

struct fmx__recording {
    fmx_device *device;
    uint64_t number;
    uint64_t digest;
    bool complete;
    fmx__command *command;
    size_t commands;
    size_t command_capacity;
    fmx__step_value *value;
    size_t values;
    size_t value_capacity;
    fmx_buffer **held; /* what the commands use, each once */
    size_t holds;
    size_t held_capacity;
    fmx_buffer *scratch;
    label *labels;
};

fmx_status fmx__recording_begin(fmx_device *device, fmx__recording **out)
{
    *out = NULL;
    fmx_status status = fmx__recording_refuses(device, "a second recording");
    if (status == FMX_OK)
        status = fmx__alloc(device->ctx, 1, sizeof **out, "a recording", out);
    if (status != FMX_OK)
        return status;
    (*out)->device = device;
    (*out)->number = ++device->recordings;
    device->recording = *out;
    ++device->live_buffers;
    return FMX_OK;
}

fmx_status fmx__recording_end(fmx_device *device)
{
    if (device->recording == NULL)
        return fmx__fail(device->ctx, FMX_ERROR_INTERNAL, "ending a recording: there is none");
    device->recording->complete = true;
    device->recording = NULL;
    return FMX_OK;
}

size_t fmx__recording_length(const fmx__recording *recording)
{
    return recording->commands;
}

void fmx__recording_mark(fmx_device *device, const void *data, size_t bytes)
{
    fmx__recording *to = device->recording;
    if (to != NULL)
        to->digest = XXH3_64bits_withSeed(data, bytes, to->digest);
}

uint64_t fmx__recording_digest(const fmx__recording *recording)
{
    return recording->digest;
}

void fmx__recording_destroy(fmx__recording *recording)
{
    if (recording == NULL)
        return;
    fmx_device *device = recording->device;
    if (device->recording == recording)
        device->recording = NULL;
    for (size_t i = 0; i < recording->commands; ++i) {
        if (recording->command[i].release != NULL)
            recording->command[i].release(&recording->command[i]);
    }
    for (size_t i = 0; i < recording->holds; ++i)
        fmx__buffer_drop(recording->held[i]);
    fmx_buffer_release(recording->scratch);
    while (recording->labels != NULL) {
        label *first = recording->labels;
        recording->labels = first->next;
        free(first);
    }
    free(recording->held);
    free(recording->value);
    free(recording->command);
    free(recording);
    --device->live_buffers;
}

/* ---- recording --------------------------------------------------------------------------------
 */

fmx_status fmx__recording_refuses(fmx_device *device, const char *what)
{
    if (device->recording == NULL)
        return FMX_OK;
    return fmx__fail(device->ctx, FMX_ERROR_INTERNAL,
                     "%s while recording: a recorded step waits for nothing", what);
}

fmx_status fmx__recording_hold(fmx_device *device, fmx_buffer *buffer)
{
    fmx__recording *to = device->recording;
    if (to == NULL)
        return FMX_OK;
    for (size_t i = to->holds; i > 0; --i) {
        if (to->held[i - 1] == buffer)
            return FMX_OK;
    }
    fmx_status status = fmx__grow(device->ctx, &to->held, &to->held_capacity, to->holds + 1,
                                  sizeof *to->held, "a recording");
    if (status == FMX_OK) {
        fmx__buffer_hold(buffer);
        to->held[to->holds++] = buffer;
    }
    return status;
}

fmx_buffer *fmx__recording_reuse(fmx_device *device, size_t bytes)
{
    const fmx__recording *of = device->recording;
    fmx_buffer *best = NULL;
    for (size_t i = 0; of != NULL && i < of->holds; ++i) {
        fmx_buffer *buffer = of->held[i];
        /* users: only the recording; one with contents from the host was made in none */
        if (buffer->made_in == of->number && buffer->users == 1 && buffer->capacity >= bytes &&
            buffer->capacity / FMX__POOL_SLACK <= bytes &&
            (best == NULL || buffer->capacity < best->capacity))
            best = buffer;
    }
    if (best != NULL)
        fmx__buffer_hold(best); /* for the new owner */
    return best;
}

fmx_status fmx__recording_value(fmx_device *device, fmx__step_value value)
{
    fmx__recording *to = device->recording;
    fmx_status status = fmx__grow(device->ctx, &to->value, &to->value_capacity, to->values + 1,
                                  sizeof *to->value, "a recording");
    if (status == FMX_OK)
        to->value[to->values++] = value;
    return status;
}

size_t fmx__recording_values(const fmx_device *device)
{
    return device->recording->values;
}

fmx_status fmx__recording_scratch(fmx_device *device, size_t bytes, fmx_buffer ***out)
{
    fmx__recording *to = device->recording;
    fmx_buffer *larger = NULL;
    *out = NULL;
    if (to == NULL || bytes == 0)
        return FMX_OK;
    *out = &to->scratch;
    if (to->scratch != NULL && fmx_buffer_bytes(to->scratch) >= bytes)
        return FMX_OK;
    fmx_status status = fmx_buffer_create(device, bytes, &larger);
    if (status == FMX_OK) {
        fmx_buffer_release(to->scratch);
        to->scratch = larger;
    }
    return status;
}

/* The command's names, in memory of the recording. */
static fmx_status keep_label(fmx__recording *to, fmx__command *command)
{
    label *at = to->labels;
    while (at != NULL &&
           (strcmp(at->kernel, command->kernel) != 0 || strcmp(at->stem, command->stem) != 0 ||
            strcmp(at->scope, command->scope) != 0))
        at = at->next;
    if (at == NULL) {
        fmx_status status = fmx__alloc(to->device->ctx, 1, sizeof *at, "a recording", &at);
        if (status != FMX_OK)
            return status;
        snprintf(at->stem, sizeof at->stem, "%s", command->stem);
        snprintf(at->kernel, sizeof at->kernel, "%s", command->kernel);
        snprintf(at->scope, sizeof at->scope, "%s", command->scope);
        at->next = to->labels;
        to->labels = at;
    }
    command->stem = at->stem;
    command->kernel = at->kernel;
    command->scope = at->scope;
    return FMX_OK;
}

static fmx_status append(fmx__recording *to, const fmx__command *command)
{
    fmx__command kept = *command;
    fmx_status status = fmx__grow(to->device->ctx, &to->command, &to->command_capacity,
                                  to->commands + 1, sizeof *to->command, "a recording");
    if (status == FMX_OK && kept.kernel != NULL)
        status = keep_label(to, &kept);
    if (status == FMX_OK)
        to->command[to->commands++] = kept;
    return status;
}

/* ---- running ----------------------------------------------------------------------------------
 */

static fmx_status enqueue(fmx_device *device, const fmx__command *command)
{
    cl_event event = NULL;
    bool counted = device->profile && command->kernel != NULL;
    fmx_status status = command->enqueue(device, command, counted ? &event : NULL);
    if (event != NULL)
        fmx__profile_add(device, command, event);
    return status;
}

fmx_status fmx__command_do(fmx_device *device, fmx__command *command)
{
    command->scope = device->scope;
    return device->recording != NULL ? append(device->recording, command)
                                     : enqueue(device, command);
}

/* The kernel keeps the values that it has when it is enqueued. */
static fmx_status set_values(const fmx__recording *recording, const fmx__command *command)
{
    for (size_t i = 0; i < command->values; ++i) {
        const fmx__step_value *value = &recording->value[command->first_value + i];
        cl_int code =
            clSetKernelArg(command->of.launch.kernel, value->index, value->bytes, value->from);
        if (code != CL_SUCCESS)
            return fmx__cl_fail(recording->device->ctx, code, command->kernel);
    }
    return FMX_OK;
}

fmx_status fmx__recording_run(fmx__recording *recording)
{
    fmx_device *device = recording->device;
    fmx_status status = fmx__recording_refuses(device, "running a recording");
    if (status == FMX_OK && !recording->complete)
        status =
            fmx__fail(device->ctx, FMX_ERROR_INTERNAL, "running a recording that was not ended");
    for (size_t i = 0; status == FMX_OK && i < recording->commands; ++i) {
        const fmx__command *command = &recording->command[i];
        status = set_values(recording, command);
        if (status == FMX_OK)
            status = enqueue(device, command);
    }
    if (status != FMX_OK)
        return status;
    cl_int code = clFlush(device->queue);
    return code == CL_SUCCESS ? FMX_OK : fmx__cl_fail(device->ctx, code, "running a recording");
}
