/** @file context.h
 *  The context: keeps the last error in full and carries the callbacks for log and progress.
 *
 *  One context serves one thread. The library has no global state, never prints and never ends the
 *  process. Everything made from a context (devices, readers) must be released before it.
 */
#ifndef FIDMIX_CONTEXT_H
#define FIDMIX_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "fidmix/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct fmx_context fmx_context;

typedef enum fmx_log_level {
    FMX_LOG_DEBUG,
    FMX_LOG_INFO,
    FMX_LOG_WARNING,
} fmx_log_level;

/** Receives one line without a newline; the text is valid during the call only. */
typedef void (*fmx_log_function)(void *user, fmx_log_level level, const char *text);

/** Called as long work advances; `what` names the work ("process"), `done` of `total` units. */
typedef void (*fmx_progress_function)(void *user, const char *what, size_t done, size_t total);

/** Makes a context. Errors: FMX_ERROR_MEMORY (then *out is NULL). Release with
 *  fmx_context_destroy. */
fmx_status fmx_context_create(fmx_context **out);

/** Releases a context; NULL is allowed. */
void fmx_context_destroy(fmx_context *ctx);

/** Status of the last failure in this context; FMX_OK when there was none. */
fmx_status fmx_context_status(const fmx_context *ctx);

/** Message of the last failure: what, where (file, field, offset) and what to do. Valid until the
 *  next call with this context. Never NULL. */
const char *fmx_context_message(const fmx_context *ctx);

/** Forgets the last failure. */
void fmx_context_clear(fmx_context *ctx);

/** Sets the receiver of log lines at `least` and above; NULL drops them (the default). */
void fmx_context_set_log(fmx_context *ctx, fmx_log_function log, void *user, fmx_log_level least);

/** Sets the receiver of progress; NULL drops it (the default). */
void fmx_context_set_progress(fmx_context *ctx, fmx_progress_function progress, void *user);

/** Asks the work under way to stop at the next safe point with FMX_ERROR_INTERRUPTED. May be called
 *  from a signal handler. */
void fmx_context_interrupt(fmx_context *ctx);

#ifdef __cplusplus
}
#endif
#endif
