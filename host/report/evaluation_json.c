#include <math.h>

#include "evaluation_output.h"
#include "report_json.h"

/* Each function is false when memory ran out. */

static bool add_figures(cJSON *object, const fmx__figure *figure, size_t count)
{
    for (size_t f = 0; f < count; ++f) {
        cJSON *entry = cJSON_AddObjectToObject(object, fmx__figure_infos[f].key);
        if (entry == NULL || !fmx__json_number(entry, "value", figure[f].value) ||
            !fmx__json_number(entry, "low", figure[f].low) ||
            !fmx__json_number(entry, "high", figure[f].high))
            return false;
    }
    return true;
}

static bool add_components(cJSON *object, const fmx__evaluation *e)
{
    cJSON *array = cJSON_AddArrayToObject(object, "by_components");
    for (size_t g = 0; array != NULL && g < e->component_count; ++g) {
        const fmx__component_result *group = &e->component[g];
        cJSON *entry = fmx__json_append(array);
        if (entry == NULL || !fmx__json_number(entry, "components", (double)group->components) ||
            !fmx__json_number(entry, "mixtures", (double)group->mixtures) ||
            !add_figures(entry, group->figure, FMX__FIGURE_SUMS))
            return false;
    }
    return array != NULL;
}

static bool add_classes(cJSON *object, const fmx__evaluation *e)
{
    cJSON *array = cJSON_AddArrayToObject(object, "by_class");
    for (size_t c = 0; array != NULL && c < e->classes; ++c) {
        const fmx__class_result *result = &e->class_result[c];
        cJSON *entry = fmx__json_append(array);
        if (entry == NULL || cJSON_AddStringToObject(entry, "name", e->class_name[c]) == NULL ||
            !fmx__json_number(entry, "present", (double)result->present) ||
            !fmx__json_number(entry, "true_positives", (double)result->true_positives) ||
            !fmx__json_number(entry, "false_positives", (double)result->false_positives) ||
            !fmx__json_number(entry, "misses", (double)result->misses) ||
            !fmx__json_number(entry, "precision", result->precision) ||
            !fmx__json_number(entry, "recall", result->recall) ||
            !fmx__json_number(entry, "f1", result->f1) ||
            !fmx__json_number(entry, "auc", result->auc))
            return false;
    }
    return array != NULL;
}

static bool add_reliability(cJSON *object, const fmx__evaluation *e)
{
    cJSON *array = cJSON_AddArrayToObject(object, "reliability");
    for (size_t b = 0; array != NULL && b < FMX__EVALUATION_BINS; ++b) {
        cJSON *entry = fmx__json_append(array);
        if (entry == NULL || !fmx__json_number(entry, "cells", (double)e->bin[b].cells) ||
            !fmx__json_number(entry, "predicted", e->bin[b].predicted) ||
            !fmx__json_number(entry, "observed", e->bin[b].observed))
            return false;
    }
    return array != NULL;
}

static bool fill(cJSON *object, const fmx__evaluation *e)
{
    return cJSON_AddStringToObject(object, "method", e->method) != NULL &&
           fmx__json_number(object, "mixtures", (double)e->mixtures) &&
           fmx__json_number(object, "classes", (double)e->classes) &&
           fmx__json_number(object, "seed", (double)e->seed) &&
           fmx__json_number(object, "resamples", (double)e->resamples) &&
           fmx__json_number(object, "threshold", e->threshold) &&
           fmx__json_number(object, "pairs", (double)e->pairs) &&
           fmx__json_number(object, "pair_cells", (double)e->pair_cells) &&
           add_figures(object, e->figure, FMX__FIGURE_COUNT) && add_components(object, e) &&
           add_classes(object, e) && add_reliability(object, e);
}

cJSON *fmx__evaluation_json(const fmx__evaluation *const *evaluation, size_t count)
{
    cJSON *object = cJSON_CreateObject();
    if (object == NULL)
        return NULL;
    bool ok = count == 0 || fill(object, evaluation[0]);
    cJSON *baselines = ok ? cJSON_AddArrayToObject(object, "baselines") : NULL;
    for (size_t i = 1; baselines != NULL && ok && i < count; ++i) {
        cJSON *entry = fmx__json_append(baselines);
        ok = entry != NULL && fill(entry, evaluation[i]);
    }
    if (!ok || baselines == NULL) {
        cJSON_Delete(object);
        return NULL;
    }
    return object;
}
