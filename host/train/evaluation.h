/* How well a method names the compounds of mixtures: every figure with its 95 % interval, and the
 * tables behind it. Formulas: docs/training/evaluation.md. Knows no network and no device: a
 * network and the classical baseline fill the same input. */
#ifndef FIDMIX_EVALUATION_H
#define FIDMIX_EVALUATION_H

#include "base.h"

/* X(NAME, key in JSON, title, share, better): share 1: a number in [0, 1] that is shown in percent;
 * better 1: the higher the better. The figures up to FALSE_POSITIVES are sums over mixtures and are
 * also given for each number of components. "Pairs" are mixtures of one compound or of two in equal
 * amounts, the cells of the published C x C table. */
#define FMX__FIGURES(X)                                                                            \
    X(TOP2_PAIRS, "top2_pairs", "pairs: constituent among the two most probable", 1, 1)            \
    X(TENTH_PAIRS, "tenth_pairs", "pairs: constituent with probability >= 0.10", 1, 1)             \
    X(DEVIATION_PAIRS, "deviation_pairs", "pairs: mean deviation of the proportion", 0, 0)         \
    X(TOP_K, "top_k", "constituent among the k most probable of k compounds", 1, 1)                \
    X(DEVIATION, "deviation", "mean deviation of a constituent's proportion", 0, 0)                \
    X(DEVIATION_ALL, "deviation_all", "mean deviation of the proportion, all classes", 0, 0)       \
    X(EXACT_MATCH, "exact_match", "mixtures named without any error", 1, 1)                        \
    X(PRECISION_MICRO, "precision_micro", "precision", 1, 1)                                       \
    X(RECALL_MICRO, "recall_micro", "recall", 1, 1)                                                \
    X(F1_MICRO, "f1_micro", "F1", 1, 1)                                                            \
    X(FALSE_POSITIVE_RATE, "false_positive_rate", "false positive rate", 1, 0)                     \
    X(FALSE_POSITIVES, "false_positives_per_mixture", "false positives per mixture", 0, 0)         \
    X(PRECISION_MACRO, "precision_macro", "precision, mean of the classes", 1, 1)                  \
    X(RECALL_MACRO, "recall_macro", "recall, mean of the classes", 1, 1)                           \
    X(F1_MACRO, "f1_macro", "F1, mean of the classes", 1, 1)                                       \
    X(AUC_MICRO, "auc_micro", "area under the ROC curve", 1, 1)                                    \
    X(AUC_MACRO, "auc_macro", "area under the ROC curve, mean of the classes", 1, 1)               \
    X(CALIBRATION_ERROR, "calibration_error", "expected calibration error", 0, 0)

typedef enum fmx__figure_name {
#define FMX_FIGURE_ENUM(name, key, title, share, better) FMX__FIGURE_##name,
    FMX__FIGURES(FMX_FIGURE_ENUM)
#undef FMX_FIGURE_ENUM
        FMX__FIGURE_COUNT,
    FMX__FIGURE_SUMS = FMX__FIGURE_PRECISION_MACRO, /* figures known for each group of mixtures */
} fmx__figure_name;

typedef struct fmx__figure_info {
    const char *key;
    const char *title;
    bool share;
    bool higher_is_better;
} fmx__figure_info;

/* [FMX__FIGURE_COUNT] */
extern const fmx__figure_info fmx__figure_infos[];

/* NaN: undefined (nothing to divide by), as low and high may be alone with few mixtures. */
typedef struct fmx__figure {
    double value;
    double low; /* 95 % interval: percentiles of the bootstrap over mixtures */
    double high;
} fmx__figure;

enum {
    FMX__EVALUATION_BINS = 10,
    FMX__EVALUATION_RESAMPLES = 1000,
};

typedef struct fmx__evaluation_input {
    const char *method;            /* "network", "least squares": heading of its column */
    size_t mixtures;               /* N, at least 1 */
    size_t classes;                /* C, at least 1 */
    const char *const *class_name; /* [C]; borrowed by the result */
    const float *truth;            /* [N][C] proportion, 0: absent, never negative */
    const float *presence;         /* [N][C] probability or score of presence */
    const float *proportion;       /* [N][C]; NULL: the presence (a softmax has only one) */
    double threshold;              /* called when presence >= threshold */
    uint64_t seed;                 /* of the bootstrap */
    size_t resamples;              /* 0: FMX__EVALUATION_RESAMPLES */
} fmx__evaluation_input;

typedef struct fmx__class_result {
    size_t present; /* mixtures that hold the class */
    size_t true_positives;
    size_t false_positives;
    size_t misses;
    double precision; /* NaN: undefined */
    double recall;
    double f1;
    double auc;
} fmx__class_result;

/* The mixtures of one number of components. */
typedef struct fmx__component_result {
    size_t components;
    size_t mixtures;
    fmx__figure figure[FMX__FIGURE_SUMS];
} fmx__component_result;

/* Cells of every mixture and class by their predicted probability: bin b holds [b/10, (b+1)/10). */
typedef struct fmx__reliability_bin {
    size_t cells;
    double predicted; /* mean probability; NaN: no cells */
    double observed;  /* share of cells in which the class is there */
} fmx__reliability_bin;

typedef struct fmx__evaluation {
    const char *method;
    size_t mixtures;
    size_t classes;
    const char *const *class_name;
    double threshold;
    uint64_t seed;
    size_t resamples;
    size_t pairs;      /* mixtures that the figures of pairs come from */
    size_t pair_cells; /* their constituents: 841 for every pair of 29 once */
    fmx__figure figure[FMX__FIGURE_COUNT];
    fmx__reliability_bin bin[FMX__EVALUATION_BINS];
    fmx__class_result *class_result;  /* [C] */
    fmx__component_result *component; /* [component_count], by components, ascending */
    size_t component_count;
    /* Mixtures of one compound: [true class][most probable class], number of mixtures. */
    uint32_t *confusion;
    /* All mixtures, [i][j]: i was there and missed while j was called falsely; diagonal: found. */
    uint32_t *taken_for;
    /* The published C x C tables, [i][j]: constituent i in mixtures of i and j (diagonal: of i
     * alone); NaN where there is no such mixture. */
    float *pair_top2;      /* share of mixtures with i among the two most probable */
    float *pair_tenth;     /* share with probability >= 0.10 */
    float *pair_deviation; /* mean of predicted - true proportion */
} fmx__evaluation;

/* Computes everything. *out is filled on success only; release it with fmx__evaluation_clear.
 * Runs for about 2 ns for each mixture, class and resample. Errors: FMX_ERROR_SHAPE (no mixtures or
 * classes, more than 2^30 mixtures), FMX_ERROR_FORMAT (a value that is not finite, a negative
 * proportion; naming mixture and class), FMX_ERROR_MEMORY, FMX_ERROR_INTERRUPTED. */
fmx_status fmx__evaluate(fmx_context *ctx, const fmx__evaluation_input *input,
                         fmx__evaluation *out);

/* Releases the tables; zeroed and NULL are allowed. */
void fmx__evaluation_clear(fmx__evaluation *evaluation);

/* The threshold with the highest micro F1 on these mixtures (validation, never test): halfway
 * between the lowest score called and the next below. Errors: FMX_ERROR_FORMAT (no class is there
 * in any mixture; a value that is not finite), FMX_ERROR_MEMORY. */
fmx_status fmx__evaluation_threshold(fmx_context *ctx, size_t mixtures, size_t classes,
                                     const float *truth, const float *presence, double *threshold);

#endif
