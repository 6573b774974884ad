/* What is in a mixture: compounds, amounts, widths, shifts. */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "generator_internal.h"
#include "mixture_draw.h"
#include "philox.h"

/* Positions in the stream of a mixture. */
enum {
    WHOLE = 0,        /* sixteen blocks */
    SIGNAL = 16,      /* one for each signal */
    SHAPE = 128,      /* another one */
    COMPOUND = 512,   /* four for each signal */
    HUMP = 256,       /* one for each hump */
    MULTIPLET = 4096, /* SIGNAL_BLOCKS for each signal, then four for each of its multiplets */
    SIGNAL_BLOCKS = 4096,
    MULTIPLET_BLOCKS = 4,
    SPREAD = 1 << 19, /* as MULTIPLET, three blocks for each */
};

bool fmx__generator_holds_out(const char *name, double share)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (; *name != '\0'; ++name)
        hash = (hash ^ (uint32_t)tolower((unsigned char)*name)) * 16777619u;
    return fmx__uniform(hash) < share;
}

/* ---- who may be there ------------------------------------------------------------------------ */

/* Finds the compound at `at`, up to a comma or the end: the longest name that fits, because names
 * hold commas. Returns where the name ends; NULL when nothing fits. */
static char *longest_name(const fmx_library *library, char *at, size_t *compound)
{
    char *best = NULL;
    for (char *end = at;; ++end) {
        if (*end != ',' && *end != '\0')
            continue;
        char kept = *end;
        size_t found = 0;
        *end = '\0';
        if (fmx_library_find(library, at, &found)) {
            best = end;
            *compound = found;
        }
        *end = kept;
        if (kept == '\0')
            return best;
    }
}

/* marked[compound] for each name of a list; names that are not there are refused or left out. */
static fmx_status mark(fmx_context *ctx, const fmx_library *library, const char *key,
                       const char *names, bool must, bool *marked)
{
    char *copy = NULL;
    fmx_status status = fmx__format(ctx, &copy, "%s", names);
    for (char *at = copy; status == FMX_OK && at != NULL && *at != '\0';) {
        size_t compound = 0;
        at += strspn(at, " ");
        char *end = longest_name(library, at, &compound);
        if (end == NULL && !must) {
            at += strcspn(at, ",");
            at += *at == ',';
            continue;
        }
        if (end == NULL) {
            at[strcspn(at, ",")] = '\0';
            status =
                fmx__fail(ctx, FMX_ERROR_RECIPE, "library.%s: no compound \"%s\" in it", key, at);
            break;
        }
        marked[compound] = true;
        at = *end == ',' ? end + 1 : NULL;
    }
    free(copy);
    return status;
}

fmx_status fmx__generator_cast_make(fmx_context *ctx, const fmx_library *library,
                                    const fmx__generator_options *options, fmx__generator_cast *out)
{
    bool *wanted = NULL;
    bool *excluded = NULL;
    bool *common = NULL;
    *out = (fmx__generator_cast){.library = library};
    fmx_status status = fmx__alloc(ctx, library->compounds, sizeof *wanted, "classes", &wanted);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, library->compounds, sizeof *excluded, "classes", &excluded);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, library->compounds, sizeof *common, "classes", &common);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, library->compounds, sizeof *out->common, "classes", &out->common);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, library->compounds, sizeof *out->common_compound, "classes",
                            &out->common_compound);
    if (status == FMX_OK)
        status =
            fmx__alloc(ctx, library->compounds, sizeof *out->of_class, "classes", &out->of_class);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, library->compounds, sizeof *out->other, "classes", &out->other);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, library->compounds, sizeof *out->name, "classes", &out->name);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, library->compounds, sizeof *out->any, "classes", &out->any);
    if (status == FMX_OK)
        status = mark(ctx, library, "only", options->only, true, wanted);
    if (status == FMX_OK)
        status = mark(ctx, library, "exclude", options->exclude, true, excluded);
    if (status == FMX_OK)
        status = mark(ctx, library, "common", options->common, false, common);
    for (size_t c = 0; status == FMX_OK && c < library->compounds; ++c) {
        if (fmx__generator_holds_out(library->compound[c].name, options->held_out))
            continue;
        out->any[out->anybody++] = (uint32_t)c;
        if ((options->only[0] == '\0' || wanted[c]) && !excluded[c]) {
            if (common[c]) {
                out->common_compound[out->commons] = (uint32_t)c;
                out->common[out->commons++] = (uint32_t)out->classes;
            }
            out->name[out->classes] = library->compound[c].name;
            out->of_class[out->classes++] = (uint32_t)c;
        } else {
            out->other[out->others++] = (uint32_t)c;
        }
    }
    if (status == FMX_OK && (size_t)options->most > out->classes)
        status =
            fmx__fail(ctx, FMX_ERROR_RECIPE, "library: most is %lld compounds, but there are %zu",
                      (long long)options->most, out->classes);
    free(wanted);
    free(common);
    free(excluded);
    return status;
}

void fmx__generator_cast_clear(fmx__generator_cast *cast)
{
    free(cast->common_compound);
    free(cast->common);
    free(cast->any);
    free(cast->of_class);
    free(cast->other);
    free(cast->name);
    *cast = (fmx__generator_cast){0};
}

/* ---- draws ----------------------------------------------------------------------------------- */

static void words_at(const fmx__generator_dice *dice, uint64_t item, uint32_t draw, size_t position,
                     uint32_t word[4])
{
    fmx__random_words(word, dice->seed, FMX__PURPOSE_MIXTURE, item, draw, (uint32_t)position);
}

static double between(double low, double high, uint32_t word)
{
    return low + (high - low) * fmx__uniform(word);
}

/* Near enough to standard normal for shifts: the sum of twelve uniform numbers, less 6. */
static double nearly_normal(const fmx__generator_dice *dice, uint64_t item, uint32_t draw,
                            size_t position)
{
    double sum = -6;
    for (size_t block = 0; block < 3; ++block) {
        uint32_t word[4];
        words_at(dice, item, draw, position + block, word);
        for (size_t i = 0; i < 4; ++i)
            sum += fmx__uniform(word[i]);
    }
    return sum;
}

/* Deviations of what shifts: shares of shift_ppm, most often the first. What is left of pH and
 * temperature in nine spectra of one mixture between 288 and 313 K. */
static double measured(const double share[3], const double deviation[3], double chosen)
{
    return chosen < share[0] ? deviation[0] : chosen < share[1] ? deviation[1] : deviation[2];
}

static double shift_of(const fmx__generator_dice *dice, uint64_t item, uint32_t draw,
                       size_t position, uint32_t word, uint32_t kind)
{
    const fmx__generator_options *o = dice->options;
    double chosen = fmx__uniform(kind);
    if (o->shifts == FMX__GENERATOR_MEASURED) {
        static const double share[3] = {0.7, 0.9, 1};
        static const double of_shift[3] = {0.07, 0.28, 1};
        return o->shift_ppm * measured(share, of_shift, chosen) *
               nearly_normal(dice, item, draw, position);
    }
    if (o->shifts == FMX__GENERATOR_UNIFORM || chosen >= 0.95)
        return between(-o->shift_ppm, o->shift_ppm, word);
    double deviation = chosen < 0.8 ? o->shift_ppm / 8 : o->shift_ppm * 0.3;
    return deviation * nearly_normal(dice, item, draw, position);
}

/* How far all of a compound is moved. */
static double compound_shift(const fmx__generator_dice *dice, uint64_t item, uint32_t draw,
                             size_t k, uint32_t kind)
{
    static const double share[3] = {0.85, 1, 1};
    static const double of_shift[3] = {0.14, 0.44, 0.44};
    const fmx__generator_options *o = dice->options;
    if (o->shifts != FMX__GENERATOR_MEASURED)
        return 0;
    return o->shift_ppm * measured(share, of_shift, fmx__uniform(kind)) *
           nearly_normal(dice, item, draw, COMPOUND + 4 * k);
}

static bool is_chosen(const fmx__generator_drawn *drawn, size_t count, uint32_t class_index)
{
    for (size_t k = 0; k < count; ++k) {
        if (drawn->signal[k].class_index == class_index)
            return true;
    }
    return false;
}

static double amount_of(const fmx__generator_options *o, double ratio, uint32_t word)
{
    return o->amounts == FMX__MIXTURE_LOG_UNIFORM ? fmx__random_power(ratio, word)
           : o->amounts == FMX__MIXTURE_UNIFORM   ? between(1, ratio, word)
                                                  : 1;
}

/* Which compound signal k is of. */
static uint32_t compound_of(const fmx__generator_dice *dice, size_t k, const uint32_t word[4],
                            const uint32_t shape[4], fmx__generator_drawn *out)
{
    const fmx__generator_cast *cast = dice->cast;
    fmx__generator_signal *s = &out->signal[k];
    s->scattered = false;
    s->class_index = UINT32_MAX;
    if (k < out->named) { /* a sample without repetition, R. W. Floyd */
        size_t last = (out->common ? cast->commons : cast->classes) - out->named + k;
        uint32_t end = out->common ? cast->common[last] : (uint32_t)last;
        uint32_t c = (uint32_t)fmx__random_below(word[0], last + 1);
        c = out->common ? cast->common[c] : c;
        s->class_index = is_chosen(out, k, c) ? end : c;
        return cast->of_class[s->class_index];
    }
    s->scattered = cast->others == 0 || fmx__uniform(shape[1]) < dice->options->scattered;
    return s->scattered ? cast->any[fmx__random_below(word[0], cast->anybody)]
                        : cast->other[fmx__random_below(word[0], cast->others)];
}

/* Lines of some mixtures are 1.4 or 2.2 times as wide: shim, viscosity, temperature. */
static double widening(const fmx__generator_options *o, uint32_t word)
{
    double chosen = fmx__uniform(word);
    return chosen >= o->broad_mixtures ? 1 : chosen < o->broad_mixtures / 2 ? 2.2 : 1.4;
}

/* Most magnets are not quite homogeneous: every line has a weaker, wider one beside it. */
static void draw_shim(const fmx__generator_dice *dice, uint64_t item, uint32_t draw,
                      fmx__generator_drawn *out)
{
    const fmx__generator_options *o = dice->options;
    uint32_t word[4];
    words_at(dice, item, draw, WHOLE + 5, word);
    bool some = o->shim > 0 && fmx__uniform(word[0]) < 0.6;
    out->side = some ? o->shim * fmx__uniform(word[1]) : 0;
    out->side_at = 0.6 * nearly_normal(dice, item, draw, WHOLE + 6) * dice->table->points_per_hz;
    out->side_wider = 0.75 * fmx__uniform(word[2]) * dice->table->points_per_hz;
}

void fmx__generator_draw(const fmx__generator_dice *dice, uint64_t item, uint32_t draw,
                         fmx__generator_drawn *out)
{
    const fmx__generator_options *o = dice->options;
    const fmx_library *library = dice->cast->library;
    uint32_t word[4];
    uint32_t shape[4];
    uint32_t more[4];
    double sum = 0;
    words_at(dice, item, draw, WHOLE, word);
    words_at(dice, item, draw, WHOLE + 1, shape);
    out->named = (size_t)o->least + fmx__random_below(word[0], (size_t)(o->most - o->least) + 1);
    words_at(dice, item, draw, WHOLE + 4, more);
    out->common = fmx__uniform(more[0]) < o->common_mixtures && dice->cast->commons > 0;
    if (out->common && out->named > dice->cast->commons)
        out->named = dice->cast->commons;
    out->signals = out->named + fmx__random_below(word[1], (size_t)o->foreign + 1);
    out->snr =
        o->snr_most > 0 ? o->snr_least * fmx__random_power(o->snr_most / o->snr_least, word[2]) : 0;
    out->humps = fmx__random_below(shape[0], (size_t)o->humps + 1) + (o->water > 0);
    words_at(dice, item, draw, WHOLE + 2, more);
    out->bias = o->noise_bias * between(-0.3, 1, more[2]);
    double ratio = fmx__uniform(more[3]) < o->even ? fmin(o->ratio, 3) : o->ratio;
    words_at(dice, item, draw, WHOLE + 4, more);
    out->shifting = o->shifts == FMX__GENERATOR_MEASURED ? between(0.7, 2, more[1]) : 1;
    draw_shim(dice, item, draw, out);
    out->offset_ppm = between(-o->offset_ppm, o->offset_ppm, more[0]);
    double wider = widening(o, more[1]);
    out->width_hz = 0;
    double phase = between(-o->phase_deg, o->phase_deg, shape[1]) * 0.017453292519943295;
    /* to the eighth power of an angle below pi / 2: 2e-5, without a library's sine */
    double square = phase * phase;
    out->sine = phase * (1 - square / 6 * (1 - square / 20 * (1 - square / 42)));
    out->cosine = 1 - square / 2 * (1 - square / 12 * (1 - square / 30 * (1 - square / 56)));
    out->gauss = o->gauss * fmx__uniform(shape[2]);
    double common_hz = between(o->width_least_hz, o->width_most_hz, word[3]);
    for (size_t k = 0; k < out->signals; ++k) {
        fmx__generator_signal *s = &out->signal[k];
        words_at(dice, item, draw, SIGNAL + k, word);
        words_at(dice, item, draw, SHAPE + k, shape);
        const fmx_library_compound *c = &library->compound[compound_of(dice, k, word, shape, out)];
        s->entry = (uint32_t)(c->first_entry + fmx__random_below(word[1], c->entry_count));
        s->proportion = amount_of(o, ratio, word[2]);
        sum += k < out->named || out->named == 0 ? s->proportion : 0;
        double hz = o->widths == FMX__GENERATOR_BY_MIXTURE
                        ? common_hz
                        : between(o->width_least_hz, o->width_most_hz, word[3]);
        s->half_width = hz * wider / 2 * dice->table->points_per_hz;
        out->width_hz += k < out->named ? hz * wider / (double)out->named : 0;
        s->stretch = 1 + between(-o->stretch, o->stretch, shape[0]);
        s->shift_ppm = compound_shift(dice, item, draw, k, shape[2]) * out->shifting;
    }
    for (size_t k = 0; k < out->signals; ++k)
        out->signal[k].proportion /= sum;
}

size_t fmx__generator_parts(const fmx__generator_dice *dice, const fmx__generator_drawn *drawn,
                            size_t k, uint64_t item, uint32_t draw, fmx__synthesis_part *out,
                            double *area)
{
    const fmx__generator_options *o = dice->options;
    const fmx__multiplet_table *t = dice->table;
    const fmx__generator_signal *s = &drawn->signal[k];
    const fmx_library_entry *entry = &t->library->entry[s->entry];
    double points = (double)(t->axis.points - 1);
    double points_per_ppm = points / (t->axis.first_ppm - t->axis.last_ppm);
    size_t count = 0;
    *area = 0;
    for (size_t m = 0; m < entry->multiplet_count; ++m) {
        size_t index = entry->first_multiplet + m;
        size_t position = MULTIPLET + k * SIGNAL_BLOCKS +
                          m % (SIGNAL_BLOCKS / MULTIPLET_BLOCKS) * MULTIPLET_BLOCKS;
        uint32_t word[4];
        words_at(dice, item, draw, position, word);
        double place =
            s->scattered
                ? points * fmx__uniform(word[0])
                : t->multiplet[index].place +
                      points_per_ppm * (drawn->shifting * shift_of(dice, item, draw, position + 1,
                                                                   word[0], word[3]) +
                                        s->shift_ppm + drawn->offset_ppm);
        /* the share decides, the rest of the same number says by how much */
        double weak = fmx__uniform(word[1]);
        double broad = fmx__uniform(word[2]);
        double amount = weak < o->attenuated ? weak / o->attenuated : 1;
        if (o->spread > 0)
            amount *= fmax(0.2, 1 + o->spread * nearly_normal(dice, item, draw, SPREAD + position));
        double width = broad < o->broad ? 1 + 2 * broad / o->broad : 1;
        double half_width = fmx__multiplet_half_width(t, entry, s->half_width * width);
        if (fmx__multiplet_part(t, index, place, s->stretch, half_width, o->reach,
                                amount * (1 - drawn->side), &out[count])) {
            *area += amount * t->multiplet[index].protons;
            ++count;
        }
        if (drawn->side > 0 && fmx__multiplet_part(t, index, place + drawn->side_at, s->stretch,
                                                   half_width + drawn->side_wider, o->reach,
                                                   amount * drawn->side, &out[count]))
            ++count;
    }
    return count;
}

void fmx__generator_humps(const fmx__generator_dice *dice, const fmx__generator_drawn *drawn,
                          uint64_t item, uint32_t draw, fmx__synthesis_hump *out)
{
    const fmx__generator_options *o = dice->options;
    const fmx__multiplet_axis *axis = &dice->table->axis;
    double points_per_ppm = (double)(axis->points - 1) / (axis->first_ppm - axis->last_ppm);
    for (size_t i = 0; i < drawn->humps; ++i) {
        uint32_t word[4];
        words_at(dice, item, draw, HUMP + i, word);
        double ppm = o->hump_width_ppm * between(0.1, 1, word[1]);
        double place = (double)(axis->points - 1) * fmx__uniform(word[0]);
        double height = o->hump_height * between(-1, 1, word[2]);
        if (o->water > 0 && i + 1 == drawn->humps) { /* 4.65 ppm at 310 K, 4.88 ppm at 288 K */
            ppm = between(0.01, 0.06, word[1]);
            place = (axis->first_ppm - between(4.65, 4.9, word[0])) * points_per_ppm;
            height = o->water * between(-0.3, 1, word[2]);
        }
        out[i] = (fmx__synthesis_hump){
            .place = (float)place,
            .inverse = (float)(1 / (ppm * points_per_ppm)),
            .height = (float)height,
        };
    }
}
