#include "jcamp_blocks.h"

#include <ctype.h>
#include <string.h>

enum { DEPTH_MOST = 16, LABEL_MOST = 40 };

/* A record: "##LABEL= value" up to the next record. */
typedef struct record {
    char label[LABEL_MOST]; /* capitals, without what does not count */
    const char *start;      /* of "##" */
    const char *value;
    const char *end;
    size_t line; /* of the value's first line */
} record;

typedef struct scanner {
    const char *at;
    const char *end;
    size_t line;
} scanner;

/* What is known of a block while it is open. */
typedef struct open_block {
    fmx__jcamp_block block;
    bool typed;
    char symbol; /* of the page */
} open_block;

static bool counts(char c)
{
    return c > ' ' && strchr("-/_.$", c) == NULL;
}

static void normalise(const char *from, const char *to, char out[LABEL_MOST])
{
    size_t n = 0;
    for (; from < to && n + 1 < LABEL_MOST; ++from) {
        if (counts(*from))
            out[n++] = (char)toupper((unsigned char)*from);
    }
    out[n] = '\0';
}

/* Moves to the next line that begins with "##", blanks before it allowed; false at the end. */
static bool to_record(scanner *s)
{
    while (s->at < s->end) {
        const char *first = s->at;
        while (first < s->end && (*first == ' ' || *first == '\t'))
            ++first;
        if (s->end - first >= 2 && first[0] == '#' && first[1] == '#') {
            s->at = first;
            return true;
        }
        const char *line = memchr(first, '\n', (size_t)(s->end - first));
        s->at = line != NULL ? line + 1 : s->end;
        ++s->line;
    }
    return false;
}

static bool next_record(scanner *s, record *out)
{
    if (!to_record(s))
        return false;
    const char *line = memchr(s->at, '\n', (size_t)(s->end - s->at));
    const char *stop = line != NULL ? line : s->end;
    const char *equals = memchr(s->at, '=', (size_t)(stop - s->at));
    out->start = s->at;
    out->value = equals != NULL ? equals + 1 : stop;
    out->line = s->line;
    normalise(s->at + 2, equals != NULL ? equals : stop, out->label);
    s->at = line != NULL ? line + 1 : s->end;
    ++s->line;
    (void)to_record(s);
    out->end = s->at;
    return true;
}

/* A value of one line in the manner of labels: "NMR FID" is NMRFID. */
static void short_value(const record *r, char out[LABEL_MOST])
{
    const char *stop = r->value;
    while (stop < r->end && *stop != '\n' && *stop != '\r' && *stop != '$')
        ++stop;
    normalise(r->value, stop, out);
}

static void note_type(open_block *b, const record *r)
{
    char type[LABEL_MOST];
    short_value(r, type);
    if (strcmp(type, "NMRFID") != 0 && strcmp(type, "NMRSPECTRUM") != 0)
        return;
    b->typed = true;
    b->block.kind = strcmp(type, "NMRFID") == 0 ? FMX_KIND_FID : FMX_KIND_SPECTRUM;
}

/* The lines below "##XYDATA= (X++(Y..Y))" or "##DATA TABLE= (X++(R..R)), XYDATA". */
static void note_table(open_block *b, const record *r, bool page)
{
    fmx__jcamp_block *block = &b->block;
    char form[LABEL_MOST];
    const char *line = memchr(r->value, '\n', (size_t)(r->end - r->value));
    short_value(r, form);
    char symbol = strstr(form, "(R") != NULL   ? 'R'
                  : strstr(form, "(I") != NULL ? 'I'
                  : strstr(form, "(Y") != NULL ? 'Y'
                                               : '?';
    if (block->head_bytes == 0)
        block->head_bytes = (size_t)(r->start - block->head);
    block->tuples = page;
    if (line == NULL || block->table_count == FMX__JCAMP_TABLES)
        return;
    block->table[block->table_count++] = (fmx__jcamp_data){
        .line = r->line + 1,
        .text = line + 1,
        .bytes = (size_t)(r->end - (line + 1)),
        .symbol = symbol,
    };
}

/* A block ended: it is kept where it is the first of its kind, a FID before a spectrum. */
static void settle(const open_block *b, fmx__jcamp_block *out)
{
    if (!b->typed)
        return;
    if (!out->found || (out->kind == FMX_KIND_SPECTRUM && b->block.kind == FMX_KIND_FID)) {
        *out = b->block;
        out->found = true;
    } else if (out->kind == b->block.kind) {
        ++out->others;
    }
}

bool fmx__jcamp_begins(const char *text, size_t bytes)
{
    record r;
    if (bytes >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        text += 3;
        bytes -= 3;
    }
    const char *end = text + bytes;
    while (text < end && isspace((unsigned char)*text))
        ++text;
    if (end - text < 2 || text[0] != '#' || text[1] != '#')
        return false;
    scanner s = {text, end, 1};
    return next_record(&s, &r) && strcmp(r.label, "TITLE") == 0;
}

void fmx__jcamp_find(const char *text, size_t bytes, fmx__jcamp_block *out)
{
    open_block stack[DEPTH_MOST];
    size_t depth = 0;
    size_t below = 0; /* blocks deeper than the stack: passed over */
    record r;
    scanner s = {text, text + bytes, 1};
    if (bytes >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        s.at += 3;
    *out = (fmx__jcamp_block){0};
    while (next_record(&s, &r)) {
        open_block *b = depth > 0 ? &stack[depth - 1] : NULL;
        if (strcmp(r.label, "TITLE") == 0) {
            if (depth == DEPTH_MOST)
                ++below;
            else
                stack[depth++] = (open_block){.block.head = r.start};
        } else if (strcmp(r.label, "END") == 0) {
            if (below > 0)
                --below;
            else if (depth > 0)
                settle(&stack[--depth], out);
        } else if (b != NULL && below == 0) {
            if (strcmp(r.label, "DATATYPE") == 0)
                note_type(b, &r);
            else if (strcmp(r.label, "XYDATA") == 0)
                note_table(b, &r, false);
            else if (strcmp(r.label, "DATATABLE") == 0)
                note_table(b, &r, true);
        }
    }
    while (depth > 0) /* a file that ends early */
        settle(&stack[--depth], out);
}

const char *fmx__jcamp_text(const fmx__parameters *parameters, const char *label)
{
    for (size_t i = 0; i < parameters->count; ++i) {
        char key[LABEL_MOST];
        normalise(parameters->item[i].key,
                  parameters->item[i].key + strlen(parameters->item[i].key), key);
        if (strcmp(key, label) == 0)
            return parameters->item[i].value;
    }
    return NULL;
}
