/* Yogi (Zaheer et al. 2018, algorithm 2).  m: mean of g; v moves towards g^2 by a part of g^2,
   never of itself, so that it falls slowly.  lr and root undo the biases as in Adam. */
#include "kernel.h"

RULE(yogi) {
    real *restrict m = state[0], *restrict v = state[1];
    const real lr = (real)hyper[0], l2 = (real)hyper[1], decay = (real)hyper[2],
               l1 = (real)hyper[3];
    const real beta1 = (real)hyper[4], gain1 = (real)hyper[5], gain2 = (real)hyper[6];
    const real root = (real)hyper[7], eps = (real)hyper[8];
    for (size_t i = 0; i < n; i++) {
        const real gi = g[i] + l2 * w[i], square = gi * gi;
        m[i] = beta1 * m[i] + gain1 * gi;
        v[i] -= gain2 * SIGN(v[i] - square) * square;
        const real scale = SQRT(v[i]) * root + eps;
        w[i] = SHRUNK(w[i] - (decay * w[i] + lr * m[i] / scale), l1 / scale);
    }
}
