#include "op_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *fmx_op_options(fmx_context *ctx, const fmx__op *op, const char *settings)
{
    const fmx__option_group *group = &op->group;
    char key[64];
    char value[64];
    int used = 0;
    void *options = malloc(group->options_size);
    if (options == NULL)
        return NULL;
    memcpy(options, group->defaults, group->options_size);
    while (sscanf(settings, " %63[^=]=%63s%n", key, value, &used) == 2) {
        if (fmx__option_set(ctx, group->options, group->option_count, options, group->name, key,
                            value) != FMX_OK) {
            free(options);
            return NULL;
        }
        settings += used;
    }
    return options;
}
