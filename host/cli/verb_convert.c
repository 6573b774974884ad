#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "fidmix/fid.h"
#include "raw_write.h"

/* The one measurement at a path; where there are more, which they are. */
static fmx_status find_one(fmx__cli *cli, const char *path, fmx_source_list *list)
{
    fmx_status status = fmx_source_find(cli->ctx, path, false, list);
    if (status == FMX_OK && list->count == 0)
        status = fmx__fail(cli->ctx, FMX_ERROR_FORMAT,
                           "%s: neither a FID nor a spectrum in or below it", path);
    if (status == FMX_OK && list->count > 1)
        status = fmx__fail(cli->ctx, FMX_ERROR_USAGE,
                           "%s: %zu measurements, and one is converted at a time: %s, %s ...", path,
                           list->count, list->item[0].path, list->item[1].path);
    return status;
}

static fmx_status choose_format(fmx__cli *cli, const char *out, const fmx__raw_format **format)
{
    const char *name = fmx__cli_value(cli, "--to");
    *format = fmx__raw_format_find(name, out);
    if (*format != NULL)
        return FMX_OK;
    return fmx__fail(
        cli->ctx, FMX_ERROR_USAGE,
        "--to %s: there is no such format; npy, csv, jcamp-dx, nmrpipe and bruker can be "
        "written",
        name);
}

static fmx_status run(fmx__cli *cli)
{
    const char *out = cli->path[1];
    const fmx__raw_format *format = NULL;
    fmx_source_list list = {0};
    fmx_fid fid = {0};
    fmx_status status = choose_format(cli, out, &format);
    if (status == FMX_OK)
        status = find_one(cli, cli->path[0], &list);
    if (status == FMX_OK)
        status = fmx_fid_read(cli->ctx, &list.item[0], FMX_READ_DATA, &fid);
    if (status == FMX_OK)
        status = format->write(cli->ctx, out, &fid);
    if (status == FMX_OK)
        fmx__log(cli->ctx, FMX_LOG_INFO, "%s: %zu points of %s (%s) as %s", out, fid.points,
                 list.item[0].path, fid.format, format->name);
    fmx_fid_clear(&fid);
    fmx_source_list_clear(&list);
    return status;
}

static const fmx__cli_option options[] = {
    {"--to", "FORMAT", "npy, csv, jcamp-dx, nmrpipe or bruker (default: by the ending of OUT)",
     false},
};

const fmx__verb fmx__verb_convert = {
    .name = "convert",
    .usage = "IN OUT [--to npy|csv|jcamp-dx|nmrpipe|bruker]",
    .summary = "writes a FID or spectrum in another format",
    .examples = "  fidmix convert sample/7 fid.npy            # complex64, the points as acquired\n"
                "  fidmix convert sample.fid fid.dx           # JCAMP-DX\n"
                "  fidmix convert measured.jdf folder/1       # a Bruker experiment folder\n"
                "  fidmix convert sample/7/pdata/1 spectrum.csv\n",
    .options = options,
    .option_count = FMX__COUNT(options),
    .least_paths = 2,
    .most_paths = 2,
    .run = run,
};
