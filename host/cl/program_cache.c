/* Programs that need not be compiled again.
 *
 * A driver gives the binary of a linked program for the asking and takes it back next time. PoCL 3
 * compiles every kernel of the program when it is asked (seconds), and given the source again it
 * preprocesses that (26 ms a program) only to find in a cache of its own what it made before. So
 * PoCL is asked for the binary of the object in front of linking, which it has at hand, and the
 * LLVM bitcode in it is kept: given that, PoCL takes the linked program and its kernels from its
 * own cache (2 ms a program). Other versions of PoCL get the source every time. */
#include <stdlib.h>
#include <string.h>

#include "cache_file.h"
#include "cl_internal.h"

typedef enum kept_form {
    KEPT_NOTHING,
    KEPT_BINARY,
    KEPT_BITCODE,
} kept_form;

static kept_form form_for(const fmx_device *device)
{
    if (strstr(device->info.platform, "Portable Computing Language") == NULL)
        return KEPT_BINARY;
    return strncmp(device->info.driver, "3.", 2) == 0 ? KEPT_BITCODE : KEPT_NOTHING;
}

/* NULL when the driver refuses the bytes. */
static cl_program from_bytes(fmx_device *device, const unsigned char *data, size_t bytes,
                             const char *options)
{
    cl_int code = CL_SUCCESS;
    cl_int loaded = CL_SUCCESS;
    cl_program program =
        clCreateProgramWithBinary(device->context, 1, &device->id, &bytes, &data, &loaded, &code);
    if (code == CL_SUCCESS && loaded == CL_SUCCESS)
        code = clBuildProgram(program, 1, &device->id, options, NULL, NULL);
    if (code == CL_SUCCESS && loaded == CL_SUCCESS)
        return program;
    fmx__log(device->ctx, FMX_LOG_DEBUG, "kept kernels refused by the driver; compiling anew");
    if (program != NULL)
        clReleaseProgram(program);
    return NULL;
}

/* The program's binary in *data, NULL when the driver gives none. */
static size_t get_binary(cl_program program, unsigned char **data)
{
    size_t bytes = 0;
    *data = NULL;
    if (clGetProgramInfo(program, CL_PROGRAM_BINARY_SIZES, sizeof bytes, &bytes, NULL) !=
            CL_SUCCESS ||
        bytes == 0 || fmx__alloc(NULL, bytes, 1, "a program binary", data) != FMX_OK)
        return 0;
    if (clGetProgramInfo(program, CL_PROGRAM_BINARIES, sizeof *data, data, NULL) == CL_SUCCESS)
        return bytes;
    free(*data);
    *data = NULL;
    return 0;
}

/* The bitcode inside the binary of one of PoCL's objects: the file "/program.bc", stored as name,
 * length (32 bits, little-endian) and content. NULL when it is not there. */
static const unsigned char *find_bitcode(const unsigned char *binary, size_t bytes, size_t *length)
{
    static const char name[] = "/program.bc";
    static const unsigned char magic[] = {'B', 'C', 0xC0, 0xDE};
    const size_t name_bytes = sizeof name - 1;
    const size_t least = name_bytes + sizeof(uint32_t) + sizeof magic;
    for (size_t at = 0; bytes >= least && at <= bytes - least; ++at) {
        const unsigned char *size = binary + at + name_bytes;
        const unsigned char *content = size + sizeof(uint32_t);
        if (memcmp(binary + at, name, name_bytes) != 0 || memcmp(content, magic, sizeof magic) != 0)
            continue;
        *length =
            (size_t)size[0] | (size_t)size[1] << 8 | (size_t)size[2] << 16 | (size_t)size[3] << 24;
        return *length <= bytes - (size_t)(content - binary) ? content : NULL;
    }
    return NULL;
}

cl_program fmx__program_kept(fmx_device *device, const char *key, const char *options)
{
    unsigned char *data = NULL;
    size_t bytes = 0;
    cl_program program = NULL;
    if (form_for(device) != KEPT_NOTHING)
        fmx__cache_load(device->ctx, key, "bin", &data, &bytes);
    if (data != NULL)
        program = from_bytes(device, data, bytes, options);
    free(data);
    return program;
}

void fmx__program_keep(fmx_device *device, cl_program program, const char *key)
{
    unsigned char *data = NULL;
    if (form_for(device) != KEPT_BINARY)
        return;
    size_t bytes = get_binary(program, &data);
    if (data != NULL)
        fmx__cache_store(device->ctx, key, "bin", data, bytes);
    free(data);
}

cl_program fmx__program_by_object(fmx_device *device, cl_program source, const char *key,
                                  const char *options)
{
    unsigned char *binary = NULL;
    const unsigned char *bitcode = NULL;
    size_t length = 0;
    cl_program program = NULL;
    if (form_for(device) != KEPT_BITCODE ||
        clCompileProgram(source, 1, &device->id, options, 0, NULL, NULL, NULL, NULL) != CL_SUCCESS)
        return NULL;
    size_t bytes = get_binary(source, &binary);
    if (binary != NULL)
        bitcode = find_bitcode(binary, bytes, &length);
    if (bitcode != NULL)
        program = from_bytes(device, bitcode, length, options);
    if (program != NULL)
        fmx__cache_store(device->ctx, key, "bin", bitcode, length);
    free(binary);
    return program;
}
