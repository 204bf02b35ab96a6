/* FTRL-Proximal (McMahan et al. 2013, algorithm 1).  v: sum of g^2; z: sum of g, less what the
   proximal terms add to it, so that w is a function of z and v alone.  Here l1 and l2 are the whole
   strength of the penalties, and the rate does not change. */
#include "kernel.h"

RULE(ftrl) {
    real *restrict z = state[0], *restrict v = state[1];
    const real l2 = (real)hyper[1], l1 = (real)hyper[3];
    const real beta = (real)hyper[4], per_lr = (real)(1 / hyper[0]);
    for (size_t i = 0; i < n; i++) {
        const real square = g[i] * g[i], before = SQRT(v[i]);
        v[i] += square;
        const real after = SQRT(v[i]), both = after + before;
        const real sigma = square * per_lr / (both + (real)(both == 0)); /* (after - before) / lr */
        z[i] += g[i] - sigma * w[i];
        w[i] = -SHRUNK(z[i], l1) / ((beta + after) * per_lr + l2);
    }
}
