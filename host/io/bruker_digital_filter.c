#include <math.h>

#include "bruker.h"

/* Group delay in points of the filters that DSPFVS 10 to 13 name, by decimation. The facts are
 * those of W. M. Westler and F. Abildgaard's note on the digital filters of DMX receivers
 * (www.boc.chem.uu.nl/static/local/prospectnd/dmx_digital_filters.html), printed there to three
 * decimals; the digits beyond follow from each being a multiple of 1 / (2 DECIM), as worked out for
 * nmrglue 0.12 (fileio/bruker.py), which the tests hold this table against. */
typedef struct delay_row {
    int decim;
    double points[4]; /* DSPFVS 10, 11, 12, 13; 0: no such filter */
} delay_row;

static const delay_row delays[] = {
    {2, {44.75, 46, 46, 2.75}},
    {3, {33.5, 36.5, 36.5, 2 + 5 / 6.0}},
    {4, {66.625, 48, 48, 2.875}},
    {6, {59 + 1 / 12.0, 50 + 1 / 6.0, 50 + 1 / 6.0, 2 + 11 / 12.0}},
    {8, {68.5625, 53.25, 53.25, 2.9375}},
    {12, {60.375, 69.5, 69.5, 2 + 23 / 24.0}},
    {16, {69.53125, 72.25, 71.625, 2.96875}},
    {24, {61 + 1 / 48.0, 70 + 1 / 6.0, 70 + 1 / 6.0, 2 + 47 / 48.0}},
    {32, {70.015625, 72.75, 72.125, 2.984375}},
    {48, {61.34375, 70.5, 70.5, 2 + 95 / 96.0}},
    {64, {70.2578125, 73, 72.375, 2.9921875}},
    {96, {61 + 97 / 192.0, 70 + 2 / 3.0, 70 + 2 / 3.0, 2 + 191 / 192.0}},
    {128, {70.37890625, 72.5, 72.5, 0}},
    {192, {61.5859375, 71 + 1 / 3.0, 71 + 1 / 3.0, 0}},
    {256, {70.439453125, 72.25, 72.25, 0}},
    {384, {61 + 481 / 768.0, 71 + 2 / 3.0, 71 + 2 / 3.0, 0}},
    {512, {70.4697265625, 72.125, 72.125, 0}},
    {768, {61.646484375, 71 + 5 / 6.0, 71 + 5 / 6.0, 0}},
    {1024, {70.48486328125, 72.0625, 72.0625, 0}},
    {1536, {61 + 2017 / 3072.0, 71 + 11 / 12.0, 71 + 11 / 12.0, 0}},
    {2048, {70.492431640625, 72.03125, 72.03125, 0}},
};

enum { DSPFVS_FIRST = 10, DSPFVS_LAST = 13 };

static bool look_up(double dspfvs, double decim, double *points)
{
    for (size_t i = 0; i < FMX__COUNT(delays); ++i) {
        if (delays[i].decim == decim && dspfvs >= DSPFVS_FIRST && dspfvs <= DSPFVS_LAST) {
            *points = delays[i].points[(int)dspfvs - DSPFVS_FIRST];
            return *points > 0;
        }
    }
    return false;
}

/* The order of the rules matters: data converted to analog form (convdta: DIGMOD 0 or DSPFVS -1)
 * keep the GRPDLY of the filter that is no longer in them. */
fmx_status fmx__bruker_group_delay(fmx_context *ctx, const fmx__parameters *acqus, double *points)
{
    double digmod = 0;
    double dspfvs = 0;
    double grpdly = 0;
    double decim = 0;
    *points = 0;
    fmx_status status = fmx__parameters_number(ctx, acqus, "DIGMOD", 0, 100, 1, &digmod);
    if (status == FMX_OK)
        status = fmx__parameters_number(ctx, acqus, "DSPFVS", -1, 1000, 0, &dspfvs);
    if (status == FMX_OK)
        status = fmx__parameters_number(ctx, acqus, "GRPDLY", -1, 100000, -1, &grpdly);
    if (status == FMX_OK)
        status = fmx__parameters_number(ctx, acqus, "DECIM", 0, 1e9, 1, &decim);
    if (status != FMX_OK || digmod == 0 || dspfvs < 0)
        return status;
    if (grpdly >= 0)
        *points = grpdly;
    else if (dspfvs != 0 && decim > 1 && !look_up(dspfvs, decim, points))
        status = fmx__fail(ctx, FMX_ERROR_UNSUPPORTED,
                           "%s: ##$GRPDLY is not given and the delay of the filter DSPFVS %g, "
                           "DECIM %g is not known; add a line ##$GRPDLY= with the delay in points",
                           acqus->path, dspfvs, decim);
    return status;
}
