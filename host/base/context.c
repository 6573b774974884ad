#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"

enum { MESSAGE_BYTES = 4096 };

struct fmx_context {
    fmx_status status;
    char message[MESSAGE_BYTES];
    fmx_log_function log;
    void *log_user;
    fmx_log_level log_least;
    fmx_progress_function progress;
    void *progress_user;
    volatile sig_atomic_t interrupted;
    size_t fail_countdown; /* test aid, see fmx__fail_allocation */
    const char *hidden;    /* fmx__show_as; both or neither */
    const char *shown;
};

fmx_status fmx_context_create(fmx_context **out)
{
    *out = calloc(1, sizeof **out);
    return *out == NULL ? FMX_ERROR_MEMORY : FMX_OK;
}

void fmx_context_destroy(fmx_context *ctx)
{
    free(ctx);
}

fmx_status fmx_context_status(const fmx_context *ctx)
{
    return ctx->status;
}

const char *fmx_context_message(const fmx_context *ctx)
{
    return ctx->message;
}

void fmx_context_clear(fmx_context *ctx)
{
    ctx->status = FMX_OK;
    ctx->message[0] = '\0';
}

void fmx_context_set_log(fmx_context *ctx, fmx_log_function log, void *user, fmx_log_level least)
{
    ctx->log = log;
    ctx->log_user = user;
    ctx->log_least = least;
}

void fmx_context_set_progress(fmx_context *ctx, fmx_progress_function progress, void *user)
{
    ctx->progress = progress;
    ctx->progress_user = user;
}

void fmx_context_interrupt(fmx_context *ctx)
{
    ctx->interrupted = 1;
}

void fmx__show_as(fmx_context *ctx, const char *hidden, const char *shown)
{
    ctx->hidden = shown != NULL ? hidden : NULL;
    ctx->shown = ctx->hidden != NULL ? shown : NULL;
}

/* Puts the shown path in the place of the hidden one; what no longer fits is cut off. */
static void replace_hidden(const fmx_context *ctx, char text[MESSAGE_BYTES])
{
    if (ctx->hidden == NULL || ctx->hidden[0] == '\0')
        return;
    size_t out = strlen(ctx->hidden);
    size_t in = strlen(ctx->shown);
    for (char *at = strstr(text, ctx->hidden); at != NULL; at = strstr(at, ctx->hidden)) {
        size_t room = MESSAGE_BYTES - (size_t)(at - text) - 1;
        size_t rest = strlen(at + out);
        size_t head = in < room ? in : room;
        rest = rest < room - head ? rest : room - head;
        memmove(at + head, at + out, rest);
        memcpy(at, ctx->shown, head);
        at += head;
        at[rest] = '\0';
    }
}

fmx_status fmx__fail(fmx_context *ctx, fmx_status status, const char *format, ...)
{
    if (ctx == NULL)
        return status;
    va_list args;
    va_start(args, format);
    vsnprintf(ctx->message, sizeof ctx->message, format, args);
    va_end(args);
    replace_hidden(ctx, ctx->message);
    ctx->status = status;
    return status;
}

fmx_status fmx__fail_in(fmx_context *ctx, fmx_status status, const char *format, ...)
{
    if (ctx == NULL || status == FMX_OK)
        return status;
    char old[MESSAGE_BYTES];
    memcpy(old, ctx->message, sizeof old);
    va_list args;
    va_start(args, format);
    int used = vsnprintf(ctx->message, sizeof ctx->message, format, args);
    va_end(args);
    if (used >= 0 && (size_t)used + sizeof ": " < sizeof ctx->message) {
        memcpy(ctx->message + used, ": ", sizeof ": ");
        strncat(ctx->message, old, sizeof ctx->message - (size_t)used - sizeof ": ");
    }
    ctx->status = status;
    return status;
}

void fmx__log(fmx_context *ctx, fmx_log_level level, const char *format, ...)
{
    if (ctx == NULL || ctx->log == NULL || level < ctx->log_least)
        return;
    char text[MESSAGE_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    replace_hidden(ctx, text);
    ctx->log(ctx->log_user, level, text);
}

void fmx__progress(fmx_context *ctx, const char *what, size_t done, size_t total)
{
    if (ctx != NULL && ctx->progress != NULL)
        ctx->progress(ctx->progress_user, what, done, total);
}

fmx_status fmx__check_interrupt(fmx_context *ctx)
{
    if (ctx != NULL && ctx->interrupted)
        return fmx__fail(ctx, FMX_ERROR_INTERRUPTED, "interrupted");
    return FMX_OK;
}

bool fmx__size_mul(size_t a, size_t b, size_t *out)
{
    if (b != 0 && a > SIZE_MAX / b)
        return false;
    *out = a * b;
    return true;
}

bool fmx__size_add(size_t a, size_t b, size_t *out)
{
    if (a > SIZE_MAX - b)
        return false;
    *out = a + b;
    return true;
}

void fmx__fail_allocation(fmx_context *ctx, size_t nth)
{
    ctx->fail_countdown = nth;
}

/* True when the test aid says that this allocation fails. */
static bool allocation_refused(fmx_context *ctx)
{
    return ctx != NULL && ctx->fail_countdown > 0 && --ctx->fail_countdown == 0;
}

fmx_status fmx__alloc(fmx_context *ctx, size_t count, size_t size, const char *what, void *out)
{
    void *memory = NULL;
    size_t bytes = 0;
    bool fits = fmx__size_mul(count, size, &bytes);
    if (fits && bytes > 0 && !allocation_refused(ctx))
        memory = calloc(count, size);
    memcpy(out, &memory, sizeof memory);
    if (memory == NULL && (!fits || bytes > 0))
        return fmx__fail(ctx, FMX_ERROR_MEMORY, "out of memory: %zu x %zu bytes for %s", count,
                         size, what);
    return FMX_OK;
}

fmx_status fmx__grow(fmx_context *ctx, void *array, size_t *capacity, size_t need, size_t size,
                     const char *what)
{
    if (need <= *capacity)
        return FMX_OK;
    size_t target = *capacity < 8 ? 8 : *capacity;
    while (target < need) {
        if (!fmx__size_mul(target, 2, &target)) {
            target = need;
            break;
        }
    }
    size_t bytes = 0;
    void *old = NULL;
    memcpy(&old, array, sizeof old);
    void *memory = NULL;
    if (fmx__size_mul(target, size, &bytes) && !allocation_refused(ctx))
        memory = realloc(old, bytes);
    if (memory == NULL)
        return fmx__fail(ctx, FMX_ERROR_MEMORY, "out of memory: %zu x %zu bytes for %s", target,
                         size, what);
    memset((char *)memory + *capacity * size, 0, (target - *capacity) * size);
    memcpy(array, &memory, sizeof memory);
    *capacity = target;
    return FMX_OK;
}

fmx_status fmx__format(fmx_context *ctx, char **out, const char *format, ...)
{
    va_list args;
    va_list again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    *out = NULL;
    fmx_status status = length < 0
                            ? fmx__fail(ctx, FMX_ERROR_INTERNAL, "format \"%s\" failed", format)
                            : fmx__alloc(ctx, (size_t)length + 1, 1, "text", out);
    if (status == FMX_OK)
        vsnprintf(*out, (size_t)length + 1, format, again);
    va_end(again);
    return status;
}
