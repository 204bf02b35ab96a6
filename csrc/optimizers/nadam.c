/* NAdam (Dozat 2016, algorithm 2, with its schedule of the momentum).  m: mean of g, v: mean of
   g^2. The step takes Nesterov's look ahead: the momentum mu of this step for g, that of the next,
   mu_next, for m; both biased by the product of all momenta so far, which the memory holds. */
#include "kernel.h"

enum { MU_PRODUCT };
enum { MU = 10, MU_NEXT };

/* Makes of mu and mu_next what g and m count for. */
static void numbers(double *memory, const double *sums, double *hyper) {
    const double product = memory[MU_PRODUCT] *= hyper[MU];
    hyper[MU] = (1 - hyper[MU]) / (1 - product);
    hyper[MU_NEXT] /= 1 - product * hyper[MU_NEXT];
}

const global_rule K(nadam_global) = {NULL, numbers};

RULE(nadam) {
    real *restrict m = state[0], *restrict v = state[1];
    const real lr = (real)hyper[0], l2 = (real)hyper[1], decay = (real)hyper[2],
               l1 = (real)hyper[3];
    const real beta1 = (real)hyper[4], gain1 = (real)hyper[5];
    const real beta2 = (real)hyper[6], gain2 = (real)hyper[7];
    const real root = (real)hyper[8], eps = (real)hyper[9];
    const real of_g = (real)hyper[MU], of_m = (real)hyper[MU_NEXT];
    for (size_t i = 0; i < n; i++) {
        const real gi = g[i] + l2 * w[i];
        m[i] = beta1 * m[i] + gain1 * gi;
        v[i] = beta2 * v[i] + gain2 * gi * gi;
        const real scale = SQRT(v[i]) * root + eps;
        const real step = of_g * gi + of_m * m[i];
        w[i] = SHRUNK(w[i] - (decay * w[i] + lr * step / scale), l1 / scale);
    }
}
