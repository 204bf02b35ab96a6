/* Centered RMSProp (Graves 2013, eq. 38-41): divides by the standard deviation of g instead of its
   root mean square.  v: mean of g^2, m: mean of g; v - m^2 is kept from rounding below 0. */
#include "kernel.h"

RULE(rmsprop_centered) {
    real *restrict v = state[0], *restrict m = state[1];
    const real lr = (real)hyper[0], l2 = (real)hyper[1], decay = (real)hyper[2],
               l1 = (real)hyper[3];
    const real alpha = (real)hyper[4], gain = (real)hyper[5];
    const real eps = (real)hyper[6], eps_in_sqrt = (real)hyper[7];
    for (size_t i = 0; i < n; i++) {
        const real gi = g[i] + l2 * w[i];
        v[i] = alpha * v[i] + gain * gi * gi;
        m[i] = alpha * m[i] + gain * gi;
        const real variance = MAX(v[i] - m[i] * m[i], 0);
        const real scale = SQRT(variance + eps_in_sqrt) + eps;
        w[i] = SHRUNK(w[i] - (decay * w[i] + lr * gi / scale), l1 / scale);
    }
}

/* With momentum.  velocity: decaying sum of the scaled gradients. */
RULE(rmsprop_centered_momentum) {
    real *restrict v = state[0], *restrict m = state[1], *restrict velocity = state[2];
    const real lr = (real)hyper[0], l2 = (real)hyper[1], decay = (real)hyper[2],
               l1 = (real)hyper[3];
    const real alpha = (real)hyper[4], gain = (real)hyper[5];
    const real eps = (real)hyper[6], eps_in_sqrt = (real)hyper[7], momentum = (real)hyper[8];
    for (size_t i = 0; i < n; i++) {
        const real gi = g[i] + l2 * w[i];
        v[i] = alpha * v[i] + gain * gi * gi;
        m[i] = alpha * m[i] + gain * gi;
        const real variance = MAX(v[i] - m[i] * m[i], 0);
        const real scale = SQRT(variance + eps_in_sqrt) + eps;
        velocity[i] = momentum * velocity[i] + gi / scale;
        w[i] = SHRUNK(w[i] - (decay * w[i] + lr * velocity[i]), l1 / scale);
    }
}
