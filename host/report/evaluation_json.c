#include <math.h>

#include "evaluation_output.h"

/* cJSON prints NaN as null. Each function is false when memory ran out. */

static bool add_number(cJSON *object, const char *key, double value)
{
    return cJSON_AddNumberToObject(object, key, value) != NULL;
}

static bool add_figures(cJSON *object, const fmx__figure *figure, size_t count)
{
    for (size_t f = 0; f < count; ++f) {
        cJSON *entry = cJSON_AddObjectToObject(object, fmx__figure_infos[f].key);
        if (entry == NULL || !add_number(entry, "value", figure[f].value) ||
            !add_number(entry, "low", figure[f].low) || !add_number(entry, "high", figure[f].high))
            return false;
    }
    return true;
}

/* A new object at the end of an array; NULL when memory ran out. */
static cJSON *append(cJSON *array)
{
    cJSON *object = cJSON_CreateObject();
    if (object != NULL && !cJSON_AddItemToArray(array, object)) {
        cJSON_Delete(object);
        return NULL;
    }
    return object;
}

static bool add_components(cJSON *object, const fmx__evaluation *e)
{
    cJSON *array = cJSON_AddArrayToObject(object, "by_components");
    for (size_t g = 0; array != NULL && g < e->component_count; ++g) {
        const fmx__component_result *group = &e->component[g];
        cJSON *entry = append(array);
        if (entry == NULL || !add_number(entry, "components", (double)group->components) ||
            !add_number(entry, "mixtures", (double)group->mixtures) ||
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
        cJSON *entry = append(array);
        if (entry == NULL || cJSON_AddStringToObject(entry, "name", e->class_name[c]) == NULL ||
            !add_number(entry, "present", (double)result->present) ||
            !add_number(entry, "true_positives", (double)result->true_positives) ||
            !add_number(entry, "false_positives", (double)result->false_positives) ||
            !add_number(entry, "misses", (double)result->misses) ||
            !add_number(entry, "precision", result->precision) ||
            !add_number(entry, "recall", result->recall) || !add_number(entry, "f1", result->f1) ||
            !add_number(entry, "auc", result->auc))
            return false;
    }
    return array != NULL;
}

static bool add_reliability(cJSON *object, const fmx__evaluation *e)
{
    cJSON *array = cJSON_AddArrayToObject(object, "reliability");
    for (size_t b = 0; array != NULL && b < FMX__EVALUATION_BINS; ++b) {
        cJSON *entry = append(array);
        if (entry == NULL || !add_number(entry, "cells", (double)e->bin[b].cells) ||
            !add_number(entry, "predicted", e->bin[b].predicted) ||
            !add_number(entry, "observed", e->bin[b].observed))
            return false;
    }
    return array != NULL;
}

static bool fill(cJSON *object, const fmx__evaluation *e)
{
    return cJSON_AddStringToObject(object, "method", e->method) != NULL &&
           add_number(object, "mixtures", (double)e->mixtures) &&
           add_number(object, "classes", (double)e->classes) &&
           add_number(object, "seed", (double)e->seed) &&
           add_number(object, "resamples", (double)e->resamples) &&
           add_number(object, "threshold", e->threshold) &&
           add_number(object, "pairs", (double)e->pairs) &&
           add_number(object, "pair_cells", (double)e->pair_cells) &&
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
        cJSON *entry = append(baselines);
        ok = entry != NULL && fill(entry, evaluation[i]);
    }
    if (!ok || baselines == NULL) {
        cJSON_Delete(object);
        return NULL;
    }
    return object;
}
