/* Cases of optimiser, shared by test and benchmark. */
#ifndef FMX_CASES_OPTIMISER_H
#define FMX_CASES_OPTIMISER_H

#include "../../host/train/optimiser.h" /* not this file, which has its name */

typedef struct fmx_case_optimiser {
    const char *name;
    const char *kind;
    size_t count;
    fmx__optimiser_options options;
    int bench;
} fmx_case_optimiser;

#define FMX_ADAM .learning_rate = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-7
#define FMX_TORCH .convention = FMX__OPTIMISER_PYTORCH

/* The wide variants take 16 weights an item. */
static const fmx_case_optimiser fmx_cases_optimiser[] = {
    {"one weight", "adam", 1, {FMX_ADAM}, 0},
    {"tile - 1", "adam", 15, {FMX_ADAM}, 0},
    {"tile", "adam", 16, {FMX_ADAM, FMX_TORCH, .weight_decay = 0.1}, 0},
    {"tile + 1",
     "adam",
     17,
     {.learning_rate = 1e-2, .beta1 = 0.5, .beta2 = 0.9, .epsilon = 1e-3, FMX_TORCH},
     0},
    {"prime, no memory", "adam", 1009, {.learning_rate = 1e-3, .epsilon = 1e-3}, 0},
    {"prime", "adam", 10007, {FMX_ADAM, .weight_decay = 0.01}, 0},
    {"adamw tile - 1", "adamw", 15, {FMX_ADAM, FMX_TORCH, .weight_decay = 0.01}, 0},
    {"adamw tile + 1", "adamw", 17, {FMX_ADAM, .weight_decay = 0.004, .clip_value = 0.3}, 0},
    {"sgd one", "sgd", 1, {.learning_rate = 0.01}, 0},
    {"sgd tile - 1", "sgd", 15, {.learning_rate = 0.1, .momentum = 0.9}, 0},
    {"sgd tile",
     "sgd",
     16,
     {.learning_rate = 0.1, .momentum = 0.9, FMX_TORCH, .weight_decay = 0.01},
     0},
    {"sgd tile + 1", "sgd", 17, {.learning_rate = 0.1, .momentum = 0.9, .nesterov = true}, 0},
    {"sgd prime",
     "sgd",
     1009,
     {.learning_rate = 0.1, .momentum = 0.9, .nesterov = true, FMX_TORCH, .clip_value = 0.5},
     0},
    {"rmsprop one", "rmsprop", 1, {.learning_rate = 1e-3, .rho = 0.9, .epsilon = 1e-7}, 0},
    {"rmsprop tile - 1",
     "rmsprop",
     15,
     {.learning_rate = 1e-3, .rho = 0.9, .epsilon = 1e-7, .momentum = 0.9},
     0},
    {"rmsprop tile",
     "rmsprop",
     16,
     {.learning_rate = 1e-2, .rho = 0.99, .epsilon = 1e-8, .weight_decay = 0.01, FMX_TORCH},
     0},
    {"rmsprop tile + 1",
     "rmsprop",
     17,
     {.learning_rate = 1e-3, .rho = 0.9, .epsilon = 1e-2, .centred = true, .momentum = 0.9},
     0},
    {"rmsprop prime",
     "rmsprop",
     1009,
     {.learning_rate = 1e-3,
      .rho = 0.99,
      .epsilon = 1e-2,
      .centred = true,
      .momentum = 0.5,
      FMX_TORCH},
     0},
    {"adam", "adam", (size_t)1 << 26, {FMX_ADAM}, 1},
    {"sgd momentum", "sgd", (size_t)1 << 26, {.learning_rate = 0.1, .momentum = 0.9}, 1},
    {"rmsprop",
     "rmsprop",
     (size_t)1 << 26,
     {.learning_rate = 1e-3, .rho = 0.9, .epsilon = 1e-7},
     1},
};

#endif
