/* ASGD, averaged SGD (Polyak & Juditsky 1992).  ax: mean of the weights, of which those of this
   step are the share mu; decay already holds lambd lr. */
#include "kernel.h"

RULE(asgd) {
    real *restrict ax = state[0];
    const real lr = (real)hyper[0], l2 = (real)hyper[1], decay = (real)hyper[2],
               l1 = (real)hyper[3];
    const real mu = (real)hyper[4];
    for (size_t i = 0; i < n; i++) {
        const real gi = g[i] + l2 * w[i];
        w[i] = SHRUNK(w[i] - (decay * w[i] + lr * gi), l1);
        ax[i] = mu == 1 ? w[i] : ax[i] + mu * (w[i] - ax[i]);
    }
}
