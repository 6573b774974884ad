/* What several formats write alike: names of nuclei, titles, axes that rise. */
#include <stdlib.h>
#include <string.h>

#include "io.h"
#include "text_encoding.h"

enum { TITLE_BYTES_MOST = 1 << 20 };

bool fmx__nucleus_name(const char *text, char nucleus[16])
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    static const char figures[] = "0123456789";
    size_t length = strlen(text);
    size_t letters = strspn(text, alphabet);
    size_t digits = strspn(text, figures);
    if (length >= 16)
        return false;
    if (digits > 0 && digits < length && digits + strspn(text + digits, alphabet) == length) {
        memcpy(nucleus, text, length + 1);
        return true;
    }
    if (letters == 0 || letters == length || letters + strspn(text + letters, figures) != length)
        return false;
    memcpy(nucleus, text + letters, length - letters);
    memcpy(nucleus + length - letters, text, letters);
    nucleus[length] = '\0';
    return true;
}

fmx_status fmx__title_read(fmx_context *ctx, const char *path, char **out)
{
    char *raw = NULL;
    char *utf8 = NULL;
    size_t bytes = 0;
    if (path != NULL && fmx__read_file(ctx, path, TITLE_BYTES_MOST, &raw, &bytes) != FMX_OK) {
        fmx__log(ctx, FMX_LOG_WARNING, "%s; read without a title", fmx_context_message(ctx));
        fmx_context_clear(ctx);
    }
    fmx_status status = fmx__text_to_utf8(ctx, raw != NULL ? raw : "", bytes, &utf8);
    if (status == FMX_OK)
        status = fmx__text_one_line(ctx, utf8, out);
    free(utf8);
    free(raw);
    return status;
}

void fmx__turn_round(float *data, size_t points, size_t parts)
{
    for (size_t i = 0; i < points / 2; ++i) {
        for (size_t k = 0; k < parts; ++k) {
            float kept = data[parts * i + k];
            data[parts * i + k] = data[parts * (points - 1 - i) + k];
            data[parts * (points - 1 - i) + k] = kept;
        }
    }
}
