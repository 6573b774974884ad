#include "op.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *const fmx__initialiser_names[] = {"zeros",          "ones",
                                              "glorot_uniform", "he_normal",
                                              "pytorch",        "glorot_normal",
                                              "he_uniform",     "lecun_uniform",
                                              "lecun_normal",   "xavier_normal",
                                              "kaiming_normal", "uniform",
                                              "normal",         "truncated_normal",
                                              "orthogonal",     NULL};

const fmx__op *fmx__op_find(const char *name)
{
    for (size_t i = 0; i < fmx__op_count; ++i) {
        if (strcmp(fmx__ops[i]->group.name, name) == 0)
            return fmx__ops[i];
    }
    return NULL;
}

fmx_status fmx__op_refuse(const fmx__op_site *site, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return fmx__fail(site->ctx, FMX_ERROR_RECIPE, "%s: %s", site->where, text);
}

size_t fmx__op_weight_count(const fmx__op_weight *weight)
{
    size_t count = 1;
    for (size_t i = 0; i < weight->rank; ++i)
        count *= weight->dim[i];
    return count;
}
