/* Host memory that travels while the queue works: batches in, losses and metrics out;
 * docs/device/recording.md. Nothing here is allocated after the create functions. */
#ifndef FIDMIX_TRANSFER_H
#define FIDMIX_TRANSFER_H

#include "fidmix/device.h"

/* ---- to the device ----------------------------------------------------------------------------
 */

typedef struct fmx__upload fmx__upload;

/* A ring of `slots` pieces of host memory of `bytes_per_slot` bytes, page-aligned. Errors:
 * FMX_ERROR_SHAPE (0 slots or bytes), FMX_ERROR_MEMORY, FMX_ERROR_INTERNAL (while recording). */
fmx_status fmx__upload_create(fmx_device *device, size_t bytes_per_slot, size_t slots,
                              fmx__upload **out);

/* The next slot's memory, free to be filled until it is sent; asked for again before that, the same
 * one. Waits only while the slot's last write is not done, so the host is at most `slots` writes
 * ahead of the device. Errors: those of that write. */
fmx_status fmx__upload_slot(fmx__upload *upload, void **host);

/* Asks for a copy of the slot's first `bytes` bytes to the buffer, in order with the commands
 * around it, and goes on to the next slot. Waits for nothing. Errors: FMX_ERROR_SHAPE (larger than
 * a slot, outside of the buffer), FMX_ERROR_INTERNAL (no slot was asked for; while recording),
 * device errors; the slot then stays the current one. */
fmx_status fmx__upload_send(fmx__upload *upload, fmx_buffer *buffer, size_t offset, size_t bytes);

/* Waits for the writes under way; NULL is allowed. Before the device is closed. */
void fmx__upload_destroy(fmx__upload *upload);

/* ---- from the device --------------------------------------------------------------------------
 */

typedef struct fmx__download fmx__download;

/* As fmx__upload_create. */
fmx_status fmx__download_create(fmx_device *device, size_t bytes_per_slot, size_t slots,
                                fmx__download **out);

/* Asks for a copy of a part of the buffer as the commands before it leave it. Waits for nothing.
 * Errors: FMX_ERROR_SHAPE, FMX_ERROR_INTERNAL (every slot waits to be taken; while recording),
 * device errors. */
fmx_status fmx__download_ask(fmx__download *download, fmx_buffer *buffer, size_t offset,
                             size_t bytes);

/* How many were asked for and not yet taken. */
size_t fmx__download_pending(const fmx__download *download);

/* Whether the oldest is there, so that taking it waits for nothing; false when none is pending. */
bool fmx__download_ready(const fmx__download *download);

/* The oldest, in the order asked; waits for it. The memory is valid until
 * fmx__download_ask has gone once around the ring: with one slot until the next one. Errors:
 * FMX_ERROR_INTERNAL (none is pending), those of the copy, which then counts as taken. */
fmx_status fmx__download_take(fmx__download *download, const void **host);

/* Waits for the copies under way and forgets them; NULL is allowed. Before the device is closed. */
void fmx__download_destroy(fmx__download *download);

#endif
