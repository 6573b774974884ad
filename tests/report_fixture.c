#include "report_fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "philox.h"

enum { GENERAL = 150, EPOCHS = 40 };

static const char *const known[] = {
    "alanine", "arginine",  "asparagine", "aspartate", "betaine",    "carnitine",
    "choline", "citrate",   "creatine",   "ethanol",   "formate",    "fumarate",
    "glucose", "glutamate", "glycerol",   "glycine",   "histidine",  "lactate",
    "leucine", "lysine",    "maltose",    "mannose",   "methionine", "myo-inositol",
};

/* Uniform on [0, 1), the n-th of an item. */
static double draw(uint64_t item, uint32_t n)
{
    uint32_t words[4];
    fmx__random_words(words, 7, FMX__PURPOSE_TEST, item, n, 0);
    return fmx__uniform(words[0]);
}

static void fill_truth(fmx_report_fixture *f)
{
    size_t row = 0;
    for (size_t i = 0; i < f->classes; ++i) {
        for (size_t j = i; j < f->classes; ++j, ++row) {
            f->truth[row * f->classes + i] += 0.5f;
            f->truth[row * f->classes + j] += 0.5f;
        }
    }
    for (; row < f->mixtures; ++row) {
        size_t parts = row % 7; /* 0: noise alone */
        double sum = 0;
        float *truth = f->truth + row * f->classes;
        for (size_t k = 0; k < parts; ++k) {
            size_t c = (size_t)(draw(row, 10 + (uint32_t)k) * (double)f->classes);
            double amount = pow(20, draw(row, 20 + (uint32_t)k));
            truth[c] += (float)amount;
            sum += amount;
        }
        for (size_t c = 0; c < f->classes && sum > 0; ++c)
            truth[c] = (float)(truth[c] / sum);
    }
}

/* `skill` near 1 is a method that is hardly ever wrong. */
static void fill_answers(fmx_report_fixture *f, size_t method, double skill)
{
    for (size_t row = 0; row < f->mixtures; ++row) {
        double sum = 0;
        for (size_t c = 0; c < f->classes; ++c) {
            size_t cell = row * f->classes + c;
            uint32_t n = 100 + (uint32_t)(method * f->classes + c);
            double noise = draw(row, n) + draw(row, n + 20000) - 1;
            double logit =
                f->truth[cell] > 0 ? 2.5 + 3 * skill + log10(f->truth[cell]) : -4 - 4 * skill;
            logit += noise * 9 * (1.3 - skill);
            f->presence[method][cell] = (float)(1 / (1 + exp(-logit)));
            f->proportion[method][cell] = (float)fmax(
                0, f->truth[cell] + (f->truth[cell] > 0 ? 0.3 : 0.02) * noise * (1.2 - skill));
            sum += f->proportion[method][cell];
        }
        for (size_t c = 0; c < f->classes && sum > 0; ++c)
            f->proportion[method][row * f->classes + c] /= (float)sum;
    }
}

static void fill_spectra(fmx_report_fixture *f)
{
    for (size_t j = 0; j < FMX_REPORT_POINTS; ++j)
        f->ppm[j] = 10 - 10.0 * (double)j / (FMX_REPORT_POINTS - 1);
    for (size_t c = 0; c < f->classes; ++c) {
        for (uint32_t line = 0; line < 8; ++line) {
            double at = 0.8 + 7.5 * pow(draw(c, 2 + line), 1.5);
            double height = 0.2 + draw(c, 40 + line);
            for (size_t j = 0; j < FMX_REPORT_POINTS; ++j) {
                double d = (f->ppm[j] - at) / 0.006;
                f->pure[c * FMX_REPORT_POINTS + j] += (float)(height / (1 + d * d));
            }
        }
    }
}

static void fill_overlays(fmx_report_fixture *f)
{
    for (size_t o = 0; o < FMX_REPORT_OVERLAYS; ++o) {
        size_t row = f->mixtures - 1;
        while (row % 7 != (o == 0 ? 3 : 5))
            --row;
        size_t parts = 0;
        for (size_t c = 0; c < f->classes && parts < FMX_REPORT_PARTS; ++c) {
            float share = f->truth[row * f->classes + c];
            const float *pure = f->pure + c * FMX_REPORT_POINTS;
            if (share == 0)
                continue;
            f->part[o][parts++] = (fmx__report_part){c, pure, share, share};
            for (size_t j = 0; j < FMX_REPORT_POINTS; ++j)
                f->mixed[o][j] += share * pure[j];
        }
        for (size_t j = 0; j < FMX_REPORT_POINTS; ++j)
            f->mixed[o][j] += (float)(0.01 * (draw(1000 + o, (uint32_t)j) - 0.5));
        f->overlay[o] = (fmx__report_overlay){row, f->mixed[o], f->part[o], parts};
    }
}

static void fill_layers(fmx_report_fixture *f)
{
    size_t points = FMX_REPORT_POINTS;
    for (size_t c = 0; c < FMX_REPORT_CHANNELS; ++c) {
        for (size_t j = 0; j < points; ++j) {
            double sum = 0;
            for (size_t k = 0; k < 5 && k <= j; ++k)
                sum += (draw(5000 + c, (uint32_t)k) - 0.45) * (double)f->mixed[0][j - k];
            f->answer[c * points + j] = (float)(c == 3 ? 0 : sum);
        }
    }
    f->layer[0] = (fmx__report_layer){"conv<1>", "conv1d", f->answer, FMX_REPORT_CHANNELS, points};
    f->layer[1] = (fmx__report_layer){"short", "conv1d", f->answer, 3, 7};
}

static fmx_status fill_history(fmx_report_fixture *f)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *file = open_memstream(&text, &bytes);
    if (file == NULL)
        return FMX_ERROR_MEMORY;
    fprintf(file, "epoch,loss,val_loss,val_f1,val_top2,learning_rate\n");
    for (int e = 1; e <= EPOCHS; ++e)
        fprintf(file, "%d,%.6f,%.6f,%.6f,%.6f,%g\n", e, 2 * exp(-e / 6.0) + 0.01,
                2 * exp(-e / 7.0) + 0.05 + 0.01 * draw((uint64_t)e, 3), 1 - exp(-e / 5.0),
                1 - 0.6 * exp(-e / 4.0), e < 20 ? 1e-3 : 5e-4);
    fclose(file);
    f->history = text;
    return FMX_OK;
}

static fmx_status allocate(fmx_report_fixture *f)
{
    size_t cells = f->mixtures * f->classes;
    fmx_status status = fmx__alloc(f->ctx, f->classes, sizeof *f->name, "names", &f->name);
    if (status == FMX_OK)
        status = fmx__alloc(f->ctx, cells, sizeof(float), "truth", &f->truth);
    for (int m = 0; status == FMX_OK && m < 2; ++m) {
        status = fmx__alloc(f->ctx, cells, sizeof(float), "presence", &f->presence[m]);
        if (status == FMX_OK)
            status = fmx__alloc(f->ctx, cells, sizeof(float), "proportion", &f->proportion[m]);
    }
    if (status == FMX_OK)
        status = fmx__alloc(f->ctx, FMX_REPORT_POINTS, sizeof(double), "ppm", &f->ppm);
    if (status == FMX_OK)
        status =
            fmx__alloc(f->ctx, f->classes * FMX_REPORT_POINTS, sizeof(float), "pure", &f->pure);
    for (int o = 0; status == FMX_OK && o < FMX_REPORT_OVERLAYS; ++o)
        status = fmx__alloc(f->ctx, FMX_REPORT_POINTS, sizeof(float), "mixed", &f->mixed[o]);
    if (status == FMX_OK)
        status = fmx__alloc(f->ctx, (size_t)FMX_REPORT_CHANNELS * FMX_REPORT_POINTS, sizeof(float),
                            "answer", &f->answer);
    for (size_t c = 0; status == FMX_OK && c < f->classes; ++c) {
        const char *base = known[c % FMX__COUNT(known)];
        status = c == 1 ? fmx__format(f->ctx, &f->name[c], "<b>&\"arg'</b>")
                 : c < FMX__COUNT(known)
                     ? fmx__format(f->ctx, &f->name[c], "%s", base)
                     : fmx__format(f->ctx, &f->name[c], "%s %zu", base, c / FMX__COUNT(known) + 1);
    }
    return status;
}

static void fill_report(fmx_report_fixture *f)
{
    const fmx__report_fact facts[] = {
        {"model", "demo.safetensors, 1 234 567 parameters, recipe \"demo\""},
        {"data", "mixtures.h5, 435 mixtures"},
        {"axis", "1H, 10 to 0 ppm, 6000 points"},
        {"device", "Portable Computing Language, cpu <4 cores>"},
        {"versions", "fidmix 0.1.0"},
        {"seed", "7"},
        {"empty", ""},
        {"missing", NULL},
    };
    memcpy(f->fact, facts, sizeof facts);
    f->report = (fmx__report){.title = "Evaluation of demo",
                              .fact = f->fact,
                              .facts = FMX__COUNT(facts),
                              .method = f->method,
                              .methods = 2,
                              .history = f->history,
                              .nucleus = "1H",
                              .ppm = f->ppm,
                              .points = FMX_REPORT_POINTS,
                              .overlay = f->overlay,
                              .overlays = FMX_REPORT_OVERLAYS,
                              .layer_mixture = f->overlay[0].mixture,
                              .layer_spectrum = f->mixed[0],
                              .layer = f->layer,
                              .layers = 2,
                              .recipe = "name: demo\nmodel:\n  - conv1d: {filters: 20} # <, &\n"};
}

fmx_status fmx_report_fixture_make(fmx_context *ctx, size_t classes, fmx_report_fixture *out)
{
    static const char *const methods[] = {"network", "least squares"};
    *out = (fmx_report_fixture){
        .ctx = ctx, .classes = classes, .mixtures = classes * (classes + 1) / 2 + GENERAL};
    fmx_status status = allocate(out);
    if (status != FMX_OK)
        return status;
    fill_truth(out);
    fill_spectra(out);
    fill_overlays(out);
    fill_layers(out);
    status = fill_history(out);
    for (size_t m = 0; status == FMX_OK && m < 2; ++m) {
        fill_answers(out, m, m == 0 ? 0.75 : 0.3);
        out->input[m] = (fmx__evaluation_input){.method = methods[m],
                                                .mixtures = out->mixtures,
                                                .classes = classes,
                                                .class_name = (const char *const *)out->name,
                                                .truth = out->truth,
                                                .presence = out->presence[m],
                                                .proportion = out->proportion[m],
                                                .threshold = 0.5,
                                                .seed = 7,
                                                .resamples = 50};
        status = fmx__evaluate(ctx, &out->input[m], &out->evaluation[m]);
        out->method[m] = (fmx__report_method){&out->input[m], &out->evaluation[m]};
    }
    fill_report(out);
    return status;
}

void fmx_report_fixture_clear(fmx_report_fixture *f)
{
    for (size_t c = 0; f->name != NULL && c < f->classes; ++c)
        free(f->name[c]);
    free(f->name);
    free(f->truth);
    for (int m = 0; m < 2; ++m) {
        free(f->presence[m]);
        free(f->proportion[m]);
        fmx__evaluation_clear(&f->evaluation[m]);
    }
    free(f->ppm);
    free(f->pure);
    for (int o = 0; o < FMX_REPORT_OVERLAYS; ++o)
        free(f->mixed[o]);
    free(f->answer);
    free(f->history);
    *f = (fmx_report_fixture){0};
}
