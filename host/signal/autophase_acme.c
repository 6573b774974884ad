/* autophase by ACME: least entropy of the first derivative (Chen et al. 2002). Only enqueues. */
#include "autophase_tries.h"

enum { STARTS = 9, REFINEMENTS = 18 };

/* A pass over p0 at each of nine p1, then 4 x 4 grids about the best, ever finer. The grids vary
 * the phase at the middle of the spectrum and p1: these two are nearly independent. */
fmx_status fmx__autophase_acme(fmx__autophase_work *work)
{
    fmx__autophase_tries tries;
    float offset[FMX__TRIES][2];
    fmx_status status = fmx__autophase_tries_open(work, work->data, work->points, true, &tries);
    for (int start = 0; status == FMX_OK && start < STARTS; ++start) {
        double a1 = (start - STARTS / 2) * 40 / 360.0;
        for (int i = 0; i < FMX__TRIES; ++i) {
            offset[i][0] = (float)(i / 16.0 - a1 / 2);
            offset[i][1] = (float)a1;
        }
        status = fmx__autophase_try(&tries, offset, true);
    }
    double middle = 1 / 32.0;
    double a1 = 1 / 12.0;
    for (int pass = 0; status == FMX_OK && pass < REFINEMENTS; ++pass) {
        for (int i = 0; i < FMX__TRIES; ++i) {
            double u = (i % 4 - 1.5) * middle;
            double v = ((double)(i - i % 4) / 4 - 1.5) * a1;
            offset[i][0] = (float)(u - v / 2);
            offset[i][1] = (float)v;
        }
        status = fmx__autophase_try(&tries, offset, false);
        middle *= 0.68;
        a1 *= 0.68;
    }
    fmx__autophase_tries_close(&tries);
    return status;
}
