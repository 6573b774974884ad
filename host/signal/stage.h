/* A stage as the recipe sees it: its group of options and the function that runs it. One per stem.
 */
#ifndef FIDMIX_STAGE_H
#define FIDMIX_STAGE_H

#include "fidmix/signal.h"
#include "options.h"

typedef enum fmx__stage_needs {
    FMX__NEEDS_TIME,      /* a complex FID */
    FMX__NEEDS_COMPLEX,   /* a complex spectrum */
    FMX__NEEDS_FREQUENCY, /* a spectrum; a complex one is reduced to its real part first */
    FMX__NEEDS_EITHER,    /* whatever comes */
} fmx__stage_needs;

typedef struct fmx__stage {
    fmx__option_group group; /* name: key in the recipe's `process` list, the stem's name */
    fmx__stage_needs needs;
    fmx_status (*run)(fmx_signal *signal, const void *options);
} fmx__stage;

extern const fmx__stage fmx__stage_apodisation;
extern const fmx__stage fmx__stage_real_part;

/* All of them, host/signal/stages.c. */
extern const fmx__stage *const fmx__stages[];
extern const size_t fmx__stage_count;

#endif
