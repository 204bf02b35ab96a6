/* Adadelta (Zeiler 2012, algorithm 1).  v: mean of g^2; u: mean of the squared steps, whose root
   gives the step its unit. */
#include "kernel.h"

RULE(adadelta) {
    real *restrict v = state[0], *restrict u = state[1];
    const real lr = (real)hyper[0], l2 = (real)hyper[1], decay = (real)hyper[2],
               l1 = (real)hyper[3];
    const real rho = (real)hyper[4], gain = (real)hyper[5], eps = (real)hyper[6];
    for (size_t i = 0; i < n; i++) {
        const real gi = g[i] + l2 * w[i];
        v[i] = rho * v[i] + gain * gi * gi;
        const real pace = SQRT((u[i] + eps) / (v[i] + eps));
        const real step = pace * gi;
        u[i] = rho * u[i] + gain * step * step;
        w[i] = SHRUNK(w[i] - (decay * w[i] + lr * step), l1 * pace);
    }
}
