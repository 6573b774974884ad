/* Outputs of `fidmix run` that are outdated. */
#ifndef FIDMIX_RUN_REMOVE_H
#define FIDMIX_RUN_REMOVE_H

#include "base.h"

/* Removes an output that a run made, with what lies beside it while it is unfinished (.part, .last,
 * .best, .history.csv) and its shards. What is not there is no error. Errors: FMX_ERROR_WRITE. */
fmx_status fmx__run_remove(fmx_context *ctx, const char *path);

#endif
