#include "normalise_ref.h"

#include <math.h>
#include <stdlib.h>

double fmx_ref_normalise_max(const float *x, size_t count)
{
    double largest = -INFINITY;
    for (size_t i = 0; i < count; ++i)
        largest = fmax(largest, x[i]);
    return largest;
}

double fmx_ref_normalise_area(const float *x, size_t count, double step)
{
    double sum = 0;
    for (size_t i = 0; i < count; ++i)
        sum += fabs((double)x[i]);
    return sum * fabs(step);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *x, size_t count)
{
    qsort(x, count, sizeof *x, ascending);
    return count == 0 ? NAN : (x[(count - 1) / 2] + x[count / 2]) / 2;
}

void fmx_ref_normalise_reference(double *reference, const float *x, size_t rows, size_t points)
{
    double *column = malloc((rows + 1) * sizeof *column);
    for (size_t j = 0; column != NULL && j < points; ++j) {
        for (size_t i = 0; i < rows; ++i)
            column[i] = x[i * points + j];
        reference[j] = median(column, rows);
    }
    free(column);
}

double fmx_ref_normalise_quotient(const float *x, const float *reference, size_t count,
                                  double level)
{
    double *quotient = malloc((count + 1) * sizeof *quotient);
    size_t used = 0;
    for (size_t j = 0; quotient != NULL && j < count; ++j)
        if (reference[j] > level)
            quotient[used++] = (double)x[j] / reference[j];
    double middle = quotient != NULL ? median(quotient, used) : NAN;
    free(quotient);
    return middle;
}
