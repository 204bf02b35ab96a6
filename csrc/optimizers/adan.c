/* Adan (Xie et al. 2022, algorithm 1).  m: mean of g; v: mean of the change of g; s: mean of the
   square of g looked ahead, which is g plus a part of its change; before: the last g, if there is
   one (since = 1).  correction1 ... 3 undo the biases of m, v and s. */
#include "kernel.h"

RULE(adan) {
    real *restrict m = state[0], *restrict v = state[1], *restrict s = state[2];
    real *restrict before = state[3];
    const real lr = (real)hyper[0], l2 = (real)hyper[1], decay = (real)hyper[2],
               l1 = (real)hyper[3];
    const real beta1 = (real)hyper[4], gain1 = (real)hyper[5];
    const real beta2 = (real)hyper[6], gain2 = (real)hyper[7];
    const real beta3 = (real)hyper[8], gain3 = (real)hyper[9];
    const real correction1 = (real)hyper[10], correction2 = (real)hyper[11];
    const real correction3 = (real)hyper[12];
    const real eps = (real)hyper[13], eps_in_sqrt = (real)hyper[14], since = (real)hyper[15];
    for (size_t i = 0; i < n; i++) {
        const real gi = g[i] + l2 * w[i], change = since * (gi - before[i]);
        const real ahead = gi + gain2 * change;
        before[i] = gi;
        m[i] = beta1 * m[i] + gain1 * gi;
        v[i] = beta2 * v[i] + gain2 * change;
        s[i] = beta3 * s[i] + gain3 * ahead * ahead;
        const real scale = SQRT(s[i] * correction3 + eps_in_sqrt) + eps;
        const real step = m[i] * correction1 + gain2 * (v[i] * correction2);
        w[i] = SHRUNK(w[i] - (decay * w[i] + lr * step / scale), l1 / scale);
    }
}
