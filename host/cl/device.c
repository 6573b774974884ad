#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cl_internal.h"

enum { MOST_PLATFORMS = 32, MOST_DEVICES = 64 };
enum { LEAST_ALIGNMENT = 64 }; /* bytes: a cache line, a float16 */

/* A device as the listing found it. */
typedef struct found {
    cl_platform_id platform;
    cl_device_id id;
    fmx_device_info info;
    size_t order; /* position in the platforms' own order, to break ties */
} found;

static bool contains(const char *text, const char *part)
{
    size_t n = strlen(part);
    for (; *text != '\0'; ++text) {
        size_t i = 0;
        while (i < n && tolower((unsigned char)text[i]) == tolower((unsigned char)part[i]))
            ++i;
        if (i == n)
            return true;
    }
    return n == 0;
}

static cl_int text_info(cl_device_id id, cl_device_info what, char text[128])
{
    char full[4096] = "";
    cl_int code = clGetDeviceInfo(id, what, sizeof full - 1, full, NULL);
    snprintf(text, 128, "%.127s", full + strspn(full, " "));
    return code;
}

static cl_int describe(cl_platform_id platform, cl_device_id id, fmx_device_info *info)
{
    char extensions[16384] = "";
    cl_device_type type = 0;
    cl_uint units = 0;
    cl_uint clock = 0;
    cl_ulong memory = 0;
    cl_ulong largest = 0;
    cl_ulong local = 0;
    cl_bool compiler = CL_FALSE;
    cl_bool available = CL_FALSE;
    *info = (fmx_device_info){0};
    cl_int code = clGetPlatformInfo(platform, CL_PLATFORM_NAME, sizeof info->platform - 1,
                                    info->platform, NULL);
    if (code == CL_SUCCESS)
        code = text_info(id, CL_DEVICE_NAME, info->name);
    if (code == CL_SUCCESS)
        code = text_info(id, CL_DRIVER_VERSION, info->driver);
    if (code == CL_SUCCESS)
        code = text_info(id, CL_DEVICE_VERSION, info->version);
#define FMX_QUERY(what, variable)                                                                  \
    if (code == CL_SUCCESS)                                                                        \
    code = clGetDeviceInfo(id, what, sizeof(variable), &(variable), NULL)
    FMX_QUERY(CL_DEVICE_TYPE, type);
    FMX_QUERY(CL_DEVICE_MAX_COMPUTE_UNITS, units);
    FMX_QUERY(CL_DEVICE_MAX_CLOCK_FREQUENCY, clock);
    FMX_QUERY(CL_DEVICE_GLOBAL_MEM_SIZE, memory);
    FMX_QUERY(CL_DEVICE_MAX_MEM_ALLOC_SIZE, largest);
    FMX_QUERY(CL_DEVICE_LOCAL_MEM_SIZE, local);
    FMX_QUERY(CL_DEVICE_MAX_WORK_GROUP_SIZE, info->largest_group);
    FMX_QUERY(CL_DEVICE_COMPILER_AVAILABLE, compiler);
    FMX_QUERY(CL_DEVICE_AVAILABLE, available);
#undef FMX_QUERY
    if (code == CL_SUCCESS)
        code = clGetDeviceInfo(id, CL_DEVICE_EXTENSIONS, sizeof extensions - 1, extensions, NULL);
    if (code == CL_SUCCESS && (!compiler || !available))
        code = compiler ? CL_DEVICE_NOT_AVAILABLE : CL_COMPILER_NOT_AVAILABLE;
    info->kind = (type & CL_DEVICE_TYPE_GPU)   ? FMX_DEVICE_GPU
                 : (type & CL_DEVICE_TYPE_CPU) ? FMX_DEVICE_CPU
                                               : FMX_DEVICE_OTHER;
    info->compute_units = units;
    info->clock_mhz = clock;
    info->memory_bytes = memory;
    info->largest_allocation_bytes = largest;
    info->local_memory_bytes = local;
    info->has_subgroups = strstr(extensions, "cl_intel_required_subgroup_size") != NULL;
    info->has_half = strstr(extensions, "cl_khr_fp16") != NULL;
    /* test aid: FIDMIX_VARIANT=gpu runs the GPU variants where the wide ones are the choice */
    const char *variant = getenv("FIDMIX_VARIANT");
    info->prefers_wide = contains(info->platform, "Portable Computing Language") &&
                         (variant == NULL || strcmp(variant, "gpu") != 0);
    return code;
}

static int rank_of(const fmx_device_info *info)
{
    int rank = info->kind == FMX_DEVICE_GPU ? 0 : info->kind == FMX_DEVICE_CPU ? 4 : 8;
    /* PoCL is the CPU default that always works; Intel's CPU runtime is there for tests. */
    bool intel = contains(info->platform, "intel");
    if (info->kind == FMX_DEVICE_CPU)
        return rank + (info->prefers_wide ? 0 : 1);
    return rank + (intel ? 0 : 1);
}

static int compare_found(const void *left, const void *right)
{
    const found *a = left;
    const found *b = right;
    int difference = rank_of(&a->info) - rank_of(&b->info);
    if (difference != 0)
        return difference;
    return a->order < b->order ? -1 : 1;
}

static void find_on_platform(fmx_context *ctx, cl_platform_id platform, found *list, size_t *count)
{
    cl_device_id ids[MOST_DEVICES];
    cl_uint n = 0;
    cl_int code = clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, MOST_DEVICES, ids, &n);
    char name[128] = "a platform without a name";
    clGetPlatformInfo(platform, CL_PLATFORM_NAME, sizeof name - 1, name, NULL);
    if (code == CL_DEVICE_NOT_FOUND)
        return;
    if (code != CL_SUCCESS) {
        fmx__log(ctx, FMX_LOG_WARNING,
                 "OpenCL platform \"%s\" skipped: listing its devices gave %s", name,
                 fmx__cl_error_name(code));
        return;
    }
    for (cl_uint i = 0; i < n && i < MOST_DEVICES && *count < MOST_DEVICES; ++i) {
        found *item = &list[*count];
        item->platform = platform;
        item->id = ids[i];
        item->order = *count;
        code = describe(platform, ids[i], &item->info);
        if (code == CL_SUCCESS)
            ++*count;
        else
            fmx__log(ctx, FMX_LOG_WARNING, "OpenCL device %u of \"%s\" skipped: %s", (unsigned)i,
                     name, fmx__cl_error_name(code));
    }
}

static size_t find_devices(fmx_context *ctx, found *list)
{
    cl_platform_id platforms[MOST_PLATFORMS];
    cl_uint n = 0;
    size_t count = 0;
    cl_int code = clGetPlatformIDs(MOST_PLATFORMS, platforms, &n);
    if (code != CL_SUCCESS) {
        fmx__log(ctx, FMX_LOG_DEBUG, "no OpenCL platform: %s", fmx__cl_error_name(code));
        return 0;
    }
    for (cl_uint i = 0; i < n && i < MOST_PLATFORMS; ++i)
        find_on_platform(ctx, platforms[i], list, &count);
    qsort(list, count, sizeof *list, compare_found);
    return count;
}

fmx_status fmx_device_list(fmx_context *ctx, fmx_device_info **out, size_t *count)
{
    found list[MOST_DEVICES];
    *out = NULL;
    *count = find_devices(ctx, list);
    if (*count == 0)
        return FMX_OK;
    fmx_status status = fmx__alloc(ctx, *count, sizeof **out, "the list of devices", out);
    for (size_t i = 0; status == FMX_OK && i < *count; ++i)
        (*out)[i] = list[i].info;
    return status;
}

static bool selects(const char *selector, const fmx_device_info *info)
{
    if (strcmp(selector, "gpu") == 0)
        return info->kind == FMX_DEVICE_GPU;
    if (strcmp(selector, "cpu") == 0)
        return info->kind == FMX_DEVICE_CPU;
    return contains(info->name, selector) || contains(info->platform, selector);
}

static fmx_status choose(fmx_context *ctx, const char *selector, const found *list, size_t count,
                         size_t *chosen)
{
    if (count == 0)
        return fmx__fail(ctx, FMX_ERROR_NO_DEVICE,
                         "no OpenCL device found; install pocl-opencl-icd for the CPU, or your "
                         "GPU's driver (intel-opencl-icd)");
    if (selector == NULL || selector[0] == '\0' || strcmp(selector, "auto") == 0) {
        *chosen = 0;
        return FMX_OK;
    }
    char *end = NULL;
    errno = 0;
    unsigned long index = strtoul(selector, &end, 10);
    if (isdigit((unsigned char)selector[0]) && *end == '\0') {
        if (errno == 0 && index < count) {
            *chosen = index;
            return FMX_OK;
        }
    } else {
        for (size_t i = 0; i < count; ++i) {
            if (selects(selector, &list[i].info)) {
                *chosen = i;
                return FMX_OK;
            }
        }
    }
    char names[1024] = "";
    for (size_t i = 0; i < count; ++i) {
        size_t used = strlen(names);
        snprintf(names + used, sizeof names - used, "%s%zu \"%s\" (%s)", i ? ", " : "", i,
                 list[i].info.name, list[i].info.platform);
    }
    return fmx__fail(ctx, FMX_ERROR_NO_DEVICE, "no device matches --device %s; there is %s",
                     selector, names);
}

/* Where views of a buffer may start: the device counts it in bits. */
static fmx_status find_alignment(fmx_device *device)
{
    cl_uint bits = 0;
    cl_int code =
        clGetDeviceInfo(device->id, CL_DEVICE_MEM_BASE_ADDR_ALIGN, sizeof bits, &bits, NULL);
    if (code != CL_SUCCESS)
        return fmx__cl_fail(device->ctx, code, "asking for the alignment of buffers");
    device->alignment = bits / 8 > LEAST_ALIGNMENT ? bits / 8 : LEAST_ALIGNMENT;
    return FMX_OK;
}

fmx_status fmx_device_open(fmx_context *ctx, const char *selector, fmx_device **out)
{
    found list[MOST_DEVICES];
    size_t chosen = 0;
    fmx_device *device = NULL;
    *out = NULL;
    size_t count = find_devices(ctx, list);
    fmx_status status = choose(ctx, selector, list, count, &chosen);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, 1, sizeof *device, "a device", &device);
    if (status != FMX_OK)
        return status;
    cl_int code = CL_SUCCESS;
    device->ctx = ctx;
    device->info = list[chosen].info;
    device->platform = list[chosen].platform;
    device->id = list[chosen].id;
    cl_context_properties properties[] = {CL_CONTEXT_PLATFORM,
                                          (cl_context_properties)device->platform, 0};
    device->context = clCreateContext(properties, 1, &device->id, NULL, NULL, &code);
    if (code != CL_SUCCESS) {
        status = fmx__cl_fail(ctx, code, "opening the device");
        goto out;
    }
    device->queue =
        clCreateCommandQueue(device->context, device->id, CL_QUEUE_PROFILING_ENABLE, &code);
    if (code != CL_SUCCESS) {
        status = fmx__cl_fail(ctx, code, "making the device's queue");
        goto out;
    }
    status = find_alignment(device);
    if (status != FMX_OK)
        goto out;
    fmx__log(ctx, FMX_LOG_DEBUG, "device \"%s\" (%s, driver %s)", device->info.name,
             device->info.platform, device->info.driver);
    *out = device;
    device = NULL;
out:
    fmx_device_close(device);
    return status;
}

void fmx_device_close(fmx_device *device)
{
    if (device == NULL)
        return;
    if (device->queue != NULL)
        clFinish(device->queue);
    fmx__device_cache_clear(device);
    fmx__gemm_release(device);
    fmx__profile_release(device);
    fmx__pool_release(device);
    fmx__program_release_all(device);
    if (device->queue != NULL)
        clReleaseCommandQueue(device->queue);
    if (device->context != NULL)
        clReleaseContext(device->context);
    free(device);
}

const fmx_device_info *fmx_device_describe(const fmx_device *device)
{
    return &device->info;
}

fmx_status fmx_device_finish(fmx_device *device)
{
    cl_int code = clFinish(device->queue);
    return code == CL_SUCCESS ? FMX_OK
                              : fmx__cl_fail_wait(device->ctx, code, "waiting for the device");
}

bool fmx__device_wide(const fmx_device *device)
{
    return device->info.prefers_wide;
}

fmx_context *fmx__device_context(const fmx_device *device)
{
    return device->ctx;
}
