#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "process.h"
#include "signal_internal.h"

static size_t next_power_of_two(size_t n)
{
    size_t power = 1;
    while (power < n)
        power *= 2;
    return power;
}

static fmx_status add_failure(fmx_context *ctx, fmx__process_survey *survey, const char *path,
                              const char *reason)
{
    fmx_status status =
        fmx__grow(ctx, &survey->failure, &survey->failure_capacity, survey->failure_count + 1,
                  sizeof *survey->failure, "the list of failures");
    if (status != FMX_OK)
        return status;
    fmx__process_failure *failure = &survey->failure[survey->failure_count];
    status = fmx__format(ctx, &failure->path, "%s", path);
    if (status == FMX_OK)
        status = fmx__format(ctx, &failure->reason, "%s", reason);
    if (status == FMX_OK)
        ++survey->failure_count;
    else
        free(failure->path);
    return status;
}

static fmx_status find_group(fmx_context *ctx, fmx__process_survey *survey, const char *nucleus,
                             fmx__process_group **out)
{
    for (size_t i = 0; i < survey->count; ++i) {
        if (strcmp(survey->group[i].nucleus, nucleus) == 0) {
            *out = &survey->group[i];
            return FMX_OK;
        }
    }
    fmx_status status = fmx__grow(ctx, &survey->group, &survey->capacity, survey->count + 1,
                                  sizeof *survey->group, "the groups of nuclei");
    if (status != FMX_OK)
        return status;
    *out = &survey->group[survey->count++];
    **out = (fmx__process_group){0};
    snprintf((*out)->nucleus, sizeof(*out)->nucleus, "%s", nucleus);
    return FMX_OK;
}

/* Takes the data of a FID along when there is room for them. */
static void keep(fmx__process_survey *survey, fmx__process_item *item, fmx_fid *fid)
{
    size_t bytes = fid->points * sizeof *fid->data * (fid->is_complex ? 2 : 1);
    if (bytes > survey->room)
        return;
    survey->room -= bytes;
    item->kept = *fid;
    *fid = (fmx_fid){0};
}

static fmx_status add_item(fmx_context *ctx, fmx__process_survey *survey, const fmx_source *source,
                           fmx_fid *fid)
{
    fmx__process_group *group = NULL;
    bool is_fid = fid->kind == FMX_KIND_FID;
    fmx_status status =
        find_group(ctx, survey, fid->nucleus[0] != '\0' ? fid->nucleus : "1H", &group);
    if (status == FMX_OK)
        status = fmx__grow(ctx, &group->item, &group->capacity, group->count + 1,
                           sizeof *group->item, "the list of FIDs");
    if (status != FMX_OK)
        return status;
    group->item[group->count] = (fmx__process_item){
        .source = source,
        .row = group->count,
        .stride = is_fid ? next_power_of_two(fid->points) : fid->points,
        .is_complex = fid->is_complex,
        .domain = is_fid ? FMX_DOMAIN_TIME : FMX_DOMAIN_FREQUENCY,
    };
    keep(survey, &group->item[group->count++], fid);
    return FMX_OK;
}

static fmx_status survey_one(fmx_context *ctx, const fmx_source *source,
                             fmx__process_survey *survey)
{
    fmx_fid fid = {0};
    fmx_status status = fmx_fid_read(ctx, source, FMX_READ_DATA, &fid);
    if (status == FMX_OK && (fid.points == 0 || fid.points > FMX__MOST_POINTS))
        status = fmx__fail(ctx, FMX_ERROR_SHAPE, "%zu points; 1 to %zu can be processed",
                           fid.points, (size_t)FMX__MOST_POINTS);
    if (status == FMX_OK)
        status = add_item(ctx, survey, source, &fid);
    else if (fmx__is_bad_input(status))
        status = add_failure(ctx, survey, source->path, fmx_context_message(ctx));
    fmx_fid_clear(&fid);
    return status;
}

fmx_status fmx__process_survey_sources(fmx_context *ctx, const fmx_source_list *sources,
                                       size_t keep_bytes, fmx__process_survey *out)
{
    fmx_status status = FMX_OK;
    *out = (fmx__process_survey){.room = keep_bytes};
    for (size_t i = 0; status == FMX_OK && i < sources->count; ++i) {
        fmx__progress(ctx, "survey", i, sources->count);
        status = fmx__check_interrupt(ctx);
        if (status == FMX_OK)
            status = survey_one(ctx, &sources->item[i], out);
    }
    fmx__progress(ctx, "survey", sources->count, sources->count);
    return status;
}

void fmx__process_survey_clear(fmx__process_survey *survey)
{
    for (size_t i = 0; i < survey->count; ++i) {
        for (size_t k = 0; k < survey->group[i].count; ++k)
            fmx_fid_clear(&survey->group[i].item[k].kept);
        free(survey->group[i].item);
    }
    for (size_t i = 0; i < survey->failure_count; ++i) {
        free(survey->failure[i].path);
        free(survey->failure[i].reason);
    }
    free(survey->group);
    free(survey->failure);
    *survey = (fmx__process_survey){0};
}
