/* The published shift augmentation, docs/stages/shift.md: for k = 1 .. K every spectrum is rolled
 * circularly by +-(s + U(-1, 1) j) k / K ppm, which with the original makes 2 K + 1 copies. */
#ifndef FIDMIX_SHIFT_H
#define FIDMIX_SHIFT_H

#include "fidmix/device.h"
#include "options.h"

typedef struct fmx__shift_options {
    double shift_ppm;  /* s: the largest shift, ppm */
    double jitter_ppm; /* j: how far each deviates at random, ppm */
    int64_t steps;     /* K */
} fmx__shift_options;

/* Options, defaults and documentation as a group of a recipe. */
extern const fmx__option_group fmx__shift_group;

/* One copy; uploaded as it is. */
typedef struct fmx__shift_item {
    uint32_t row;    /* of the library */
    uint32_t points; /* out[j] = in[(j + points) mod N] */
} fmx__shift_item;

/* Copies made of each spectrum: 2 K + 1. */
uint32_t fmx__shift_copies(const fmx__shift_options *options);

/* The shift of copy `copy` of spectrum `item`, in ppm towards high ppm: copy 0 is the original,
 * 2 k - 1 and 2 k are shifted to high and to low ppm by step k. U: word 0 of key (seed, SHIFT),
 * counter (item, copy, 0). */
double fmx__shift_ppm(const fmx__shift_options *options, uint64_t seed, uint64_t item,
                      uint32_t copy);

/* That shift as a roll: rounded to whole points (halves away from zero) of an axis with `ppm_step`
 * (negative) from one point to the next. */
uint32_t fmx__shift_points(double shift_ppm, size_t points, double ppm_step);

/* out[i] = the row items[i].row of the library, rolled. library float [rows][points], items
 * fmx__shift_item [count] on the device, out float [count][points]; they must not overlap. Only
 * launches a kernel. Errors: FMX_ERROR_SHAPE (a buffer too small), device errors. */
fmx_status fmx__shift_apply(fmx_device *device, fmx_buffer *library, fmx_buffer *items,
                            size_t count, size_t points, fmx_buffer *out);

#endif
