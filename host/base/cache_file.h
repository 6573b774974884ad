/* Results that are dear to make, kept on disk between runs: program binaries, line lists. The
 * folder is $FIDMIX_CACHE_DIR, else $XDG_CACHE_HOME/fidmix, else ~/.cache/fidmix; an empty
 * FIDMIX_CACHE_DIR switches the cache off. */
#ifndef FIDMIX_CACHE_FILE_H
#define FIDMIX_CACHE_FILE_H

#include "base.h"

/* The content kept under `key`, which names everything that the content depends on; `ending` is
 * that of the file ("bin"). A missing, damaged or foreign entry is no error: *data is NULL then.
 * data is released with free(). */
void fmx__cache_load(fmx_context *ctx, const char *key, const char *ending, unsigned char **data,
                     size_t *bytes);

/* Keeps a content; a failure is logged, not returned. */
void fmx__cache_store(fmx_context *ctx, const char *key, const char *ending,
                      const unsigned char *data, size_t bytes);

#endif
