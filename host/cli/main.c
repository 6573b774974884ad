#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "cli.h"
#include "progress.h"

static fmx_context *interrupted_context;

const fmx__verb *const fmx__verbs[] = {&fmx__verb_devices,
                                       &fmx__verb_info,
                                       &fmx__verb_simulate,
                                       &fmx__verb_library,
                                       &fmx__verb_process,
                                       &fmx__verb_augment,
                                       &fmx__verb_mix,
                                       &fmx__verb_train,
                                       &fmx__verb_search,
                                       &fmx__verb_evaluate,
                                       &fmx__verb_identify,
                                       &fmx__verb_run,
                                       &fmx__verb_plot,
                                       &fmx__verb_convert,
                                       &fmx__verb_export,
                                       &fmx__verb_bench,
                                       NULL};

/* The first Ctrl-C asks the work to stop at a safe point, the second ends the process. */
static void on_signal(int number)
{
    fmx_context_interrupt(interrupted_context);
    signal(number, SIG_DFL);
}

static void print_log(void *user, fmx_log_level level, const char *text)
{
    fmx__progress_bar *bar = user;
    fmx__progress_bar_clear(bar);
    fprintf(stderr, "fidmix: %s%s\n", level == FMX_LOG_WARNING ? "warning: " : "", text);
}

static fmx_status run(fmx__cli *cli, int argc, char **argv)
{
    fmx__cli_wants wants = FMX__WANTS_RUN;
    fmx_status status = fmx__cli_parse(cli, argc, argv, &wants);
    if (status != FMX_OK)
        return status;
    if (wants == FMX__WANTS_HELP)
        fmx__cli_help(stdout, cli->verb);
    else if (wants == FMX__WANTS_VERSION)
        printf("fidmix %s\n", fmx_version());
    else
        status = cli->verb->run(cli);
    if (status == FMX_OK)
        status = fmx__cli_profile(cli);
    if (status == FMX_OK && (fflush(stdout) != 0 || ferror(stdout)))
        status = fmx__fail(cli->ctx, FMX_ERROR_WRITE, "standard output cannot be written");
    return status;
}

int main(int argc, char **argv)
{
    fmx__cli cli = {0};
    fmx__progress_bar bar = {.stream = stderr};
    fmx_status status = fmx_context_create(&cli.ctx);
    if (status == FMX_OK) {
        interrupted_context = cli.ctx;
        signal(SIGINT, on_signal);
        signal(SIGTERM, on_signal);
        signal(SIGPIPE, SIG_IGN);
        bool quiet = false;
        for (int i = 1; i < argc; ++i)
            quiet = quiet || (argv[i][0] == '-' && argv[i][1] == '-' && argv[i][2] == 'q');
        fmx_context_set_log(cli.ctx, print_log, &bar, quiet ? FMX_LOG_WARNING : FMX_LOG_INFO);
        if (!quiet && isatty(STDERR_FILENO))
            fmx_context_set_progress(cli.ctx, fmx__progress_bar_update, &bar);
        status = run(&cli, argc, argv);
        fmx__progress_bar_clear(&bar);
    }
    if (status != FMX_OK)
        fprintf(stderr, "fidmix: %s: %s\n", fmx_status_text(status),
                cli.ctx != NULL ? fmx_context_message(cli.ctx) : "");
    fmx_device_close(cli.device);
    fmx__cli_release(&cli);
    fmx_context_destroy(cli.ctx);
    return fmx_status_exit_code(status);
}
