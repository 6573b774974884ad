#include <math.h>
#include <stdlib.h>

#include "cases/loss.h"
#include "fmx_test.h"
#include "loss_fixture.h"

static void check_case(const fmx_test *test, const char *loss, const fmx_case_loss *c, bool labels)
{
    if (getenv("FIDMIX_SMALL_CASES") != NULL && c->positions > 1000) /* under Oclgrind, hours */
        return;
    fmx__shape output = {c->channels, c->positions, false};
    fmx__shape target = labels ? (fmx__shape){c->positions, 1, false} : output;
    fmx_loss_fixture f =
        fmx_loss_open(c->name, loss, c->bench ? 2 : c->batch, output, target, FMX__LOSS_IN_ORDER);
    fmx_loss_fill(&f);
    fmx_loss_check(test, &f);
    fmx_loss_close(&f);
}

Test(loss, twin)
{
    fmx_test test = fmx_test_open();
    const fmx__option_group *group = NULL;
    for (size_t k = 0; (group = fmx__loss_stage(k)) != NULL; ++k) {
        for (size_t i = 0; i < FMX__COUNT(fmx_cases_loss); ++i)
            check_case(&test, group->name, &fmx_cases_loss[i], false);
    }
    fmx_test_close(&test);
}

Test(loss, labels)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < FMX__COUNT(fmx_cases_loss); ++i)
        check_case(&test, "cross_entropy", &fmx_cases_loss[i], true);
    fmx_test_close(&test);
}

Test(loss, pytorch)
{
    static const struct {
        const char *kind;
        size_t count;
    } cases[] = {{"cross_entropy", 2}, {"labels", 4}, {"binary_cross_entropy", 1},
                 {"mse", 5},           {"mae", 5},    {"huber", 5},
                 {"si_snr", 5}};
    fmx_test test = fmx_test_open();
    fmx__safetensors *file = fmx_test_tensors("loss.safetensors");
    for (size_t k = 0; k < FMX__COUNT(cases); ++k) {
        for (size_t i = 0; i < cases[k].count; ++i)
            fmx_loss_check_golden(&test, file, cases[k].kind, i);
    }
    fmx__safetensors_close(file);
    fmx_test_close(&test);
}

/* A NaN anywhere in the output shows in the loss, also where its target is 0. */
Test(loss, extreme_logits_stay_finite_and_nan_shows)
{
    const float logits[9] = {1000, -1000, 0, NAN, 0, 0, 0, 0, NAN};
    const float target[9] = {0, 1, 0, 1, 0, 0, 1, 0, 0};
    fmx_test test = fmx_test_open();
    const fmx__option_group *group = NULL;
    const fmx__shape shape = {3, 1, false};
    for (size_t k = 0; (group = fmx__loss_stage(k)) != NULL; ++k) {
        bool one = fmx__loss_find(group)->kind == FMX__LOSS_SI_SNR; /* a row, not three */
        const fmx__shape row = {1, 3, false};
        fmx_loss_fixture f = fmx_loss_open(group->name, group->name, 3, one ? row : shape,
                                           one ? row : shape, FMX__LOSS_IN_ORDER);
        f.options.weight = 3;
        fmx_loss_give(&f, logits, target);
        fmx_loss_run(&test, &f, 0);
        cr_assert(isfinite(f.losses[0][0]) && (one || f.losses[0][0] > 100));
        cr_assert(isfinite(f.grad[0][0]) && (one || f.grad[0][0] > 0.1F));
        cr_assert(one || f.grad[0][1] < -0.1F);
        cr_assert(isnan(f.losses[0][1]) && isnan(f.losses[0][2]), "%s hides a NaN", group->name);
        fmx_loss_close(&f);
    }
    fmx_test_close(&test);
}

/* Logits of +-1000 at labels, an item without any, and a label that is no class. */
Test(loss, labels_none_and_wrong)
{
    const float logits[12] = {1000, -1000, 0, 5, 1, 2, 3, 4, 1, 2, 3, 4};
    const float target[6] = {1, 1, -1, -1, 0, 2};
    for (int permutation = 0; permutation < 4; ++permutation) {
        fmx_test test = fmx_test_open();
        fmx_loss_fixture f = fmx_loss_open("labels", "cross_entropy", 3, (fmx__shape){2, 2, false},
                                           (fmx__shape){2, 1, false}, permutation);
        fmx_loss_give(&f, logits, target);
        fmx_loss_run(&test, &f, 0);
        cr_assert_float_eq(f.losses[0][0], (1000 + log1p(exp(-1005))) / 2, 1e-3);
        cr_assert_eq(f.losses[0][1], 0);
        for (size_t i = 4; i < 8; ++i)
            cr_assert_eq(f.grad[0][i], 0);
        cr_assert(isnan(f.losses[0][2]), "a class that does not exist was taken");
        fmx_loss_close(&f);
        fmx_test_close(&test);
    }
}

/* Slopes where the formula has an edge. */
Test(loss, equal_values_have_no_slope)
{
    const float x[4] = {0, 1, -2, 3};
    const float t[4] = {0, 1, 0, 1};
    const float mae[4] = {0, 0, -0.25F, 0.25F};
    const float huber[4] = {0, 0, -0.5F, 0.5F};
    fmx_test test = fmx_test_open();
    for (int i = 0; i < 2; ++i) {
        fmx_loss_fixture f =
            fmx_loss_open("edge", i == 0 ? "mae" : "huber", 1, (fmx__shape){1, 4, false},
                          (fmx__shape){4, 1, false}, FMX__LOSS_IN_ORDER);
        f.options.weight = 1;
        f.options.delta = 2;
        fmx_loss_give(&f, x, t);
        fmx_loss_run(&test, &f, 0);
        cr_assert_eq(f.losses[0][0], 1);
        cr_assert_arr_eq(f.grad[0], i == 0 ? mae : huber, sizeof mae);
        fmx_loss_close(&f);
    }
    fmx_test_close(&test);
}

Test(loss, refusals)
{
    static const struct {
        const char *loss;
        const char *op;
        fmx__shape output;
        fmx__shape target;
        const char *part;
    } cases[] = {
        {"cross_entropy",
         "dense",
         {3, 1, false},
         {3, 1, false},
         "needs a softmax layer, \"l\" is "
         "dense"},
        {"binary_cross_entropy", NULL, {3, 1, false}, {3, 1, false}, "\"l\" is an input"},
        {"cross_entropy", "softmax", {3, 2, false}, {3, 1, false}, "one class for each position"},
        {"cross_entropy", "softmax", {3, 2, true}, {3, 2, true}, "takes real values"},
        {"mse", "conv1d", {2, 8, false}, {1, 8, false}, "gives 2 x 8 values"},
        {"mse", "conv1d", {2, 8, false}, {8, 2, false}, "they must be equal"},
        {"mae", "conv1d", {1, 8, true}, {1, 8, false}, "1 x 8 complex"},
        {"si_snr", "conv1d", {8, 1, false}, {1, 8, false}, "they must be equal"},
        {"mse", "conv1d", {1, 8, false, 3}, {1, 8, false}, "folded into 3 parts; put unfold"},
        {"si_snr", "conv1d", {1, 8, true}, {1, 8, true}, "takes real values"},
    };
    fmx_test test = fmx_test_open_host();
    for (size_t i = 0; i < FMX__COUNT(cases); ++i) {
        const fmx__loss_options options = {.target = "t"};
        fmx__loss_site site = {test.ctx,    "r.yml: train.loss", "l",
                               cases[i].op, cases[i].output,     cases[i].target};
        fmx_test_refused(&test, fmx__loss_check(fmx__loss_named(cases[i].loss), &options, &site),
                         FMX_ERROR_RECIPE, cases[i].part);
    }
    fmx_test_close(&test);
}

/* What is allowed besides equal shapes, and who takes logits. */
Test(loss, shapes_and_logits)
{
    const fmx__loss_options options = {.target = "t"};
    const fmx__loss_options twice = {.target = "t", .double_softmax = true};
    fmx_test test = fmx_test_open_host();
    fmx__loss_site site = {test.ctx,  "r.yml: train.loss", "l",
                           "softmax", {10, 3, false},      {3, 1, false}};
    fmx_test_ok(&test, fmx__loss_check(fmx__loss_named("cross_entropy"), &options, &site),
                "labels");
    site.output = (fmx__shape){2000, 1, false};
    site.target = (fmx__shape){1, 2000, false};
    fmx_test_ok(&test, fmx__loss_check(fmx__loss_named("mse"), &options, &site), "flat");
    cr_assert(fmx__loss_takes_logits(fmx__loss_named("cross_entropy"), &options));
    cr_assert(!fmx__loss_takes_logits(fmx__loss_named("cross_entropy"), &twice));
    cr_assert(!fmx__loss_takes_logits(fmx__loss_named("mse"), &options));
    cr_assert_null(fmx__loss_named("nothing"));
    fmx_test_close(&test);
}
