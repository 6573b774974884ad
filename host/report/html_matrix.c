#include <math.h>
#include <stdio.h>
#include <string.h>

#include "html_internal.h"

enum {
    TOOLTIPS = 64,   /* classes up to which every cell says what it is */
    NUMBER_PX = 16,  /* width of a cell from which its value stands in it */
    DECIMAL_PX = 28, /* the same with decimals */
    MOST = 256,      /* classes up to which there is a picture */
    STEPS = 20,      /* of colour where cells are drawn together */
    LABEL_MOST = 150,
    HEAD = 22,
    FOOT = 44,
};

typedef struct layout {
    double cell;
    double left;
    double top;
    double font;
    const char *font_style;
} layout;

static layout lay_out(const fmx__html_matrix *m)
{
    double c = (double)m->classes;
    layout l = {.cell = fmin(fmax((c <= 28 ? 380 : 620) / c, 4), 40), .font = 12, .font_style = ""};
    if (l.cell < 13) {
        l.font = l.cell < 11 ? 8 : 9.5;
        l.font_style = l.cell < 11 ? "s" : "n";
    }
    double longest = 30;
    for (size_t i = 0; i < m->classes; ++i)
        longest = fmax(longest, 1.15 * fmx__svg_text_width(m->name[i], l.font));
    l.left = fmin(longest, LABEL_MOST) + 26;
    l.top = fmin(longest, LABEL_MOST) + HEAD + 8;
    return l;
}

static void names(fmx__svg *page, const fmx__html_matrix *m, const layout *l)
{
    char text[256];
    size_t every = (size_t)fmax(1, ceil((l->font + 1) / l->cell));
    for (size_t i = 0; i < m->classes; i += every) {
        double at = ((double)i + 0.5) * l->cell;
        fmx__svg_fit(text, sizeof text, m->name[i], l->font, LABEL_MOST);
        fmx__svg_label(page, l->font_style, FMX__SVG_END, l->left - 5, l->top + at + l->font * 0.35,
                       text);
        fmx__html_format(page, "<text class=\"%s\" transform=\"translate(%.1f %.1f) rotate(-90)\">",
                         l->font_style, l->left + at + l->font * 0.35, l->top - 5);
        fmx__svg_escaped(page, text);
        fmx__svg_raw(page, "</text>\n");
    }
    double width = l->cell * (double)m->classes;
    snprintf(text, sizeof text, "%s \xE2\x86\x92", m->columns);
    fmx__svg_label(page, "t", FMX__SVG_START, l->left, 13, text);
    fmx__html_format(page,
                     "<text class=\"t\" transform=\"translate(12 %.1f) rotate(-90)\" "
                     "text-anchor=\"end\">\xE2\x86\x90 %s</text>\n",
                     l->top, m->rows);
    fmx__svg_rect(page, "fr", l->left, l->top, width, width);
}

/* Too much or an error, too little or found, no such mixture. */
static const char *style_of(const fmx__html_matrix *m, size_t row, size_t column, double value)
{
    if (isnan(value))
        return "no";
    return m->counts ? (row == column ? "ng" : "ps") : value > 0 ? "ps" : "ng";
}

static double strength(const fmx__html_matrix *m, size_t row, size_t column, double value)
{
    double most = m->counts && row == column ? m->most_found : m->most;
    return isnan(value) ? 1 : fmin(fabs(value) / most, 1);
}

static void tooltip(fmx__svg *page, const fmx__html_matrix *m, size_t row, size_t column,
                    double value)
{
    char text[40];
    fmx__svg_raw(page, "<title>");
    fmx__svg_escaped(page, m->name[row]);
    fmx__svg_raw(page, " / ");
    fmx__svg_escaped(page, m->name[column]);
    if (isnan(value))
        fmx__svg_raw(page, ": no such mixture</title>");
    else {
        fmx__svg_fixed(text, value, m->decimals);
        fmx__html_format(page, ": %s%s</title>", text, m->unit);
    }
}

/* One path for each cell, with what it says. */
static void cells_apart(fmx__svg *page, const fmx__html_matrix *m)
{
    for (size_t i = 0; i < m->classes; ++i) {
        for (size_t j = 0; j < m->classes; ++j) {
            double value = m->value(m->of, i, j);
            if (value == 0)
                continue;
            fmx__html_format(page,
                             "<path class=\"%s\" fill-opacity=\"%.2f\" d=\"M%zu %zuh1v1h-1z\">",
                             style_of(m, i, j, value), strength(m, i, j, value), j, i);
            tooltip(page, m, i, j, value);
            fmx__svg_raw(page, "</path>\n");
        }
    }
}

/* Which of the colours a cell has: -STEPS .. STEPS, 0 for nothing; STEPS + 1: no such mixture. */
static int level_of(const fmx__html_matrix *m, size_t i, size_t j)
{
    double value = m->value(m->of, i, j);
    if (isnan(value))
        return STEPS + 1;
    int level = (int)lround(strength(m, i, j, value) * STEPS);
    return style_of(m, i, j, value)[0] == 'n' ? -level : level;
}

/* One path for all cells of a colour: for pictures with many. */
static void cells_together(fmx__svg *page, const fmx__html_matrix *m)
{
    for (int level = -STEPS; level <= STEPS + 1; ++level) {
        bool open = false;
        for (size_t i = 0; i < m->classes && level != 0; ++i) {
            for (size_t j = 0; j < m->classes; ++j) {
                if (level_of(m, i, j) != level)
                    continue;
                if (!open)
                    fmx__html_format(page, "<path class=\"%s\" fill-opacity=\"%.2f\" d=\"",
                                     level > STEPS ? "no"
                                     : level > 0   ? "ps"
                                                   : "ng",
                                     fmin(fabs((double)level) / STEPS, 1));
                open = true;
                fmx__html_format(page, "M%zu %zuh1v1h-1z", j, i);
            }
        }
        if (open)
            fmx__svg_raw(page, "\"/>\n");
    }
}

static void numbers(fmx__svg *page, const fmx__html_matrix *m, const layout *l)
{
    char text[40];
    for (size_t i = 0; i < m->classes; ++i) {
        for (size_t j = 0; j < m->classes; ++j) {
            double value = m->value(m->of, i, j);
            if (isnan(value) || value == 0)
                continue;
            fmx__svg_fixed(text, value, m->decimals);
            const char *digits = text;
            if (m->decimals > 0 && digits[0] == '0')
                ++digits; /* ".12" fits */
            else if (m->decimals > 0 && digits[0] == '-' && digits[1] == '0')
                text[1] = '-', ++digits;
            fmx__svg_label(page, strength(m, i, j, value) > 0.6 ? "n inv" : "n", FMX__SVG_MIDDLE,
                           l->left + ((double)j + 0.5) * l->cell,
                           l->top + ((double)i + 0.5) * l->cell + 3.5, digits);
        }
    }
}

/* Swatches of one colour from weak to strong, or strong to weak; returns where they end. */
static double swatches(fmx__svg *page, const char *style, double x, double y, bool falling)
{
    for (int i = 1; i <= 5; ++i)
        fmx__html_format(page,
                         "<rect class=\"%s\" fill-opacity=\"%.2f\" x=\"%.1f\" y=\"%.1f\" "
                         "width=\"16\" height=\"9\"/>",
                         style, (falling ? 6 - i : i) / 5.0, x + 16 * (i - 1), y);
    return x + 80;
}

/* What the colours mean. */
static void scale(fmx__svg *page, const fmx__html_matrix *m, const layout *l)
{
    char text[80];
    char most[40];
    double y = l->top + l->cell * (double)m->classes + 14;
    double x = l->left;
    fmx__svg_fixed(most, m->most, m->decimals);
    if (m->counts) {
        snprintf(text, sizeof text, "errors, up to %s", most);
        x = swatches(page, "ps", x, y, false);
        fmx__svg_label(page, "t", FMX__SVG_START, l->left, y + 22, text);
        fmx__svg_fixed(most, m->most_found, m->decimals);
        snprintf(text, sizeof text, "found, up to %s", most);
        fmx__svg_label(page, "t", FMX__SVG_START, x + 40, y + 22, text);
        swatches(page, "ng", x + 40, y, false);
        return;
    }
    bool both = m->least < 0;
    if (both) {
        snprintf(text, sizeof text, "\xE2\x88\x92%s", most);
        x = swatches(page, "ng", x, y, true);
        fmx__svg_label(page, "t", FMX__SVG_START, l->left, y + 22, text);
    }
    fmx__svg_label(page, "t", both ? FMX__SVG_MIDDLE : FMX__SVG_START, x, y + 22, "0");
    snprintf(text, sizeof text, "%s%s", both ? "+" : "", most);
    x = swatches(page, "ps", x, y, false);
    fmx__svg_label(page, "t", FMX__SVG_END, x, y + 22, text);
    fmx__svg_rect(page, "no", x + 20, y, 16, 9);
    fmx__svg_label(page, "t", FMX__SVG_START, x + 42, y + 9, "no such mixture");
}

static double width_of(const fmx__html_matrix *m, const layout *l)
{
    return fmax(l->left + l->cell * (double)m->classes + 12, l->left + 330);
}

double fmx__html_matrix_width(const fmx__html_matrix *matrix)
{
    layout l = lay_out(matrix);
    return matrix->classes > MOST ? 560 : width_of(matrix, &l);
}

void fmx__html_matrix_draw(fmx__svg *page, const fmx__html_matrix *m)
{
    if (m->classes > MOST) {
        fmx__html_format(page,
                         "<p class=\"note\">%zu compounds are too many for a picture that can be "
                         "read; the table by compound has them all.</p>\n",
                         m->classes);
        return;
    }
    layout l = lay_out(m);
    double side = l.cell * (double)m->classes;
    double width = width_of(m, &l);
    fmx__html_picture(page, m->title, width, l.top + side + FOOT, fmin(width, 460));
    fmx__html_format(page, "<g transform=\"translate(%.2f %.2f) scale(%.4f)\">\n", l.left, l.top,
                     l.cell);
    if (m->classes <= TOOLTIPS)
        cells_apart(page, m);
    else
        cells_together(page, m);
    fmx__svg_raw(page, "</g>\n");
    if (l.cell >= (m->decimals > 0 ? DECIMAL_PX : NUMBER_PX))
        numbers(page, m, &l);
    names(page, m, &l);
    scale(page, m, &l);
    fmx__html_picture_end(page);
}
