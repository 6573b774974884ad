#include "cli_json.h"

#include <stdlib.h>

fmx_status fmx__cli_print_json(fmx__cli *cli, cJSON *document)
{
    char *text = document != NULL ? cJSON_Print(document) : NULL;
    fmx_status status = FMX_OK;
    if (text == NULL)
        status = fmx__fail(cli->ctx, FMX_ERROR_MEMORY, "out of memory for the JSON output");
    else
        printf("%s\n", text);
    free(text);
    cJSON_Delete(document);
    return status;
}
