/* Results of other programs, kept in tests/golden beside the scripts that made them. */
#ifndef FMX_GOLDEN_H
#define FMX_GOLDEN_H

#include <stddef.h>

/* The floats of tests/golden/<name>, a .npy file of little-endian float32 or complex64 (two floats
 * a value) in C order; fails the test otherwise. Released with free(). */
float *fmx_test_golden(const char *name, size_t *floats);

#endif
