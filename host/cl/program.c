#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "kernel_sources.h"

static const fmx__kernel_source *find_source(const char *file)
{
    for (size_t i = 0; i < fmx__kernel_source_count; ++i) {
        if (strcmp(fmx__kernel_sources[i].file, file) == 0)
            return &fmx__kernel_sources[i];
    }
    return NULL;
}

/* What decides a binary: device, driver, options and the full source. */
static fmx_status make_key(fmx_device *device, const char *options, const char *file,
                           const char *common, const char *source, char **out)
{
    return fmx__format(device->ctx, out, "%s|%s|%s|%s|%s|%s|%s|%s", device->info.platform,
                       device->info.name, device->info.driver, device->info.version, options, file,
                       common, source);
}

static fmx_status build_log(fmx_device *device, cl_program program, const char *file,
                            const char *options, cl_int code)
{
    char log[3000] = "";
    size_t size = 0;
    char *full = NULL;
    if (clGetProgramBuildInfo(program, device->id, CL_PROGRAM_BUILD_LOG, 0, NULL, &size) ==
            CL_SUCCESS &&
        size > 0 && fmx__alloc(NULL, size + 1, 1, "a build log", &full) == FMX_OK) {
        clGetProgramBuildInfo(program, device->id, CL_PROGRAM_BUILD_LOG, size, full, NULL);
        snprintf(log, sizeof log, "%s", full);
    }
    free(full);
    return fmx__fail(device->ctx, FMX_ERROR_BUILD,
                     "%s does not compile on \"%s\" (driver %s, options %s): %s\n%s", file,
                     device->info.name, device->info.driver, options, fmx__cl_error_name(code),
                     log);
}

static fmx_status create_from_source(fmx_device *device, const char *file, const char *source,
                                     cl_program *out)
{
    char line[128];
    snprintf(line, sizeof line, "\n#line 1 \"%s\"\n", file);
    const fmx__kernel_source *common = find_source("common.clh");
    const char *parts[] = {"#line 1 \"common.clh\"\n", common->text, line, source};
    cl_int code = CL_SUCCESS;
    *out =
        clCreateProgramWithSource(device->context, (cl_uint)FMX__COUNT(parts), parts, NULL, &code);
    return code == CL_SUCCESS ? FMX_OK : fmx__cl_fail(device->ctx, code, file);
}

static fmx_status build_from_source(fmx_device *device, const char *file, const char *source,
                                    const char *options, cl_program *out)
{
    cl_program program = NULL;
    fmx_status status = create_from_source(device, file, source, &program);
    if (status != FMX_OK)
        return status;
    cl_int code = clBuildProgram(program, 1, &device->id, options, NULL, NULL);
    if (code != CL_SUCCESS) {
        status = build_log(device, program, file, options, code);
        clReleaseProgram(program);
        return status;
    }
    *out = program;
    return FMX_OK;
}

/* From the source by way of an object that can be kept. *out stays NULL where that is not the way,
 * or does not succeed: building from the source then says why. */
static fmx_status build_by_object(fmx_device *device, const char *file, const char *source,
                                  const char *options, const char *key, cl_program *out)
{
    cl_program program = NULL;
    fmx_status status = create_from_source(device, file, source, &program);
    if (status != FMX_OK)
        return status;
    *out = fmx__program_by_object(device, program, key, options);
    clReleaseProgram(program);
    return FMX_OK;
}

static fmx_status full_options(fmx_device *device, const char *options, char **out)
{
    return fmx__format(device->ctx, out, "-cl-std=CL1.2 -D%s=1%s%s",
                       device->info.prefers_wide ? "FMX_VARIANT_CPU" : "FMX_VARIANT_GPU",
                       options != NULL && options[0] != '\0' ? " " : "",
                       options != NULL ? options : "");
}

static fmx_status build(fmx_device *device, const char *stem, const char *options, cl_program *out)
{
    char file[64];
    snprintf(file, sizeof file, "%s.cl", stem);
    const fmx__kernel_source *known = find_source(file);
    const char *source = known != NULL ? known->text : NULL;
    if (strcmp(stem, "test") == 0)
        source = device->test_source;
    if (source == NULL)
        return fmx__fail(device->ctx, FMX_ERROR_INTERNAL, "there is no kernel file %s", file);
    char *key = NULL;
    fmx_status status =
        make_key(device, options, file, find_source("common.clh")->text, source, &key);
    if (status != FMX_OK)
        return status;
    *out = fmx__program_kept(device, key, options);
    if (*out == NULL)
        status = build_by_object(device, file, source, options, key, out);
    if (status == FMX_OK && *out == NULL) {
        status = build_from_source(device, file, source, options, out);
        if (status == FMX_OK)
            fmx__program_keep(device, *out, key);
    }
    free(key);
    return status;
}

void fmx__program_mark(fmx_device *device, const char *stem)
{
    char file[64];
    snprintf(file, sizeof file, "%s.cl", stem);
    const fmx__kernel_source *const sources[] = {find_source("common.clh"), find_source(file)};
    for (size_t i = 0; i < FMX__COUNT(sources); ++i) {
        if (sources[i] != NULL)
            fmx__recording_mark(device, sources[i]->text, sources[i]->bytes);
    }
}

void fmx__device_test_source(fmx_device *device, const char *source)
{
    device->test_source = source;
}

fmx_status fmx__build_source(fmx_device *device, const char *name, const char *source,
                             const char *options)
{
    char *full = NULL;
    cl_program program = NULL;
    fmx_status status = full_options(device, options, &full);
    if (status == FMX_OK)
        status = build_from_source(device, name, source, full, &program);
    if (program != NULL)
        clReleaseProgram(program);
    free(full);
    return status;
}

/* Whether a key, "stem options", is theirs; without making one: steps come here, too. */
static bool has_key(const char *key, const char *stem, const char *options)
{
    size_t length = strlen(stem);
    return strncmp(key, stem, length) == 0 && key[length] == ' ' &&
           strcmp(key + length + 1, options) == 0;
}

static fmx_status make_program(fmx_device *device, const char *stem, const char *options,
                               fmx__program **out)
{
    char *full = NULL;
    fmx__program *program = NULL;
    fmx_status status = fmx__alloc(device->ctx, 1, sizeof *program, "a program", &program);
    if (status == FMX_OK)
        status = fmx__format(device->ctx, &program->key, "%s %s", stem, options);
    if (status == FMX_OK)
        status = full_options(device, options, &full);
    if (status == FMX_OK)
        status = build(device, stem, full, &program->program);
    if (status == FMX_OK) {
        program->next = device->programs;
        device->programs = program;
        *out = program;
        program = NULL;
    }
    if (program != NULL)
        free(program->key);
    free(program);
    free(full);
    return status;
}

static fmx_status find_program(fmx_device *device, const char *stem, const char *options,
                               fmx__program **out)
{
    const char *given = options != NULL ? options : "";
    for (fmx__program *at = device->programs; at != NULL; at = at->next) {
        if (has_key(at->key, stem, given)) {
            *out = at;
            return FMX_OK;
        }
    }
    return make_program(device, stem, given, out);
}

fmx_status fmx__program_kernel(fmx_device *device, const char *stem, const char *options,
                               const char *name, fmx__kernel **out)
{
    fmx__program *program = NULL;
    fmx__kernel *kernel = NULL;
    fmx_status status = find_program(device, stem, options, &program);
    if (status != FMX_OK)
        return status;
    for (fmx__kernel *at = program->kernels; at != NULL; at = at->next) {
        if (strcmp(at->name, name) == 0) {
            *out = at;
            return FMX_OK;
        }
    }
    status = fmx__alloc(device->ctx, 1, sizeof *kernel, "a kernel", &kernel);
    if (status != FMX_OK)
        return status;
    cl_int code = CL_SUCCESS;
    snprintf(kernel->name, sizeof kernel->name, "%s", name);
    kernel->program = program->program;
    kernel->kernel = clCreateKernel(program->program, name, &code);
    if (code == CL_SUCCESS)
        code = clGetKernelInfo(kernel->kernel, CL_KERNEL_NUM_ARGS, sizeof kernel->arg_count,
                               &kernel->arg_count, NULL);
    if (code == CL_SUCCESS)
        code = clGetKernelWorkGroupInfo(kernel->kernel, device->id, CL_KERNEL_WORK_GROUP_SIZE,
                                        sizeof kernel->largest_group, &kernel->largest_group, NULL);
    if (code != CL_SUCCESS) {
        status = fmx__cl_fail(device->ctx, code, name);
        if (kernel->kernel != NULL)
            clReleaseKernel(kernel->kernel);
        free(kernel);
        return status;
    }
    kernel->next = program->kernels;
    program->kernels = kernel;
    *out = kernel;
    return FMX_OK;
}

void fmx__program_release_all(fmx_device *device)
{
    while (device->programs != NULL) {
        fmx__program *program = device->programs;
        device->programs = program->next;
        while (program->kernels != NULL) {
            fmx__kernel *kernel = program->kernels;
            program->kernels = kernel->next;
            clReleaseKernel(kernel->kernel);
            free(kernel);
        }
        clReleaseProgram(program->program);
        free(program->key);
        free(program);
    }
}
