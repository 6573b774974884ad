#include "cli.h"
#include "onnx_export.h"

static fmx_status run(fmx__cli *cli)
{
    const char *out = fmx__cli_value(cli, "--out");
    fmx__onnx_result result = {0};
    if (out == NULL)
        return fmx__fail(cli->ctx, FMX_ERROR_USAGE,
                         "--out is missing: where shall the ONNX file go?");
    fmx_status status =
        fmx__onnx_export(cli->ctx, cli->path[0], out, fmx__cli_has(cli, "--overwrite"), &result);
    if (status == FMX_OK)
        fmx__log(cli->ctx, FMX_LOG_INFO, "%s: %zu nodes, %.1f MB", out, result.nodes,
                 1e-6 * (double)result.bytes);
    return status;
}

static const fmx__cli_option options[] = {
    {"--out", "MODEL.onnx", "the file to write", false},
    {"--overwrite", NULL, "replaces an output that exists", false},
};

const fmx__verb fmx__verb_export = {
    .name = "export",
    .usage = "model.safetensors --out model.onnx [--overwrite]",
    .summary = "writes a trained model as an ONNX file",
    .examples = "  fidmix export model.safetensors --out model.onnx\n",
    .options = options,
    .option_count = FMX__COUNT(options),
    .least_paths = 1,
    .most_paths = 1,
    .run = run,
};
