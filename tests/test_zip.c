/* Zip archives: read like the folder that was packed, refused where they would do harm, and gone
 * from the temporary folder afterwards. The archives are made here, by libzip and by changing what
 * it wrote. */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zip.h>

#include "base.h"
#include "bruker_fixture.h"
#include "zip_archive.h"

enum { ARCHIVE_MOST = 1 << 16 };

static char root[128];      /* of the test; archives are written here */
static char temporary[160]; /* TMPDIR */

static fmx_test open_test(void)
{
    snprintf(root, sizeof root, "%s", fmx_test_folder());
    snprintf(temporary, sizeof temporary, "%s/tmp", root);
    cr_assert_eq(mkdir(temporary, 0777), 0);
    setenv("TMPDIR", temporary, 1);
    return fmx_test_open_host();
}

/* Archives that lie unpacked in the temporary folder; each must be closed to others. */
static int unpacked(void)
{
    int count = 0;
    DIR *names = opendir(temporary);
    cr_assert_not_null(names);
    for (struct dirent *e = readdir(names); e != NULL; e = readdir(names)) {
        struct stat info;
        if (e->d_name[0] == '.')
            continue;
        cr_assert_eq(strncmp(e->d_name, "fidmix-zip-", 11), 0, "%s", e->d_name);
        cr_assert_eq(stat(fmx_fixture_path(temporary, e->d_name), &info), 0);
        cr_assert_eq(info.st_mode & 0777, 0700);
        ++count;
    }
    closedir(names);
    return count;
}

static void close_test(fmx_test *test)
{
    cr_assert_eq(unpacked(), 0, "something is left in the temporary folder");
    fmx_test_close(test);
}

/* ---- making archives -------------------------------------------------------------------------
 */

static zip_t *begin(const char *name)
{
    int code = 0;
    zip_t *zip = zip_open(fmx_fixture_path(root, name), ZIP_CREATE | ZIP_TRUNCATE, &code);
    cr_assert_not_null(zip, "libzip: %d", code);
    return zip;
}

static zip_uint64_t add(zip_t *zip, const char *name, const void *data, size_t bytes)
{
    zip_source_t *source = zip_source_buffer(zip, data, bytes, 0);
    zip_int64_t index = zip_file_add(zip, name, source, ZIP_FL_ENC_UTF_8);
    cr_assert_geq(index, 0, "%s: %s", name, zip_strerror(zip));
    return (zip_uint64_t)index;
}

static void add_copy(zip_t *zip, const char *name, const char *path)
{
    zip_source_t *source = zip_source_file(zip, path, 0, -1);
    cr_assert_geq(zip_file_add(zip, name, source, ZIP_FL_ENC_UTF_8), 0, "%s", name);
}

static const char *end(zip_t *zip, const char *name)
{
    cr_assert_eq(zip_close(zip), 0, "%s", zip_strerror(zip));
    return fmx_fixture_path(root, name);
}

/* The fixture's experiment, at `below` in the archive; `method` ZIP_CM_STORE or ZIP_CM_DEFLATE. */
static void add_experiment(zip_t *zip, const char *below, zip_int32_t method)
{
    static const char *const names[] = {"acqus", "fid"};
    char experiment[512];
    snprintf(experiment, sizeof experiment, "%s", fmx_fixture_experiment(NULL, NULL));
    for (int i = 0; i < 2; ++i) {
        char name[256];
        snprintf(name, sizeof name, "%s%s", below, names[i]);
        add_copy(zip, name, fmx_fixture_path(experiment, names[i]));
        zip_int64_t index = zip_name_locate(zip, name, 0);
        cr_assert_eq(zip_set_file_compression(zip, (zip_uint64_t)index, method, 0), 0);
    }
}

static const char *make_archive(const char *name, const char *below, zip_int32_t method)
{
    zip_t *zip = begin(name);
    add_experiment(zip, below, method);
    return end(zip, name);
}

/* A whole archive in memory, to be changed. */
typedef struct bytes {
    unsigned char at[ARCHIVE_MOST];
    size_t count;
} bytes;

static void load(const char *path, bytes *out)
{
    FILE *file = fopen(path, "rb");
    cr_assert_not_null(file);
    out->count = fread(out->at, 1, sizeof out->at, file);
    cr_assert_lt(out->count, sizeof out->at);
    fclose(file);
}

static void replace(bytes *b, const char *from, const char *to)
{
    size_t length = strlen(from);
    int found = 0;
    cr_assert_eq(strlen(to), length);
    for (size_t i = 0; i + length <= b->count; ++i) {
        if (memcmp(b->at + i, from, length) == 0) {
            memcpy(b->at + i, to, length);
            ++found;
        }
    }
    cr_assert_eq(found, 2, "%s: in the local and in the central header", from);
}

/* Changes two bytes of every header of a kind. */
static void patch(bytes *b, const char *signature, size_t offset, unsigned low, unsigned high)
{
    int found = 0;
    for (size_t i = 0; i + offset + 1 < b->count; ++i) {
        if (memcmp(b->at + i, signature, 4) == 0) {
            b->at[i + offset] = (unsigned char)low;
            b->at[i + offset + 1] = (unsigned char)high;
            ++found;
        }
    }
    cr_assert_gt(found, 0);
}

static const char *store(const bytes *b, const char *name)
{
    fmx_fixture_file(root, name, b->at, b->count);
    return fmx_fixture_path(root, name);
}

/* ---- reading ---------------------------------------------------------------------------------
 */

static void expect_equal(const fmx_test *test, const char *archive, const char *inside,
                         const char *name)
{
    fmx_fid here = {0};
    fmx_fid there = {0};
    char expected[512];
    snprintf(expected, sizeof expected, "%s%s", archive, inside);
    fmx_test_ok(test, fmx_fixture_read(test, fmx_fixture_experiment(NULL, NULL), &here), "folder");
    fmx_test_ok(test, fmx_fixture_read(test, archive, &there), archive);
    cr_assert_str_eq(there.path, expected);
    cr_assert_str_eq(there.name, name);
    cr_assert_str_eq(there.format, "bruker");
    cr_assert_eq(there.points, here.points);
    cr_assert_eq(memcmp(there.data, here.data, 8 * here.points), 0);
    cr_assert_eq(there.sw_hz, here.sw_hz);
    cr_assert_eq(there.group_delay, here.group_delay);
    fmx_fid_clear(&here);
    fmx_fid_clear(&there);
}

Test(zip, reads_as_the_folder_would)
{
    fmx_test test = open_test();
    expect_equal(&test, make_archive("urea.zip", "7/", ZIP_CM_DEFLATE), "/7", "urea");
    expect_equal(&test, make_archive("urea.ZIP", "", ZIP_CM_STORE), "", "urea");
    expect_equal(&test, make_archive("day", "a/./b//7/", ZIP_CM_STORE), "/a/b/7", "b");
    close_test(&test);
}

/* The paths that `path` brings, those of spectra with "*" in front. */
static void expect_found(const fmx_test *test, const char *path, bool with_processed,
                         const char *expected)
{
    fmx_source_list list = {0};
    char found[1024] = "";
    fmx_test_ok(test, fmx_source_find(test->ctx, path, with_processed, &list), path);
    for (size_t i = 0; i < list.count; ++i) {
        fmx_fid fid;
        snprintf(found + strlen(found), sizeof found - strlen(found), "%s%s%s", i > 0 ? " " : "",
                 list.item[i].kind == FMX_KIND_SPECTRUM ? "*" : "",
                 list.item[i].path + strlen(root) + 1);
        fmx_test_ok(test, fmx_fid_read(test->ctx, &list.item[i], FMX_READ_DATA, &fid), path);
        fmx_fid_clear(&fid);
    }
    cr_assert_str_eq(found, expected, "%s", path);
    cr_assert_eq(unpacked(), list.count > 0 ? 1 : 0, "once for all of it");
    fmx_source_list_clear(&list);
    cr_assert_eq(unpacked(), 0);
}

/* Archives in a tree, named, and entries named in them: the paths that come out go in again. */
Test(zip, found_in_trees_and_by_path)
{
    static const char *const cases[][2] = {
        {"", "tree/day.zip/b/9 *tree/day.zip/b/9/pdata/1 tree/day.zip/b/10"},
        {"day.zip", "tree/day.zip/b/9 *tree/day.zip/b/9/pdata/1 tree/day.zip/b/10"},
        {"day.zip/", "tree/day.zip/b/9 *tree/day.zip/b/9/pdata/1 tree/day.zip/b/10"},
        {"day.zip/b/9", "tree/day.zip/b/9 *tree/day.zip/b/9/pdata/1"},
        {"day.zip/b/10/fid", "tree/day.zip/b/10"},
        {"day.zip/b/9/pdata/1/1r", "*tree/day.zip/b/9/pdata/1"},
        {"day.zip/notes", ""},
    };
    static const char zeros[64];
    static const char procs[] = "##$SI= 16\n##$SF= 500\n##$SW_p= 5000\n##$OFFSET= 10\n";
    fmx_test test = open_test();
    fmx_source_list list = {0};
    zip_t *zip = begin("day.zip");
    cr_assert_geq(zip_dir_add(zip, "b", ZIP_FL_ENC_UTF_8), 0);
    add_experiment(zip, "b/10/", ZIP_CM_STORE);
    add_experiment(zip, "b/9/", ZIP_CM_DEFLATE);
    add(zip, "b/9/pdata/1/procs", procs, sizeof procs - 1);
    add(zip, "b/9/pdata/1/1r", zeros, sizeof zeros);
    add(zip, "notes", "x", 1);
    end(zip, "day.zip");
    fmx_fixture_text(root, "tree/empty", "");
    cr_assert_eq(rename(fmx_fixture_path(root, "day.zip"), fmx_fixture_path(root, "tree/day.zip")),
                 0);
    for (size_t i = 0; i < FMX__COUNT(cases); ++i) {
        char path[512];
        snprintf(path, sizeof path, "%s/tree/%s", root, cases[i][0]);
        expect_found(&test, path, true, cases[i][1]);
    }
    static const char *const absent[] = {"tree/day.zip/c", "tree/day.zip/../empty", "tree/empty/b",
                                         "tree/day.zip/b/9/fid/x"};
    for (size_t i = 0; i < FMX__COUNT(absent); ++i)
        fmx_test_refused(&test,
                         fmx_source_find(test.ctx, fmx_fixture_path(root, absent[i]), false, &list),
                         FMX_ERROR_NOT_FOUND, absent[i]);
    fmx_source_list_clear(&list);
    close_test(&test);
}

/* Messages name the archive and the path in it, never the temporary folder. */
Test(zip, failures_inside_name_the_archive)
{
    fmx_test test = open_test();
    fmx_fid fid;
    zip_t *zip = begin("bad.zip");
    add(zip, "s/7/fid", "12345678", 8);
    add(zip, "s/7/acqus", "##$TD= many\n", 12);
    const char *path = end(zip, "bad.zip");
    fmx_test_refused(&test, fmx_fixture_read(&test, path, &fid), FMX_ERROR_FORMAT,
                     "bad.zip/s/7/acqus");
    cr_assert_null(strstr(fmx_context_message(test.ctx), "fidmix-zip"), "%s",
                   fmx_context_message(test.ctx));
    close_test(&test);
}

/* ---- refusals --------------------------------------------------------------------------------
 */

/* Named, an archive is refused at once; in a tree it is a source that cannot be read. */
static void expect_refused(const fmx_test *test, const char *path, fmx_status status,
                           const char *entry, const char *reason)
{
    fmx_source_list list = {0};
    fmx_fid fid;
    char tree[512];
    char named[512];
    snprintf(named, sizeof named, "%s", path);
    fmx_test_refused(test, fmx_source_find(test->ctx, named, false, &list), status, reason);
    fmx_test_refused(test, fmx_source_find(test->ctx, named, false, &list), status, entry);
    cr_assert_eq(list.count, 0);
    snprintf(tree, sizeof tree, "%s/refused", root);
    mkdir(tree, 0777);
    cr_assert_eq(rename(named, fmx_fixture_path(tree, "x.zip")), 0);
    fmx_test_ok(test, fmx_source_find(test->ctx, tree, false, &list), tree);
    cr_assert_eq(list.count, 1);
    fmx_test_refused(test, fmx_fid_read(test->ctx, &list.item[0], FMX_READ_DATA, &fid), status,
                     reason);
    fmx_source_list_clear(&list);
    cr_assert_eq(unpacked(), 0, "%s", reason);
}

Test(zip, refused_names)
{
    static const char *const cases[][2] = {
        {"../fid", "out of the archive"}, {"a/../../fid", "out of the archive"},
        {"a/..", "out of the archive"},   {"/etc/passwd", "absolute path"},
        {"C:/x", "drive letter"},         {"c:x", "drive letter"},
        {"a\\..\\b", "backslash"},
    };
    fmx_test test = open_test();
    for (size_t i = 0; i < FMX__COUNT(cases); ++i) {
        zip_t *zip = begin("x.zip");
        add_experiment(zip, "7/", ZIP_CM_STORE);
        add(zip, cases[i][0], "x", 1);
        expect_refused(&test, end(zip, "x.zip"), FMX_ERROR_FORMAT, cases[i][0], cases[i][1]);
    }
    char deep[1400] = "";
    for (int i = 0; i < 65; ++i)
        strcat(deep, "d/");
    cr_assert_str_eq(fmx__zip_bad_name(deep), "it lies more than 64 folders deep");
    cr_assert_null(fmx__zip_bad_name(deep + 2));
    memset(deep, 'x', 256);
    deep[256] = '\0';
    cr_assert_not_null(fmx__zip_bad_name(deep));
    cr_assert_null(fmx__zip_bad_name(deep + 1));
    memset(deep, '/', 1025);
    deep[0] = 'x';
    deep[1025] = '\0';
    cr_assert_not_null(fmx__zip_bad_name(deep));
    cr_assert_not_null(fmx__zip_bad_name(""));
    cr_assert_null(fmx__zip_bad_name("..a/b../c..d/..."));
    close_test(&test);
}

Test(zip, refused_kinds)
{
    static const struct {
        unsigned mode;
        const char *reason;
    } cases[] = {{S_IFLNK, "symbolic link"}, {S_IFCHR, "a device"},  {S_IFBLK, "a device"},
                 {S_IFIFO, "a pipe"},        {S_IFSOCK, "a socket"}, {S_IFREG, NULL}};
    fmx_test test = open_test();
    for (size_t i = 0; i < FMX__COUNT(cases); ++i) {
        zip_t *zip = begin("x.zip");
        zip_uint64_t index = add(zip, "7/fid", "/etc/passwd", 11);
        zip_file_set_external_attributes(zip, index, 0, ZIP_OPSYS_UNIX,
                                         (zip_uint32_t)(cases[i].mode | 0777) << 16);
        const char *path = end(zip, "x.zip");
        if (cases[i].reason != NULL)
            expect_refused(&test, path, FMX_ERROR_FORMAT, "7/fid", cases[i].reason);
        else
            fmx_test_refused(&test, fmx_fixture_read(&test, path, &(fmx_fid){0}), FMX_ERROR_FORMAT,
                             "7/acqus");
    }
    close_test(&test);
}

Test(zip, refused_contents)
{
    fmx_test test = open_test();
    static bytes b;
    zip_t *zip = begin("x.zip"); /* one name twice: libzip writes no such archive */
    add(zip, "7/fib", "first", 5);
    add(zip, "7/fid", "other", 5);
    load(end(zip, "x.zip"), &b);
    replace(&b, "7/fib", "7/fid");
    expect_refused(&test, store(&b, "x.zip"), FMX_ERROR_FORMAT, "7/fid", "stands twice");

    zip = begin("x.zip"); /* a file where a folder is wanted, and the same name spelt twice */
    add(zip, "7/fid", "first", 5);
    add(zip, "7/fid/x", "other", 5);
    expect_refused(&test, end(zip, "x.zip"), FMX_ERROR_FORMAT, "7/fid/x", "taken by another");
    zip = begin("x.zip");
    add(zip, "7/fid", "first", 5);
    add(zip, "7/./fid", "other", 5);
    expect_refused(&test, end(zip, "x.zip"), FMX_ERROR_FORMAT, "7/./fid", "taken by another");

    const char *path = make_archive("x.zip", "7/", ZIP_CM_STORE);
    load(path, &b);
    patch(&b, "PK\3\4", 6, 1, 0);
    patch(&b, "PK\1\2", 8, 1, 0);
    expect_refused(&test, store(&b, "x.zip"), FMX_ERROR_UNSUPPORTED, "7/acqus", "encrypted");

    load(make_archive("x.zip", "7/", ZIP_CM_STORE), &b);
    patch(&b, "PK\3\4", 8, 98, 0); /* PPMd */
    patch(&b, "PK\1\2", 10, 98, 0);
    expect_refused(&test, store(&b, "x.zip"), FMX_ERROR_FORMAT, "7/acqus",
                   "ompression method not supported");

    load(make_archive("x.zip", "7/", ZIP_CM_STORE), &b);
    for (size_t i = 0; i < b.count; ++i) { /* one byte of acqus */
        if (memcmp(b.at + i, "##$TD=", 6) == 0) {
            b.at[i + 2] ^= 1;
            break;
        }
    }
    expect_refused(&test, store(&b, "x.zip"), FMX_ERROR_FORMAT, "7/acqus", "CRC error");
    close_test(&test);
}

/* The directory says fewer bytes than there are. */
Test(zip, refused_sizes)
{
    fmx_test test = open_test();
    static bytes b;
    static const char zeros[4096];
    zip_t *zip = begin("x.zip");
    add(zip, "7/fid", zeros, sizeof zeros);
    load(end(zip, "x.zip"), &b);
    patch(&b, "PK\1\2", 24, 0xff, 0x0f); /* 4095 */
    patch(&b, "PK\3\4", 22, 0xff, 0x0f);
    expect_refused(&test, store(&b, "x.zip"), FMX_ERROR_FORMAT, "7/fid", "copy the archive again");
    load(end((zip = begin("x.zip"), add(zip, "7/fid", zeros, sizeof zeros), zip), "x.zip"), &b);
    patch(&b, "PK\1\2", 24, 0x01, 0x10); /* 4097 */
    patch(&b, "PK\3\4", 22, 0x01, 0x10);
    expect_refused(&test, store(&b, "x.zip"), FMX_ERROR_FORMAT, "7/fid", "copy the archive again");
    close_test(&test);
}

/* Ends of archives that claim entries which are not there: libzip would ask for memory for them. */
Test(zip, refused_counts)
{
    static const unsigned char record[56] = {'P', 'K', 6, 6, 44, [27] = 16, [35] = 16};
    static const unsigned char locator[20] = {'P', 'K', 6, 7, [16] = 1};
    static const unsigned char last[22] = {'P',  'K',  5,    6,    [8] = 0xff, 0xff, 0xff, 0xff,
                                           0xff, 0xff, 0xff, 0xff, 0xff,       0xff, 0xff, 0xff};
    fmx_test test = open_test();
    static bytes b;
    const char *path = make_archive("x.zip", "7/", ZIP_CM_STORE);
    load(path, &b);
    patch(&b, "PK\5\6", 10, 0xfe, 0xff);
    expect_refused(&test, store(&b, "x.zip"), FMX_ERROR_FORMAT, "x.zip", "claims 65534 entries");
    load(make_archive("x.zip", "7/", ZIP_CM_STORE), &b);
    memcpy(b.at + 30, record, sizeof record); /* 2^28 entries */
    b.count = 30 + sizeof record;
    memcpy(b.at + b.count, locator, sizeof locator);
    b.at[b.count + 8] = 30;
    b.count += sizeof locator;
    memcpy(b.at + b.count, last, sizeof last);
    b.count += sizeof last;
    expect_refused(&test, store(&b, "x.zip"), FMX_ERROR_FORMAT, "x.zip",
                   "claims 268435456 entries");
    close_test(&test);
}

/* Every limit, at the last that is allowed and at the first that is not. */
Test(zip, limits)
{
    static const fmx__zip_limits most = {
        .entries = 2, .entry_bytes = 4096, .total_bytes = 4100, .ratio = 1, .ratio_anyway = 8192};
    static const struct {
        fmx__zip_limits limits;
        const char *reason;
    } cases[] = {
        {{1, 4096, 4100, 1, 8192}, "2 entries, at most 1"},
        {{2, 4095, 4100, 1, 8192}, "\"b\""},
        {{2, 4096, 4099, 1, 8192}, "\"b\""},
        {{2, 4096, 4100, 1, 3000}, "made to fill disks"},
    };
    static const char zeros[4096];
    fmx_test test = open_test();
    fmx_archive *archive = NULL;
    zip_t *zip = begin("x.zip");
    add(zip, "a", zeros, 4);
    add(zip, "b", zeros, sizeof zeros);
    const char *path = end(zip, "x.zip");
    fmx_test_ok(&test, fmx__zip_open(test.ctx, path, &most, &archive), path);
    cr_assert_eq(unpacked(), 1);
    fmx__zip_close(archive);
    for (size_t i = 0; i < FMX__COUNT(cases); ++i) {
        fmx_status status = fmx__zip_open(test.ctx, path, &cases[i].limits, &archive);
        cr_assert(fmx__is_bad_input(status), "%zu", i);
        fmx_test_refused(&test, status, status, cases[i].reason);
        cr_assert_null(archive);
    }
    close_test(&test);
}

/* A bomb of usual make: 64 MiB of zeros in 64 KiB. */
Test(zip, bomb)
{
    fmx_test test = open_test();
    size_t size = (size_t)64 << 20;
    char *zeros = calloc(1, size);
    cr_assert_not_null(zeros);
    zip_t *zip = begin("x.zip");
    add(zip, "7/fid", zeros, size);
    expect_refused(&test, end(zip, "x.zip"), FMX_ERROR_FORMAT, "x.zip", "made to fill disks");
    free(zeros);
    close_test(&test);
}

Test(zip, archives_in_archives_and_documents)
{
    fmx_test test = open_test();
    fmx_fid fid;
    fmx_source_list list = {0};
    char inner[256];
    snprintf(inner, sizeof inner, "%s", make_archive("inner.zip", "7/", ZIP_CM_STORE));
    zip_t *zip = begin("outer.zip");
    add_copy(zip, "in/inner.zip", inner);
    fmx_test_refused(&test, fmx_fixture_read(&test, end(zip, "outer.zip"), &fid),
                     FMX_ERROR_UNSUPPORTED, "outer.zip/in/inner.zip: an archive in an archive");
    zip = begin("text.docx");
    add(zip, "[Content_Types].xml", "x", 1);
    add_experiment(zip, "7/", ZIP_CM_STORE);
    end(zip, "text.docx");
    fmx_fixture_text(root, "docs/x", "");
    rename(fmx_fixture_path(root, "text.docx"), fmx_fixture_path(root, "docs/text.docx"));
    fmx_test_ok(&test, fmx_source_find(test.ctx, fmx_fixture_path(root, "docs"), false, &list),
                "docs");
    cr_assert_eq(list.count, 0, "a document in a tree is passed over");
    fmx_test_ok(&test,
                fmx_source_find(test.ctx, fmx_fixture_path(root, "docs/text.docx"), false, &list),
                "docs");
    cr_assert_eq(list.count, 1, "one that is named is read");
    fmx_source_list_clear(&list);
    close_test(&test);
}

/* ---- damage, interruption, the program -------------------------------------------------------
 */

Test(zip, damaged_archives)
{
    fmx_test test = open_test();
    static bytes b;
    char tree[256];
    load(make_archive("x.zip", "s/7/", ZIP_CM_DEFLATE), &b);
    snprintf(tree, sizeof tree, "%s/tree", root);
    fmx_fixture_damage(&test, tree, tree, "x.zip", b.at, b.count, b.count);
    close_test(&test);
}

Test(zip, every_allocation_failing)
{
    fmx_test test = open_test();
    char path[256];
    snprintf(path, sizeof path, "%s", make_archive("x.zip", "s/7/", ZIP_CM_DEFLATE));
    fmx_fixture_each_failure(&test, path);
    close_test(&test);
}

Test(zip, interrupted_and_without_a_temporary_folder)
{
    fmx_test test = open_test();
    fmx_source_list list = {0};
    char path[256];
    snprintf(path, sizeof path, "%s", make_archive("x.zip", "s/7/", ZIP_CM_DEFLATE));
    setenv("TMPDIR", "/nowhere", 1);
    fmx_test_refused(&test, fmx_source_find(test.ctx, path, false, &list), FMX_ERROR_WRITE,
                     "TMPDIR");
    setenv("TMPDIR", temporary, 1);
    fmx_context_interrupt(test.ctx);
    fmx_test_refused(&test, fmx_source_find(test.ctx, path, false, &list), FMX_ERROR_INTERRUPTED,
                     "");
    fmx_source_list_clear(&list);
    close_test(&test);
}

/* Ctrl-C while the program unpacks 256 MiB: it ends with the code for that and leaves nothing. */
Test(zip, program_is_interrupted)
{
    fmx_test test = open_test();
    size_t size = (size_t)256 << 20;
    char *zeros = calloc(1, size);
    cr_assert_not_null(zeros);
    char path[256];
    zip_t *zip = begin("x.zip");
    zip_uint64_t index = add(zip, "7/fid", zeros, size);
    cr_assert_eq(zip_set_file_compression(zip, index, ZIP_CM_STORE, 0), 0);
    snprintf(path, sizeof path, "%s", end(zip, "x.zip"));
    free(zeros);
    pid_t child = fork();
    if (child == 0) {
        execl(FMX_PROGRAM, "fidmix", "info", path, (char *)NULL);
        _exit(127);
    }
    for (int i = 0; i < 20000 && unpacked() == 0; ++i)
        usleep(500);
    cr_assert_eq(unpacked(), 1);
    kill(child, SIGINT);
    int code = 0;
    cr_assert_eq(waitpid(child, &code, 0), child);
    cr_assert(WIFEXITED(code) && WEXITSTATUS(code) == 130, "%d", code);
    unlink(path);
    close_test(&test);
}
