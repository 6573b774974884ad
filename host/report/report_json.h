/* What the reports' JSON shares. cJSON prints NaN as null. */
#ifndef FIDMIX_REPORT_JSON_H
#define FIDMIX_REPORT_JSON_H

#include <stdbool.h>

#include <cjson/cJSON.h>

/* False when memory ran out. */
bool fmx__json_number(cJSON *object, const char *key, double value);

/* A new object at the end of an array; NULL when memory ran out. */
cJSON *fmx__json_append(cJSON *array);

#endif
