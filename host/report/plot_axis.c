#include "plot_axis.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "svg.h"

/* Multiples of step within [low, high]; a tick that rounding pushed just outside still counts. */
static void count_ticks(double low, double high, fmx__ticks *ticks)
{
    double first = ceil(low / ticks->step - 1e-9);
    double last = floor(high / ticks->step + 1e-9);
    ticks->first = (int64_t)first;
    ticks->count = last < first ? 0 : (size_t)(last - first) + 1;
}

fmx__ticks fmx__ticks_between(double low, double high, size_t most)
{
    static const double mantissas[] = {1, 2, 5};
    static const unsigned parts[] = {5, 4, 5};
    fmx__ticks ticks = {.step = 1, .parts = 5};
    /* steps finer than 1e-12 of the values would not be told apart */
    if (!(low < high) || !isfinite(high - low) || high - low < 1e-12 * fmax(fabs(low), fabs(high)))
        return ticks;
    int exponent = (int)floor(log10((high - low) / (double)(most > 2 ? most : 2)));
    for (int i = 0; i < 9; ++i) {
        int power = exponent + i / 3;
        ticks.step = mantissas[i % 3] * pow(10, power);
        ticks.parts = parts[i % 3];
        ticks.decimals = power < 0 ? (unsigned)(-power < 9 ? -power : 9) : 0;
        count_ticks(low, high, &ticks);
        if (ticks.count <= most)
            break;
    }
    return ticks;
}

double fmx__tick_value(const fmx__ticks *ticks, size_t i)
{
    return (double)(ticks->first + (int64_t)i) * ticks->step;
}

void fmx__tick_text(char *text, const fmx__ticks *ticks, size_t i)
{
    fmx__svg_fixed(text, fmx__tick_value(ticks, i), ticks->decimals);
}

int fmx__axis_exponent(double largest)
{
    if (!(largest > 0) || !isfinite(largest) || (largest >= 0.1 && largest < 1e4))
        return 0;
    return (int)floor(log10(largest));
}

/* Appends digits as superscripts, U+2070..U+2079 with the older U+00B9, U+00B2 and U+00B3. */
static void append_superscript(char *text, const char *digits)
{
    static const char *const forms[] = {
        "\xE2\x81\xB0", "\xC2\xB9",     "\xC2\xB2",     "\xC2\xB3",     "\xE2\x81\xB4",
        "\xE2\x81\xB5", "\xE2\x81\xB6", "\xE2\x81\xB7", "\xE2\x81\xB8", "\xE2\x81\xB9"};
    size_t length = strlen(text);
    for (const char *at = digits; *at != '\0' && length < 32; ++at) {
        const char *form = *at == '-' ? "\xE2\x81\xBB" : forms[*at - '0'];
        memcpy(text + length, form, strlen(form) + 1);
        length += strlen(form);
    }
}

void fmx__axis_power_text(char *text, int exponent)
{
    char digits[16];
    snprintf(digits, sizeof digits, "%d", exponent);
    snprintf(text, 40, "10");
    append_superscript(text, digits);
}

void fmx__axis_value_text(char *text, double value)
{
    int exponent = fmx__axis_exponent(fabs(value));
    double shown = value / pow(10, exponent);
    double size = fabs(shown);
    fmx__svg_fixed(text, shown, size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2);
    if (exponent == 0)
        return;
    char power[40];
    fmx__axis_power_text(power, exponent);
    size_t length = strlen(text);
    snprintf(text + length, 40 - length, " \xC3\x97 %s", power);
}

void fmx__axis_nucleus_text(char *text, const char *nucleus)
{
    char digits[4];
    size_t mass = strspn(nucleus, "0123456789");
    text[0] = '\0';
    if (mass > 0 && mass < sizeof digits) {
        memcpy(digits, nucleus, mass);
        digits[mass] = '\0';
        append_superscript(text, digits);
        nucleus += mass;
    }
    size_t length = strlen(text);
    snprintf(text + length, 40 - length, "%.16s", nucleus);
}
