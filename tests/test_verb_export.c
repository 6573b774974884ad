/* `fidmix export` as a user runs it, on a small network trained here; and what it writes run by
 * onnxruntime, where there is one (tests/interop/check_onnx.py). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fmx_test.h"
#include "program_fixture.h"

static void write_recipe(const char *layer)
{
    char path[512];
    snprintf(path, sizeof path, "%s/small.yml", folder);
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    fprintf(file,
            "fidmix: 1\nname: small\nseed: 5\n"
            "model:\n  - conv1d: {filters: 4, kernel: 5, stride: 8}\n  - %s\n  - flatten\n"
            "  - dense: {units: 2}\n  - softmax\n"
            "train:\n  source: rows\n  validate: false\n  batch: 4\n  epochs: 1\n"
            "  loss: [cross_entropy]\n  optimiser: [adam]\n",
            layer);
    fclose(file);
}

static void train(const char *layer, const char *name)
{
    char arguments[300];
    write_recipe(layer);
    snprintf(arguments, sizeof arguments,
             "train $D/spectra.h5 --recipe $D/small.yml --out $D/%s --quiet", name);
    succeeds(arguments);
}

Test(verb_export, program)
{
    make_raw("Glycine,Formate");
    succeeds("process $D/raw --out $D/spectra.h5 --recipe demo --set axis.points=512 --quiet");
    train("relu", "model.safetensors");
    succeeds("export $D/model.safetensors --out $D/model.onnx");
    /* conv1d, relu, flatten, dense, softmax; names of layers and the producer are in the file */
    cr_assert_not_null(strstr(messages(), "5 nodes"), "%s", messages());
    cr_assert_eq(shell("grep -q fidmix.classes $D/model.onnx && grep -q conv1d_1.weight "
                       "$D/model.onnx && grep -q Softmax $D/model.onnx"),
                 0);
    fails("export $D/model.safetensors --out $D/model.onnx", 5, "model.onnx");
    succeeds("export $D/model.safetensors --out $D/model.onnx --overwrite");
    fails("export $D/model.safetensors", 2, "--out is missing");
    fails("export $D/spectra.h5 --out $D/x.onnx", 3, "spectra.h5");
    fails("export $D/nowhere --out $D/x.onnx", 3, "nowhere");
    train("cumulative_layer_norm", "other.safetensors");
    fails("export $D/other.safetensors --out $D/x.onnx", 3,
          "cumulative_layer_norm has no counterpart in ONNX");
    cr_assert_neq(shell("test -e $D/x.onnx"), 0, "a refused export left a file");
}

Test(verb_export, onnxruntime)
{
    const char *python = getenv("FIDMIX_PYTHON") != NULL ? getenv("FIDMIX_PYTHON") : "python3";
    char command[2048];
    snprintf(command, sizeof command, "%s -c 'import onnxruntime, h5py, numpy' 2> /dev/null",
             python);
    if (system(command) != 0)
        fmx_test_skip("no Python with onnxruntime");
    folder = fmx_test_folder();
    snprintf(command, sizeof command,
             "%s " FMX_SOURCE_DIR "/tests/interop/check_onnx.py " FMX_PROGRAM, python);
    cr_assert_eq(shell(command), 0, "%s", messages());
}
