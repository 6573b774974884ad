#include "search_report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "atomic_file.h"
#include "c_locale.h"
#include "html_internal.h"
#include "plot_axis.h"

enum {
    WIDTH = 540,
    HEIGHT = 230,
    LEFT = 58,
    SIDE = 14,
    TOP = 12,
    FOOT = 26,
    NARROW = 320,
    LOG_FROM = 30
};

void fmx__search_text(FILE *to, const fmx__search_report *r)
{
    fmx__c_locale locale;
    fmx__c_locale_enter(&locale);
    fprintf(to, "%4s %5s %6s %14s %12s  settings\n", "rank", "trial", "epochs", r->space->metric,
            "weights");
    for (size_t i = 0; i < r->trials; ++i) {
        const fmx__search_trial *t = &r->trial[i];
        fprintf(to, "%4zu %5zu %6zu %14.6g %12zu ", i + 1, t->number, t->epochs, t->score,
                t->parameters);
        for (size_t k = 0; k < r->space->entries; ++k)
            fprintf(to, "%s %s=%s", k > 0 ? "," : "", r->space->entry[k].name, t->value[k]);
        fprintf(to, "%s%s\n", t->note != NULL ? "; " : "", t->note != NULL ? t->note : "");
    }
    fmx__c_locale_leave(&locale);
}

static bool any_note(const fmx__search_report *r)
{
    for (size_t i = 0; i < r->trials; ++i)
        if (r->trial[i].note != NULL)
            return true;
    return false;
}

/* "num" for what is set right: numbers of a range. */
static const char *cell_class(const fmx__search_entry *entry)
{
    return entry->kind == FMX__SEARCH_RANGE ? " class=\"num\"" : "";
}

static void add_head(fmx__svg *page, const fmx__search_report *r, bool notes)
{
    fmx__svg_raw(page, "<div class=\"wide\"><table><thead><tr><th class=\"num\">rank</th><th "
                       "class=\"num\">trial</th><th class=\"num\">epochs</th><th class=\"num\">");
    fmx__svg_escaped(page, r->space->metric);
    fmx__svg_raw(page, "</th><th class=\"num\">weights</th>");
    for (size_t k = 0; k < r->space->entries; ++k) {
        fmx__html_format(page, "<th%s>", cell_class(&r->space->entry[k]));
        fmx__svg_escaped(page, r->space->entry[k].name);
        fmx__svg_raw(page, "</th>");
    }
    fmx__svg_raw(page, notes ? "<th>note</th>" : "");
    fmx__svg_raw(page, "</tr></thead><tbody>\n");
}

static void add_table(fmx__svg *page, const fmx__search_report *r)
{
    bool notes = any_note(r);
    fmx__html_section(page, "ranking", "Trials", "The best first; further rungs before earlier.");
    add_head(page, r, notes);
    for (size_t i = 0; i < r->trials; ++i) {
        const fmx__search_trial *t = &r->trial[i];
        fmx__html_format(page,
                         "<tr><td class=\"num\">%zu</td><td class=\"num\">%zu</td><td "
                         "class=\"num\">%zu</td><td class=\"num\">",
                         i + 1, t->number, t->epochs);
        if (!isnan(t->score))
            fmx__html_format(page, "<b>%.6g</b>", t->score);
        fmx__html_format(page, "</td><td class=\"num\">%zu</td>", t->parameters);
        for (size_t k = 0; k < r->space->entries; ++k) {
            fmx__html_format(page, "<td%s>", cell_class(&r->space->entry[k]));
            fmx__svg_escaped(page, t->value[k]);
            fmx__svg_raw(page, "</td>");
        }
        if (notes) {
            fmx__svg_raw(page, "<td>");
            fmx__svg_escaped(page, t->note != NULL ? t->note : "");
            fmx__svg_raw(page, "</td>");
        }
        fmx__svg_raw(page, "</tr>\n");
    }
    fmx__svg_raw(page, "</tbody></table></div>\n");
    fmx__html_section_end(page);
}

/* Where a value of an entry stands, 0 to 1. */
static double place_of(const fmx__search_entry *entry, const char *value)
{
    if (entry->kind == FMX__SEARCH_RANGE) {
        double at = fmx__c_strtod(value, NULL);
        if (entry->log)
            return log(at / entry->least) / log(entry->most / entry->least);
        return (at - entry->least) / (entry->most - entry->least);
    }
    for (size_t i = 0; i < entry->choices; ++i) {
        if (strcmp(entry->choice[i], value) == 0)
            return ((double)i + 0.5) / (double)entry->choices;
    }
    return 0;
}

/* The scores' axis: in their logarithm where they span decades. */
typedef struct axis {
    double least;
    double most;
    bool log;
    size_t epochs; /* of the trials that went furthest */
} axis;

/* False when there is no score. */
static bool find_axis(const fmx__search_report *r, axis *out)
{
    *out = (axis){.least = INFINITY, .most = -INFINITY};
    for (size_t i = 0; i < r->trials; ++i) {
        const fmx__search_trial *t = &r->trial[i];
        if (isnan(t->score))
            continue;
        out->least = fmin(out->least, t->score);
        out->most = fmax(out->most, t->score);
        out->epochs = t->epochs > out->epochs ? t->epochs : out->epochs;
    }
    out->log = out->least > 0 && out->most > LOG_FROM * out->least;
    return out->least <= out->most;
}

/* Height of a score, 0 to 1. */
static double height_of(const axis *a, double score)
{
    if (!(a->most > a->least))
        return 0.5;
    return a->log ? log(score / a->least) / log(a->most / a->least)
                  : (score - a->least) / (a->most - a->least);
}

static void score_tick(fmx__svg *page, const axis *a, double value, const char *text)
{
    double y = TOP + (HEIGHT - TOP - FOOT) * (1 - height_of(a, value));
    fmx__svg_line(page, "g", LEFT, y, WIDTH - SIDE, y);
    fmx__svg_label(page, "t", FMX__SVG_END, LEFT - 8, y + 4, text);
}

static void score_ticks(fmx__svg *page, const axis *a)
{
    char text[64];
    if (!a->log) {
        fmx__ticks ticks = fmx__ticks_between(a->least, a->most, 5);
        for (size_t i = 0; i < ticks.count && a->most > a->least; ++i) {
            fmx__tick_text(text, &ticks, i);
            score_tick(page, a, fmx__tick_value(&ticks, i), text);
        }
        return;
    }
    for (int power = (int)ceil(log10(a->least)); power <= (int)floor(log10(a->most)); ++power) {
        snprintf(text, sizeof text, "%g", pow(10, power));
        score_tick(page, a, pow(10, power), text);
    }
}

static void add_ticks(fmx__svg *page, const fmx__search_entry *entry)
{
    double width = WIDTH - LEFT - SIDE;
    char text[64];
    if (entry->kind == FMX__SEARCH_RANGE) {
        snprintf(text, sizeof text, "%.6g", entry->least);
        fmx__svg_label(page, "t", FMX__SVG_START, LEFT, HEIGHT - FOOT + 16, text);
        snprintf(text, sizeof text, "%.6g", entry->most);
        fmx__svg_label(page, "t", FMX__SVG_END, LEFT + width, HEIGHT - FOOT + 16, text);
        return;
    }
    for (size_t i = 0; i < entry->choices; ++i) {
        fmx__svg_fit(text, sizeof text, entry->choice[i], 11, width / (double)entry->choices);
        fmx__svg_label(page, "t", FMX__SVG_MIDDLE,
                       LEFT + width * ((double)i + 0.5) / (double)entry->choices,
                       HEIGHT - FOOT + 16, text);
    }
}

/* The score of each trial over its value of an entry. */
static void add_picture(fmx__svg *page, const fmx__search_report *r, size_t entry, const axis *a)
{
    const fmx__search_entry *e = &r->space->entry[entry];
    double width = WIDTH - LEFT - SIDE;
    double height = HEIGHT - TOP - FOOT;
    fmx__svg_raw(page, "<figure><h3>");
    fmx__svg_escaped(page, e->name);
    fmx__svg_raw(page, "</h3>\n");
    fmx__html_picture(page, e->name, WIDTH, HEIGHT, NARROW);
    score_ticks(page, a);
    fmx__svg_line(page, "a", LEFT, TOP + height, LEFT + width, TOP + height);
    add_ticks(page, e);
    for (size_t i = r->trials; i-- > 0;) { /* the best on top */
        const fmx__search_trial *t = &r->trial[i];
        if (isnan(t->score))
            continue;
        fmx__html_format(page, "<circle class=\"k%d\" r=\"3.8\" fill-opacity=\"0.75\"",
                         t->epochs == a->epochs ? 0 : 1);
        fmx__svg_attribute(page, "cx", LEFT + width * place_of(e, t->value[entry]));
        fmx__svg_attribute(page, "cy", TOP + height * (1 - height_of(a, t->score)));
        fmx__svg_raw(page, "/>");
    }
    fmx__html_picture_end(page);
    fmx__svg_raw(page, "</figure>\n");
}

static void add_pictures(fmx__svg *page, const fmx__search_report *r)
{
    axis a;
    if (!find_axis(r, &a))
        return;
    fmx__html_section(page, "settings", "Score over each setting",
                      "A point is a trial. With successive halving most trials end early: what "
                      "they reached by then is not what they would have reached.");
    fmx__html_format(page,
                     "<p class=\"key\"><span><i class=\"sw b0\"></i>%zu epochs</span> <span><i "
                     "class=\"sw b1\"></i>fewer</span></p>\n<div class=\"pair\">\n",
                     a.epochs);
    for (size_t k = 0; k < r->space->entries; ++k)
        add_picture(page, r, k, &a);
    fmx__svg_raw(page, "</div>\n");
    fmx__html_section_end(page);
}

fmx_status fmx__search_html(fmx_context *ctx, const char *path, const fmx__search_report *r)
{
    fmx__svg page = {.ctx = ctx};
    char *text = NULL;
    size_t bytes = 0;
    fmx__c_locale locale;
    fmx__c_locale_enter(&locale);
    fmx__svg_raw(&page, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                        "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">");
    fmx__svg_raw(&page, "<title>Search of ");
    fmx__svg_escaped(&page, r->title);
    fmx__svg_raw(&page, "</title>");
    fmx__html_style(&page);
    fmx__svg_raw(&page, "</head><body><main>\n<h1>Search of ");
    fmx__svg_escaped(&page, r->title);
    fmx__html_format(&page, "</h1>\n<p class=\"lead\">%zu trials by ", r->trials);
    fmx__svg_escaped(&page, r->space->metric);
    fmx__html_format(&page, ", the %s the better.</p>\n", r->space->most ? "more" : "less");
    add_table(&page, r);
    add_pictures(&page, r);
    fmx_status status = fmx__html_finish(&page, &text, &bytes);
    fmx__c_locale_leave(&locale);
    if (status == FMX_OK)
        status = fmx__atomic_write(ctx, path, true, text, bytes);
    free(text);
    return status;
}
