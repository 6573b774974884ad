/* `fidmix evaluate MODEL` without mixtures: a network that learned from a generator, on its test
 * items.
 */
#ifndef FIDMIX_EVALUATE_SOURCE_H
#define FIDMIX_EVALUATE_SOURCE_H

#include "cli.h"
#include "source_evaluation.h"

/* `override` are the values of --set. */
fmx_status fmx__cli_evaluate_source(fmx__cli *cli, const char *const *override, size_t overrides);

/* The same for a job: report to `out`, figures to stdout, as JSON where --json was given. */
fmx_status fmx__evaluate_source(fmx__cli *cli, const fmx__source_job *job, const char *out,
                                bool overwrite);

#endif
