/* Validation: what the network says of items that it does not learn from. */
#include <math.h>

#include "trainer_internal.h"

enum {
    CHECK_ITEMS = 32,       /* of a pass over several batches, */
    CHECK_BYTES = 64 << 20, /* and all values of the network for them */
};

size_t fmx__train_check_batches(const fmx__trainer *t)
{
    size_t batch = (size_t)t->options->batch;
    size_t batches = fmx__source_batches(&t->source, FMX__SPLIT_VALIDATION);
    size_t item_bytes = 0;
    for (size_t i = 0; i < t->graph.input_count + t->graph.layer_count; ++i)
        item_bytes += fmx__shape_floats(fmx__graph_shape(&t->graph, i)) * sizeof(float);
    if (batches > CHECK_ITEMS / batch)
        batches = CHECK_ITEMS / batch;
    if (batches > CHECK_BYTES / (item_bytes * batch))
        batches = CHECK_BYTES / (item_bytes * batch);
    return t->options->validate && batches > 0 ? batches : 1;
}

/* The class with the largest value; ties: the first. */
static size_t largest(const float *values, size_t count)
{
    size_t best = 0;
    for (size_t c = 1; c < count; ++c) {
        if (values[c] > values[best])
            best = c;
    }
    return best;
}

double fmx__train_threshold(const fmx__trainer *t)
{
    return t->heads.has_presence ? 0.5 : 0.1;
}

double fmx__train_f1(const fmx__trainer *t, double threshold)
{
    size_t hits = 0;
    size_t wrong = 0;
    for (size_t i = 0; i < t->validation_items * t->source.classes; ++i) {
        bool called = (double)t->presence[i] >= threshold;
        hits += called && t->truth[i] > 0;
        wrong += called != (t->truth[i] > 0);
    }
    return hits + wrong > 0 ? 2 * (double)hits / (2 * (double)hits + (double)wrong) : 1;
}

static void score(const fmx__trainer *t, fmx__train_figures *figures)
{
    size_t classes = t->source.classes;
    size_t top = 0;
    for (size_t i = 0; i < t->validation_items; ++i)
        top += largest(t->truth + i * classes, classes) ==
               largest(t->proportion + i * classes, classes);
    /* rounded to float, as probabilities are */
    figures->f1 = fmx__train_f1(t, (double)(float)fmx__train_threshold(t));
    figures->accuracy = (double)top / (double)t->validation_items;
}

/* A pass's results to the host: items from `first` on. */
static fmx_status read_pass(fmx__trainer *t, size_t first, size_t count, double *loss)
{
    const void *host = NULL;
    size_t classes = t->source.classes;
    size_t bytes = count * classes * sizeof(float);
    const fmx__train_pass *pass = &t->check;
    fmx_status status = fmx__download_ask(t->download, t->losses, 0, fmx_buffer_bytes(t->losses));
    if (status == FMX_OK)
        status = fmx__download_take(t->download, &host);
    if (status == FMX_OK)
        *loss += fmx__train_sum_losses(t, host, count);
    if (status == FMX_OK)
        status = fmx__train_scores_batch(t, host, count);
    if (status != FMX_OK || !t->has_heads)
        return status;
    status = fmx_buffer_read(pass->from->target[t->classes_target], 0, t->truth + first * classes,
                             bytes);
    if (status == FMX_OK)
        status = fmx_buffer_read(fmx__plan_value(pass->plan, t->heads.presence), 0,
                                 t->presence + first * classes, bytes);
    if (status == FMX_OK)
        status = fmx_buffer_read(fmx__plan_value(pass->plan, t->heads.proportion), 0,
                                 t->proportion + first * classes, bytes);
    return status;
}

/* The source's batch to rows from `at` on of the pass's own. */
static fmx_status gather(fmx__trainer *t, size_t at)
{
    const fmx__source *source = &t->source;
    size_t row = source->channels * source->positions * sizeof(float);
    fmx_status status =
        fmx_buffer_copy(t->gathered.input, at * row, t->batch.input, 0, t->batch.count * row);
    for (size_t i = 0; status == FMX_OK && i < source->target_count; ++i) {
        row = source->target[i].channels * source->target[i].positions * sizeof(float);
        if (t->gathered.target[i] != NULL)
            status = fmx_buffer_copy(t->gathered.target[i], at * row, t->batch.target[i], 0,
                                     t->batch.count * row);
    }
    return status;
}

/* The items of a pass: a batch, or several from number `index` on; *count of them. */
static fmx_status fill_pass(fmx__trainer *t, size_t index, size_t batches, size_t *count)
{
    fmx_status status = FMX_OK;
    *count = 0;
    for (size_t i = index; status == FMX_OK && i < index + batches; ++i) {
        status = fmx__source_next(&t->source, FMX__SPLIT_VALIDATION, 0, i, &t->batch);
        if (status == FMX_OK && t->check.from == &t->gathered)
            status = gather(t, *count);
        *count += t->batch.count;
    }
    return status;
}

fmx_status fmx__train_validate(fmx__trainer *t, fmx__train_figures *figures)
{
    size_t first = 0;
    size_t batches = fmx__source_batches(&t->source, FMX__SPLIT_VALIDATION);
    size_t most = t->check.batch / (size_t)t->options->batch;
    double loss = 0;
    fmx_status status = FMX_OK;
    fmx__train_scores_begin(t);
    for (size_t i = 0; status == FMX_OK && i < batches; i += most) {
        size_t count = 0;
        status = fill_pass(t, i, i + most < batches ? most : batches - i, &count);
        if (status == FMX_OK)
            status = fmx__recording_run(t->check.recording);
        if (status == FMX_OK)
            status = read_pass(t, first, count, &loss);
        first += count;
        if (status == FMX_OK)
            status = fmx__check_interrupt(t->ctx);
    }
    figures->validation_loss = loss / (double)t->validation_items;
    fmx__train_scores_end(t, figures);
    figures->f1 = figures->accuracy = NAN;
    if (status == FMX_OK && t->has_heads)
        score(t, figures);
    return status;
}
