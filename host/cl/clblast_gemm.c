#include "clblast_gemm.h"

#include <string.h>

/* first, because it says which version of OpenCL's headers is meant */
#include "command.h"

#include <clblast_c.h>

/* ---- parameters -------------------------------------------------------------------------------
 */

/* CLBlast knows no good parameters for PoCL: with these its large kernel was measured at 105
 * instead of 20 GFLOP/s at 1024 x 1024 x 1024. On Intel's CPU runtime they make it slower than its
 * own defaults, so that driver, and GPUs, keep those. Its direct kernel, for small sizes, keeps its
 * own everywhere: the parameters that make it fast on PoCL take that driver minutes to compile. */
static const char *const large_names[] = {"GEMMK", "KREG",  "KWG",   "KWI", "MDIMA", "MDIMC",
                                          "MWG",   "NDIMB", "NDIMC", "NWG", "SA",    "SB",
                                          "STRM",  "STRN",  "VWM",   "VWN"};
static const size_t large_values[] = {0, 1, 32, 2, 4, 4, 64, 4, 4, 32, 0, 0, 0, 0, 8, 8};

static CLBlastStatusCode set_parameters(fmx_device *device, const char *kernel,
                                        const char *const *names, const size_t *values,
                                        size_t count)
{
    const char *copies[FMX__COUNT(large_names)];
    memcpy(copies, names, count * sizeof *copies); /* its prototype lacks a const */
    return CLBlastOverrideParameters(device->id, kernel, CLBlastPrecisionSingle, count, copies,
                                     values);
}

/* Once per opened device. A version that refuses the parameters works with its own, only slower. */
static void prepare(fmx_device *device)
{
    if (device->gemm_ready)
        return;
    device->gemm_ready = true;
    if (strstr(device->info.platform, "Portable Computing Language") == NULL)
        return;
    CLBlastStatusCode code =
        set_parameters(device, "Xgemm", large_names, large_values, FMX__COUNT(large_names));
    if (code != CLBlastSuccess)
        fmx__log(device->ctx, FMX_LOG_DEBUG, "CLBlast keeps its own parameters: status %d",
                 (int)code);
}

void fmx__gemm_release(fmx_device *device)
{
    /* its programs hold the OpenCL context; they are the process's, so that other open devices
     * compile theirs anew */
    if (device->gemm_ready)
        CLBlastClearCache();
    device->gemm_ready = false;
}

/* ---- the product ------------------------------------------------------------------------------
 */

/* One matrix as stored, [rows][columns]: its stride, checked against the buffer. */
static fmx_status check_matrix(fmx_device *device, const char *name, const fmx_buffer *buffer,
                               size_t first, size_t rows, size_t columns, size_t *stride)
{
    size_t floats = 0;
    size_t bytes = 0;
    if (*stride == 0)
        *stride = columns;
    if (rows == 0 || columns == 0 || *stride < columns || rows > INT32_MAX ||
        !fmx__size_mul(rows, *stride, &floats) || floats > INT32_MAX)
        return fmx__fail(device->ctx, FMX_ERROR_SHAPE,
                         "gemm: %s of %zu rows of %zu floats, %zu apart, is impossible or has more "
                         "than %d elements",
                         name, rows, columns, *stride, INT32_MAX);
    if (!fmx__size_add(first, floats - *stride + columns, &floats) ||
        !fmx__size_mul(floats, sizeof(float), &bytes) || buffer == NULL ||
        buffer->device != device || bytes > buffer->bytes)
        return fmx__fail(device->ctx, FMX_ERROR_SHAPE,
                         "gemm: %s of %zu rows of %zu floats, %zu apart, needs a larger buffer of "
                         "this device than %zu bytes",
                         name, rows, columns, *stride, buffer != NULL ? buffer->bytes : 0);
    return FMX_OK;
}

static fmx_status failure(fmx_device *device, const fmx__gemm_of *of, CLBlastStatusCode code)
{
    fmx_status status = FMX_OK;
    if ((int)code > -1000) /* an OpenCL code */
        status = fmx__cl_fail(device->ctx, (cl_int)code, "CLBlast");
    else
        status = fmx__fail(device->ctx, FMX_ERROR_DEVICE, "CLBlast: status %d", (int)code);
    return fmx__fail_in(device->ctx, status, "gemm %zu x %zu x %zu", of->m, of->n, of->k);
}

static CLBlastTranspose transposed(bool yes)
{
    return yes ? CLBlastTransposeYes : CLBlastTransposeNo;
}

static fmx_status enqueue_product(fmx_device *device, const fmx__command *command, cl_event *event)
{
    const fmx__gemm_of *of = &command->of.gemm.of;
    fmx_buffer **scratch = command->of.gemm.scratch;
    CLBlastStatusCode code = CLBlastSgemmWithTempBuffer(
        CLBlastLayoutRowMajor, transposed(of->transpose_a), transposed(of->transpose_b), of->m,
        of->n, of->k, (float)of->alpha, of->a->memory, of->a_first, of->a_stride, of->b->memory,
        of->b_first, of->b_stride, (float)of->beta, of->c->memory, of->c_first, of->c_stride,
        &device->queue, event, scratch != NULL ? (*scratch)->memory : NULL);
    return code == CLBlastSuccess ? FMX_OK : failure(device, of, code);
}

/* While recording: compiles and makes room now, so that no run has to. */
static fmx_status record_product(fmx_device *device, fmx__command *command)
{
    fmx__gemm_of *of = &command->of.gemm.of;
    size_t bytes = 0;
    /* CLBlast compiles before it refuses a size of 0, and enqueues nothing */
    CLBlastStatusCode code = CLBlastSgemm(
        CLBlastLayoutRowMajor, CLBlastTransposeNo, CLBlastTransposeNo, 0, 1, 1, 1, of->a->memory, 0,
        1, of->b->memory, 0, 1, 0, of->c->memory, 0, 1, &device->queue, NULL);
    if (code == CLBlastInvalidDimension)
        code = CLBlastSGemmTempBufferSize(CLBlastLayoutRowMajor, transposed(of->transpose_a),
                                          transposed(of->transpose_b), of->m, of->n, of->k,
                                          of->a_first, of->a_stride, of->b_first, of->b_stride,
                                          of->c_first, of->c_stride, &device->queue, &bytes);
    if (code != CLBlastSuccess)
        return failure(device, of, code);
    const size_t sizes[] = {of->m, of->n, of->k, of->transpose_a, of->transpose_b};
    fmx__recording_mark(device, sizes, sizeof sizes);
    fmx_status status = fmx__recording_hold(device, of->a);
    if (status == FMX_OK)
        status = fmx__recording_hold(device, of->b);
    if (status == FMX_OK)
        status = fmx__recording_hold(device, of->c);
    if (status == FMX_OK)
        status = fmx__recording_scratch(device, bytes, &command->of.gemm.scratch);
    return status;
}

fmx_status fmx__gemm(fmx_device *device, const fmx__gemm_of *given)
{
    fmx__gemm_of of = *given;
    bool ta = of.transpose_a;
    bool tb = of.transpose_b;
    fmx_status status = check_matrix(device, "A", of.a, of.a_first, ta ? of.k : of.m,
                                     ta ? of.m : of.k, &of.a_stride);
    if (status == FMX_OK)
        status = check_matrix(device, "B", of.b, of.b_first, tb ? of.n : of.k, tb ? of.k : of.n,
                              &of.b_stride);
    if (status == FMX_OK)
        status = check_matrix(device, "C", of.c, of.c_first, of.m, of.n, &of.c_stride);
    if (status != FMX_OK)
        return status;
    prepare(device);
    double m = (double)of.m;
    double n = (double)of.n;
    double k = (double)of.k;
    fmx__command command = {.enqueue = enqueue_product,
                            .stem = "gemm",
                            .kernel = "clblast",
                            .flops = 2 * m * n * k,
                            .bytes = 4 * (m * k + k * n + m * n * (of.beta != 0 ? 2 : 1)),
                            .of.gemm = {.of = of}};
    if (device->recording != NULL)
        status = record_product(device, &command);
    return status == FMX_OK ? fmx__command_do(device, &command) : status;
}
