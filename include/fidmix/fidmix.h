/** @file fidmix.h
 *  fidmix: from a folder of raw free induction decays to named compounds, on an OpenCL device.
 *
 *      fmx_context *ctx = NULL;
 *      fmx_device *device = NULL;
 *      if (fmx_context_create(&ctx) == FMX_OK && fmx_device_open(ctx, "auto", &device) == FMX_OK)
 *          puts(fmx_device_describe(device)->name);
 *      else
 *          fputs(ctx ? fmx_context_message(ctx) : "out of memory", stderr);
 *      fmx_device_close(device);
 *      fmx_context_destroy(ctx);
 *
 *  Every fallible function returns an fmx_status; results come through pointers; the context keeps
 *  the message. Handles start as NULL and every release accepts NULL.
 */
#ifndef FIDMIX_FIDMIX_H
#define FIDMIX_FIDMIX_H

#include "fidmix/apodisation.h"
#include "fidmix/autophase.h"
#include "fidmix/baseline.h"
#include "fidmix/completion.h"
#include "fidmix/context.h"
#include "fidmix/dataset.h"
#include "fidmix/device.h"
#include "fidmix/digital_filter.h"
#include "fidmix/fft.h"
#include "fidmix/fid.h"
#include "fidmix/fid_synthesis.h"
#include "fidmix/library.h"
#include "fidmix/noise.h"
#include "fidmix/normalise.h"
#include "fidmix/phase.h"
#include "fidmix/plot.h"
#include "fidmix/real_part.h"
#include "fidmix/reference.h"
#include "fidmix/regions.h"
#include "fidmix/resample.h"
#include "fidmix/signal.h"
#include "fidmix/simulate.h"
#include "fidmix/solvent.h"
#include "fidmix/spins.h"
#include "fidmix/status.h"
#include "fidmix/zero_filling.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Version of the library, "0.1.0". Static storage. */
const char *fmx_version(void);

#ifdef __cplusplus
}
#endif
#endif
