/* The methods of baseline, one file each; percentile lies in baseline.c. Options are checked and
 * the batch is real before any of them is called. */
#ifndef FIDMIX_BASELINE_INTERNAL_H
#define FIDMIX_BASELINE_INTERNAL_H

#include "fidmix/baseline.h"
#include "signal_internal.h"

fmx_status fmx__baseline_median(fmx_signal *signal, const fmx_baseline *options);

#endif
