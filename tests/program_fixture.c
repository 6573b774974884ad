#include "program_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "fmx_test.h"

#define SPINS FMX_SOURCE_DIR "/data/spin_systems.yml"

const char *folder;

/* Runs `fidmix ARGUMENTS` with $D standing for the test's folder; standard error goes to $D/err.
 * Returns the exit code. */
int fidmix(const char *arguments)
{
    char command[4096];
    snprintf(command, sizeof command, "D=%s; " FMX_PROGRAM " %s > $D/out 2> $D/err", folder,
             arguments);
    int code = system(command);
    return WIFEXITED(code) ? WEXITSTATUS(code) : -1;
}

int shell(const char *script)
{
    char command[4096];
    snprintf(command, sizeof command, "D=%s; %s", folder, script);
    int code = system(command);
    return WIFEXITED(code) ? WEXITSTATUS(code) : -1;
}

/* Standard error of the last run. */
const char *messages(void)
{
    static char text[16384];
    char path[512];
    snprintf(path, sizeof path, "%s/err", folder);
    FILE *file = fopen(path, "r");
    size_t n = file != NULL ? fread(text, 1, sizeof text - 1, file) : 0;
    text[n] = '\0';
    if (file != NULL)
        fclose(file);
    return text;
}

void succeeds(const char *arguments)
{
    int code = fidmix(arguments);
    cr_assert_eq(code, 0, "fidmix %s: exit %d: %s", arguments, code, messages());
}

void fails(const char *arguments, int expected, const char *part)
{
    int code = fidmix(arguments);
    cr_assert_eq(code, expected, "fidmix %s: exit %d, expected %d: %s", arguments, code, expected,
                 messages());
    cr_assert(strstr(messages(), part) != NULL, "fidmix %s: \"%s\" does not say \"%s\"", arguments,
              messages(), part);
}

void make_raw(const char *compounds)
{
    char arguments[512];
    folder = fmx_test_folder();
    snprintf(arguments, sizeof arguments,
             "simulate --spins " SPINS " --out $D/raw --only %s --per-compound 2 --points 8192 "
             "--seed 3 --quiet",
             compounds);
    succeeds(arguments);
}
