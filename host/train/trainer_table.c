/* What the log says of an epoch: a line for files, or a row of a table for eyes. */
#include <stdio.h>
#include <time.h>

#include "progress.h"
#include "trainer_internal.h"

enum { ROWS_PER_HEAD = 25, TIME_TEXT = 48 };

double fmx__train_now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void say_line(const fmx__trainer *t, const fmx__train_figures *figures, bool better)
{
    char scores[FMX__TRAIN_SCORES_TEXT];
    char validation[64] = "";
    fmx__train_scores_text(t, figures, false, scores, sizeof scores);
    if (t->options->validate)
        snprintf(validation, sizeof validation, ", validation %.5f%s", figures->validation_loss,
                 better ? " (best)" : "");
    fmx__log(t->ctx, FMX_LOG_INFO, "epoch %llu: loss %.5f%s%s, learning rate %g",
             (unsigned long long)t->state.epoch, figures->loss, validation,
             t->options->validate ? scores : "", figures->learning_rate);
}

/* Time left if all epochs are trained: early stopping may end sooner. */
static void say_row(fmx__trainer *t, const fmx__train_figures *figures, bool better)
{
    char scores[FMX__TRAIN_SCORES_TEXT];
    char epoch[48];
    char validation[48] = "-";
    char left[TIME_TEXT];
    double done = (double)(t->state.epoch - t->first_epoch);
    double each_s = (fmx__train_now_s() - t->started_s) / done;
    fmx__train_scores_text(t, figures, false, scores, sizeof scores);
    if (t->table_rows++ % ROWS_PER_HEAD == 0)
        fmx__log(t->ctx, FMX_LOG_INFO, "%11s %11s %12s %10s %10s %10s %s", "epoch", "loss",
                 "validation", "rate", "gradient", "time left",
                 t->options->validate ? " scores (* best so far)" : "");
    snprintf(epoch, sizeof epoch, "%llu/%lld", (unsigned long long)t->state.epoch,
             (long long)t->options->epochs);
    if (t->options->validate)
        snprintf(validation, sizeof validation, "%.6g%c", figures->validation_loss,
                 better ? '*' : ' ');
    fmx__format_duration(left, each_s * ((double)t->options->epochs - (double)t->state.epoch));
    fmx__log(t->ctx, FMX_LOG_INFO, "%11s %11.6g %12s %10.4g %10.4g %10s %s", epoch, figures->loss,
             validation, figures->learning_rate, figures->gradient_norm, left,
             t->options->validate && scores[0] != '\0' ? scores + 1 : "");
}

void fmx__train_say(fmx__trainer *t, const fmx__train_figures *figures, bool better)
{
    if (t->job->table)
        say_row(t, figures, better);
    else
        say_line(t, figures, better);
}
