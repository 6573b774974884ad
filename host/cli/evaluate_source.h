/* `fidmix evaluate MODEL` without mixtures: a network that learned from a generator, on its test
 * items.
 */
#ifndef FIDMIX_EVALUATE_SOURCE_H
#define FIDMIX_EVALUATE_SOURCE_H

#include "cli.h"

/* `override` are the values of --set. */
fmx_status fmx__cli_evaluate_source(fmx__cli *cli, const char *const *override, size_t overrides);

#endif
