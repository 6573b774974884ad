#include "query_figures.h"

#include <math.h>
#include <stdlib.h>

#include "evaluation.h"

static const fmx__figure_name shown[] = {FMX__FIGURE_F1_MICRO,     FMX__FIGURE_PRECISION_MICRO,
                                         FMX__FIGURE_RECALL_MICRO, FMX__FIGURE_FALSE_POSITIVE_RATE,
                                         FMX__FIGURE_AUC_MICRO,    FMX__FIGURE_CALIBRATION_ERROR};

fmx_status fmx__query_figures(fmx_context *ctx, const fmx__query_judged *judged,
                              fmx__source_evaluation *out)
{
    /* a query's place in its mixture stands for the class: only sums over all cells are shown */
    size_t width = judged->queries < judged->a_mixture ? judged->queries : judged->a_mixture;
    const char **name = NULL;
    fmx__evaluation evaluation = {0};
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
        .threshold = isfinite(out->facts.threshold) ? out->facts.threshold : 0.5,
        .seed = out->seed,
    };
    status = fmx__evaluate(ctx, &input, &evaluation);
    for (size_t i = 0; status == FMX_OK && i < FMX__COUNT(shown); ++i) {
        const fmx__figure *f = &evaluation.figure[shown[i]];
        const fmx__figure_info *info = &fmx__figure_infos[shown[i]];
        if (out->figures < FMX__SOURCE_FIGURES)
            out->figure[out->figures++] = (fmx__source_figure){
                info->key, input.method, f->value, f->low, f->high, info->share};
    }
    fmx__evaluation_clear(&evaluation);
    free(name);
    return status;
}
