/* fft against clFFT (same OpenCL platform) and FFTW (single precision, 2 threads, FFTW_MEASURE),
 * out of place, wall time from call to finish; rounds are interleaved, so that a busy machine slows
 * all alike. Results are compared before anything is timed.
 *
 *     bench_fft_peers [PLATFORM [ROWS LENGTH...]]     default: Portable 64 32768 65536 21800 30030
 */
#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>
#include <clFFT.h>
#include <fftw3.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fft_rows.h"
#include "fidmix/fidmix.h"

enum { ROUNDS = 15 };

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static int ascending(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

static double median(double *times)
{
    qsort(times, ROUNDS, sizeof *times, ascending);
    return times[ROUNDS / 2];
}

static void check(const char *what, int code)
{
    if (code != 0) {
        fprintf(stderr, "%s failed: %d\n", what, code);
        exit(1);
    }
}

/* ---- clFFT ------------------------------------------------------------------------------------
 */

typedef struct clfft_peer {
    cl_context context;
    cl_command_queue queue;
    clfftPlanHandle plan;
    cl_mem in;
    cl_mem out;
    bool works;
} clfft_peer;

static void open_opencl(clfft_peer *peer, const char *name)
{
    cl_platform_id platforms[16];
    cl_uint count = 0;
    cl_int code = CL_SUCCESS;
    check("clGetPlatformIDs", clGetPlatformIDs(16, platforms, &count));
    for (cl_uint i = 0; i < count && i < 16; ++i) {
        char text[256] = "";
        cl_device_id id = NULL;
        clGetPlatformInfo(platforms[i], CL_PLATFORM_NAME, sizeof text - 1, text, NULL);
        if (strstr(text, name) == NULL || peer->context != NULL)
            continue;
        check("clGetDeviceIDs", clGetDeviceIDs(platforms[i], CL_DEVICE_TYPE_ALL, 1, &id, NULL));
        peer->context = clCreateContext(NULL, 1, &id, NULL, NULL, &code);
        check("clCreateContext", code);
        peer->queue = clCreateCommandQueue(peer->context, id, 0, &code);
        check("clCreateCommandQueue", code);
    }
    check("finding the platform", peer->context == NULL);
}

static double clfft_step(clfft_peer *peer)
{
    double start = now_ms();
    check("clfftEnqueueTransform",
          clfftEnqueueTransform(peer->plan, CLFFT_FORWARD, 1, &peer->queue, 0, NULL, NULL,
                                &peer->in, &peer->out, NULL));
    clFinish(peer->queue);
    return now_ms() - start;
}

/* clFFT knows lengths of the factors 2 to 13 only; some it cannot build. Returns its set-up in ms.
 */
static double clfft_plan(clfft_peer *peer, size_t points, size_t rows, float *x)
{
    cl_int code = CL_SUCCESS;
    size_t bytes = rows * points * 2 * sizeof(float);
    double start = now_ms();
    peer->in =
        clCreateBuffer(peer->context, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR, bytes, x, &code);
    check("clCreateBuffer", code);
    peer->out = clCreateBuffer(peer->context, CL_MEM_READ_WRITE, bytes, NULL, &code);
    check("clCreateBuffer", code);
    peer->works =
        clfftCreateDefaultPlan(&peer->plan, peer->context, CLFFT_1D, &points) == CLFFT_SUCCESS;
    if (!peer->works)
        return 0;
    clfftSetPlanBatchSize(peer->plan, rows);
    clfftSetLayout(peer->plan, CLFFT_COMPLEX_INTERLEAVED, CLFFT_COMPLEX_INTERLEAVED);
    clfftSetResultLocation(peer->plan, CLFFT_OUTOFPLACE);
    peer->works = clfftBakePlan(peer->plan, 1, &peer->queue, NULL, NULL) == CLFFT_SUCCESS;
    if (peer->works)
        clfft_step(peer);
    return now_ms() - start;
}

/* ---- one length -------------------------------------------------------------------------------
 */

typedef struct ours {
    fmx_context *ctx;
    fmx_device *device;
    fmx__fft of;
} ours;

static double our_step(ours *o)
{
    double start = now_ms();
    if (fmx__fft_rows(o->device, &o->of) != FMX_OK || fmx_device_finish(o->device) != FMX_OK)
        check(fmx_context_message(o->ctx), 1);
    return now_ms() - start;
}

static double fftw_step(fftwf_plan plan)
{
    double start = now_ms();
    fftwf_execute(plan);
    return now_ms() - start;
}

static void check_same(const float *a, const float *b, size_t count)
{
    double difference = 0;
    double sum = 0;
    for (size_t i = 0; i < count; ++i) {
        difference += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
        sum += (double)b[i] * b[i];
    }
    check("the results agree to 2e-6", !(sqrt(difference / sum) < 2e-6));
}

static void run_length(ours *o, clfft_peer *peer, size_t points, size_t rows)
{
    double times[3][ROUNDS];
    size_t count = 2 * rows * points;
    int n = (int)points;
    float *x = fftwf_alloc_real(count);
    float *y = fftwf_alloc_real(count);
    float *got = fftwf_alloc_real(count);
    check("memory", x == NULL || y == NULL || got == NULL);
    fftwf_plan plan =
        fftwf_plan_many_dft(1, &n, (int)rows, (fftwf_complex *)x, NULL, 1, n, (fftwf_complex *)y,
                            NULL, 1, n, FFTW_FORWARD, FFTW_MEASURE);
    uint32_t state = 1;
    for (size_t i = 0; i < count; ++i) {
        state = state * 1664525u + 1013904223u;
        x[i] = (float)(state >> 8) * 0x1p-24f - 0.5f;
    }
    o->of = (fmx__fft){.rows = rows, .points = points, .scale = 1};
    fmx_status status = fmx_buffer_create_copy(o->device, x, count * sizeof *x, &o->of.in);
    if (status == FMX_OK)
        status = fmx_buffer_create(o->device, count * sizeof *x, &o->of.out);
    check("buffers", status);
    double first_ms = our_step(o);
    double clfft_first_ms = clfft_plan(peer, points, rows, x);
    fftw_step(plan);
    check("reading", fmx_buffer_read(o->of.out, 0, got, count * sizeof *got));
    check_same(got, y, count);
    for (size_t i = 0; i < ROUNDS; ++i) {
        times[0][i] = our_step(o);
        times[1][i] = fftw_step(plan);
        times[2][i] = peer->works ? clfft_step(peer) : 0;
    }
    double ms = median(times[0]);
    double fftw_ms = median(times[1]);
    double clfft_ms = median(times[2]);
    printf("%8zu %6zu %10.2f %10.2f %10.2f %10.2f %10.2f %10.0f %10.0f\n", points, rows, ms,
           fftw_ms, clfft_ms, clfft_ms / ms, fftw_ms / ms, first_ms, clfft_first_ms);
    fmx_buffer_release(o->of.in);
    fmx_buffer_release(o->of.out);
    clReleaseMemObject(peer->in);
    clReleaseMemObject(peer->out);
    if (peer->plan != 0)
        clfftDestroyPlan(&peer->plan);
    peer->plan = 0;
    fftwf_destroy_plan(plan);
    fftwf_free(got);
    fftwf_free(y);
    fftwf_free(x);
}

int main(int argc, char **argv)
{
    static const size_t lengths[] = {32768, 65536, 21800, 30030};
    const char *platform = argc > 1 ? argv[1] : "Portable";
    size_t rows = argc > 2 ? strtoul(argv[2], NULL, 10) : 64;
    clfft_peer peer = {0};
    clfftSetupData setup;
    ours o = {0};
    if (fmx_context_create(&o.ctx) != FMX_OK ||
        fmx_device_open(o.ctx, platform, &o.device) != FMX_OK)
        check(fmx_context_message(o.ctx), 1);
    open_opencl(&peer, platform);
    check("clfftInitSetupData", clfftInitSetupData(&setup));
    check("clfftSetup", clfftSetup(&setup));
    fftwf_init_threads();
    fftwf_plan_with_nthreads(2);
    setvbuf(stdout, NULL, _IOLBF, 0);
    const fmx_device_info *info = fmx_device_describe(o.device);
    printf("%s (%s, driver %s), medians of %d interleaved rounds, ms\n", info->name, info->platform,
           info->driver, ROUNDS);
    printf("  points   rows       ours       FFTW      clFFT clFFT/ours  FFTW/ours  first run "
           "clFFT's first\n");
    for (int i = 3; i < argc; ++i)
        run_length(&o, &peer, strtoul(argv[i], NULL, 10), rows);
    for (size_t i = 0; argc <= 3 && i < sizeof lengths / sizeof *lengths; ++i)
        run_length(&o, &peer, lengths[i], rows);
    clfftTeardown();
    clReleaseCommandQueue(peer.queue);
    clReleaseContext(peer.context);
    fftwf_cleanup_threads();
    fmx_device_close(o.device);
    fmx_context_destroy(o.ctx);
    return 0;
}
