#include "train_fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "launch.h"
#include "train_section.h"

const char *const fmx_train_model = "fidmix: 1\n"
                                    "name: small\n"
                                    "seed: 3\n"
                                    "database: {validation: 0.25, test: 0.25}\n"
                                    "augment:\n"
                                    "  - augmentation: {shift_ppm: [-0.1, 0.1], noise: [0, 0.02]}\n"
                                    "mixtures: {mode: random, least: 1, most: 2, count: 24}\n"
                                    "model:\n"
                                    "  - conv1d: {filters: 4, kernel: 5}\n"
                                    "  - batch_norm: {convention: pytorch}\n"
                                    "  - relu\n"
                                    "  - max_pool: {window: 4}\n"
                                    "  - flatten\n"
                                    "  - dropout: {rate: 0.2, name: trunk}\n"
                                    "  - dense: {units: 4, name: present}\n"
                                    "  - sigmoid: {name: presence}\n"
                                    "  - dense: {units: 4, from: trunk, name: share}\n"
                                    "  - softmax: {name: proportion}\n"
                                    "train:\n"
                                    "  epochs: 6\n"
                                    "  batch: 8\n"
                                    "  loss:\n"
                                    "    - binary_cross_entropy: {layer: presence}\n"
                                    "    - cross_entropy: {layer: proportion, weight: 0.5}\n"
                                    "  optimiser: {adam: {learning_rate: 0.01}}\n";

static void fill(float *spectrum, size_t class_index, size_t fid)
{
    for (size_t i = 0; i < FMX_TRAIN_POINTS; ++i) {
        double noise = (double)((i * 7919 + fid * 104729 + class_index * 1299709) % 1000) / 1e5;
        spectrum[i] = (float)noise;
        for (size_t line = 0; line < 3; ++line) {
            double place = (double)((class_index * 29 + line * 37) % 88 + 4);
            double off = ((double)i - place - (double)(fid % 5) / 2 + 1) / 1.2;
            spectrum[i] += (float)(1 / (1 + off * off));
        }
    }
}

static fmx_status append(fmx_dataset_writer *writer, const fmx_train_set *set, size_t row)
{
    float spectrum[FMX_TRAIN_POINTS];
    float target[FMX_TRAIN_MOST_CLASSES] = {0};
    char name[32];
    size_t class_index = row / set->fids;
    int32_t parent = (int32_t)row;
    fill(spectrum, class_index, row % set->fids);
    if (row + 1 == set->nan_row)
        spectrum[FMX_TRAIN_POINTS / 2] = NAN;
    target[class_index] = set->target;
    snprintf(name, sizeof name, "c%zu", set->one_name ? 0 : class_index);
    fmx_dataset_row values = {
        .name = name, .spectrum = spectrum, .parent = &parent, .field_mhz = 400, .target = target};
    return fmx_dataset_writer_append(writer, row, &values);
}

fmx_status fmx_train_write(fmx_context *ctx, const char *path, const fmx_train_set *set)
{
    static double ppm[FMX_TRAIN_POINTS];
    static char text[FMX_TRAIN_MOST_CLASSES * FMX_TRAIN_MOST_FIDS][24];
    static char class_text[FMX_TRAIN_MOST_CLASSES][16];
    const char *source[FMX_TRAIN_MOST_CLASSES * FMX_TRAIN_MOST_FIDS];
    const char *names[FMX_TRAIN_MOST_CLASSES];
    fmx_dataset_writer *writer = NULL;
    size_t rows = set->classes * set->fids;
    for (size_t i = 0; i < FMX_TRAIN_POINTS; ++i)
        ppm[i] = 10 - 10.0 * (double)i / (FMX_TRAIN_POINTS - 1);
    for (size_t i = 0; i < rows; ++i) {
        snprintf(text[i], sizeof text[i], "raw/c%u/%u", (unsigned)(i / set->fids) % 100,
                 (unsigned)(i % set->fids));
        source[i] = text[i];
    }
    for (size_t c = 0; c < set->classes; ++c) {
        snprintf(class_text[c], sizeof class_text[c], "c%u", (unsigned)c % 100);
        names[c] = class_text[c];
    }
    fmx_dataset_plan plan = {.rows = rows,
                             .points = FMX_TRAIN_POINTS,
                             .ppm = ppm,
                             .source = source,
                             .recipe = "fidmix: 1\n",
                             .nucleus = "1H",
                             .seed = 1,
                             .parents = 1,
                             .class_name = set->target > 0 ? names : NULL,
                             .classes = set->target > 0 ? set->classes : 0,
                             .has_split = set->all_train};
    fmx_status status = fmx_dataset_writer_open(ctx, path, &plan, &writer);
    for (size_t row = 0; status == FMX_OK && row < rows; ++row)
        status = append(writer, set, row);
    if (status == FMX_OK)
        status = fmx_dataset_writer_finish(writer);
    fmx_dataset_writer_close(writer);
    return status;
}

static fmx_status append_rows(fmx_dataset_writer *writer, const fmx_train_rows *rows,
                              const char *const *names)
{
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < rows->rows; ++i) {
        const float *target = rows->target + i * rows->classes;
        int32_t parent = (int32_t)i;
        size_t named = 0;
        while (named + 1 < rows->classes && target[named] == 0)
            ++named;
        const fmx_dataset_row row = {.name = names[named],
                                     .spectrum = rows->input + i * rows->points,
                                     .parent = &parent,
                                     .field_mhz = 400,
                                     .target = target};
        status = fmx_dataset_writer_append(writer, i, &row);
    }
    return status == FMX_OK ? fmx_dataset_writer_finish(writer) : status;
}

fmx_status fmx_train_write_rows(fmx_context *ctx, const char *path, const fmx_train_rows *rows)
{
    enum { MOST = FMX_TRAIN_MOST_CLASSES * FMX_TRAIN_MOST_FIDS };
    static char text[MOST][24];
    static char class_text[FMX_TRAIN_MOST_CLASSES][16];
    const char *source[MOST];
    const char *names[FMX_TRAIN_MOST_CLASSES];
    fmx_dataset_writer *writer = NULL;
    double *ppm = malloc(rows->points * sizeof *ppm);
    if (ppm == NULL || rows->rows > MOST || rows->classes > FMX_TRAIN_MOST_CLASSES) {
        free(ppm);
        return fmx__fail(ctx, FMX_ERROR_ARGUMENT, "more rows or classes than the fixture takes");
    }
    for (size_t i = 0; i < rows->points; ++i)
        ppm[i] = 10 - 10.0 * (double)i / (double)(rows->points - 1);
    for (size_t i = 0; i < rows->rows; ++i) {
        snprintf(text[i], sizeof text[i], "made/%u", (unsigned)i);
        source[i] = text[i];
    }
    for (size_t c = 0; c < rows->classes; ++c) {
        snprintf(class_text[c], sizeof class_text[c], "c%u", (unsigned)c % 100);
        names[c] = class_text[c];
    }
    fmx_dataset_plan plan = {.rows = rows->rows,
                             .points = rows->points,
                             .ppm = ppm,
                             .source = source,
                             .recipe = "fidmix: 1\n",
                             .nucleus = "1H",
                             .parents = 1,
                             .class_name = names,
                             .classes = rows->classes,
                             .has_split = true};
    fmx_status status = fmx_dataset_writer_open(ctx, path, &plan, &writer);
    if (status == FMX_OK)
        status = append_rows(writer, rows, names);
    fmx_dataset_writer_close(writer);
    free(ppm);
    return status;
}

void fmx_train_log_line(void *user, fmx_log_level level, const char *text)
{
    fmx_train_log *log = user;
    unsigned step = 0;
    double loss = 0;
    (void)level;
    if (sscanf(text, "step %u: loss %lg", &step, &loss) == 2 && log->count < FMX_TRAIN_MOST_STEPS)
        log->loss[log->count++] = loss;
}

fmx_status fmx_train(fmx_device *device, const fmx_train_run *run, fmx__train_result *result)
{
    fmx_context *ctx = fmx__device_context(device);
    fmx__recipe recipe = {0};
    fmx__train_result unused;
    fmx__train_job job = {.device = device,
                          .recipe = &recipe,
                          .spectra = run->spectra,
                          .out = run->out,
                          .init = run->init,
                          .resume = run->resume,
                          .table = run->table};
    fmx_status status = fmx__recipe_parse(ctx, "r.yml", run->recipe, strlen(run->recipe),
                                          &fmx__recipe_schema_full, NULL, 0, &recipe);
    for (size_t i = 0; status == FMX_OK && run->set != NULL && run->set[i] != NULL; ++i)
        status = fmx__recipe_set(ctx, &recipe, run->set[i]);
    if (status == FMX_OK)
        status = fmx__train_run(&job, result != NULL ? result : &unused);
    fmx__recipe_clear(&recipe);
    return status;
}

char *fmx_train_bytes(const char *path, size_t *count)
{
    FILE *file = fopen(path, "rb");
    char *bytes = NULL;
    *count = 0;
    if (file == NULL)
        return NULL;
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    rewind(file);
    bytes = malloc((size_t)size + 1);
    if (bytes != NULL)
        *count = fread(bytes, 1, (size_t)size, file);
    fclose(file);
    return bytes;
}

void fmx_train_count_down(void *user, const char *what, size_t done, size_t total)
{
    fmx_train_stopper *s = user;
    (void)what;
    (void)done;
    (void)total;
    if (s->left > 0 && --s->left == 0)
        fmx_context_interrupt(s->ctx);
}
