#include "jcamp_table.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* What a character begins. Pseudo-digits carry the first digit of their number (McDonald and Wilks,
 * Appl. Spectrosc. 1988, 42, 151). */
typedef enum form { AFFN, SQUEEZED, DIFFERENCE, REPEAT, BLANK, MISSING, OTHER } form;

typedef struct token {
    form form;
    int digit; /* first digit; with its sign for SQUEEZED and DIFFERENCE */
    bool negative;
} token;

typedef struct decoder {
    fmx_context *ctx;
    const fmx__jcamp_table *table;
    const char *at;
    const char *end;
    size_t line;
    size_t stride;
    float *out;
    size_t count;
    double last;       /* value */
    double difference; /* that led to it */
    bool differs;      /* the last point came from a difference */
    bool any;          /* there is a last value */
} decoder;

static token classify(char c)
{
    if (c >= '0' && c <= '9')
        return (token){AFFN, 0, false};
    if (c == '+' || c == '-' || c == '.')
        return (token){AFFN, 0, false};
    if (c == '@')
        return (token){SQUEEZED, 0, false};
    if (c >= 'A' && c <= 'I')
        return (token){SQUEEZED, c - 'A' + 1, false};
    if (c >= 'a' && c <= 'i')
        return (token){SQUEEZED, c - 'a' + 1, true};
    if (c == '%')
        return (token){DIFFERENCE, 0, false};
    if (c >= 'J' && c <= 'R')
        return (token){DIFFERENCE, c - 'J' + 1, false};
    if (c >= 'j' && c <= 'r')
        return (token){DIFFERENCE, c - 'j' + 1, true};
    if (c >= 'S' && c <= 'Z')
        return (token){REPEAT, c - 'S' + 1, false};
    if (c == 's')
        return (token){REPEAT, 9, false};
    if (c == ' ' || c == '\t' || c == ',' || c == ';')
        return (token){BLANK, 0, false};
    return (token){c == '?' ? MISSING : OTHER, 0, false};
}

static fmx_status refuse(const decoder *d, const char *what)
{
    return fmx__fail(d->ctx, FMX_ERROR_FORMAT, "%s: line %zu: %s; the file is damaged",
                     d->table->path, d->line, what);
}

static bool is_digit(const decoder *d, size_t ahead)
{
    return (size_t)(d->end - d->at) > ahead && d->at[ahead] >= '0' && d->at[ahead] <= '9';
}

/* Digits, a point, more digits; `value` holds what stood before them. */
static double decimals(decoder *d, double value)
{
    for (; is_digit(d, 0); ++d->at)
        value = value * 10 + (*d->at - '0');
    if (d->at < d->end && *d->at == '.') {
        double place = 1;
        for (++d->at; is_digit(d, 0); ++d->at) {
            value = value * 10 + (*d->at - '0');
            place *= 10;
        }
        value /= place;
    }
    return value;
}

/* An exponent is "E" with a sign, behind a number that has a point: without one E is a squeezed 5.
 */
static double exponent(decoder *d, double value)
{
    if (d->end - d->at < 3 || (*d->at != 'E' && *d->at != 'e') ||
        (d->at[1] != '+' && d->at[1] != '-') || !is_digit(d, 2))
        return value;
    bool negative = d->at[1] == '-';
    int power = 0;
    for (d->at += 2; is_digit(d, 0); ++d->at)
        power = power < 1000 ? power * 10 + (*d->at - '0') : power;
    return value * pow(10, negative ? -power : power);
}

/* A plain number; false when there is only a sign or a point. */
static bool affn(decoder *d, double *value)
{
    bool negative = *d->at == '-';
    d->at += *d->at == '-' || *d->at == '+';
    const char *start = d->at;
    *value = decimals(d, 0);
    bool any = d->at - start > 1 || (d->at > start && *start != '.');
    if (memchr(start, '.', (size_t)(d->at - start)) != NULL)
        *value = exponent(d, *value);
    *value = negative ? -*value : *value;
    return any;
}

static fmx_status put(decoder *d, double value)
{
    double scaled = value * d->table->factor;
    if (d->count == d->table->points)
        return refuse(d, "more points than the file declares");
    if (!(fabs(scaled) <= (double)FLT_MAX))
        return refuse(d, "a value that is not finite in single precision");
    d->out[d->count * d->stride] = (float)scaled;
    ++d->count;
    d->last = value;
    d->any = true;
    return FMX_OK;
}

static fmx_status repeat(decoder *d, int first_digit)
{
    double times = decimals(d, first_digit);
    fmx_status status = FMX_OK;
    if (!d->any)
        return refuse(d, "a repetition without a value before it");
    if (times - 1 > (double)(d->table->points - d->count))
        return refuse(d, "more points than the file declares");
    for (size_t i = 1; status == FMX_OK && (double)i < times; ++i)
        status = put(d, d->differs ? d->last + d->difference : d->last);
    return status;
}

/* The first value of a line that follows a difference is the last one again. Values may be rounded
 * where the writer had decimals: half a unit is what rounding may cost. */
static fmx_status check(const decoder *d, double value)
{
    if (fabs(value - d->last) <= 0.5)
        return FMX_OK;
    return fmx__fail(
        d->ctx, FMX_ERROR_FORMAT,
        "%s: line %zu: the check value is %.15g, the line before ends with %.15g; the file "
        "is damaged",
        d->table->path, d->line, value, d->last);
}

/* One value of a line. `checks`: it only repeats the last one. */
static fmx_status one(decoder *d, bool *checks)
{
    token t = classify(*d->at);
    double value = 0;
    if (t.form == AFFN) {
        if (!affn(d, &value))
            return refuse(d, "a sign or a point without a number");
    } else {
        ++d->at;
        if (t.form == REPEAT)
            return repeat(d, t.digit);
        if (t.form == MISSING)
            return refuse(d, "a missing value (\"?\")");
        if (t.form == OTHER)
            return refuse(d, "a character that belongs to no number");
        value = decimals(d, t.digit);
        value = t.negative ? -value : value;
    }
    if (t.form == DIFFERENCE) {
        if (!d->any)
            return refuse(d, "a difference without a value before it");
        d->difference = value;
        d->differs = true;
        *checks = false;
        return put(d, d->last + value);
    }
    if (*checks) {
        *checks = false;
        return check(d, value);
    }
    d->differs = false;
    return put(d, value);
}

/* The end of the line without its comment. */
static const char *line_end(const char *at, const char *end, const char **next)
{
    const char *stop = at;
    while (stop < end && *stop != '\n' && *stop != '\r')
        ++stop;
    *next = stop;
    if (*next < end && **next == '\r')
        ++*next;
    if (*next < end && **next == '\n' && (*next == stop || (*next)[-1] == '\r'))
        ++*next;
    for (const char *c = at; c + 1 < stop; ++c) {
        if (c[0] == '$' && c[1] == '$')
            return c;
    }
    return stop;
}

static void skip_blanks(decoder *d)
{
    while (d->at < d->end && classify(*d->at).form == BLANK)
        ++d->at;
}

/* A line: its X value, then Y values. */
static fmx_status decode_line(decoder *d)
{
    double x = 0;
    bool checks = d->differs;
    fmx_status status = FMX_OK;
    skip_blanks(d);
    if (d->at == d->end)
        return FMX_OK;
    if (classify(*d->at).form != AFFN || !affn(d, &x))
        return refuse(d, "does not begin with a number");
    skip_blanks(d);
    while (status == FMX_OK && d->at < d->end) {
        status = one(d, &checks);
        skip_blanks(d);
    }
    return status;
}

fmx_status fmx__jcamp_decode(fmx_context *ctx, const fmx__jcamp_table *table, size_t stride,
                             float *out, size_t *count)
{
    decoder d = {
        .ctx = ctx, .table = table, .line = table->first_line, .stride = stride, .out = out};
    const char *at = table->text;
    const char *end = table->text + table->bytes;
    fmx_status status = FMX_OK;
    while (status == FMX_OK && at < end) {
        const char *next = end;
        d.at = at;
        d.end = line_end(at, end, &next);
        status = decode_line(&d);
        at = next;
        ++d.line;
    }
    *count = d.count;
    return status;
}
