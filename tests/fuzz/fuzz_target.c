#define _GNU_SOURCE /* memmem */
/* One libFuzzer target for each row of the table in fuzz_formats.c, chosen by FMX_FUZZ_TARGET.
 *
 * Each input is written as files into a folder of the process in memory (/dev/shm), and read as a
 * user's data would be. Besides what the sanitizers find it must hold that a refusal is one of the
 * documented codes and says why, that memory and points stay below what the table states, and that
 * what one context leaves behind is nothing (LeakSanitizer). */
#include <errno.h>
#include <sanitizer/allocator_interface.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fidmix/fid.h"
#include "fuzz_formats.h"
#include "model_file.h"
#include "recipe.h"
#include "safetensors.h"
#include "train_section.h"

enum { NAMES_MOST = 16, PATH_BYTES = 160, MARK = sizeof FMX_FUZZ_MARK - 1 };

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static const fmx_fuzz_format *target;
static char folder[64];
static int has_archive; /* one of the files of the input begins as a zip archive does */

/* ---- memory -----------------------------------------------------------------------------------
 */

static size_t held_bytes;
static size_t most_bytes;
static int counts; /* only between find and clear: libFuzzer allocates too */

static void on_malloc(const volatile void *at, size_t bytes)
{
    (void)at;
    if (counts) {
        held_bytes += bytes;
        most_bytes = held_bytes > most_bytes ? held_bytes : most_bytes;
    }
}

static void on_free(const volatile void *at)
{
    if (counts && at != NULL) {
        size_t bytes = __sanitizer_get_allocated_size(at);
        held_bytes -= bytes < held_bytes ? bytes : held_bytes;
    }
}

static void require(int holds, const char *what, size_t is, size_t most)
{
    if (holds)
        return;
    fprintf(stderr, "fuzz_%s: %s: %zu, at most %zu\n", target->name, what, is, most);
    abort();
}

/* ---- files ------------------------------------------------------------------------------------
 */

static void fail(const char *what)
{
    fprintf(stderr, "fuzz_%s: %s: %s\n", target->name, what, strerror(errno));
    exit(2);
}

static const char *path_of(const char *name)
{
    static char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const uint8_t *data, size_t bytes)
{
    FILE *file = fopen(path_of(name), "wb");
    if (file == NULL || fwrite(data, 1, bytes, file) != bytes || fclose(file) != 0)
        fail(name);
}

static const uint8_t *find_mark(const uint8_t *data, size_t bytes)
{
    /* a name must follow it */
    return bytes > MARK ? memmem(data, bytes - 1, FMX_FUZZ_MARK, MARK) : NULL;
}

/* Takes the input apart; the last of two files of one name counts, a file without bytes is none. */
static void write_folder(const uint8_t *data, size_t bytes)
{
    const uint8_t *start[NAMES_MOST] = {0};
    size_t length[NAMES_MOST] = {0};
    size_t count = 0;
    size_t name = 0;
    while (count < NAMES_MOST && target->file[count] != NULL)
        ++count;
    while (bytes > 0) {
        const uint8_t *mark = count > 1 ? find_mark(data, bytes) : NULL;
        size_t here = mark != NULL ? (size_t)(mark - data) : bytes;
        if (here > 0) {
            start[name] = data;
            length[name] = here;
        }
        if (mark == NULL)
            break;
        name = (size_t)(uint8_t)(mark[MARK] - '0') % count;
        bytes -= here + MARK + 1 < bytes ? here + MARK + 1 : bytes;
        data = mark + MARK + 1;
    }
    has_archive = 0;
    for (size_t i = 0; i < count; ++i) {
        has_archive |= length[i] > 1 && memcmp(start[i], "PK", 2) == 0;
        if (length[i] > 0)
            write_file(target->file[i], start[i], length[i]);
        else
            unlink(path_of(target->file[i]));
    }
}

static void remove_folder(void)
{
    for (size_t i = 0; target->file[i] != NULL; ++i)
        unlink(path_of(target->file[i]));
    for (size_t i = 0; target->file[i] != NULL; ++i) {
        char name[PATH_BYTES];
        snprintf(name, sizeof name, "%s", target->file[i]);
        for (char *slash = strrchr(name, '/'); slash != NULL; slash = strrchr(name, '/')) {
            *slash = '\0';
            rmdir(path_of(name));
        }
    }
    rmdir(folder);
}

static void make_folder(void)
{
    const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(folder, sizeof folder, "%s/fidmix-fuzz-XXXXXX", base);
    if (mkdtemp(folder) == NULL)
        fail(folder);
    setenv("TMPDIR", base, 1);
    for (size_t i = 0; target->file[i] != NULL; ++i) {
        char name[PATH_BYTES];
        snprintf(name, sizeof name, "%s", target->file[i]);
        for (char *slash = strchr(name, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
            *slash = '\0';
            if (mkdir(path_of(name), 0700) != 0 && errno != EEXIST)
                fail(name);
            *slash = '/';
        }
    }
    atexit(remove_folder);
}

/* ---- what is done with an input ---------------------------------------------------------------
 */

/* A refusal is one of the codes that concern an input, and says why. */
static void check_status(fmx_context *ctx, fmx_status status)
{
    int known = status == FMX_OK || status == FMX_ERROR_FORMAT || status == FMX_ERROR_UNSUPPORTED ||
                status == FMX_ERROR_READ || status == FMX_ERROR_NOT_FOUND ||
                status == FMX_ERROR_SHAPE ||
                (target->reading == FMX_FUZZ_RECIPE && status == FMX_ERROR_RECIPE);
    require(known, "a status that no input may bring", (size_t)status, 0);
    require(status == FMX_OK || fmx_context_message(ctx)[0] != '\0', "a refusal without a message",
            (size_t)status, 0);
}

static size_t read_source(fmx_context *ctx, const fmx_source *source, fmx_read_depth depth)
{
    fmx_fid fid;
    fmx_status status = fmx_fid_read(ctx, source, depth, &fid);
    size_t points = status == FMX_OK && depth == FMX_READ_DATA ? fid.points : 0;
    volatile float sum = 0; /* AddressSanitizer sees whether all points are there */
    check_status(ctx, status);
    if (points > 0) {
        for (size_t i = 0; i < points * (fid.is_complex ? 2 : 1); ++i)
            sum = sum + fid.data[i];
        require(fid.name != NULL && fid.solvent != NULL && fid.title != NULL, "a text is missing",
                0, 0);
    }
    fmx_fid_clear(&fid);
    return points;
}

static void read_sources(fmx_context *ctx, size_t bytes)
{
    fmx_source_list list = {0};
    size_t points = 0;
    check_status(ctx, fmx_source_find(ctx, folder, true, &list));
    counts = !has_archive;
    for (size_t i = 0; i < list.count; ++i) {
        points += read_source(ctx, &list.item[i], FMX_READ_DATA);
        read_source(ctx, &list.item[i], FMX_READ_PARAMETERS);
    }
    fmx_source_list_clear(&list);
    counts = 0;
    size_t most = target->points_each * bytes + target->points_anyway;
    require(points <= most || has_archive, "points", points, most);
}

/* A recipe that is accepted must be so again as fidmix writes it out, and the same. */
static void read_recipe(fmx_context *ctx, const uint8_t *data, size_t bytes)
{
    fmx__recipe recipe;
    fmx__recipe again;
    char *text = NULL;
    char *second = NULL;
    fmx_status status = fmx__recipe_parse(ctx, "input", (const char *)data, bytes,
                                          &fmx__recipe_schema_full, NULL, 0, &recipe);
    check_status(ctx, status);
    if (status == FMX_OK) {
        require(fmx__recipe_text(ctx, &recipe, &text) == FMX_OK, "the text", 0, 0);
        status = fmx__recipe_parse(ctx, "again", text, strlen(text), &fmx__recipe_schema_full, NULL,
                                   0, &again);
        if (status != FMX_OK)
            fprintf(stderr, "%s\n%s\n", fmx_context_message(ctx), text);
        require(status == FMX_OK, "what was written is refused", (size_t)status, 0);
        require(fmx__recipe_text(ctx, &again, &second) == FMX_OK && strcmp(text, second) == 0,
                "what was written reads back to something else", 0, 0);
        fmx__recipe_clear(&again);
        free(text);
        free(second);
    }
    fmx__recipe_clear(&recipe);
}

static void read_tensors(fmx_context *ctx)
{
    fmx__safetensors *file = NULL;
    fmx__model_facts facts = fmx__model_facts_none;
    const char *path = path_of(target->file[0]);
    fmx_status status = fmx__safetensors_open(ctx, path, &file);
    check_status(ctx, status);
    if (status == FMX_OK) {
        check_status(ctx, fmx__model_facts_read(ctx, path, file, &facts));
        fmx__model_facts_clear(&facts);
    }
    fmx__safetensors_close(file);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    target = fmx_fuzz_format_find(FMX_FUZZ_TARGET);
    if (target == NULL)
        fail(FMX_FUZZ_TARGET);
    if (target->reading != FMX_FUZZ_RECIPE)
        make_folder();
    __sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    fmx_context *ctx = NULL;
    if (fmx_context_create(&ctx) != FMX_OK)
        return 0;
    if (target->reading != FMX_FUZZ_RECIPE)
        write_folder(data, bytes);
    held_bytes = 0;
    most_bytes = 0;
    counts = 1;
    if (target->reading == FMX_FUZZ_SOURCES)
        read_sources(ctx, bytes);
    else if (target->reading == FMX_FUZZ_RECIPE)
        read_recipe(ctx, data, bytes);
    else
        read_tensors(ctx);
    counts = 0;
    fmx_context_destroy(ctx);
    size_t most =
        target->bytes_each * bytes + target->bytes_anyway + (has_archive ? FMX_FUZZ_UNPACKING : 0);
    require(most_bytes <= most, "bytes of memory at a time", most_bytes, most);
    return 0;
}
