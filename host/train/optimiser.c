#include "optimiser.h"

#include <math.h>

enum { GROUP = 64, WIDE = 16, ARGS = 18 }; /* items per group; weights per item, wide variant */

static const char *const conventions[] = {"keras", "pytorch", NULL};

#define FMX_FIELD(name) offsetof(fmx__optimiser_options, name)
#define RATE_ROW                                                                                   \
    {                                                                                              \
        "learning_rate", FMX__OPTION_NUMBER, FMX_FIELD(learning_rate), "", 0, 1e3, NULL,           \
            "step size at the start"                                                               \
    }
#define EPSILON_ROW                                                                                \
    {                                                                                              \
        "epsilon", FMX__OPTION_NUMBER, FMX_FIELD(epsilon), "", 0, 1, NULL,                         \
            "keeps the quotient finite"                                                            \
    }
#define MOMENTUM_ROW                                                                               \
    {                                                                                              \
        "momentum", FMX__OPTION_NUMBER, FMX_FIELD(momentum), "", 0, 0.999999, NULL,                \
            "what the step keeps of the one before; 0: none"                                       \
    }
#define CLIP_ROWS                                                                                  \
    {"clip_value",                                                                                 \
     FMX__OPTION_NUMBER,                                                                           \
     FMX_FIELD(clip_value),                                                                        \
     "",                                                                                           \
     0,                                                                                            \
     1e9,                                                                                          \
     NULL,                                                                                         \
     "largest magnitude of a gradient's value; 0: any. Of the three clips one at most"},           \
        {"clip_norm",                                                                              \
         FMX__OPTION_NUMBER,                                                                       \
         FMX_FIELD(clip_norm),                                                                     \
         "",                                                                                       \
         0,                                                                                        \
         1e9,                                                                                      \
         NULL,                                                                                     \
         "largest Euclidean norm of each weight's gradient by itself (Keras's clipnorm); 0: any"}, \
    {                                                                                              \
        "clip_global_norm", FMX__OPTION_NUMBER, FMX_FIELD(clip_global_norm), "", 0, 1e9, NULL,     \
            "largest Euclidean norm of all gradients together (Keras's global_clipnorm, "          \
            "PyTorch's "                                                                           \
            "clip_grad_norm_); 0: any"                                                             \
    }
#define DECAY_ROW(how)                                                                             \
    {                                                                                              \
        "weight_decay", FMX__OPTION_NUMBER, FMX_FIELD(weight_decay), "", 0, 1e3, NULL, how         \
    }
#define BETA_ROWS                                                                                  \
    {"beta1",                                                                                      \
     FMX__OPTION_NUMBER,                                                                           \
     FMX_FIELD(beta1),                                                                             \
     "",                                                                                           \
     0,                                                                                            \
     0.999999,                                                                                     \
     NULL,                                                                                         \
     "what the mean of the gradients keeps"},                                                      \
    {                                                                                              \
        "beta2", FMX__OPTION_NUMBER, FMX_FIELD(beta2), "", 0, 0.999999999, NULL,                   \
            "what the mean of their squares keeps"                                                 \
    }
#define CONVENTION_ROW(what)                                                                       \
    {                                                                                              \
        "convention", FMX__OPTION_CHOICE, FMX_FIELD(convention), "", 0, 0, conventions, what       \
    }

static const char coupled_or_not[] =
    "pulls weights to 0: keras takes learning_rate times it off each weight; pytorch adds it, "
    "times the weight, to the gradient";

static const fmx__option sgd_table[] = {
    RATE_ROW,
    MOMENTUM_ROW,
    {"nesterov", FMX__OPTION_BOOL, FMX_FIELD(nesterov), "", 0, 0, NULL,
     "looks ahead along the momentum (Nesterov 1983)"},
    DECAY_ROW(coupled_or_not),
    CLIP_ROWS,
    CONVENTION_ROW("keras: the momentum holds the learning rate of each step; pytorch: the "
                   "present rate holds for all of it (the same while the rate stays)"),
};

static const fmx__option adam_table[] = {
    RATE_ROW,
    BETA_ROWS,
    EPSILON_ROW,
    DECAY_ROW(coupled_or_not),
    CLIP_ROWS,
    CONVENTION_ROW("keras: epsilon is added to the uncorrected root; pytorch: to the corrected "
                   "one"),
};

static const fmx__option adamw_table[] = {
    RATE_ROW,
    BETA_ROWS,
    EPSILON_ROW,
    DECAY_ROW("learning_rate times it is taken off each weight"),
    CLIP_ROWS,
    CONVENTION_ROW("keras: epsilon is added to the uncorrected root; pytorch: to the corrected "
                   "one"),
};

static const fmx__option rmsprop_table[] = {
    RATE_ROW,
    {"rho", FMX__OPTION_NUMBER, FMX_FIELD(rho), "", 0, 0.999999999, NULL,
     "what the mean of the squares keeps (PyTorch's alpha, there 0.99)"},
    MOMENTUM_ROW,
    {"centred", FMX__OPTION_BOOL, FMX_FIELD(centred), "", 0, 0, NULL,
     "divides by the standard deviation of the gradient instead of its root mean square"},
    EPSILON_ROW,
    DECAY_ROW(coupled_or_not),
    CLIP_ROWS,
    CONVENTION_ROW("keras: epsilon is added below the root, and the momentum holds the learning "
                   "rate of each step; pytorch: beside the root, and the present rate holds"),
};
#undef FMX_FIELD

/* Keras's defaults. */
static const fmx__optimiser_options sgd_defaults = {.learning_rate = 0.01};
static const fmx__optimiser_options adam_defaults = {
    .learning_rate = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-7};
static const fmx__optimiser_options adamw_defaults = {
    .learning_rate = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-7, .weight_decay = 0.004};
static const fmx__optimiser_options rmsprop_defaults = {
    .learning_rate = 1e-3, .rho = 0.9, .epsilon = 1e-7};

#define GROUP_OF(kind, text)                                                                       \
    {                                                                                              \
        .name = #kind, .doc = text, .options = kind##_table,                                       \
        .option_count = FMX__COUNT(kind##_table), .defaults = &kind##_defaults,                    \
        .options_size = sizeof kind##_defaults                                                     \
    }

static const fmx__optimiser kinds[] = {
    {GROUP_OF(sgd, "Gradient descent, with momentum where it is given."), FMX__OPTIMISER_SGD},
    {GROUP_OF(adam, "Adaptive moments (Kingma and Ba 2015)."), FMX__OPTIMISER_ADAM},
    {GROUP_OF(adamw, "Adam with decoupled weight decay (Loshchilov and Hutter 2019)."),
     FMX__OPTIMISER_ADAMW},
    {GROUP_OF(rmsprop, "Gradients over their root mean square (Tieleman and Hinton 2012)."),
     FMX__OPTIMISER_RMSPROP},
};

const fmx__option_group *fmx__optimiser_stage(size_t index)
{
    return index < FMX__COUNT(kinds) ? &kinds[index].group : NULL;
}

const fmx__optimiser *fmx__optimiser_find(const fmx__option_group *group)
{
    for (size_t i = 0; i < FMX__COUNT(kinds); ++i) {
        if (&kinds[i].group == group)
            return &kinds[i];
    }
    return NULL;
}

fmx_status fmx__optimiser_check(fmx_context *ctx, const char *where,
                                const fmx__optimiser *optimiser, const fmx__optimiser_options *o)
{
    int clips = (o->clip_value > 0) + (o->clip_norm > 0) + (o->clip_global_norm > 0);
    if (clips > 1)
        return fmx__fail(ctx, FMX_ERROR_RECIPE,
                         "%s: train.optimiser.%s: clip_value, clip_norm and clip_global_norm: give "
                         "one of them at most",
                         where, optimiser->group.name);
    if (o->nesterov && !(o->momentum > 0))
        return fmx__fail(ctx, FMX_ERROR_RECIPE,
                         "%s: train.optimiser.%s: nesterov needs a momentum above 0; 0.9 is usual",
                         where, optimiser->group.name);
    return FMX_OK;
}

size_t fmx__optimiser_moments(const fmx__optimiser *optimiser, const fmx__optimiser_options *o,
                              const char *name[FMX__OPTIMISER_MOMENTS])
{
    size_t count = 0;
    switch (optimiser->kind) {
    case FMX__OPTIMISER_SGD:
        break;
    case FMX__OPTIMISER_ADAM:
    case FMX__OPTIMISER_ADAMW:
        name[count++] = "m";
        name[count++] = "v";
        return count;
    case FMX__OPTIMISER_RMSPROP:
        name[count++] = "v";
        if (o->centred)
            name[count++] = "mean";
        break;
    }
    if (o->momentum > 0)
        name[count++] = "momentum";
    return count;
}

/* 1 - base^number without cancellation at the first steps. */
static double one_minus_power(double base, uint64_t number)
{
    return base > 0 ? -expm1((double)number * log(base)) : 1;
}

/* Whether the decay is taken off the weights instead of joining the gradient. */
static bool is_decoupled(const fmx__optimiser *optimiser, const fmx__optimiser_options *o)
{
    return optimiser->kind == FMX__OPTIMISER_ADAMW || o->convention == FMX__OPTIMISER_KERAS;
}

fmx__optimiser_step fmx__optimiser_at(const fmx__optimiser *optimiser,
                                      const fmx__optimiser_options *o, double learning_rate,
                                      uint64_t number)
{
    bool keras = o->convention == FMX__OPTIMISER_KERAS;
    double decay = is_decoupled(optimiser, o) ? o->weight_decay : 0;
    fmx__optimiser_step step = {.rate_in = 1,
                                .rate_out = (float)learning_rate,
                                .keep = (float)(1 - learning_rate * decay),
                                .epsilon = (float)o->epsilon};
    if (optimiser->kind == FMX__OPTIMISER_ADAM || optimiser->kind == FMX__OPTIMISER_ADAMW) {
        double two = one_minus_power(o->beta2, number);
        step.rate_out = (float)(learning_rate * sqrt(two) / one_minus_power(o->beta1, number));
        step.epsilon = (float)(o->epsilon * (keras ? 1 : sqrt(two)));
    } else if (keras) {
        step.rate_in = (float)learning_rate;
        step.rate_out = 1;
    }
    return step;
}

/* Arguments of a launch, one after the other. */
typedef struct arguments {
    fmx__arg arg[ARGS];
    size_t count;
} arguments;

static void add(arguments *to, fmx__arg arg)
{
    to->arg[to->count++] = arg;
}

static void add_moment(arguments *to, fmx_buffer *moment, size_t bytes)
{
    add(to, moment != NULL ? fmx__arg_buffer(moment, bytes) : fmx__arg_none());
}

/* What every kernel takes behind its moments. */
static void add_common(arguments *to, const fmx__optimiser *optimiser,
                       const fmx__optimiser_options *o, const fmx__optimiser_call *call)
{
    size_t bytes = call->count * sizeof(float);
    double coupled = is_decoupled(optimiser, o) ? 0 : o->weight_decay;
    add(to, fmx__arg_buffer(call->grad, bytes));
    add(to, call->factor != NULL ? fmx__arg_buffer(call->factor, sizeof(float)) : fmx__arg_none());
    add(to, fmx__arg_u64(call->count));
    add(to, fmx__arg_f32(o->clip_value > 0 ? o->clip_value : (double)INFINITY));
    add(to, fmx__arg_f32(coupled));
    add(to, fmx__arg_step_f32(&call->step->keep));
}

static const char *fill_sgd(arguments *to, const fmx__optimiser *optimiser,
                            const fmx__optimiser_options *o, const fmx__optimiser_call *call)
{
    add_moment(to, o->momentum > 0 ? call->moment[0] : NULL, call->count * sizeof(float));
    add_common(to, optimiser, o, call);
    add(to, fmx__arg_f32(o->momentum));
    add(to, fmx__arg_u32(o->nesterov));
    add(to, fmx__arg_step_f32(&call->step->rate_in));
    add(to, fmx__arg_step_f32(&call->step->rate_out));
    return "optimiser_sgd";
}

static const char *fill_adam(arguments *to, const fmx__optimiser *optimiser,
                             const fmx__optimiser_options *o, const fmx__optimiser_call *call)
{
    add_moment(to, call->moment[0], call->count * sizeof(float));
    add_moment(to, call->moment[1], call->count * sizeof(float));
    add_common(to, optimiser, o, call);
    add(to, fmx__arg_f32(1 - o->beta1));
    add(to, fmx__arg_f32(1 - o->beta2));
    add(to, fmx__arg_step_f32(&call->step->rate_out));
    add(to, fmx__arg_step_f32(&call->step->epsilon));
    return "optimiser_adam";
}

static const char *fill_rmsprop(arguments *to, const fmx__optimiser *optimiser,
                                const fmx__optimiser_options *o, const fmx__optimiser_call *call)
{
    size_t bytes = call->count * sizeof(float);
    bool keras = o->convention == FMX__OPTIMISER_KERAS;
    add_moment(to, call->moment[0], bytes);
    add_moment(to, o->centred ? call->moment[1] : NULL, bytes);
    add_moment(to, o->momentum > 0 ? call->moment[1 + o->centred] : NULL, bytes);
    add_common(to, optimiser, o, call);
    add(to, fmx__arg_f32(1 - o->rho));
    add(to, fmx__arg_f32(o->momentum));
    add(to, fmx__arg_step_f32(&call->step->rate_in));
    add(to, fmx__arg_step_f32(&call->step->rate_out));
    add(to, fmx__arg_f32(keras ? o->epsilon : 0));
    add(to, fmx__arg_f32(keras ? 0 : o->epsilon));
    return "optimiser_rmsprop";
}

fmx_status fmx__optimiser_run(fmx_device *device, const fmx__optimiser *optimiser,
                              const fmx__optimiser_options *o, const fmx__optimiser_call *call)
{
    static const char *const wide_names[] = {"optimiser_sgd_wide", "optimiser_adam_wide",
                                             "optimiser_adam_wide", "optimiser_rmsprop_wide"};
    static const double flops[] = {10, 16, 16, 18};
    const char *name[FMX__OPTIMISER_MOMENTS];
    bool wide = fmx__device_wide(device);
    size_t bytes = call->count * sizeof(float);
    size_t per_item = wide ? WIDE : 1;
    const char *kernel = NULL;
    arguments args = {.count = 0};
    add(&args, fmx__arg_buffer(call->value, bytes));
    if (optimiser->kind == FMX__OPTIMISER_SGD)
        kernel = fill_sgd(&args, optimiser, o, call);
    else if (optimiser->kind == FMX__OPTIMISER_RMSPROP)
        kernel = fill_rmsprop(&args, optimiser, o, call);
    else
        kernel = fill_adam(&args, optimiser, o, call);
    fmx__launch job = {
        .stem = "optimiser",
        .kernel = wide ? wide_names[optimiser->kind] : kernel,
        .arg = args.arg,
        .arg_count = args.count,
        .dims = 1,
        .global = {(call->count + per_item - 1) / per_item},
        .local = {GROUP},
        .flops = (double)call->count * flops[optimiser->kind],
        .bytes = (double)bytes * (double)(3 + 2 * fmx__optimiser_moments(optimiser, o, name)),
    };
    return fmx__launch_kernel(device, &job);
}
