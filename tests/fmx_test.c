#define _XOPEN_SOURCE 700 /* nftw */
#include "fmx_test.h"

#include <ftw.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "launch.h"
#include "philox.h"

fmx_test fmx_test_open_host(void)
{
    fmx_test test = {0};
    cr_assert_eq(fmx_context_create(&test.ctx), FMX_OK);
    return test;
}

fmx_test fmx_test_open(void)
{
    fmx_test test = fmx_test_open_host();
    const char *selector = getenv("FIDMIX_TEST_DEVICE");
    fmx_status status = fmx_device_open(test.ctx, selector, &test.device);
    if (status == FMX_ERROR_NO_DEVICE && selector != NULL && strstr(selector, "Intel") != NULL)
        fmx_test_skip("Intel's CPU runtime is not installed");
    fmx_test_ok(&test, status, "opening the device");
    fmx__device_guard(test.device, true);
    return test;
}

void fmx_test_close(fmx_test *test)
{
    if (test->device != NULL)
        fmx__device_cache_clear(test->device);
    bool broken = test->device != NULL && fmx__device_guard_broken(test->device);
    size_t live = test->device != NULL ? fmx__device_live_buffers(test->device) : 0;
    fmx_device_close(test->device);
    fmx_context_destroy(test->ctx);
    *test = (fmx_test){0};
    cr_assert_not(broken, "a kernel wrote past the end of a buffer");
    cr_assert_eq(live, 0, "%zu device buffers were never released", live);
}

void fmx_test_skip(const char *reason)
{
    const char *path = getenv("FIDMIX_SKIP_LOG");
    FILE *log = path != NULL ? fopen(path, "a") : NULL;
    if (log != NULL) {
        fprintf(log, "%s\n", reason);
        fclose(log);
    }
    cr_skip_test("%s", reason);
}

void fmx_test_ok(const fmx_test *test, fmx_status status, const char *what)
{
    cr_assert_eq(status, FMX_OK, "%s: %s: %s", what, fmx_status_name(status),
                 fmx_context_message(test->ctx));
}

void fmx_test_refused(const fmx_test *test, fmx_status status, fmx_status expected,
                      const char *part)
{
    cr_assert_eq(status, expected, "expected %s, got %s: %s", fmx_status_name(expected),
                 fmx_status_name(status), fmx_context_message(test->ctx));
    cr_assert(strstr(fmx_context_message(test->ctx), part) != NULL,
              "the message \"%s\" does not say \"%s\"", fmx_context_message(test->ctx), part);
    fmx_context_clear(test->ctx);
}

float *fmx_test_random(size_t count, uint64_t seed)
{
    float *data = malloc((count ? count : 1) * sizeof *data);
    cr_assert_not_null(data);
    for (size_t i = 0; i < count; ++i) {
        uint32_t words[4];
        fmx__random_words(words, seed, FMX__PURPOSE_TEST, i, 0, 0);
        data[i] = (float)(2 * fmx__uniform(words[0]) - 1);
    }
    return data;
}

fmx_signal fmx_test_decays(const fmx_test *test, size_t rows, size_t points, uint64_t seed)
{
    fmx_signal signal;
    fmx_test_ok(test, fmx_signal_create(test->device, FMX_DOMAIN_TIME, true, rows, points, &signal),
                "making a batch");
    float *data = fmx_test_random(2 * rows * points, seed);
    fmx_test_ok(test, fmx_buffer_write(signal.data, 0, data, 2 * rows * points * sizeof *data),
                "writing a batch");
    free(data);
    for (size_t i = 0; i < rows; ++i) {
        signal.row[i].item = i;
        signal.row[i].sw_hz = 8000 + 100.0 * (double)i;
        signal.row[i].obs_mhz = 500;
        signal.row[i].sf_mhz = 499.9977;
        signal.row[i].valid = points;
    }
    return signal;
}

fmx_signal fmx_test_spectra(const fmx_test *test, bool is_complex, size_t rows, size_t points,
                            uint64_t seed)
{
    fmx_signal signal;
    fmx_test_ok(
        test,
        fmx_signal_create(test->device, FMX_DOMAIN_FREQUENCY, is_complex, rows, points, &signal),
        "making a batch");
    size_t count = rows * points * (is_complex ? 2 : 1);
    float *data = fmx_test_random(count, seed);
    fmx_test_ok(test, fmx_buffer_write(signal.data, 0, data, count * sizeof *data),
                "writing a batch");
    free(data);
    for (size_t i = 0; i < rows; ++i) {
        double first = 12 + 0.01 * (double)i;
        signal.row[i].item = i;
        signal.row[i].obs_mhz = 500;
        signal.row[i].sf_mhz = 499.9977;
        signal.row[i].ppm_first = first;
        signal.row[i].ppm_step = -(first + 1) / (double)(points > 1 ? points - 1 : 1);
        signal.row[i].sw_hz = -signal.row[i].ppm_step * 500 * (double)points;
        signal.row[i].valid = points;
    }
    return signal;
}

const char *fmx_test_shared(const char *below)
{
    static char path[4096];
    const char *own = getenv("FIDMIX_SHARED");
    struct stat info;
    snprintf(path, sizeof path, "%s/%s", own != NULL ? own : FMX_SOURCE_DIR "/../shared", below);
    if (stat(path, &info) != 0)
        fmx_test_skip("the shared data folder is not there");
    return path;
}

/* Folders of this process; they go when it ends, whether its test passed or not. */
typedef struct test_folder {
    char path[256];
    pid_t owner; /* not a child that it forked */
    struct test_folder *next;
} test_folder;

static test_folder *test_folders;

/* Some tests take rights away, and only root could then remove what lies inside. */
static int open_entry(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    (void)info, (void)at;
    if (kind == FTW_D || kind == FTW_DNR)
        (void)chmod(path, S_IRWXU);
    return 0;
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    (void)info, (void)kind, (void)at;
    (void)remove(path);
    return 0;
}

static void remove_test_folders(void)
{
    for (const test_folder *f = test_folders; f != NULL; f = f->next) {
        if (f->owner != getpid())
            continue;
        (void)nftw(f->path, open_entry, 16, FTW_PHYS);
        (void)nftw(f->path, remove_entry, 16, FTW_PHYS | FTW_DEPTH);
    }
}

const char *fmx_test_folder(void)
{
    static char base[200]; /* TMPDIR as the process found it: tests of archives set another */
    const char *given = getenv("TMPDIR");
    test_folder *made = calloc(1, sizeof *made);
    cr_assert_not_null(made);
    if (base[0] == '\0')
        snprintf(base, sizeof base, "%s", given != NULL && given[0] != '\0' ? given : "/tmp");
    snprintf(made->path, sizeof made->path, "%s/fidmix-test-XXXXXX", base);
    cr_assert_not_null(mkdtemp(made->path), "no folder %s", made->path);
    if (test_folders == NULL)
        cr_assert_eq(atexit(remove_test_folders), 0);
    made->owner = getpid();
    made->next = test_folders;
    test_folders = made;
    return made->path;
}

static void fail_next(const fmx_test *test, bool host, size_t nth)
{
    if (host)
        fmx__fail_allocation(test->ctx, nth);
    else
        fmx__device_fail_allocation(test->device, nth);
}

void fmx_test_each_failure(const fmx_test *test, fmx_status (*call)(void *user), void *user)
{
    enum { MOST = 5000 };
    for (int host = 0; host < 2; ++host) {
        fmx_status expected = host ? FMX_ERROR_MEMORY : FMX_ERROR_DEVICE_MEMORY;
        fmx_status status = expected;
        for (size_t n = 1; status != FMX_OK; ++n) {
            cr_assert_lt(n, MOST, "it allocates without end");
            fail_next(test, host, n);
            status = call(user);
            fail_next(test, host, 0);
            /* what allocates nothing on the device has no business here */
            bool done = status == FMX_OK && (host || n > 1);
            cr_assert(done || status == expected, "%s allocation %zu fails: %s",
                      host ? "host" : "device", n, fmx_status_name(status));
        }
    }
    fmx_context_clear(test->ctx);
}

void fmx_test_close_to(const float *got, const float *expected, size_t count,
                       double (*tolerance)(const void *user, size_t i), const void *user,
                       const char *what)
{
    for (size_t i = 0; i < count; ++i) {
        double difference = (double)got[i] - expected[i];
        double allowed = tolerance(user, i);
        cr_assert(difference <= allowed && -difference <= allowed,
                  "%s, value %zu of %zu: got %.9g, expected %.9g, allowed %.3g", what, i, count,
                  got[i], expected[i], allowed);
    }
}

void fmx_test_decimal_comma(void)
{
    char command[512];
    const char *folder = fmx_test_folder();
    snprintf(command, sizeof command, "localedef -i de_DE -f UTF-8 %s/de_DE.UTF-8 > /dev/null 2>&1",
             folder);
    int made = system(command);
    setenv("LOCPATH", folder, 1);
    if (made != 0 || setlocale(LC_ALL, "de_DE.UTF-8") == NULL)
        fmx_test_skip("no locale with a decimal comma");
    cr_assert_str_eq(localeconv()->decimal_point, ",");
}
