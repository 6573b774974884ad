/* train_kill FOLDER: trains in a process that is killed (kill -9) at moments spread over the whole
 * training - opening, steps, checkpoints, the model - resumes it, kills that one too, and lets the
 * last run to its end. The model must be there whole or not at all after every kill, and at the end
 * it must have the bytes of a training that nobody disturbed. */
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
static char whole[600];

/* The whole job; never returns. */
static void job(const char *out)
{
    static const char *const set[] = {"train.epochs=40", "train.augment=true", NULL};
    const char *name = getenv("FIDMIX_TEST_DEVICE");
    fmx_context *ctx = NULL;
    fmx_device *device = NULL;
    fmx_train_run run = {
        .recipe = fmx_train_model, .set = set, .spectra = spectra, .out = out, .resume = true};
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
static bool run(const char *out, double delay_s)
{
    int state = 0;
    pid_t child = fork();
    FMX_SET_REQUIRE(child >= 0);
    if (child == 0)
        job(out);
    if (delay_s >= 0) {
        struct timespec wait = {(time_t)delay_s, (long)((delay_s - (double)(time_t)delay_s) * 1e9)};
        nanosleep(&wait, NULL);
        kill(child, SIGKILL);
    }
    FMX_SET_REQUIRE(waitpid(child, &state, 0) == child);
    FMX_SET_REQUIRE(WIFSIGNALED(state) || WEXITSTATUS(state) == 0);
    return WIFSIGNALED(state);
}

static void same(const char *out)
{
    size_t count[2];
    char *bytes[2] = {fmx_train_bytes(whole, &count[0]), fmx_train_bytes(out, &count[1])};
    FMX_SET_REQUIRE(bytes[0] != NULL && bytes[1] != NULL && count[0] == count[1]);
    FMX_SET_REQUIRE(memcmp(bytes[0], bytes[1], count[0]) == 0);
    free(bytes[0]);
    free(bytes[1]);
}

int main(int argc, char **argv)
{
    static const fmx_train_set set = {.classes = 4, .fids = 8};
    fmx_context *ctx = NULL;
    char out[600];
    size_t kills = 0;
    FMX_SET_REQUIRE(argc == 2 && fmx_context_create(&ctx) == FMX_OK);
    snprintf(spectra, sizeof spectra, "%s/s.h5", argv[1]);
    snprintf(whole, sizeof whole, "%s/whole.safetensors", argv[1]);
    snprintf(out, sizeof out, "%s/warm.safetensors", argv[1]);
    FMX_SET_REQUIRE(fmx_train_write(ctx, spectra, &set) == FMX_OK);
    run(out, -1); /* kernels are compiled and kept */
    double start_s = now_s();
    run(whole, -1);
    double whole_s = now_s() - start_s;
    same(out);
    for (int trial = 0; trial < TRIALS; ++trial) {
        snprintf(out, sizeof out, "%s/out%d.safetensors", argv[1], trial);
        for (int i = 0; i < KILLS; ++i) {
            kills += run(out, whole_s * (trial + 0.7) / TRIALS / (i + 1));
            if (access(out, F_OK) == 0)
                same(out); /* there means whole */
        }
        run(out, -1);
        same(out);
    }
    fmx_context_destroy(ctx);
    FMX_SET_REQUIRE(kills >= 1); /* how many depends on how busy the machine is */
    return 0;
}
