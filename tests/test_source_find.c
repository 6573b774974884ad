/* Where FIDs and spectra are found in a tree of files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "bruker_fixture.h"
#include "io.h"

static int warnings;

static void count_warning(void *user, fmx_log_level level, const char *text)
{
    (void)user;
    (void)text;
    warnings += level == FMX_LOG_WARNING;
}

static void make_experiment(const char *root, const char *below)
{
    const char *folder = fmx_fixture_path(root, below);
    fmx_fixture_acqus(folder, NULL, NULL);
    fmx_fixture_fid(folder, 16, false);
}

static void make_spectrum(const char *root, const char *below)
{
    static const unsigned char zeros[16 * 4];
    const char *folder = fmx_fixture_path(root, below);
    fmx_fixture_text(folder, "procs", "##$SI= 16\n##$SF= 500\n##$SW_p= 5000\n##$OFFSET= 10\n");
    fmx_fixture_file(folder, "1r", zeros, sizeof zeros);
}

/* Expects exactly these paths below `root`, separated by blanks; a spectrum has "*" in front. */
static void expect_found(const fmx_test *test, const char *root, const char *below,
                         bool with_processed, const char *expected)
{
    fmx_source_list list = {0};
    char path[4096];
    char found[4096] = "";
    snprintf(path, sizeof path, "%s%s%s", root, below[0] ? "/" : "", below);
    fmx_test_ok(test, fmx_source_find(test->ctx, path, with_processed, &list), path);
    for (size_t i = 0; i < list.count; ++i) {
        cr_assert_str_eq(list.item[i].format,
                         strstr(list.item[i].path, "varian") != NULL ? "varian" : "bruker");
        cr_assert_eq(strncmp(list.item[i].path, root, strlen(root)), 0, "%s", list.item[i].path);
        snprintf(found + strlen(found), sizeof found - strlen(found), "%s%s%s", i > 0 ? " " : "",
                 list.item[i].kind == FMX_KIND_SPECTRUM ? "*" : "",
                 list.item[i].path + strlen(root) + 1);
    }
    cr_assert_str_eq(found, expected);
    fmx_source_list_clear(&list);
    cr_assert_eq(list.count, 0);
}

Test(source_find, order_and_processed)
{
    fmx_test test = fmx_test_open_host();
    char root[64];
    snprintf(root, sizeof root, "%s", fmx_test_folder());
    make_experiment(root, "b/10");
    make_experiment(root, "b/9");
    make_experiment(root, "a-b/1");
    make_experiment(root, "a/1");
    make_experiment(root, "a/1/2"); /* nested */
    make_spectrum(root, "b/9/pdata/1");
    make_spectrum(root, "b/9/pdata/11");
    make_spectrum(root, "c/1/pdata/1"); /* without a FID */
    fmx_fixture_text(root, "d/varian/fid", "");
    fmx_fixture_text(root, "d/varian/procpar", "");
    fmx_fixture_text(root, "d/notes.txt", "nothing here");
    expect_found(&test, root, "", false, "a-b/1 a/1 a/1/2 b/9 b/10 *c/1/pdata/1 d/varian");
    expect_found(&test, root, "", true,
                 "a-b/1 a/1 a/1/2 b/9 *b/9/pdata/1 *b/9/pdata/11 b/10 *c/1/pdata/1 d/varian");
    expect_found(&test, root, "b//", false, "b/9 b/10");
    fmx_test_close(&test);
}

/* What a user may name: the experiment, its FID, its spectrum, files in them. */
Test(source_find, given_by_any_name)
{
    static const char *const cases[][2] = {
        {"b/9", "b/9"},
        {"b/9/fid", "b/9"},
        {"b/9/acqus", "b/9"},
        {"b/9/pdata", "*b/9/pdata/1"},
        {"b/9/pdata/1", "*b/9/pdata/1"},
        {"b/9/pdata/1/1r", "*b/9/pdata/1"},
        {"b/9/pdata/1/procs", "*b/9/pdata/1"},
        {"b/notes.txt", ""},
        {"empty", ""},
    };
    fmx_test test = fmx_test_open_host();
    char root[64];
    snprintf(root, sizeof root, "%s", fmx_test_folder());
    make_experiment(root, "b/9");
    make_experiment(root, "b/9/8"); /* not below the file that is named */
    make_spectrum(root, "b/9/pdata/1");
    fmx_fixture_text(root, "b/notes.txt", "x");
    mkdir(fmx_fixture_path(root, "empty"), 0777);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i)
        expect_found(&test, root, cases[i][0], false, i == 0 ? "b/9 b/9/8" : cases[i][1]);
    fmx_source_list list = {0};
    fmx_test_refused(&test, fmx_source_find(test.ctx, "/nowhere/x", false, &list),
                     FMX_ERROR_NOT_FOUND, "/nowhere/x");
    fmx_test_refused(&test, fmx_source_find(test.ctx, "/dev/null", false, &list), FMX_ERROR_READ,
                     "neither a file nor a folder");
    fmx_context_interrupt(test.ctx);
    fmx_test_refused(&test, fmx_source_find(test.ctx, root, false, &list), FMX_ERROR_INTERRUPTED,
                     "");
    fmx_test_close(&test);
}

/* Links are followed once, loops end, what is neither file nor folder is passed over with a
 * warning: a dangling link, one that leads to itself, two pipes, a socket. */
Test(source_find, links_and_special_files)
{
    fmx_test test = fmx_test_open_host();
    char root[64];
    fmx_context_set_log(test.ctx, count_warning, NULL, FMX_LOG_WARNING);
    snprintf(root, sizeof root, "%s", fmx_test_folder());
    make_experiment(root, "a/1");
    make_experiment(root, "elsewhere/s/2");
    cr_assert_eq(symlink("..", fmx_fixture_path(root, "a/up")), 0);
    cr_assert_eq(symlink(".", fmx_fixture_path(root, "a/self")), 0);
    cr_assert_eq(symlink("../elsewhere/s", fmx_fixture_path(root, "a/link")), 0);
    cr_assert_eq(symlink("nowhere", fmx_fixture_path(root, "a/dangling")), 0);
    cr_assert_eq(symlink("loop", fmx_fixture_path(root, "loop")), 0);
    cr_assert_eq(mkfifo(fmx_fixture_path(root, "pipe"), 0666), 0);
    mkdir(fmx_fixture_path(root, "p"), 0777);
    cr_assert_eq(mkfifo(fmx_fixture_path(root, "p/fid"), 0666), 0);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", fmx_fixture_path(root, "socket"));
    cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    warnings = 0;
    expect_found(&test, root, "", false, "a/1 a/link/2");
    cr_assert_eq(warnings, 5, "%d warnings", warnings);
    expect_found(&test, root, "a", false, "a/1 a/link/2");
    cr_assert_eq(warnings, 10, "%d warnings: a/up leads to all of them", warnings);
    close(fd);
    fmx_test_close(&test);
}

Test(source_find, depth_and_unreadable_folders)
{
    fmx_test test = fmx_test_open_host();
    char root[64];
    char deep[512] = "x";
    snprintf(root, sizeof root, "%s", fmx_test_folder());
    fmx_context_set_log(test.ctx, count_warning, NULL, FMX_LOG_WARNING);
    make_experiment(root, "s/1");
    for (int i = 0; i < FMX__DEPTH_MOST; ++i)
        strcat(deep, "/x");
    make_experiment(root, deep);
    warnings = 0;
    expect_found(&test, root, "", false, "s/1");
    cr_assert_eq(warnings, 1);
    if (geteuid() != 0) { /* root reads everything */
        make_experiment(root, "closed/1");
        chmod(fmx_fixture_path(root, "closed"), 0);
        expect_found(&test, root, "", false, "s/1");
        cr_assert_eq(warnings, 3);
        fmx_source_list list = {0};
        fmx_test_refused(&test,
                         fmx_source_find(test.ctx, fmx_fixture_path(root, "closed"), false, &list),
                         FMX_ERROR_READ, "closed");
        chmod(fmx_fixture_path(root, "closed"), 0777);
    }
    fmx_test_close(&test);
}

Test(source_find, order_of_paths)
{
    static const char *const sorted[] = {"",     "/a",    "/a-b",    "/a/1", "/a/02",
                                         "/a/2", "/a/10", "/a/10/x", "/a/x", "/b"};
    for (int i = 0; i < 10; ++i) {
        for (int j = 0; j < 10; ++j) {
            int order = fmx__compare_paths(sorted[i], sorted[j]);
            cr_assert((order > 0) == (i > j) && (order < 0) == (i < j), "%s, %s: %d", sorted[i],
                      sorted[j], order);
        }
    }
}

Test(source_find, name_of_the_sample)
{
    static const char *const cases[][2] = {
        {"/data/urea/7", "urea"},
        {"/data/urea/7/pdata/1", "urea"},
        {"urea/7", "urea"},
        {"./urea/./7", "urea"},
        {"/data/urea/7a", "7a"},
        {"/7/8", "/7/8"},
        {"/data/\xfcrea/7", "\xc3\xbcrea"},
    };
    fmx_test test = fmx_test_open_host();
    char *name = NULL;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
        fmx_test_ok(&test, fmx__sample_name(test.ctx, cases[i][0], &name), cases[i][0]);
        cr_assert_str_eq(name, cases[i][1]);
        free(name);
    }
    /* a relative path that says nothing: where it really lies */
    const char *folder = fmx_test_folder();
    fmx_fixture_text(folder, "urea/7/x", "");
    cr_assert_eq(chdir(fmx_fixture_path(folder, "urea/7")), 0);
    static const char *const relative[] = {".", "../7", "./."};
    for (size_t i = 0; i < 3; ++i) {
        fmx_test_ok(&test, fmx__sample_name(test.ctx, relative[i], &name), relative[i]);
        cr_assert_str_eq(name, "urea");
        free(name);
    }
    fmx_test_close(&test);
}

/* A format that is known but not read is a failure with its name, not nothing. */
Test(source_find, refused_by_name)
{
    fmx_test test = fmx_test_open_host();
    const char *root = fmx_test_folder();
    fmx_fid fid;
    fmx_fixture_text(root, "1D.tnt", "TNT1.005 and whatever follows");
    fmx_test_refused(&test, fmx_fixture_read(&test, fmx_fixture_path(root, "1D.tnt"), &fid),
                     FMX_ERROR_UNSUPPORTED, "Tecmag TNMR");
    fmx_test_close(&test);
}
