/* Adagrad (Duchi, Hazan & Singer 2011).  v: sum of g^2.
   The epsilon stands outside the root (torch: eps) or inside it (the lecture: eps_in_sqrt). */
#include "kernel.h"

RULE(adagrad) {
    real *restrict v = state[0];
    const real lr = (real)hyper[0], l2 = (real)hyper[1], decay = (real)hyper[2],
               l1 = (real)hyper[3];
    const real eps = (real)hyper[4], eps_in_sqrt = (real)hyper[5];
    for (size_t i = 0; i < n; i++) {
        const real gi = g[i] + l2 * w[i];
        v[i] += gi * gi;
        const real scale = SQRT(v[i] + eps_in_sqrt) + eps;
        w[i] = SHRUNK(w[i] - (decay * w[i] + lr * gi / scale), l1 / scale);
    }
}
