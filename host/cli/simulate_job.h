/* Simulated samples in raw Bruker folders: what `fidmix simulate` and `fidmix run` make. */
#ifndef FIDMIX_SIMULATE_JOB_H
#define FIDMIX_SIMULATE_JOB_H

#include "base.h"
#include "fidmix/device.h"
#include "fidmix/simulate.h"

typedef struct fmx__simulate_job {
    fmx_device *device;
    const char *spins;    /* file, or "spin_systems": the one that ships with fidmix */
    const char *only;     /* compounds, separated by commas; NULL: all */
    const char *mixtures; /* CSV of sample,compound,amount; NULL: none */
    uint32_t replicates;  /* FIDs of each compound; 0: mixtures only */
    const char *out;      /* folder to make */
    fmx_simulation options;
    bool resume; /* goes on in a folder that the same job began */
} fmx__simulate_job;

typedef struct fmx__simulate_result {
    size_t fids;
    size_t samples;
    size_t written; /* of the FIDs, in this run */
} fmx__simulate_result;

/* Writes OUT/NAME/1, OUT/NAME/2 ..., OUT/simulation.txt (first) and OUT/truth.csv (last: a folder
 * that has it is complete). Progress is "simulate", in FIDs. Errors: FMX_ERROR_EXISTS (the folder
 * is not empty, or was begun with other options), those of reading spin systems and mixtures,
 * FMX_ERROR_ARGUMENT, FMX_ERROR_WRITE, FMX_ERROR_INTERRUPTED, device errors. */
fmx_status fmx__simulate(const fmx__simulate_job *job, fmx__simulate_result *result);

#endif
