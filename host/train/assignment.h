/* Assignments: which target each output is compared with, chosen on the device. */
#ifndef FIDMIX_ASSIGNMENT_H
#define FIDMIX_ASSIGNMENT_H

#include "launch.h"

enum { FMX__ASSIGNMENT_MOST = 64, FMX__ASSIGNMENT_EXHAUSTIVE_MOST = 4 };

typedef enum fmx__assignment_method {
    FMX__ASSIGNMENT_EXHAUSTIVE, /* up to FMX__ASSIGNMENT_EXHAUSTIVE_MOST */
    FMX__ASSIGNMENT_HUNGARIAN,  /* up to FMX__ASSIGNMENT_MOST */
} fmx__assignment_method;

/* Enqueues for each of `batch` matrices of costs, float [batch][n][n]: columns, uint [batch][n],
 * the column that each row takes so that the sum is least, and totals [batch], that sum. The same
 * costs give the same bits; costs that are not finite give some permutation. Errors:
 * FMX_ERROR_ARGUMENT (n of 0 or above the method's limit), those of fmx__launch_kernel. */
fmx_status fmx__assignment_run(fmx_device *device, fmx__assignment_method method, size_t batch,
                               size_t n, fmx_buffer *costs, fmx_buffer *columns,
                               fmx_buffer *totals);

#endif
