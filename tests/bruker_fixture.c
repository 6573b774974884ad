#include "bruker_fixture.h"

#include "base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "atomic_file.h"

const char *fmx_fixture_path(const char *folder, const char *name)
{
    static char path[4][4096];
    static int turn;
    turn = (turn + 1) % 4;
    snprintf(path[turn], sizeof path[turn], "%s/%s", folder, name);
    return path[turn];
}

void fmx_fixture_file(const char *folder, const char *name, const void *data, size_t bytes)
{
    const char *path = fmx_fixture_path(folder, name);
    char above[4096];
    snprintf(above, sizeof above, "%s", path);
    *strrchr(above, '/') = '\0';
    cr_assert_eq(fmx__make_folders(NULL, above), FMX_OK, "%s", above);
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file, "%s", path);
    cr_assert_eq(fwrite(data, 1, bytes, file), bytes);
    cr_assert_eq(fclose(file), 0);
}

void fmx_fixture_text(const char *folder, const char *name, const char *text)
{
    fmx_fixture_file(folder, name, text, strlen(text));
}

void fmx_fixture_acqus(const char *folder, const char *changed, const char *without)
{
    static const char *const lines[] = {
        "TITLE= Parameter file, TOPSPIN\t\tVersion 3.2",
        "$AQ_mod= 3",
        "$BF1= 500.13",
        "$BYTORDA= 0",
        "$D= (0..9)\n0 1.5 0 0 0 0 0 0 0\n0",
        "$DECIM= 4000",
        "$DIGMOD= 1",
        "$DSPFVS= 20",
        "$DTYPA= 0",
        "$GRPDLY= 67.98",
        "$NC= 0",
        "$NS= 16",
        "$NUC1= <1H>",
        "$PROBHD= <5 mm PABBO\n Z-GRD>",
        "$SFO1= 500.1325",
        "$SOLVENT= <D2O>",
        "$SW_h= 5000",
        "$TD= 16",
    };
    char text[8192] = "";
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; ++i) {
        size_t length = without != NULL ? strlen(without) : 0;
        if (length > 0 && strncmp(lines[i] + 1, without, length) == 0 &&
            lines[i][1 + length] == '=')
            continue;
        snprintf(text + strlen(text), sizeof text - strlen(text), "##%s\n", lines[i]);
    }
    snprintf(text + strlen(text), sizeof text - strlen(text), "%s##END=\n",
             changed != NULL ? changed : "");
    fmx_fixture_text(folder, "acqus", text);
}

void fmx_fixture_bytes(const void *value, size_t bytes, bool big_endian, unsigned char *out)
{
    const uint16_t one = 1;
    bool host_big = *(const unsigned char *)&one == 0;
    for (size_t i = 0; i < bytes; ++i)
        out[i] = ((const unsigned char *)value)[host_big == big_endian ? i : bytes - 1 - i];
}

void fmx_fixture_fid(const char *folder, size_t count, bool big_endian)
{
    unsigned char *data = malloc(4 * count + 1);
    cr_assert_not_null(data);
    for (size_t i = 0; i < count; ++i) {
        int32_t value = (int32_t)(i + 1) * (i % 2 == 0 ? 1 : -1);
        fmx_fixture_bytes(&value, 4, big_endian, data + 4 * i);
    }
    fmx_fixture_file(folder, "fid", data, 4 * count);
    free(data);
}

const char *fmx_fixture_experiment(const char *changed, const char *without)
{
    static char folder[4096];
    snprintf(folder, sizeof folder, "%s", fmx_fixture_path(fmx_test_folder(), "sample/7"));
    fmx_fixture_acqus(folder, changed, without);
    fmx_fixture_fid(folder, 16, changed != NULL && strstr(changed, "BYTORDA= 1") != NULL);
    return folder;
}

fmx_status fmx_fixture_read(const fmx_test *test, const char *path, fmx_fid *out)
{
    fmx_source_list list = {0};
    *out = (fmx_fid){0};
    fmx_status status = fmx_source_find(test->ctx, path, false, &list);
    if (status == FMX_OK) {
        cr_assert_geq(list.count, 1, "nothing found at %s", path);
        status = fmx_fid_read(test->ctx, &list.item[0], FMX_READ_DATA, out);
    }
    fmx_source_list_clear(&list);
    return status;
}

void fmx_fixture_each_failure(const fmx_test *test, const char *path)
{
    fmx_status status = FMX_ERROR_MEMORY;
    size_t failures = 0;
    for (size_t nth = 1; status != FMX_OK; ++nth) {
        fmx_source_list list = {0};
        fmx_fid fid = {0};
        fmx__fail_allocation(test->ctx, nth);
        status = fmx_source_find(test->ctx, path, false, &list);
        if (status == FMX_OK)
            status = fmx_fid_read(test->ctx, &list.item[0], FMX_READ_DATA, &fid);
        cr_assert(status == FMX_OK || status == FMX_ERROR_MEMORY, "%s",
                  fmx_context_message(test->ctx));
        failures += status != FMX_OK;
        fmx_fid_clear(&fid);
        fmx_source_list_clear(&list);
    }
    fmx__fail_allocation(test->ctx, 0);
    cr_assert_gt(failures, 5);
}

static void read_damaged(const fmx_test *test, const char *path, size_t bytes)
{
    fmx_source_list list = {0};
    fmx_test_ok(test, fmx_source_find(test->ctx, path, true, &list), path);
    for (size_t i = 0; i < list.count; ++i) {
        fmx_fid fid = {0};
        fmx_status status = fmx_fid_read(test->ctx, &list.item[i], FMX_READ_DATA, &fid);
        cr_assert(status == FMX_OK || fmx__is_bad_input(status), "%d: %s", (int)status,
                  fmx_context_message(test->ctx));
        cr_assert(status != FMX_OK || fid.points <= bytes, "%zu points", fid.points);
        fmx_fid_clear(&fid);
    }
    fmx_source_list_clear(&list);
}

void fmx_fixture_damage(const fmx_test *test, const char *path, const char *folder,
                        const char *name, const void *data, size_t bytes, size_t most)
{
    static const unsigned char changes[] = {0xff, 0x80};
    unsigned char *copy = malloc(bytes);
    cr_assert_not_null(copy);
    memcpy(copy, data, bytes);
    for (size_t length = 0; length < bytes && length < most; length += 1 + length / 32) {
        fmx_fixture_file(folder, name, data, length);
        read_damaged(test, path, bytes);
    }
    for (size_t at = 0; at < bytes && at < most; ++at) {
        unsigned char kept = copy[at];
        for (size_t i = 0; i < sizeof changes; ++i) {
            copy[at] = changes[i];
            fmx_fixture_file(folder, name, copy, bytes);
            read_damaged(test, path, bytes);
        }
        copy[at] = kept;
    }
    fmx_fixture_file(folder, name, data, bytes);
    free(copy);
}

bool fmx_fixture_row(char *line, char **cell, size_t count)
{
    for (size_t i = 0; i < count; ++i) {
        line = strchr(line, '|');
        if (line == NULL)
            return false;
        *line++ = '\0';
        cell[i] = line + strspn(line, " ");
    }
    line[strcspn(line, "|")] = '\0';
    for (size_t i = 0; i < count; ++i) {
        for (size_t n = strlen(cell[i]); n > 0 && cell[i][n - 1] == ' '; --n)
            cell[i][n - 1] = '\0';
    }
    return true;
}
