/* Models by name. */
#ifndef FIDMIX_CLI_MODEL_H
#define FIDMIX_CLI_MODEL_H

#include "base.h"

/* The file of a model: `given` as it is where such a file exists or it names a folder; otherwise
 * NAME.safetensors of those that came with the program (share/fidmix/models beside its bin, or
 * data/models of the source tree it was built in); otherwise `given`, whose opening then says what
 * is wrong. *out is released with free(). Errors: FMX_ERROR_MEMORY. */
fmx_status fmx__cli_model(fmx_context *ctx, const char *given, char **out);

#endif
