#include "svg.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static void put(fmx__svg *svg, const char *text, size_t bytes)
{
    size_t need = 0;
    if (svg->status != FMX_OK)
        return;
    if (!fmx__size_add(svg->length, bytes, &need) || !fmx__size_add(need, 1, &need)) {
        svg->status = fmx__fail(svg->ctx, FMX_ERROR_MEMORY, "the picture is too large");
        return;
    }
    svg->status = fmx__grow(svg->ctx, &svg->text, &svg->capacity, need, 1, "the picture");
    if (svg->status != FMX_OK)
        return;
    memcpy(svg->text + svg->length, text, bytes);
    svg->length += bytes;
    svg->text[svg->length] = '\0';
}

void fmx__svg_fixed(char *text, double value, unsigned decimals)
{
    static const double power[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};
    if (decimals >= FMX__COUNT(power))
        decimals = FMX__COUNT(power) - 1;
    double scaled = fmin(fmax(value, -1e15), 1e15) * power[decimals];
    scaled = fmin(fmax(scaled, -9e18), 9e18);
    int64_t whole = llround(scaled);
    uint64_t magnitude = whole < 0 ? 0 - (uint64_t)whole : (uint64_t)whole;
    uint64_t unit = (uint64_t)power[decimals];
    int used = snprintf(text, 24, "%s%" PRIu64, whole < 0 ? "-" : "", magnitude / unit);
    if (decimals > 0)
        snprintf(text + used, 20, ".%0*u", (int)decimals, (unsigned)(magnitude % unit));
}

/* Decodes one character; *code is 0xFFFD where the bytes are no UTF-8 or XML forbids the character.
 * Returns the bytes taken, at least 1. */
static size_t decode(const unsigned char *at, uint32_t *code)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    size_t more = at[0] < 0x80 ? 0 : at[0] >> 5 == 6 ? 1 : at[0] >> 4 == 14 ? 2 : 3;
    *code = 0xFFFD;
    if (at[0] >= 0x80 && at[0] >> 5 != 6 && at[0] >> 4 != 14 && at[0] >> 3 != 30)
        return 1;
    uint32_t value = more == 0 ? at[0] : at[0] & (0x3FU >> more);
    for (size_t i = 1; i <= more; ++i) {
        if (at[i] >> 6 != 2) /* the terminating zero ends here too */
            return 1;
        value = value << 6 | (at[i] & 0x3FU);
    }
    bool forbidden = (value < 0x20 && value != '\t' && value != '\n' && value != '\r') ||
                     value == 0x7F || (value >= 0xD800 && value < 0xE000) || value == 0xFFFE ||
                     value == 0xFFFF || value > 0x10FFFF || value < least[more];
    if (!forbidden)
        *code = value;
    return more + 1;
}

/* Advance width in ems, after the proportions of Helvetica-like fonts. */
static double advance_em(uint32_t code)
{
    if (code >= 0x1100)
        return code >= 0x2000 && code < 0x2E80 ? 0.6 : 1.0;
    if (code >= 0x80 || code < 0x20)
        return 0.58;
    if (strchr("ijl.,:;'|!", (int)code) != NULL)
        return 0.29;
    if (strchr("ft()[]{}/\\-r ", (int)code) != NULL)
        return 0.38;
    if (strchr("mwMW@%", (int)code) != NULL)
        return 0.9;
    if (code >= 'A' && code <= 'Z')
        return 0.7;
    return 0.6;
}

double fmx__svg_text_width(const char *text, double font_px)
{
    double em = 0;
    uint32_t code = 0;
    for (const unsigned char *at = (const unsigned char *)text; *at != '\0';) {
        at += decode(at, &code);
        em += advance_em(code);
    }
    return em * font_px;
}

void fmx__svg_fit(char *out, size_t bytes, const char *text, double font_px, double width_px)
{
    static const char ellipsis[] = "\xE2\x80\xA6";
    size_t all = strlen(text);
    if (all < bytes && fmx__svg_text_width(text, font_px) <= width_px) {
        memcpy(out, text, all + 1);
        return;
    }
    double left_em = width_px / font_px - 1.0; /* an ellipsis is one em */
    size_t length = 0;
    while (length < all) {
        uint32_t code = 0;
        size_t step = decode((const unsigned char *)text + length, &code);
        left_em -= advance_em(code);
        if (left_em < 0 || length + step + sizeof ellipsis > bytes)
            break;
        length += step;
    }
    while (length > 0 && text[length - 1] == ' ')
        --length;
    memcpy(out, text, length);
    memcpy(out + length, ellipsis, sizeof ellipsis);
}

void fmx__svg_raw(fmx__svg *svg, const char *markup)
{
    put(svg, markup, strlen(markup));
}

void fmx__svg_escaped(fmx__svg *svg, const char *text)
{
    static const struct {
        uint32_t code;
        const char *name;
    } entities[] = {{'&', "&amp;"},  {'<', "&lt;"},   {'>', "&gt;"},
                    {'"', "&quot;"}, {'\'', "&#39;"}, {0xFFFD, "\xEF\xBF\xBD"}};
    for (const char *at = text; *at != '\0';) {
        uint32_t code = 0;
        size_t step = decode((const unsigned char *)at, &code);
        size_t i = 0;
        while (i < FMX__COUNT(entities) && entities[i].code != code)
            ++i;
        if (i < FMX__COUNT(entities))
            fmx__svg_raw(svg, entities[i].name);
        else
            put(svg, at, step);
        at += step;
    }
}

void fmx__svg_number(fmx__svg *svg, double value)
{
    char text[48];
    fmx__svg_fixed(text, value, 2);
    size_t length = strlen(text);
    while (text[length - 1] == '0')
        --length;
    if (text[length - 1] == '.')
        --length;
    put(svg, text, length);
}

void fmx__svg_integer(fmx__svg *svg, int64_t value)
{
    char text[24];
    int length = snprintf(text, sizeof text, "%" PRId64, value);
    put(svg, text, (size_t)length);
}

void fmx__svg_attribute(fmx__svg *svg, const char *name, double value)
{
    put(svg, " ", 1);
    fmx__svg_raw(svg, name);
    put(svg, "=\"", 2);
    fmx__svg_number(svg, value);
    put(svg, "\"", 1);
}

static void start(fmx__svg *svg, const char *element, const char *style)
{
    put(svg, "<", 1);
    fmx__svg_raw(svg, element);
    fmx__svg_raw(svg, " class=\"");
    fmx__svg_raw(svg, style);
    put(svg, "\"", 1);
}

void fmx__svg_line(fmx__svg *svg, const char *style, double x1, double y1, double x2, double y2)
{
    start(svg, "line", style);
    fmx__svg_attribute(svg, "x1", x1);
    fmx__svg_attribute(svg, "y1", y1);
    fmx__svg_attribute(svg, "x2", x2);
    fmx__svg_attribute(svg, "y2", y2);
    fmx__svg_raw(svg, "/>\n");
}

void fmx__svg_rect(fmx__svg *svg, const char *style, double x, double y, double width,
                   double height)
{
    start(svg, "rect", style);
    fmx__svg_attribute(svg, "x", x);
    fmx__svg_attribute(svg, "y", y);
    fmx__svg_attribute(svg, "width", width);
    fmx__svg_attribute(svg, "height", height);
    fmx__svg_raw(svg, "/>\n");
}

void fmx__svg_label(fmx__svg *svg, const char *style, fmx__svg_anchor anchor, double x, double y,
                    const char *text)
{
    static const char *const anchors[] = {"", " text-anchor=\"middle\"", " text-anchor=\"end\""};
    start(svg, "text", style);
    fmx__svg_raw(svg, anchors[anchor]);
    fmx__svg_attribute(svg, "x", x);
    fmx__svg_attribute(svg, "y", y);
    put(svg, ">", 1);
    fmx__svg_escaped(svg, text);
    fmx__svg_raw(svg, "</text>\n");
}

void fmx__svg_element(fmx__svg *svg, const char *name, const char *text)
{
    put(svg, "<", 1);
    fmx__svg_raw(svg, name);
    put(svg, ">", 1);
    fmx__svg_escaped(svg, text);
    fmx__svg_raw(svg, "</");
    fmx__svg_raw(svg, name);
    fmx__svg_raw(svg, ">\n");
}
