/* Adamax (Kingma & Ba 2015, algorithm 2).  m: mean of g; u: the largest |g|, fading; lr already
   holds 1 / (1 - beta1^t). */
#include "kernel.h"

RULE(adamax) {
    real *restrict m = state[0], *restrict u = state[1];
    const real lr = (real)hyper[0], l2 = (real)hyper[1], decay = (real)hyper[2],
               l1 = (real)hyper[3];
    const real beta1 = (real)hyper[4], gain1 = (real)hyper[5];
    const real beta2 = (real)hyper[6], eps = (real)hyper[7];
    for (size_t i = 0; i < n; i++) {
        const real gi = g[i] + l2 * w[i];
        m[i] = beta1 * m[i] + gain1 * gi;
        u[i] = MAX(beta2 * u[i], FABS(gi) + eps);
        w[i] = SHRUNK(w[i] - (decay * w[i] + lr * m[i] / u[i]), l1 / u[i]);
    }
}
