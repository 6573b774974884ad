/* recipe_keys FILE: rewrites the tables of docs/recipes.md (between the two markers) from the
 * tables of the parser. `cmake --build build/release --target recipe-docs` runs it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "atomic_file.h"
#include "recipe_sections.h"
#include "train_section.h"

int main(int argc, char **argv)
{
    fmx_context *ctx = NULL;
    char *page = NULL;
    char *keys = NULL;
    char *whole = NULL;
    size_t bytes = 0;
    if (argc != 2 || fmx_context_create(&ctx) != FMX_OK)
        return 2;
    fmx_status status = fmx__read_file(ctx, argv[1], 1 << 24, &page, &bytes);
    char *first = status == FMX_OK ? strstr(page, "<!-- keys -->\n") : NULL;
    char *last = first != NULL ? strstr(first, "<!-- /keys -->") : NULL;
    if (status == FMX_OK && last == NULL)
        status =
            fmx__fail(ctx, FMX_ERROR_FORMAT, "%s: no <!-- keys --> ... <!-- /keys -->", argv[1]);
    if (status == FMX_OK)
        status = fmx__recipe_keys(ctx, &fmx__recipe_schema_full, &keys);
    if (status == FMX_OK)
        status = fmx__format(ctx, &whole, "%.*s<!-- keys -->\n%s\n%s", (int)(first - page), page,
                             keys, last);
    if (status == FMX_OK && strcmp(whole, page) != 0)
        status = fmx__atomic_write(ctx, argv[1], true, whole, strlen(whole));
    if (status != FMX_OK)
        fprintf(stderr, "recipe_keys: %s\n", fmx_context_message(ctx));
    free(whole);
    free(keys);
    free(page);
    fmx_context_destroy(ctx);
    return fmx_status_exit_code(status);
}
