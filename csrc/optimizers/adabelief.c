/* AdaBelief (Zhuang et al. 2020, algorithm 2).  m: mean of g; s: mean of (g - m)^2, how far g is
   from what was expected.  root is 1 / sqrt(1 - beta2^t); of_g and of_m, what g and m count for in
   the step, hold the other correction, and Nesterov's look ahead. */
#include "kernel.h"

RULE(adabelief) {
    real *restrict m = state[0], *restrict s = state[1];
    const real lr = (real)hyper[0], l2 = (real)hyper[1], decay = (real)hyper[2],
               l1 = (real)hyper[3];
    const real beta1 = (real)hyper[4], gain1 = (real)hyper[5];
    const real beta2 = (real)hyper[6], gain2 = (real)hyper[7];
    const real root = (real)hyper[8], eps = (real)hyper[9], eps_in_sqrt = (real)hyper[10];
    const real of_g = (real)hyper[11], of_m = (real)hyper[12];
    for (size_t i = 0; i < n; i++) {
        const real gi = g[i] + l2 * w[i];
        m[i] = beta1 * m[i] + gain1 * gi;
        const real surprise = gi - m[i];
        s[i] = beta2 * s[i] + gain2 * surprise * surprise + eps_in_sqrt;
        const real scale = SQRT(s[i]) * root + eps;
        const real step = of_g * gi + of_m * m[i];
        w[i] = SHRUNK(w[i] - (decay * w[i] + lr * step / scale), l1 / scale);
    }
}
