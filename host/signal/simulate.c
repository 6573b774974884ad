/* Samples: lines of their compounds, water, reference, and the draws that make each FID its own. */
#include "fidmix/simulate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fidmix/fid_synthesis.h"
#include "philox.h"
#include "signal_internal.h"
#include "simulate_height.h"

static const double default_width_ppm = 12;
static const double window_hz = 0.3; /* of the definition of signal to noise */

/* The part that shifts are counted from: its multiplets stay. */
static const uint32_t FIXED = UINT32_MAX;

struct fmx_simulator {
    fmx_context *ctx;
    const fmx_spin_library *library;
    fmx_simulation options;
    double sw_hz;
    double obs_mhz;
    fmx_line_list *lines; /* [library->count + 1], the last the reference's; empty: not yet made */
    double noise_gain;    /* noise of the spectrum per noise of the FID */
};

/* One FID under construction. */
typedef struct draft {
    fmx_synthesis_line *line;
    size_t count;
    size_t capacity;
    fmx_simulated_truth truth;
} draft;

static fmx_status check_range(fmx_context *ctx, const char *name, double value, double least,
                              double most)
{
    if (value >= least && value <= most)
        return FMX_OK;
    return fmx__fail(ctx, FMX_ERROR_ARGUMENT, "simulation: %s is %g, %g to %g are possible", name,
                     value, least, most);
}

static fmx_status check_options(fmx_context *ctx, const fmx_simulation *o, double sw_hz)
{
    const struct {
        const char *name;
        double value, least, most;
    } range[] = {
        {"field_mhz", o->field_mhz, 1, 3000},
        {"points", (double)o->points, 64, (double)FMX__MOST_POINTS},
        {"sw_hz", sw_hz, 100, 1e6},
        {"centre_ppm", o->centre_ppm, -1000, 1000},
        {"group_delay", o->group_delay, 0, 128},
        {"width_low_hz", o->width_low_hz, 0.01, sw_hz / 20},
        {"width_high_hz", o->width_high_hz, o->width_low_hz, sw_hz / 20},
        {"gaussian_hz", o->gaussian_hz, 0, sw_hz / 20},
        {"snr", o->snr, 0, 1e9},
        {"snr_high", o->snr_high, 0, 1e9},
        {"multiplet_shift_ppm", o->multiplet_shift_ppm, 0, 1},
        {"water", o->water, 0, 1e6},
        {"water_ppm", o->water_ppm, -1000, 1000},
        {"water_width_hz", o->water_width_hz, 0.01, sw_hz / 20},
        {"water_phase_deg", o->water_phase_deg, 0, 180},
        {"p0_deg", o->p0_deg, 0, 180},
        {"p1_deg", o->p1_deg, 0, 360},
        {"baseline_error", o->baseline_error, 0, 100},
        {"reference", o->reference, FMX_SIMULATE_DSS, FMX_SIMULATE_NONE},
        {"reference_amount", o->reference_amount, 0, 1e6},
    };
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < FMX__COUNT(range); ++i)
        status = check_range(ctx, range[i].name, range[i].value, range[i].least, range[i].most);
    if (status == FMX_OK && o->group_delay != 0)
        status = check_range(ctx, "group_delay (other than 0)", o->group_delay, 8, 128);
    return status;
}

fmx_status fmx_simulator_create(fmx_context *ctx, const fmx_spin_library *library,
                                const fmx_simulation *options, fmx_simulator **out)
{
    double sw_hz = options->sw_hz > 0 ? options->sw_hz : default_width_ppm * options->field_mhz;
    fmx_simulator *s = NULL;
    *out = NULL;
    fmx_status status = check_options(ctx, options, sw_hz);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, 1, sizeof *s, "a simulator", &s);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, library->count + 1, sizeof *s->lines, "line lists", &s->lines);
    if (status != FMX_OK) {
        free(s);
        return status;
    }
    s->ctx = ctx;
    s->library = library;
    s->options = *options;
    s->sw_hz = sw_hz;
    s->obs_mhz = options->field_mhz * (1 + options->centre_ppm * 1e-6);
    s->noise_gain = fmx__height_noise(sw_hz, options->points, window_hz);
    *out = s;
    return FMX_OK;
}

void fmx_simulator_destroy(fmx_simulator *simulator)
{
    if (simulator == NULL)
        return;
    for (size_t i = 0; i <= simulator->library->count; ++i)
        fmx_line_list_clear(&simulator->lines[i]);
    free(simulator->lines);
    free(simulator);
}

/* The lines of a compound; index library->count is the reference: the library's own entry where it
 * has one, else the singlet at 0 ppm. */
static fmx_status lines_of(fmx_simulator *s, size_t index, const fmx_line_list **out)
{
    static const char *const names[] = {"DSS", "TSP", "TMS"};
    fmx_status status = FMX_OK;
    *out = &s->lines[index];
    if (s->lines[index].line != NULL)
        return FMX_OK;
    fmx_spin_group singlet = {.id = "a", .n = 9, .population = 1};
    const fmx_compound built_in = {.group = &singlet, .group_count = 1};
    const fmx_compound *compound = &built_in;
    size_t found = 0;
    if (index < s->library->count)
        compound = &s->library->compound[index];
    else if (fmx_spin_library_find(s->library, names[s->options.reference], &found))
        compound = &s->library->compound[found];
    status = fmx_spin_lines(s->ctx, compound, s->options.field_mhz, NULL, &s->lines[index]);
    return status;
}

static fmx_status append(fmx_context *ctx, draft *d, fmx_synthesis_line line)
{
    fmx_status status = FMX_OK;
    if (d->count == d->capacity)
        status =
            fmx__grow(ctx, &d->line, &d->capacity, 2 * d->count + 64, sizeof *d->line, "lines");
    if (status == FMX_OK)
        d->line[d->count++] = line;
    return status;
}

/* Hz from the transmitter, for Hz from 0 ppm. */
static double from_transmitter(const fmx_simulator *s, double hz)
{
    return hz - (s->obs_mhz - s->options.field_mhz) * 1e6;
}

static double uniform(uint32_t word, double low, double high)
{
    return low + (high - low) * fmx__uniform(word);
}

/* Shift of multiplet number `multiplet` of part number `part` of a FID, Hz. */
static double multiplet_shift(const fmx_simulator *s, uint64_t item, uint32_t part,
                              uint32_t multiplet)
{
    double most_hz = s->options.multiplet_shift_ppm * s->options.field_mhz;
    uint32_t word[4];
    if (part == FIXED || most_hz == 0)
        return 0;
    fmx__random_words(word, s->options.seed, FMX__PURPOSE_LINES, item, part, multiplet);
    return uniform(word[0], -most_hz, most_hz);
}

/* Lines are in the order of their frequencies: a gap begins the next multiplet. */
static fmx_status append_compound(fmx_simulator *s, draft *d, size_t index, double amount,
                                  uint64_t item, uint32_t part)
{
    const fmx_line_list *list = NULL;
    fmx_status status = lines_of(s, index, &list);
    uint32_t multiplet = 0;
    double shift = multiplet_shift(s, item, part, multiplet);
    for (size_t i = 0; status == FMX_OK && i < list->count; ++i) {
        if (i > 0 &&
            fabs(list->line[i].hz - list->line[i - 1].hz) > FMX_SIMULATION_MULTIPLET_GAP_HZ)
            shift = multiplet_shift(s, item, part, ++multiplet);
        double hz = from_transmitter(s, list->line[i].hz) + shift;
        if (fabs(hz) <= 0.5 * s->sw_hz)
            status = append(s->ctx, d,
                            (fmx_synthesis_line){hz, amount * list->line[i].intensity,
                                                 d->truth.line_width_hz, 0});
    }
    return status;
}

static int by_frequency(const void *a, const void *b)
{
    const fmx_synthesis_line *x = a;
    const fmx_synthesis_line *y = b;
    if (x->hz != y->hz)
        return x->hz < y->hz ? -1 : 1;
    return (x->amplitude > y->amplitude) - (x->amplitude < y->amplitude);
}

/* Identity of a FID for random draws: FNV-1a of the sample's name, and the replicate. */
static uint64_t item_of(const fmx_simulated_sample *sample)
{
    uint64_t hash = 0xcbf29ce484222325ull;
    for (const unsigned char *at = (const unsigned char *)sample->name; *at != 0; ++at)
        hash = (hash ^ *at) * 0x100000001b3ull;
    for (int i = 0; i < 4; ++i)
        hash = (hash ^ (sample->replicate >> 8 * i & 0xff)) * 0x100000001b3ull;
    return hash;
}

/* Fills line list, truth and synthesis of one FID. */
static fmx_status compose(fmx_simulator *s, const fmx_simulated_sample *sample, uint64_t item,
                          draft *d, fmx_synthesis *out)
{
    const fmx_simulation *o = &s->options;
    uint32_t w[4][4]; /* draws 0: width, p0, p1, water's phase; 1: water's place; 2, 3: errors */
    for (uint32_t draw = 0; draw < 4; ++draw)
        fmx__random_words(w[draw], o->seed, FMX__PURPOSE_SPECTRUM, item, draw, 0);
    d->truth = (fmx_simulated_truth){
        .line_width_hz = uniform(w[0][0], o->width_low_hz, o->width_high_hz),
        .p0_deg = uniform(w[0][1], -o->p0_deg, o->p0_deg),
        .p1_deg = uniform(w[0][2], -o->p1_deg, o->p1_deg),
        .water_ppm = o->water_ppm + uniform(w[1][0], -0.02, 0.02),
        .snr = o->snr,
    };
    if (o->snr > 0 && o->snr_high > o->snr)
        d->truth.snr = o->snr * pow(o->snr_high / o->snr, uniform(w[1][1], 0, 1));
    fmx_status status = FMX_OK;
    double amplitude = 0;
    for (size_t p = 0; status == FMX_OK && p < sample->count; ++p) {
        if (sample->part[p].compound >= s->library->count || !(sample->part[p].amount > 0) ||
            !isfinite(sample->part[p].amount))
            status = fmx__fail(s->ctx, FMX_ERROR_ARGUMENT,
                               "%s: part %zu names no compound or has no amount above 0",
                               sample->name, p);
        else
            status = append_compound(s, d, sample->part[p].compound, sample->part[p].amount, item,
                                     (uint32_t)p);
    }
    if (status == FMX_OK && d->count > 0)
        qsort(d->line, d->count, sizeof *d->line, by_frequency);
    fmx__height_of height = {s->sw_hz, (double)o->points - o->group_delay, window_hz,
                             o->gaussian_hz};
    for (size_t i = 0; status == FMX_OK && i < d->count; ++i)
        amplitude += d->line[i].amplitude;
    if (status == FMX_OK)
        d->truth.highest = fmx__height_largest(&height, d->line, d->count);
    if (status == FMX_OK && o->reference != FMX_SIMULATE_NONE && o->reference_amount > 0)
        status = append_compound(s, d, s->library->count, o->reference_amount, item, FIXED);
    double water_hz = from_transmitter(s, d->truth.water_ppm * o->field_mhz);
    if (status == FMX_OK && o->water > 0 && fabs(water_hz) <= 0.5 * s->sw_hz) {
        fmx_synthesis_line water = {water_hz, 1, o->water_width_hz,
                                    uniform(w[0][3], -o->water_phase_deg, o->water_phase_deg)};
        water.amplitude =
            o->water * d->truth.highest / fmx__height_at(&height, &water, 1, water.hz);
        status = append(s->ctx, d, water);
    }
    if (status == FMX_OK && o->snr > 0)
        d->truth.noise_sigma = d->truth.highest / (d->truth.snr * s->noise_gain);
    *out = (fmx_synthesis){.line = d->line,
                           .count = d->count,
                           .gaussian_hz = o->gaussian_hz,
                           .p0_deg = d->truth.p0_deg,
                           .p1_deg = d->truth.p1_deg,
                           .noise_sigma = d->truth.noise_sigma};
    for (size_t i = 0; i < 2 * FMX_SYNTHESIS_ERRORS; ++i)
        out->error[i / 2][i % 2] =
            (float)(uniform(w[2 + i / 4][i % 4], -1, 1) * o->baseline_error * amplitude);
    return status;
}

fmx_status fmx_simulator_make(fmx_simulator *simulator, fmx_device *device,
                              const fmx_simulated_sample *sample, size_t count, fmx_signal *signal,
                              fmx_simulated_truth *truth)
{
    fmx_context *ctx = simulator->ctx;
    const fmx_simulation *o = &simulator->options;
    draft *drafts = NULL;
    fmx_synthesis *rows = NULL;
    *signal = (fmx_signal){0};
    fmx_status status = fmx__alloc(ctx, count, sizeof *drafts, "samples", &drafts);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, count, sizeof *rows, "samples", &rows);
    if (status == FMX_OK)
        status = fmx_signal_create(device, FMX_DOMAIN_TIME, true, count, o->points, signal);
    signal->seed = o->seed;
    for (size_t r = 0; status == FMX_OK && r < count; ++r) {
        uint64_t item = item_of(&sample[r]);
        status = compose(simulator, &sample[r], item, &drafts[r], &rows[r]);
        if (status != FMX_OK)
            break;
        signal->row[r] = (fmx_row){.item = item,
                                   .sw_hz = simulator->sw_hz,
                                   .obs_mhz = simulator->obs_mhz,
                                   .sf_mhz = o->field_mhz,
                                   .group_delay = o->group_delay};
        size_t length = strnlen(sample[r].name, sizeof signal->row[r].name - 1);
        memcpy(signal->row[r].name, sample[r].name, length);
        if (truth != NULL)
            truth[r] = drafts[r].truth;
    }
    if (status == FMX_OK)
        status = fmx_synthesise(signal, rows);
    for (size_t r = 0; drafts != NULL && r < count; ++r)
        free(drafts[r].line);
    free(drafts);
    free(rows);
    if (status != FMX_OK)
        fmx_signal_clear(signal);
    return status;
}
