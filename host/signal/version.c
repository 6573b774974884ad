#include "fidmix/fidmix.h"

const char *fmx_version(void)
{
    return FMX_VERSION;
}
