/* Figures of a source_evaluation: one by one, and those of names. */
#include <math.h>

#include "source_evaluation.h"

void fmx__source_figure_add(fmx__source_evaluation *out, const fmx__source_figure *figure)
{
    if (out->figures < FMX__SOURCE_FIGURES)
        out->figure[out->figures++] = *figure;
}

double fmx__source_threshold(const fmx__source_evaluation *out)
{
    return isfinite(out->facts.threshold) ? out->facts.threshold : 0.5;
}

fmx_status fmx__source_figures_of_names(fmx_context *ctx, const fmx__evaluation_input *input,
                                        const fmx__figure_name *shown, size_t count,
                                        fmx__source_evaluation *out)
{
    fmx__evaluation evaluation = {0};
    fmx_status status = fmx__evaluate(ctx, input, &evaluation);
    for (size_t i = 0; status == FMX_OK && i < count; ++i) {
        const fmx__figure *f = &evaluation.figure[shown[i]];
        const fmx__figure_info *info = &fmx__figure_infos[shown[i]];
        const fmx__source_figure figure = {info->key, input->method, f->value,
                                           f->low,    f->high,       info->share};
        fmx__source_figure_add(out, &figure);
    }
    fmx__evaluation_clear(&evaluation);
    return status;
}
