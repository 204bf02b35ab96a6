/* Lion (Chen et al. 2023, program 1).  m: mean of g; the step goes by the sign of a fresher mean.
 */
#include "kernel.h"

RULE(lion) {
    real *restrict m = state[0];
    const real lr = (real)hyper[0], l2 = (real)hyper[1], decay = (real)hyper[2],
               l1 = (real)hyper[3];
    const real beta1 = (real)hyper[4], gain1 = (real)hyper[5];
    const real beta2 = (real)hyper[6], gain2 = (real)hyper[7];
    for (size_t i = 0; i < n; i++) {
        const real gi = g[i] + l2 * w[i];
        const real fresh = beta1 * m[i] + gain1 * gi;
        m[i] = beta2 * m[i] + gain2 * gi;
        w[i] = SHRUNK(w[i] - (decay * w[i] + lr * SIGN(fresh)), l1);
    }
}
