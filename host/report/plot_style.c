#include <math.h>
#include <stdio.h>

#include "plot_internal.h"

/* Up to six traces get one colour each; the sets keep apart for normal vision and under protanopia,
 * deuteranopia and tritanopia (Machado 2009): no pair comes closer than 0.10 in OKLab, and each has
 * a contrast of at least 3:1 with its ground. More traces run through a ramp whose lightness
 * changes in one direction. */
static const uint32_t light_set[FMX__PLOT_COLOURS] = {0x2a86ee, 0x96140a, 0x1e7d62,
                                                      0x992fb2, 0xa08c00, 0x3a435e};
static const uint32_t dark_set[FMX__PLOT_COLOURS] = {0x4b80fd, 0xfc6420, 0x48f0be,
                                                     0xb06ba0, 0xebcc1a, 0x9cb9d2};
static const uint32_t light_ramp[] = {0x41206b, 0x3b4f8f, 0x26788e, 0x24966f, 0x6f9a1c};
static const uint32_t dark_ramp[] = {0x8d86f0, 0x5aa3ea, 0x3cc3b6, 0x84d669, 0xf2e04a};

static uint32_t mix(uint32_t a, uint32_t b, double part)
{
    uint32_t out = 0;
    for (unsigned shift = 0; shift <= 16; shift += 8) {
        double from = (double)(a >> shift & 255);
        double to = (double)(b >> shift & 255);
        out |= (uint32_t)lround(from + (to - from) * part) << shift;
    }
    return out;
}

static uint32_t colour(bool dark, size_t trace, size_t traces)
{
    if (traces <= FMX__PLOT_COLOURS)
        return dark ? dark_set[trace] : light_set[trace];
    const uint32_t *ramp = dark ? dark_ramp : light_ramp;
    double at = (double)trace / (double)(traces - 1) * (double)(FMX__COUNT(light_ramp) - 1);
    size_t stop = (size_t)fmin(floor(at), (double)(FMX__COUNT(light_ramp) - 2));
    return mix(ramp[stop], ramp[stop + 1], at - (double)stop);
}

static void colours(fmx__svg *svg, bool dark, size_t traces)
{
    char rule[64];
    for (size_t i = 0; i < traces; ++i) {
        snprintf(rule, sizeof rule, ".s%zu{stroke:#%06x}%s", i, (unsigned)colour(dark, i, traces),
                 i % 6 == 5 ? "\n" : "");
        fmx__svg_raw(svg, rule);
    }
    fmx__svg_raw(svg, "\n");
}

void fmx__plot_style(fmx__svg *svg, size_t traces)
{
    fmx__svg_raw(svg,
                 "<style>\n"
                 "text{font-family:system-ui,-apple-system,\"Segoe UI\",Roboto,\"Helvetica Neue\","
                 "Arial,sans-serif;font-size:12px;fill:#3c424b}\n"
                 "path{fill:none;stroke-linejoin:round;stroke-linecap:round}\n"
                 ".bg{fill:#ffffff}.ti{font-size:18px;font-weight:600;fill:#14171c}\n"
                 ".su{font-size:12.5px;fill:#667080}.tk,.mu{font-size:11px;fill:#667080}\n"
                 ".nm{fill:#262b33}.zt{font-weight:600;fill:#262b33}\n"
                 ".gr{stroke:#e9ecf0}.mi{stroke:#b4bbc5}.ax,.ba{stroke:#8a93a0}\n"
                 ".zl{stroke:#dfe3e9}.zb{fill:#7c8aa0;fill-opacity:.11}\n"
                 ".sw{stroke-width:2.4;stroke-linecap:round}\n");
    colours(svg, false, traces);
    fmx__svg_raw(svg, "@media (prefers-color-scheme:dark){\n"
                      "text{fill:#c3c9d3}.bg{fill:#14171c}.ti{fill:#f2f4f7}\n"
                      ".su,.tk,.mu{fill:#98a2b1}.nm,.zt{fill:#e4e8ee}\n"
                      ".gr{stroke:#232831}.mi{stroke:#4a5361}.ax,.ba{stroke:#717c8c}\n"
                      ".zl{stroke:#2b313b}.zb{fill:#9fb0cb;fill-opacity:.13}\n");
    colours(svg, true, traces);
    fmx__svg_raw(svg, "}\n</style>\n");
}
