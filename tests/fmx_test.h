/* What the tests share: a context and device per test, random data, skips that are counted.
 *
 * How to add a case: put a row into tests/cases/<stem>.h; test and benchmark both take it from
 * there. The device is chosen by FIDMIX_TEST_DEVICE (set by ctest: "Portable" for PoCL, "Intel(R)
 * OpenCL" for Intel's CPU runtime); run one case of one test alone with
 *     FIDMIX_TEST_DEVICE=Portable build/release/tests/test_apodisation --filter apodisation/twin
 */
#ifndef FMX_TEST_H
#define FMX_TEST_H

#include <criterion/criterion.h>
#include <stdint.h>

#include "fidmix/fidmix.h"

/* Rounding unit of float. */
#define FMX_TEST_EPS 5.9604644775390625e-8

/* One context, one device with NaN-filled, guarded buffers. */
typedef struct fmx_test {
    fmx_context *ctx;
    fmx_device *device;
} fmx_test;

/* Opens both; skips the test (with a counted reason) when the runtime is not installed. */
fmx_test fmx_test_open(void);

/* A context only, for rooms that know no device. */
fmx_test fmx_test_open_host(void);

/* Closes both and fails the test when a guard area was written to. */
void fmx_test_close(fmx_test *test);

/* Ends the test as skipped and notes the reason in $FIDMIX_SKIP_LOG. */
void fmx_test_skip(const char *reason);

/* Fails with the context's message unless status is FMX_OK. */
void fmx_test_ok(const fmx_test *test, fmx_status status, const char *what);

/* Fails unless status is `expected` and the message contains `part`. */
void fmx_test_refused(const fmx_test *test, fmx_status status, fmx_status expected,
                      const char *part);

/* Calls `call` with the first, second ... allocation failing, on the device and then on the host,
 * until it succeeds: each failure must be a status, and nothing may leak (fmx_test_close checks).
 */
void fmx_test_each_failure(const fmx_test *test, fmx_status (*call)(void *user), void *user);

/* Fails unless |got - expected| <= tolerance(user, i) for every i; NaN fails. */
void fmx_test_close_to(const float *got, const float *expected, size_t count,
                       double (*tolerance)(const void *user, size_t i), const void *user,
                       const char *what);

/* `count` floats, uniform on [-1, 1), the same for the same seed. Released with free(). */
float *fmx_test_random(size_t count, uint64_t seed);

/* A time-domain batch of random complex points with plausible rows (sw_hz 8000 + 100 row, obs_mhz
 * 500, group delay 0, valid = points). */
fmx_signal fmx_test_decays(const fmx_test *test, size_t rows, size_t points, uint64_t seed);

/* A batch of random spectra with plausible rows: 500 MHz, descending axes that differ from row to
 * row (first point 12 + row/100 ppm, last -1 ppm). */
fmx_signal fmx_test_spectra(const fmx_test *test, bool is_complex, size_t rows, size_t points,
                            uint64_t seed);

/* Where shared data lies ($FIDMIX_SHARED, or ../shared beside the project); skips when absent.
 * Returns "<shared>/<below>" in static storage. */
const char *fmx_test_shared(const char *below);

/* Sets a language with a decimal comma; skips when none can be made. setlocale(LC_ALL, "C") ends
 * it.
 */
void fmx_test_decimal_comma(void);

/* A fresh empty folder for the test's files, below $TMPDIR or /tmp, and its path; it is removed
 * with all that lies in it when the test's process ends. */
const char *fmx_test_folder(void);

#endif
