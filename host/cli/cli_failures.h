/* Inputs that could not be used: noted while the work goes on, listed at the end. */
#ifndef FIDMIX_CLI_FAILURES_H
#define FIDMIX_CLI_FAILURES_H

#include "cli.h"

typedef struct fmx__cli_failure {
    char *path;
    char *reason;
    fmx_status status;
} fmx__cli_failure;

typedef struct fmx__cli_failures {
    fmx__cli_failure *item;
    size_t count;
    size_t capacity;
} fmx__cli_failures;

/* Notes the context's failure `status` for `path` and clears it. Errors: FMX_ERROR_MEMORY, and
 * `status` itself where it is no bad input. */
fmx_status fmx__cli_failures_add(fmx__cli *cli, fmx__cli_failures *failures, const char *path,
                                 fmx_status status);

/* Lists the failures on standard error and releases them. `used` inputs were fine: FMX_OK where
 * there was at least one, else a failure with the status of the first. */
fmx_status fmx__cli_failures_end(fmx__cli *cli, fmx__cli_failures *failures, size_t used);

#endif
