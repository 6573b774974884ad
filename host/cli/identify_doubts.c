/* Names held against the lines of a spectrum: those that they speak against, where the others lie.
 * A classifier compares nothing: a compound that it has not learned may look like one that it has.
 * Lines are told apart by host/signal/line_match.h.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fidmix/library.h"
#include "identify_classes.h"
#include "recipe_sections.h"

/* Lines at another field are other lines. */
#define SAME_FIELD 0.02

/* A compound of one line is named only where what is named explains this share of the signal. */
#define CONTEXT 0.25

/* Spin systems that the model learned from; NULL: it learned from measured spectra. */
static const char *spins_of(const fmx__identify *work)
{
    const fmx__database *d = fmx__recipe_find(fmx__model_recipe(work->model), "database")->options;
    return d->spins[0] != '\0' ? d->spins : NULL;
}

static fmx_status draw(fmx__identify *work, const fmx_spin_library *spins, double field_mhz)
{
    const fmx__model_facts *facts = work->facts;
    fmx_library_options options = FMX_LIBRARY_DEFAULT;
    fmx_library *library = NULL;
    bool *keep = NULL;
    size_t left_out = 0;
    options.field_mhz = field_mhz;
    fmx_status status = fmx__alloc(work->ctx, spins->count, sizeof *keep, "compounds", &keep);
    for (size_t i = 0; status == FMX_OK && i < spins->count; ++i) {
        for (size_t c = 0; c < facts->classes; ++c)
            keep[i] = keep[i] || strcmp(spins->compound[i].name, facts->class_name[c]) == 0;
    }
    if (status == FMX_OK)
        status = fmx_library_build(work->ctx, spins, keep, &options, &library, &left_out);
    if (status == FMX_OK)
        status =
            fmx__line_library_draw(work->ctx, library, (const char *const *)facts->class_name,
                                   facts->classes, work->ppm, facts->axis.points, &work->library);
    fmx_library_release(library);
    free(keep);
    return status;
}

bool fmx__identify_other_lines(const fmx__identify *work, double field_mhz)
{
    if (work->given || spins_of(work) == NULL || !(field_mhz > 0))
        return false;
    return !(work->lines_mhz > 0 && fabs(field_mhz / work->lines_mhz - 1) <= SAME_FIELD);
}

fmx_status fmx__identify_lines(fmx__identify *work, const char *path, double field_mhz)
{
    const char *spins_path = spins_of(work);
    fmx_spin_library spins = {0};
    fmx__line_library_clear(&work->library);
    work->lines_mhz = field_mhz;
    fmx_status status = fmx_spin_library_read(work->ctx, spins_path, &spins);
    if (status == FMX_OK)
        status = draw(work, &spins, field_mhz);
    fmx_spin_library_clear(&spins);
    if (status != FMX_OK && status != FMX_ERROR_MEMORY && status != FMX_ERROR_INTERRUPTED) {
        fmx__log(work->ctx, FMX_LOG_WARNING,
                 "%s: names are not held against the lines of the compounds: %s; give --library",
                 path, fmx_context_message(work->ctx));
        fmx_context_clear(work->ctx);
        fmx__line_library_clear(&work->library);
        status = FMX_OK;
    }
    return status;
}

/* Takes names back, and says what those that stay explain. */
static void judge(fmx__identified *item, const size_t *order, size_t named,
                  const fmx__line_support *support)
{
    for (size_t i = 0; i < named; ++i) {
        if (support[i].lacking > 0)
            item->doubt[order[i]] = FMX__DOUBT_LACKS;
        else
            item->explained += support[i].explained;
    }
    item->explained = fmin(item->explained, 1);
    bool alone = item->explained < CONTEXT;
    for (size_t i = 0; alone && i < named; ++i) {
        if (item->doubt[order[i]] != FMX__DOUBT_NONE || !support[i].single_line)
            continue;
        item->doubt[order[i]] = FMX__DOUBT_ALONE;
        item->explained = fmax(item->explained - support[i].explained, 0);
    }
}

static fmx_status compare(fmx__identify *work, fmx__identified *item, const float *spectrum,
                          size_t *order, size_t named)
{
    fmx__line_search *search = NULL;
    fmx__line_support *support = NULL;
    double *shift = NULL;
    fmx_status status = fmx__alloc(work->ctx, named, sizeof *support, "answers", &support);
    if (status == FMX_OK)
        status = fmx__alloc(work->ctx, named, sizeof *shift, "shifts", &shift);
    if (status == FMX_OK)
        status = fmx__line_search_open(work->ctx, &work->library, spectrum, &search);
    if (status == FMX_OK) {
        fmx__line_supports(search, order, named, support);
        judge(item, order, named, support);
        named = fmx__identify_named(work, item, order);
        fmx__line_shifts(search, order, named, shift);
        for (size_t i = 0; i < named; ++i)
            item->shift_ppm[order[i]] = shift[i];
    }
    fmx__line_search_close(search);
    free(shift);
    free(support);
    return status;
}

fmx_status fmx__identify_compare(fmx__identify *work, fmx__identified *item, const float *spectrum)
{
    size_t classes = work->facts->classes;
    size_t *order = NULL;
    item->explained = NAN;
    fmx_status status =
        fmx__alloc(work->ctx, classes, sizeof *item->doubt, "answers", &item->doubt);
    if (status != FMX_OK || work->library.multiplets == 0)
        return status;
    item->explained = 0;
    status = fmx__alloc(work->ctx, classes, sizeof *item->shift_ppm, "shifts", &item->shift_ppm);
    for (size_t c = 0; status == FMX_OK && c < classes; ++c)
        item->shift_ppm[c] = NAN;
    if (status == FMX_OK)
        status = fmx__alloc(work->ctx, classes, sizeof *order, "answers", &order);
    size_t named = status == FMX_OK ? fmx__identify_named(work, item, order) : 0;
    if (named > 0)
        status = compare(work, item, spectrum, order, named);
    free(order);
    return status;
}

const char *fmx__identify_doubt_text(fmx__identify_doubts doubt)
{
    return doubt == FMX__DOUBT_LACKS   ? "some of its multiplets are not there"
           : doubt == FMX__DOUBT_ALONE ? "one line alone, in a spectrum that is mostly unexplained"
                                       : "";
}
