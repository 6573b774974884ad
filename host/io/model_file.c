/* Facts of a model: metadata texts to struct and back. */
#include "model_file.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "c_locale.h"

enum { POINTS_MOST = 1 << 24, DEPTH_MOST = 3, VALUES_MOST = 1 << 20 };

static const char own_prefix[] = "fidmix.";

const fmx__model_facts fmx__model_facts_none = {.threshold = NAN};

static fmx_status refuse(fmx_context *ctx, const char *path, const char *key, const char *what)
{
    return fmx__fail(ctx, FMX_ERROR_FORMAT, "%s: metadata fidmix.%s: %s", path, key, what);
}

static fmx_status no_memory(fmx_context *ctx)
{
    return fmx__fail(ctx, FMX_ERROR_MEMORY, "out of memory for the metadata of a model");
}

/* A copy of the text of a key in *out; NULL where there is none. */
static fmx_status take_text(fmx_context *ctx, const fmx__safetensors *file, const char *key,
                            char **out)
{
    const char *text = fmx__safetensors_text(file, key);
    return text != NULL ? fmx__format(ctx, out, "%s", text) : FMX_OK;
}

/* Few enough levels and values for the parser's recursion and memory. */
static bool is_modest(const char *text)
{
    size_t depth = 0;
    size_t values = 0;
    bool quoted = false;
    for (const char *at = text; *at != '\0'; ++at) {
        if (quoted) {
            quoted = *at != '"';
            at += *at == '\\' && at[1] != '\0';
        } else if (*at == '"') {
            quoted = true;
        } else if (*at == '[' || *at == '{' || *at == ',') {
            depth += *at != ',';
            ++values;
        } else if ((*at == ']' || *at == '}') && depth > 0) {
            --depth;
        }
        if (depth > DEPTH_MOST || values > VALUES_MOST)
            return false;
    }
    return true;
}

/* The text of a key as JSON of one kind in *out (cJSON_Delete); NULL where there is none. */
static fmx_status take_json(fmx_context *ctx, const char *path, const fmx__safetensors *file,
                            const char *name, cJSON_bool (*is)(const cJSON *), const char *kind,
                            cJSON **out)
{
    char key[64];
    snprintf(key, sizeof key, "%s%s", own_prefix, name);
    const char *text = fmx__safetensors_text(file, key);
    *out = NULL;
    if (text == NULL)
        return FMX_OK;
    if (is_modest(text))
        *out = cJSON_ParseWithOpts(text, NULL, 1);
    if (*out != NULL && is(*out))
        return FMX_OK;
    cJSON_Delete(*out);
    *out = NULL;
    return refuse(ctx, path, name, kind);
}

static fmx_status take_classes(fmx_context *ctx, const char *path, const fmx__safetensors *file,
                               fmx__model_facts *out)
{
    static const char wrong[] = "a JSON list of at most 65536 names is expected";
    cJSON *list = NULL;
    const cJSON *item = NULL;
    fmx_status status = take_json(ctx, path, file, "classes", cJSON_IsArray, wrong, &list);
    size_t count = list != NULL ? (size_t)cJSON_GetArraySize(list) : 0;
    if (status == FMX_OK && count > FMX__MODEL_CLASSES_MOST)
        status = refuse(ctx, path, "classes", wrong);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, count, sizeof *out->class_name, "class names", &out->class_name);
    cJSON_ArrayForEach(item, list)
    {
        if (status == FMX_OK && (!cJSON_IsString(item) || item->valuestring[0] == '\0'))
            status = refuse(ctx, path, "classes", wrong);
        if (status == FMX_OK)
            status = fmx__format(ctx, &out->class_name[out->classes], "%s", item->valuestring);
        if (status != FMX_OK)
            break;
        ++out->classes;
    }
    cJSON_Delete(list);
    return status;
}

static bool take_number(const cJSON *map, const char *key, double least, double most, double *out)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(map, key);
    *out = cJSON_IsNumber(item) ? item->valuedouble : NAN;
    return *out >= least && *out <= most;
}

static fmx_status take_axis(fmx_context *ctx, const char *path, const fmx__safetensors *file,
                            fmx__model_axis *out)
{
    static const char wrong[] =
        "{\"nucleus\": TEXT, \"first_ppm\": NUMBER, \"last_ppm\": NUMBER, \"points\": 2 to "
        "16777216} is expected, first_ppm above last_ppm";
    cJSON *map = NULL;
    double points = 0;
    fmx_status status = take_json(ctx, path, file, "axis", cJSON_IsObject, wrong, &map);
    if (status != FMX_OK || map == NULL)
        return status;
    const cJSON *nucleus = cJSON_GetObjectItemCaseSensitive(map, "nucleus");
    if (!cJSON_IsString(nucleus) || strlen(nucleus->valuestring) >= sizeof out->nucleus ||
        !take_number(map, "first_ppm", -1000, 1000, &out->first_ppm) ||
        !take_number(map, "last_ppm", -1000, 1000, &out->last_ppm) ||
        !take_number(map, "points", 2, POINTS_MOST, &points) || points != floor(points) ||
        out->first_ppm <= out->last_ppm) {
        status = refuse(ctx, path, "axis", wrong);
    } else {
        strcpy(out->nucleus, nucleus->valuestring);
        out->points = (size_t)points;
    }
    cJSON_Delete(map);
    return status;
}

static fmx_status take_threshold(fmx_context *ctx, const char *path, const fmx__safetensors *file,
                                 double *out)
{
    cJSON *number = NULL;
    fmx_status status = take_json(ctx, path, file, "threshold", cJSON_IsNumber,
                                  "a number from 0 to 1 is expected", &number);
    if (status != FMX_OK || number == NULL)
        return status;
    *out = number->valuedouble;
    cJSON_Delete(number);
    return *out >= 0 && *out <= 1
               ? FMX_OK
               : refuse(ctx, path, "threshold", "a number from 0 to 1 is expected");
}

/* ---- layers -----------------------------------------------------------------------------------
 */

static fmx_status add_layer(fmx_context *ctx, fmx__model_facts *facts, size_t *capacity,
                            const char *name, size_t length, const char *op)
{
    if (facts->layers == FMX__MODEL_LAYERS_MOST)
        return fmx__fail(ctx, FMX_ERROR_UNSUPPORTED, "a model of more than %d layers",
                         FMX__MODEL_LAYERS_MOST);
    fmx_status status = FMX_OK;
    if (facts->layers == *capacity)
        status = fmx__grow(ctx, &facts->layer, capacity, 2 * *capacity + 16, sizeof *facts->layer,
                           "layers");
    if (status != FMX_OK)
        return status;
    fmx__model_layer *layer = &facts->layer[facts->layers++];
    status = fmx__format(ctx, &layer->name, "%.*s", (int)length, name);
    return status == FMX_OK ? fmx__format(ctx, &layer->op, "%s", op) : status;
}

static bool take_layer_shape(const cJSON *list, fmx__model_layer *layer)
{
    const cJSON *axis = NULL;
    if (!cJSON_IsArray(list) || cJSON_GetArraySize(list) > FMX__TENSOR_RANK_MOST)
        return false;
    cJSON_ArrayForEach(axis, list)
    {
        if (!cJSON_IsNumber(axis) || !(axis->valuedouble >= 0 && axis->valuedouble < 9e15))
            return false;
        layer->shape[layer->rank++] = (size_t)axis->valuedouble;
    }
    return true;
}

static fmx_status take_layers(fmx_context *ctx, const char *path, const fmx__safetensors *file,
                              fmx__model_facts *out, size_t *capacity)
{
    static const char wrong[] =
        "a JSON list of {\"name\": TEXT, \"op\": TEXT, \"shape\": [...]} is expected";
    cJSON *list = NULL;
    const cJSON *item = NULL;
    fmx_status status = take_json(ctx, path, file, "layers", cJSON_IsArray, wrong, &list);
    cJSON_ArrayForEach(item, list)
    {
        const cJSON *name = cJSON_GetObjectItemCaseSensitive(item, "name");
        const cJSON *op = cJSON_GetObjectItemCaseSensitive(item, "op");
        if (!cJSON_IsString(name) || !cJSON_IsString(op) || strlen(name->valuestring) > 4096)
            status = refuse(ctx, path, "layers", wrong);
        if (status == FMX_OK)
            status = add_layer(ctx, out, capacity, name->valuestring, strlen(name->valuestring),
                               op->valuestring);
        if (status == FMX_OK && !take_layer_shape(cJSON_GetObjectItemCaseSensitive(item, "shape"),
                                                  &out->layer[out->layers - 1]))
            status = refuse(ctx, path, "layers", wrong);
        if (status != FMX_OK)
            break;
    }
    cJSON_Delete(list);
    return status;
}

static bool ends_in(const char *text, const char *ending)
{
    size_t n = strlen(text);
    size_t m = strlen(ending);
    return n >= m && strcmp(text + n - m, ending) == 0;
}

bool fmx__model_is_parameter(const char *tensor)
{
    return strncmp(tensor, own_prefix, sizeof own_prefix - 1) != 0 &&
           !ends_in(tensor, ".num_batches_tracked");
}

bool fmx__model_is_trainable(const char *tensor)
{
    return fmx__model_is_parameter(tensor) && !ends_in(tensor, ".running_mean") &&
           !ends_in(tensor, ".running_var");
}

/* What a layer of others does, as far as its tensors tell; "" otherwise. */
static const char *guess_op(const fmx__tensor_entry *tensor)
{
    if (ends_in(tensor->name, ".running_mean"))
        return "batch_norm";
    if (!ends_in(tensor->name, ".weight"))
        return "";
    return tensor->rank == 3 ? "conv1d" : tensor->rank == 2 ? "dense" : "";
}

/* The layer called by the `length` bytes at name; `layers` where there is none. */
static size_t find_layer(const fmx__model_facts *facts, const char *name, size_t length,
                         size_t latest)
{
    for (size_t k = 0; k < facts->layers; ++k) {
        size_t i = (latest + k) % facts->layers; /* a layer's tensors mostly stand together */
        if (strncmp(facts->layer[i].name, name, length) == 0 &&
            facts->layer[i].name[length] == '\0')
            return i;
    }
    return facts->layers;
}

static fmx_status count_tensors(fmx_context *ctx, const fmx__safetensors *file,
                                fmx__model_facts *out, size_t *capacity)
{
    size_t at = 0;
    for (size_t i = 0; i < fmx__safetensors_count(file); ++i) {
        const fmx__tensor_entry *tensor = fmx__safetensors_at(file, i);
        const char *dot = strrchr(tensor->name, '.');
        size_t length = dot != NULL ? (size_t)(dot - tensor->name) : strlen(tensor->name);
        if (!fmx__model_is_parameter(tensor->name))
            continue;
        length = length > 4096 ? 4096 : length;
        at = find_layer(out, tensor->name, length, at);
        if (at == out->layers) {
            fmx_status status = add_layer(ctx, out, capacity, tensor->name, length, "");
            if (status != FMX_OK)
                return status;
        }
        fmx__model_layer *layer = &out->layer[at];
        if (layer->op[0] == '\0' && guess_op(tensor)[0] != '\0') {
            free(layer->op);
            fmx_status status = fmx__format(ctx, &layer->op, "%s", guess_op(tensor));
            if (status != FMX_OK)
                return status;
        }
        layer->parameters += tensor->values;
        out->parameters += tensor->values;
        out->trainable_parameters += fmx__model_is_trainable(tensor->name) ? tensor->values : 0;
    }
    return FMX_OK;
}

/* ---- the whole --------------------------------------------------------------------------------
 */

fmx_status fmx__model_facts_read(fmx_context *ctx, const char *path, const fmx__safetensors *file,
                                 fmx__model_facts *out)
{
    size_t capacity = 0;
    *out = fmx__model_facts_none;
    fmx_status status = take_text(ctx, file, "fidmix.version", &out->version);
    if (status == FMX_OK)
        status = take_text(ctx, file, "fidmix.recipe", &out->recipe);
    if (status == FMX_OK)
        status = take_text(ctx, file, "fidmix.tile_set", &out->tile_set);
    if (status == FMX_OK)
        status = take_text(ctx, file, "fidmix.history", &out->history);
    if (status == FMX_OK)
        status = take_classes(ctx, path, file, out);
    if (status == FMX_OK)
        status = take_axis(ctx, path, file, &out->axis);
    if (status == FMX_OK)
        status = take_threshold(ctx, path, file, &out->threshold);
    if (status == FMX_OK)
        status = take_layers(ctx, path, file, out, &capacity);
    return status == FMX_OK ? count_tensors(ctx, file, out, &capacity) : status;
}

void fmx__model_facts_clear(fmx__model_facts *facts)
{
    for (size_t i = 0; facts->class_name != NULL && i < facts->classes; ++i)
        free(facts->class_name[i]);
    for (size_t i = 0; i < facts->layers; ++i) {
        free(facts->layer[i].name);
        free(facts->layer[i].op);
    }
    free(facts->class_name);
    free(facts->layer);
    free(facts->version);
    free(facts->recipe);
    free(facts->tile_set);
    free(facts->history);
    *facts = fmx__model_facts_none;
}

static cJSON *axis_json(const fmx__model_axis *axis)
{
    cJSON *map = cJSON_CreateObject();
    cJSON_AddStringToObject(map, "nucleus", axis->nucleus);
    cJSON_AddNumberToObject(map, "first_ppm", axis->first_ppm);
    cJSON_AddNumberToObject(map, "last_ppm", axis->last_ppm);
    cJSON_AddNumberToObject(map, "points", (double)axis->points);
    return map;
}

static cJSON *layers_json(const fmx__model_facts *facts)
{
    cJSON *list = cJSON_CreateArray();
    for (size_t i = 0; i < facts->layers; ++i) {
        const fmx__model_layer *layer = &facts->layer[i];
        cJSON *item = cJSON_CreateObject();
        cJSON_AddStringToObject(item, "name", layer->name);
        cJSON_AddStringToObject(item, "op", layer->op != NULL ? layer->op : "");
        cJSON *shape = cJSON_AddArrayToObject(item, "shape");
        for (size_t k = 0; k < layer->rank; ++k)
            cJSON_AddItemToArray(shape, cJSON_CreateNumber((double)layer->shape[k]));
        cJSON_AddItemToArray(list, item);
    }
    return list;
}

static cJSON *classes_json(const fmx__model_facts *facts)
{
    cJSON *list = cJSON_CreateArray();
    for (size_t i = 0; i < facts->classes; ++i)
        cJSON_AddItemToArray(list, cJSON_CreateString(facts->class_name[i]));
    return list;
}

/* Appends a key with a copy of `text` (NULL: not stated, nothing is appended). */
static fmx_status put_text(fmx_context *ctx, const char *key, const char *text, fmx__text_pair *to,
                           size_t *count)
{
    char *copy = NULL;
    if (text == NULL)
        return FMX_OK;
    fmx_status status = fmx__format(ctx, &copy, "%s", text);
    if (status == FMX_OK)
        to[(*count)++] = (fmx__text_pair){key, copy};
    return status;
}

/* The same with JSON, which is released. */
static fmx_status put_json(fmx_context *ctx, const char *key, cJSON *value, fmx__text_pair *to,
                           size_t *count)
{
    char *text = value != NULL ? cJSON_PrintUnformatted(value) : NULL;
    fmx_status status = text != NULL ? put_text(ctx, key, text, to, count) : no_memory(ctx);
    cJSON_free(text);
    cJSON_Delete(value);
    return status;
}

/* A number that comes back bit for bit: cJSON's own 15 digits may lose the last one. */
static cJSON *exact_json(double value)
{
    char text[40];
    fmx__c_locale locale;
    fmx__c_locale_enter(&locale);
    snprintf(text, sizeof text, "%.17g", value);
    fmx__c_locale_leave(&locale);
    return cJSON_CreateRaw(text);
}

fmx_status fmx__model_metadata(fmx_context *ctx, const fmx__model_facts *facts,
                               fmx__text_pair **out, size_t *count)
{
    enum { KEYS = 8 };
    fmx__text_pair *to = NULL;
    size_t n = 0;
    *out = NULL;
    *count = 0;
    fmx_status status = fmx__alloc(ctx, KEYS, sizeof *to, "metadata of a model", &to);
    if (status == FMX_OK)
        status = put_text(ctx, "fidmix.version", FMX_VERSION, to, &n);
    if (status == FMX_OK)
        status = put_text(ctx, "fidmix.recipe", facts->recipe, to, &n);
    if (status == FMX_OK)
        status = put_text(ctx, "fidmix.tile_set", facts->tile_set, to, &n);
    if (status == FMX_OK)
        status = put_text(ctx, "fidmix.history", facts->history, to, &n);
    if (status == FMX_OK && facts->classes > 0)
        status = put_json(ctx, "fidmix.classes", classes_json(facts), to, &n);
    if (status == FMX_OK && facts->axis.points > 0)
        status = put_json(ctx, "fidmix.axis", axis_json(&facts->axis), to, &n);
    if (status == FMX_OK && !isnan(facts->threshold))
        status = put_json(ctx, "fidmix.threshold", exact_json(facts->threshold), to, &n);
    if (status == FMX_OK && facts->layers > 0)
        status = put_json(ctx, "fidmix.layers", layers_json(facts), to, &n);
    if (status != FMX_OK) {
        fmx__model_metadata_clear(to, n);
        return status;
    }
    *out = to;
    *count = n;
    return FMX_OK;
}

void fmx__model_metadata_clear(fmx__text_pair *metadata, size_t count)
{
    for (size_t i = 0; metadata != NULL && i < count; ++i)
        free((char *)metadata[i].text);
    free(metadata);
}

fmx_status fmx__model_check_axis(fmx_context *ctx, const fmx__model_facts *facts, const char *what,
                                 const fmx__model_axis *axis)
{
    const fmx__model_axis *m = &facts->axis;
    if (m->points == 0)
        return FMX_OK;
    double half_ppm = 0.5 * (m->first_ppm - m->last_ppm) / (double)(m->points - 1);
    if (strcmp(m->nucleus, axis->nucleus) != 0)
        return fmx__fail(ctx, FMX_ERROR_SHAPE,
                         "%s: nucleus %s, but the model knows %s; use a model of that nucleus",
                         what, axis->nucleus, m->nucleus);
    if (m->points != axis->points || !(fabs(m->first_ppm - axis->first_ppm) <= half_ppm) ||
        !(fabs(m->last_ppm - axis->last_ppm) <= half_ppm))
        return fmx__fail(ctx, FMX_ERROR_SHAPE,
                         "%s: %zu points from %g to %g ppm, but the model takes %zu from %g to %g "
                         "ppm; process the FIDs with the recipe inside the model",
                         what, axis->points, axis->first_ppm, axis->last_ppm, m->points,
                         m->first_ppm, m->last_ppm);
    return FMX_OK;
}
