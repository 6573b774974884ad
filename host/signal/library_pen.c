#include "library_pen.h"

#include "library_file.h"

fmx_status fmx__library_pen_open(fmx_context *ctx, double field_mhz, double gap_ppm,
                                 fmx__library_pen *out)
{
    *out = (fmx__library_pen){.ctx = ctx};
    fmx_status status = fmx__alloc(ctx, 1, sizeof *out->to, "a library", &out->to);
    if (status == FMX_OK) {
        out->to->field_mhz = field_mhz;
        out->to->gap_ppm = gap_ppm;
    }
    return status;
}

fmx_status fmx__library_pen_compound(fmx__library_pen *pen, const char *name, size_t length,
                                     const char *also)
{
    fmx_library *l = pen->to;
    fmx_status status = FMX_OK;
    if (l->compounds == pen->compounds)
        status = fmx__grow(pen->ctx, &l->compound, &pen->compounds, 2 * l->compounds + 64,
                           sizeof *l->compound, "compounds");
    if (status != FMX_OK)
        return status;
    fmx_library_compound *c = &l->compound[l->compounds++];
    *c = (fmx_library_compound){.first_entry = l->entries};
    status = fmx__format(pen->ctx, &c->name, "%.*s", (int)length, name);
    return status == FMX_OK ? fmx__format(pen->ctx, &c->also, "%s", also != NULL ? also : "")
                            : status;
}

fmx_status fmx__library_pen_entry(fmx__library_pen *pen, const char *name, const char *synonyms,
                                  const char *source, double width_hz)
{
    fmx_library *l = pen->to;
    fmx_status status = FMX_OK;
    if (l->entries == pen->entries)
        status = fmx__grow(pen->ctx, &l->entry, &pen->entries, 2 * l->entries + 64,
                           sizeof *l->entry, "entries");
    if (status != FMX_OK)
        return status;
    fmx_library_entry *e = &l->entry[l->entries++];
    *e = (fmx_library_entry){
        .compound = l->compounds - 1, .first_multiplet = l->multiplets, .width_hz = width_hz};
    ++l->compound[l->compounds - 1].entry_count;
    status = fmx__format(pen->ctx, &e->name, "%s", name);
    if (status == FMX_OK)
        status = fmx__format(pen->ctx, &e->synonyms, "%s", synonyms);
    return status == FMX_OK ? fmx__format(pen->ctx, &e->source, "%s", source) : status;
}

fmx_status fmx__library_pen_multiplet(fmx__library_pen *pen)
{
    fmx_library *l = pen->to;
    fmx_status status = FMX_OK;
    if (l->multiplets == pen->multiplets)
        status = fmx__grow(pen->ctx, &l->multiplet, &pen->multiplets, 2 * l->multiplets + 256,
                           sizeof *l->multiplet, "multiplets");
    if (status == FMX_OK) {
        l->multiplet[l->multiplets++] = (fmx_library_multiplet){.first_line = l->lines};
        ++l->entry[l->entries - 1].multiplet_count;
    }
    return status;
}

fmx_status fmx__library_pen_line(fmx__library_pen *pen, double ppm, double protons)
{
    fmx_library *l = pen->to;
    fmx_status status = FMX_OK;
    if (l->lines == FMX__LIBRARY_MOST_LINES)
        return fmx__fail(pen->ctx, FMX_ERROR_UNSUPPORTED, "a library of more than 2^28 lines");
    if (l->lines == pen->ppm)
        status = fmx__grow(pen->ctx, &l->line_ppm, &pen->ppm, 2 * l->lines + 4096,
                           sizeof *l->line_ppm, "lines");
    if (status == FMX_OK && l->lines == pen->protons)
        status = fmx__grow(pen->ctx, &l->line_protons, &pen->protons, 2 * l->lines + 4096,
                           sizeof *l->line_protons, "lines");
    if (status == FMX_OK) {
        l->line_ppm[l->lines] = ppm;
        l->line_protons[l->lines++] = (float)protons;
        ++l->multiplet[l->multiplets - 1].line_count;
    }
    return status;
}

fmx_status fmx__library_pen_lines(fmx__library_pen *pen, const fmx_library *from,
                                  const fmx_library_entry *entry, const double *shift_ppm)
{
    fmx_status status = FMX_OK;
    for (size_t k = 0; status == FMX_OK && k < entry->multiplet_count; ++k) {
        const fmx_library_multiplet *m = &from->multiplet[entry->first_multiplet + k];
        status = fmx__library_pen_multiplet(pen);
        for (size_t i = m->first_line; status == FMX_OK && i < m->first_line + m->line_count; ++i)
            status = fmx__library_pen_line(
                pen, from->line_ppm[i] + (shift_ppm != NULL ? shift_ppm[k] : 0),
                (double)from->line_protons[i]);
    }
    return status;
}

fmx_status fmx__library_pen_copy(fmx__library_pen *pen, const fmx_library *from,
                                 const fmx_library_entry *entry)
{
    fmx_status status =
        fmx__library_pen_entry(pen, entry->name, entry->synonyms, entry->source, entry->width_hz);
    if (status == FMX_OK)
        pen->to->entry[pen->to->entries - 1].is_between = entry->is_between;
    return status == FMX_OK ? fmx__library_pen_lines(pen, from, entry, NULL) : status;
}
