/* Sums over parameters, for rules whose step depends on all of them: in a fixed order, and in
   float64 from one block to the next, so that they stay exact for any number of parameters. */
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

/* total += the sum of `term`, an expression of i, over i < n. */
#define ADD_UP(total, i, n, term)                                                                  \
    for (size_t start_ = 0, count_; start_ < (n); start_ += count_) {                              \
        real terms_[SUM_BLOCK];                                                                    \
        count_ = MIN((size_t)SUM_BLOCK, (n) - start_);                                             \
        for (size_t i = start_; i < start_ + count_; i++)                                          \
            terms_[i - start_] = (term);                                                           \
        for (size_t rest_ = count_; rest_ < SUM_BLOCK; rest_++)                                    \
            terms_[rest_] = 0;                                                                     \
        (total) += sum_of_block(terms_);                                                           \
    }

/* A step's rate, and what holds it: lr, decay and l1. */
static inline void scale_rate(double *hyper, double factor) {
    hyper[0] *= factor;
    hyper[2] *= factor;
    hyper[3] *= factor;
}

/* What a sum of squares must exceed to be divided by. */
#define TINY_SQUARE 0x1p-52

#endif
