/* The table of docs/training/least_squares.md: the baseline alone, rigid and with shifted copies.
 *
 *     least_squares_table SPECTRA.h5 MIXTURES.h5 [SHIFT_PPM]
 */
#include <stdio.h>
#include <stdlib.h>

#include "evaluation_output.h"
#include "fidmix/fidmix.h"
#include "launch.h"
#include "least_squares_job.h"

static const char *const names[] = {"rigid", "shifted copies"};

static fmx_status print_table(fmx_device *device, char **path, double shift_ppm)
{
    fmx__least_squares_scores scores[2] = {0};
    fmx__evaluation result[2] = {0};
    const fmx__evaluation *both[] = {&result[0], &result[1]};
    fmx_context *ctx = fmx__device_context(device);
    char *text = NULL;
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < 2; ++i) {
        fmx__least_squares_job job = {.device = device,
                                      .spectra = path[0],
                                      .mixtures = path[1],
                                      .shift_ppm = i == 0 ? 0 : shift_ppm};
        status = fmx__least_squares_score(&job, &scores[i]);
        fmx__evaluation_input input = fmx__least_squares_input(&scores[i], names[i], 1);
        if (status == FMX_OK)
            status = fmx__evaluate(ctx, &input, &result[i]);
    }
    if (status == FMX_OK)
        status = fmx__evaluation_text(ctx, both, 2, &text);
    if (status == FMX_OK)
        fputs(text, stdout);
    free(text);
    for (size_t i = 0; i < 2; ++i) {
        fmx__evaluation_clear(&result[i]);
        fmx__least_squares_scores_clear(&scores[i]);
    }
    return status;
}

int main(int count, char **argument)
{
    fmx_context *ctx = NULL;
    fmx_device *device = NULL;
    if (count < 3) {
        fputs("usage: least_squares_table SPECTRA.h5 MIXTURES.h5 [SHIFT_PPM]\n", stderr);
        return 2;
    }
    fmx_status status = fmx_context_create(&ctx);
    if (status == FMX_OK)
        status = fmx_device_open(ctx, "auto", &device);
    if (status == FMX_OK)
        status = print_table(device, argument + 1, count > 3 ? atof(argument[3]) : 0.02);
    if (status != FMX_OK)
        fprintf(stderr, "%s\n", ctx != NULL ? fmx_context_message(ctx) : "out of memory");
    fmx_device_close(device);
    fmx_context_destroy(ctx);
    return fmx_status_exit_code(status);
}
