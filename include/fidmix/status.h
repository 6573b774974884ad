/** @file status.h
 *  Status codes: one list holds every code, its text and the exit code that the program gives.
 */
#ifndef FIDMIX_STATUS_H
#define FIDMIX_STATUS_H

#ifdef __cplusplus
extern "C" {
#endif

/** X(code, exit code, text). The exit codes are 0 done, 2 usage, 3 bad input, 4 device, 5 output,
 *  130 interrupted. */
#define FMX_STATUS_LIST(X)                                                                         \
    X(FMX_OK, 0, "done")                                                                           \
    X(FMX_ERROR_USAGE, 2, "the command line is not understood")                                    \
    X(FMX_ERROR_ARGUMENT, 2, "an argument is outside its allowed range")                           \
    X(FMX_ERROR_NOT_FOUND, 3, "a file or entry does not exist")                                    \
    X(FMX_ERROR_READ, 3, "a file cannot be read")                                                  \
    X(FMX_ERROR_FORMAT, 3, "the content of a file is not what its format prescribes")              \
    X(FMX_ERROR_UNSUPPORTED, 3, "a valid input that this version does not handle")                 \
    X(FMX_ERROR_RECIPE, 3, "a recipe has an unknown key, a wrong type or an impossible value")     \
    X(FMX_ERROR_SHAPE, 3, "sizes that do not fit together")                                        \
    X(FMX_ERROR_MEMORY, 4, "the host is out of memory")                                            \
    X(FMX_ERROR_NO_DEVICE, 4, "no usable OpenCL device")                                           \
    X(FMX_ERROR_DEVICE, 4, "an OpenCL call failed")                                                \
    X(FMX_ERROR_DEVICE_MEMORY, 4, "the device is out of memory, or a buffer exceeds its limit")    \
    X(FMX_ERROR_DEVICE_LOST, 4, "the device stopped answering")                                    \
    X(FMX_ERROR_BUILD, 4, "a kernel does not compile on this device")                              \
    X(FMX_ERROR_WRITE, 5, "an output cannot be written")                                           \
    X(FMX_ERROR_EXISTS, 5, "an output exists already")                                             \
    X(FMX_ERROR_INTERRUPTED, 130, "interrupted; the same command with --resume goes on")           \
    X(FMX_ERROR_INTERNAL, 4, "a defect in fidmix; please report it")

typedef enum fmx_status {
#define FMX_STATUS_ENUM(code, exit_code, text) code,
    FMX_STATUS_LIST(FMX_STATUS_ENUM)
#undef FMX_STATUS_ENUM
} fmx_status;

/** Name of a code, "FMX_OK" for instance; "FMX_UNKNOWN" outside the list. Static storage. */
const char *fmx_status_name(fmx_status status);

/** What a code means, in words. Static storage. */
const char *fmx_status_text(fmx_status status);

/** Exit code of the program for a status; 4 outside the list. */
int fmx_status_exit_code(fmx_status status);

#ifdef __cplusplus
}
#endif
#endif
