/* From spin systems to a library: which of them are one compound, their lines, multiplets. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base.h"
#include "library_between.h"
#include "library_file.h"
#include "library_pen.h"
#include "library_same.h"

/* Wider than any coupling between protons. */
static const double usual_gap_ppm = 0.025;
static const double widest_coupling_hz = 18;
static const double least_protons = 0.01;

/* A library under construction. */
typedef struct build {
    fmx_context *ctx;
    const fmx_spin_library *spins;
    const fmx_library_options *options;
    fmx__library_pen pen;
    fmx_library *library;      /* pen.to */
    fmx__library_facts *facts; /* [compounds] */
} build;

/* ---- names ----------------------------------------------------------------------------------- */

static bool has_synonym(const fmx_compound *c, const char *text, size_t length)
{
    for (size_t i = 0; i < c->synonym_count; ++i) {
        if (strlen(c->synonym[i]) == length && strncasecmp(c->synonym[i], text, length) == 0)
            return true;
    }
    return false;
}

/* Bytes of the name without what tells entries of one compound apart: " (entry)" where the entry is
 * a synonym, and what follows " - ". */
static size_t base_length(const fmx_compound *c)
{
    size_t length = strlen(c->name);
    const char *open = strrchr(c->name, '(');
    if (length > 2 && c->name[length - 1] == ')' && open != NULL && open > c->name + 1 &&
        open[-1] == ' ' && has_synonym(c, open + 1, (size_t)(c->name + length - 2 - open)))
        length = (size_t)(open - 1 - c->name);
    for (size_t i = 1; i + 3 < length; ++i) {
        if (strncmp(c->name + i, " - ", 3) == 0)
            return i;
    }
    return length;
}

static bool is_same(const fmx_compound *a, size_t a_length, const fmx_compound *b, size_t b_length)
{
    return (a_length == b_length && strncasecmp(a->name, b->name, a_length) == 0) ||
           has_synonym(a, b->name, b_length) || has_synonym(b, a->name, a_length);
}

void fmx_library_group(const fmx_spin_library *spins, size_t *compound_of)
{
    for (size_t i = 0; i < spins->count; ++i) {
        size_t length = base_length(&spins->compound[i]);
        compound_of[i] = i;
        for (size_t k = 0; k < i && compound_of[i] == i; ++k) {
            const fmx_compound *earlier = &spins->compound[k];
            if (compound_of[k] == k &&
                is_same(earlier, base_length(earlier), &spins->compound[i], length))
                compound_of[i] = k;
        }
    }
}

/* "a; b; c" */
static fmx_status join_synonyms(const build *b, const fmx_compound *from, char **out)
{
    fmx_status status =
        fmx__format(b->ctx, out, "%s", from->synonym_count > 0 ? from->synonym[0] : "");
    for (size_t i = 1; status == FMX_OK && i < from->synonym_count; ++i) {
        char *before = *out;
        *out = NULL;
        status = fmx__format(b->ctx, out, "%s; %s", before, from->synonym[i]);
        free(before);
    }
    return status;
}

/* ---- lines ----------------------------------------------------------------------------------- */

static int by_intensity(const void *a, const void *b)
{
    double x = ((const fmx_line *)a)->intensity;
    double y = ((const fmx_line *)b)->intensity;
    return (x > y) - (x < y);
}

static int by_frequency(const void *a, const void *b)
{
    double x = ((const fmx_line *)a)->hz;
    double y = ((const fmx_line *)b)->hz;
    return (x > y) - (x < y);
}

/* Leaves out the weakest lines that together hold `share`; the rest is scaled to the same sum. */
static void drop_weak(fmx_line_list *list, double share)
{
    double sum = 0;
    double dropped = 0;
    size_t first = 0;
    for (size_t i = 0; i < list->count; ++i)
        sum += list->line[i].intensity;
    qsort(list->line, list->count, sizeof *list->line, by_intensity);
    while (first + 1 < list->count && dropped + list->line[first].intensity <= share * sum)
        dropped += list->line[first++].intensity;
    list->count -= first;
    memmove(list->line, list->line + first, list->count * sizeof *list->line);
    for (size_t i = 0; i < list->count; ++i)
        list->line[i].intensity *= sum / (sum - dropped);
    qsort(list->line, list->count, sizeof *list->line, by_frequency);
}

/* Lines [first, returned end) lie within the gap of each other; *protons is their sum. */
static size_t end_of_multiplet(const fmx_line_list *list, size_t first, double gap_hz,
                               double *protons)
{
    size_t end = first + 1;
    *protons = list->line[first].intensity;
    for (; end < list->count && list->line[end].hz - list->line[end - 1].hz <= gap_hz; ++end)
        *protons += list->line[end].intensity;
    return end;
}

/* Appends the multiplets of an entry. Those of less than least_protons come from combination lines;
 * they are left out and the others scaled. */
static fmx_status add_lines(build *b, fmx_line_list *list)
{
    double gap_hz = b->library->gap_ppm * b->options->field_mhz;
    double protons = 0;
    double all = 0;
    double kept = 0;
    fmx_status status = FMX_OK;
    drop_weak(list, b->options->weak_share);
    for (size_t i = 0; i < list->count;) {
        i = end_of_multiplet(list, i, gap_hz, &protons);
        all += protons;
        kept += protons >= least_protons ? protons : 0;
    }
    double least = kept > 0 ? least_protons : 0; /* a form of a very small share stays whole */
    double scale = kept > 0 ? all / kept : 1;
    for (size_t i = 0; status == FMX_OK && i < list->count;) {
        size_t end = end_of_multiplet(list, i, gap_hz, &protons);
        if (protons >= least)
            status = fmx__library_pen_multiplet(&b->pen);
        for (; status == FMX_OK && protons >= least && i < end; ++i)
            status = fmx__library_pen_line(&b->pen, list->line[i].hz / b->options->field_mhz,
                                           list->line[i].intensity * scale);
        i = end;
    }
    return status;
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* Appends one spin system as an entry of the last compound. */
static fmx_status add_entry(build *b, size_t spin_system, bool *solved)
{
    const fmx_compound *from = &b->spins->compound[spin_system];
    char *synonyms = NULL;
    fmx_line_list list = {0};
    fmx_status status = fmx__check_interrupt(b->ctx);
    if (status == FMX_OK)
        status = fmx_spin_lines(b->ctx, from, b->options->field_mhz, NULL, &list);
    *solved = status == FMX_OK;
    if (status != FMX_OK && fmx__is_bad_input(status)) {
        fmx__log(b->ctx, FMX_LOG_WARNING, "%s; left out", fmx_context_message(b->ctx));
        return FMX_OK;
    }
    if (status == FMX_OK)
        status = join_synonyms(b, from, &synonyms);
    if (status == FMX_OK)
        status = fmx__library_pen_entry(&b->pen, from->name, synonyms,
                                        from->source != NULL ? from->source : "", 0);
    if (status == FMX_OK)
        status = add_lines(b, &list);
    free(synonyms);
    fmx_line_list_clear(&list);
    return status;
}

/* Appends the compound whose first spin system is `first`. */
static fmx_status add_compound(build *b, const size_t *compound_of, size_t first, bool wanted,
                               size_t *left_out)
{
    fmx_library *l = b->library;
    const fmx_compound *from = &b->spins->compound[first];
    fmx__library_facts *facts = &b->facts[l->compounds];
    size_t tried = 0;
    size_t solved = 0;
    fmx_status status = fmx__library_pen_compound(&b->pen, from->name, base_length(from), "");
    *facts = (fmx__library_facts){.wanted = wanted};
    for (size_t i = first; status == FMX_OK && i < b->spins->count; ++i) {
        bool good = false;
        if (compound_of[i] != first)
            continue;
        status = add_entry(b, i, &good);
        facts->is_metabolite = facts->is_metabolite || b->spins->compound[i].is_metabolite;
        solved += good;
        ++tried;
    }
    *left_out += wanted ? tried - solved : 0;
    if (status == FMX_OK && solved == 0) {
        fmx_library_compound *last = &l->compound[--l->compounds];
        free(last->name);
        free(last->also);
    }
    return status;
}

static fmx_status check(fmx_context *ctx, const fmx_library_options *o)
{
    const struct {
        const char *name;
        double value, least, most;
    } range[] = {
        {"field_mhz", o->field_mhz, 1, 3000},
        {"gap_ppm", o->gap_ppm, 0, 100},
        {"weak_share", o->weak_share, 0, 0.1},
    };
    for (size_t i = 0; i < FMX__COUNT(range); ++i) {
        if (!(range[i].value >= range[i].least && range[i].value <= range[i].most))
            return fmx__fail(ctx, FMX_ERROR_ARGUMENT, "a library: %s is %g, %g to %g are possible",
                             range[i].name, range[i].value, range[i].least, range[i].most);
    }
    return FMX_OK;
}

/* Says which spin systems are asked for, and which must be solved to know whose lines are equal. */
static fmx_status choose(const build *b, const bool *keep, size_t *compound_of, bool *asked,
                         bool *solve)
{
    const fmx_spin_library *spins = b->spins;
    fmx_library_group(spins, compound_of);
    for (size_t i = 0; i < spins->count; ++i)
        asked[compound_of[i]] = asked[compound_of[i]] || keep == NULL || keep[i];
    for (size_t i = 0; i < spins->count; ++i)
        asked[i] = solve[i] = asked[compound_of[i]];
    return fmx__library_want_near(b->ctx, spins, compound_of, solve);
}

static fmx_status build_all(build *b, const bool *keep, size_t *left_out)
{
    const size_t count = b->spins->count;
    size_t *compound_of = NULL;
    bool *asked = NULL;
    bool *solve = NULL;
    fmx_status status = fmx__alloc(b->ctx, count, sizeof *compound_of, "a library", &compound_of);
    if (status == FMX_OK)
        status = fmx__alloc(b->ctx, count, sizeof *asked, "a library", &asked);
    if (status == FMX_OK)
        status = fmx__alloc(b->ctx, count, sizeof *solve, "a library", &solve);
    if (status == FMX_OK)
        status = fmx__alloc(b->ctx, count, sizeof *b->facts, "a library", &b->facts);
    if (status == FMX_OK)
        status = choose(b, keep, compound_of, asked, solve);
    for (size_t i = 0; status == FMX_OK && i < count; ++i) {
        if (compound_of[i] == i && solve[i])
            status = add_compound(b, compound_of, i, asked[i], left_out);
        fmx__progress(b->ctx, "library", i + 1, count);
    }
    free(compound_of);
    free(asked);
    free(solve);
    return status;
}

/* Puts compounds of equal lines together, drops those that nobody asked for. */
static fmx_status merge(build *b)
{
    size_t merged = 0;
    fmx__library_sum(b->library);
    fmx_status status = fmx__library_merge(b->ctx, b->facts, &b->pen.to, &merged);
    b->library = b->pen.to;
    if (status == FMX_OK && merged > 0)
        fmx__log(b->ctx, FMX_LOG_INFO, "%zu name%s the lines of another: merged", merged,
                 merged == 1 ? " has" : "s have");
    if (status == FMX_OK && b->library->compounds == 0)
        status = fmx__fail(b->ctx, FMX_ERROR_UNSUPPORTED, "a library without compounds");
    return status;
}

/* States that lie between variants of one compound. */
static fmx_status add_between(build *b)
{
    size_t added = 0;
    fmx_status status =
        b->options->between ? fmx__library_add_between(b->ctx, &b->pen.to, &added) : FMX_OK;
    b->library = b->pen.to;
    if (status == FMX_OK && added > 0)
        fmx__log(b->ctx, FMX_LOG_INFO, "%zu state%s between measured ones", added,
                 added == 1 ? "" : "s");
    return status;
}

fmx_status fmx_library_build(fmx_context *ctx, const fmx_spin_library *spins, const bool *keep,
                             const fmx_library_options *options, fmx_library **out,
                             size_t *left_out)
{
    static const fmx_library_options defaults = FMX_LIBRARY_DEFAULT;
    build b = {.ctx = ctx, .spins = spins, .options = options != NULL ? options : &defaults};
    size_t missing = 0;
    *out = NULL;
    fmx_status status = check(ctx, b.options);
    double gap_ppm = b.options->gap_ppm > 0
                         ? b.options->gap_ppm
                         : fmax(usual_gap_ppm, widest_coupling_hz / b.options->field_mhz);
    if (status == FMX_OK)
        status = fmx__library_pen_open(ctx, b.options->field_mhz, gap_ppm, &b.pen);
    b.library = b.pen.to;
    if (status == FMX_OK)
        status = build_all(&b, keep, &missing);
    if (status == FMX_OK)
        status = merge(&b);
    if (status == FMX_OK)
        status = add_between(&b);
    if (left_out != NULL)
        *left_out = missing;
    free(b.facts);
    if (status != FMX_OK)
        fmx_library_release(b.library);
    else
        *out = b.library;
    return status;
}
