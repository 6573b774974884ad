/* Reliability of the probabilities, and the curves of the training. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "history_csv.h"
#include "html_internal.h"

static void reliability_table(fmx__svg *page, const fmx__report *report)
{
    fmx__svg_raw(page, "<div class=\"wide\"><table class=\"small\">\n<thead><tr><th></th>");
    fmx__html_method_heads(page, report, 3);
    fmx__svg_raw(page, "</tr>\n<tr><th>presence</th>");
    for (size_t m = 0; m < report->methods; ++m)
        fmx__svg_raw(page, "<th class=\"num first\">cells</th><th class=\"num\">mean</th>"
                           "<th class=\"num\">there</th>");
    fmx__svg_raw(page, "</tr></thead>\n<tbody>\n");
    for (int b = 0; b < FMX__EVALUATION_BINS; ++b) {
        fmx__html_format(page, "<tr><th>%.1f to %.1f</th>", b * 0.1, (b + 1) * 0.1);
        for (size_t m = 0; m < report->methods; ++m) {
            const fmx__reliability_bin *bin = &report->method[m].evaluation->bin[b];
            fmx__html_format(page, "<td class=\"num first\">%zu</td>", bin->cells);
            if (bin->cells > 0)
                fmx__html_format(page,
                                 "<td class=\"num\">%.3f</td><td class=\"num\">%.1f\xC2\xA0%%</td>",
                                 bin->predicted, 100 * bin->observed);
            else
                fmx__svg_raw(page, "<td></td><td></td>");
        }
        fmx__svg_raw(page, "</tr>\n");
    }
    fmx__svg_raw(page, "</tbody></table></div>\n");
}

void fmx__html_reliability(fmx__svg *page, const fmx__report *report)
{
    fmx__html_curve curve[FMX__REPORT_METHODS];
    double x[FMX__REPORT_METHODS][FMX__EVALUATION_BINS];
    double y[FMX__REPORT_METHODS][FMX__EVALUATION_BINS];
    const fmx__html_diagram diagram = {.title = "Reliability",
                                       .x_name = "presence",
                                       .y_name = "share that is there",
                                       .x_high = 1,
                                       .y_high = 1,
                                       .diagonal = true,
                                       .width_px = 430,
                                       .height_px = 400};
    for (size_t m = 0; m < report->methods; ++m) {
        for (size_t b = 0; b < FMX__EVALUATION_BINS; ++b) {
            const fmx__reliability_bin *bin = &report->method[m].evaluation->bin[b];
            x[m][b] = bin->cells > 0 ? bin->predicted : NAN;
            y[m][b] = bin->cells > 0 ? bin->observed : NAN;
        }
        curve[m] = (fmx__html_curve){report->method[m].input->method, x[m], y[m],
                                     FMX__EVALUATION_BINS, true};
    }
    fmx__html_section(page, "reliability", "Reliability of the probabilities",
                      "Of all compounds and mixtures to which a presence of about p was given, a "
                      "share of p should be there: the dashed line. The presence of least squares "
                      "is a score, not a probability.");
    fmx__svg_raw(page, "<div class=\"pair\">\n");
    fmx__html_diagram_draw(page, &diagram, curve, report->methods);
    reliability_table(page, report);
    fmx__svg_raw(page, "</div>\n");
    fmx__html_section_end(page);
}

/* ---- training ------------------------------------------------------------------------------- */

typedef enum column_kind { COLUMN_OTHER, COLUMN_LOSS, COLUMN_SHARE, COLUMN_RATE } column_kind;

/* By its name, and for figures by its values too, which lie within 0 and 1. */
static column_kind kind_of(const fmx__history *h, size_t column)
{
    const char *name = h->name[column];
    bool share = true;
    bool any = false;
    for (size_t i = 0; i < h->rows; ++i) {
        double value = h->value[column * h->rows + i];
        any |= isfinite(value);
        share &= isnan(value) || (value >= 0 && value <= 1.000001);
    }
    if (!any)
        return COLUMN_OTHER;
    if (strstr(name, "loss") != NULL)
        return COLUMN_LOSS;
    if (strcmp(name, "lr") == 0 || strstr(name, "rate") == name || strstr(name, "learning") == name)
        return COLUMN_RATE;
    if (strstr(name, "second") != NULL || strstr(name, "time") != NULL ||
        strstr(name, "step") != NULL)
        return COLUMN_OTHER;
    return share ? COLUMN_SHARE : COLUMN_OTHER;
}

/* The limits of a diagram's y axis from the values of its curves. */
static void fit_y(const fmx__html_curve *curve, size_t curves, fmx__html_diagram *d)
{
    double low = INFINITY;
    double high = -INFINITY;
    for (size_t c = 0; c < curves; ++c) {
        for (size_t i = 0; i < curve[c].count; ++i) {
            if (!isfinite(curve[c].y[i]))
                continue;
            low = fmin(low, curve[c].y[i]);
            high = fmax(high, curve[c].y[i]);
        }
    }
    d->y_log = low > 0 && high / low > 20;
    if (d->y_log) {
        d->y_low = low / 1.1;
        d->y_high = high * 1.1;
        return;
    }
    double room = high > low ? 0.06 * (high - low) : fmax(fabs(high), 1e-6) * 0.1;
    d->y_low = low >= 0 && low < 0.5 * high ? 0 : low - room;
    d->y_high = high + room;
}

/* Names of the history as words. */
static void use_words(fmx__history *h)
{
    for (size_t c = 0; c < h->columns; ++c)
        for (char *at = h->name[c]; *at != '\0'; ++at)
            if (*at == '_')
                *at = ' ';
}

/* True when no curve ever changes; its value then. */
static bool is_constant(const fmx__html_curve *curve, size_t curves, double *value)
{
    *value = curve[0].y[0];
    for (size_t c = 0; c < curves; ++c)
        for (size_t i = 0; i < curve[c].count; ++i)
            if (curve[c].y[i] != *value)
                return false;
    return true;
}

static void history_diagram(fmx__svg *page, const fmx__history *h, column_kind kind,
                            const char *title)
{
    double constant = 0;
    fmx__html_curve curve[FMX__HTML_COLOURS];
    size_t curves = 0;
    for (size_t c = 1; c < h->columns && curves < FMX__HTML_COLOURS; ++c)
        if (kind_of(h, c) == kind)
            curve[curves++] = (fmx__html_curve){h->name[c], h->value, h->value + c * h->rows,
                                                h->rows, h->rows < 12};
    if (curves == 0)
        return;
    if (kind == COLUMN_RATE && is_constant(curve, curves, &constant)) {
        fmx__html_format(page, "<figure><h3>%s</h3><p>%g throughout.</p></figure>\n", title,
                         constant);
        return;
    }
    fmx__html_diagram d = {.title = title,
                           .x_name = h->name[0],
                           .y_name = "",
                           .x_low = h->value[0],
                           .x_high = h->value[h->rows - 1],
                           .width_px = 540,
                           .height_px = 320};
    if (!(d.x_low < d.x_high) || !isfinite(d.x_high - d.x_low)) {
        d.x_low = isfinite(d.x_low) ? d.x_low - 0.5 : 0;
        d.x_high = d.x_low + 1;
    }
    fit_y(curve, curves, &d);
    if (kind == COLUMN_SHARE && d.y_high > 1) /* nothing is above all of it */
        d.y_high = 1.005;
    fmx__html_diagram_draw(page, &d, curve, curves);
}

void fmx__html_history(fmx__svg *page, const fmx__report *report)
{
    fmx__history history = {0};
    fmx__html_section(page, "training", "Training", NULL);
    if (page->status == FMX_OK && report->history != NULL)
        page->status = fmx__history_read(page->ctx, report->history, &history);
    if (page->status == FMX_OK && history.rows > 0) {
        use_words(&history);
        fmx__svg_raw(page, "<div class=\"pair\">\n");
        history_diagram(page, &history, COLUMN_LOSS, "Loss");
        history_diagram(page, &history, COLUMN_SHARE, "Figures");
        history_diagram(page, &history, COLUMN_RATE, "Learning rate");
        fmx__svg_raw(page, "</div>\n");
    } else {
        fmx__svg_raw(page, "<p class=\"lead\">The model carries no history of its training.</p>\n");
    }
    fmx__history_clear(&history);
    fmx__html_section_end(page);
}
