/* Signum (Bernstein et al. 2018, algorithm 2): signSGD with momentum.  m: mean of g, of which the
   step takes the sign. */
#include "kernel.h"

RULE(signum) {
    real *restrict m = state[0];
    const real lr = (real)hyper[0], l2 = (real)hyper[1], decay = (real)hyper[2],
               l1 = (real)hyper[3];
    const real beta = (real)hyper[4], gain = (real)hyper[5];
    for (size_t i = 0; i < n; i++) {
        const real gi = g[i] + l2 * w[i];
        m[i] = beta * m[i] + gain * gi;
        w[i] = SHRUNK(w[i] - (decay * w[i] + lr * SIGN(m[i])), l1);
    }
}
