/* fuzz_seeds FOLDER: writes FOLDER/<target>/<n>, the inputs from which fuzzing starts: what
 * fidmix's own writers make, and for the formats that it only reads small files written here. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zip.h>
#include <zlib.h>

#include "embedded.h"
#include "fidmix/fid.h"
#include "fuzz_formats.h"
#include "model_file.h"
#include "raw_write.h"
#include "safetensors.h"

enum { POINTS = 12, SEED_MOST = 1 << 16, PATH_BYTES = 512 };

static const char *base; /* the folder given */
static fmx_context *ctx;

/* The seed that is being put together. */
static unsigned char seed[SEED_MOST];
static size_t seed_bytes;

static void check(int holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "fuzz_seeds: %s: %s\n", what, fmx_context_message(ctx));
    exit(1);
}

static void add(const void *data, size_t bytes)
{
    check(seed_bytes + bytes <= sizeof seed, "a seed is too large");
    memcpy(seed + seed_bytes, data, bytes);
    seed_bytes += bytes;
}

static void add_text(const char *text)
{
    add(text, strlen(text));
}

/* A value of 2, 4 or 8 bytes in either order. */
static void add_value(const void *value, size_t bytes, int big_endian)
{
    static const uint16_t one = 1;
    int turned = (*(const unsigned char *)&one == 1) == (big_endian != 0);
    for (size_t i = 0; i < bytes; ++i)
        add((const unsigned char *)value + (turned ? bytes - 1 - i : i), 1);
}

static void add_32(uint32_t value, int big_endian)
{
    add_value(&value, 4, big_endian);
}

static void add_float(float value, int big_endian)
{
    add_value(&value, 4, big_endian);
}

static void add_zeros(size_t to)
{
    while (seed_bytes < to)
        add("", 1);
}

static void put_at(size_t at, uint32_t value, int big_endian)
{
    size_t end = seed_bytes;
    seed_bytes = at;
    add_32(value, big_endian);
    seed_bytes = end;
}

static void begin_file(size_t index)
{
    char name = (char)('0' + index);
    add_text(FMX_FUZZ_MARK);
    add(&name, 1);
}

static void add_file(const char *path)
{
    static unsigned char content[SEED_MOST];
    FILE *file = fopen(path, "rb");
    check(file != NULL, path);
    add(content, fread(content, 1, sizeof content, file));
    fclose(file);
}

static void finish(const char *target)
{
    static size_t count;
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/%s", base, target);
    mkdir(path, 0777);
    snprintf(path, sizeof path, "%s/%s/seed-%zu", base, target, count++);
    FILE *file = fopen(path, "wb");
    check(file != NULL && fwrite(seed, 1, seed_bytes, file) == seed_bytes && fclose(file) == 0,
          path);
    seed_bytes = 0;
}

/* ---- formats that fidmix writes ---------------------------------------------------------------
 */

static const float ramp[2 * POINTS] = {100,  -90,  81,   7,    7, 7,  7,   7,
                                       3.5F, 4.5F, 5.5F, 6,    0, -1, 1e5, 123,
                                       45,   9.5,  -0.5, 1e-3, 2, 3,  4,   5};

static fmx_fid make_fid(fmx_kind kind, int is_complex)
{
    static char name[] = "sample";
    static char solvent[] = "D2O";
    return (fmx_fid){.name = name,
                     .path = name,
                     .kind = kind,
                     .nucleus = "13C",
                     .points = POINTS,
                     .is_complex = is_complex != 0,
                     .data = (float *)(uintptr_t)ramp,
                     .sw_hz = 6000,
                     .obs_mhz = 125.7125,
                     .base_mhz = 125.7,
                     .reference_mhz = 125.7001,
                     .group_delay = kind == FMX_KIND_FID ? 67.984375 : 0,
                     .ppm_first = 200,
                     .ppm_step = -6000 / 125.7001 / POINTS,
                     .scans = 16,
                     .solvent = solvent,
                     .title = name};
}

static void write_by(const char *format, const char *target)
{
    static const struct {
        fmx_kind kind;
        int is_complex;
    } kinds[] = {{FMX_KIND_FID, 1}, {FMX_KIND_SPECTRUM, 1}, {FMX_KIND_SPECTRUM, 0}};
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/written", base);
    for (size_t i = 0; i < FMX__COUNT(kinds); ++i) {
        fmx_fid fid = make_fid(kinds[i].kind, kinds[i].is_complex);
        check(fmx__raw_format_find(format, path)->write(ctx, path, &fid) == FMX_OK, format);
        add_file(path);
        unlink(path);
        finish(target);
    }
}

static void seed_bruker(void)
{
    static const char *const written[] = {"acqus",         "fid",  "pdata/1/procs", NULL, NULL,
                                          "pdata/1/title", "acqu", "pdata/1/proc"};
    char folder[PATH_BYTES];
    char path[2 * PATH_BYTES];
    fmx_fid fid = make_fid(FMX_KIND_FID, 1);
    snprintf(folder, sizeof folder, "%s/written", base);
    check(fmx_bruker_write(ctx, folder, &fid) == FMX_OK, "bruker");
    for (size_t i = 0; i < FMX__COUNT(written); ++i) {
        if (written[i] == NULL)
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, written[i]);
        if (i < 6 && i != 4) {
            begin_file(i);
            add_file(path);
        }
        unlink(path);
    }
    finish("bruker");
    static const char *const made[] = {"/pdata/1", "/pdata", ""};
    for (size_t i = 0; i < FMX__COUNT(made); ++i) {
        snprintf(path, sizeof path, "%s%s", folder, made[i]);
        rmdir(path);
    }
    for (int big = 0; big < 2; ++big) { /* 4-bit delay from the table; a processed spectrum */
        begin_file(0);
        add_text("##TITLE= t\n##$TD= 8\n##$SW_h= 6000\n##$SFO1= 500.13\n##$BF1= 500.1\n"
                 "##$DTYPA= 1\n##$NC= -3\n##$AQ_mod= 3\n##$DSPFVS= 12\n##$DECIM= 16\n");
        add_text(big ? "##$BYTORDA= 1\n##$NUC1= <1H>\n##END=\n" : "##$SOLVENT= <a\nb>\n##END=\n");
        begin_file(1);
        for (int i = 0; i < 8; ++i)
            add_float(ramp[i], big);
        begin_file(2);
        add_text("##$SI= 4\n##$SF= 500.1\n##$SW_p= 6000\n##$OFFSET= 10.5\n##$NC_proc= 2\n"
                 "##$XDIM= 4\n##$STSI= 0\n##$AXNUC= <1H>\n##$DTYPP= 0\n##$REVERSE= yes\n");
        add_text(big ? "##$BYTORDP= 1\n" : "##$BYTORDP= 0\n");
        for (size_t file = 3; file < 5; ++file) {
            begin_file(file);
            for (uint32_t i = 0; i < 4; ++i)
                add_32(i + 1, big);
        }
        finish("bruker");
    }
}

static void seed_recipes(void)
{
    for (size_t i = 0; i < fmx__data_file_count; ++i) {
        if (strstr(fmx__data_files[i].file, "spin") != NULL)
            continue;
        add_text(fmx__data_files[i].text);
        finish("recipe");
    }
    add_text("fidmix: 1\nname: \"a\\u00e4\"\nseed: 7\nprocess:\n  - apodisation: &a {lb_hz: 1.5}\n"
             "  - fft\n  - apodisation: *a\n");
    finish("recipe");
}

static void seed_safetensors(void)
{
    static const char header[] =
        "{\"__metadata__\":{\"format\":\"pt\"},\"a.weight\":{\"dtype\":\"F16\",\"shape\":[2,3],"
        "\"data_offsets\":[0,12]},\"a.bias\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":"
        "[12,20]},\"e\":{\"dtype\":\"BOOL\",\"shape\":[0],\"data_offsets\":[20,20]}}";
    add_32(sizeof header - 1, 0);
    add_32(0, 0);
    add_text(header);
    add_zeros(seed_bytes + 20);
    finish("safetensors");

    char *class_name[] = {(char[]){"alanine"}, (char[]){"urea"}};

    fmx__model_layer layer = {(char[]){"dense"}, (char[]){"dense"}, 1, {4}, 0};
    fmx__model_facts facts = fmx__model_facts_none;
    fmx__safetensors_writer *writer = NULL;
    char path[PATH_BYTES];
    fmx__tensor_entry tensor = {"dense.weight", FMX__TENSOR_F32, 2, {4, 4}, 16, 64, 0};
    facts.class_name = class_name;
    facts.classes = 2;
    facts.layer = &layer;
    facts.layers = 1;
    facts.threshold = 0.5;
    facts.recipe = (char[]){"format: 1\n"};
    fmx__safetensors_plan plan = {.tensor = &tensor, .count = 1};
    fmx__text_pair *metadata = NULL;
    check(fmx__model_metadata(ctx, &facts, &metadata, &plan.metadata_count) == FMX_OK, "metadata");
    plan.metadata = metadata;
    snprintf(path, sizeof path, "%s/written", base);
    check(fmx__safetensors_writer_open(ctx, path, true, &plan, &writer) == FMX_OK &&
              fmx__safetensors_writer_append(writer, ramp, 64) == FMX_OK &&
              fmx__safetensors_writer_finish(writer) == FMX_OK,
          "safetensors");
    fmx__safetensors_writer_close(writer);
    fmx__model_metadata_clear(metadata, plan.metadata_count);
    add_file(path);
    unlink(path);
    finish("safetensors");
}

/* Archives of the Bruker, JCAMP-DX and NMRPipe seeds: packed and stored, with a folder and a link.
 */
static void seed_zip(void)
{
    static const char *const inside[] = {"b/7/acqus", "b/7/fid", "a.dx", "a.fid", "b/7/pdata/1/1r"};
    char path[PATH_BYTES];
    char files[3][PATH_BYTES];
    fmx_fid fid = make_fid(FMX_KIND_FID, 1);
    snprintf(path, sizeof path, "%s/written", base);
    snprintf(files[0], sizeof files[0], "%s/written.dx", base);
    snprintf(files[1], sizeof files[1], "%s/written.fid", base);
    check(fmx__raw_format_find("jcamp-dx", files[0])->write(ctx, files[0], &fid) == FMX_OK, "dx");
    check(fmx__raw_format_find("nmrpipe", files[1])->write(ctx, files[1], &fid) == FMX_OK, "pipe");
    for (int n = 0; n < 4; ++n) {
        static const char acqus[] = "##TITLE= t\n##$TD= 8\n##$SW_h= 6000\n##$SFO1= 500.13\n";
        zip_t *zip = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, NULL);
        check(zip != NULL, "libzip");
        if (n > 0)
            zip_dir_add(zip, "b", ZIP_FL_ENC_UTF_8);
        for (size_t i = 0; i < FMX__COUNT(inside); ++i) {
            bool written = i == 2 || i == 3;
            zip_source_t *source = written ? zip_source_file(zip, files[i - 2], 0, -1)
                                   : i == 0
                                       ? zip_source_buffer(zip, acqus, sizeof acqus - 1, 0)
                                       : zip_source_buffer(zip, ramp, i == 4 ? 0 : sizeof ramp, 0);
            zip_int64_t at = zip_file_add(zip, inside[i], source, ZIP_FL_ENC_UTF_8);
            check(at >= 0, inside[i]);
            zip_set_file_compression(zip, (zip_uint64_t)at,
                                     n % 2 == 0 ? ZIP_CM_STORE : ZIP_CM_DEFLATE, 9);
            if (n == 3)
                zip_file_set_external_attributes(zip, (zip_uint64_t)at, 0, ZIP_OPSYS_UNIX,
                                                 (zip_uint32_t)(i == 4 ? 0120777 : 0100644) << 16);
        }
        check(zip_close(zip) == 0, "libzip");
        add_file(path);
        unlink(path);
        finish("zip");
    }
    unlink(files[0]);
    unlink(files[1]);
}

/* ---- formats that fidmix only reads -----------------------------------------------------------
 */

static void seed_varian(void)
{
    static const uint32_t status[] = {0x41, 0x45, 0x49};
    for (size_t n = 0; n < FMX__COUNT(status); ++n) {
        uint32_t width = n == 0 ? 2 : 4;
        begin_file(0);
        add_text("sfrq 1 1 1e+09 0 0 2 1 11 1 64\n1 499.8192724 \n0 \n"
                 "sw 5 1 5 5 0 2 1 8 1 64\n1 6000.15 \n0 \nrfl 1 1 1 1 1 2 1 1 1 64\n1 1200\n0 \n"
                 "tn 2 2 4 0 0 2 1 9 1 64\n1 \"H1\"\n0 \nnt 7 1 1e9 0 1 2 1 0 1 64\n1 128 \n0 \n"
                 "solvent 2 2 0 0 0 2 1 0 1 64\n1 \"D2O \\\"heavy\\\"\"\n0 \n"
                 "names 2 2 1 0 1 2 1 0 1 64\n2 \"two\nlines\" \n\"b\"\n3 \"x\" \"y\" \"z\" \n");
        begin_file(1);
        const uint32_t field[] = {
            1, 1, 2 * POINTS, width, 2 * POINTS * width, 2 * POINTS * width + 28, status[n], 1};
        for (size_t i = 0; i < 8; ++i)
            add_32(field[i], 1);
        add_zeros(seed_bytes + 28);
        for (size_t i = 0; i < 2 * POINTS; ++i) {
            int16_t narrow = (int16_t)i;
            if (n == 0)
                add_value(&narrow, 2, 1);
            else if (n == 1)
                add_32((uint32_t)i, 1);
            else
                add_float(ramp[i], 1);
        }
        begin_file(2);
        add_text("a sample\r\nof two lines\n");
        finish("varian");
    }
}

static void seed_spinsolve(void)
{
    for (size_t file = 1; file < 3; ++file) {
        begin_file(0);
        add_text("Sample   = \"a sample\"\r\nSolvent  = \"Water\"\r\nb1Freq = 80.5d\r\n"
                 "dwellTime = 400.0\nnrScans=8\nrxChannel = \"1H\"\nlowestFrequency = -850\n");
        begin_file(file);
        add_text("SORPATAD1.1V");
        add_32(504, 0);
        add_32(POINTS, 0);
        for (int i = 0; i < 3; ++i)
            add_32(1, 0);
        for (size_t i = 0; i < POINTS; ++i)
            add_float((float)i - 3, 0);
        for (size_t i = 0; i < 2 * POINTS; ++i)
            add_float(ramp[i], 0);
        finish("spinsolve");
    }
}

static void seed_jeol(void)
{
    enum { START = 1360, PARAMETERS = 9, DATA = START + 16 + 64 * PARAMETERS };
    static const struct {
        const char *name;
        double number;
        const char *text;
    } parameter[PARAMETERS] = {
        {"X_DOMAIN", 0, "Proton"},     {"X_FREQ", 400e6, NULL},  {"X_OFFSET", 5, NULL},
        {"X_SWEEP", 8000, NULL},       {"Y_SWEEP", 32, NULL},    {"solvent", 0, "D2O"},
        {"DIGITAL_FILTER", 0, "TRUE"}, {"orders", 0, "2 54 73"}, {"factors", 0, "8  2"}};
    for (unsigned n = 0; n < 8; ++n) {
        int big = n & 1;
        unsigned narrow = n >> 1 & 1;
        int spectrum = n > 3; /* real, on an axis in ppm */
        const double start = spectrum ? 10 : 0;
        const double stop = spectrum ? 5 : 1;
        add_text("JEOL.NMR");
        add_zeros(START);
        seed[8] = big ? 0 : 1;
        seed[12] = 1;
        seed[14] = (unsigned char)(narrow << 6 | 1);
        seed[24] = spectrum ? 1 : 3;
        seed[33] = spectrum ? 26 : 28;
        memcpy(seed + 48, "a title", 7);
        put_at(176, POINTS, 1);
        put_at(240, POINTS - 1, 1);
        put_at(1212, START, 1);
        put_at(1216, DATA - START, 1);
        put_at(1284, DATA, 1);
        seed_bytes = 272;
        add_value(&start, 8, 1);
        seed_bytes = 336;
        add_value(&stop, 8, 1);
        seed_bytes = START;
        add_32(64, big);
        add_32(0, big);
        add_32(PARAMETERS - 1, big);
        add_32(0, big);
        for (size_t i = 0; i < PARAMETERS; ++i) {
            size_t at = seed_bytes;
            add_zeros(at + 16);
            if (parameter[i].text != NULL)
                add_text(parameter[i].text);
            else
                add_value(&parameter[i].number, 8, big);
            add_zeros(at + 32);
            add_32(parameter[i].text != NULL ? 0 : 2, big);
            add_text(parameter[i].name);
            while (seed_bytes < at + 64)
                add(" ", 1);
        }
        for (size_t i = 0; i < POINTS * (spectrum ? 1 : 2); ++i) {
            double wide = ramp[i];
            if (narrow)
                add_float(ramp[i], big);
            else
                add_value(&wide, 8, big);
        }
        finish("jeol");
    }
}

static void add_base64(const unsigned char *from, size_t bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < bytes; i += 3) {
        uint32_t word = (uint32_t)from[i] << 16;
        word |= i + 1 < bytes ? (uint32_t)from[i + 1] << 8 : 0;
        word |= i + 2 < bytes ? from[i + 2] : 0;
        add(&digits[word >> 18], 1);
        add(&digits[word >> 12 & 63], 1);
        add(i + 1 < bytes ? &digits[word >> 6 & 63] : "=", 1);
        add(i + 2 < bytes ? &digits[word & 63] : "=", 1);
    }
}

static void seed_nmrml(void)
{
    static const char *const format[] = {"Complex128", "Complex64", "class java.lang.Integer"};
    for (size_t n = 0; n < 2 * FMX__COUNT(format); ++n) {
        int is_packed = n % 2 == 1;
        int is_spectrum = n == 3;
        double wide[2 * POINTS];
        unsigned char packed[1024];
        uLongf size = sizeof packed;
        char text[1200];
        for (size_t i = 0; i < 2 * POINTS; ++i)
            wide[i] = ramp[i];
        const void *raw = n < 2 ? (const void *)wide : ramp;
        size_t bytes = n < 2 ? sizeof wide : sizeof ramp;
        check(compress(packed, &size, raw, bytes) == Z_OK, "zlib");
        snprintf(text, sizeof text,
                 "<?xml version=\"1.0\"?>\n<nmrML xmlns=\"http://nmrml.org/schema\">\n"
                 "<sourceFile><cvParam name=\"%s\"/></sourceFile><acquisition><acquisition1D>\n"
                 "<acquisitionParameterSet numberOfScans=\"64\">%s"
                 "<DirectDimensionParameterSet numberOfDataPoints=\"%d\">\n"
                 "<acquisitionNucleus name=\"carbon atom\"/>\n"
                 "<effectiveExcitationField value=\"125.7\" unitName=\"megaHertz\"/>\n"
                 "<sweepWidth value=\"6000\" unitName=\"hertz\"/>\n"
                 "<irradiationFrequency value=\"1.25712E8\" unitName=\"hertz\"/>\n"
                 "</DirectDimensionParameterSet></acquisitionParameterSet>\n"
                 "<%s compressed=\"%s\" encodedLength=\"7\" byteFormat=\"%s\">",
                 n < 3 ? "Varian VNMR format" : "Bruker FID format",
                 n % 3 == 0 ? "<groupDelay value=\"67.5\"/>\n" : "", 2 * POINTS,
                 is_spectrum ? "spectrumDataArray" : "fidData", is_packed ? "true" : "false",
                 format[n / 2]);
        add_text(text);
        add_base64(is_packed ? packed : raw, is_packed ? size : bytes);
        add_text(is_spectrum ? "</spectrumDataArray><xAxis unitName=\"parts per million\" "
                               "startValue=\"10\" endValue=\"-1\"/>"
                             : "</fidData>");
        add_text("</acquisition1D></acquisition></nmrML>\n");
        finish("nmrml");
    }
    add_text("<?xml version=\"1.0\"?><!DOCTYPE nmrML [<!ENTITY a \"b\">]><nmrML>&a;</nmrML>");
    finish("nmrml");
}

static void seed_jcamp_forms(void)
{
    static const char *const table[] = {"(X++(Y..Y))\n0A5J1\n2B6J2\n4C8 j10\n",
                                        "(X++(Y..Y))\n0+1+2+3\r\n3 4 5.5E+02, -.5 $$ c\n",
                                        "(X++(Y..Y))\n1AJT%jX\n", "(X++(Y..Y))\n7 A00J0T\n"};
    for (size_t i = 0; i < FMX__COUNT(table); ++i) {
        char text[1200];
        snprintf(text, sizeof text,
                 "##TITLE= outer\n##JCAMP-DX= 5.0\n##DATA TYPE= LINK\n##BLOCKS= 1\n##TITLE= in\n"
                 "##DATATYPE=\tNMR %s\n##.OBSERVE FREQUENCY= 400.1\n##.OBSERVE NUCLEUS= ^1H\n"
                 "##$SW_h= 4000\n##XUNITS= HZ\n##FIRSTX= 4000\n##LASTX= 0\n##NPOINTS= 5\n"
                 "##.SHIFT REFERENCE= INTERNAL, CDCl3, 1, 10.5\n##YFACTOR= 2\n##XYDATA= %s"
                 "##END=\n##END=\n",
                 i % 2 == 0 ? "SPECTRUM" : "FID", table[i]);
        add_text(text);
        finish("jcamp");
    }
}

int main(int count, char **argument)
{
    if (count != 2) {
        fputs("usage: fuzz_seeds FOLDER\n", stderr);
        return 2;
    }
    base = argument[1];
    if (fmx_context_create(&ctx) != FMX_OK)
        return 1;
    mkdir(base, 0777);
    seed_bruker();
    write_by("jcamp-dx", "jcamp");
    seed_jcamp_forms();
    write_by("nmrpipe", "nmrpipe");
    seed_varian();
    seed_spinsolve();
    seed_jeol();
    seed_nmrml();
    seed_zip();
    seed_recipes();
    seed_safetensors();
    fmx_context_destroy(ctx);
    return 0;
}
