#include "schedule.h"

#include <math.h>

static const char *const units[] = {"steps", "epochs", NULL};

#define FMX_FIELD(name) offsetof(fmx__schedule_options, name)
#define COMMON_ROWS                                                                                \
    {"warmup",                                                                                     \
     FMX__OPTION_INTEGER,                                                                          \
     FMX_FIELD(warmup),                                                                            \
     "units",                                                                                      \
     0,                                                                                            \
     1e12,                                                                                         \
     NULL,                                                                                         \
     "over so many the rate rises in a line to the optimiser's; the rest counts from its end"},    \
        {"warmup_from",                                                                            \
         FMX__OPTION_NUMBER,                                                                       \
         FMX_FIELD(warmup_from),                                                                   \
         "",                                                                                       \
         0,                                                                                        \
         1,                                                                                        \
         NULL,                                                                                     \
         "share of the rate that the warm-up begins with"},                                        \
    {                                                                                              \
        "unit", FMX__OPTION_CHOICE, FMX_FIELD(unit), "", 0, 0, units,                              \
            "what is counted: steps of the optimiser, or epochs"                                   \
    }
#define FACTOR_ROW                                                                                 \
    {                                                                                              \
        "factor", FMX__OPTION_NUMBER, FMX_FIELD(factor), "", 0, 10, NULL,                          \
            "what the rate is multiplied by each time"                                             \
    }

static const fmx__option constant_table[] = {COMMON_ROWS};

static const fmx__option step_table[] = {
    FACTOR_ROW,
    {"every", FMX__OPTION_INTEGER, FMX_FIELD(every), "units", 1, 1e12, NULL,
     "from one change to the next"},
    {"at", FMX__OPTION_NUMBERS, FMX_FIELD(at), "units", 1, 1e12, NULL,
     "where it changes instead, [30, 80]; empty: every so many"},
    COMMON_ROWS,
};

static const fmx__option exponential_table[] = {
    FACTOR_ROW,
    {"every", FMX__OPTION_INTEGER, FMX_FIELD(every), "units", 1, 1e12, NULL,
     "over which the rate changes by the factor"},
    {"staircase", FMX__OPTION_BOOL, FMX_FIELD(staircase), "", 0, 0, NULL,
     "changes only behind every so many, not in between"},
    COMMON_ROWS,
};

static const fmx__option cosine_table[] = {
    {"length", FMX__OPTION_INTEGER, FMX_FIELD(length), "units", 0, 1e12, NULL,
     "from the end of the warm-up to the floor; 0: what train.epochs leaves"},
    {"floor", FMX__OPTION_NUMBER, FMX_FIELD(floor), "", 0, 1, NULL,
     "share of the rate at the end, and behind it"},
    COMMON_ROWS,
};
#undef FMX_FIELD

static const fmx__schedule_options constant_defaults = {.factor = 1, .every = 1};
static const fmx__schedule_options step_defaults = {.factor = 0.1, .every = 1000};
static const fmx__schedule_options exponential_defaults = {.factor = 0.96, .every = 500};
static const fmx__schedule_options cosine_defaults = {.factor = 1, .every = 1};

#define GROUP_OF(kind, text)                                                                       \
    {                                                                                              \
        .name = #kind, .doc = text, .options = kind##_table,                                       \
        .option_count = FMX__COUNT(kind##_table), .defaults = &kind##_defaults,                    \
        .options_size = sizeof kind##_defaults                                                     \
    }

static const fmx__schedule kinds[] = {
    {{.name = "plateau",
      .doc = "Falls when the validation loss does not, as the keys plateau_* of train say.",
      .defaults = &constant_defaults,
      .options_size = sizeof constant_defaults},
     FMX__SCHEDULE_PLATEAU},
    {GROUP_OF(constant, "Stays as the optimiser says."), FMX__SCHEDULE_CONSTANT},
    {GROUP_OF(step, "Changes by a factor every so often, or at given places."), FMX__SCHEDULE_STEP},
    {GROUP_OF(exponential, "Changes by a factor over every so many, smoothly or in stairs."),
     FMX__SCHEDULE_EXPONENTIAL},
    {GROUP_OF(cosine, "Half a period of a cosine, from the rate to a floor."),
     FMX__SCHEDULE_COSINE},
};

const fmx__option_group *fmx__schedule_stage(size_t index)
{
    return index < FMX__COUNT(kinds) ? &kinds[index].group : NULL;
}

const fmx__schedule *fmx__schedule_find(const fmx__option_group *group)
{
    for (size_t i = 0; i < FMX__COUNT(kinds); ++i) {
        if (&kinds[i].group == group)
            return &kinds[i];
    }
    return NULL;
}

/* How often a step schedule has changed the rate before `at`. */
static double changes(const fmx__schedule_options *o, double at)
{
    double count = 0;
    if (o->at.count == 0)
        return floor(at / (double)o->every);
    for (size_t i = 0; i < o->at.count; ++i)
        count += at >= o->at.value[i];
    return count;
}

double fmx__schedule_share(const fmx__schedule *schedule, const fmx__schedule_options *o,
                           const fmx__schedule_place *place)
{
    static const double pi = 3.14159265358979323846;
    bool epochs = o->unit == FMX__SCHEDULE_EPOCHS;
    double at = (double)(epochs ? place->epoch : place->step);
    double all = (double)(epochs ? place->epochs : place->steps);
    double warmup = (double)o->warmup;
    if (at < warmup)
        return o->warmup_from + (1 - o->warmup_from) * at / warmup;
    at -= warmup;
    switch (schedule->kind) {
    case FMX__SCHEDULE_PLATEAU:
    case FMX__SCHEDULE_CONSTANT:
        break;
    case FMX__SCHEDULE_STEP:
        return pow(o->factor, changes(o, at));
    case FMX__SCHEDULE_EXPONENTIAL:
        return pow(o->factor, o->staircase ? floor(at / (double)o->every) : at / (double)o->every);
    case FMX__SCHEDULE_COSINE: {
        double length = o->length > 0 ? (double)o->length : all - warmup;
        double part = at < length ? at / length : 1;
        return o->floor + (1 - o->floor) * (1 + cos(pi * part)) / 2;
    }
    }
    return 1;
}
