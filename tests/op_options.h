/* Options of an op by name, for cases that differ from the defaults. */
#ifndef FMX_OP_OPTIONS_H
#define FMX_OP_OPTIONS_H

#include "op.h"

/* The defaults with "key=value key=value ..." set, released with free(). NULL when a key or value
 * is not known (ctx has the message). */
void *fmx_op_options(fmx_context *ctx, const fmx__op *op, const char *settings);

#endif
