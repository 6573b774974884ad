/* Which steps of `fidmix run` are up to date: DIR/run.json holds, for each output, the key of the
 * inputs that it was begun with and of those that it was finished with. */
#ifndef FIDMIX_RUN_STAMP_H
#define FIDMIX_RUN_STAMP_H

#include "base.h"

enum { FMX__RUN_KEY = 33 }; /* 32 hexadecimal digits */

typedef struct fmx__run_stamps fmx__run_stamps;

/* Reads DIR/run.json; a missing or damaged file means that nothing is known. */
fmx_status fmx__run_stamps_open(fmx_context *ctx, const char *folder, fmx__run_stamps **out);
void fmx__run_stamps_close(fmx__run_stamps *stamps); /* NULL is allowed */

/* The key of a text that names everything an output depends on. */
void fmx__run_key(const char *text, char out[FMX__RUN_KEY]);

/* The output was finished with this key. */
bool fmx__run_finished(const fmx__run_stamps *stamps, const char *output, const char *key);

/* The output was begun (or finished) with another key: what is there is outdated. */
bool fmx__run_outdated(const fmx__run_stamps *stamps, const char *output, const char *key);

/* Notes it, in the file. Errors: FMX_ERROR_WRITE, FMX_ERROR_MEMORY. */
fmx_status fmx__run_begin(fmx__run_stamps *stamps, const char *output, const char *key);
fmx_status fmx__run_finish(fmx__run_stamps *stamps, const char *output, const char *key);

#endif
