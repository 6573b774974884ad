#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "options.h"

const fmx__cli_option fmx__global_options[] = {
    {"--device", "auto|INDEX|gpu|cpu|NAME", "where kernels run (default: auto)", false},
    {"--seed", "S", "seed of every random number (default: the recipe's)", false},
    {"--set", "KEY=VALUE", "overrides one key of the recipe, e.g. process.apodisation.lb_hz=1",
     true},
    {"--profile", NULL, "prints a table of kernels, times and rates at the end", false},
    {"--quiet", NULL, "no progress and no notes, errors only", false},
    {"--help", NULL, "this text", false},
    {"--version", NULL, "the version", false},
};
const size_t fmx__global_option_count = FMX__COUNT(fmx__global_options);

static const fmx__verb *find_verb(const char *name)
{
    for (size_t i = 0; fmx__verbs[i] != NULL; ++i) {
        if (strcmp(fmx__verbs[i]->name, name) == 0)
            return fmx__verbs[i];
    }
    return NULL;
}

static fmx_status unknown_verb(fmx__cli *cli, const char *name)
{
    const char *names[64];
    size_t count = 0;
    while (fmx__verbs[count] != NULL && count < FMX__COUNT(names)) {
        names[count] = fmx__verbs[count]->name;
        ++count;
    }
    const char *near = fmx__nearest_name(name, names, count);
    return fmx__fail(cli->ctx, FMX_ERROR_USAGE, "unknown command \"%s\"%s%s%s; see fidmix --help",
                     name, near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static const fmx__cli_option *find_option(const fmx__verb *verb, const char *name, size_t length)
{
    for (size_t i = 0; i < fmx__global_option_count; ++i) {
        const fmx__cli_option *option = &fmx__global_options[i];
        if (strlen(option->name) == length && strncmp(option->name, name, length) == 0)
            return option;
    }
    for (size_t i = 0; verb != NULL && i < verb->option_count; ++i) {
        const fmx__cli_option *option = &verb->options[i];
        if (strlen(option->name) == length && strncmp(option->name, name, length) == 0)
            return option;
    }
    return NULL;
}

static fmx_status unknown_option(fmx__cli *cli, const char *name)
{
    const char *names[64];
    size_t count = 0;
    for (size_t i = 0; i < fmx__global_option_count; ++i)
        names[count++] = fmx__global_options[i].name;
    for (size_t i = 0; cli->verb != NULL && i < cli->verb->option_count; ++i)
        names[count++] = cli->verb->options[i].name;
    const char *near = fmx__nearest_name(name, names, count);
    return fmx__fail(cli->ctx, FMX_ERROR_USAGE, "unknown option %s%s%s%s; see fidmix %s%s--help",
                     name, near ? "; did you mean " : "", near ? near : "", near ? "?" : "",
                     cli->verb ? cli->verb->name : "", cli->verb ? " " : "");
}

/* Takes argv[*at] (and its value) as an option. */
static fmx_status take_option(fmx__cli *cli, int argc, char **argv, int *at)
{
    const char *text = argv[*at];
    size_t length = strcspn(text, "=");
    const fmx__cli_option *option = find_option(cli->verb, text, length);
    if (option == NULL)
        return unknown_option(cli, text);
    const char *value = "";
    if (option->value == NULL && text[length] == '=')
        return fmx__fail(cli->ctx, FMX_ERROR_USAGE, "%s takes no value", option->name);
    if (option->value != NULL) {
        if (text[length] == '=')
            value = text + length + 1;
        else if (*at + 1 < argc)
            value = argv[++*at];
        else
            return fmx__fail(cli->ctx, FMX_ERROR_USAGE, "%s needs a value: %s", option->name,
                             option->value);
    }
    if (!option->repeats && fmx__cli_has(cli, option->name) && option->value != NULL)
        return fmx__fail(cli->ctx, FMX_ERROR_USAGE, "%s is given twice", option->name);
    cli->given[cli->given_count++] = (fmx__cli_given){option, value};
    return FMX_OK;
}

/* The verb is the first argument that is neither an option nor the value of a global one. */
static fmx_status take_verb(fmx__cli *cli, int argc, char **argv, int *index)
{
    *index = 0;
    for (int i = 1; i < argc; ++i) {
        if (argv[i][0] != '-') {
            *index = i;
            cli->verb = find_verb(argv[i]);
            return cli->verb != NULL ? FMX_OK : unknown_verb(cli, argv[i]);
        }
        const fmx__cli_option *option = find_option(NULL, argv[i], strcspn(argv[i], "="));
        if (option != NULL && option->value != NULL && strchr(argv[i], '=') == NULL)
            ++i;
    }
    return FMX_OK;
}

static fmx_status check_paths(fmx__cli *cli)
{
    const fmx__verb *verb = cli->verb;
    if (cli->path_count < verb->least_paths || cli->path_count > verb->most_paths)
        return fmx__fail(cli->ctx, FMX_ERROR_USAGE, "usage: fidmix %s %s", verb->name, verb->usage);
    return FMX_OK;
}

fmx_status fmx__cli_parse(fmx__cli *cli, int argc, char **argv, fmx__cli_wants *wants)
{
    int verb_index = 0;
    bool only_paths = false;
    *wants = FMX__WANTS_RUN;
    fmx_status status =
        fmx__alloc(cli->ctx, (size_t)argc + 1, sizeof *cli->given, "arguments", &cli->given);
    if (status == FMX_OK)
        status = fmx__alloc(cli->ctx, (size_t)argc + 1, sizeof *cli->path, "arguments", &cli->path);
    if (status == FMX_OK)
        status = take_verb(cli, argc, argv, &verb_index);
    for (int i = 1; status == FMX_OK && i < argc; ++i) {
        if (i == verb_index)
            continue;
        if (!only_paths && strcmp(argv[i], "--") == 0)
            only_paths = true;
        else if (!only_paths && argv[i][0] == '-' && argv[i][1] != '\0')
            status = take_option(cli, argc, argv, &i);
        else
            cli->path[cli->path_count++] = argv[i];
    }
    if (status != FMX_OK)
        return status;
    cli->quiet = fmx__cli_has(cli, "--quiet");
    if (fmx__cli_has(cli, "--version"))
        *wants = FMX__WANTS_VERSION;
    else if (fmx__cli_has(cli, "--help"))
        *wants = FMX__WANTS_HELP;
    else if (cli->verb == NULL)
        status = fmx__fail(cli->ctx, FMX_ERROR_USAGE, "no command given; see fidmix --help");
    else if (!cli->verb->reads_recipe && fmx__cli_has(cli, "--set"))
        status = fmx__fail(cli->ctx, FMX_ERROR_USAGE, "--set: fidmix %s reads no recipe",
                           cli->verb->name);
    else
        status = check_paths(cli);
    return status;
}

void fmx__cli_release(fmx__cli *cli)
{
    free(cli->given);
    free(cli->path);
    cli->given = NULL;
    cli->path = NULL;
}

const char *fmx__cli_nth(const fmx__cli *cli, const char *name, size_t n)
{
    for (size_t i = 0; i < cli->given_count; ++i) {
        if (strcmp(cli->given[i].option->name, name) == 0 && n-- == 0)
            return cli->given[i].value;
    }
    return NULL;
}

const char *fmx__cli_value(const fmx__cli *cli, const char *name)
{
    return fmx__cli_nth(cli, name, 0);
}

bool fmx__cli_has(const fmx__cli *cli, const char *name)
{
    return fmx__cli_value(cli, name) != NULL;
}

fmx_status fmx__cli_number(fmx__cli *cli, const char *name, double otherwise, double least,
                           double most, double *out)
{
    const char *text = fmx__cli_value(cli, name);
    *out = otherwise;
    if (text == NULL)
        return FMX_OK;
    char *end = NULL;
    double value = strtod(text, &end);
    if (end == text || *end != '\0' || !(value >= least && value <= most))
        return fmx__fail(cli->ctx, FMX_ERROR_USAGE, "%s: \"%s\" is not a number from %g to %g",
                         name, text, least, most);
    *out = value;
    return FMX_OK;
}

fmx_status fmx__cli_integer(fmx__cli *cli, const char *name, int64_t otherwise, int64_t least,
                            int64_t most, int64_t *out)
{
    const char *text = fmx__cli_value(cli, name);
    *out = otherwise;
    if (text == NULL)
        return FMX_OK;
    char *end = NULL;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || value < least || value > most)
        return fmx__fail(cli->ctx, FMX_ERROR_USAGE,
                         "%s: \"%s\" is not a whole number from %lld to %lld", name, text,
                         (long long)least, (long long)most);
    *out = value;
    return FMX_OK;
}

fmx_status fmx__cli_device(fmx__cli *cli, fmx_device **out)
{
    fmx_status status = FMX_OK;
    if (cli->device == NULL)
        status = fmx_device_open(cli->ctx, fmx__cli_value(cli, "--device"), &cli->device);
    if (status == FMX_OK && fmx__cli_has(cli, "--profile"))
        status = fmx_device_profile(cli->device, true);
    *out = cli->device;
    return status;
}
