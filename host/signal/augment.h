/* A recipe's `augment` list over a whole dataset: every stage makes copies of every row that it is
 * given, batches stream through the device, and a row's contents depend on its number, the recipe
 * and the seed alone. */
#ifndef FIDMIX_AUGMENT_H
#define FIDMIX_AUGMENT_H

#include "fidmix/device.h"
#include "recipe.h"

/* What a stage may know of a row that it draws an item for. */
typedef struct fmx__augment_row {
    uint64_t item; /* number of the row among all that enter the stage: identity for draws */
    uint32_t row;  /* of the buffer that it is read from */
    uint32_t copy; /* 0 .. copies - 1 */
    float field_mhz;
} fmx__augment_row;

/* What is fixed while a stage runs. */
typedef struct fmx__augment_axis {
    size_t points;
    double ppm_step; /* negative */
    uint64_t seed;
} fmx__augment_axis;

/* A stage of the list. `state` is what create made. */
typedef struct fmx__augment_stage {
    const fmx__option_group *group;
    size_t item_bytes; /* of what draw fills, uploaded as an array */
    fmx_status (*check)(fmx_context *ctx,
                        const void *options); /* beyond the table; NULL: nothing */
    bool (*needs_field)(const void *options); /* NULL: never */
    size_t (*copies)(const void *options);
    void (*draw)(const void *options, const fmx__augment_axis *axis, const fmx__augment_row *row,
                 void *item);
    fmx_status (*create)(fmx_device *device, const void *options, const fmx__augment_axis *axis,
                         size_t most_items, void **state);
    fmx_status (*apply)(void *state, fmx_buffer *library, fmx_buffer *items, size_t count,
                        fmx_buffer *out);
    void (*release)(void *state); /* NULL is allowed */
} fmx__augment_stage;

extern const fmx__augment_stage *const fmx__augment_stages[];
extern const size_t fmx__augment_stage_count;

/* For the recipe's schema: the options of the index-th stage, NULL past the last. */
const fmx__option_group *fmx__augment_group(size_t index);

/* Checks the list without data. `copies` (may be NULL): rows made of each row. `needs_field` (may
 * be NULL): rows must say their field. Errors: FMX_ERROR_RECIPE (an empty list, options). */
fmx_status fmx__augment_check(fmx_context *ctx, const fmx__recipe_part *stages, size_t *copies,
                              bool *needs_field);

/* Reads rows [first, first + count) of the input, [count][points]. */
typedef fmx_status (*fmx__augment_source)(void *user, size_t first, size_t count, float *out);

/* Receives rows [first, first + count) of the output, in ascending order. */
typedef fmx_status (*fmx__augment_sink)(void *user, size_t first, size_t count,
                                        const float *spectra);

typedef struct fmx__augment_job {
    fmx_device *device;
    const fmx__recipe_part *stages;
    fmx__augment_axis axis;
    const float *field_mhz; /* of every input row; NULL: not known */
    size_t first;           /* output rows wanted: [first, end) of input rows x copies */
    size_t end;
    size_t batch; /* output rows at a time; 0: chosen. Results do not depend on it */
    fmx__augment_source source;
    fmx__augment_sink sink;
    void *user;
} fmx__augment_job;

/* Output row r is copy r % copies of input row r / copies; with several stages the last one's
 * copies run fastest. While the sink has a batch, the device works on the next. Progress is
 * "augment", in rows. Errors: those of source, sink and device; FMX_ERROR_INTERRUPTED between
 * batches. */
fmx_status fmx__augment_run(const fmx__augment_job *job);

#endif
