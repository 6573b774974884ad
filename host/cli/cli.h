/* What the verbs share: arguments, output, the device. One file per verb, verb_<name>.c. */
#ifndef FIDMIX_CLI_H
#define FIDMIX_CLI_H

#include <stdio.h>

#include "base.h"
#include "fidmix/fidmix.h"

/* An option of a verb. Global options (--device, --seed, --set, --profile, --quiet, --help) are
 * known to every verb. */
typedef struct fmx__cli_option {
    const char *name;  /* "--out" */
    const char *value; /* what the value is called in the help, "FILE"; NULL: a switch */
    const char *doc;
    bool repeats; /* may be given several times */
} fmx__cli_option;

typedef struct fmx__cli fmx__cli;

typedef struct fmx__verb {
    const char *name;
    const char *usage;    /* "PATH... [--json]" */
    const char *summary;  /* one line */
    const char *examples; /* lines of "  fidmix ..." */
    const fmx__cli_option *options;
    size_t option_count;
    size_t least_paths; /* positional arguments */
    size_t most_paths;
    fmx_status (*run)(fmx__cli *cli);
    bool reads_recipe; /* --set has something to override */
} fmx__verb;

typedef struct fmx__cli_given {
    const fmx__cli_option *option;
    const char *value;
} fmx__cli_given;

struct fmx__cli {
    fmx_context *ctx;
    fmx_device *device; /* opened by fmx__cli_device, closed by main */
    const fmx__verb *verb;
    const char **path; /* positional arguments */
    size_t path_count;
    fmx__cli_given *given;
    size_t given_count;
    bool quiet;
};

/* Splits the command line: finds the verb and its options, wherever they stand. Errors:
 * FMX_ERROR_USAGE naming the argument and the nearest valid one. With --help or --version, *verb
 * stays as found and `wants` says which. */
typedef enum fmx__cli_wants { FMX__WANTS_RUN, FMX__WANTS_HELP, FMX__WANTS_VERSION } fmx__cli_wants;
fmx_status fmx__cli_parse(fmx__cli *cli, int argc, char **argv, fmx__cli_wants *wants);
void fmx__cli_release(fmx__cli *cli);

/* Last value of an option; NULL when it was not given ("" for a switch that was). */
const char *fmx__cli_value(const fmx__cli *cli, const char *name);
bool fmx__cli_has(const fmx__cli *cli, const char *name);

/* n-th value of a repeated option; NULL past the last. */
const char *fmx__cli_nth(const fmx__cli *cli, const char *name, size_t n);

/* Every --set, in an array released with free(), for jobs that apply them later. Errors:
 * FMX_ERROR_MEMORY. */
fmx_status fmx__cli_overrides(fmx__cli *cli, const char ***out, size_t *count);

/* Value of an option as a number within [least, most], `otherwise` when not given.
 * Errors: FMX_ERROR_USAGE. */
fmx_status fmx__cli_number(fmx__cli *cli, const char *name, double otherwise, double least,
                           double most, double *out);
fmx_status fmx__cli_integer(fmx__cli *cli, const char *name, int64_t otherwise, int64_t least,
                            int64_t most, int64_t *out);

/* The device of --device, opened at first use, with profiling on where --profile was given. */
fmx_status fmx__cli_device(fmx__cli *cli, fmx_device **out);

/* Prints the profile of the device as a table to stderr where --profile was given. */
fmx_status fmx__cli_profile(fmx__cli *cli);

void fmx__cli_help(FILE *to, const fmx__verb *verb); /* NULL: of the program */

extern const fmx__verb *const fmx__verbs[]; /* in the order of the help, NULL at the end */
extern const fmx__cli_option fmx__global_options[];
extern const size_t fmx__global_option_count;

extern const fmx__verb fmx__verb_augment;
extern const fmx__verb fmx__verb_bench;
extern const fmx__verb fmx__verb_convert;
extern const fmx__verb fmx__verb_devices;
extern const fmx__verb fmx__verb_evaluate;
extern const fmx__verb fmx__verb_export;
extern const fmx__verb fmx__verb_mix;
extern const fmx__verb fmx__verb_train;
extern const fmx__verb fmx__verb_run;
extern const fmx__verb fmx__verb_plot;
extern const fmx__verb fmx__verb_identify;
extern const fmx__verb fmx__verb_info;
extern const fmx__verb fmx__verb_library;
extern const fmx__verb fmx__verb_process;
extern const fmx__verb fmx__verb_search;
extern const fmx__verb fmx__verb_simulate;

#endif
