/* What Schedule-Free rules share: how much of z the average x takes in. */
#ifndef FO_SCHEDULE_FREE_H
#define FO_SCHEDULE_FREE_H

#include "kernel.h"

enum { LR_MAX, WEIGHT_SUM }; /* memory */
enum { B1 = 4, C };          /* hyper-parameters */

/* Makes of C, a power, the part that this power of the largest rate so far is of the sum of all. */
static void numbers(double *memory, const double *sums, double *hyper) {
    double weight;
    memory[LR_MAX] = MAX(memory[LR_MAX], hyper[0]);
    fo_power(&memory[LR_MAX], hyper[C], &weight, 1);
    memory[WEIGHT_SUM] += weight;
    hyper[C] = memory[WEIGHT_SUM] > 0 ? weight / memory[WEIGHT_SUM] : 0;
}

#define EXPORT_SCHEDULE_FREE(name) const global_rule K(name##_global) = {NULL, numbers};

#endif
