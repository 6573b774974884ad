#include "evaluate_source.h"

#include <math.h>

#include "cli_json.h"
#include "html_source.h"

static void print_text(const fmx__source_evaluation *e)
{
    printf("%zu test items\n", e->items);
    for (size_t i = 0; i < e->figures; ++i) {
        const fmx__source_figure *f = &e->figure[i];
        double scale = f->share ? 100 : 1;
        const char *unit = f->share ? " %" : "";
        printf("%-20s %-14s %12.6g%s", f->name, f->method, scale * f->value, unit);
        if (isfinite(f->low))
            printf("  (%.6g to %.6g)", scale * f->low, scale * f->high);
        putchar('\n');
    }
}

static fmx_status print_json(fmx__cli *cli, const fmx__source_evaluation *e)
{
    cJSON *root = cJSON_CreateObject();
    cJSON_AddNumberToObject(root, "seed", (double)e->seed);
    cJSON_AddNumberToObject(root, "items", (double)e->items);
    cJSON *list = cJSON_AddArrayToObject(root, "figures");
    for (size_t i = 0; i < e->figures; ++i) {
        const fmx__source_figure *f = &e->figure[i];
        cJSON *one = cJSON_CreateObject();
        cJSON_AddStringToObject(one, "name", f->name);
        cJSON_AddStringToObject(one, "method", f->method);
        cJSON_AddNumberToObject(one, "value", f->value);
        if (isfinite(f->low)) {
            cJSON_AddNumberToObject(one, "low", f->low);
            cJSON_AddNumberToObject(one, "high", f->high);
        }
        cJSON_AddItemToArray(list, one);
    }
    return fmx__cli_print_json(cli, root);
}

fmx_status fmx__evaluate_source(fmx__cli *cli, const fmx__source_job *job, const char *out,
                                bool overwrite)
{
    fmx__source_evaluation evaluation;
    fmx_status status = fmx__source_evaluate(job, &evaluation);
    if (status == FMX_OK)
        status = fmx__report_source(cli->ctx, &evaluation, out, overwrite);
    if (status == FMX_OK && fmx__cli_has(cli, "--json"))
        status = print_json(cli, &evaluation);
    else if (status == FMX_OK)
        print_text(&evaluation);
    fmx__source_evaluation_clear(&evaluation);
    return status;
}

fmx_status fmx__cli_evaluate_source(fmx__cli *cli, const char *const *override, size_t overrides)
{
    int64_t items = 0;
    fmx__source_job job = {.model = cli->path[0], .override = override, .overrides = overrides};
    fmx_status status = fmx__cli_integer(cli, "--items", 0, 1, 1000000, &items);
    job.items = (size_t)items;
    if (status == FMX_OK)
        status = fmx__cli_device(cli, &job.device);
    if (status == FMX_OK)
        status = fmx__evaluate_source(cli, &job, fmx__cli_value(cli, "--out"),
                                      fmx__cli_has(cli, "--overwrite"));
    return status;
}
