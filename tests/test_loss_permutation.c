/* Losses of sources in the order that costs least. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loss_fixture.h"
#include "recording.h"

/* Sources of `points` values; in every second item the last third of the targets is silent. */
static void check_sources(const fmx_test *test, const char *loss, size_t batch, size_t sources,
                          size_t points, int permutation)
{
    char name[64];
    snprintf(name, sizeof name, "%zu sources of %zu", sources, points);
    fmx__shape shape = {sources, points, false};
    fmx_loss_fixture f = fmx_loss_open(name, loss, batch, shape, shape, permutation);
    fmx_loss_fill(&f);
    for (size_t b = 0; b < batch; b += 2) {
        for (size_t i = sources - sources / 3; i < sources; ++i)
            memset(f.t + (b * sources + i) * points, 0, points * sizeof(float));
    }
    fmx_loss_check(test, &f);
    fmx_loss_close(&f);
}

static void check_labels(const fmx_test *test, size_t batch, size_t sources, size_t classes,
                         int permutation)
{
    char name[64];
    snprintf(name, sizeof name, "%zu labels of %zu", sources, classes);
    fmx_loss_fixture f =
        fmx_loss_open(name, "cross_entropy", batch, (fmx__shape){classes, sources, false},
                      (fmx__shape){sources, 1, false}, permutation);
    fmx_loss_fill(&f);
    fmx_loss_check(test, &f);
    fmx_loss_close(&f);
}

Test(loss_permutation, twin)
{
    static const char *const losses[] = {"mse", "mae", "huber", "si_snr"};
    fmx_test test = fmx_test_open();
    for (size_t k = 0; k < FMX__COUNT(losses); ++k) {
        for (size_t n = 1; n <= 7; ++n)
            check_sources(&test, losses[k], 3, n, 37, FMX__LOSS_PERMUTE_AUTO);
        for (size_t n = 1; n <= 4; ++n)
            check_sources(&test, losses[k], 2, n, 16, FMX__LOSS_PERMUTE_HUNGARIAN);
        if (getenv("FIDMIX_SMALL_CASES") != NULL) /* under Oclgrind, hours */
            continue;
        check_sources(&test, losses[k], 65, 4, 5, FMX__LOSS_PERMUTE_EXHAUSTIVE);
        check_sources(&test, losses[k], 1, 12, 129, FMX__LOSS_PERMUTE_AUTO);
        check_sources(&test, losses[k], 1, 3, 8193, FMX__LOSS_PERMUTE_AUTO);
        check_sources(&test, losses[k], 1, 17, 64, FMX__LOSS_PERMUTE_AUTO);
    }
    fmx_test_close(&test);
}

Test(loss_permutation, labels)
{
    fmx_test test = fmx_test_open();
    for (size_t n = 2; n <= 7; ++n)
        check_labels(&test, 3, n, 10, FMX__LOSS_PERMUTE_AUTO);
    for (size_t n = 2; n <= 4; ++n)
        check_labels(&test, 65, n, 3, FMX__LOSS_PERMUTE_HUNGARIAN);
    check_labels(&test, 2, 17, 101, FMX__LOSS_PERMUTE_AUTO);
    fmx_test_close(&test);
}

/* Twenty sources come back shuffled and slightly off: each is compared with its own, whatever the
 * order, so the losses are those of the order in which they were. */
Test(loss_permutation, twenty_shuffled_sources)
{
    enum { SOURCES = 20, POINTS = 100, FLOATS = SOURCES * POINTS };
    static const char *const losses[] = {"mse", "mae", "huber", "si_snr"};
    float shuffled[FLOATS];
    fmx_test test = fmx_test_open();
    float *t = fmx_test_random(FLOATS, 5);
    float *off = fmx_test_random(FLOATS, 6);
    fmx__shape shape = {SOURCES, POINTS, false};
    for (size_t i = 0; i < FLOATS; ++i)
        shuffled[(i / POINTS * 7 + 3) % SOURCES * POINTS + i % POINTS] = t[i] + off[i] / 16;
    for (size_t i = 0; i < FLOATS; ++i)
        off[i] = t[i] + off[i] / 16;
    for (size_t k = 0; k < FMX__COUNT(losses); ++k) {
        fmx_loss_fixture f =
            fmx_loss_open("shuffled", losses[k], 1, shape, shape, FMX__LOSS_PERMUTE_AUTO);
        fmx_loss_fixture own =
            fmx_loss_open("in order", losses[k], 1, shape, shape, FMX__LOSS_IN_ORDER);
        fmx_loss_give(&f, shuffled, t);
        fmx_loss_give(&own, off, t);
        fmx_loss_run(&test, &f, 0);
        fmx_loss_run(&test, &own, 0);
        /* the same terms, added in another order */
        double tolerance = 40 * FMX_TEST_EPS * (1 + fabs((double)own.losses[0][0]));
        cr_assert_float_eq((double)f.losses[0][0], (double)own.losses[0][0], tolerance,
                           "%s: %.9g, in order %.9g", losses[k], (double)f.losses[0][0],
                           (double)own.losses[0][0]);
        for (size_t i = 0; i < FLOATS; ++i) {
            size_t at = (i / POINTS * 7 + 3) % SOURCES * POINTS + i % POINTS;
            cr_assert_eq(f.grad[0][at], own.grad[0][i], "%s: gradient %zu", losses[k], i);
        }
        fmx_loss_close(&f);
        fmx_loss_close(&own);
    }
    free(t);
    free(off);
    fmx_test_close(&test);
}

/* Silent targets, silent outputs, and both: finite, and the gradient leads to silence. */
Test(loss_permutation, silence)
{
    enum { SOURCES = 5, POINTS = 40, FLOATS = SOURCES * POINTS };
    static const char *const losses[] = {"mse", "mae", "huber", "si_snr"};
    const float nothing[FLOATS] = {0};
    fmx_test test = fmx_test_open();
    float *some = fmx_test_random(FLOATS, 8);
    fmx__shape shape = {SOURCES, POINTS, false};
    for (size_t k = 0; k < FMX__COUNT(losses); ++k) {
        for (int permutation = 0; permutation < 4; permutation += 3) {
            for (int which = 0; which < 3; ++which) {
                fmx_loss_fixture f =
                    fmx_loss_open("silence", losses[k], 1, shape, shape, permutation);
                fmx_loss_give(&f, which == 0 ? some : nothing, which == 1 ? some : nothing);
                fmx_loss_run(&test, &f, 0);
                double along = 0;
                cr_assert(isfinite(f.losses[0][0]), "%s: %g", losses[k], (double)f.losses[0][0]);
                for (size_t i = 0; i < FLOATS; ++i) {
                    cr_assert(isfinite(f.grad[0][i]));
                    along += (double)f.grad[0][i] * (double)some[i];
                }
                cr_assert(which != 0 || along > 0, "%s: silence is not sought", losses[k]);
                cr_assert(which != 2 || (f.losses[0][0] == 0 && along == 0), "%s: %g", losses[k],
                          (double)f.losses[0][0]);
                fmx_loss_close(&f);
            }
        }
    }
    free(some);
    fmx_test_close(&test);
}

/* A call that is recorded: what reads or waits is refused there, so nothing does. */
typedef struct recorded {
    const fmx_test *test;
    fmx__loss_call call;
} recorded;

static fmx_status record_and_run(void *user)
{
    recorded *r = user;
    fmx__loss_call call = r->call;
    fmx__recording *recording = NULL;
    size_t bytes = fmx__loss_scratch(&call);
    fmx_status status = fmx__recording_begin(call.device, &recording);
    if (status == FMX_OK)
        status = fmx_buffer_create(call.device, bytes, &call.scratch);
    if (status == FMX_OK)
        status = fmx__loss_run(&call);
    fmx_buffer_release(call.scratch); /* the recording keeps it */
    if (status == FMX_OK)
        status = fmx__recording_end(call.device);
    for (int run = 0; status == FMX_OK && run < 2; ++run)
        status = fmx__recording_run(recording);
    fmx__recording_destroy(recording);
    return status;
}

static void check_recorded(const fmx_test *test, const char *loss, fmx__shape output,
                           fmx__shape target)
{
    enum { BATCH = 3 };
    fmx_loss_fixture f =
        fmx_loss_open("recorded", loss, BATCH, output, target, FMX__LOSS_PERMUTE_AUTO);
    size_t floats = BATCH * fmx__shape_floats(&output);
    float losses[BATCH];
    float *grad = malloc(floats * sizeof *grad);
    fmx_loss_fill(&f);
    fmx_loss_run(test, &f, 0);
    recorded r = {test,
                  {.device = test->device,
                   .loss = f.loss,
                   .options = &f.options,
                   .batch = BATCH,
                   .output_shape = output,
                   .target_shape = target}};
    fmx_test_ok(test, fmx_buffer_create_copy(test->device, f.x, floats * 4, &r.call.output), "x");
    fmx_test_ok(test,
                fmx_buffer_create_copy(test->device, f.t, BATCH * fmx__shape_floats(&target) * 4,
                                       &r.call.target),
                "t");
    fmx_test_ok(test, fmx_buffer_create(test->device, sizeof losses, &r.call.losses), "losses");
    fmx_test_ok(test, fmx_buffer_create(test->device, floats * 4, &r.call.grad), "grad");
    fmx_test_each_failure(test, record_and_run, &r);
    fmx_test_ok(test, fmx_buffer_read(r.call.losses, 0, losses, sizeof losses), "losses");
    fmx_test_ok(test, fmx_buffer_read(r.call.grad, 0, grad, floats * 4), "grad");
    cr_assert_arr_eq(losses, f.losses[0], sizeof losses, "%s", loss);
    cr_assert_arr_eq(grad, f.grad[0], floats * sizeof *grad, "%s", loss);
    fmx_buffer_release(r.call.output);
    fmx_buffer_release(r.call.target);
    fmx_buffer_release(r.call.losses);
    fmx_buffer_release(r.call.grad);
    fmx_loss_close(&f);
    free(grad);
}

Test(loss_permutation, recorded)
{
    fmx_test test = fmx_test_open();
    check_recorded(&test, "mse", (fmx__shape){5, 9000, false}, (fmx__shape){5, 9000, false});
    check_recorded(&test, "si_snr", (fmx__shape){3, 50, false}, (fmx__shape){3, 50, false});
    check_recorded(&test, "cross_entropy", (fmx__shape){10, 6, false}, (fmx__shape){6, 1, false});
    fmx_test_close(&test);
}

Test(loss_permutation, refusals)
{
    static const struct {
        const char *loss;
        int permutation;
        fmx__shape output;
        fmx__shape target;
        const char *part;
    } cases[] = {
        {"mse",
         FMX__LOSS_PERMUTE_EXHAUSTIVE,
         {5, 8, false},
         {5, 8, false},
         "exhaustive takes up to 4 sources, \"l\" has 5"},
        {"si_snr", FMX__LOSS_PERMUTE_AUTO, {65, 8, false}, {65, 8, false}, "up to 64 sources"},
        {"cross_entropy", FMX__LOSS_PERMUTE_AUTO, {5, 1, false}, {5, 1, false}, "take labels"},
        {"mae",
         FMX__LOSS_PERMUTE_HUNGARIAN,
         {8, 1, false},
         {1, 8, false},
         "one for each source, not 8 x 1 against 1 x 8"},
    };
    fmx_test test = fmx_test_open_host();
    for (size_t i = 0; i < FMX__COUNT(cases); ++i) {
        fmx__loss_options options = {.target = "t", .permutation = cases[i].permutation};
        fmx__loss_site site = {test.ctx,  "r.yml: train.loss", "l",
                               "softmax", cases[i].output,     cases[i].target};
        fmx_test_refused(&test, fmx__loss_check(fmx__loss_named(cases[i].loss), &options, &site),
                         FMX_ERROR_RECIPE, cases[i].part);
    }
    fmx_test_close(&test);
}
