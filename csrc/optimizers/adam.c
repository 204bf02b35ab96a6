/* Adam (Kingma & Ba 2015, algorithm 1).  m: mean of g, v: mean of g^2, both biased towards 0; lr
   already holds 1 / (1 - beta1^t) and root is 1 / sqrt(1 - beta2^t), which undo the bias.
   gain1 = 1 - beta1, gain2 = 1 - beta2.  With decay it is AdamW (Loshchilov & Hutter 2019). */
#include "kernel.h"

RULE(adam) {
    real *restrict m = state[0], *restrict v = state[1];
    const real lr = (real)hyper[0], l2 = (real)hyper[1], decay = (real)hyper[2],
               l1 = (real)hyper[3];
    const real beta1 = (real)hyper[4], gain1 = (real)hyper[5];
    const real beta2 = (real)hyper[6], gain2 = (real)hyper[7];
    const real root = (real)hyper[8], eps = (real)hyper[9];
    for (size_t i = 0; i < n; i++) {
        const real gi = g[i] + l2 * w[i];
        m[i] = beta1 * m[i] + gain1 * gi;
        v[i] = beta2 * v[i] + gain2 * gi * gi;
        const real scale = SQRT(v[i]) * root + eps;
        w[i] = SHRUNK(w[i] - (decay * w[i] + lr * m[i] / scale), l1 / scale);
    }
}

/* AMSGrad (Reddi, Kale & Kumar 2018, algorithm 2).  v_max: the largest v so far, before the
   correction of its bias, root, as torch has it, or after it, correction, as optax. */
RULE(amsgrad) {
    real *restrict m = state[0], *restrict v = state[1], *restrict v_max = state[2];
    const real lr = (real)hyper[0], l2 = (real)hyper[1], decay = (real)hyper[2],
               l1 = (real)hyper[3];
    const real beta1 = (real)hyper[4], gain1 = (real)hyper[5];
    const real beta2 = (real)hyper[6], gain2 = (real)hyper[7];
    const real root = (real)hyper[8], eps = (real)hyper[9];
    const real correction = (real)hyper[10], eps_in_sqrt = (real)hyper[11];
    for (size_t i = 0; i < n; i++) {
        const real gi = g[i] + l2 * w[i];
        m[i] = beta1 * m[i] + gain1 * gi;
        v[i] = beta2 * v[i] + gain2 * gi * gi;
        v_max[i] = MAX(v_max[i], v[i] * correction);
        const real scale = SQRT(v_max[i] + eps_in_sqrt) * root + eps;
        w[i] = SHRUNK(w[i] - (decay * w[i] + lr * m[i] / scale), l1 / scale);
    }
}
