/* Cases of structure, shared by test and benchmark. */
#ifndef FMX_CASES_STRUCTURE_H
#define FMX_CASES_STRUCTURE_H

#include "op_run.h"

extern const fmx__op fmx__op_reshape;
extern const fmx__op fmx__op_permute;
extern const fmx__op fmx__op_fold;
extern const fmx__op fmx__op_unfold;

/* A case, its options (fmx_op_options), and the exchange of axes that it must be, in floats:
 * [rows][a][b][n] -> [rows][b][a][n]. */
typedef struct fmx_case_structure {
    fmx_op_case op;
    const char *settings;
    size_t a;
    size_t b;
    size_t n;
    fmx__shape out;
} fmx_case_structure;

#define FMX_STRUCTURE(name, op, settings, batch, channels, positions, items, a, b, n, out_c,       \
                      out_p, out_items, bench)                                                     \
    {                                                                                              \
        {name, &fmx__op_##op, NULL, batch, 1, {{channels, positions, false, items}}, 0, 0, bench}, \
            settings, a, b, n,                                                                     \
        {                                                                                          \
            out_c, out_p, false, out_items                                                         \
        }                                                                                          \
    }

/* Tiles are 16 x 16. 21800 = 100 windows of 218 points is S1's recurrent network. */
static const fmx_case_structure fmx_cases_structure[] = {
    FMX_STRUCTURE("permute, one value", permute, "", 1, 1, 1, 0, 1, 1, 1, 1, 1, 0, 0),
    FMX_STRUCTURE("permute, one channel", permute, "", 2, 1, 37, 0, 1, 37, 1, 37, 1, 0, 0),
    FMX_STRUCTURE("permute, tile - 1", permute, "", 2, 15, 15, 0, 15, 15, 1, 15, 15, 0, 0),
    FMX_STRUCTURE("permute, tile", permute, "", 2, 16, 16, 0, 16, 16, 1, 16, 16, 0, 0),
    FMX_STRUCTURE("permute, tile + 1", permute, "", 2, 17, 17, 0, 17, 17, 1, 17, 17, 0, 0),
    FMX_STRUCTURE("permute, prime", permute, "", 3, 7, 1009, 0, 7, 1009, 1, 1009, 7, 0, 0),
    FMX_STRUCTURE("permute, prime, many channels", permute, "", 1, 101, 31, 0, 101, 31, 1, 31, 101,
                  0, 0),
    FMX_STRUCTURE("permute, published", permute, "", 32, 50, 2180, 0, 50, 2180, 1, 2180, 50, 0, 1),
    FMX_STRUCTURE("reshape, 6 x 21", reshape, "channels=6", 2, 21, 6, 0, 1, 1, 126, 6, 21, 0, 0),
    FMX_STRUCTURE("reshape, one position", reshape, "positions=1 channels=35", 2, 5, 7, 0, 1, 1, 35,
                  35, 1, 0, 0),
    FMX_STRUCTURE("fold, channels", fold, "parts=3", 2, 12, 7, 0, 1, 1, 84, 4, 7, 3, 0),
    FMX_STRUCTURE("fold, one part", fold, "parts=1", 2, 5, 7, 0, 1, 1, 35, 5, 7, 1, 0),
    FMX_STRUCTURE("fold, one channel's positions", fold, "parts=100 of=positions", 2, 1, 21800, 0,
                  1, 100, 218, 1, 218, 100, 0),
    FMX_STRUCTURE("fold, positions", fold, "parts=4 of=positions", 3, 5, 68, 0, 5, 4, 17, 5, 17, 4,
                  0),
    FMX_STRUCTURE("fold, single positions", fold, "parts=33 of=positions", 2, 17, 33, 0, 17, 33, 1,
                  17, 1, 33, 0),
    FMX_STRUCTURE("fold, windows of 64 channels", fold, "parts=100 of=positions", 8, 64, 21800, 0,
                  64, 100, 218, 64, 218, 100, 1),
    FMX_STRUCTURE("unfold, channels", unfold, "", 2, 4, 7, 3, 1, 1, 84, 12, 7, 1, 0),
    FMX_STRUCTURE("unfold, a part of the parts", unfold, "parts=2", 2, 4, 7, 6, 1, 1, 168, 8, 7, 3,
                  0),
    FMX_STRUCTURE("unfold, positions", unfold, "of=positions", 3, 5, 17, 4, 4, 5, 17, 5, 68, 1, 0),
    FMX_STRUCTURE("unfold, pairs of positions", unfold, "of=positions parts=2", 3, 5, 15, 4, 2, 5,
                  15, 5, 30, 2, 0),
    FMX_STRUCTURE("unfold, steps of a sequence", unfold, "of=positions", 2, 24, 1, 100, 100, 24, 1,
                  24, 100, 1, 0),
};

#endif
