/* A progress bar with rate and time left, for a terminal. */
#ifndef FIDMIX_PROGRESS_H
#define FIDMIX_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

typedef struct fmx__progress_bar {
    FILE *stream;
    char what[64];
    double started_s;
    double drawn_s;
    size_t first; /* done when the bar began, so that a resumed run's rate is right */
    bool shown;
} fmx__progress_bar;

/* A fmx_progress_function; user is the bar. Redraws at most ten times a second. */
void fmx__progress_bar_update(void *user, const char *what, size_t done, size_t total);

/* Wipes the bar's line, if any. */
void fmx__progress_bar_clear(fmx__progress_bar *bar);

/* "1:02:03" or "2:03", for s seconds; text holds at least 48 bytes. */
void fmx__format_duration(char *text, double s);

#endif
