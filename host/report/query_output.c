/* A query model's answer as JSON and as a table. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "query_report.h"
#include "report_json.h"
#include "text_encoding.h"

/* Each function is false when memory ran out. */

/* File names are bytes, JSON is UTF-8. */
static bool add_path(fmx_context *ctx, cJSON *object, const char *key, const char *path)
{
    char *text = NULL;
    bool good = fmx__text_to_utf8(ctx, path, strlen(path), &text) == FMX_OK;
    cJSON *string = good ? cJSON_CreateString(text) : NULL;
    free(text);
    good = string != NULL && (key != NULL ? cJSON_AddItemToObject(object, key, string)
                                          : cJSON_AddItemToArray(object, string));
    if (!good)
        cJSON_Delete(string);
    return good;
}

static bool add_multiplets(cJSON *object, const fmx__found_compound *c)
{
    cJSON *array = cJSON_AddArrayToObject(object, "multiplets");
    for (size_t i = 0; array != NULL && i < c->multiplets; ++i) {
        const fmx__found_multiplet *m = &c->multiplet[i];
        cJSON *one = fmx__json_append(array);
        if (one == NULL || !fmx__json_number(one, "ppm", m->ppm) ||
            !fmx__json_number(one, "protons", m->protons) ||
            !fmx__json_number(one, "shift_ppm", m->shift_ppm) ||
            !fmx__json_number(one, "share", m->share) ||
            !fmx__json_number(one, "residual", m->residual) ||
            !fmx__json_number(one, "correlation", m->correlation) ||
            !fmx__json_number(one, "overlap", m->overlap))
            return false;
    }
    return array != NULL;
}

static bool add_doubts(cJSON *object, const fmx__found_compound *c)
{
    char doubt[FMX__FOUND_DOUBTS][FMX__FOUND_DOUBT_BYTES];
    size_t count = fmx__found_doubts(c, doubt);
    cJSON *array = cJSON_AddArrayToObject(object, "against");
    for (size_t i = 0; array != NULL && i < count; ++i) {
        cJSON *text = cJSON_CreateString(doubt[i]);
        if (text == NULL || !cJSON_AddItemToArray(array, text)) {
            cJSON_Delete(text);
            return false;
        }
    }
    return array != NULL;
}

/* Names separated by "; " as an array. */
static bool add_also(cJSON *object, const char *also)
{
    cJSON *array = cJSON_AddArrayToObject(object, "also");
    while (array != NULL && also != NULL && *also != '\0') {
        const char *end = strstr(also, "; ");
        size_t length = end != NULL ? (size_t)(end - also) : strlen(also);
        char *name = strndup(also, length);
        cJSON *text = name != NULL ? cJSON_CreateString(name) : NULL;
        free(name);
        if (text == NULL || !cJSON_AddItemToArray(array, text)) {
            cJSON_Delete(text);
            return false;
        }
        also = end != NULL ? end + 2 : also + length;
    }
    return array != NULL;
}

static bool add_compound(cJSON *array, const fmx__found_compound *c, bool named)
{
    cJSON *one = fmx__json_append(array);
    if (one == NULL || cJSON_AddStringToObject(one, "name", c->name) == NULL ||
        !fmx__json_number(one, "probability", c->probability) ||
        !fmx__json_number(one, "proportion", c->proportion) ||
        !fmx__json_number(one, "shift_ppm", c->shift_ppm) || !add_also(one, c->also))
        return false;
    if (!fmx__json_number(one, "amount", c->amount) ||
        !fmx__json_number(one, "amount_low", c->amount_low) ||
        !fmx__json_number(one, "amount_high", c->amount_high))
        return false;
    return !named || (add_multiplets(one, c) && add_doubts(one, c));
}

static bool fill(fmx_context *ctx, cJSON *one, const fmx__found *item, bool all)
{
    bool good = add_path(ctx, one, "path", item->path);
    if (good && item->is_row)
        good = fmx__json_number(one, "row", (double)item->row);
    if (good && item->joined != NULL) {
        cJSON *paths = cJSON_AddArrayToObject(one, "paths");
        good = paths != NULL;
        for (size_t i = 0; good && i < item->joined_count; ++i)
            good = add_path(ctx, paths, NULL, item->joined[i]);
    }
    good = good && add_path(ctx, one, "name", item->name != NULL ? item->name : "");
    cJSON *compounds = good ? cJSON_AddArrayToObject(one, "compounds") : NULL;
    good = compounds != NULL;
    for (size_t i = 0; good && i < item->named; ++i)
        good = add_compound(compounds, &item->compound[i], true);
    cJSON *others = good && all ? cJSON_AddArrayToObject(one, "others") : NULL;
    good = good && (others != NULL || !all);
    for (size_t i = item->named; good && all && i < item->compounds; ++i)
        good = add_compound(others, &item->compound[i], false);
    return good && fmx__json_number(one, "offset_ppm", item->offset_ppm) &&
           fmx__json_number(one, "width_hz", item->width_hz) &&
           fmx__json_number(one, "candidates", (double)item->candidates) &&
           fmx__json_number(one, "threshold", item->threshold) &&
           fmx__json_number(one, "seconds", item->seconds);
}

cJSON *fmx__found_json(fmx_context *ctx, const fmx__found *item, bool all)
{
    cJSON *one = cJSON_CreateObject();
    if (one != NULL && !fill(ctx, one, item, all)) {
        cJSON_Delete(one);
        one = NULL;
    }
    return one;
}

static void print_compound(const fmx__found_compound *c, FILE *to)
{
    fprintf(to, "  %-28s %6.3f %8.1f %%", c->name, c->probability, 100 * c->proportion);
    if (isfinite(c->shift_ppm))
        fprintf(to, " %+8.4f ppm", c->shift_ppm);
    if (isfinite(c->amount_low) && isfinite(c->amount_high))
        fprintf(to, "  amount %.4g (%.4g to %.4g)", c->amount, c->amount_low, c->amount_high);
    if (c->also != NULL && c->also[0] != '\0')
        fprintf(to, "\n    or %s: the same lines", c->also);
    fprintf(to, "\n");
}

void fmx__found_print(const fmx__found *item, FILE *to)
{
    fprintf(to, "%s", item->path);
    if (item->is_row)
        fprintf(to, " row %zu (%s)", item->row, item->name);
    if (item->joined != NULL)
        fprintf(to, " (%zu spectra)", item->joined_count);
    if (item->named == 0)
        fprintf(to, ": no compound");
    else
        fprintf(to, ": %zu compound%s", item->named, item->named == 1 ? "" : "s");
    fprintf(to, " of %zu at probability %.3g\n", item->candidates, item->threshold);
    fprintf(to, "  reference %+.4f ppm above the library's%s\n", item->offset_ppm,
            item->offset_clear ? "" : ", which its lines do not agree on");
    for (size_t i = 0; i < item->named; ++i)
        print_compound(&item->compound[i], to);
}
