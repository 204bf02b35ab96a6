/* AdEMAMix (Pagliardini, Ablin & Grangier 2024, algorithm 1).  m: fast mean of g; slow: a mean over
   many more steps, which counts alpha times; v: mean of g^2.  correction1 and 2 undo the biases of
   m and v; slow is to fill slowly. */
#include "kernel.h"

RULE(ademamix) {
    real *restrict m = state[0], *restrict slow = state[1], *restrict v = state[2];
    const real lr = (real)hyper[0], l2 = (real)hyper[1], decay = (real)hyper[2],
               l1 = (real)hyper[3];
    const real beta1 = (real)hyper[4], gain1 = (real)hyper[5];
    const real beta2 = (real)hyper[6], gain2 = (real)hyper[7];
    const real beta3 = (real)hyper[8], gain3 = (real)hyper[9], mix = (real)hyper[10];
    const real correction1 = (real)hyper[11], correction2 = (real)hyper[12];
    const real eps = (real)hyper[13], eps_in_sqrt = (real)hyper[14];
    for (size_t i = 0; i < n; i++) {
        const real gi = g[i] + l2 * w[i];
        m[i] = beta1 * m[i] + gain1 * gi;
        slow[i] = beta3 * slow[i] + gain3 * gi;
        v[i] = beta2 * v[i] + gain2 * gi * gi;
        const real scale = SQRT(v[i] * correction2 + eps_in_sqrt) + eps;
        const real step = m[i] * correction1 + mix * slow[i];
        w[i] = SHRUNK(w[i] - (decay * w[i] + lr * step / scale), l1 / scale);
    }
}
