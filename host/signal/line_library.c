/* Pure spectra as multiplets: from datasets and from lines. */
#include "line_match.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fidmix/dataset.h"
#include "fidmix/library.h"
#include "labels.h"
#include "library_file.h"

static const double gap_ppm = 0.025;    /* between multiplets */
static const double signal_from = 0.02; /* of a library spectrum's highest point */
static const double line_hz = 1.3;      /* width of lines drawn from a library */
static const double margin_ppm = 0.006; /* around a multiplet, for its correlation */

void fmx__line_library_clear(fmx__line_library *library)
{
    free(library->multiplet);
    free(library->height);
    *library = (fmx__line_library){0};
}

/* The multiplet of points [first, end) of a compound's spectrum. */
static fmx_status add_multiplet(fmx_context *ctx, fmx__line_library *l, size_t compound,
                                const double *x, size_t first, size_t end)
{
    size_t margin = (size_t)(margin_ppm / l->step_ppm);
    size_t from = first > margin ? first - margin : 0;
    size_t to = end + margin < l->points ? end + margin : l->points;
    size_t lines = 0;
    fmx__multiplet m = {
        .compound = compound, .point = from, .count = to - from, .first = l->heights};
    fmx_status status = FMX_OK;
    if (l->heights + m.count > l->height_capacity)
        status = fmx__grow(ctx, &l->height, &l->height_capacity, 2 * (l->heights + m.count),
                           sizeof *l->height, "the lines of a library");
    if (status == FMX_OK && l->multiplets == l->multiplet_capacity)
        status = fmx__grow(ctx, &l->multiplet, &l->multiplet_capacity, 2 * l->multiplets + 64,
                           sizeof *l->multiplet, "the multiplets of a library");
    if (status != FMX_OK)
        return status;
    memcpy(l->height + l->heights, x + from, m.count * sizeof *x);
    l->heights += m.count;
    for (size_t j = first; j < end; ++j) {
        m.highest = fmax(m.highest, x[j]);
        m.area += x[j];
    }
    for (size_t j = from; j < to; ++j) {
        bool above = x[j] > FMX__LINE_COUNTED * m.highest;
        m.counted += above;
        lines += above && (j == from || x[j] > x[j - 1]) && (j + 1 == to || x[j] >= x[j + 1]);
    }
    m.lines = lines > 1;
    l->multiplet[l->multiplets++] = m;
    return FMX_OK;
}

static fmx_status cut(fmx_context *ctx, fmx__line_library *l, size_t compound, const double *x)
{
    size_t gap = (size_t)(gap_ppm / l->step_ppm) + 1;
    double top = 0;
    fmx_status status = FMX_OK;
    for (size_t j = 0; j < l->points; ++j)
        top = fmax(top, x[j]);
    for (size_t j = 0; status == FMX_OK && top > 0 && j < l->points;) {
        if (!(x[j] > signal_from * top)) {
            ++j;
            continue;
        }
        size_t end = j + 1; /* behind the last point with signal */
        for (size_t k = end; k < l->points && k < end + gap; ++k)
            end = x[k] > signal_from * top ? k + 1 : end;
        status = add_multiplet(ctx, l, compound, x, j, end);
        j = end;
    }
    return status;
}

static fmx_status check_axis(fmx_context *ctx, const char *path, const fmx_dataset_info *set,
                             const double *ppm, size_t points)
{
    double step = fabs(ppm[0] - ppm[points - 1]) / (double)(points - 1);
    if (set->points == points && fabs(set->ppm[0] - ppm[0]) < 0.5 * step &&
        fabs(set->ppm[points - 1] - ppm[points - 1]) < 0.5 * step)
        return FMX_OK;
    return fmx__fail(ctx, FMX_ERROR_FORMAT,
                     "%s: %zu points, %g to %g ppm, but the model's axis has %zu, %g to %g ppm; "
                     "process the library's FIDs with the model's recipe",
                     path, set->points, set->points > 0 ? set->ppm[0] : 0.0,
                     set->points > 0 ? set->ppm[set->points - 1] : 0.0, points, ppm[0],
                     ppm[points - 1]);
}

/* Adds row `row` to sum[points], its highest point as 1. */
static fmx_status add_row(fmx_dataset *dataset, size_t row, size_t points, float *spectrum,
                          double *sum)
{
    float top = 0;
    fmx_status status = fmx_dataset_read_spectra(dataset, row, 1, spectrum);
    for (size_t j = 0; status == FMX_OK && j < points; ++j)
        top = fmaxf(top, spectrum[j]);
    for (size_t j = 0; status == FMX_OK && top > 0 && j < points; ++j)
        sum[j] += (double)spectrum[j] / (double)top;
    return status;
}

static fmx_status read_compounds(fmx_context *ctx, fmx_dataset *dataset, const char *const *name,
                                 fmx__line_library *out)
{
    const fmx_dataset_info *set = fmx_dataset_describe(dataset);
    char **row_name = NULL;
    float *spectrum = NULL;
    double *sum = NULL;
    fmx_status status = fmx__alloc(ctx, out->points, sizeof *spectrum, "a spectrum", &spectrum);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, out->points, sizeof *sum, "a spectrum", &sum);
    if (status == FMX_OK)
        status = fmx_dataset_read_text(dataset, "name", 0, set->rows, &row_name);
    for (size_t c = 0; status == FMX_OK && c < out->compounds; ++c) {
        memset(sum, 0, out->points * sizeof *sum);
        for (size_t row = 0; status == FMX_OK && row < set->rows; ++row) {
            if (strcmp(row_name[row], name[c]) == 0)
                status = add_row(dataset, row, out->points, spectrum, sum);
        }
        if (status == FMX_OK)
            status = cut(ctx, out, c, sum);
    }
    free(sum);
    free(spectrum);
    free(row_name);
    return status;
}

/* ---- from lines -------------------------------------------------------------------------------
 */

/* The entry of a compound; NULL: there is none. */
static const fmx_library_entry *entry_of(const fmx_library *from, const char *name)
{
    size_t compound = 0;
    if (fmx_library_find(from, name, &compound))
        return &from->entry[from->compound[compound].first_entry];
    for (size_t i = 0; i < from->entries; ++i) {
        if (fmx__same_compound(name, from->entry[i].name, strlen(from->entry[i].name)))
            return &from->entry[i];
    }
    return NULL;
}

/* Adds a Lorentzian, as far as it is above a thousandth of its height, to x[points]. */
static void add_line(double *x, size_t points, double centre, double half_width, double height)
{
    double reach = 32 * half_width;
    double from = fmax(0, ceil(centre - reach));
    double to = fmin((double)points - 1, floor(centre + reach));
    if (!(from <= to))
        return;
    for (size_t j = (size_t)from; j <= (size_t)to; ++j) {
        double d = ((double)j - centre) / half_width;
        x[j] += height / (1 + d * d);
    }
}

static void draw_entry(const fmx_library *from, const fmx_library_entry *entry, double first_ppm,
                       const fmx__line_library *l, double *x)
{
    double half_width = 0.5 * line_hz / from->field_mhz / l->step_ppm;
    memset(x, 0, l->points * sizeof *x);
    for (size_t m = 0; m < entry->multiplet_count; ++m) {
        const fmx_library_multiplet *multiplet = &from->multiplet[entry->first_multiplet + m];
        for (size_t k = 0; k < multiplet->line_count; ++k) {
            size_t line = multiplet->first_line + k;
            add_line(x, l->points, (first_ppm - from->line_ppm[line]) / l->step_ppm, half_width,
                     (double)from->line_protons[line]);
        }
    }
}

static fmx_status draw_all(fmx_context *ctx, const fmx_library *from, const char *const *name,
                           double first_ppm, fmx__line_library *out)
{
    double *x = NULL;
    fmx_status status = fmx__alloc(ctx, out->points, sizeof *x, "a spectrum", &x);
    for (size_t c = 0; status == FMX_OK && c < out->compounds; ++c) {
        const fmx_library_entry *entry = entry_of(from, name[c]);
        if (entry == NULL)
            continue;
        draw_entry(from, entry, first_ppm, out, x);
        status = cut(ctx, out, c, x);
    }
    free(x);
    return status;
}

static fmx__line_library empty_library(size_t compounds, const double *ppm, size_t points)
{
    return (fmx__line_library){.compounds = compounds,
                               .points = points,
                               .step_ppm = fabs(ppm[0] - ppm[points - 1]) / (double)(points - 1)};
}

fmx_status fmx__line_library_draw(fmx_context *ctx, const fmx_library *from,
                                  const char *const *name, size_t compounds, const double *ppm,
                                  size_t points, fmx__line_library *out)
{
    *out = empty_library(compounds, ppm, points);
    return draw_all(ctx, from, name, ppm[0], out);
}

static fmx_status read_lines(fmx_context *ctx, const char *path, const char *const *name,
                             double first_ppm, fmx__line_library *out)
{
    fmx_library *from = NULL;
    fmx_status status = fmx_library_read(ctx, path, &from);
    if (status == FMX_OK)
        status = draw_all(ctx, from, name, first_ppm, out);
    fmx_library_release(from);
    return status;
}

fmx_status fmx__line_library_read(fmx_context *ctx, const char *path, const char *const *name,
                                  size_t compounds, const double *ppm, size_t points,
                                  fmx__line_library *out)
{
    fmx_dataset *dataset = NULL;
    *out = empty_library(compounds, ppm, points);
    bool lines = fmx__library_is(ctx, path);
    fmx_context_clear(ctx); /* what else it is shows below */
    fmx_status status =
        lines ? read_lines(ctx, path, name, ppm[0], out) : fmx_dataset_open(ctx, path, &dataset);
    if (status == FMX_OK && !lines)
        status = check_axis(ctx, path, fmx_dataset_describe(dataset), ppm, points);
    if (status == FMX_OK && !lines)
        status = read_compounds(ctx, dataset, name, out);
    fmx_dataset_close(dataset);
    if (status == FMX_OK && out->multiplets == 0)
        status = fmx__fail(ctx, FMX_ERROR_FORMAT,
                           "%s: none of the %zu compounds that the model knows; give a library "
                           "(fidmix library) or a dataset of pure spectra with their names",
                           path, compounds);
    return status;
}
