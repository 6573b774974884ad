#include "cli_failures.h"

#include <stdlib.h>
#include <string.h>

fmx_status fmx__cli_failures_add(fmx__cli *cli, fmx__cli_failures *failures, const char *path,
                                 fmx_status status)
{
    fmx__cli_failure failure = {.status = status};
    if (!fmx__is_bad_input(status))
        return status;
    fmx_status result = fmx__format(cli->ctx, &failure.reason, "%s", fmx_context_message(cli->ctx));
    if (result == FMX_OK)
        result = fmx__format(cli->ctx, &failure.path, "%s", path);
    if (result == FMX_OK)
        result = fmx__grow(cli->ctx, &failures->item, &failures->capacity, failures->count + 1,
                           sizeof *failures->item, "list of failures");
    if (result != FMX_OK) {
        free(failure.reason);
        free(failure.path);
        return result;
    }
    failures->item[failures->count++] = failure;
    fmx_context_clear(cli->ctx);
    return FMX_OK;
}

/* "path: reason", or the reason alone where it begins with the path. */
static void print_failure(const fmx__cli_failure *failure)
{
    bool named = strncmp(failure->reason, failure->path, strlen(failure->path)) == 0;
    fprintf(stderr, "  %s%s%s\n", named ? "" : failure->path, named ? "" : ": ", failure->reason);
}

fmx_status fmx__cli_failures_end(fmx__cli *cli, fmx__cli_failures *failures, size_t used)
{
    fmx_status status = FMX_OK;
    size_t count = failures->count;
    if (count == 1 && used == 0) {
        status = fmx__fail(cli->ctx, failures->item[0].status, "%s", failures->item[0].reason);
    } else if (count > 0) {
        fprintf(stderr, "fidmix: %zu of %zu could not be used:\n", count, count + used);
        for (size_t i = 0; i < count; ++i)
            print_failure(&failures->item[i]);
        if (used == 0)
            status =
                fmx__fail(cli->ctx, failures->item[0].status, "none of %zu could be used", count);
    }
    for (size_t i = 0; i < count; ++i) {
        free(failures->item[i].reason);
        free(failures->item[i].path);
    }
    free(failures->item);
    *failures = (fmx__cli_failures){0};
    return status;
}
