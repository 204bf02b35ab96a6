/* RMSProp (Tieleman & Hinton 2012, lecture 6.5e).  v: mean of g^2, forgetting at rate gain = 1 -
   alpha.  The epsilon stands outside the root (torch: eps) or inside it (eps_in_sqrt). */
#include "kernel.h"

RULE(rmsprop) {
    real *restrict v = state[0];
    const real lr = (real)hyper[0], l2 = (real)hyper[1], decay = (real)hyper[2],
               l1 = (real)hyper[3];
    const real alpha = (real)hyper[4], gain = (real)hyper[5];
    const real eps = (real)hyper[6], eps_in_sqrt = (real)hyper[7];
    for (size_t i = 0; i < n; i++) {
        const real gi = g[i] + l2 * w[i];
        v[i] = alpha * v[i] + gain * gi * gi;
        const real scale = SQRT(v[i] + eps_in_sqrt) + eps;
        w[i] = SHRUNK(w[i] - (decay * w[i] + lr * gi / scale), l1 / scale);
    }
}

/* With momentum.  velocity: decaying sum of the scaled gradients. */
RULE(rmsprop_momentum) {
    real *restrict v = state[0], *restrict velocity = state[1];
    const real lr = (real)hyper[0], l2 = (real)hyper[1], decay = (real)hyper[2],
               l1 = (real)hyper[3];
    const real alpha = (real)hyper[4], gain = (real)hyper[5];
    const real eps = (real)hyper[6], eps_in_sqrt = (real)hyper[7], momentum = (real)hyper[8];
    for (size_t i = 0; i < n; i++) {
        const real gi = g[i] + l2 * w[i];
        v[i] = alpha * v[i] + gain * gi * gi;
        const real scale = SQRT(v[i] + eps_in_sqrt) + eps;
        velocity[i] = momentum * velocity[i] + gi / scale;
        w[i] = SHRUNK(w[i] - (decay * w[i] + lr * velocity[i]), l1 / scale);
    }
}
