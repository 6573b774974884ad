#include "query_figures.h"

#include <stdlib.h>

static const fmx__figure_name shown[] = {FMX__FIGURE_F1_MICRO,     FMX__FIGURE_PRECISION_MICRO,
                                         FMX__FIGURE_RECALL_MICRO, FMX__FIGURE_FALSE_POSITIVE_RATE,
                                         FMX__FIGURE_AUC_MICRO,    FMX__FIGURE_CALIBRATION_ERROR};

fmx_status fmx__query_figures(fmx_context *ctx, const fmx__query_judged *judged,
                              fmx__source_evaluation *out)
{
    /* a query's place in its mixture stands for the class: only sums over all cells are shown */
    size_t width = judged->queries < judged->a_mixture ? judged->queries : judged->a_mixture;
    const char **name = NULL;
    fmx_status status = fmx__alloc(ctx, width, sizeof *name, "names", &name);
    if (status != FMX_OK)
        return status;
    for (size_t i = 0; i < width; ++i)
        name[i] = "query";
    const fmx__evaluation_input input = {
        .method = "network",
        .mixtures = judged->queries / width,
        .classes = width,
        .class_name = name,
        .truth = judged->truth,
        .presence = judged->probability,
        .threshold = fmx__source_threshold(out),
        .seed = out->seed,
    };
    status = fmx__source_figures_of_names(ctx, &input, shown, FMX__COUNT(shown), out);
    free(name);
    return status;
}
