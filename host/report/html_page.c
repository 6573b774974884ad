#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "html_internal.h"

/* Shares below this have a second decimal. */
#define SMALL 0.0995

void fmx__html_format(fmx__svg *page, const char *format, ...)
{
    char line[FMX__HTML_LINE];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (page->status == FMX_OK && (length < 0 || (size_t)length >= sizeof line))
        page->status = fmx__fail(page->ctx, FMX_ERROR_ARGUMENT, "a line of the report is too long");
    fmx__svg_raw(page, line);
}

void fmx__html_section(fmx__svg *page, const char *id, const char *title, const char *lead)
{
    fmx__html_format(page, "<section id=\"%s\">\n<h2>%s</h2>\n", id, title);
    if (lead == NULL)
        return;
    fmx__svg_raw(page, "<p class=\"lead\">");
    fmx__svg_raw(page, lead);
    fmx__svg_raw(page, "</p>\n");
}

void fmx__html_section_end(fmx__svg *page)
{
    fmx__svg_raw(page, "</section>\n");
}

void fmx__html_value(char *text, const fmx__figure_info *info, double value)
{
    if (isnan(value))
        snprintf(text, 40, "\xE2\x80\x93");
    else if (info->share)
        snprintf(text, 40, "%.*f\xC2\xA0%%", value < SMALL ? 2 : 1, 100 * value);
    else
        snprintf(text, 40, "%.4f", value);
}

void fmx__html_figure(fmx__svg *page, const fmx__figure_info *info, const fmx__figure *figure)
{
    char text[40];
    fmx__html_value(text, info, figure->value);
    fmx__html_format(page, "<b>%s</b>", text);
    if (isnan(figure->value) || isnan(figure->low) || isnan(figure->high))
        return;
    int decimals = figure->value < SMALL ? 2 : 1;
    if (info->share)
        fmx__html_format(page, " <span class=\"ci\">%.*f\xE2\x80\x93%.*f</span>", decimals,
                         100 * figure->low, decimals, 100 * figure->high);
    else
        fmx__html_format(page, " <span class=\"ci\">%.4f\xE2\x80\x93%.4f</span>", figure->low,
                         figure->high);
}

void fmx__html_percent(char *text, double share)
{
    snprintf(text, 40, "%.*f\xC2\xA0%%", fabs(share) < 0.0995 ? 1 : 0, 100 * share);
}

void fmx__html_mixture(fmx__svg *page, const fmx__report *report, size_t mixture)
{
    if (report->mixture_name != NULL)
        fmx__svg_escaped(page, report->mixture_name[mixture]);
    else
        fmx__html_format(page, "mixture %zu", mixture + 1);
}

void fmx__html_method_heads(fmx__svg *page, const fmx__report *report, size_t columns)
{
    for (size_t m = 0; m < report->methods; ++m) {
        if (columns > 1)
            fmx__html_format(page, "<th colspan=\"%zu\" class=\"mh\">", columns);
        else
            fmx__svg_raw(page, "<th class=\"num\">");
        fmx__html_format(page, "<i class=\"sw b%zu\"></i>", m % FMX__HTML_COLOURS);
        fmx__svg_escaped(page, report->method[m].input->method);
        fmx__svg_raw(page, "</th>");
    }
}

void fmx__html_method_key(fmx__svg *page, const fmx__report *report)
{
    fmx__svg_raw(page, "<p class=\"key\">");
    for (size_t m = 0; m < report->methods; ++m) {
        fmx__html_format(page, "<span><i class=\"sw b%zu\"></i>", m % FMX__HTML_COLOURS);
        fmx__svg_escaped(page, report->method[m].input->method);
        fmx__svg_raw(page, "</span> ");
    }
    fmx__svg_raw(page, "</p>\n");
}

void fmx__html_picture(fmx__svg *page, const char *title, double width_px, double height_px,
                       double least_px)
{
    fmx__html_format(page,
                     "<div class=\"wide\"><svg viewBox=\"0 0 %.0f %.0f\" style=\"width:%.0fpx;"
                     "min-width:%.0fpx\" role=\"img\">",
                     width_px, height_px, width_px, fmin(least_px, width_px));
    fmx__svg_element(page, "title", title);
    fmx__svg_raw(page, "\n");
}

void fmx__html_picture_end(fmx__svg *page)
{
    fmx__svg_raw(page, "</svg></div>\n");
}

fmx_status fmx__html_finish(fmx__svg *page, char **out, size_t *bytes)
{
    fmx__svg_raw(page, "</main>\n</body>\n</html>\n");
    if (page->status != FMX_OK) {
        free(page->text);
        page->text = NULL;
        return page->status;
    }
    *out = page->text;
    *bytes = page->length;
    page->text = NULL;
    return FMX_OK;
}
