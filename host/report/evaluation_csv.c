#include <stdlib.h>
#include <string.h>

#include "atomic_file.h"
#include "c_locale.h"
#include "evaluation_output.h"

static void put_text(FILE *file, const char *text)
{
    if (strpbrk(text, ",\"\r\n") == NULL) {
        fputs(text, file);
        return;
    }
    putc('"', file);
    for (; *text != '\0'; ++text) {
        if (*text == '"')
            putc('"', file);
        putc(*text, file);
    }
    putc('"', file);
}

/* The fewest digits that read back to the same float. */
static void put_number(FILE *file, float value)
{
    char text[32];
    if (value == 0) {
        putc('0', file);
        return;
    }
    for (int digits = 1; digits <= 9; ++digits) {
        snprintf(text, sizeof text, "%.*g", digits, (double)value);
        if (strtof(text, NULL) == value)
            break;
    }
    fputs(text, file);
}

static void put_rows(FILE *file, const fmx__evaluation_input *input, char *const *mixture_name,
                     size_t m)
{
    const float *proportion = input->proportion ? input->proportion : input->presence;
    for (size_t c = 0; c < input->classes; ++c) {
        size_t at = m * input->classes + c;
        if (mixture_name != NULL)
            put_text(file, mixture_name[m]);
        else
            fprintf(file, "%zu", m + 1);
        putc(',', file);
        put_text(file, input->class_name[c]);
        putc(',', file);
        put_number(file, input->truth[at]);
        putc(',', file);
        put_number(file, proportion[at]);
        putc('\n', file);
    }
}

fmx_status fmx__evaluation_csv(fmx_context *ctx, const char *path, bool overwrite,
                               const fmx__evaluation_input *input, char *const *mixture_name)
{
    fmx__atomic_file file = {0};
    fmx__c_locale locale;
    fmx_status status = fmx__atomic_open(ctx, path, overwrite, &file);
    if (status != FMX_OK)
        return status;
    fmx__c_locale_enter(&locale);
    fputs("mixture,class,true,predicted\n", file.stream);
    for (size_t m = 0; status == FMX_OK && m < input->mixtures; ++m) {
        put_rows(file.stream, input, mixture_name, m);
        status = fmx__check_interrupt(ctx);
    }
    fmx__c_locale_leave(&locale);
    if (status == FMX_OK)
        status = fmx__atomic_commit(ctx, &file);
    fmx__atomic_abandon(&file);
    return status;
}
