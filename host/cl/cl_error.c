#include "cl_internal.h"

#define FMX_CL_CODES(X)                                                                            \
    X(CL_SUCCESS)                                                                                  \
    X(CL_DEVICE_NOT_FOUND)                                                                         \
    X(CL_DEVICE_NOT_AVAILABLE)                                                                     \
    X(CL_COMPILER_NOT_AVAILABLE)                                                                   \
    X(CL_MEM_OBJECT_ALLOCATION_FAILURE)                                                            \
    X(CL_OUT_OF_RESOURCES)                                                                         \
    X(CL_OUT_OF_HOST_MEMORY)                                                                       \
    X(CL_PROFILING_INFO_NOT_AVAILABLE)                                                             \
    X(CL_MEM_COPY_OVERLAP)                                                                         \
    X(CL_BUILD_PROGRAM_FAILURE)                                                                    \
    X(CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST)                                                \
    X(CL_INVALID_VALUE)                                                                            \
    X(CL_INVALID_DEVICE_TYPE)                                                                      \
    X(CL_INVALID_PLATFORM)                                                                         \
    X(CL_INVALID_DEVICE)                                                                           \
    X(CL_INVALID_CONTEXT)                                                                          \
    X(CL_INVALID_QUEUE_PROPERTIES)                                                                 \
    X(CL_INVALID_COMMAND_QUEUE)                                                                    \
    X(CL_INVALID_HOST_PTR)                                                                         \
    X(CL_INVALID_MEM_OBJECT)                                                                       \
    X(CL_INVALID_BINARY)                                                                           \
    X(CL_INVALID_BUILD_OPTIONS)                                                                    \
    X(CL_INVALID_PROGRAM)                                                                          \
    X(CL_INVALID_PROGRAM_EXECUTABLE)                                                               \
    X(CL_INVALID_KERNEL_NAME)                                                                      \
    X(CL_INVALID_KERNEL_DEFINITION)                                                                \
    X(CL_INVALID_KERNEL)                                                                           \
    X(CL_INVALID_ARG_INDEX)                                                                        \
    X(CL_INVALID_ARG_VALUE)                                                                        \
    X(CL_INVALID_ARG_SIZE)                                                                         \
    X(CL_INVALID_KERNEL_ARGS)                                                                      \
    X(CL_INVALID_WORK_DIMENSION)                                                                   \
    X(CL_INVALID_WORK_GROUP_SIZE)                                                                  \
    X(CL_INVALID_WORK_ITEM_SIZE)                                                                   \
    X(CL_INVALID_GLOBAL_OFFSET)                                                                    \
    X(CL_INVALID_EVENT_WAIT_LIST)                                                                  \
    X(CL_INVALID_EVENT)                                                                            \
    X(CL_INVALID_OPERATION)                                                                        \
    X(CL_INVALID_BUFFER_SIZE)                                                                      \
    X(CL_INVALID_GLOBAL_WORK_SIZE)

const char *fmx__cl_error_name(cl_int code)
{
    switch (code) {
#define FMX_CL_NAME(name)                                                                          \
    case name:                                                                                     \
        return #name;
        FMX_CL_CODES(FMX_CL_NAME)
#undef FMX_CL_NAME
    case -1001:
        return "CL_PLATFORM_NOT_FOUND_KHR";
    default:
        return "an unknown OpenCL code";
    }
}

fmx_status fmx__cl_fail(fmx_context *ctx, cl_int code, const char *what)
{
    fmx_status status = FMX_ERROR_DEVICE;
    const char *remedy = "";
    if (code == CL_MEM_OBJECT_ALLOCATION_FAILURE || code == CL_OUT_OF_RESOURCES ||
        code == CL_INVALID_BUFFER_SIZE) {
        status = FMX_ERROR_DEVICE_MEMORY;
        remedy = "; use fewer or shorter rows per batch, or another --device";
    } else if (code == CL_DEVICE_NOT_AVAILABLE || code == CL_INVALID_COMMAND_QUEUE ||
               code == CL_INVALID_CONTEXT || code == CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST) {
        status = FMX_ERROR_DEVICE_LOST;
        remedy = "; the driver reset the device: run the command again, with --resume where work "
                 "was done";
    } else if (code == CL_OUT_OF_HOST_MEMORY) {
        status = FMX_ERROR_MEMORY;
    }
    return fmx__fail(ctx, status, "%s: %s (%d)%s", what, fmx__cl_error_name(code), (int)code,
                     remedy);
}

fmx_status fmx__cl_fail_wait(fmx_context *ctx, cl_int code, const char *what)
{
    if (code == CL_OUT_OF_RESOURCES)
        return fmx__fail(ctx, FMX_ERROR_DEVICE_LOST,
                         "%s: %s (%d); the driver reset the device: run the command again, with "
                         "--resume where work was done",
                         what, fmx__cl_error_name(code), (int)code);
    return fmx__cl_fail(ctx, code, what);
}
