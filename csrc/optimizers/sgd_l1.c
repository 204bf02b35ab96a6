/* SGD with the cumulative L1 penalty (Tsuruoka, Tsujii & Ananiadou 2009): a weight is taken towards
   0 by all the penalty that has been due to it so far and was not yet applied, so that the noise of
   single gradients does not keep it from 0.  up: what a weight above 0 may still be lowered by,
   down: one below 0 raised by; both shrink as w does. */
#include "fo_math.h"

void K(sgd_l1)(RULE_ARGUMENTS) {
    real *restrict up = state[0], *restrict down = state[1];
    const real lr = (real)hyper[0], l2 = (real)hyper[1], decay = (real)hyper[2];
    const real l1 = (real)hyper[3], kept = (real)MAX(1 - (hyper[0] * hyper[1] + hyper[2]), 0);
    for (size_t i = 0; i < n; i++) {
        const real wi = w[i] - (decay * w[i] + lr * (g[i] + l2 * w[i]));
        up[i] = kept * up[i] + l1;
        down[i] = kept * down[i] + l1;
        w[i] = fo_taken_to_0(wi, up[i], down[i]);
        up[i] += w[i] - wi;
        down[i] -= w[i] - wi;
    }
}

void K(sgd_l1_take)(real *restrict v, real *restrict q, real l1_sum, size_t n) {
    for (size_t i = 0; i < n; i++)
        fo_take_l1(v + i, q + i, l1_sum);
}
