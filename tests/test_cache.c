/* The cache on disk: an entry that is not exactly what was kept counts as none, and programs are
 * then compiled from their source. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache_file.h"
#include "fmx_test.h"
#include "launch.h"
#include "limits.h"

static const char key[] = "device|driver|options|source";
static const unsigned char kept[] = "a binary of some length, not only zeros";

static const char *fresh_cache(void)
{
    const char *folder = fmx_test_folder();
    setenv("FIDMIX_CACHE_DIR", folder, 1);
    return folder;
}

/* Calls `change` with the path of every entry; returns how many there are. */
static size_t each_entry(const char *folder, void (*change)(const char *path))
{
    size_t count = 0;
    DIR *list = opendir(folder);
    cr_assert_not_null(list);
    for (struct dirent *e = readdir(list); e != NULL; e = readdir(list)) {
        char path[1024];
        if (e->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        ++count;
        if (change != NULL)
            change(path);
    }
    closedir(list);
    return count;
}

static void flip_last_byte(const char *path)
{
    FILE *file = fopen(path, "r+b");
    cr_assert_not_null(file);
    fseek(file, -1, SEEK_END);
    int byte = fgetc(file);
    fseek(file, -1, SEEK_END);
    fputc(byte ^ 1, file);
    fclose(file);
}

static void cut(const char *path)
{
    cr_assert_eq(truncate(path, 20), 0);
}

static void empty(const char *path)
{
    cr_assert_eq(truncate(path, 0), 0);
}

static void lengthen(const char *path)
{
    FILE *file = fopen(path, "ab");
    cr_assert_not_null(file);
    fputs("more", file);
    fclose(file);
}

static bool loads(const char *wanted)
{
    unsigned char *data = NULL;
    size_t bytes = 0;
    fmx__cache_load(NULL, wanted, "bin", &data, &bytes);
    bool same = data != NULL && bytes == sizeof kept && memcmp(data, kept, bytes) == 0;
    cr_assert(data == NULL || same, "a content that was never kept");
    free(data);
    return same;
}

Test(cache, keeps_and_gives_back)
{
    const char *folder = fresh_cache();
    cr_assert_not(loads(key));
    fmx__cache_store(NULL, key, "bin", kept, sizeof kept);
    cr_assert(loads(key));
    cr_assert_not(loads("another key"));
    cr_assert_eq(each_entry(folder, NULL), 1, "one entry and no leftovers");
}

Test(cache, damaged_entries_count_as_none)
{
    static void (*const changes[])(const char *) = {flip_last_byte, cut, empty, lengthen};
    const char *folder = fresh_cache();
    for (size_t i = 0; i < sizeof changes / sizeof *changes; ++i) {
        fmx__cache_store(NULL, key, "bin", kept, sizeof kept);
        cr_assert(loads(key));
        cr_assert_eq(each_entry(folder, changes[i]), 1);
        cr_assert_not(loads(key), "change %zu", i);
    }
}

Test(cache, an_entry_under_a_foreign_name_counts_as_none)
{
    const char *folder = fresh_cache();
    char script[1024];
    fmx__cache_store(NULL, key, "bin", kept, sizeof kept);
    fmx__cache_store(NULL, "second", "bin", kept, sizeof kept - 1);
    /* each entry gets the other's name */
    snprintf(script, sizeof script, "cd %s && set -- *.bin && mv $1 t && mv $2 $1 && mv t $2",
             folder);
    cr_assert_eq(system(script), 0);
    cr_assert_not(loads(key));
}

Test(cache, can_be_switched_off_and_need_not_be_writable)
{
    setenv("FIDMIX_CACHE_DIR", "", 1);
    fmx__cache_store(NULL, key, "bin", kept, sizeof kept);
    cr_assert_not(loads(key));
    setenv("FIDMIX_CACHE_DIR", "/proc/no/such/folder", 1);
    fmx__cache_store(NULL, key, "bin", kept, sizeof kept);
    cr_assert_not(loads(key));
}

/* Runs a kernel on a device opened anew. */
static void run_kernel(void)
{
    fmx_test test = fmx_test_open();
    fmx_buffer *from = NULL;
    fmx_buffer *to = NULL;
    float *data = fmx_test_random(160, 1);
    float got[160];
    fmx_test_ok(&test, fmx_buffer_create_copy(test.device, data, sizeof got, &from), "from");
    fmx_test_ok(&test, fmx_buffer_create(test.device, sizeof got, &to), "to");
    fmx_test_ok(&test, fmx__limits_copy(test.device, to, from, 160), "copy");
    fmx_test_ok(&test, fmx_buffer_read(to, 0, got, sizeof got), "read");
    cr_assert_arr_eq(got, data, sizeof got);
    fmx_buffer_release(from);
    fmx_buffer_release(to);
    free(data);
    fmx_test_close(&test);
}

/* Puts a whole entry, of the same key, with a content that no driver takes. */
static void replace_content(const char *path)
{
    static const unsigned char nonsense[] = "neither a binary nor bitcode";
    char entry_key[1 << 18] = "";
    uint64_t head[5] = {0}; /* magic, length of the key, length of the content, checksum */
    FILE *file = fopen(path, "rb");
    cr_assert_not_null(file);
    cr_assert_eq(fread(head, sizeof head, 1, file), 1);
    cr_assert_lt(head[1], sizeof entry_key);
    cr_assert_eq(fread(entry_key, 1, head[1], file), head[1]);
    fclose(file);
    fmx__cache_store(NULL, entry_key, "bin", nonsense, sizeof nonsense);
}

/* PoCL keeps bitcode here, other drivers their binaries. */
Test(cache, programs_are_kept_once)
{
    const char *folder = fresh_cache();
    run_kernel();
    cr_assert_eq(each_entry(folder, NULL), 1, "one program was built");
    run_kernel();
    cr_assert_eq(each_entry(folder, NULL), 1);
}

Test(cache, programs_that_the_driver_refuses_are_compiled_anew)
{
    const char *folder = fresh_cache();
    run_kernel();
    cr_assert_eq(each_entry(folder, replace_content), 1);
    run_kernel();
    cr_assert_eq(each_entry(folder, NULL), 1);
}

Test(cache, programs_survive_damage)
{
    static void (*const changes[])(const char *) = {flip_last_byte, cut, empty, lengthen};
    const char *folder = fresh_cache();
    run_kernel();
    run_kernel();
    for (size_t i = 0; i < sizeof changes / sizeof *changes; ++i) {
        each_entry(folder, changes[i]);
        run_kernel();
    }
}
