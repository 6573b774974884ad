#include "fidmix/status.h"

#include "base.h"

const char *fmx_status_name(fmx_status status)
{
    switch (status) {
#define FMX_STATUS_NAME(code, exit_code, text)                                                     \
    case code:                                                                                     \
        return #code;
        FMX_STATUS_LIST(FMX_STATUS_NAME)
#undef FMX_STATUS_NAME
    }
    return "FMX_UNKNOWN";
}

const char *fmx_status_text(fmx_status status)
{
    switch (status) {
#define FMX_STATUS_TEXT(code, exit_code, text)                                                     \
    case code:                                                                                     \
        return text;
        FMX_STATUS_LIST(FMX_STATUS_TEXT)
#undef FMX_STATUS_TEXT
    }
    return "unknown status";
}

int fmx_status_exit_code(fmx_status status)
{
    switch (status) {
#define FMX_STATUS_EXIT(code, exit_code, text)                                                     \
    case code:                                                                                     \
        return exit_code;
        FMX_STATUS_LIST(FMX_STATUS_EXIT)
#undef FMX_STATUS_EXIT
    }
    return 4;
}

bool fmx__is_bad_input(fmx_status status)
{
    return fmx_status_exit_code(status) == fmx_status_exit_code(FMX_ERROR_FORMAT);
}
