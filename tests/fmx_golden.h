/* Results of other programs, kept in tests/golden beside the scripts that made them. */
#ifndef FMX_GOLDEN_H
#define FMX_GOLDEN_H

#include <stddef.h>

#include "safetensors.h"

/* The floats of tests/golden/<name>, a .npy file of little-endian float32 or complex64 (two floats
 * a value) in C order; fails the test otherwise. Released with free(). */
float *fmx_test_golden(const char *name, size_t *floats);

/* Opens tests/golden/<name>, a safetensors file; closed with fmx__safetensors_close. */
fmx__safetensors *fmx_test_tensors(const char *name);

/* The values of a tensor called as the format says ("%s.%zu.input"), released with free(); its
 * values, rank and shape in *tensor (may be NULL). Fails the test where there is none. */
float *fmx_test_tensor(fmx__safetensors *file, const fmx__tensor_entry **tensor, const char *format,
                       ...) FMX__PRINTF(3, 4);

/* The number behind "key=" in the metadata text of `name` ("conv1d.3"), for instance "stride"; the
 * word behind it in fmx_test_setting_is. Fails the test where it is missing. */
double fmx_test_setting(fmx__safetensors *file, const char *name, const char *key);
bool fmx_test_setting_is(fmx__safetensors *file, const char *name, const char *key,
                         const char *word);

#endif
