#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "c_locale.h"
#include "evaluation_output.h"

enum { TITLE = 54, COLUMN = 28 }; /* characters */

/* "98.8 % (97.9-99.5)" or "0.0123 (0.0110-0.0140)"; "-" where undefined. */
static void print_figure(FILE *file, const fmx__figure_info *info, const fmx__figure *figure)
{
    char text[64];
    if (isnan(figure->value))
        snprintf(text, sizeof text, "-");
    else if (info->share)
        snprintf(text, sizeof text, "%.1f %% (%.1f-%.1f)", 100 * figure->value, 100 * figure->low,
                 100 * figure->high);
    else
        snprintf(text, sizeof text, "%.4f (%.4f-%.4f)", figure->value, figure->low, figure->high);
    fprintf(file, "%*s", COLUMN, text);
}

static void print_heading(FILE *file, const char *title, const fmx__evaluation *const *evaluation,
                          size_t count)
{
    fprintf(file, "%-*s", TITLE, title);
    for (size_t i = 0; i < count; ++i)
        fprintf(file, "%*s", COLUMN, evaluation[i]->method);
    putc('\n', file);
}

static bool undefined_for_all(const fmx__evaluation *const *evaluation, size_t count, size_t f)
{
    for (size_t i = 0; i < count; ++i)
        if (!isnan(evaluation[i]->figure[f].value))
            return false;
    return true;
}

static void print_figures(FILE *file, const fmx__evaluation *const *evaluation, size_t count)
{
    for (size_t f = 0; f < FMX__FIGURE_COUNT; ++f) {
        if (undefined_for_all(evaluation, count, f))
            continue;
        fprintf(file, "%-*s", TITLE, fmx__figure_infos[f].title);
        for (size_t i = 0; i < count; ++i)
            print_figure(file, &fmx__figure_infos[f], &evaluation[i]->figure[f]);
        putc('\n', file);
    }
}

static void print_components(FILE *file, const fmx__evaluation *const *evaluation, size_t count)
{
    static const fmx__figure_name shown[] = {FMX__FIGURE_TOP_K, FMX__FIGURE_EXACT_MATCH,
                                             FMX__FIGURE_F1_MICRO, FMX__FIGURE_FALSE_POSITIVE_RATE};
    static const char *const titles[] = {"constituent among the k most probable",
                                         "without any error", "F1", "false positive rate"};
    for (size_t g = 0; g < evaluation[0]->component_count; ++g) {
        const fmx__component_result *group = &evaluation[0]->component[g];
        fprintf(file, "\n%zu mixture%s of %zu compound%s\n", group->mixtures,
                group->mixtures == 1 ? "" : "s", group->components,
                group->components == 1 ? "" : "s");
        for (size_t s = 0; s < FMX__COUNT(shown); ++s) {
            if (isnan(group->figure[shown[s]].value))
                continue;
            fprintf(file, "  %-*s", TITLE - 2, titles[s]);
            for (size_t i = 0; i < count; ++i)
                print_figure(file, &fmx__figure_infos[shown[s]],
                             &evaluation[i]->component[g].figure[shown[s]]);
            putc('\n', file);
        }
    }
}

fmx_status fmx__evaluation_text(fmx_context *ctx, const fmx__evaluation *const *evaluation,
                                size_t count, char **out)
{
    char *text = NULL;
    char title[96];
    size_t bytes = 0;
    fmx__c_locale locale;
    FILE *file = open_memstream(&text, &bytes);
    if (file == NULL)
        return fmx__fail(ctx, FMX_ERROR_MEMORY, "out of memory for the table of an evaluation");
    snprintf(title, sizeof title, "%zu mixtures, %zu classes (95 %% intervals)",
             evaluation[0]->mixtures, evaluation[0]->classes);
    fmx__c_locale_enter(&locale);
    print_heading(file, title, evaluation, count);
    fprintf(file, "%-*s", TITLE, "threshold");
    for (size_t i = 0; i < count; ++i)
        fprintf(file, "%*.4g", COLUMN, evaluation[i]->threshold);
    putc('\n', file);
    print_figures(file, evaluation, count);
    print_components(file, evaluation, count);
    fmx__c_locale_leave(&locale);
    bool failed = ferror(file) != 0;
    if (fclose(file) != 0 || failed) {
        free(text);
        return fmx__fail(ctx, FMX_ERROR_MEMORY, "out of memory for the table of an evaluation");
    }
    *out = text;
    return FMX_OK;
}
