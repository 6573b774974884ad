/* UTF-8 from outside: paths and titles may be in any encoding. */
#ifndef FIDMIX_UTF8_H
#define FIDMIX_UTF8_H

#include "base.h"

/* Bytes of the first character of `text` (`bytes` bytes) and its code point; 0 when they are not
 * UTF-8 (overlong forms, surrogates and codes above 10FFFF included) or bytes is 0. */
size_t fmx__utf8_decode(const char *text, size_t bytes, uint32_t *code);

bool fmx__utf8_valid(const char *text);

/* `text` with every byte that is not UTF-8 replaced by U+FFFD, released with free(). */
fmx_status fmx__utf8_repair(fmx_context *ctx, const char *text, char **out);

#endif
