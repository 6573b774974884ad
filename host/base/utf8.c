#include "utf8.h"

#include <string.h>

size_t fmx__utf8_decode(const char *text, size_t bytes, uint32_t *code)
{
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    if (bytes == 0)
        return 0;
    unsigned char first = (unsigned char)text[0];
    size_t length = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (length > bytes || (length > 1 && (first < 0xc2 || first > 0xf4)))
        return 0;
    uint32_t value = length == 1 ? first : first & (0x7fu >> length);
    for (size_t i = 1; i < length; ++i) {
        unsigned char next = (unsigned char)text[i];
        if ((next & 0xc0) != 0x80)
            return 0;
        value = value << 6 | (next & 0x3f);
    }
    if (value < least[length] || value > 0x10ffff || (value >= 0xd800 && value < 0xe000))
        return 0;
    *code = value;
    return length;
}

bool fmx__utf8_valid(const char *text)
{
    uint32_t code = 0;
    size_t left = strlen(text);
    while (left > 0) {
        size_t bytes = fmx__utf8_decode(text, left, &code);
        if (bytes == 0)
            return false;
        text += bytes;
        left -= bytes;
    }
    return true;
}

fmx_status fmx__utf8_repair(fmx_context *ctx, const char *text, char **out)
{
    uint32_t code = 0;
    size_t left = strlen(text);
    fmx_status status = fmx__alloc(ctx, left + 1, 3, "text", out); /* U+FFFD is three bytes */
    char *to = *out;
    while (status == FMX_OK && left > 0) {
        size_t bytes = fmx__utf8_decode(text, left, &code);
        memcpy(to, bytes > 0 ? text : "\xef\xbf\xbd", bytes > 0 ? bytes : 3);
        to += bytes > 0 ? bytes : 3;
        bytes = bytes > 0 ? bytes : 1;
        text += bytes;
        left -= bytes;
    }
    return status;
}
