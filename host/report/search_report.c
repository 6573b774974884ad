#include "search_report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "atomic_file.h"
#include "c_locale.h"
#include "html_internal.h"

enum { WIDTH = 420, HEIGHT = 220, LEFT = 70, TOP = 16, FOOT = 40 };

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

static void add_table(fmx__svg *page, const fmx__search_report *r)
{
    fmx__html_section(page, "ranking", "Trials", "The best first; further rungs before earlier.");
    fmx__svg_raw(page, "<div class=\"scroll\"><table><thead><tr><th>rank</th><th>trial</th>"
                       "<th>epochs</th><th>");
    fmx__svg_escaped(page, r->space->metric);
    fmx__svg_raw(page, "</th><th>weights</th>");
    for (size_t k = 0; k < r->space->entries; ++k) {
        fmx__svg_raw(page, "<th>");
        fmx__svg_escaped(page, r->space->entry[k].name);
        fmx__svg_raw(page, "</th>");
    }
    fmx__svg_raw(page, "<th>note</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < r->trials; ++i) {
        const fmx__search_trial *t = &r->trial[i];
        fmx__html_format(page, "<tr><td>%zu</td><td>%zu</td><td>%zu</td><td>", i + 1, t->number,
                         t->epochs);
        if (!isnan(t->score))
            fmx__html_format(page, "%.6g", t->score);
        fmx__html_format(page, "</td><td>%zu</td>", t->parameters);
        for (size_t k = 0; k < r->space->entries; ++k) {
            fmx__svg_raw(page, "<td>");
            fmx__svg_escaped(page, t->value[k]);
            fmx__svg_raw(page, "</td>");
        }
        fmx__svg_raw(page, "<td>");
        fmx__svg_escaped(page, t->note != NULL ? t->note : "");
        fmx__svg_raw(page, "</td></tr>\n");
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

/* The ends of the scores that are there; false when there is none. */
static bool score_range(const fmx__search_report *r, double *least, double *most)
{
    *least = INFINITY;
    *most = -INFINITY;
    for (size_t i = 0; i < r->trials; ++i) {
        if (isnan(r->trial[i].score))
            continue;
        *least = fmin(*least, r->trial[i].score);
        *most = fmax(*most, r->trial[i].score);
    }
    return *least <= *most;
}

static void add_ticks(fmx__svg *page, const fmx__search_entry *entry)
{
    double width = WIDTH - LEFT - 10;
    char text[64];
    if (entry->kind == FMX__SEARCH_RANGE) {
        snprintf(text, sizeof text, "%.6g", entry->least);
        fmx__svg_label(page, "tick", FMX__SVG_START, LEFT, HEIGHT - FOOT + 16, text);
        snprintf(text, sizeof text, "%.6g", entry->most);
        fmx__svg_label(page, "tick", FMX__SVG_END, LEFT + width, HEIGHT - FOOT + 16, text);
        return;
    }
    for (size_t i = 0; i < entry->choices; ++i) {
        fmx__svg_fit(text, sizeof text, entry->choice[i], 11, width / (double)entry->choices);
        fmx__svg_label(page, "tick", FMX__SVG_MIDDLE,
                       LEFT + width * ((double)i + 0.5) / (double)entry->choices,
                       HEIGHT - FOOT + 16, text);
    }
}

/* The score of each trial over its value of an entry. */
static void add_picture(fmx__svg *page, const fmx__search_report *r, size_t entry, double least,
                        double most)
{
    const fmx__search_entry *e = &r->space->entry[entry];
    double width = WIDTH - LEFT - 10;
    double height = HEIGHT - TOP - FOOT;
    char text[64];
    fmx__html_picture(page, e->name, WIDTH, HEIGHT, WIDTH);
    fmx__svg_line(page, "axis", LEFT, TOP, LEFT, TOP + height);
    fmx__svg_line(page, "axis", LEFT, TOP + height, LEFT + width, TOP + height);
    snprintf(text, sizeof text, "%.4g", most);
    fmx__svg_label(page, "tick", FMX__SVG_END, LEFT - 6, TOP + 4, text);
    snprintf(text, sizeof text, "%.4g", least);
    fmx__svg_label(page, "tick", FMX__SVG_END, LEFT - 6, TOP + height, text);
    add_ticks(page, e);
    fmx__svg_label(page, "title", FMX__SVG_MIDDLE, LEFT + width / 2, HEIGHT - 6, e->name);
    for (size_t i = 0; i < r->trials; ++i) {
        const fmx__search_trial *t = &r->trial[i];
        double span = most > least ? most - least : 1;
        if (isnan(t->score))
            continue;
        fmx__svg_raw(page, "<circle r=\"3.5\" fill=\"currentColor\" fill-opacity=\"0.6\"");
        fmx__svg_attribute(page, "cx", LEFT + width * place_of(e, t->value[entry]));
        fmx__svg_attribute(page, "cy", TOP + height * (1 - (t->score - least) / span));
        fmx__svg_raw(page, "/>");
    }
    fmx__html_picture_end(page);
}

fmx_status fmx__search_html(fmx_context *ctx, const char *path, const fmx__search_report *r)
{
    fmx__svg page = {.ctx = ctx};
    double least = 0;
    double most = 0;
    fmx__c_locale locale;
    fmx__c_locale_enter(&locale);
    fmx__svg_raw(&page, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                        "<meta name=\"viewport\" content=\"width=device-width\">");
    fmx__svg_element(&page, "title", r->title);
    fmx__html_style(&page);
    fmx__svg_raw(&page, "</head><body><main>\n");
    fmx__svg_element(&page, "h1", r->title);
    add_table(&page, r);
    if (score_range(r, &least, &most)) {
        fmx__html_section(&page, "settings", "Score over each setting",
                          "A point is a trial, with the epochs that it was given.");
        for (size_t k = 0; k < r->space->entries; ++k)
            add_picture(&page, r, k, least, most);
        fmx__html_section_end(&page);
    }
    fmx__svg_raw(&page, "</main></body></html>\n");
    fmx__c_locale_leave(&locale);
    fmx_status status = page.status;
    if (status == FMX_OK)
        status = fmx__atomic_write(ctx, path, true, page.text, page.length);
    free(page.text);
    return status;
}
