/* The last step of a run: figures, report, and what was named in the first mixtures. */
#include <stdio.h>
#include <stdlib.h>

#include "evaluate_job.h"
#include "evaluation_output.h"
#include "run_job.h"

enum { SHOWN = 8 };

/* "name proportion" of every class that is there, or is named, in one mixture. */
static void print_side(const fmx__evaluation_input *in, size_t mixture, bool truth)
{
    const char *between = "";
    for (size_t c = 0; c < in->classes; ++c) {
        size_t at = mixture * in->classes + c;
        double there = (double)in->truth[at];
        bool named = (double)in->presence[at] >= in->threshold;
        if (truth ? !(there > 0) : !named)
            continue;
        printf("%s%s", between, in->class_name[c]);
        if (truth)
            printf(" %.2f", there);
        else
            printf(" %.2f%s", (double)in->presence[at], there > 0 ? "" : " (not there)");
        between = ", ";
    }
    printf("%s\n", between[0] == '\0' ? "nothing" : "");
}

/* The table of the first mixtures: what was there, what the network names. */
static void print_named(const fmx__evaluation_input *in)
{
    size_t shown = in->mixtures < SHOWN ? in->mixtures : SHOWN;
    printf("\nThe first %zu of %zu mixtures, by proportion, and what the network names, by "
           "probability:\n",
           shown, in->mixtures);
    for (size_t m = 0; m < shown; ++m) {
        printf("%3zu  there  ", m + 1);
        print_side(in, m, true);
        printf("     named  ");
        print_side(in, m, false);
    }
    printf("\n");
}

fmx_status fmx__run_evaluate(fmx__run_job *job, fmx__run_file mixtures, fmx__run_file report,
                             const char *title)
{
    fmx__evaluate_result result = {0};
    const fmx__evaluation *all[FMX__EVALUATE_METHODS];
    char *csv = NULL;
    char *text = NULL;
    fmx__evaluate_job evaluation = {
        .model = job->path[FMX__RUN_MODEL],
        .mixtures = job->path[mixtures],
        .library = job->path[FMX__RUN_SPECTRA],
        .out = job->path[report],
        .overwrite = true,
    };
    fmx_status status = fmx__format(job->ctx, &csv, "%s.csv", job->path[report]);
    evaluation.csv = csv;
    if (status == FMX_OK)
        status = fmx__cli_device(job->cli, &evaluation.device);
    if (status == FMX_OK)
        status = fmx__evaluate_run(&evaluation, &result);
    for (size_t m = 0; status == FMX_OK && m < result.methods; ++m)
        all[m] = &result.evaluation[m];
    if (status == FMX_OK)
        status = fmx__evaluation_text(job->ctx, all, result.methods, &text);
    if (status == FMX_OK) {
        printf("\n%s: %s\n\n%s", title, job->path[mixtures], text);
        if (report == FMX__RUN_REPORT)
            print_named(&result.input[0]);
        printf("report: %s\n", job->path[report]);
    }
    fmx__evaluate_clear(&result);
    free(text);
    free(csv);
    return status;
}
