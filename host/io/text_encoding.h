/* Text in whatever encoding an instrument wrote, as UTF-8. */
#ifndef FIDMIX_TEXT_ENCODING_H
#define FIDMIX_TEXT_ENCODING_H

#include "base.h"

/* Converts `bytes` bytes to UTF-8 in *out (zero at the end, released with free()). UTF-16 is known
 * by its byte order mark or by zeros in every other byte, UTF-8 by being valid; everything else is
 * Windows-1252, of which Latin-1 is the part that older software writes. A byte order mark is
 * dropped, a zero becomes a blank. Errors: FMX_ERROR_MEMORY. */
fmx_status fmx__text_to_utf8(fmx_context *ctx, const char *text, size_t bytes, char **out);

/* Puts a text of several lines (any line ends) on one: blanks at both ends of each line go, empty
 * lines too, the rest is joined by " / "; control characters become blanks. Released with free().
 * Errors: FMX_ERROR_MEMORY. */
fmx_status fmx__text_one_line(fmx_context *ctx, const char *utf8, char **out);

#endif
