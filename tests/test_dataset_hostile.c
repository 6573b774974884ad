/* Files that lie: links to elsewhere, storage outside the file, sizes beyond it, cut and mutated.
 */
#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "atomic_file.h"
#include "dataset_fixture.h"
#include "fmx_test.h"

enum { ROWS = 3, POINTS = 4 };

/* On damaged files HDF5 1.10 leaks memory of its own, which LeakSanitizer would hold against us. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libhdf5";
}

static char folder[512];
static char path[600];

static void make_folder(void)
{
    snprintf(folder, sizeof folder, "%s", fmx_test_folder());
    snprintf(path, sizeof path, "%s/set.h5", folder);
}

static void put(hid_t file, const char *name, hid_t type, hid_t native, hid_t properties, int rank,
                const hsize_t *dims, const void *values)
{
    hid_t space = H5Screate_simple(rank, dims, NULL);
    hid_t set = H5Dcreate2(file, name, type, space, H5P_DEFAULT, properties, H5P_DEFAULT);
    cr_assert_geq(set, 0, "%s", name);
    if (values != NULL)
        cr_assert_geq(H5Dwrite(set, native, H5S_ALL, H5S_ALL, H5P_DEFAULT, values), 0);
    H5Dclose(set);
    H5Sclose(space);
}

static const float spectra[ROWS * POINTS] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
static const double falling[POINTS] = {4, 3, 2, 1};
static const hsize_t spectra_dims[2] = {ROWS, POINTS};
static const hsize_t huge_dims[2] = {1 << 30, POINTS};
static const hsize_t absurd_dims[2] = {1 << 20, 1 << 25};
static const hsize_t points_dims[1] = {POINTS};
static const hsize_t rows_dims[1] = {ROWS};

static hid_t begin(void)
{
    return H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
}

static void put_ppm(hid_t file)
{
    put(file, "ppm", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, H5P_DEFAULT, 1, points_dims, falling);
}

static void put_spectra(hid_t file)
{
    put(file, "spectra", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, H5P_DEFAULT, 2, spectra_dims, spectra);
}

static void no_spectra(hid_t file)
{
    put_ppm(file);
}

static void no_axis(hid_t file)
{
    put_spectra(file);
}

static void one_dimension(hid_t file)
{
    put(file, "spectra", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, H5P_DEFAULT, 1, points_dims, spectra);
    put_ppm(file);
}

static void integers(hid_t file)
{
    static const int32_t values[ROWS * POINTS] = {0};
    put(file, "spectra", H5T_STD_I32LE, H5T_NATIVE_INT32, H5P_DEFAULT, 2, spectra_dims, values);
    put_ppm(file);
}

static void rising_axis(hid_t file)
{
    static const double rising[POINTS] = {1, 2, 3, 4};
    put_spectra(file);
    put(file, "ppm", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, H5P_DEFAULT, 1, points_dims, rising);
}

static void short_axis(hid_t file)
{
    put_spectra(file);
    put(file, "ppm", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, H5P_DEFAULT, 1, rows_dims, falling);
}

static void never_written(hid_t file)
{
    put(file, "spectra", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, H5P_DEFAULT, 2, huge_dims, NULL);
    put_ppm(file);
}

static void absurd(hid_t file)
{
    put(file, "spectra", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, H5P_DEFAULT, 2, absurd_dims, NULL);
    put_ppm(file);
}

static void empty_chunks(hid_t file)
{
    const hsize_t chunk[2] = {1, POINTS};
    hid_t properties = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(properties, 2, chunk);
    put(file, "spectra", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, properties, 2, huge_dims, NULL);
    H5Pclose(properties);
    put_ppm(file);
}

static void huge_chunks(hid_t file)
{
    const hsize_t chunk[2] = {1 << 25, POINTS};
    hid_t properties = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(properties, 2, chunk);
    H5Pset_deflate(properties, 9);
    put(file, "spectra", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, properties, 2, huge_dims, NULL);
    H5Pclose(properties);
    put_ppm(file);
}

static void outside_storage(hid_t file)
{
    hid_t properties = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_external(properties, "/etc/passwd", 0, sizeof spectra);
    put(file, "spectra", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, properties, 2, spectra_dims, NULL);
    H5Pclose(properties);
    put_ppm(file);
}

static void outside_link(hid_t file)
{
    H5Lcreate_external("/tmp/elsewhere.h5", "/spectra", file, "spectra", H5P_DEFAULT, H5P_DEFAULT);
    put_ppm(file);
}

static void soft_link(hid_t file)
{
    put_spectra(file);
    H5Lcreate_soft("/spectra", file, "ppm", H5P_DEFAULT, H5P_DEFAULT);
}

static void group_instead(hid_t file)
{
    H5Gclose(H5Gcreate2(file, "spectra", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    put_ppm(file);
}

static void unknown_filter(hid_t file)
{
    const hsize_t chunk[2] = {1, POINTS};
    hid_t properties = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(properties, 2, chunk);
    H5Pset_filter(properties, 32001, H5Z_FLAG_OPTIONAL, 0, NULL);
    put(file, "spectra", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, properties, 2, spectra_dims, NULL);
    H5Pclose(properties);
    put_ppm(file);
}

static void view_of(hid_t file, const char *source)
{
    hid_t properties = H5Pcreate(H5P_DATASET_CREATE);
    hid_t space = H5Screate_simple(2, spectra_dims, NULL);
    H5Pset_virtual(properties, space, source, "spectra", space);
    put(file, "spectra", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, properties, 2, spectra_dims, NULL);
    H5Sclose(space);
    H5Pclose(properties);
    put_ppm(file);
}

static void view_of_elsewhere(hid_t file)
{
    view_of(file, "../set.h5");
}

static void view_of_nothing(hid_t file)
{
    view_of(file, "lost.h5");
}

static void view_of_itself(hid_t file)
{
    view_of(file, ".");
}

static void number_recipe(hid_t file)
{
    hid_t space = H5Screate(H5S_SCALAR);
    H5Aclose(H5Acreate2(file, "recipe", H5T_STD_I32LE, space, H5P_DEFAULT, H5P_DEFAULT));
    H5Sclose(space);
    put_spectra(file);
    put_ppm(file);
}

Test(dataset_hostile, refusals)
{
    static const struct {
        void (*make)(hid_t file);
        fmx_status status;
        const char *what;
    } cases[] = {
        {no_spectra, FMX_ERROR_NOT_FOUND, "set.h5: no dataset \"spectra\""},
        {no_axis, FMX_ERROR_NOT_FOUND, "no dataset \"ppm\""},
        {one_dimension, FMX_ERROR_FORMAT, "spectra: rows of floating-point values"},
        {integers, FMX_ERROR_FORMAT, "spectra: rows of floating-point values"},
        {rising_axis, FMX_ERROR_FORMAT, "ppm: does not descend at point 1"},
        {short_axis, FMX_ERROR_FORMAT, "ppm: one number for each of the 4 points"},
        {never_written, FMX_ERROR_FORMAT, "spectra: holds fewer values than its shape says"},
        {absurd, FMX_ERROR_FORMAT, "beyond 2^31 rows of 2^24 values"},
        {empty_chunks, FMX_ERROR_FORMAT, "holds fewer values than its shape says"},
        {outside_storage, FMX_ERROR_FORMAT, "its data lie in another file"},
        {outside_link, FMX_ERROR_FORMAT, "a link to elsewhere"},
        {soft_link, FMX_ERROR_FORMAT, "ppm: a link to elsewhere"},
        {group_instead, FMX_ERROR_FORMAT, "spectra: not a dataset"},
        {unknown_filter, FMX_ERROR_UNSUPPORTED, "filter 32001 is not read"},
        {view_of_elsewhere, FMX_ERROR_FORMAT, "put together from other files"},
        {view_of_itself, FMX_ERROR_FORMAT, "put together from other files"},
        {view_of_nothing, FMX_ERROR_NOT_FOUND, "lost.h5"},
        {number_recipe, FMX_ERROR_FORMAT, "attribute recipe: one text is expected"},
    };
    fmx_test test = fmx_test_open_host();
    make_folder();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        fmx_dataset *data = NULL;
        hid_t file = begin();
        cases[i].make(file);
        cr_assert_geq(H5Fclose(file), 0);
        fmx_test_refused(&test, fmx_dataset_open(test.ctx, path, &data), cases[i].status,
                         cases[i].what);
        cr_assert_null(data);
    }
    fmx_dataset *data = NULL;
    fmx_test_refused(&test, fmx_dataset_open(test.ctx, "/nowhere/x.h5", &data), FMX_ERROR_NOT_FOUND,
                     "/nowhere/x.h5");
    fmx_test_refused(&test, fmx_dataset_open(test.ctx, folder, &data), FMX_ERROR_READ,
                     "not a regular file");
    fmx_test_ok(&test, fmx__atomic_write(test.ctx, path, true, "text", 4), "write");
    fmx_test_refused(&test, fmx_dataset_open(test.ctx, path, &data), FMX_ERROR_FORMAT,
                     "not an HDF5 file");
    fmx_test_close(&test);
}

Test(dataset_hostile, chunks_too_large)
{
    fmx_test test = fmx_test_open_host();
    fmx_dataset *data = NULL;
    make_folder();
    H5E_auto2_t function = NULL;
    void *user = NULL;
    hid_t file = begin();
    huge_chunks(file);
    cr_assert_geq(H5Fclose(file), 0);
    H5Eget_auto2(H5E_DEFAULT, &function, &user);
    fmx_test_refused(&test, fmx_dataset_open(test.ctx, path, &data), FMX_ERROR_FORMAT,
                     "chunks above 256 MiB");
    H5E_auto2_t after = NULL;
    H5Eget_auto2(H5E_DEFAULT, &after, &user);
    cr_assert_eq(function, after, "HDF5's own printing is as the caller set it");
    fmx_test_close(&test);
}

/* What h5py writes by default opens too: text of fixed length, double spectra, no attributes. */
Test(dataset_hostile, files_of_others)
{
    static const char names[ROWS][5] = {"one", "two", "three"}; /* the last without a zero */
    fmx_test test = fmx_test_open_host();
    fmx_dataset *data = NULL;
    char **text = NULL;
    float got[POINTS];
    fmx_column_type type;
    size_t width = 0;
    make_folder();
    hid_t file = begin();
    hid_t fixed = H5Tcopy(H5T_C_S1);
    H5Tset_size(fixed, 5);
    H5Tset_strpad(fixed, H5T_STR_NULLPAD);
    double doubles[ROWS * POINTS];
    for (size_t i = 0; i < ROWS * POINTS; ++i)
        doubles[i] = spectra[i];
    put(file, "spectra", H5T_IEEE_F64BE, H5T_NATIVE_DOUBLE, H5P_DEFAULT, 2, spectra_dims, doubles);
    put(file, "name", fixed, fixed, H5P_DEFAULT, 1, rows_dims, names);
    put(file, "odd", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, H5P_DEFAULT, 1, points_dims, falling);
    put_ppm(file);
    H5Tclose(fixed);
    cr_assert_geq(H5Fclose(file), 0);
    fmx_test_ok(&test, fmx_dataset_open(test.ctx, path, &data), "open");
    cr_assert_str_eq(fmx_dataset_describe(data)->recipe, "");
    fmx_test_ok(&test, fmx_dataset_read_text(data, "name", 0, ROWS, &text), "name");
    cr_assert_str_eq(text[2], "three");
    free(text);
    fmx_test_ok(&test, fmx_dataset_read_spectra(data, 2, 1, got), "spectra");
    cr_assert_eq(got[3], 12);
    cr_assert_not(fmx_dataset_find_column(data, "odd", &type, &width));
    cr_assert_not(fmx_dataset_find_column(data, "none", &type, &width));
    cr_assert(fmx_dataset_find_column(data, "name", &type, &width));
    cr_assert_eq(type, FMX_COLUMN_TEXT);
    fmx_test_refused(&test, fmx_dataset_read_column(data, "odd", FMX_COLUMN_FLOAT, 0, 1, got),
                     FMX_ERROR_FORMAT, "not a column of the 3 rows");
    fmx_test_refused(&test, fmx_dataset_read_column(data, "name", FMX_COLUMN_INT, 0, 1, got),
                     FMX_ERROR_FORMAT, "another type");
    fmx_test_refused(&test, fmx_dataset_read_spectra(data, 2, 2, got), FMX_ERROR_ARGUMENT,
                     "rows 2 to 4 of 3");
    fmx_dataset_close(data);
    fmx_test_close(&test);
}

/* Opens and reads; any status will do, a crash will not. */
static bool try_file(const fmx_test *test)
{
    fmx_dataset *data = NULL;
    bool refused = fmx_dataset_open(test->ctx, path, &data) != FMX_OK;
    if (!refused) {
        const fmx_dataset_info *info = fmx_dataset_describe(data);
        char **text = NULL;
        float *row = malloc(info->points * sizeof *row);
        (void)fmx_dataset_read_spectra(data, info->rows - 1, 1, row);
        refused = fmx_dataset_read_text(data, "name", 0, info->rows, &text) != FMX_OK;
        free(text);
        refused = fmx_dataset_read_text(data, "source", 0, info->rows, &text) != FMX_OK || refused;
        free(text);
        free(row);
    }
    fmx_dataset_close(data);
    return refused;
}

Test(dataset_hostile, cut_and_mutated)
{
    fmx_test test = fmx_test_open_host();
    fmx_dataset_writer *writer = NULL;
    char *good = NULL;
    size_t bytes = 0;
    make_folder();
    fmx_set *set = fmx_set_plan(3, 4, false);
    fmx_test_ok(&test, fmx_dataset_writer_open(test.ctx, path, &set->plan, &writer), "open");
    for (size_t row = 0; row < 3; ++row)
        fmx_test_ok(&test, fmx_set_append(writer, set, row), "append");
    fmx_test_ok(&test, fmx_dataset_writer_finish(writer), "finish");
    fmx_dataset_writer_close(writer);
    fmx_test_ok(&test, fmx__read_file(test.ctx, path, 1 << 20, &good, &bytes), "read");
    for (size_t at = 0; at < bytes; at += 37) {
        FILE *file = fopen(path, "wb");
        fwrite(good, 1, at, file);
        fclose(file);
        try_file(&test);
    }
    for (size_t at = 0; at < bytes; at += 5) {
        FILE *file = fopen(path, "wb");
        good[at] ^= (char)(at % 3 ? 0xff : 0x04);
        fwrite(good, 1, bytes, file);
        good[at] ^= (char)(at % 3 ? 0xff : 0x04);
        fclose(file);
        try_file(&test);
    }
    free(good);
    fmx_test_close(&test);
}

/* Writes the file with one byte changed in three ways and tries it; returns how often something was
 * refused. */
static size_t try_changes(const fmx_test *test, char *file, size_t bytes, size_t at)
{
    static const unsigned char changes[] = {0xff, 0x01, 0x40};
    size_t refused = 0;
    for (size_t i = 0; i < sizeof changes; ++i) {
        FILE *out = fopen(path, "wb");
        cr_assert_not_null(out);
        file[at] = (char)(file[at] ^ changes[i]);
        fwrite(file, 1, bytes, out);
        fclose(out);
        file[at] = (char)(file[at] ^ changes[i]);
        refused += try_file(test);
    }
    return refused;
}

/* Every byte of the heads in every heap block; returns how often a file was refused. */
static size_t change_heaps(const fmx_test *test, char *file, size_t bytes)
{
    size_t refused = 0;
    size_t blocks = 0;
    for (size_t block = 0; block + 16 <= bytes; block += 8) {
        uint64_t size = 0;
        if (memcmp(file + block, "GCOL", 4) != 0)
            continue;
        ++blocks;
        memcpy(&size, file + block + 8, sizeof size);
        for (uint64_t at = 0, next = 0; at + 16 <= size; at = next) {
            uint64_t data = 0;
            memcpy(&data, file + block + at + 8, sizeof data);
            bool is_free = at > 0 && file[block + at] == 0 && file[block + at + 1] == 0;
            next = at == 0 ? 16 : at + (is_free ? data : 16 + (data + 7) / 8 * 8);
            for (size_t i = 0; i < 16; ++i)
                refused += try_changes(test, file, bytes, block + at + i);
        }
    }
    cr_assert_gt(blocks, 0);
    return refused;
}

/* Where the references of a column of texts lie. */
static size_t references(const char *name)
{
    hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    hid_t set = H5Dopen2(file, name, H5P_DEFAULT);
    haddr_t at = H5Dget_offset(set);
    H5Dclose(set);
    H5Fclose(file);
    cr_assert_neq(at, (haddr_t)-1);
    return at;
}

/* HDF5 1.10 itself believes what its heaps of texts say, and crashes. */
static void heaps_and_references(size_t shard_bytes)
{
    enum { TEXTS = 3 };
    fmx_test test = fmx_test_open_host();
    fmx_dataset_writer *writer = NULL;
    char *good = NULL;
    size_t bytes = 0;
    make_folder();
    fmx_set *set = fmx_set_plan(TEXTS, 4, false);
    set->plan.shard_bytes = shard_bytes;
    fmx_test_ok(&test, fmx_dataset_writer_open(test.ctx, path, &set->plan, &writer), "open");
    for (size_t row = 0; row < TEXTS; ++row)
        fmx_test_ok(&test, fmx_set_append(writer, set, row), "append");
    fmx_test_ok(&test, fmx_dataset_writer_finish(writer), "finish");
    fmx_dataset_writer_close(writer);
    fmx_test_ok(&test, fmx__read_file(test.ctx, path, 1 << 20, &good, &bytes), "read");
    const size_t columns[] = {references("name"), references("source")};
    cr_assert_gt(change_heaps(&test, good, bytes), 20);
    for (size_t c = 0; c < 2; ++c) {
        for (size_t at = columns[c]; at < columns[c] + (size_t)TEXTS * 16; ++at)
            (void)try_changes(&test, good, bytes, at);
    }
    free(good);
    fmx_test_close(&test);
}

Test(dataset_hostile, heaps_of_texts_mutated)
{
    heaps_and_references(0);
}

Test(dataset_hostile, heaps_of_a_view_mutated)
{
    heaps_and_references(4 * sizeof(float));
}
