#include "cli_model.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_PATH = 4096 };

/* The folder of the running program, "" where the system does not tell. */
static void program_folder(char folder[MOST_PATH])
{
    ssize_t length = readlink("/proc/self/exe", folder, MOST_PATH - 1);
    folder[length > 0 ? length : 0] = '\0';
    char *end = strrchr(folder, '/');
    folder[end != NULL ? end - folder : 0] = '\0';
}

fmx_status fmx__cli_model(fmx_context *ctx, const char *given, char **out)
{
    static const char *const places[] = {"/../share/fidmix/models", "/../../data/models"};
    char folder[MOST_PATH];
    program_folder(folder);
    for (size_t i = 0; i < FMX__COUNT(places) && access(given, F_OK) != 0; ++i) {
        char *path = NULL;
        if (strchr(given, '/') != NULL || folder[0] == '\0')
            break;
        fmx_status status =
            fmx__format(ctx, &path, "%s%s/%s.safetensors", folder, places[i], given);
        if (status != FMX_OK)
            return status;
        if (access(path, R_OK) == 0) {
            *out = path;
            return FMX_OK;
        }
        free(path);
    }
    return fmx__format(ctx, out, "%s", given);
}
