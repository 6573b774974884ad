/* Spectra as non-negative sums of the compounds that may be in them: a robust fit in which every
 * multiplet may move, on the device, many spectra at a time. docs/stages/explain.md. */
#ifndef FIDMIX_EXPLAIN_H
#define FIDMIX_EXPLAIN_H

#include "pattern_table.h"

enum {
    FMX__EXPLAIN_FACTS = 8,      /* floats of a column */
    FMX__EXPLAIN_PART_FACTS = 4, /* floats of a part */
    FMX__EXPLAIN_MARGIN = 2048,  /* points beyond the axis that parts may reach */
    FMX__EXPLAIN_FARTHEST = 512, /* points that a part may be shifted */
    FMX__EXPLAIN_CANDIDATES = 64,
    FMX__EXPLAIN_ROUNDS = 8, /* of shifts, at most */
    FMX__EXPLAIN_MOST_POINTS = 1 << 18,
    FMX__EXPLAIN_MOST_COLUMNS = 1 << 20,
    FMX__EXPLAIN_MOST_PARTS = 1 << 26,
};

/* Of a column: facts[column][...]. */
typedef enum fmx__explain_fact {
    FMX__EXPLAIN_AMOUNT,
    FMX__EXPLAIN_SD,           /* of the amount */
    FMX__EXPLAIN_GAIN,         /* what the cost would rise without the column, others as they are */
    FMX__EXPLAIN_COLLINEARITY, /* largest cosine with another column of the spectrum */
    FMX__EXPLAIN_RESIDUAL,     /* mean square of the weighted residual where it is seen */
    FMX__EXPLAIN_EXPLAINED,    /* share of the signal there that anything fits */
    FMX__EXPLAIN_LEAST,        /* smallest part fact RATIO */
    FMX__EXPLAIN_FLAG,         /* 1: the spectrum holds NaN or infinity; its amounts are 0 */
} fmx__explain_fact;

/* Of a part: part_facts[part][...]. */
typedef enum fmx__explain_part_fact {
    FMX__EXPLAIN_RATIO,       /* amplitude of this part alone, on what the others leave, against its
                                 column's; 0 where the column's amount is 0 */
    FMX__EXPLAIN_ROOT,        /* root mean square of the weighted residual where it is seen */
    FMX__EXPLAIN_CORRELATION, /* of what the others leave with the pattern */
    FMX__EXPLAIN_OTHERS,      /* share of what is fitted at its place that is others' */
} fmx__explain_part_fact;

/* A multiplet of a column, as kernels read it. */
typedef struct fmx__explain_part {
    uint32_t pattern;
    float shift;     /* points; in and out */
    float centre;    /* where it is expected */
    uint32_t column; /* not read */
} fmx__explain_part;

typedef struct fmx__explain_column {
    uint32_t first_part;
    uint32_t parts;
    uint32_t spectrum;
    uint32_t unused;
} fmx__explain_column;

/* Of a spectrum. */
typedef struct fmx__explain_head {
    uint32_t first_column;
    uint32_t columns;
    uint32_t width; /* of the patterns */
    uint32_t unused;
} fmx__explain_head;

/* A round moves parts by up to `steps` times `spacing` points, then sweeps over the columns. */
typedef struct fmx__explain_round {
    double spacing;
    size_t steps; /* 2 steps + 1 places at most FMX__EXPLAIN_CANDIDATES; 0: no shifts */
    size_t sweeps;
} fmx__explain_round;

typedef struct fmx__explain_options {
    double floor; /* weights: 1 / max(floor + share e + near (largest e near it), far (largest e
                     within 0.2 ppm)), e = d, or where that is more -d - 2 floor; noise = 1 */
    double share;
    double near;
    double far;
    double above;  /* 0 < above <= 1: weight of data far above the model; 1: least squares */
    double knee;   /* weighted residual up to which data above count fully */
    double relax;  /* over-relaxation of the sweeps, 0 < relax < 2 */
    double prior;  /* weight of -log(probability) of a shift in the cost */
    double narrow; /* shifts are a mixture of two normal distributions, points */
    double broad;
    double broad_share;
    size_t low_first; /* points [low_first, low_end), around water, count low_weight */
    size_t low_end;
    double low_weight;   /* factor of a point's weighted residual, 0 to 1 */
    size_t first_sweeps; /* before the first round */
    fmx__explain_round round[FMX__EXPLAIN_ROUNDS];
    size_t rounds;
} fmx__explain_options;

fmx__explain_options fmx__explain_defaults(void);

typedef struct fmx__explain_of {
    fmx_buffer *spectra; /* float [count][points], divided by their noise */
    size_t count;
    size_t points;
    const fmx__pattern_table *table; /* its records and heights, with their sizes, are read */
    fmx_buffer *heads;               /* fmx__explain_head [count] */
    fmx_buffer *columns; /* fmx__explain_column [column_count], those of a spectrum together */
    size_t column_count; /* 0: nothing is fitted */
    fmx_buffer *parts;   /* fmx__explain_part [part_count], those of a column together */
    size_t part_count;
    const fmx__explain_options *options; /* NULL: the defaults */
} fmx__explain_of;

/* facts float [column_count][FMX__EXPLAIN_FACTS], part_facts float
 * [part_count][FMX__EXPLAIN_PART_FACTS] (both NULL where there are no columns), fitted float
 * [count][points]. Shifts of parts change. What a table cannot hold (a pattern, part or column that
 * does not exist, a shift beyond FMX__EXPLAIN_FARTHEST or not a number) is left out. What a
 * spectrum gets does not depend on the others. Enqueues only. Errors: FMX_ERROR_SHAPE,
 * FMX_ERROR_ARGUMENT (naming the option), FMX_ERROR_MEMORY, device errors. */
fmx_status fmx__explain(fmx_device *device, fmx_buffer *facts, fmx_buffer *part_facts,
                        fmx_buffer *fitted, const fmx__explain_of *of);

#endif
