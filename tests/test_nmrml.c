/* nmrML: both layouts of numbers, compressed or not, written here, and the real files. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base.h"
#include "bruker_fixture.h"

enum { POINTS = 6, MOST = 4000 };

typedef enum layout { DOUBLES, SINGLES, LITTLE_INTEGERS, BIG_INTEGERS } layout;

static const char *const formats[] = {"Complex128", "Complex64", "class java.lang.Integer",
                                      "class java.lang.Integer"};

static void encode_64(const unsigned char *from, size_t bytes, char *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < bytes; i += 3) {
        uint32_t word = (uint32_t)from[i] << 16;
        word |= i + 1 < bytes ? (uint32_t)from[i + 1] << 8 : 0;
        word |= i + 2 < bytes ? from[i + 2] : 0;
        *out++ = digits[word >> 18];
        *out++ = digits[word >> 12 & 63];
        *out++ = i + 1 < bytes ? digits[word >> 6 & 63] : '=';
        *out++ = i + 2 < bytes ? digits[word & 63] : '=';
    }
    *out = '\0';
}

/* Values 1, -2, 3 ... as base64 text. */
static void encode(layout of, bool compressed, size_t values, char *out)
{
    unsigned char raw[2 * POINTS * 8];
    unsigned char packed[400];
    uLongf size = sizeof packed;
    size_t width = of == DOUBLES ? 8 : 4;
    for (size_t i = 0; i < values; ++i) {
        double wide = ((double)i + 1) * (i % 2 == 0 ? 1 : -1);
        float single = (float)wide;
        int32_t whole = (int32_t)wide;
        const void *value = of == DOUBLES   ? (const void *)&wide
                            : of == SINGLES ? (const void *)&single
                                            : (const void *)&whole;
        fmx_fixture_bytes(value, width, of == BIG_INTEGERS, raw + i * width);
    }
    if (compressed)
        cr_assert_eq(compress(packed, &size, raw, values * width), Z_OK);
    encode_64(compressed ? packed : raw, compressed ? size : values * width, out);
}

static void build(layout of, bool compressed, const char *data, char text[MOST])
{
    snprintf(text, MOST,
             "<?xml version=\"1.0\"?>\n<nmrML xmlns=\"http://nmrml.org/schema\">\n"
             "<sourceFile><cvParam name=\"Varian VNMR format\"/></sourceFile>\n"
             "<acquisition><acquisition1D>\n"
             "<acquisitionParameterSet numberOfScans=\"64\">\n"
             "<groupDelay value=\"67.5\"/>\n"
             "<DirectDimensionParameterSet numberOfDataPoints=\"%d\">\n"
             "<acquisitionNucleus name=\"carbon atom\"/>\n"
             "<effectiveExcitationField value=\"125.7\" unitName=\"megaHertz\"/>\n"
             "<sweepWidth value=\"6000\" unitName=\"hertz\"/>\n"
             "<irradiationFrequency value=\"1.25712E8\" unitName=\"hertz\"/>\n"
             "</DirectDimensionParameterSet></acquisitionParameterSet>\n"
             "<fidData compressed=\"%s\" encodedLength=\"7\" byteFormat=\"%s\">\n%s\n</fidData>\n"
             "</acquisition1D></acquisition></nmrML>\n",
             2 * POINTS, compressed ? "true" : "false", formats[of], data);
}

static const char *write_text(const char *text)
{
    const char *folder = fmx_test_folder();
    fmx_fixture_text(folder, "a.nmrML", text);
    return fmx_fixture_path(folder, "a.nmrML");
}

Test(nmrml, layouts)
{
    fmx_test test = fmx_test_open_host();
    for (int i = 0; i < 8; ++i) {
        char data[1000];
        char text[MOST];
        fmx_fid fid;
        encode((layout)(i / 2), i % 2 == 1, 2 * POINTS, data);
        build((layout)(i / 2), i % 2 == 1, data, text);
        fmx_test_ok(&test, fmx_fixture_read(&test, write_text(text), &fid), "read");
        cr_assert_str_eq(fid.format, "nmrml");
        cr_assert_eq(fid.kind, FMX_KIND_FID);
        cr_assert_eq(fid.points, POINTS);
        for (size_t k = 0; k < 2 * POINTS; ++k)
            cr_assert_eq(fid.data[k], (float)(k + 1) * (k % 2 == 0 ? 1 : -1), "%d: value %zu", i,
                         k);
        cr_assert(fid.reversed);
        cr_assert_str_eq(fid.nucleus, "13C");
        cr_assert_eq(fid.scans, 64);
        cr_assert_eq(fid.group_delay, 67.5);
        cr_assert_lt(fabs(fid.obs_mhz - 125.712), 1e-12);
        cr_assert_eq(fid.base_mhz, 125.7);
        cr_assert_eq(fid.sw_hz, 6000.0);
        fmx_fid_clear(&fid);
    }
    fmx_test_close(&test);
}

/* Complex128 that holds single precision; and a FID that ends early. */
Test(nmrml, other_lengths)
{
    fmx_test test = fmx_test_open_host();
    char data[1000];
    char text[MOST];
    fmx_fid fid;
    encode(SINGLES, false, 2 * POINTS, data);
    build(DOUBLES, false, data, text);
    fmx_test_ok(&test, fmx_fixture_read(&test, write_text(text), &fid), "single precision");
    cr_assert_eq(fid.points, POINTS);
    cr_assert_eq(fid.data[2], 3.0F);
    fmx_fid_clear(&fid);
    encode(DOUBLES, true, 4, data);
    build(DOUBLES, true, data, text);
    fmx_test_ok(&test, fmx_fixture_read(&test, write_text(text), &fid), "early end");
    cr_assert_eq(fid.points, 2);
    cr_assert_eq(fid.data[2], 3.0F);
    fmx_fid_clear(&fid);
    fmx_test_close(&test);
}

static void replace(char *text, const char *from, const char *to)
{
    char *at = strstr(text, from);
    cr_assert_not_null(at, "%s", from);
    memmove(at + strlen(to), at + strlen(from), strlen(at + strlen(from)) + 1);
    memcpy(at, to, strlen(to));
}

/* Bruker's FID without its delay: where the decay begins. */
Test(nmrml, onset)
{
    fmx_test test = fmx_test_open_host();
    char data[1000];
    char text[MOST];
    fmx_fid fid;
    encode(DOUBLES, false, 2 * POINTS, data); /* |x| grows: half of the largest at point 2 */
    build(DOUBLES, false, data, text);
    replace(text, "Varian VNMR", "Bruker");
    replace(text, "<groupDelay value=\"67.5\"/>", "");
    fmx_test_ok(&test, fmx_fixture_read(&test, write_text(text), &fid), "read");
    cr_assert_eq(fid.group_delay, 3.0, "%g", fid.group_delay);
    cr_assert(!fid.reversed);
    fmx_fid_clear(&fid);
    fmx_test_close(&test);
}

Test(nmrml, spectrum)
{
    fmx_test test = fmx_test_open_host();
    for (int i = 0; i < 4; ++i) {
        char data[1000];
        char text[MOST];
        fmx_fid fid;
        bool pairs = i & 1;
        bool rising = i & 2;
        encode(DOUBLES, false, 2 * POINTS, data);
        snprintf(text, sizeof text,
                 "<nmrML><DirectDimensionParameterSet>"
                 "<irradiationFrequency value=\"100\" unitName=\"megaHertz\"/>"
                 "</DirectDimensionParameterSet><spectrum1D>"
                 "<spectrumDataArray compressed=\"false\" byteFormat=\"%s\">%s</spectrumDataArray>"
                 "<xAxis startValue=\"%s\" endValue=\"%s\"/></spectrum1D></nmrML>",
                 pairs ? "complex128" : "float64", data, rising ? "-1" : "10",
                 rising ? "10" : "-1");
        fmx_test_ok(&test, fmx_fixture_read(&test, write_text(text), &fid), "read");
        size_t points = pairs ? POINTS : 2 * POINTS;
        cr_assert_eq(fid.kind, FMX_KIND_SPECTRUM);
        cr_assert_eq(fid.points, points);
        cr_assert_eq(fid.ppm_first, 10.0);
        cr_assert_lt(fabs(fid.ppm_step + 11.0 / (double)(points - 1)), 1e-12);
        for (size_t k = 0; k < points; ++k) {
            size_t from = (rising ? points - 1 - k : k) * (pairs ? 2 : 1);
            cr_assert_eq(fid.data[k], (float)(from + 1) * (from % 2 == 0 ? 1 : -1));
        }
        fmx_fid_clear(&fid);
    }
    fmx_test_close(&test);
}

Test(nmrml, refused)
{
    static const struct {
        const char *from;
        const char *to;
        fmx_status status;
        const char *part;
    } cases[] = {
        {"value=\"6000\"", "value=\"wide\"", FMX_ERROR_FORMAT, "line 10: value of <sweepWidth>"},
        {"numberOfScans=\"64\"", "numberOfScans=\"-1\"", FMX_ERROR_FORMAT, "numberOfScans"},
        {"numberOfDataPoints=\"12\"", "numberOfDataPoints=\"1e18\"", FMX_ERROR_FORMAT,
         "numberOfDataPoints"},
        {"numberOfDataPoints=\"12\"", "numberOfDataPoints=\"0.9\"", FMX_ERROR_FORMAT,
         "numberOfDataPoints"},
        {"<sweepWidth value=\"6000\" unitName=\"hertz\"/>", "", FMX_ERROR_FORMAT,
         "no <sweepWidth>"},
        {"unitName=\"hertz\"/>\n</Dir", "unitName=\"tesla\"/>\n</Dir", FMX_ERROR_FORMAT,
         "no <irradiationFrequency>"},
        {"byteFormat=\"Complex128\"", "byteFormat=\"Complex256\"", FMX_ERROR_UNSUPPORTED,
         "\"Complex256\""},
        {"compressed=\"false\"", "compressed=\"true\"", FMX_ERROR_FORMAT, "compressed data"},
        {"</fidData>", "", FMX_ERROR_FORMAT, "mismatched tag"},
        {"<nmrML", "<!DOCTYPE x [<!ENTITY a \"b\">]><nmrML", FMX_ERROR_FORMAT,
         "document type declaration"},
        {"AAAAAAAA8D8AAAAAAAAAwAAAAAAAAAhA", "AAAA*", FMX_ERROR_FORMAT, "no base64"},
    };
    fmx_test test = fmx_test_open_host();
    char data[1000];
    encode(DOUBLES, false, 2 * POINTS, data);
    for (size_t i = 0; i < FMX__COUNT(cases); ++i) {
        char text[MOST];
        fmx_fid fid;
        build(DOUBLES, false, data, text);
        replace(text, cases[i].from, cases[i].to);
        fmx_test_refused(&test, fmx_fixture_read(&test, write_text(text), &fid), cases[i].status,
                         cases[i].part);
    }
    fmx_test_close(&test);
}

/* A megabyte of zeros in a few bytes: no more is unpacked than the file declares. */
Test(nmrml, bomb)
{
    fmx_test test = fmx_test_open_host();
    static unsigned char zeros[1 << 20];
    unsigned char packed[4000];
    uLongf size = sizeof packed;
    char data[6000];
    char text[MOST + 6000];
    char head[MOST];
    fmx_fid fid;
    cr_assert_eq(compress(packed, &size, zeros, sizeof zeros), Z_OK);
    encode_64(packed, size, data);
    build(DOUBLES, true, "DATA", head);
    strcpy(text, head);
    replace(text, "DATA", data);
    fmx_test_refused(&test, fmx_fixture_read(&test, write_text(text), &fid), FMX_ERROR_FORMAT,
                     "more than the file declares");
    fmx_test_close(&test);
}

Test(nmrml, damage_and_allocations)
{
    fmx_test test = fmx_test_open_host();
    char data[1000];
    char text[MOST];
    char path[300];
    char folder[300];
    encode(DOUBLES, true, 2 * POINTS, data);
    build(DOUBLES, true, data, text);
    snprintf(path, sizeof path, "%s", write_text(text));
    snprintf(folder, sizeof folder, "%s", path);
    *strrchr(folder, '/') = '\0';
    fmx_fixture_each_failure(&test, path);
    fmx_fixture_damage(&test, folder, folder, "a.nmrML", text, strlen(text), strlen(text));
    fmx_test_close(&test);
}

/* One measurement in two formats: every value, and what tells its place. */
Test(nmrml, shared_pairs)
{
    static const struct {
        const char *nmrml;
        const char *other;
        float scale; /* 2^NC, which Bruker's folders are multiplied by */
        double
            delay; /* tolerance: an onset is known to two points; a converter had 69.551 for 69.5 */
    } pairs[] = {
        {"VZBBI_13R03_GABA_1H.nmrML", "data/bruker/GABA_20mM_1H_500", 1.0F / 64, 0},
        {"bmse000325.nmrML", "data/bruker/2-ketobutyrate_bmse000325_500", 0.25F, 2},
        {"HMDB00005.nmrML", "data/varian/2-ketobutyrate_noesy_600", 1, 0},
        {"FAM013_HTU.PROTON_02.fid.nmrML", "data/varian/hop_extract_HTU_600", 1, 0},
        {"ADG10003u_007-fid-jnmrML.nmrML", "data/bruker/urine_MTBLS1_700/ADG10003u_007", 0.5F,
         0.06},
    };
    fmx_test test = fmx_test_open_host();
    fmx_test_shared("data/nmrml");
    for (size_t i = 0; i < FMX__COUNT(pairs); ++i) {
        char path[1000];
        char below[200];
        fmx_fid a;
        fmx_fid b;
        snprintf(below, sizeof below, "data/nmrml/%s", pairs[i].nmrml);
        snprintf(path, sizeof path, "%s", fmx_test_shared(below));
        fmx_test_ok(&test, fmx_fixture_read(&test, path, &a), path);
        snprintf(path, sizeof path, "%s", fmx_test_shared(pairs[i].other));
        fmx_test_ok(&test, fmx_fixture_read(&test, path, &b), path);
        cr_assert_eq(a.points, b.points, "%s: %zu and %zu points", path, a.points, b.points);
        for (size_t k = 0; k < 2 * a.points; ++k)
            cr_assert_eq(pairs[i].scale * a.data[k], b.data[k], "%s: value %zu: %g and %g", path, k,
                         (double)a.data[k], (double)b.data[k]);
        cr_assert_eq(a.reversed, b.reversed);
        cr_assert_leq(fabs(a.group_delay - b.group_delay), pairs[i].delay, "%s: %g and %g", path,
                      a.group_delay, b.group_delay);
        cr_assert_str_eq(a.nucleus, b.nucleus);
        cr_assert_eq(a.scans, b.scans);
        fmx_fid_clear(&a);
        fmx_fid_clear(&b);
    }
    fmx_test_close(&test);
}
