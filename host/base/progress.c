#include "progress.h"

#include <string.h>
#include <time.h>

enum { BAR_WIDTH = 30 };

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

void fmx__format_duration(char *text, double s)
{
    unsigned long total = s > 0 && s < 3.6e6 ? (unsigned long)(s + 0.5) : 0;
    if (total >= 3600)
        snprintf(text, 48, "%lu:%02lu:%02lu", total / 3600, total / 60 % 60, total % 60);
    else
        snprintf(text, 48, "%lu:%02lu", total / 60, total % 60);
}

void fmx__progress_bar_update(void *user, const char *what, size_t done, size_t total)
{
    fmx__progress_bar *bar = user;
    double now = now_s();
    if (strncmp(bar->what, what, sizeof bar->what - 1) != 0) {
        snprintf(bar->what, sizeof bar->what, "%s", what);
        bar->started_s = now;
        bar->drawn_s = 0;
        bar->first = done;
    }
    if (now - bar->drawn_s < 0.1 && done < total)
        return;
    bar->drawn_s = now;
    double share = total > 0 ? (double)done / (double)total : 0;
    double elapsed = now - bar->started_s;
    double rate = elapsed > 0 ? (double)(done - bar->first) / elapsed : 0;
    char left[48] = "-:--";
    char fill[BAR_WIDTH + 1];
    size_t filled = (size_t)(share * BAR_WIDTH);
    memset(fill, '-', BAR_WIDTH);
    memset(fill, '#', filled < BAR_WIDTH ? filled : BAR_WIDTH);
    fill[BAR_WIDTH] = '\0';
    if (rate > 0)
        fmx__format_duration(left, (double)(total - done) / rate);
    fprintf(bar->stream, "\r\033[K%-12s [%s] %zu/%zu  %.3g/s  %s left", what, fill, done, total,
            rate, left);
    fflush(bar->stream);
    bar->shown = true;
    if (done >= total)
        fmx__progress_bar_clear(bar);
}

void fmx__progress_bar_clear(fmx__progress_bar *bar)
{
    if (bar->shown) {
        fprintf(bar->stream, "\r\033[K");
        fflush(bar->stream);
    }
    bar->shown = false;
}
