/* What validation says of each loss's layer beside the loss: columns of the history. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "c_locale.h"
#include "trainer_internal.h"

typedef enum score_kind {
    SCORE_NONE,
    SCORE_LABELS, /* one class for each position */
    SCORE_VALUES, /* numbers */
} score_kind;

/* One loss's layer. */
typedef struct score {
    score_kind kind;
    size_t output_floats; /* of an item */
    size_t target_floats;
    float *output; /* [batch][output_floats] */
    float *target;
    /* of an epoch */
    double loss;
    size_t labels;   /* that are there */
    size_t in_order; /* at their own position */
    size_t any_order;
    double *sum; /* values: [channels][3]: squared errors, targets, squared targets */
} score;

struct fmx__train_scores {
    score of[FMX__TRAIN_LOSSES];
    size_t items;
    double hits_mean; /* over the epochs before */
};

static score_kind kind_of(const fmx__trainer *t, const fmx__train_loss *loss)
{
    const char *target = t->source.target[loss->target].name;
    if (t->has_heads && strcmp(target, "classes") == 0)
        return SCORE_NONE; /* F1 and accuracy */
    if (strcmp(target, "labels") == 0)
        return SCORE_LABELS;
    bool values = loss->loss->activation == NULL && strcmp(target, "sources") != 0;
    return values ? SCORE_VALUES : SCORE_NONE;
}

static fmx_status open_score(fmx__trainer *t, const fmx__train_loss *loss, score *s)
{
    size_t batch = (size_t)t->options->batch * fmx__train_check_batches(t);
    s->kind = kind_of(t, loss);
    s->output_floats = fmx__shape_floats(fmx__graph_shape(&t->graph, loss->value));
    s->target_floats = fmx__shape_floats(&loss->target_shape);
    if (s->kind == SCORE_NONE)
        return FMX_OK;
    fmx_status status =
        fmx__alloc(t->ctx, batch * s->output_floats, sizeof(float), "validation", &s->output);
    if (status == FMX_OK)
        status =
            fmx__alloc(t->ctx, batch * s->target_floats, sizeof(float), "validation", &s->target);
    if (status == FMX_OK && s->kind == SCORE_VALUES)
        status = fmx__alloc(t->ctx, loss->target_shape.channels * 3, sizeof(double), "validation",
                            &s->sum);
    return status;
}

/* Where a score of loss `i` goes, named "validation_[LAYER_]WHAT"; of several losses on one layer
 * "validation_LAYER_LOSS_WHAT". */
static void add_column(fmx__trainer *t, size_t i, const char *what, fmx__train_figures *figures,
                       double value)
{
    size_t index = figures->scores++;
    bool only = t->loss_count == 1;
    bool shared = false;
    for (size_t k = 0; k < t->loss_count; ++k)
        shared |= k != i && t->loss[k].output == t->loss[i].output;
    if (index < FMX__TRAIN_SCORES) {
        figures->score[index].value = value;
        snprintf(figures->score[index].name, sizeof figures->score[index].name,
                 "validation_%.40s%s%.20s%s%s",
                 only ? "" : fmx__graph_value_name(&t->graph, t->loss[i].output), only ? "" : "_",
                 shared ? t->loss[i].loss->group.name : "", shared ? "_" : "", what);
    }
}

/* Mean over the channels of 1 - squared errors / variance of the target. */
static double r2_of(const score *s, const fmx__shape *shape, double items)
{
    double mean = 0;
    for (size_t c = 0; c < shape->channels; ++c) {
        double n = items * (double)shape->positions;
        double variance = s->sum[3 * c + 2] - s->sum[3 * c + 1] * s->sum[3 * c + 1] / n;
        mean += (1 - s->sum[3 * c] / variance) / (double)shape->channels;
    }
    return mean;
}

static double rmse_of(const score *s, const fmx__shape *shape, double items)
{
    double sum = 0;
    for (size_t c = 0; c < shape->channels; ++c)
        sum += s->sum[3 * c];
    return sqrt(sum / (items * (double)fmx__shape_floats(shape)));
}

void fmx__train_scores_end(fmx__trainer *t, fmx__train_figures *figures)
{
    fmx__train_scores *scores = t->scores;
    double items = (double)scores->items;
    figures->scores = 0;
    for (size_t i = 0; i < t->loss_count; ++i) {
        const score *s = &scores->of[i];
        const fmx__shape *shape = &t->loss[i].target_shape;
        if (t->loss_count > 1)
            add_column(t, i, "loss", figures, s->loss / items);
        if (s->kind == SCORE_VALUES) {
            add_column(t, i, "rmse", figures, rmse_of(s, shape, items));
            add_column(t, i, "r2", figures, r2_of(s, shape, items));
        } else if (s->kind == SCORE_LABELS) {
            double labels = (double)s->labels;
            double hits = (double)s->in_order / items;
            double epoch = (double)t->state.epoch;
            double before = isfinite(scores->hits_mean) ? scores->hits_mean : 0;
            scores->hits_mean = epoch > 0 ? before + (hits - before) / epoch : hits;
            add_column(t, i, "labels", figures, (double)s->in_order / labels);
            add_column(t, i, "labels_any_order", figures, (double)s->any_order / labels);
            add_column(t, i, "hits", figures, hits);
            add_column(t, i, "hits_mean", figures, scores->hits_mean);
        }
    }
    figures->scores = figures->scores < FMX__TRAIN_SCORES ? figures->scores : FMX__TRAIN_SCORES;
}

void fmx__train_scores_text(const fmx__trainer *t, const fmx__train_figures *figures, bool as_row,
                            char *out, size_t bytes)
{
    size_t used = 0;
    out[0] = '\0';
    if (!as_row && t->has_heads)
        used = (size_t)snprintf(out, bytes, ", F1 %.4f, top class %.4f", figures->f1,
                                figures->accuracy);
    for (size_t i = 0; i < figures->scores && used < bytes; ++i) {
        const char *name = figures->score[i].name + strlen("validation_");
        used +=
            (size_t)(as_row ? snprintf(out + used, bytes - used, ",%.9g", figures->score[i].value)
                            : snprintf(out + used, bytes - used, ", %s %.5g", name,
                                       figures->score[i].value));
    }
}

fmx_status fmx__train_scores_open(fmx__trainer *t)
{
    fmx__train_figures none = {0};
    char *longer = NULL;
    fmx_status status = fmx__alloc(t->ctx, 1, sizeof *t->scores, "scores", &t->scores);
    for (size_t i = 0; status == FMX_OK && i < t->loss_count; ++i)
        status = open_score(t, &t->loss[i], &t->scores->of[i]);
    if (status == FMX_OK)
        fmx__train_scores_end(t, &none);
    for (size_t i = 0; status == FMX_OK && i < none.scores; ++i) {
        size_t length = strcspn(t->history, "\n");
        status =
            fmx__format(t->ctx, &longer, "%.*s,%s\n", (int)length, t->history, none.score[i].name);
        if (status == FMX_OK) {
            free(t->history);
            t->history = longer;
        }
    }
    return status;
}

void fmx__train_scores_close(fmx__trainer *t)
{
    for (size_t i = 0; t->scores != NULL && i < FMX__TRAIN_LOSSES; ++i) {
        free(t->scores->of[i].output);
        free(t->scores->of[i].target);
        free(t->scores->of[i].sum);
    }
    free(t->scores);
    t->scores = NULL;
}

/* The mean of hits as the history's last line has it, for a training that goes on. */
static double mean_before(const fmx__trainer *t)
{
    const char *head = t->history;
    const char *row = t->history + strlen(t->history);
    double value = NAN;
    if (row == head)
        return NAN;
    for (--row; row > head && row[-1] != '\n';)
        --row;
    for (; *head != '\n' && *head != '\0' && *row != '\0';
         head += strcspn(head, ",\n"), row += strcspn(row, ",\n")) {
        head += *head == ',';
        row += *row == ',';
        size_t length = strcspn(head, ",\n");
        if (length >= 9 && strncmp(head + length - 9, "hits_mean", 9) == 0)
            value = fmx__c_strtod(row, NULL);
    }
    return value;
}

void fmx__train_scores_begin(fmx__trainer *t)
{
    fmx__train_scores *scores = t->scores;
    scores->items = 0;
    scores->hits_mean = mean_before(t);
    for (size_t i = 0; i < t->loss_count; ++i) {
        score *s = &scores->of[i];
        s->loss = 0;
        s->labels = s->in_order = s->any_order = 0;
        if (s->sum != NULL)
            memset(s->sum, 0, t->loss[i].target_shape.channels * 3 * sizeof *s->sum);
    }
}

/* The class of the largest of [classes][positions] at each position; ties: the first. */
static size_t class_at(const float *output, size_t classes, size_t positions, size_t position)
{
    size_t best = 0;
    for (size_t c = 1; c < classes; ++c) {
        if (output[c * positions + position] > output[best * positions + position])
            best = c;
    }
    return best;
}

/* One item: labels named at their own position, and named anywhere, each as often as it is there.
 */
static void score_labels(score *s, const fmx__shape *output, const float *at, const float *labels)
{
    size_t positions = output->positions;
    uint64_t taken = 0; /* positions that name a label already; at most 64 are counted */
    for (size_t k = 0; k < positions; ++k) {
        s->labels += labels[k] >= 0;
        s->in_order += labels[k] == (float)class_at(at, output->channels, positions, k);
    }
    for (size_t k = 0; k < positions && positions <= 64; ++k) {
        for (size_t j = 0; labels[k] >= 0 && j < positions; ++j) {
            if ((taken >> j & 1) == 0 &&
                labels[k] == (float)class_at(at, output->channels, positions, j)) {
                taken |= UINT64_C(1) << j;
                ++s->any_order;
                break;
            }
        }
    }
}

static void score_values(score *s, const fmx__shape *shape, const float *at, const float *target)
{
    for (size_t i = 0; i < s->target_floats; ++i) {
        double *sum = s->sum + i / (s->target_floats / shape->channels) * 3;
        double wanted = (double)target[i];
        double error = (double)at[i] - wanted;
        sum[0] += error * error;
        sum[1] += wanted;
        sum[2] += wanted * wanted;
    }
}

fmx_status fmx__train_scores_batch(fmx__trainer *t, const float *losses, size_t count)
{
    fmx_status status = FMX_OK;
    t->scores->items += count;
    for (size_t i = 0; status == FMX_OK && i < t->loss_count; ++i) {
        score *s = &t->scores->of[i];
        const fmx__train_loss *loss = &t->loss[i];
        for (size_t row = 0; row < count; ++row)
            s->loss += (double)losses[i * t->loss_stride + row];
        if (s->kind == SCORE_NONE)
            continue;
        status = fmx_buffer_read(fmx__plan_value(t->check.plan, loss->value), 0, s->output,
                                 count * s->output_floats * sizeof(float));
        if (status == FMX_OK)
            status = fmx_buffer_read(t->check.from->target[loss->target], 0, s->target,
                                     count * s->target_floats * sizeof(float));
        for (size_t row = 0; status == FMX_OK && row < count; ++row) {
            const float *at = s->output + row * s->output_floats;
            const float *target = s->target + row * s->target_floats;
            if (s->kind == SCORE_LABELS)
                score_labels(s, fmx__graph_shape(&t->graph, loss->value), at, target);
            else
                score_values(s, &loss->target_shape, at, target);
        }
    }
    return status;
}
