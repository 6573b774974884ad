/* What every room uses: failures, log, progress, checked sizes, memory. */
#ifndef FIDMIX_BASE_H
#define FIDMIX_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fidmix/context.h"

#if defined(__GNUC__)
#define FMX__PRINTF(format_index, first) __attribute__((format(printf, format_index, first)))
#else
#define FMX__PRINTF(format_index, first)
#endif

#define FMX__COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Records a failure in the context and returns its status. The message says what happened, where
 * (file, field, offset) and what to do. ctx may be NULL. */
fmx_status fmx__fail(fmx_context *ctx, fmx_status status, const char *format, ...)
    FMX__PRINTF(3, 4);

/* True for what concerns one input only (exit code 3): work on others goes on. Memory, device,
 * output and Ctrl-C end the work at once. */
bool fmx__is_bad_input(fmx_status status);

/* Puts "text: " in front of the recorded message, for the caller who knows where it happened.
 * Returns the recorded status, or FMX_OK (and does nothing) when status is FMX_OK. */
fmx_status fmx__fail_in(fmx_context *ctx, fmx_status status, const char *format, ...)
    FMX__PRINTF(3, 4);

void fmx__log(fmx_context *ctx, fmx_log_level level, const char *format, ...) FMX__PRINTF(3, 4);

void fmx__progress(fmx_context *ctx, const char *what, size_t done, size_t total);

/* From now on messages and log lines say `shown` for `hidden`: a path that the user gave for the
 * temporary one that stands for it. Both must live on; NULL ends it. */
void fmx__show_as(fmx_context *ctx, const char *hidden, const char *shown);

/* FMX_ERROR_INTERRUPTED once fmx_context_interrupt was called, FMX_OK before. */
fmx_status fmx__check_interrupt(fmx_context *ctx);

/* Checked sizes: false (and *out untouched) when the result does not fit. */
bool fmx__size_mul(size_t a, size_t b, size_t *out);
bool fmx__size_add(size_t a, size_t b, size_t *out);

/* Zeroed memory for count items of size bytes in *out; *out is NULL on failure and for count 0.
 * Release with free(). Errors: FMX_ERROR_MEMORY. `what` names it in the message. */
fmx_status fmx__alloc(fmx_context *ctx, size_t count, size_t size, const char *what, void *out);

/* Grows *array (of items of size bytes) so that it holds at least need items; *capacity is kept
 * current, new items are zero. */
fmx_status fmx__grow(fmx_context *ctx, void *array, size_t *capacity, size_t need, size_t size,
                     const char *what);

/* A formatted string in *out, released with free(). Errors: FMX_ERROR_MEMORY. */
fmx_status fmx__format(fmx_context *ctx, char **out, const char *format, ...) FMX__PRINTF(3, 4);

/* Reads a whole regular file of at most `most` bytes; *out has a zero byte behind the content and
 * is released with free(). Errors: FMX_ERROR_NOT_FOUND, FMX_ERROR_READ, FMX_ERROR_FORMAT (larger).
 */
fmx_status fmx__read_file(fmx_context *ctx, const char *path, size_t most, char **out,
                          size_t *bytes);

/* The same for the first `most` bytes of a file, or all of a shorter one: to know it by content. */
fmx_status fmx__read_start(fmx_context *ctx, const char *path, size_t most, char **out,
                           size_t *bytes);

/* Test aid: the n-th allocation from now on (1 = the next) fails; 0 switches it off. */
void fmx__fail_allocation(fmx_context *ctx, size_t nth);

#endif
