#include "text_encoding.h"

#include <stdlib.h>
#include <string.h>

#include "utf8.h"

/* Windows-1252, 0x80 to 0x9f; 0: not assigned, taken as the control character of Latin-1. */
static const uint16_t windows_1252[32] = {
    0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017d, 0,      0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178,
};

static size_t put_utf8(char *out, uint32_t code)
{
    if (code == 0)
        code = ' ';
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xc0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xe0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3f));
        out[2] = (char)(0x80 | (code & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3f));
    out[2] = (char)(0x80 | (code >> 6 & 0x3f));
    out[3] = (char)(0x80 | (code & 0x3f));
    return 4;
}

static bool is_utf8(const unsigned char *s, size_t n)
{
    uint32_t code = 0;
    for (size_t i = 0; i < n;) {
        size_t length = fmx__utf8_decode((const char *)s + i, n - i, &code);
        if (length == 0)
            return false;
        i += length;
    }
    return true;
}

typedef enum encoding { UTF_8, UTF_16_LITTLE, UTF_16_BIG, SINGLE_BYTE } encoding;

/* Also says how many bytes the byte order mark has. */
static encoding detect(const unsigned char *s, size_t n, size_t *mark)
{
    size_t zeros[2] = {0, 0};
    *mark = 0;
    if (n >= 3 && s[0] == 0xef && s[1] == 0xbb && s[2] == 0xbf) {
        *mark = 3;
        return is_utf8(s + 3, n - 3) ? UTF_8 : SINGLE_BYTE;
    }
    if (n >= 2 && ((s[0] == 0xff && s[1] == 0xfe) || (s[0] == 0xfe && s[1] == 0xff))) {
        *mark = 2;
        return s[0] == 0xff ? UTF_16_LITTLE : UTF_16_BIG;
    }
    for (size_t i = 0; i < n; ++i)
        zeros[i & 1] += s[i] == 0;
    /* western text in UTF-16 is zero in nearly every other byte, and nowhere else */
    if (n % 2 == 0 && zeros[1] > n / 4 && zeros[0] == 0)
        return UTF_16_LITTLE;
    if (n % 2 == 0 && zeros[0] > n / 4 && zeros[1] == 0)
        return UTF_16_BIG;
    return is_utf8(s, n) ? UTF_8 : SINGLE_BYTE;
}

static uint32_t utf16_unit(const unsigned char *s, bool big)
{
    return big ? (uint32_t)s[0] << 8 | s[1] : (uint32_t)s[1] << 8 | s[0];
}

static size_t from_utf16(const unsigned char *s, size_t n, bool big, char *out)
{
    size_t used = 0;
    for (size_t i = 0; i + 1 < n; i += 2) {
        uint32_t code = utf16_unit(s + i, big);
        if (code >= 0xd800 && code < 0xe000) {
            uint32_t low = code < 0xdc00 && i + 3 < n ? utf16_unit(s + i + 2, big) : 0;
            if (low >= 0xdc00 && low < 0xe000) {
                code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
                i += 2;
            } else {
                code = 0xfffd; /* half of a pair */
            }
        }
        used += put_utf8(out + used, code);
    }
    return used;
}

fmx_status fmx__text_to_utf8(fmx_context *ctx, const char *text, size_t bytes, char **out)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t room = 0;
    size_t used = 0;
    size_t mark = 0;
    *out = NULL;
    encoding kind = detect(s, bytes, &mark);
    /* one byte becomes at most three: the euro sign of Windows-1252 */
    if (!fmx__size_mul(bytes, 3, &room) || !fmx__size_add(room, 1, &room))
        return fmx__fail(ctx, FMX_ERROR_MEMORY, "a text of %zu bytes is too long", bytes);
    fmx_status status = fmx__alloc(ctx, room, 1, "text", out);
    if (status != FMX_OK)
        return status;
    s += mark;
    bytes -= mark;
    if (kind == UTF_16_LITTLE || kind == UTF_16_BIG) {
        used = from_utf16(s, bytes, kind == UTF_16_BIG, *out);
    } else {
        for (size_t i = 0; i < bytes; ++i) {
            if (kind == UTF_8)
                (*out)[used++] = s[i] == 0 ? ' ' : (char)s[i];
            else if (s[i] >= 0x80 && s[i] < 0xa0 && windows_1252[s[i] - 0x80] != 0)
                used += put_utf8(*out + used, windows_1252[s[i] - 0x80]);
            else
                used += put_utf8(*out + used, s[i]);
        }
    }
    (*out)[used] = '\0';
    return FMX_OK;
}

fmx_status fmx__text_one_line(fmx_context *ctx, const char *utf8, char **out)
{
    size_t length = strlen(utf8);
    size_t used = 0;
    size_t room = 0;
    *out = NULL;
    /* a line of one letter and its line end become four letters: " / x" */
    if (!fmx__size_mul(length, 2, &room) || !fmx__size_add(room, 4, &room))
        return fmx__fail(ctx, FMX_ERROR_MEMORY, "a text of %zu bytes is too long", length);
    fmx_status status = fmx__alloc(ctx, room, 1, "text", out);
    for (size_t at = 0; status == FMX_OK && at < length;) {
        size_t end = at + strcspn(utf8 + at, "\r\n");
        size_t next = end + (end < length);
        while (at < end && (unsigned char)utf8[at] <= ' ')
            ++at;
        while (end > at && (unsigned char)utf8[end - 1] <= ' ')
            --end;
        if (end > at && used > 0) {
            memcpy(*out + used, " / ", 3);
            used += 3;
        }
        for (; at < end; ++at) {
            bool control = (unsigned char)utf8[at] < ' ' || utf8[at] == 0x7f;
            (*out)[used++] = control ? ' ' : utf8[at];
        }
        at = next;
    }
    return status;
}
