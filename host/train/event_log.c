#include "event_log.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "atomic_file.h"
#include "c_locale.h"
#include "event_log.pb-c.h"

enum { FRAME = 16, COLUMNS = 64, NAME = 80 };

uint32_t fmx__crc32c(const void *bytes, size_t count)
{
    const unsigned char *s = bytes;
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < count; ++i) {
        crc ^= s[i];
        for (int bit = 0; bit < 8; ++bit)
            crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
    }
    return ~crc;
}

static void put(unsigned char *to, uint64_t number, size_t bytes)
{
    for (size_t i = 0; i < bytes; ++i)
        to[i] = (unsigned char)(number >> 8 * i);
}

static void put_check(unsigned char *to, const void *bytes, size_t count)
{
    uint32_t crc = fmx__crc32c(bytes, count);
    put(to, (uint32_t)((crc >> 15 | crc << 17) + 0xa282ead8u), 4);
}

static double seconds_now(void)
{
    struct timespec now;
    timespec_get(&now, TIME_UTC);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static fmx_status append(fmx_context *ctx, const char *path, const EventLog__Event *event)
{
    size_t count = event_log__event__get_packed_size(event);
    unsigned char *record = NULL;
    fmx_status status = fmx__alloc(ctx, count + FRAME, 1, "a record", &record);
    if (status != FMX_OK)
        return status;
    put(record, count, 8);
    put_check(record + 8, record, 8);
    event_log__event__pack(event, record + 12);
    put_check(record + 12 + count, record + 12, count);
    FILE *file = fopen(path, "ab");
    bool written = file != NULL && fwrite(record, 1, count + FRAME, file) == count + FRAME;
    int error = errno;
    if (file != NULL && fclose(file) != 0 && written) {
        written = false;
        error = errno;
    }
    free(record);
    if (!written)
        return fmx__fail(ctx, FMX_ERROR_WRITE, "%s: cannot be written: %s", path, strerror(error));
    return FMX_OK;
}

fmx_status fmx__event_log_begin(fmx_context *ctx, const char *folder, char **path)
{
    char version[] = "brain.Event:2";
    EventLog__Event event = EVENT_LOG__EVENT__INIT;
    *path = NULL;
    fmx_status status = fmx__make_folders(ctx, folder);
    event.has_wall_time = 1;
    event.wall_time = seconds_now();
    event.file_version = version;
    if (status == FMX_OK)
        status = fmx__format(ctx, path, "%s/events.out.tfevents.%010lld.%06d.fidmix", folder,
                             (long long)event.wall_time,
                             (int)(1e6 * (event.wall_time - floor(event.wall_time))));
    return status == FMX_OK ? append(ctx, *path, &event) : status;
}

/* Up to the next comma or the end of the line. */
static const char *next_cell(const char *at, char cell[NAME])
{
    size_t length = strcspn(at, ",\n");
    snprintf(cell, NAME, "%.*s", (int)(length < NAME ? length : NAME - 1), at);
    return at + length + (at[length] == ',');
}

static const char *last_row(const char *history)
{
    const char *row = history;
    for (const char *end = strchr(row, '\n'); end != NULL && end[1] != '\0';
         end = strchr(row, '\n'))
        row = end + 1;
    return row;
}

fmx_status fmx__event_log_add(fmx_context *ctx, const char *path, const char *history)
{
    char name[COLUMNS][NAME];
    char cell[NAME];
    EventLog__Summary__Value value[COLUMNS];
    EventLog__Summary__Value *values[COLUMNS];
    EventLog__Summary summary = EVENT_LOG__SUMMARY__INIT;
    EventLog__Event event = EVENT_LOG__EVENT__INIT;
    const char *head = next_cell(history, cell);
    const char *row = next_cell(last_row(history), cell);
    event.has_wall_time = 1;
    event.wall_time = seconds_now();
    event.has_step = 1;
    event.step = (int64_t)fmx__c_strtod(cell, NULL);
    event.summary = &summary;
    summary.value = values;
    while (*head != '\n' && *head != '\0' && *row != '\0' && summary.n_value < COLUMNS) {
        size_t n = summary.n_value;
        head = next_cell(head, name[n]);
        row = next_cell(row, cell);
        double number = fmx__c_strtod(cell, NULL);
        if (cell[0] == '\0' || !isfinite(number))
            continue;
        event_log__summary__value__init(&value[n]);
        value[n].tag = name[n];
        value[n].has_simple_value = 1;
        value[n].simple_value = (float)number;
        values[summary.n_value++] = &value[n];
    }
    return append(ctx, path, &event);
}
