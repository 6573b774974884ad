/* The log of a training that TensorBoard draws while it runs: a file of records, one an epoch,
 * appended to. docs/training/training.md.
 *
 * A record is the length of its message (8 bytes, little-endian), the length's checksum (4), the
 * message, the message's checksum (4). A checksum is CRC-32C, turned right by 15 bits, plus
 * 0xa282ead8: so a reader knows where a log ends that was cut off. */
#ifndef FIDMIX_EVENT_LOG_H
#define FIDMIX_EVENT_LOG_H

#include "base.h"

/* CRC-32C (Castagnoli, RFC 3720 B.4) of bytes[count]. */
uint32_t fmx__crc32c(const void *bytes, size_t count);

/* Begins a log: makes the folder where it is missing and in it a file that TensorBoard takes for
 * one of its own, beside those of earlier runs. *path is its path, released with free(). Errors:
 * FMX_ERROR_WRITE, FMX_ERROR_MEMORY. */
fmx_status fmx__event_log_begin(fmx_context *ctx, const char *folder, char **path);

/* Appends the last row of a history (CSV with a head; its first column is the step), each number
 * that is finite under its column's name. Errors: FMX_ERROR_WRITE, FMX_ERROR_MEMORY. */
fmx_status fmx__event_log_add(fmx_context *ctx, const char *path, const char *history);

#endif
