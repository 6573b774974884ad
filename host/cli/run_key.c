/* What an output of a run depends on, as text. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "run_job.h"

/* The recipe with the named sections only. */
static fmx_status section_text(const fmx__run_job *job, const char *const *sections, char **out)
{
    fmx__recipe part = job->recipe;
    part.part = NULL;
    fmx_status status = fmx__alloc(job->ctx, job->recipe.part_count, sizeof *part.part,
                                   "sections of a recipe", &part.part);
    if (status != FMX_OK)
        return status;
    memcpy(part.part, job->recipe.part, job->recipe.part_count * sizeof *part.part);
    for (size_t i = 0; i < part.part_count; ++i) {
        const char *name = part.part[i].section->name;
        bool wanted = false;
        for (size_t k = 0; sections[k] != NULL; ++k) {
            size_t length = strlen(sections[k]);
            wanted = wanted || (strncmp(name, sections[k], length) == 0 &&
                                (name[length] == '\0' || name[length] == '.'));
        }
        part.part[i].given = part.part[i].given && wanted;
    }
    status = fmx__recipe_text(job->ctx, &part, out);
    free(part.part);
    return status;
}

fmx_status fmx__run_inputs(const fmx__run_job *job, const char *const *sections,
                           const fmx__run_file *inputs, size_t input_count, char **out)
{
    char *recipe = NULL;
    fmx_status status = section_text(job, sections, &recipe);
    if (status == FMX_OK)
        status = fmx__format(job->ctx, out, "fidmix %s\n%s", fmx_version(), recipe);
    for (size_t i = 0; status == FMX_OK && i < input_count; ++i) {
        struct stat facts = {0};
        char *longer = NULL;
        if (stat(job->path[inputs[i]], &facts) != 0)
            status =
                fmx__fail(job->ctx, FMX_ERROR_READ, "%s: cannot be read", job->path[inputs[i]]);
        if (status == FMX_OK)
            status = fmx__format(job->ctx, &longer, "%s%s: %lld bytes, changed %lld.%09ld\n", *out,
                                 job->path[inputs[i]], (long long)facts.st_size,
                                 (long long)facts.st_mtim.tv_sec, facts.st_mtim.tv_nsec);
        if (status == FMX_OK) {
            free(*out);
            *out = longer;
        }
    }
    free(recipe);
    return status;
}
