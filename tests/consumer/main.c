/* The smallest program that uses fidmix; tests/install_consumer.sh builds it against an installed
 * tree. */
#include <fidmix/fidmix.h>
#include <stdio.h>
#include <stdlib.h>

int main(void)
{
    fmx_context *ctx = NULL;
    fmx_device_info *list = NULL;
    size_t count = 0;
    fmx_status status = fmx_context_create(&ctx);
    if (status == FMX_OK)
        status = fmx_device_list(ctx, &list, &count);
    printf("fidmix %s: %s, %zu devices\n", fmx_version(), fmx_status_name(status), count);
    free(list);
    fmx_context_destroy(ctx);
    return fmx_status_exit_code(status);
}
