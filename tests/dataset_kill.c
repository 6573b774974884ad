/* dataset_kill FOLDER SHARDED: writes a dataset in a process that is killed (kill -9) at moments
 * spread over the whole job - first writings, shards, finish - resumes it, kills that one too, and
 * lets the last run to its end. The output must be there whole or not at all after every kill, and
 * right at the end. */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "dataset_fixture.h"

enum { TRIALS = 10, KILLS = 2 }; /* 40 and 3 take half a minute: the disk is synced each time */

static char path[600];
static char part[700];

/* The whole job; never returns. */
static void job(const fmx_set *set)
{
    fmx_context *ctx = NULL;
    fmx_dataset_writer *writer = NULL;
    fmx_dataset_plan plan = set->plan;
    plan.resume = true;
    fmx_status status = fmx_context_create(&ctx);
    if (status == FMX_OK)
        status = fmx_dataset_writer_open(ctx, path, &plan, &writer);
    for (size_t row = 0; status == FMX_OK && row < plan.rows; ++row) {
        if (!fmx_dataset_writer_has(writer, row))
            status = fmx_set_append(writer, set, row);
    }
    if (status == FMX_OK)
        status = fmx_dataset_writer_finish(writer);
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
static bool run(const fmx_set *set, double delay_s)
{
    int state = 0;
    pid_t child = fork();
    FMX_SET_REQUIRE(child >= 0);
    if (child == 0)
        job(set);
    if (delay_s >= 0) {
        struct timespec wait = {0, (long)(delay_s * 1e9)};
        nanosleep(&wait, NULL);
        kill(child, SIGKILL);
    }
    FMX_SET_REQUIRE(waitpid(child, &state, 0) == child);
    FMX_SET_REQUIRE(WIFSIGNALED(state) || WEXITSTATUS(state) == 0);
    return WIFSIGNALED(state);
}

int main(int argc, char **argv)
{
    fmx_context *ctx = NULL;
    size_t kills = 0;
    FMX_SET_REQUIRE(argc == 3 && fmx_context_create(&ctx) == FMX_OK);
    fmx_set *set = fmx_set_plan(61, 4096, true);
    set->plan.shard_bytes = argv[2][0] == '1' ? 7 * 4096 * sizeof(float) : 0;
    snprintf(path, sizeof path, "%s/whole.h5", argv[1]);
    double start_s = now_s();
    run(set, -1);
    double whole_s = now_s() - start_s;
    whole_s = whole_s < 0.2 ? whole_s : 0.2;
    fmx_set_check(ctx, path, set, NULL);
    for (int trial = 0; trial < TRIALS; ++trial) {
        snprintf(path, sizeof path, "%s/out%d.h5", argv[1], trial);
        snprintf(part, sizeof part, "%s.part", path);
        for (int i = 0; i < KILLS; ++i) {
            kills += run(set, whole_s * ((trial + 0.37 * i) / TRIALS) / (i + 1));
            if (access(path, F_OK) == 0)
                fmx_set_check(ctx, path, set, NULL); /* there means whole */
        }
        run(set, -1);
        FMX_SET_REQUIRE(access(part, F_OK) == -1);
        fmx_set_check(ctx, path, set, NULL);
    }
    fmx_context_destroy(ctx);
    FMX_SET_REQUIRE(kills >= 3); /* later runs are quicker than the one that was timed */
    return 0;
}
