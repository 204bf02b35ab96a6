/* Heavy-ball momentum (Polyak 1964).  velocity: decaying sum of past gradients.
   With gain = 1 - dampening the learning rate stays outside the velocity (torch); with gain = the
   learning rate and lr = 1 it goes inside (Sutskever et al. 2013, eq. 1-2). */
#include "kernel.h"

RULE(momentum) {
    real *restrict velocity = state[0];
    const real lr = (real)hyper[0], l2 = (real)hyper[1], decay = (real)hyper[2],
               l1 = (real)hyper[3];
    const real momentum = (real)hyper[4], gain = (real)hyper[5];
    for (size_t i = 0; i < n; i++) {
        const real gi = g[i] + l2 * w[i];
        velocity[i] = momentum * velocity[i] + gain * gi;
        w[i] = SHRUNK(w[i] - (decay * w[i] + lr * velocity[i]), l1);
    }
}
