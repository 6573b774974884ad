/* Plots: numbers, ticks, escaping, what a trace keeps, what the picture says, what is refused. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fidmix/plot.h"
#include "fmx_test.h"
#include "plot_axis.h"
#include "plot_internal.h"
#include "svg.h"

/* Spectra of random noise in [-1, 1) on an axis from 10 to -0.5 ppm, with one point of height 100
 * in each, point `spike`. */
typedef struct spectra {
    double *ppm;
    float *row[64];
    fmx_plot_trace trace[64];
    fmx_plot_data data;
} spectra;

static spectra make(size_t traces, size_t points, size_t spike)
{
    spectra s = {.ppm = malloc((points + 1) * sizeof(double))};
    cr_assert_not_null(s.ppm);
    for (size_t i = 0; i < points; ++i)
        s.ppm[i] = 10 - 10.5 * (double)i / (double)(points > 1 ? points - 1 : 1);
    for (size_t t = 0; t < traces; ++t) {
        s.row[t] = fmx_test_random(points, 7 + t);
        if (spike < points)
            s.row[t][spike] = 100;
        s.trace[t] = (fmx_plot_trace){"compound", s.row[t], 600.13};
    }
    s.data = (fmx_plot_data){s.ppm, points, NULL, traces, "1H"};
    return s;
}

static void drop(spectra *s)
{
    for (size_t t = 0; t < 64; ++t)
        free(s->row[t]);
    free(s->ppm);
}

static char *draw(const fmx_test *test, spectra *s, const fmx_plot_options *options)
{
    char *text = NULL;
    size_t bytes = 0;
    s->data.trace = s->trace;
    fmx_test_ok(test, fmx_plot_text(test->ctx, &s->data, options, &text, &bytes), "drawing");
    cr_assert_eq(bytes, strlen(text));
    return text;
}

/* Well-formed for what the writer uses: elements close in order, attributes are quoted, no stray
 * markup characters, one root. */
static void check_well_formed(const char *text)
{
    char open[64][24];
    size_t depth = 0;
    size_t roots = 0;
    for (const char *at = text; *at != '\0';) {
        cr_assert(*at != '>', "a bare > at ...%.40s", at);
        if (*at == '&')
            cr_assert(strncmp(at, "&amp;", 5) == 0 || strncmp(at, "&lt;", 4) == 0 ||
                          strncmp(at, "&gt;", 4) == 0 || strncmp(at, "&quot;", 6) == 0 ||
                          strncmp(at, "&#39;", 5) == 0,
                      "a bare & at %.40s", at);
        cr_assert((unsigned char)*at >= 0x20 || *at == '\n' || *at == '\t');
        if (*at++ != '<')
            continue;
        bool closing = *at == '/';
        at += closing;
        size_t length = strspn(at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
        cr_assert(length > 0 && length < 24, "no element name at %.40s", at);
        const char *name = at;
        at += length;
        bool quoted = false;
        for (; *at != '\0' && (quoted || *at != '>'); ++at) {
            quoted ^= *at == '"';
            cr_assert(*at != '<', "a < inside a tag at %.40s", at);
        }
        cr_assert_eq(*at, '>');
        bool empty = at[-1] == '/';
        ++at;
        if (closing) {
            cr_assert_gt(depth, 0);
            --depth;
            cr_assert(strlen(open[depth]) == length && strncmp(open[depth], name, length) == 0,
                      "</%.*s> closes <%s>", (int)length, name, open[depth]);
        } else if (!empty) {
            cr_assert_lt(depth, 64);
            roots += depth == 0;
            memcpy(open[depth], name, length);
            open[depth++][length] = '\0';
        }
    }
    cr_assert_eq(depth, 0);
    cr_assert_eq(roots, 1);
}

/* Walks the n-th path and returns its highest point (smallest y) in pixels, and where that is. */
static double highest(const char *text, size_t n, double *x_px)
{
    const char *at = text;
    for (size_t i = 0; i <= n; ++i) {
        at = strstr(i > 0 ? at + 1 : at, "<path d=\"M");
        cr_assert_not_null(at, "there is no path %zu", n);
    }
    char *end = NULL;
    long x = strtol(at + 10, &end, 10);
    long y = strtol(end, &end, 10);
    long top = y;
    long top_x = x;
    char letter = 'l';
    while (*end != '"') {
        if (*end == 'l' || *end == 'h' || *end == 'v')
            letter = *end++;
        char *before = end;
        long first = strtol(end, &end, 10);
        long second = letter == 'l' ? strtol(end, &end, 10) : 0;
        cr_assert_neq(before, end, "no number at %.20s", before);
        x += letter == 'v' ? 0 : first;
        y += letter == 'v' ? first : second;
        if (y < top) {
            top = y;
            top_x = x;
        }
    }
    *x_px = (double)top_x / FMX__PLOT_UNIT;
    return (double)top / FMX__PLOT_UNIT;
}

Test(svg, numbers_are_short_and_exact)
{
    static const struct {
        double value;
        unsigned decimals;
        const char *text;
    } cases[] = {{0, 0, "0"},
                 {-0.0, 2, "0.00"},
                 {-0.004, 2, "0.00"},
                 {1.005e3, 1, "1005.0"},
                 {-2.5, 1, "-2.5"},
                 {0.05, 2, "0.05"},
                 {-12.34, 2, "-12.34"},
                 {1e300, 0, "1000000000000000"},
                 {0.1, 9, "0.100000000"}};
    char text[40];
    for (size_t i = 0; i < FMX__COUNT(cases); ++i) {
        fmx__svg_fixed(text, cases[i].value, cases[i].decimals);
        cr_assert_str_eq(text, cases[i].text, "case %zu: %s", i, text);
    }
    fmx_test test = fmx_test_open_host();
    fmx__svg svg = {.ctx = test.ctx};
    fmx__svg_number(&svg, 12.50);
    fmx__svg_raw(&svg, " ");
    fmx__svg_number(&svg, 100);
    fmx__svg_raw(&svg, " ");
    fmx__svg_number(&svg, -0.001);
    cr_assert_str_eq(svg.text, "12.5 100 0");
    free(svg.text);
    fmx_test_close(&test);
}

Test(svg, text_is_escaped_and_mended)
{
    fmx_test test = fmx_test_open_host();
    fmx__svg svg = {.ctx = test.ctx};
    fmx__svg_escaped(&svg, "a<b>&\"c' \xC2\xB5\x01\xFF\xC3");
    cr_assert_str_eq(svg.text, "a&lt;b&gt;&amp;&quot;c&#39; \xC2\xB5\xEF\xBF\xBD\xEF\xBF\xBD"
                               "\xEF\xBF\xBD");
    free(svg.text);
    fmx_test_close(&test);
}

Test(svg, long_text_is_cut_between_characters)
{
    char out[16];
    fmx__svg_fit(out, sizeof out, "short", 10, 100);
    cr_assert_str_eq(out, "short");
    fmx__svg_fit(out, sizeof out,
                 "\xC2\xB5\xC2\xB5\xC2\xB5\xC2\xB5\xC2\xB5\xC2\xB5\xC2\xB5\xC2\xB5", 10, 1e9);
    cr_assert_str_eq(out, "\xC2\xB5\xC2\xB5\xC2\xB5\xC2\xB5\xC2\xB5\xC2\xB5\xE2\x80\xA6");
    fmx__svg_fit(out, sizeof out, "a long name", 10, 30);
    cr_assert_leq(fmx__svg_text_width(out, 10), 30);
    cr_assert_str_eq(out + strlen(out) - 3, "\xE2\x80\xA6");
}

Test(axis, ticks)
{
    static const struct {
        double low, high;
        size_t most;
        double step;
        size_t count;
        const char *first;
    } cases[] = {{0, 10, 11, 1, 11, "0"},
                 {-0.5, 10.5, 12, 1, 11, "0"},
                 {0, 10, 10, 2, 6, "0"},
                 {1.3, 1.45, 5, 0.05, 4, "1.30"},
                 {3.3999999, 3.41, 6, 0.002, 6, "3.400"},
                 {-2e7, 3e7, 5, 2e7, 3, "-20000000"},
                 {0, 220, 12, 20, 12, "0"}};
    for (size_t i = 0; i < FMX__COUNT(cases); ++i) {
        char text[40];
        fmx__ticks t = fmx__ticks_between(cases[i].low, cases[i].high, cases[i].most);
        cr_assert_float_eq(t.step, cases[i].step, 1e-9 * cases[i].step, "case %zu: %g", i, t.step);
        cr_assert_eq(t.count, cases[i].count, "case %zu: %zu", i, t.count);
        fmx__tick_text(text, &t, 0);
        cr_assert_str_eq(text, cases[i].first, "case %zu: %s", i, text);
        for (size_t k = 0; k < t.count; ++k)
            cr_assert(fmx__tick_value(&t, k) >= cases[i].low - 1e-6 * t.step &&
                      fmx__tick_value(&t, k) <= cases[i].high + 1e-6 * t.step);
    }
    cr_assert_eq(fmx__ticks_between(1, 1, 5).count, 0);
    cr_assert_eq(fmx__ticks_between(NAN, 1, 5).count, 0);
    cr_assert_eq(fmx__ticks_between(0, INFINITY, 5).count, 0);
    cr_assert_eq(fmx__ticks_between(1e9, 1e9 + 1e-7, 5).count, 0);
}

Test(axis, powers_and_nuclei)
{
    char text[40];
    cr_assert_eq(fmx__axis_exponent(9999), 0);
    cr_assert_eq(fmx__axis_exponent(3.4e7), 7);
    cr_assert_eq(fmx__axis_exponent(2e-5), -5);
    cr_assert_eq(fmx__axis_exponent(0), 0);
    fmx__axis_value_text(text, 5e6);
    cr_assert_str_eq(text, "5.00 \xC3\x97 10\xE2\x81\xB6");
    fmx__axis_power_text(text, -12);
    cr_assert_str_eq(text, "10\xE2\x81\xBB\xC2\xB9\xC2\xB2");
    fmx__axis_nucleus_text(text, "13C");
    cr_assert_str_eq(text, "\xC2\xB9\xC2\xB3"
                           "C");
    fmx__axis_nucleus_text(text, "");
    cr_assert_str_eq(text, "");
}

/* Steps are relative, letters are not repeated, level runs are joined and nothing else is. */
Test(plot, paths_are_short_and_true)
{
    static const fmx__plot_point points[] = {{5, 7},   {15, 7},   {25, 7},  {35, 2}, {35, -8},
                                             {35, -8}, {45, -18}, {50, -8}, {60, -8}};
    fmx_test test = fmx_test_open_host();
    fmx__svg svg = {.ctx = test.ctx};
    fmx__plot_path(&svg, points, FMX__COUNT(points));
    cr_assert_str_eq(svg.text, "<path d=\"M5 7h20l10-5v-10l10-10 5 10h10\"/>\n");
    free(svg.text);
    svg = (fmx__svg){.ctx = test.ctx};
    fmx__plot_path(&svg, points, 1);
    cr_assert_str_eq(svg.text, "<path d=\"M5 7\"/>\n");
    free(svg.text);
    fmx_test_close(&test);
}

/* However many points there are, the only one that stands out is drawn, at its height and shift. */
Test(plot, the_tallest_point_never_vanishes)
{
    static const size_t points[] = {2, 3, 2005, 2006, 2007, 100003};
    fmx_test test = fmx_test_open_host();
    for (size_t i = 0; i < FMX__COUNT(points); ++i) {
        for (size_t k = 0; k < 5; ++k) {
            size_t spike = k * (points[i] - 1) / 4;
            spectra s = make(1, points[i], spike);
            fmx_plot_options options = FMX_PLOT_DEFAULT;
            char *text = draw(&test, &s, &options);
            fmx__plot plot;
            double x = 0;
            fmx_test_ok(&test, fmx__plot_plan(test.ctx, &s.data, &options, &plot), "plan");
            const fmx__plot_panel *panel = &plot.panel[0];
            double y = highest(text, 0, &x);
            /* coordinates are rounded to tenths of a pixel */
            double wanted_x = fmx__plot_x(panel, s.ppm[spike]);
            double wanted_y =
                fmx__plot_zero_y(&plot, panel, 0) - 100 * fmx__plot_px_per_unit(&plot, panel);
            cr_assert_float_eq(x, wanted_x, 0.0501, "%zu points, spike %zu: x %g, not %g",
                               points[i], spike, x, wanted_x);
            cr_assert_float_eq(y, wanted_y, 0.0501, "%zu points, spike %zu: y %g, not %g",
                               points[i], spike, y, wanted_y);
            cr_assert(y >= panel->top && y < panel->top + 0.05 * panel->height);
            fmx__plot_plan_clear(&plot);
            free(text);
            drop(&s);
        }
    }
    fmx_test_close(&test);
}

/* Every point lies between the least and the largest that its column keeps. */
Test(plot, columns_keep_their_range)
{
    fmx_test test = fmx_test_open_host();
    spectra s = make(1, 30011, 30011);
    fmx_plot_options options = FMX_PLOT_DEFAULT;
    fmx__plot plot;
    s.data.trace = s.trace;
    fmx_test_ok(&test, fmx__plot_plan(test.ctx, &s.data, &options, &plot), "plan");
    const fmx__plot_panel *panel = &plot.panel[0];
    size_t most = fmx__plot_most_points(&plot, panel);
    fmx__plot_point *kept = malloc(most * sizeof *kept);
    cr_assert_not_null(kept);
    size_t count = fmx__plot_reduce(&plot, panel, 0, kept);
    cr_assert_leq(count, most);
    double zero = fmx__plot_zero_y(&plot, panel, 0);
    double per_unit = fmx__plot_px_per_unit(&plot, panel);
    for (size_t i = 0, from = 0; i < s.data.points; ++i) {
        double x = fmx__plot_x(panel, s.ppm[i]) * FMX__PLOT_UNIT;
        double y = (zero - s.row[0][i] * per_unit) * FMX__PLOT_UNIT;
        double column = plot.column_px * FMX__PLOT_UNIT + 1;
        bool below = false;
        bool above = false;
        while (from < count && kept[from].x < x - column)
            ++from;
        for (size_t k = from; k < count && kept[k].x <= x + column; ++k) {
            below |= kept[k].y >= y - 0.5; /* rounding */
            above |= kept[k].y <= y + 0.5;
        }
        cr_assert(below && above, "point %zu is outside what its column shows", i);
    }
    free(kept);
    fmx__plot_plan_clear(&plot);
    drop(&s);
    fmx_test_close(&test);
}

Test(plot, ppm_falls_to_the_right)
{
    fmx_test test = fmx_test_open_host();
    double x[2];
    for (size_t i = 0; i < 2; ++i) {
        spectra s = make(1, 1000, i == 0 ? 100 : 900);
        fmx_plot_options options = FMX_PLOT_DEFAULT;
        char *text = draw(&test, &s, &options);
        highest(text, 0, &x[i]);
        free(text);
        drop(&s);
    }
    cr_assert_lt(x[0], x[1]);
    fmx_test_close(&test);
}

Test(plot, every_layout_is_well_formed_and_the_same_twice)
{
    static const size_t counts[] = {1, 2, 6, 7, 23, 64};
    static const fmx_plot_region zoom[] = {{4, 3}, {3.5, 3.4}, {2.00001, 2}, {9, 1}, {1.2, 0.8}};
    fmx_test test = fmx_test_open_host();
    for (size_t i = 0; i < FMX__COUNT(counts) * 18; ++i) {
        fmx_plot_options options = FMX_PLOT_DEFAULT;
        spectra s = make(counts[i / 18], 503, 77);
        options.layout = (int)(i % 3);
        options.scale = (int)(i / 3 % 3);
        options.zooms = i % 6;
        options.zoom = zoom;
        options.gain = i % 4 == 0 ? 50 : 1;
        options.height_px = i % 5 == 0 ? 1400 : 0;
        s.trace[0].name = "<script>alert(\"&\")</script>\x02\xFE";
        s.trace[counts[i / 18] / 2].field_mhz = 60;
        s.trace[counts[i / 18] - 1].name = i % 2 ? NULL : "";
        options.title = i % 7 == 0 ? "]]> & <title>" : NULL;
        char *first = draw(&test, &s, &options);
        char *second = draw(&test, &s, &options);
        check_well_formed(first);
        cr_assert_str_eq(first, second);
        cr_assert_not_null(strstr(first, "chemical shift / ppm"));
        cr_assert_not_null(strstr(first, "prefers-color-scheme:dark"));
        cr_assert_null(strstr(first, "<script"));
        cr_assert_null(strstr(first, "nan"));
        cr_assert_null(strstr(first, "inf"));
        free(first);
        free(second);
        drop(&s);
    }
    fmx_test_close(&test);
}

Test(plot, flat_and_extreme_spectra)
{
    fmx_test test = fmx_test_open_host();
    static const float values[] = {0, -1, 3e38f, -3e38f, 1e-45f};
    for (size_t i = 0; i < FMX__COUNT(values) * 4; ++i) {
        spectra s = make(2, 100, 100);
        fmx_plot_options options = FMX_PLOT_DEFAULT;
        options.layout = i % 2 ? FMX_PLOT_STACK : FMX_PLOT_OVERLAY;
        options.scale = i % 4 < 2 ? FMX_PLOT_SCALE_COMMON : FMX_PLOT_SCALE_OWN;
        options.gain = i % 3 ? 1 : 1e6;
        for (size_t k = 0; k < 100; ++k)
            s.row[0][k] = s.row[1][k] = values[i / 4];
        char *text = draw(&test, &s, &options);
        check_well_formed(text);
        cr_assert_null(strstr(text, "nan"));
        free(text);
        drop(&s);
    }
    fmx_test_close(&test);
}

/* The y at which the n-th path stands highest. */
static double top_of(const fmx_test *test, spectra *s, const fmx_plot_options *options, size_t n)
{
    double x = 0;
    char *text = draw(test, s, options);
    double y = highest(text, n, &x);
    check_well_formed(text);
    free(text);
    return y;
}

/* A water line a thousand times the rest: left out of the scale it is cut, and the rest is as tall
 * as if the water were not there. */
Test(plot, unscaled_regions_do_not_count)
{
    static const fmx_plot_region water = {5.2, 4.5};
    static const int layouts[] = {FMX_PLOT_OVERLAY, FMX_PLOT_STACK};
    fmx_test test = fmx_test_open_host();
    for (size_t i = 0; i < 2; ++i) {
        spectra s = make(2, 1051, 200);
        fmx_plot_options options = FMX_PLOT_DEFAULT;
        options.layout = layouts[i];
        options.scale = FMX_PLOT_SCALE_COMMON;
        fmx__plot plot;
        char *text = draw(&test, &s, &options);
        cr_assert_null(strstr(text, "beyond the scale"));
        free(text);
        s.row[0][500] = s.row[1][500] = 1e5f; /* 5.0 ppm */
        fmx_test_ok(&test, fmx__plot_plan(test.ctx, &s.data, &options, &plot), "plan");
        cr_assert_gt(plot.panel[0].high, 9e4);
        fmx__plot_plan_clear(&plot);
        options.unscaled = &water;
        options.unscaled_count = 1;
        fmx_test_ok(&test, fmx__plot_plan(test.ctx, &s.data, &options, &plot), "plan");
        /* the spike of 100, and room of 4 % above an overlay */
        cr_assert(plot.panel[0].high >= 100 && plot.panel[0].high < 105);
        cr_assert(plot.cut);
        /* the first trace is drawn last; in a stack it ends within its own row */
        double y = top_of(&test, &s, &options, 1);
        double row = fmx__plot_zero_y(&plot, &plot.panel[0], 0) -
                     plot.panel[0].high * fmx__plot_px_per_unit(&plot, &plot.panel[0]);
        if (layouts[i] == FMX_PLOT_STACK)
            cr_assert_float_eq(y, row, 0.0501);
        else
            cr_assert_lt(y, plot.panel[0].top);
        fmx__plot_plan_clear(&plot);
        text = draw(&test, &s, &options);
        cr_assert_not_null(strstr(text, "lines beyond the scale cut"));
        free(text);
        drop(&s);
    }
    fmx_test_close(&test);
}

/* A legend that has no room for all names says how many are missing; one that has room names all.
 */
Test(plot, legends_are_complete_or_say_so)
{
    fmx_test test = fmx_test_open_host();
    static const size_t counts[] = {2, 6, 40};
    for (size_t i = 0; i < FMX__COUNT(counts); ++i) {
        spectra s = make(counts[i], 50, 5);
        fmx_plot_options options = FMX_PLOT_DEFAULT;
        options.layout = FMX_PLOT_OVERLAY;
        for (size_t t = 0; t < counts[i]; ++t)
            s.trace[t].name = "a name of a moderate length";
        char *text = draw(&test, &s, &options);
        size_t named = 0;
        for (const char *at = text; (at = strstr(at, "class=\"sw ")) != NULL; ++at)
            ++named;
        const char *more = strstr(text, ">and ");
        size_t missing = 0;
        if (more != NULL)
            cr_assert_eq(sscanf(more, ">and %zu more<", &missing), 1);
        cr_assert_eq(named + missing, counts[i]);
        cr_assert_eq(missing > 0, counts[i] == 40);
        free(text);
        drop(&s);
    }
    fmx_test_close(&test);
}

/* The worst case is noise: every column has two points. */
Test(plot, files_stay_below_a_megabyte)
{
    fmx_test test = fmx_test_open_host();
    spectra s = make(47, 65536, 30000);
    static const fmx_plot_region zoom[] = {{4, 3}, {3.5, 2.9}, {2.5, 2}};
    fmx_plot_options options = FMX_PLOT_DEFAULT;
    options.zoom = zoom;
    options.zooms = 3;
    char *text = draw(&test, &s, &options);
    cr_assert_lt(strlen(text), 1000000, "%zu bytes", strlen(text));
    free(text);
    drop(&s);
    fmx_test_close(&test);
}

static double luminance(unsigned rgb)
{
    static const double weight[] = {0.0722, 0.7152, 0.2126};
    double sum = 0;
    for (unsigned i = 0; i < 3; ++i) {
        double c = (double)(rgb >> 8 * i & 255) / 255;
        sum += weight[i] * (c <= 0.04045 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4));
    }
    return sum;
}

/* WCAG 2: graphics need a contrast of 3:1 with their ground, on the light page and on the dark. */
Test(plot, traces_are_readable_on_both_grounds)
{
    static const size_t counts[] = {6, 7, 30};
    fmx_test test = fmx_test_open_host();
    for (size_t i = 0; i < FMX__COUNT(counts); ++i) {
        fmx__svg svg = {.ctx = test.ctx};
        fmx__plot_style(&svg, counts[i]);
        const char *at = svg.text;
        for (int dark = 0; dark < 2; ++dark) {
            unsigned ground = 0;
            at = strstr(at, ".bg{fill:#");
            cr_assert_eq(sscanf(at, ".bg{fill:#%6x", &ground), 1);
            for (size_t t = 0; t < counts[i]; ++t) {
                char rule[32];
                unsigned colour = 0;
                snprintf(rule, sizeof rule, ".s%zu{stroke:#", t);
                at = strstr(at, rule);
                cr_assert_not_null(at);
                cr_assert_eq(sscanf(at + strlen(rule), "%6x", &colour), 1);
                double a = luminance(ground) + 0.05;
                double b = luminance(colour) + 0.05;
                cr_assert_geq(fmax(a, b) / fmin(a, b), 3.0, "%s colour %zu of %zu: %.2f",
                              dark ? "dark" : "light", t, counts[i], fmax(a, b) / fmin(a, b));
            }
        }
        free(svg.text);
    }
    fmx_test_close(&test);
}

static void refuse(const fmx_test *test, spectra *s, const fmx_plot_options *options,
                   fmx_status expected, const char *part)
{
    char *text = (char *)s;
    s->data.trace = s->trace;
    fmx_test_refused(test, fmx_plot_text(test->ctx, &s->data, options, &text, NULL), expected,
                     part);
    cr_assert_null(text);
}

Test(plot, refusals_of_data)
{
    fmx_test test = fmx_test_open_host();
    fmx_plot_options options = FMX_PLOT_DEFAULT;
    spectra s = make(3, 100, 5);
    s.row[1][42] = NAN;
    refuse(&test, &s, &options, FMX_ERROR_FORMAT, "spectrum 2 (\"compound\")");
    s.row[1][42] = -INFINITY;
    refuse(&test, &s, &options, FMX_ERROR_FORMAT, "point 42");
    s.row[1][42] = 0;
    s.ppm[50] = s.ppm[49];
    refuse(&test, &s, &options, FMX_ERROR_SHAPE, "point 50");
    s.ppm[50] = NAN;
    refuse(&test, &s, &options, FMX_ERROR_FORMAT, "point 50 is not a number");
    s.data.points = 1;
    refuse(&test, &s, &options, FMX_ERROR_SHAPE, "at least 2 points");
    s.data.points = 0;
    refuse(&test, &s, &options, FMX_ERROR_SHAPE, "at least 2 points");
    s.data.traces = 0;
    refuse(&test, &s, &options, FMX_ERROR_SHAPE, "no spectrum");
    s.data.traces = 3;
    s.data.points = 10;
    s.trace[2].intensity = NULL;
    refuse(&test, &s, &options, FMX_ERROR_ARGUMENT, "spectrum 3");
    drop(&s);
    fmx_test_close(&test);
}

Test(plot, refusals_of_options)
{
    fmx_test test = fmx_test_open_host();
    spectra s = make(1, 100, 5);
    static const fmx_plot_region outside[] = {{4, 3}, {20, 12}};
    static const fmx_plot_region reversed = {1, 4};
    static const struct {
        fmx_plot_options options;
        const char *part;
    } cases[] = {
        {{.width_px = 1000, .gain = 1, .region = {1, 4}}, "1:4 is not a region"},
        {{.width_px = 1000, .gain = 1, .region = {NAN, 4}}, "is not a region"},
        {{.width_px = 1000, .gain = 1, .region = {-3, -5}}, "runs from 10 to -0.5 ppm"},
        {{.width_px = 1000, .gain = 1, .zoom = outside, .zooms = 2}, "zoom: 20:12 ppm"},
        {{.width_px = 1000, .gain = 1, .zoom = outside, .zooms = 13}, "at most 12"},
        {{.width_px = 100, .gain = 1}, "width of 100 px"},
        {{.width_px = NAN, .gain = 1}, "width"},
        {{.width_px = 1000, .gain = 1, .height_px = 120}, "give at least"},
        {{.width_px = 1000, .gain = 1, .height_px = -1}, "height of -1 px"},
        {{.width_px = 1000, .gain = 0}, "gain"},
        {{.width_px = 1000, .gain = 1, .layout = 3}, "unknown layout"},
        {{.width_px = 1000, .gain = 1, .unscaled = &reversed, .unscaled_count = 1},
         "unscaled: 1:4"},
    };
    for (size_t i = 0; i < FMX__COUNT(cases); ++i)
        refuse(&test, &s, &cases[i].options, FMX_ERROR_ARGUMENT, cases[i].part);
    drop(&s);
    fmx_test_close(&test);
}

/* Every allocation may fail: a status, no leak (seen by the sanitizer run), no output. */
Test(plot, out_of_memory)
{
    fmx_test test = fmx_test_open_host();
    fmx_plot_options options = FMX_PLOT_DEFAULT;
    spectra s = make(2, 5000, 5);
    s.data.trace = s.trace;
    size_t failures = 0;
    for (size_t nth = 1;; ++nth) {
        char *text = NULL;
        fmx__fail_allocation(test.ctx, nth);
        fmx_status status = fmx_plot_text(test.ctx, &s.data, &options, &text, NULL);
        free(text);
        if (status == FMX_OK)
            break;
        cr_assert_eq(status, FMX_ERROR_MEMORY);
        cr_assert_null(text);
        ++failures;
    }
    cr_assert_geq(failures, 3);
    drop(&s);
    fmx_test_close(&test);
}

Test(plot, an_existing_output_stays)
{
    fmx_test test = fmx_test_open_host();
    fmx_plot_options options = FMX_PLOT_DEFAULT;
    spectra s = make(2, 500, 5);
    char path[512];
    char *text = NULL;
    char *whole = draw(&test, &s, &options);
    size_t bytes = 0;
    snprintf(path, sizeof path, "%s/a.svg", fmx_test_folder());
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file);
    fputs("kept", file);
    fclose(file);
    fmx_test_refused(&test, fmx_plot_write(test.ctx, &s.data, &options, path, false),
                     FMX_ERROR_EXISTS, path);
    fmx_test_ok(&test, fmx__read_file(test.ctx, path, 100, &text, &bytes), "reading");
    cr_assert_str_eq(text, "kept");
    free(text);
    fmx_test_ok(&test, fmx_plot_write(test.ctx, &s.data, &options, path, true), "overwriting");
    fmx_test_ok(&test, fmx__read_file(test.ctx, path, 1 << 20, &text, &bytes), "reading");
    cr_assert_str_eq(text, whole);
    free(text);
    fmx_test_refused(&test, fmx_plot_write(test.ctx, &s.data, &options, "/nowhere/a.svg", true),
                     FMX_ERROR_WRITE, "/nowhere/a.svg");
    free(whole);
    drop(&s);
    fmx_test_close(&test);
}
