/* One fit on the device and by the twin, for the tests of explain. */
#ifndef FMX_EXPLAIN_FIXTURE_H
#define FMX_EXPLAIN_FIXTURE_H

#include "explain.h"

#include "cases/explain.h"
#include "explain_ref.h"
#include "fmx_test.h"

enum {
    FMX_EXPLAIN_RECORDS,
    FMX_EXPLAIN_HEIGHTS,
    FMX_EXPLAIN_HEADS,
    FMX_EXPLAIN_COLUMNS,
    FMX_EXPLAIN_PARTS,
    FMX_EXPLAIN_SPECTRA,
    FMX_EXPLAIN_FACTS,
    FMX_EXPLAIN_PART_FACTS,
    FMX_EXPLAIN_FITTED,
    FMX_EXPLAIN_BUFFERS
};

typedef struct fmx_explain_run {
    fmx_explain_job *job;
    fmx_buffer *buffer[FMX_EXPLAIN_BUFFERS];
    fmx__explain_of of;
    float (*fact)[FMX__EXPLAIN_FACTS];           /* [columns] */
    float (*part_fact)[FMX__EXPLAIN_PART_FACTS]; /* [parts] */
    fmx__explain_part *part;                     /* [parts], with the shifts found */
    float *fitted;                               /* [count][points] */
} fmx_explain_run;

/* Buffers of a job; release with fmx_explain_run_close. */
fmx_explain_run fmx_explain_run_open(const fmx_test *test, fmx_explain_job *job);
void fmx_explain_run_close(fmx_explain_run *run);

/* Fits from the job's own shifts and reads everything back. */
void fmx_explain_fit(const fmx_test *test, fmx_explain_run *run,
                     const fmx__explain_options *options);

typedef struct fmx_explain_twin {
    fmx_ref_explain_pattern *pattern;
    fmx_ref_explain_column *column; /* [columns] */
    fmx_ref_explain_part *part;     /* [parts] */
    double *fitted;                 /* [count][points] */
} fmx_explain_twin;

/* Release with fmx_explain_twin_clear. */
fmx_explain_twin fmx_explain_twin_fit(const fmx_explain_job *job,
                                      const fmx__explain_options *options);
void fmx_explain_twin_clear(fmx_explain_twin *twin);

#endif
