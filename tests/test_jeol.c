/* JEOL Delta files: every pitfall that real files showed, written here, and the real ones. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "bruker_fixture.h"

enum { POINTS = 6, PARAMETERS = 9, START = 1360, DATA = START + 16 + 64 * PARAMETERS };

/* A file of POINTS points, real parts 1 2 3 ..., imaginary parts -1 -2 -3 ... */
typedef struct plan {
    int big;     /* parameters and values */
    int narrow;  /* 32-bit values */
    int is_real; /* no imaginary section */
    int unit;    /* 0: seconds */
    int first;   /* offset of the first point kept */
    int last;    /* 0: all */
    const char *orders;
    const char *without; /* parameter that is left out */
} plan;

static unsigned char file[DATA + POINTS * 2 * 8];

static void put(size_t at, const void *value, size_t bytes, int big)
{
    fmx_fixture_bytes(value, bytes, big != 0, file + at);
}

static void put_32(size_t at, uint32_t value, int big)
{
    put(at, &value, 4, big);
}

static void put_parameter(const plan *p, size_t *n, const char *name, int type, double number,
                          const char *text)
{
    size_t at = START + 16 + 64 * *n;
    int32_t whole = (int32_t)number;
    if (p->without != NULL && strcmp(p->without, name) == 0)
        return;
    if (type == 0)
        memcpy(file + at + 16, text, strlen(text));
    else if (type == 1)
        put(at + 16, &whole, 4, p->big);
    else
        put(at + 16, &number, 8, p->big);
    put_32(at + 32, (uint32_t)type, p->big);
    memset(file + at + 36, ' ', 28);
    memcpy(file + at + 36, name, strlen(name));
    ++*n;
}

static size_t build(const plan *p)
{
    size_t width = p->narrow ? 4 : 8;
    size_t n = 0;
    double start = p->unit == 0 ? 0 : 10.0;
    double stop = p->unit == 0 ? 1.0 : 5.0;
    memset(file, 0, sizeof file);
    memcpy(file, "JEOL.NMR", 8);
    file[8] = p->big ? 0 : 1;
    file[12] = 1;
    file[14] = (unsigned char)(p->narrow << 6 | 1);
    file[24] = p->is_real ? 1 : 3;
    file[33] = (unsigned char)(p->unit == 0 ? 28 : p->unit);
    memcpy(file + 48, "a title", 7);
    put_32(176, POINTS, 1);
    put_32(208, (uint32_t)p->first, 1);
    put_32(240, (uint32_t)(p->last > 0 ? p->last : POINTS - 1), 1);
    put(272, &start, 8, 1);
    put(336, &stop, 8, 1);
    put_32(1212, START, 1);
    put_32(1216, DATA - START, 1);
    put_32(1284, DATA, 1);
    put_parameter(p, &n, "X_DOMAIN", 0, 0, "Proton");
    put_parameter(p, &n, "X_FREQ", 2, 400e6, NULL);
    put_parameter(p, &n, "X_OFFSET", 2, 5, NULL);
    put_parameter(p, &n, "X_SWEEP", 2, 8000, NULL);
    put_parameter(p, &n, "total_scans", 1, 32, NULL);
    put_parameter(p, &n, "solvent", 0, 0, "D2O");
    put_parameter(p, &n, "DIGITAL_FILTER", 0, 0, "TRUE");
    put_parameter(p, &n, "orders", 0, 0, p->orders != NULL ? p->orders : "2 54 73");
    put_parameter(p, &n, "factors", 0, 0, "8  2");
    put_32(START, 64, p->big);
    put_32(START + 8, (uint32_t)(n - 1), p->big);
    for (size_t part = 0; part < (p->is_real ? 1 : 2); ++part) {
        for (size_t i = 0; i < POINTS; ++i) {
            double value = (part == 0 ? 1.0 : -1.0) * (double)(i + 1);
            float single = (float)value;
            size_t at = DATA + (part * POINTS + i) * width;
            if (p->narrow)
                put(at, &single, 4, p->big);
            else
                put(at, &value, 8, p->big);
        }
    }
    return DATA + POINTS * width * (p->is_real ? 1 : 2);
}

static const char *write_file(const plan *p)
{
    size_t bytes = build(p);
    const char *folder = fmx_test_folder();
    fmx_fixture_file(folder, "sample.jdf", file, bytes);
    return fmx_fixture_path(folder, "sample.jdf");
}

Test(jeol, types_and_orders)
{
    fmx_test test = fmx_test_open_host();
    for (int i = 0; i < 4; ++i) {
        plan p = {.big = i & 1, .narrow = i >> 1};
        fmx_fid fid;
        fmx_test_ok(&test, fmx_fixture_read(&test, write_file(&p), &fid), "read");
        cr_assert_str_eq(fid.format, "jeol");
        cr_assert_eq(fid.kind, FMX_KIND_FID);
        cr_assert_eq(fid.points, POINTS);
        for (size_t k = 0; k < POINTS; ++k) {
            cr_assert_eq(fid.data[2 * k], (float)(k + 1));
            cr_assert_eq(fid.data[2 * k + 1], -(float)(k + 1));
        }
        cr_assert(fid.reversed);
        cr_assert_str_eq(fid.nucleus, "1H");
        cr_assert_eq(fid.base_mhz, 400.0);
        cr_assert_eq(fid.obs_mhz, 400.0 * (1 + 5e-6));
        cr_assert_eq(fid.sw_hz, 8000.0);
        cr_assert_eq(fid.scans, 32);
        cr_assert_str_eq(fid.solvent, "D2O");
        cr_assert_str_eq(fid.title, "a title");
        /* (53 / 16 + 72 / 2) / 2 */
        cr_assert_eq(fid.group_delay, 19.65625);
        fmx_fid_clear(&fid);
    }
    fmx_test_close(&test);
}

/* A processed spectrum: its axis, and only the points that its user kept. */
Test(jeol, spectrum)
{
    fmx_test test = fmx_test_open_host();
    for (int i = 0; i < 4; ++i) {
        plan p = {.unit = i < 2 ? 26 : 13, .is_real = i & 1, .first = 2, .last = 4};
        fmx_fid fid;
        fmx_test_ok(&test, fmx_fixture_read(&test, write_file(&p), &fid), "read");
        cr_assert_eq(fid.kind, FMX_KIND_SPECTRUM);
        cr_assert_eq(fid.points, 3);
        cr_assert_eq(fid.is_complex, !p.is_real);
        cr_assert_eq(fid.data[0], 3.0F);
        double scale = p.unit == 26 ? 1 : 1.0 / 400;
        cr_assert_lt(fabs(fid.ppm_step + 1 * scale), 1e-12);
        cr_assert_lt(fabs(fid.ppm_first - 8 * scale), 1e-12);
        fmx_fid_clear(&fid);
    }
    fmx_test_close(&test);
}

Test(jeol, refused)
{
    static const struct {
        plan plan;
        size_t at; /* byte that is changed; 0: none */
        unsigned char value;
        fmx_status status;
        const char *part;
    } cases[] = {
        {{.without = "X_SWEEP"}, 0, 0, FMX_ERROR_FORMAT, "x_sweep is missing"},
        {{.without = "X_FREQ"}, 0, 0, FMX_ERROR_FORMAT, "x_freq is missing"},
        {{.orders = "3 54 73"}, 0, 0, FMX_ERROR_UNSUPPORTED, "orders \"3 54 73\""},
        {{.orders = "2 54 x"}, 0, 0, FMX_ERROR_UNSUPPORTED, "orders \"2 54 x\""},
        {{.is_real = 1}, 0, 0, FMX_ERROR_UNSUPPORTED, "real points only"},
        {{.unit = 14}, 0, 0, FMX_ERROR_UNSUPPORTED, "unit 14"},
        {{0}, 8, 2, FMX_ERROR_FORMAT, "byte 8: the byte order is 2"},
        {{0}, 12, 2, FMX_ERROR_UNSUPPORTED, "2 dimensions"},
        {{0}, 14, 0x81, FMX_ERROR_FORMAT, "type of values is 2"},
        {{0}, 24, 4, FMX_ERROR_UNSUPPORTED, "axis type 4"},
        {{0}, 176, 0xff, FMX_ERROR_FORMAT, "number of points"},
        {{0}, 178, 1, FMX_ERROR_FORMAT, "copy the file again"},
        {{0}, 243, 6, FMX_ERROR_FORMAT, "number of points"},
        {{0}, 1212, 0x7f, FMX_ERROR_FORMAT, "place of the parameters"},
        {{0}, START, 65, FMX_ERROR_FORMAT, "size of a parameter is 65"},
        {{0}, START + 8, 200, FMX_ERROR_FORMAT, "size of a parameter"},
    };
    fmx_test test = fmx_test_open_host();
    for (size_t i = 0; i < FMX__COUNT(cases); ++i) {
        fmx_fid fid;
        size_t bytes = build(&cases[i].plan);
        if (cases[i].at > 0)
            file[cases[i].at] = cases[i].value;
        const char *folder = fmx_test_folder();
        fmx_fixture_file(folder, "sample.jdf", file, bytes);
        fmx_test_refused(&test,
                         fmx_fixture_read(&test, fmx_fixture_path(folder, "sample.jdf"), &fid),
                         cases[i].status, cases[i].part);
    }
    fmx_test_close(&test);
}

Test(jeol, damage_and_allocations)
{
    static const plan plain = {0};
    fmx_test test = fmx_test_open_host();
    const char *folder = fmx_test_folder();
    size_t bytes = build(&plain);
    unsigned char copy[sizeof file];
    memcpy(copy, file, bytes);
    fmx_fixture_file(folder, "sample.jdf", file, bytes);
    fmx_fixture_each_failure(&test, fmx_fixture_path(folder, "sample.jdf"));
    fmx_fixture_damage(&test, folder, folder, "sample.jdf", copy, bytes, bytes);
    fmx_test_close(&test);
}

/* The real files: what the table of the shared README says; 3.28 and 2.46 ppm are where
 * unreferenced axes have the solvents methanol and DMSO. */
Test(jeol, shared_table)
{
    static const struct {
        const char *name;
        const char *nucleus;
        double base_mhz;
        double sw_hz;
        size_t points;
        int scans;
        double delay;
        const char *solvent;
    } cases[] = {
        {"Rutin_3080ug200uL_DMSOd6_qHNMR_400MHz_Jeol.jdf", "1H", 399.7822, 10016.0256, 32768, 128,
         19.65625, "DMSO-D6"},
        {"Rutin_3080ug200uL_DMSOd6_13CNMR_400MHz_Jeol.jdf", "13C", 100.5253, 31565.6566, 32768,
         4096, 19.65625, "DMSO-D6"},
        {"Resveratrol1_11280u600u_MeOD.jdf", "1H", 599.7723, 11261.2613, 44984, 32, 19.0 + 2.0 / 3,
         "METHANOL-D4"},
        {"fluorine.jdf", "19F", 470.3635, 120192.3077, 32768, 16, 19.65625, "CHLOROFORM-D"},
        {"phosphorus.jdf", "31P", 202.3578, 100806.4516, 32768, 64, 19.65625, "CHLOROFORM-D"},
        {"EC=8C_5m200u_MeOD_bzhou21_20190228_qH-1-1.jdf", "1H", 399.7822, 7494.0048, 32768, 64,
         19.65625, "METHANOL-D4"},
        {"PM032109_5000u200u_01172018bzhou_qH-1-1.jdf", "1H", 399.7822, 7494.0048, 32768, 64,
         19.65625, "METHANOL-D4"},
    };
    fmx_test test = fmx_test_open_host();
    fmx_test_shared("data/jeol");
    for (size_t i = 0; i < FMX__COUNT(cases); ++i) {
        char below[200];
        fmx_fid fid;
        snprintf(below, sizeof below, "data/jeol/%s", cases[i].name);
        fmx_test_ok(&test, fmx_fixture_read(&test, fmx_test_shared(below), &fid), below);
        cr_assert_str_eq(fid.nucleus, cases[i].nucleus);
        cr_assert_lt(fabs(fid.base_mhz - cases[i].base_mhz), 5.1e-5, "%s", below);
        cr_assert_lt(fabs(fid.sw_hz - cases[i].sw_hz), 5.1e-5, "%s", below);
        cr_assert_eq(fid.points, cases[i].points);
        cr_assert_eq(fid.scans, cases[i].scans);
        cr_assert_lt(fabs(fid.group_delay - cases[i].delay), 1e-12);
        cr_assert_str_eq(fid.solvent, cases[i].solvent);
        /* protons stand out: their decay begins at the delay */
        size_t largest = 0;
        for (size_t k = 0; k < 100 && strcmp(fid.nucleus, "1H") == 0; ++k) {
            if (hypotf(fid.data[2 * k], fid.data[2 * k + 1]) >
                hypotf(fid.data[2 * largest], fid.data[2 * largest + 1]))
                largest = k;
        }
        cr_assert(largest == 0 || fabs((double)largest - fid.group_delay) < 4, "%s: %zu", below,
                  largest);
        fmx_fid_clear(&fid);
    }
    fmx_test_close(&test);
}
