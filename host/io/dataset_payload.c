/* A row of a dataset as the bytes that a journal holds. */
#include <stdlib.h>
#include <string.h>

#include "dataset_writer.h"
#include "utf8.h"

enum { LONGEST_TEXT = 1 << 16 }; /* bytes of one text value; more is cut */

size_t fmx__payload_most(const fmx_dataset_writer *w)
{
    size_t most = w->points * sizeof(float) + 4;
    for (size_t i = 0; i < w->column_count; ++i) {
        const fmx_column *c = &w->column[i];
        most += c->type == FMX_COLUMN_TEXT
                    ? sizeof(uint32_t) + LONGEST_TEXT + 1
                    : fmx__column_size(c->type) * (c->width > 0 ? c->width : 1);
    }
    return most;
}

static fmx_status add(fmx_dataset_writer *w, size_t *used, const void *data, size_t bytes)
{
    fmx_status status =
        fmx__grow(w->ctx, &w->payload, &w->payload_capacity, *used + bytes, 1, "row of a dataset");
    if (status == FMX_OK)
        memcpy(w->payload + *used, data, bytes);
    *used += bytes;
    return status;
}

static fmx_status add_text(fmx_dataset_writer *w, size_t *used, const char *text)
{
    char *clean = NULL;
    fmx_status status = fmx__utf8_repair(w->ctx, text != NULL ? text : "", &clean);
    size_t length = status == FMX_OK ? strlen(clean) : 0;
    while (length > LONGEST_TEXT || (length == LONGEST_TEXT && !fmx__utf8_valid(clean))) {
        length = length > LONGEST_TEXT ? LONGEST_TEXT : length - 1;
        clean[length] = '\0';
    }
    while (status == FMX_OK && !fmx__utf8_valid(clean))
        clean[--length] = '\0'; /* the cut went through a character */
    uint32_t stored = (uint32_t)length;
    if (status == FMX_OK)
        status = add(w, used, &stored, sizeof stored);
    if (status == FMX_OK)
        status = add(w, used, clean, length + 1);
    free(clean);
    return status;
}

/* The value of column i in a caller's row. */
static const void *value_of(const fmx_dataset_writer *w, size_t row, const fmx_dataset_row *values,
                            size_t i, const int32_t *self)
{
    switch (i) {
    case 0:
        return values->name;
    case 1:
        return w->source[row];
    case 2:
        return w->self_parent ? self : values->parent;
    case 3:
        return &values->field_mhz;
    case 4:
        return &values->p0_deg;
    case 5:
        return &values->p1_deg;
    case 6:
        return &values->noise_sigma;
    default:
        i -= FMX__FIXED_COLUMNS;
    }
    if (w->classes > 0 && i-- == 0)
        return values->target;
    if (w->has_split && i-- == 0)
        return &values->split;
    return values->column != NULL ? values->column[i] : NULL;
}

fmx_status fmx__payload_columns(fmx_dataset_writer *w, size_t row, const fmx_dataset_row *values,
                                size_t *bytes)
{
    static const char zeros[4] = {0};
    const int32_t self = 0; /* numbered when the file is made */
    fmx_status status = FMX_OK;
    size_t used = 0;
    for (size_t i = 0; status == FMX_OK && i < w->column_count; ++i) {
        const fmx_column *c = &w->column[i];
        const void *value = value_of(w, row, values, i, &self);
        if (c->type == FMX_COLUMN_TEXT)
            status = add_text(w, &used, value);
        else if (value == NULL)
            status = fmx__fail(w->ctx, FMX_ERROR_ARGUMENT, "%s: row %zu: no value for \"%s\"",
                               w->path, row, c->name);
        else
            status =
                add(w, &used, value, fmx__column_size(c->type) * (c->width > 0 ? c->width : 1));
    }
    if (status == FMX_OK)
        status = add(w, &used, zeros, (4 - used % 4) % 4);
    *bytes = used;
    return status;
}

fmx_status fmx__payload_pack(fmx_dataset_writer *w, size_t row, const fmx_dataset_row *values,
                             size_t *bytes)
{
    fmx_status status = fmx__payload_columns(w, row, values, bytes);
    if (status == FMX_OK)
        status = add(w, bytes, values->spectrum, w->points * sizeof(float));
    return status;
}

bool fmx__payload_find(const fmx_dataset_writer *w, const char *payload, size_t bytes,
                       const char **column, size_t *end)
{
    size_t at = 0;
    for (size_t i = 0; i < w->column_count; ++i) {
        const fmx_column *c = &w->column[i];
        size_t size = fmx__column_size(c->type) * (c->width > 0 ? c->width : 1);
        if (c->type == FMX_COLUMN_TEXT) {
            uint32_t length = 0;
            if (bytes - at < sizeof length)
                return false;
            memcpy(&length, payload + at, sizeof length);
            at += sizeof length;
            size = (size_t)length + 1;
            if (size > bytes - at || payload[at + length] != '\0')
                return false;
        }
        if (size > bytes - at)
            return false;
        column[i] = payload + at;
        at += size;
    }
    *end = at + (4 - at % 4) % 4;
    return *end <= bytes;
}

bool fmx__payload_unpack(const fmx_dataset_writer *w, const char *payload, size_t bytes,
                         const char **column, const float **spectrum)
{
    size_t at = 0;
    if (!fmx__payload_find(w, payload, bytes, column, &at) ||
        bytes - at != w->points * sizeof(float))
        return false;
    *spectrum = (const float *)(const void *)(payload + at);
    return true;
}
