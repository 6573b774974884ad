/* What identify found: as a table and as JSON. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "identify_classes.h"
#include "text_encoding.h"

static const double default_threshold = 0.5; /* of a model that states none */

double fmx__identify_threshold(const fmx__identify *work)
{
    return isnan(work->facts->threshold) ? default_threshold : work->facts->threshold;
}

size_t fmx__identify_named(const fmx__identify *work, const fmx__identified *item, size_t *order)
{
    double threshold = fmx__identify_threshold(work);
    size_t count = 0;
    for (size_t c = 0; c < work->facts->classes; ++c) {
        if (!((double)item->presence[c] >= threshold) ||
            (item->doubt != NULL && item->doubt[c] != FMX__DOUBT_NONE))
            continue;
        size_t at = count++;
        for (; at > 0 && item->presence[order[at - 1]] < item->presence[c]; --at)
            order[at] = order[at - 1];
        order[at] = c;
    }
    return count;
}

static bool knows_shift(const fmx__identified *item, size_t c)
{
    return item->shift_ppm != NULL && isfinite(item->shift_ppm[c]);
}

static void print_compound(const fmx__identify *work, const fmx__identified *item, size_t c,
                           FILE *to)
{
    fprintf(to, "  %-28s %6.3f %8.1f %%", work->facts->class_name[c], (double)item->presence[c],
            100 * (double)item->proportion[c]);
    if (knows_shift(item, c))
        fprintf(to, " %+8.4f ppm", item->shift_ppm[c]);
    fprintf(to, "\n");
}

static void print_item(const fmx__identify *work, const fmx__identified *item, const size_t *order,
                       size_t count, FILE *to)
{
    fprintf(to, "%s", item->path);
    if (item->is_row)
        fprintf(to, " row %zu (%s)", item->row, item->name);
    if (count == 0)
        fprintf(to, ": no compound");
    else
        fprintf(to, ": %zu compound%s", count, count == 1 ? "" : "s");
    fprintf(to, " of %zu at probability %.3g\n", work->facts->classes,
            fmx__identify_threshold(work));
    if (work->calibrate)
        fprintf(to, "  referenced %+.4f ppm above the library\n", item->offset_ppm);
    for (size_t i = 0; i < count; ++i)
        print_compound(work, item, order[i], to);
    for (size_t c = 0; c < work->facts->classes; ++c) {
        if (item->doubt[c] != FMX__DOUBT_NONE)
            fprintf(to, "  not named: %s, %.3f: %s\n", work->facts->class_name[c],
                    (double)item->presence[c], fmx__identify_doubt_text(item->doubt[c]));
    }
    if (isfinite(item->explained))
        fprintf(to, "  explained: %.0f %% of the signal\n", 100 * item->explained);
}

fmx_status fmx__identify_print(const fmx__identify *work, FILE *to)
{
    size_t *order = NULL;
    fmx_status status =
        fmx__alloc(work->ctx, work->facts->classes, sizeof *order, "answers", &order);
    for (size_t i = 0; status == FMX_OK && i < work->count; ++i)
        print_item(work, &work->item[i], order, fmx__identify_named(work, &work->item[i], order),
                   to);
    free(order);
    return status;
}

static cJSON *item_json(const fmx__identify *work, const fmx__identified *item, const char *path,
                        const size_t *order, size_t count)
{
    cJSON *one = cJSON_CreateObject();
    cJSON_AddStringToObject(one, "path", path);
    if (item->is_row)
        cJSON_AddNumberToObject(one, "row", (double)item->row);
    cJSON_AddStringToObject(one, "name", item->name);
    cJSON *compounds = cJSON_AddArrayToObject(one, "compounds");
    for (size_t i = 0; i < count; ++i) {
        cJSON *c = cJSON_CreateObject();
        cJSON_AddStringToObject(c, "name", work->facts->class_name[order[i]]);
        cJSON_AddNumberToObject(c, "probability", (double)item->presence[order[i]]);
        cJSON_AddNumberToObject(c, "proportion", (double)item->proportion[order[i]]);
        if (knows_shift(item, order[i])) /* the network gives none: it takes a library */
            cJSON_AddNumberToObject(c, "shift_ppm", item->shift_ppm[order[i]]);
        else
            cJSON_AddNullToObject(c, "shift_ppm");
        cJSON_AddItemToArray(compounds, c);
    }
    cJSON *doubted = cJSON_AddArrayToObject(one, "doubted");
    for (size_t c = 0; c < work->facts->classes; ++c) {
        if (item->doubt[c] == FMX__DOUBT_NONE)
            continue;
        cJSON *d = cJSON_CreateObject();
        cJSON_AddStringToObject(d, "name", work->facts->class_name[c]);
        cJSON_AddNumberToObject(d, "probability", (double)item->presence[c]);
        cJSON_AddStringToObject(d, "reason", fmx__identify_doubt_text(item->doubt[c]));
        cJSON_AddItemToArray(doubted, d);
    }
    if (isfinite(item->explained))
        cJSON_AddNumberToObject(one, "explained", item->explained);
    else
        cJSON_AddNullToObject(one, "explained");
    cJSON_AddNumberToObject(one, "offset_ppm", item->offset_ppm);
    cJSON_AddNumberToObject(one, "candidates", (double)work->facts->classes);
    cJSON_AddNumberToObject(one, "threshold", fmx__identify_threshold(work));
    cJSON_AddNumberToObject(one, "seconds", item->seconds);
    return one;
}

cJSON *fmx__identify_json(const fmx__identify *work)
{
    cJSON *array = cJSON_CreateArray();
    size_t *order = malloc((work->facts->classes + 1) * sizeof *order);
    bool good = array != NULL && order != NULL;
    for (size_t i = 0; good && i < work->count; ++i) {
        const fmx__identified *item = &work->item[i];
        char *path = NULL;
        good = fmx__text_to_utf8(work->ctx, item->path, strlen(item->path), &path) == FMX_OK;
        if (good)
            good = cJSON_AddItemToArray(
                array, item_json(work, item, path, order, fmx__identify_named(work, item, order)));
        free(path);
    }
    free(order);
    if (!good) {
        cJSON_Delete(array);
        array = NULL;
    }
    return array;
}
