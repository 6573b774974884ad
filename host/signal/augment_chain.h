/* A recipe's `augment` list on the fly: spectra on the device in, one augmented copy of each out.
 */
#ifndef FIDMIX_AUGMENT_CHAIN_H
#define FIDMIX_AUGMENT_CHAIN_H

#include "augment.h"

typedef struct fmx__augment_chain fmx__augment_chain;

/* One spectrum to be made. Copy numbers run through the list as in `fidmix augment` (the last
 * stage's fastest); a draw beyond the number of copies begins a new round of them with fresh
 * scalars. So row r, item r, draws below that number are the rows that `fidmix augment` writes. */
typedef struct fmx__augment_pick {
    uint32_t row;  /* of the library */
    uint64_t item; /* identity for draws */
    uint32_t draw;
    float field_mhz;
} fmx__augment_pick;

/* Everything is allocated here. With keep_scale the list leaves heights comparable: the amplitude
 * of `augmentation` stays 1 and nothing is normalised, so that amounts in a mixture stay what they
 * are. Errors: FMX_ERROR_RECIPE, FMX_ERROR_DEVICE_MEMORY, FMX_ERROR_MEMORY, device errors. */
fmx_status fmx__augment_chain_create(fmx_device *device, const fmx__recipe_part *stages,
                                     const fmx__augment_axis *axis, size_t most, bool keep_scale,
                                     fmx__augment_chain **out);
void fmx__augment_chain_release(fmx__augment_chain *chain); /* NULL is allowed */

/* out[i] = what pick[i] says of library, float [count][points], count at most `most`. Waits only
 * where the host is several calls ahead of the device. */
fmx_status fmx__augment_chain_run(fmx__augment_chain *chain, fmx_buffer *library,
                                  const fmx__augment_pick *pick, size_t count, fmx_buffer *out);

#endif
