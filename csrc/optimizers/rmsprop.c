/* RMSProp (Tieleman & Hinton 2012, lecture 6.5e).  v: mean of g^2, forgetting at rate gain = 1 -
   alpha.  The epsilon stands outside the root (torch: eps) or inside it (eps_in_sqrt). */
#include "kernel.h"

void K(rmsprop)(real *restrict w, const real *restrict g, real *const *state, const double *hyper,
                size_t n) {
    real *restrict v = state[0];
    const real lr = (real)hyper[0], l2 = (real)hyper[1], decay = (real)hyper[2];
    const real alpha = (real)hyper[3], gain = (real)hyper[4];
    const real eps = (real)hyper[5], eps_in_sqrt = (real)hyper[6];
    for (size_t i = 0; i < n; i++) {
        const real gi = g[i] + l2 * w[i];
        v[i] = alpha * v[i] + gain * gi * gi;
        w[i] -= decay * w[i] + lr * gi / (SQRT(v[i] + eps_in_sqrt) + eps);
    }
}

/* With momentum.  velocity: decaying sum of the scaled gradients. */
void K(rmsprop_momentum)(real *restrict w, const real *restrict g, real *const *state,
                         const double *hyper, size_t n) {
    real *restrict v = state[0], *restrict velocity = state[1];
    const real lr = (real)hyper[0], l2 = (real)hyper[1], decay = (real)hyper[2];
    const real alpha = (real)hyper[3], gain = (real)hyper[4];
    const real eps = (real)hyper[5], eps_in_sqrt = (real)hyper[6], momentum = (real)hyper[7];
    for (size_t i = 0; i < n; i++) {
        const real gi = g[i] + l2 * w[i];
        v[i] = alpha * v[i] + gain * gi * gi;
        velocity[i] = momentum * velocity[i] + gi / (SQRT(v[i] + eps_in_sqrt) + eps);
        w[i] -= decay * w[i] + lr * velocity[i];
    }
}
