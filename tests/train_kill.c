/* train_kill FOLDER: trains (half of the times by Adam, half with everything that has a state:
 * momentum, averages, several batches a step, a schedule) in a process that is killed (kill -9) at
 * moments spread over the whole training - opening, steps, checkpoints, the model - resumes it,
 * kills that one too, and lets the last run to its end. The model must be there whole or not at all
 * after every kill, and at the end it must have the bytes of a training that nobody disturbed. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base.h"
#include "dataset_fixture.h"
#include "train_fixture.h"

enum { TRIALS = 6, KILLS = 2 };

static char spectra[600];

/* The whole job; never returns. */
static void job(const char *out, bool rich)
{
    static const char *const plain_set[] = {"train.epochs=40", "train.augment=true", NULL};
    static const char *const rich_set[] = {"train.epochs=40",    "train.batch=3",
                                           "train.accumulate=2", "train.average.decay=0.9",
                                           "train.checkpoint=3", NULL};
    static char rich_recipe[4096];
    const char *name = getenv("FIDMIX_TEST_DEVICE");
    fmx_context *ctx = NULL;
    fmx_device *device = NULL;
    fmx_train_run run = {.recipe = rich ? rich_recipe : fmx_train_model,
                         .set = rich ? rich_set : plain_set,
                         .spectra = spectra,
                         .out = out,
                         .resume = true};
    const char *end = strstr(fmx_train_model, "  optimiser:");
    snprintf(rich_recipe, sizeof rich_recipe,
             "%.*s  optimiser: {sgd: {learning_rate: 0.1, momentum: 0.9, nesterov: true, "
             "clip_global_norm: 1}}\n  schedule: {exponential: {factor: 0.9, every: 7}}\n",
             (int)(end - fmx_train_model), fmx_train_model);
    fmx_status status = fmx_context_create(&ctx);
    if (status == FMX_OK)
        status = fmx_device_open(ctx, name != NULL ? name : "auto", &device);
    if (status == FMX_OK)
        status = fmx_train(device, &run, NULL);
    if (status != FMX_OK)
        fprintf(stderr, "%s\n", fmx_context_message(ctx));
    _exit(status == FMX_OK ? 0 : 1);
}

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Runs the job, killed after delay_s unless that is negative; true when it was killed. */
static bool run(const char *out, bool rich, double delay_s)
{
    int state = 0;
    pid_t child = fork();
    FMX_SET_REQUIRE(child >= 0);
    if (child == 0)
        job(out, rich);
    if (delay_s >= 0) {
        struct timespec wait = {(time_t)delay_s, (long)((delay_s - (double)(time_t)delay_s) * 1e9)};
        nanosleep(&wait, NULL);
        kill(child, SIGKILL);
    }
    FMX_SET_REQUIRE(waitpid(child, &state, 0) == child);
    FMX_SET_REQUIRE(WIFSIGNALED(state) || WEXITSTATUS(state) == 0);
    return WIFSIGNALED(state);
}

static void same(const char *whole, const char *out)
{
    size_t count[2];
    char *bytes[2] = {fmx_train_bytes(whole, &count[0]), fmx_train_bytes(out, &count[1])};
    FMX_SET_REQUIRE(bytes[0] != NULL && bytes[1] != NULL && count[0] == count[1]);
    FMX_SET_REQUIRE(memcmp(bytes[0], bytes[1], count[0]) == 0);
    free(bytes[0]);
    free(bytes[1]);
}

/* Trials of one kind of training; returns how many were killed. */
static size_t trials(const char *folder, bool rich)
{
    char whole[600];
    char out[600];
    size_t kills = 0;
    snprintf(whole, sizeof whole, "%s/whole%d.safetensors", folder, rich);
    snprintf(out, sizeof out, "%s/warm%d.safetensors", folder, rich);
    run(out, rich, -1); /* kernels are compiled and kept */
    double start_s = now_s();
    run(whole, rich, -1);
    double whole_s = now_s() - start_s;
    same(whole, out);
    for (int trial = rich; trial < TRIALS; trial += 2) {
        snprintf(out, sizeof out, "%s/out%d.safetensors", folder, trial);
        for (int i = 0; i < KILLS; ++i) {
            kills += run(out, rich, whole_s * (trial + 0.7) / TRIALS / (i + 1));
            if (access(out, F_OK) == 0)
                same(whole, out); /* there means whole */
        }
        run(out, rich, -1);
        same(whole, out);
    }
    return kills;
}

int main(int argc, char **argv)
{
    static const fmx_train_set set = {.classes = 4, .fids = 8};
    fmx_context *ctx = NULL;
    FMX_SET_REQUIRE(argc == 2 && fmx_context_create(&ctx) == FMX_OK);
    snprintf(spectra, sizeof spectra, "%s/s.h5", argv[1]);
    FMX_SET_REQUIRE(fmx_train_write(ctx, spectra, &set) == FMX_OK);
    size_t kills = trials(argv[1], false) + trials(argv[1], true);
    fmx_context_destroy(ctx);
    FMX_SET_REQUIRE(kills >= 1); /* how many depends on how busy the machine is */
    return 0;
}
