#include "multiplet_file.h"

#include <math.h>
#include <stdlib.h>

#include <cjson/cJSON.h>

typedef struct reader {
    fmx_context *ctx;
    const char *path;
    fmx__multiplet_file *out;
} reader;

/* Items of a list, 1 to FMX__MULTIPLET_FILE_MOST of them; 0: it is none. */
static size_t items_of(const cJSON *list)
{
    int count = cJSON_IsArray(list) ? cJSON_GetArraySize(list) : 0;
    return count > 0 && count <= FMX__MULTIPLET_FILE_MOST ? (size_t)count : 0;
}

static fmx_status wrong(const reader *r, const char *where, size_t index, const char *expected)
{
    return fmx__fail(r->ctx, FMX_ERROR_FORMAT, "%s: %s[%zu]: %s is expected", r->path, where, index,
                     expected);
}

/* One compound's positions, each a list of areas. */
static fmx_status take_compound(const reader *r, const cJSON *compound, size_t index, double *area)
{
    const fmx__multiplet_file *out = r->out;
    const cJSON *position = NULL;
    const cJSON *line = NULL;
    if (items_of(compound) != out->positions)
        return wrong(r, "singles", index, "a list as long as the others");
    cJSON_ArrayForEach(position, compound)
    {
        if (items_of(position) != out->lines)
            return wrong(r, "singles", index, "as many lines at every position");
        cJSON_ArrayForEach(line, position)
        {
            if (!cJSON_IsNumber(line) || !(line->valuedouble >= 0 && line->valuedouble < 1e6))
                return wrong(r, "singles", index, "an area from 0 to 1e6");
            *area++ = line->valuedouble;
        }
    }
    return FMX_OK;
}

static fmx_status take_singles(const reader *r, const cJSON *root)
{
    fmx__multiplet_file *out = r->out;
    const cJSON *singles = cJSON_GetObjectItemCaseSensitive(root, "singles");
    const cJSON *compound = NULL;
    size_t values = 0;
    size_t index = 0;
    out->compounds = items_of(singles);
    out->positions = out->compounds > 0 ? items_of(singles->child) : 0;
    out->lines = out->positions > 0 ? items_of(singles->child->child) : 0;
    if (out->lines == 0)
        return fmx__fail(r->ctx, FMX_ERROR_FORMAT,
                         "%s: singles: lists of areas, [compound][position][line], are expected, "
                         "at most %d of each",
                         r->path, FMX__MULTIPLET_FILE_MOST);
    bool fits = fmx__size_mul(out->compounds, out->positions, &values) &&
                fmx__size_mul(values, out->lines, &values);
    fmx_status status = fits ? fmx__alloc(r->ctx, values, sizeof *out->area, "areas", &out->area)
                             : wrong(r, "singles", 0, "a shorter list");
    for (compound = singles->child; status == FMX_OK && compound != NULL;
         compound = compound->next) {
        status = take_compound(r, compound, index, out->area + index * out->positions * out->lines);
        ++index;
    }
    return status;
}

static fmx_status take_mixture(const reader *r, const cJSON *mixture, const char *key, size_t index,
                               uint32_t *at)
{
    const cJSON *part = NULL;
    if (items_of(mixture) != r->out->parts)
        return wrong(r, key, index, "as many compounds as in the others");
    cJSON_ArrayForEach(part, mixture)
    {
        double value = cJSON_IsNumber(part) ? part->valuedouble : -1;
        if (!(value >= 0 && value < (double)r->out->compounds) || floor(value) != value)
            return wrong(r, key, index, "a number of a compound, from 0,");
        *at++ = (uint32_t)value;
    }
    return FMX_OK;
}

static fmx_status take_list(const reader *r, const cJSON *root, const char *key,
                            fmx__multiplet_list *out)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(root, key);
    size_t count = items_of(list);
    size_t parts = count > 0 ? items_of(list->child) : 0;
    if (r->out->parts == 0)
        r->out->parts = parts;
    if (parts == 0)
        return fmx__fail(r->ctx, FMX_ERROR_FORMAT,
                         "%s: %s: a list of mixtures, each a list of numbers of compounds, is "
                         "expected",
                         r->path, key);
    fmx_status status = fmx__alloc(r->ctx, count * r->out->parts, sizeof *out->compound, "mixtures",
                                   &out->compound);
    for (const cJSON *mixture = list->child; status == FMX_OK && mixture != NULL;
         mixture = mixture->next) {
        status =
            take_mixture(r, mixture, key, out->count, out->compound + out->count * r->out->parts);
        ++out->count;
    }
    return status;
}

fmx_status fmx__multiplet_file_read(fmx_context *ctx, const char *path, fmx__multiplet_file *out)
{
    const reader r = {ctx, path, out};
    char *text = NULL;
    size_t bytes = 0;
    *out = (fmx__multiplet_file){0};
    fmx_status status = fmx__read_file(ctx, path, FMX__MULTIPLET_FILE_BYTES, &text, &bytes);
    cJSON *root = status == FMX_OK ? cJSON_ParseWithLength(text, bytes) : NULL;
    if (status == FMX_OK && root == NULL)
        status = fmx__fail(ctx, FMX_ERROR_FORMAT, "%s: is not JSON", path);
    if (status == FMX_OK)
        status = take_singles(&r, root);
    if (status == FMX_OK)
        status = take_list(&r, root, "train", &out->train);
    if (status == FMX_OK)
        status = take_list(&r, root, "test", &out->test);
    cJSON_Delete(root);
    free(text);
    return status;
}

void fmx__multiplet_file_clear(fmx__multiplet_file *file)
{
    free(file->area);
    free(file->train.compound);
    free(file->test.compound);
    *file = (fmx__multiplet_file){0};
}
