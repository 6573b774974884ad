#include "weight_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PIECE = 1 << 20 }; /* floats that go through the host at a time */

static const fmx__moments no_moments = {0};

/* A tensor of the file: a weight itself, or one of its moments. */
typedef struct place {
    const fmx__tensor *tensor;
    fmx_buffer *slab;
} place;

static fmx_buffer *slab_of(const fmx__weights *weights, const fmx__moments *moments, size_t slab,
                           size_t moment)
{
    return moment == 0 ? weights->slab[slab].value : moments->slab[moment - 1][slab];
}

/* All tensors of the file in order: weights first, then each moment of the trainable ones. */
static fmx_status list_places(fmx_context *ctx, const fmx__weights *weights,
                              const fmx__moments *moments, fmx__tensor_entry **entry, place **at,
                              char **names, size_t *count)
{
    const size_t name_bytes = sizeof weights->tensor[0].name + 32;
    size_t most = weights->count * (moments->count + 1);
    fmx_status status = fmx__alloc(ctx, most, sizeof **entry, "a list of tensors", entry);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, most, sizeof **at, "a list of tensors", at);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, most, name_bytes, "names of tensors", names);
    *count = 0;
    for (size_t m = 0; status == FMX_OK && m <= moments->count; ++m) {
        for (size_t i = 0; i < weights->count; ++i) {
            const fmx__tensor *tensor = &weights->tensor[i];
            if (m > 0 && !tensor->spec.trainable)
                continue;
            char *name = *names + *count * name_bytes;
            if (m == 0)
                snprintf(name, name_bytes, "%s", tensor->name);
            else
                snprintf(name, name_bytes, "fidmix.%s.%s", moments->name[m - 1], tensor->name);
            fmx__tensor_entry *e = &(*entry)[*count];
            *e = (fmx__tensor_entry){
                .name = name, .type = FMX__TENSOR_F32, .rank = tensor->spec.rank};
            memcpy(e->shape, tensor->spec.dim, tensor->spec.rank * sizeof e->shape[0]);
            (*at)[(*count)++] = (place){tensor, slab_of(weights, moments, tensor->slab, m)};
        }
    }
    return status;
}

/* Part of a slab on the host: every read waits for the device, so that one for each tensor would
 * cost a small network more than an epoch. */
typedef struct window {
    fmx_buffer *slab; /* NULL: nothing was read yet */
    size_t first;
    size_t count;
    float *value; /* [PIECE] */
} window;

/* The float `first` of a tensor and up to *count behind it, where they are in the window, which
 * goes there if it has to. */
static fmx_status look(window *w, const place *at, size_t slab_floats, size_t first,
                       const float **values, size_t *count)
{
    size_t from = at->tensor->offset + first;
    fmx_status status = FMX_OK;
    if (w->slab != at->slab || from < w->first || from >= w->first + w->count) {
        w->slab = at->slab;
        w->first = from;
        w->count = slab_floats - from < PIECE ? slab_floats - from : PIECE;
        status =
            fmx_buffer_read(at->slab, from * sizeof(float), w->value, w->count * sizeof(float));
    }
    *values = w->value + (from - w->first);
    *count = w->first + w->count - from;
    return status;
}

static fmx_status append(fmx__safetensors_writer *writer, const place *at, size_t slab_floats,
                         window *w)
{
    fmx_status status = FMX_OK;
    size_t count = 0;
    for (size_t first = 0; status == FMX_OK && first < at->tensor->count; first += count) {
        const float *values = NULL;
        status = look(w, at, slab_floats, first, &values, &count);
        if (count > at->tensor->count - first)
            count = at->tensor->count - first;
        if (status == FMX_OK)
            status = fmx__safetensors_writer_append(writer, values, count * sizeof(float));
    }
    return status;
}

/* Weights and statistics take turns in the file and have slabs of their own: a window for each. */
static fmx_status append_all(fmx_context *ctx, fmx__safetensors_writer *writer,
                             const fmx__weights *weights, const place *at, size_t count)
{
    window windows[2] = {0};
    float *piece = NULL;
    fmx_status status = fmx__alloc(ctx, 2 * PIECE, sizeof *piece, "weights", &piece);
    if (status != FMX_OK)
        return status;
    windows[0].value = piece;
    windows[1].value = piece + PIECE;
    for (size_t i = 0; status == FMX_OK && i < count; ++i)
        status = append(writer, &at[i], weights->slab[at[i].tensor->slab].floats,
                        &windows[at[i].tensor->spec.trainable]);
    free(piece);
    return status;
}

/* Facts and further metadata as one list; the texts stay where they are. */
static fmx_status join_metadata(fmx_context *ctx, const fmx__text_pair *facts, size_t fact_count,
                                const fmx__text_pair *more, size_t more_count, fmx__text_pair **out)
{
    fmx_status status = fmx__alloc(ctx, fact_count + more_count + 1, sizeof **out, "metadata", out);
    if (status == FMX_OK) {
        for (size_t i = 0; i < fact_count; ++i)
            (*out)[i] = facts[i];
        for (size_t i = 0; i < more_count; ++i)
            (*out)[fact_count + i] = more[i];
    }
    return status;
}

fmx_status fmx__weight_file_write(fmx_context *ctx, const char *path, const fmx__weights *weights,
                                  const fmx__moments *moments, const fmx__model_facts *facts,
                                  const fmx__text_pair *more, size_t more_count)
{
    fmx__text_pair *fact = NULL;
    fmx__text_pair *all = NULL;
    size_t fact_count = 0;
    fmx__tensor_entry *entry = NULL;
    place *at = NULL;
    char *names = NULL;
    size_t count = 0;
    fmx__safetensors_writer *writer = NULL;
    fmx_status status = fmx__model_metadata(ctx, facts, &fact, &fact_count);
    if (status == FMX_OK)
        status = join_metadata(ctx, fact, fact_count, more, more_count, &all);
    if (status == FMX_OK)
        status = list_places(ctx, weights, moments != NULL ? moments : &no_moments, &entry, &at,
                             &names, &count);
    if (status == FMX_OK) {
        fmx__safetensors_plan plan = {entry, count, all, fact_count + more_count};
        status = fmx__safetensors_writer_open(ctx, path, true, &plan, &writer);
    }
    if (status == FMX_OK)
        status = append_all(ctx, writer, weights, at, count);
    if (status == FMX_OK)
        status = fmx__safetensors_writer_finish(writer);
    fmx__safetensors_writer_close(writer);
    free(names);
    free(at);
    free(entry);
    free(all);
    fmx__model_metadata_clear(fact, fact_count);
    return status;
}

static fmx_status read_tensor(fmx__safetensors *file, const fmx__tensor_entry *wanted,
                              const place *at, float *piece)
{
    const fmx__tensor_entry *found = NULL;
    fmx_status status =
        fmx__safetensors_expect(file, wanted->name, wanted->rank, wanted->shape, &found);
    for (size_t first = 0; status == FMX_OK && first < at->tensor->count; first += PIECE) {
        size_t count = at->tensor->count - first < PIECE ? at->tensor->count - first : PIECE;
        status = fmx__safetensors_read(file, found, first, count, piece);
        if (status == FMX_OK)
            status = fmx_buffer_write(at->slab, (at->tensor->offset + first) * sizeof(float), piece,
                                      count * sizeof(float));
    }
    return status;
}

fmx_status fmx__weight_file_read(fmx_context *ctx, fmx__safetensors *file,
                                 const fmx__weights *weights, const fmx__moments *moments)
{
    fmx__tensor_entry *entry = NULL;
    place *at = NULL;
    char *names = NULL;
    float *piece = NULL;
    size_t count = 0;
    fmx_status status = list_places(ctx, weights, moments != NULL ? moments : &no_moments, &entry,
                                    &at, &names, &count);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, PIECE, sizeof *piece, "weights", &piece);
    for (size_t i = 0; status == FMX_OK && i < count; ++i)
        status = read_tensor(file, &entry[i], &at[i], piece);
    free(piece);
    free(names);
    free(at);
    free(entry);
    return status;
}
