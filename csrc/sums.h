/* Sums over parameters, for rules whose step depends on all of them: in a fixed order, and in
   float64 from one block to the next, so that they lose no digits however many there are. */
#ifndef FO_SUMS_H
#define FO_SUMS_H

#include "lanes.h"

enum { SUM_BLOCK = 16 * LANES };

static inline double sum_of_block(const real *terms) {
    lanes sum = {0};
    for (size_t k = 0; k < SUM_BLOCK; k += LANES)
        sum = lanes_add(sum, lanes_load(terms + k));
    return (double)lanes_sum(sum);
}

/* start ... end of each block of n parameters. A block stays in the nearest cache, so that several
   loops over it cost one pass over memory. */
#define EACH_BLOCK(start, end, n)                                                                  \
    for (size_t start = 0, end; end = MIN(start + SUM_BLOCK, n), start < (n); start = end)

/* total += the sum of `term`, an expression of i, over a block. */
#define ADD_UP(total, i, start, end, term)                                                         \
    do {                                                                                           \
        real terms_[SUM_BLOCK];                                                                    \
        for (size_t i = start; i < (end); i++)                                                     \
            terms_[i - (start)] = (term);                                                          \
        for (size_t rest_ = (end) - (start); rest_ < SUM_BLOCK; rest_++)                           \
            terms_[rest_] = 0;                                                                     \
        (total) += sum_of_block(terms_);                                                           \
    } while (0)

/* Multiplies a step's rate, and what holds it: lr, decay and l1. */
static inline void scale_rate(double *hyper, double factor) {
    hyper[0] *= factor;
    hyper[2] *= factor;
    hyper[3] *= factor;
}

/* What a sum of squares must exceed to be divided by. */
#define TINY_SQUARE 0x1p-52

#endif
