/* The C x C tables: what is taken for what, and the published tables of pairs. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "html_internal.h"

enum { LISTED = 8 };

static double count_at(const void *of, size_t row, size_t column)
{
    const fmx__evaluation *e = of;
    return e->confusion[row * e->classes + column];
}

static double taken_at(const void *of, size_t row, size_t column)
{
    const fmx__evaluation *e = of;
    return e->taken_for[row * e->classes + column];
}

static double deviation_at(const void *of, size_t row, size_t column)
{
    const fmx__evaluation *e = of;
    return (double)e->pair_deviation[row * e->classes + column];
}

static double not_top2_at(const void *of, size_t row, size_t column)
{
    const fmx__evaluation *e = of;
    return 1 - (double)e->pair_top2[row * e->classes + column];
}

/* Widens the matrix's scales to the values of what it shows; fmax and fmin pass NaN over. */
static void widen(fmx__html_matrix *m)
{
    for (size_t i = 0; i < m->classes; ++i) {
        for (size_t j = 0; j < m->classes; ++j) {
            double value = m->value(m->of, i, j);
            double *most = m->counts && i == j ? &m->most_found : &m->most;
            *most = fmax(*most, fabs(value));
            m->least = fmin(m->least, value);
        }
    }
}

typedef struct cell {
    size_t row;
    size_t column;
    double value;
} cell;

/* The largest magnitudes off the diagonal, in words. */
static void list_largest(fmx__svg *page, const fmx__html_matrix *m, const char *before,
                         const char *between)
{
    cell found[LISTED];
    size_t count = 0;
    char text[40];
    for (size_t i = 0; i < m->classes * m->classes; ++i) {
        cell now = {i / m->classes, i % m->classes, 0};
        now.value = m->value(m->of, now.row, now.column);
        size_t at = count;
        while (at > 0 && fabs(found[at - 1].value) < fabs(now.value))
            --at;
        if (now.row == now.column || isnan(now.value) || now.value == 0 || at >= LISTED)
            continue;
        count += count < LISTED;
        for (size_t k = count - 1; k > at; --k)
            found[k] = found[k - 1];
        found[at] = now;
    }
    if (count == 0)
        return;
    fmx__html_format(page, "<p class=\"note\">%s", before);
    for (size_t i = 0; i < count; ++i) {
        fmx__svg_raw(page, i > 0 ? "; " : " ");
        fmx__svg_escaped(page, m->name[found[i].row]);
        fmx__svg_raw(page, between);
        fmx__svg_escaped(page, m->name[found[i].column]);
        fmx__svg_fixed(text, found[i].value, m->decimals);
        bool negative = text[0] == '-';
        fmx__html_format(page, " (%s%s%s)", negative ? "\xE2\x88\x92" : "", text + negative,
                         m->unit);
    }
    fmx__svg_raw(page, ".</p>\n");
}

/* A table of every method, beside each other where there is room. */
static void draw_all(fmx__svg *page, const fmx__report *report, fmx__html_matrix *m,
                     const char *before, const char *between)
{
    m->most = m->most_found = m->least = 0;
    for (size_t i = 0; i < report->methods; ++i) { /* one scale, so that they compare */
        m->of = report->method[i].evaluation;
        widen(m);
    }
    m->most = m->most > 0 ? m->most : 1;
    m->most_found = m->most_found > 0 ? m->most_found : 1;
    fmx__svg_raw(page, "<div class=\"pair\">\n");
    for (size_t i = 0; i < report->methods; ++i) {
        m->of = report->method[i].evaluation;
        fmx__html_format(page, "<figure style=\"flex:0 1 %.0fpx\"><h3><i class=\"sw b%zu\"></i>",
                         fmx__html_matrix_width(m), i);
        fmx__svg_escaped(page, report->method[i].input->method);
        fmx__svg_raw(page, "</h3>\n");
        fmx__html_matrix_draw(page, m);
        list_largest(page, m, before, between);
        fmx__svg_raw(page, "</figure>\n");
    }
    fmx__svg_raw(page, "</div>\n");
}

static bool any_single(const fmx__evaluation *e)
{
    for (size_t i = 0; i < e->classes * e->classes; ++i)
        if (e->confusion[i] > 0)
            return true;
    return false;
}

void fmx__html_confusion(fmx__svg *page, const fmx__report *report)
{
    const fmx__evaluation *e = report->method[0].evaluation;
    fmx__html_matrix m = {.name = e->class_name, .classes = e->classes, .unit = "", .counts = true};
    fmx__html_section(page, "confusion", "What is taken for what", NULL);
    if (any_single(e)) {
        fmx__svg_raw(page, "<p class=\"lead\">Confusion matrix of mixtures of one compound: what "
                           "is in it, and which compound is the most probable.</p>\n");
        m.title = "Confusion matrix";
        m.rows = "in the mixture";
        m.columns = "most probable";
        m.value = count_at;
        draw_all(page, report, &m, "Most often:", " taken for ");
    }
    fmx__svg_raw(page, "<p class=\"lead\">In all mixtures: the compound of the row was there and "
                       "missed while that of the column was named falsely; on the diagonal, how "
                       "often it was found. Numbers of mixtures.</p>\n");
    m.title = "Confusion in mixtures";
    m.rows = "there";
    m.columns = "named";
    m.value = taken_at;
    draw_all(page, report, &m, "Most often:", " missed, named instead ");
    fmx__html_section_end(page);
}

/* True when some mixture is of two compounds in equal amounts. */
static bool any_pair(const fmx__evaluation *e)
{
    for (size_t i = 0; i < e->classes; ++i)
        for (size_t j = 0; j < e->classes; ++j)
            if (i != j && !isnan((double)e->pair_deviation[i * e->classes + j]))
                return true;
    return false;
}

void fmx__html_pairs(fmx__svg *page, const fmx__report *report)
{
    const fmx__evaluation *e = report->method[0].evaluation;
    fmx__html_matrix m = {.name = e->class_name, .classes = e->classes, .unit = ""};
    fmx__html_section(page, "pairs", "Pairs of compounds", NULL);
    if (!any_pair(e)) {
        fmx__svg_raw(page, "<p class=\"lead\">None of these mixtures is of two compounds in equal "
                           "amounts. <code>fidmix mix</code> makes every pair once.</p>\n");
        fmx__html_section_end(page);
        return;
    }
    fmx__svg_raw(page, "<p class=\"lead\">Deviation of the predicted from the true proportion of "
                       "the row's compound in mixtures with that of the column (diagonal: alone), "
                       "as a fraction of the mixture. Orange: too much, blue: too little.</p>\n");
    m.title = "Deviation of proportions in pairs";
    m.rows = "predicted compound";
    m.columns = "mixed with";
    m.decimals = 2;
    m.value = deviation_at;
    draw_all(page, report, &m, "Furthest off:", " beside ");
    fmx__svg_raw(page, "<p class=\"lead\">Share of these mixtures in which the row's compound is "
                       "not among the two most probable.</p>\n");
    m.title = "Not among the two most probable";
    m.rows = "compound";
    m.value = not_top2_at;
    draw_all(page, report, &m, "Missed most often:", " beside ");
    fmx__html_section_end(page);
}
