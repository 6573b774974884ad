#include "html_check.h"

#include <criterion/criterion.h>
#include <stdbool.h>
#include <string.h>

/* The names of open elements. */
typedef struct stack {
    char name[64][32];
    int depth;
} stack;

static bool is_void(const char *name)
{
    return strcmp(name, "meta") == 0 || strcmp(name, "!DOCTYPE") == 0;
}

size_t fmx_check_markup(const char *text)
{
    stack s = {.depth = 0};
    size_t elements = 0;
    for (const char *at = strchr(text, '<'); at != NULL; at = strchr(at, '<')) {
        char name[32];
        bool closes = at[1] == '/';
        size_t length = strcspn(at + 1 + closes, " >/");
        cr_assert(length > 0 && length < sizeof name, "stray < at %.40s", at);
        memcpy(name, at + 1 + closes, length);
        name[length] = '\0';
        const char *end = at + 1;
        for (char quote = '\0'; *end != '\0' && (quote != '\0' || *end != '>'); ++end) {
            cr_assert(*end != '<', "< inside a tag: %.60s", at);
            if (*end == '"')
                quote = quote == '\0' ? '"' : '\0';
        }
        cr_assert_eq(*end, '>', "open end: %.60s", at);
        if (closes) {
            cr_assert(s.depth > 0 && strcmp(s.name[s.depth - 1], name) == 0, "</%s> closes <%s>",
                      name, s.depth > 0 ? s.name[s.depth - 1] : "nothing");
            --s.depth;
        } else if (end[-1] != '/' && !is_void(name)) {
            cr_assert(s.depth < 64);
            memcpy(s.name[s.depth++], name, length + 1);
        }
        ++elements;
        at = end;
    }
    cr_assert_eq(s.depth, 0, "<%s> is never closed", s.depth > 0 ? s.name[s.depth - 1] : "");
    return elements;
}

void fmx_check_references(const char *text)
{
    static const char *const known[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;", "&apos;"};
    for (const char *at = strchr(text, '&'); at != NULL; at = strchr(at + 1, '&')) {
        bool good = false;
        for (size_t i = 0; i < sizeof known / sizeof known[0]; ++i)
            good |= strncmp(at, known[i], strlen(known[i])) == 0;
        cr_assert(good, "bare & at %.30s", at);
    }
}

void fmx_check_own(const char *text)
{
    static const char *const forbidden[] = {
        "http:",   "https:", "//",      "src=",    "@import", "url(",
        "<script", "<link",  "<iframe", "onclick", "nan",     "inf\""};
    for (size_t i = 0; i < sizeof forbidden / sizeof forbidden[0]; ++i) {
        const char *found = strstr(text, forbidden[i]);
        cr_assert_null(found, "the report has %s: %.60s", forbidden[i], found ? found : "");
    }
}
