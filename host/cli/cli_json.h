/* JSON output of the verbs. */
#ifndef FIDMIX_CLI_JSON_H
#define FIDMIX_CLI_JSON_H

#include <cjson/cJSON.h>

#include "cli.h"

/* Prints a document to standard output and releases it; NULL means that memory ran out. */
fmx_status fmx__cli_print_json(fmx__cli *cli, cJSON *document);

#endif
