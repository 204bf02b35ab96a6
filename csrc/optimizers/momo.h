/* What MoMo and MoMo-Adam share: the model-based step. */
#ifndef FO_MOMO_H
#define FO_MOMO_H

#include "sums.h"

enum { LOSS, MEAN_LOSS, MEAN_DOT, LOWER_BOUND }; /* memory */
enum { GRADIENT_DOT_W, M_DOT_W, M_DOT_STEP };    /* sums */
enum { WEIGHT_DECAY, LEAST_BOUND, ADAPT };       /* the last hyper-parameters */

/* Sets the rate to the step that takes the model of the loss down to its lower bound, if that is
   shorter, and the decay to that of an implicit step. bias: the weight of what the means hold. */
static inline void truncate_step(double *memory, const double *sums, double *hyper, double beta,
                                 double gain, double bias, const double *last) {
    const double lr = hyper[0], k = 1 + lr * last[WEIGHT_DECAY];
    const double square = sums[M_DOT_STEP];
    memory[MEAN_LOSS] = beta * memory[MEAN_LOSS] + gain * memory[LOSS];
    memory[MEAN_DOT] = beta * memory[MEAN_DOT] + gain * sums[GRADIENT_DOT_W];
    const double mean = memory[MEAN_LOSS] - memory[MEAN_DOT];
    double bound = memory[LOWER_BOUND];
    const double reach = k * mean + sums[M_DOT_W]; /* the model at 0, as the step sees it */
    if (last[ADAPT] != 0 && reach < k * bias * bound)
        bound = MAX(reach / (2 * bias * k), last[LEAST_BOUND]);
    const double gap = MAX(k * (mean - bias * bound) + sums[M_DOT_W], 0);
    const double polyak = square > TINY_SQUARE ? gap / square : 0;
    const double rate = MIN(lr / bias, polyak);
    if (last[ADAPT] != 0)
        memory[LOWER_BOUND] =
            MAX((mean + sums[M_DOT_W] - rate * square / 2) / bias, last[LEAST_BOUND]);
    hyper[0] = rate;
    hyper[2] /= k;
    hyper[3] *= lr > 0 ? rate / lr : 0;
}

#endif
