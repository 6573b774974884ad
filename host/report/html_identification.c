#include <math.h>
#include <stdlib.h>

#include "html_internal.h"

enum { SAMPLE = 24, WORST = 8, MOST_FALSE = 8 };

/* A class of one mixture, for sorting. */
typedef struct named {
    size_t of_class;
    double key;
} named;

static int larger_first(const void *a, const void *b)
{
    const named *x = a;
    const named *y = b;
    if (x->key != y->key)
        return x->key > y->key ? -1 : 1;
    return x->of_class < y->of_class ? -1 : x->of_class > y->of_class;
}

/* Classes of a row with a value, largest first; returns their number. */
static size_t sort_row(const float *value, size_t classes, double least, named *out)
{
    size_t count = 0;
    for (size_t c = 0; c < classes; ++c)
        if ((double)value[c] > least)
            out[count++] = (named){c, (double)value[c]};
    qsort(out, count, sizeof *out, larger_first);
    return count;
}

static void item(fmx__svg *page, const fmx__evaluation_input *input, size_t mixture, size_t c,
                 const char *style, const char *word)
{
    size_t cell = mixture * input->classes + c;
    char share[40];
    fmx__html_format(page, "<li><span class=\"tag %s\">%s</span>", style, word);
    fmx__svg_escaped(page, input->class_name[c]);
    fmx__html_format(page, " <span class=\"said\">%.3f", (double)input->presence[cell]);
    if (input->proportion != NULL && input->proportion != input->presence) {
        fmx__html_percent(share, (double)input->proportion[cell]);
        fmx__html_format(page, ", %s", share);
    }
    fmx__svg_raw(page, "</span></li>");
}

static void truth_cell(fmx__svg *page, const fmx__evaluation_input *input, const named *in,
                       size_t count)
{
    char share[40];
    fmx__svg_raw(page, "<td data-m=\"in it\"><ul class=\"id\">");
    for (size_t i = 0; i < count; ++i) {
        fmx__html_percent(share, in[i].key);
        fmx__svg_raw(page, "<li>");
        fmx__svg_escaped(page, input->class_name[in[i].of_class]);
        fmx__html_format(page, " <span class=\"said\">%s</span></li>", share);
    }
    fmx__svg_raw(page, count == 0 ? "<li>nothing, noise only</li></ul></td>" : "</ul></td>");
}

/* What one method says of a mixture: hits and misses in the order of amounts, then what it named
 * falsely. */
static void answer_cell(fmx__svg *page, const fmx__report_method *method, size_t mixture,
                        const named *in, size_t count, named *scratch)
{
    const fmx__evaluation_input *input = method->input;
    const float *presence = input->presence + mixture * input->classes;
    const float *truth = input->truth + mixture * input->classes;
    double threshold = method->evaluation->threshold;
    size_t falses = 0;
    fmx__svg_raw(page, "<td data-m=\"");
    fmx__svg_escaped(page, input->method);
    fmx__svg_raw(page, "\"><ul class=\"id\">");
    for (size_t i = 0; i < count; ++i) {
        bool hit = (double)presence[in[i].of_class] >= threshold;
        item(page, input, mixture, in[i].of_class, hit ? "hit" : "miss", hit ? "hit" : "missed");
    }
    size_t scored = sort_row(presence, input->classes, -INFINITY, scratch);
    for (size_t i = 0; i < scored && scratch[i].key >= threshold; ++i) {
        if (truth[scratch[i].of_class] > 0)
            continue;
        if (falses++ < MOST_FALSE)
            item(page, input, mixture, scratch[i].of_class, "false", "false");
    }
    if (falses > MOST_FALSE)
        fmx__html_format(page, "<li><span class=\"tag false\">false</span>%zu more</li>",
                         falses - MOST_FALSE);
    if (count == 0 && falses == 0)
        fmx__svg_raw(page, "<li><span class=\"tag hit\">right</span>names nothing</li>");
    fmx__svg_raw(page, "</ul></td>");
}

static void table(fmx__svg *page, const fmx__report *report, const size_t *mixture, size_t count,
                  named *in, named *scratch)
{
    const fmx__evaluation_input *first = report->method[0].input;
    fmx__svg_raw(page, "<div class=\"wide\"><table class=\"id\">\n<thead><tr><th>mixture</th>"
                       "<th>in it</th>");
    for (size_t m = 0; m < report->methods; ++m) {
        fmx__html_format(page, "<th><i class=\"sw b%zu\"></i>", m);
        fmx__svg_escaped(page, report->method[m].input->method);
        fmx__svg_raw(page, "</th>");
    }
    fmx__svg_raw(page, "</tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < count; ++i) {
        size_t parts = sort_row(first->truth + mixture[i] * first->classes, first->classes, 0, in);
        fmx__svg_raw(page, "<tr><th>");
        fmx__html_mixture(page, report, mixture[i]);
        fmx__svg_raw(page, "</th>");
        truth_cell(page, first, in, parts);
        for (size_t m = 0; m < report->methods; ++m)
            answer_cell(page, &report->method[m], mixture[i], in, parts, scratch);
        fmx__svg_raw(page, "</tr>\n");
    }
    fmx__svg_raw(page, "</tbody></table></div>\n");
}

/* Errors of the first method in a mixture. */
static size_t errors_of(const fmx__report_method *method, size_t mixture)
{
    const fmx__evaluation_input *input = method->input;
    size_t errors = 0;
    for (size_t c = 0; c < input->classes; ++c) {
        size_t cell = mixture * input->classes + c;
        bool called = (double)input->presence[cell] >= method->evaluation->threshold;
        errors += called != (input->truth[cell] > 0);
    }
    return errors;
}

/* The mixtures with the most errors, in that order; equal ones as they come. */
static size_t find_worst(const fmx__report *report, size_t worst[WORST])
{
    size_t errors[WORST];
    size_t count = 0;
    for (size_t i = 0; i < report->method[0].input->mixtures; ++i) {
        size_t now = errors_of(&report->method[0], i);
        size_t at = count;
        while (at > 0 && errors[at - 1] < now)
            --at;
        if (now == 0 || at >= WORST)
            continue;
        count += count < WORST;
        for (size_t k = count - 1; k > at; --k) {
            errors[k] = errors[k - 1];
            worst[k] = worst[k - 1];
        }
        errors[at] = now;
        worst[at] = i;
    }
    return count;
}

void fmx__html_identification(fmx__svg *page, const fmx__report *report)
{
    const fmx__evaluation_input *first = report->method[0].input;
    size_t sample[SAMPLE];
    size_t worst[WORST];
    size_t count = first->mixtures < SAMPLE ? first->mixtures : SAMPLE;
    named *in = NULL;
    named *scratch = NULL;
    for (size_t i = 0; i < count; ++i)
        sample[i] = i * first->mixtures / count;
    fmx_status status = fmx__alloc(page->ctx, first->classes, sizeof *in, "names", &in);
    if (status == FMX_OK)
        status = fmx__alloc(page->ctx, first->classes, sizeof *scratch, "names", &scratch);
    if (page->status == FMX_OK)
        page->status = status;
    if (page->status == FMX_OK) {
        fmx__html_section(page, "mixtures", "Names given to mixtures",
                          "Behind each name: presence, then the proportion where the method gives "
                          "one. Behind what is in the mixture: its true proportion.");
        fmx__html_format(page,
                         "<p class=\"note\">%zu of %zu mixtures, evenly spread over the set, not "
                         "chosen by their outcome.</p>\n",
                         count, first->mixtures);
        table(page, report, sample, count, in, scratch);
        size_t bad = find_worst(report, worst);
        fmx__svg_raw(page, bad > 0 ? "<h3>Most errors: " : "<h3>No errors: ");
        fmx__svg_escaped(page, first->method);
        fmx__svg_raw(page, "</h3>\n");
        if (bad > 0)
            table(page, report, worst, bad, in, scratch);
        fmx__html_section_end(page);
    }
    free(in);
    free(scratch);
}
