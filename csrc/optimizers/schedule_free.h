/* What Schedule-Free rules share: how much of z the average x takes in. */
#ifndef FO_SCHEDULE_FREE_H
#define FO_SCHEDULE_FREE_H

#include "kernel.h"

enum { LR_MAX, WEIGHT_SUM }; /* memory */

static void sums(const real *restrict w, const real *restrict g, real *const *state,
                 const double *hyper, const double *memory, size_t n, double *sums) {}

/* What the power of the largest rate so far, `given`, is of the sum of all of them; left there. */
static inline void take_weight(double *memory, double lr, double *given) {
    double weight;
    memory[LR_MAX] = MAX(memory[LR_MAX], lr);
    fo_power(&memory[LR_MAX], *given, &weight, 1);
    memory[WEIGHT_SUM] += weight;
    *given = memory[WEIGHT_SUM] > 0 ? weight / memory[WEIGHT_SUM] : 0;
}

#endif
