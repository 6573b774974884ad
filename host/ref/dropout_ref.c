#include "dropout_ref.h"

double fmx_ref_dropout(double x, double rate, uint32_t word)
{
    return (double)word / 4294967296.0 < 1 - rate ? x / (1 - rate) : 0;
}
