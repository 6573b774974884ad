/* TensorBoard's log: checksums, frames, numbers, what a reader without any of our code finds. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "event_log.h"
#include "event_log.pb-c.h"
#include "fmx_test.h"

enum { MOST = 4096 };

typedef struct log_file {
    fmx_test test;
    const char *folder;
    char *path;
    unsigned char bytes[MOST];
    size_t count;
} log_file;

static void begin(log_file *f)
{
    *f = (log_file){.test = fmx_test_open_host(), .folder = fmx_test_folder()};
    fmx_test_ok(&f->test, fmx__event_log_begin(f->test.ctx, f->folder, &f->path), "begin");
}

static void end(log_file *f)
{
    free(f->path);
    fmx_test_close(&f->test);
}

static void load(log_file *f)
{
    FILE *file = fopen(f->path, "rb");
    cr_assert_not_null(file);
    f->count = fread(f->bytes, 1, MOST, file);
    fclose(file);
}

static uint64_t little(const unsigned char *at, size_t bytes)
{
    uint64_t number = 0;
    for (size_t i = 0; i < bytes; ++i)
        number |= (uint64_t)at[i] << 8 * i;
    return number;
}

/* By the masks of TensorFlow's record format: undo the addition and the turn. */
static uint32_t unmasked(const unsigned char *at)
{
    uint32_t turned = (uint32_t)little(at, 4) - 0xa282ead8u;
    return turned >> 17 | turned << 15;
}

/* The record at *at, which moves behind it. */
static EventLog__Event *next(log_file *f, size_t *at)
{
    cr_assert_leq(*at + 16, f->count);
    const unsigned char *record = f->bytes + *at;
    size_t bytes = (size_t)little(record, 8);
    cr_assert_leq(*at + 16 + bytes, f->count);
    cr_assert_eq(unmasked(record + 8), fmx__crc32c(record, 8));
    cr_assert_eq(unmasked(record + 12 + bytes), fmx__crc32c(record + 12, bytes));
    *at += 16 + bytes;
    EventLog__Event *event = event_log__event__unpack(NULL, bytes, record + 12);
    cr_assert_not_null(event);
    return event;
}

/* RFC 3720, B.4, and the check value of every table of CRCs. */
Test(event_log, checksum)
{
    unsigned char ones[32];
    memset(ones, 0xff, sizeof ones);
    cr_assert_eq(fmx__crc32c("123456789", 9), 0xe3069283u);
    cr_assert_eq(fmx__crc32c(ones, sizeof ones), 0x62a8ab43u);
    cr_assert_eq(fmx__crc32c("", 0), 0);
}

Test(event_log, records)
{
    static const char *const history[] = {
        "epoch,learning_rate,loss,validation_f1\n1,0.5,2.25,nan\n",
        "epoch,learning_rate,loss,validation_f1\n1,0.5,2.25,nan\n2,0.25,1.5,0.75\n",
    };
    static const char *const name[] = {"learning_rate", "loss", "validation_f1"};
    static const float value[2][3] = {{0.5f, 2.25f}, {0.25f, 1.5f, 0.75f}};
    log_file f;
    size_t at = 0;
    begin(&f);
    for (size_t i = 0; i < 2; ++i)
        fmx_test_ok(&f.test, fmx__event_log_add(f.test.ctx, f.path, history[i]), "add");
    load(&f);
    EventLog__Event *event = next(&f, &at);
    cr_assert_str_eq(event->file_version, "brain.Event:2");
    event_log__event__free_unpacked(event, NULL);
    for (size_t i = 0; i < 2; ++i) {
        event = next(&f, &at);
        cr_assert_eq(event->step, (int64_t)i + 1);
        cr_assert_gt(event->wall_time, 1.7e9);
        cr_assert_eq(event->summary->n_value, i == 0 ? 2 : 3);
        for (size_t k = 0; k < event->summary->n_value; ++k) {
            cr_assert_str_eq(event->summary->value[k]->tag, name[k]);
            cr_assert_eq(event->summary->value[k]->simple_value, value[i][k]);
        }
        event_log__event__free_unpacked(event, NULL);
    }
    cr_assert_eq(at, f.count);
    end(&f);
}

Test(event_log, refused)
{
    log_file f;
    char *path = NULL;
    begin(&f);
    fmx_test_refused(&f.test, fmx__event_log_add(f.test.ctx, f.folder, "epoch,loss\n1,2\n"),
                     FMX_ERROR_WRITE, "cannot be written");
    fmx_test_refused(&f.test, fmx__event_log_begin(f.test.ctx, f.path, &path), FMX_ERROR_WRITE,
                     f.path);
    free(path);
    end(&f);
}
