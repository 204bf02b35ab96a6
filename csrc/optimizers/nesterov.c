/* Nesterov's accelerated gradient (Nesterov 1983), rewritten so that w itself is the look-ahead
   point and the gradient is taken there (Bengio et al. 2013, eq. 7; torch). */
#include "kernel.h"

RULE(nesterov) {
    real *restrict velocity = state[0];
    const real lr = (real)hyper[0], l2 = (real)hyper[1], decay = (real)hyper[2],
               l1 = (real)hyper[3];
    const real momentum = (real)hyper[4], gain = (real)hyper[5];
    for (size_t i = 0; i < n; i++) {
        const real gi = g[i] + l2 * w[i];
        velocity[i] = momentum * velocity[i] + gain * gi;
        w[i] = SHRUNK(w[i] - (decay * w[i] + lr * (gi + momentum * velocity[i])), l1);
    }
}
