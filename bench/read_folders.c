/* How fast a tree of Bruker folders is read, beside `cat` of the same files to /dev/null.
 *
 *     cmake --build build/release --target read_folders
 *     build/release/read_folders /tmp/folders 10000 [ROUNDS]
 *
 * Makes the folders where they are missing (32768 complex points each, int32: 256 KiB and five
 * small files), then in each round, one after the other and from the same warm cache: `cat` of the
 * files that the reader opens (with `find` for their names), then walk and reading. Prints MB of
 * those files a second, and the time spent in user mode (walk, parameters, decoding) and in the
 * kernel; on a machine that does other things too the sum of these is the figure to compare. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "fidmix/fid.h"

enum { POINTS = 32768, ROUNDS = 3, PATH_BYTES = 4096 };

typedef struct times {
    double wall;
    double user;
    double kernel;
} times;

/* Of this process, or of those that it waited for. */
static times now(int whose)
{
    struct timespec t;
    struct rusage used;
    clock_gettime(CLOCK_MONOTONIC, &t);
    getrusage(whose, &used);
    return (times){(double)t.tv_sec + 1e-9 * (double)t.tv_nsec,
                   (double)used.ru_utime.tv_sec + 1e-6 * (double)used.ru_utime.tv_usec,
                   (double)used.ru_stime.tv_sec + 1e-6 * (double)used.ru_stime.tv_usec};
}

static times since(times start, int whose)
{
    times end = now(whose);
    return (times){end.wall - start.wall, end.user - start.user, end.kernel - start.kernel};
}

static void check(fmx_context *ctx, fmx_status status, const char *what)
{
    if (status == FMX_OK)
        return;
    fprintf(stderr, "read_folders: %s: %s\n", what, fmx_context_message(ctx));
    exit(1);
}

/* The first folder as fidmix writes them, the others its copies (none is a link: each has pages of
 * its own in the cache). */
static void make_folders(fmx_context *ctx, const char *root, size_t count)
{
    char path[PATH_BYTES];
    char command[3 * PATH_BYTES];
    struct stat info;
    float *data = malloc(2 * POINTS * sizeof *data);
    fmx_fid fid = {.name = (char[]){"sample"},
                   .path = (char[]){"sample"},
                   .nucleus = "1H",
                   .points = POINTS,
                   .is_complex = true,
                   .data = data,
                   .sw_hz = 8000,
                   .obs_mhz = 500.1325,
                   .base_mhz = 500.13,
                   .group_delay = 67.98,
                   .scans = 16,
                   .solvent = (char[]){"D2O"},
                   .title = (char[]){"a sample"}};
    snprintf(path, sizeof path, "%s/s0/1/fid", root);
    for (size_t k = 0; data != NULL && k < (size_t)2 * POINTS; ++k)
        data[k] = (float)((int)(k * 2654435761U >> 8 & 0xffff) - 32768);
    if (data != NULL && stat(path, &info) != 0) {
        *strrchr(path, '/') = '\0';
        check(ctx, fmx_bruker_write(ctx, path, &fid), path);
    }
    free(data);
    snprintf(
        command, sizeof command,
        "cd %s && i=1; while [ $i -lt %zu ]; do [ -e s$i ] || cp -r s0 s$i; i=$((i + 1)); done",
        root, count);
    if (system(command) != 0)
        exit(1);
}

/* What the reader opens of every folder. */
static times cat_files(const char *root)
{
    char command[2 * PATH_BYTES];
    times start = now(RUSAGE_CHILDREN);
    snprintf(command, sizeof command,
             "find %s -name fid -o -name acqus -o -name procs -o -name title | xargs cat > "
             "/dev/null",
             root);
    if (system(command) != 0)
        exit(1);
    return since(start, RUSAGE_CHILDREN);
}

static times read_folders(fmx_context *ctx, const char *root, size_t count, double *walk)
{
    fmx_source_list list = {0};
    times start = now(RUSAGE_SELF);
    check(ctx, fmx_source_find(ctx, root, false, &list), root);
    *walk = since(start, RUSAGE_SELF).wall;
    if (list.count != count)
        exit(1);
    for (size_t i = 0; i < list.count; ++i) {
        fmx_fid fid;
        check(ctx, fmx_fid_read(ctx, &list.item[i], FMX_READ_DATA, &fid), list.item[i].path);
        fmx_fid_clear(&fid);
    }
    times used = since(start, RUSAGE_SELF);
    fmx_source_list_clear(&list);
    return used;
}

static void print_times(const char *what, times used, double mb)
{
    printf("  %-7s %5.0f MB/s, %5.2f s in user mode, %5.2f s in the kernel\n", what, mb / used.wall,
           used.user, used.kernel);
}

int main(int argc, char **argv)
{
    fmx_context *ctx = NULL;
    if (argc < 3 || fmx_context_create(&ctx) != FMX_OK) {
        fprintf(stderr, "usage: read_folders FOLDER COUNT [ROUNDS]\n");
        return 2;
    }
    const char *root = argv[1];
    size_t count = strtoul(argv[2], NULL, 10);
    long rounds = argc > 3 ? strtol(argv[3], NULL, 10) : ROUNDS;
    make_folders(ctx, root, count);
    /* acqus, procs and title are some 600 bytes together */
    double mb = 1e-6 * (double)count * (2.0 * POINTS * 4 + 600);
    cat_files(root); /* warms the cache */
    printf("%zu folders, %.0f MB\n", count, mb);
    for (long round = 0; round < rounds; ++round) {
        double walk = 0;
        printf("round %ld\n", round + 1);
        print_times("cat", cat_files(root), mb);
        print_times("fidmix", read_folders(ctx, root, count, &walk), mb);
        printf("          of it %.2f s for the walk\n", walk);
    }
    fmx_context_destroy(ctx);
    return 0;
}
