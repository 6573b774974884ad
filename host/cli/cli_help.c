#include <string.h>

#include "cli.h"

static void print_options(FILE *to, const fmx__cli_option *options, size_t count)
{
    for (size_t i = 0; i < count; ++i) {
        const char *value = options[i].value != NULL ? options[i].value : "";
        int width = (int)(strlen(options[i].name) + 1 + strlen(value));
        fprintf(to, "  %s %s%*s %s%s\n", options[i].name, value, width < 30 ? 30 - width : 0, "",
                options[i].doc, options[i].repeats ? " (may be repeated)" : "");
    }
}

void fmx__cli_help(FILE *to, const fmx__verb *verb)
{
    if (verb != NULL) {
        fprintf(to, "usage: fidmix %s %s\n\n%s\n", verb->name, verb->usage, verb->summary);
        if (verb->option_count > 0)
            fprintf(to, "\noptions:\n");
        print_options(to, verb->options, verb->option_count);
        fprintf(to, "\nglobal options:\n");
        print_options(to, fmx__global_options, fmx__global_option_count);
        fprintf(to, "\nexamples:\n%s", verb->examples);
        return;
    }
    fprintf(to,
            "fidmix %s: from a folder of raw NMR decays to named compounds\n\n"
            "usage: fidmix COMMAND [ARGUMENTS]\n\ncommands:\n",
            fmx_version());
    for (size_t i = 0; fmx__verbs[i] != NULL; ++i)
        fprintf(to, "  %-10s %s\n", fmx__verbs[i]->name, fmx__verbs[i]->summary);
    fprintf(to, "\nglobal options:\n");
    print_options(to, fmx__global_options, fmx__global_option_count);
    fprintf(to, "\nexit codes: 0 done, 2 usage, 3 bad input, 4 device, 5 output, 130 interrupted\n"
                "\nexamples:\n"
                "  fidmix simulate --spins data/spin_systems.yml --out raw\n"
                "  fidmix process raw --out spectra.h5\n"
                "  fidmix plot spectra.h5 --out spectra.svg\n"
                "\nfidmix COMMAND --help tells more.\n");
}
