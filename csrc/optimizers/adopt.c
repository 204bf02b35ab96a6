/* ADOPT (Taniguchi et al. 2024, algorithm 2).  v: mean of g^2, which scales only the gradients that
   come after it; m: mean of the scaled gradients, each clipped.  of_u and of_m: what the last one
   and m count for in the step, which may look ahead as Nesterov's does. */
#include "kernel.h"

RULE(adopt) {
    real *restrict m = state[0], *restrict v = state[1];
    const real lr = (real)hyper[0], l2 = (real)hyper[1], decay = (real)hyper[2],
               l1 = (real)hyper[3];
    const real beta1 = (real)hyper[4], gain1 = (real)hyper[5];
    const real beta2 = (real)hyper[6], gain2 = (real)hyper[7];
    const real eps = (real)hyper[8], clip = (real)hyper[9];
    const real of_u = (real)hyper[10], of_m = (real)hyper[11];
    for (size_t i = 0; i < n; i++) {
        const real gi = g[i] + l2 * w[i], scale = MAX(SQRT(v[i]), eps);
        const real u = CLAMP(gi / scale, -clip, clip);
        m[i] = beta1 * m[i] + gain1 * u;
        v[i] = beta2 * v[i] + gain2 * gi * gi;
        w[i] = SHRUNK(w[i] - (decay * w[i] + lr * (of_u * u + of_m * m[i])), l1 / scale);
    }
}
