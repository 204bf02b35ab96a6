/* Prodigy (Mishchenko & Defazio 2024, algorithm 4).  m and v: means of d g and of its square; s:
   sum of the scaled g, fading; w0: the start.  The memory has d, the lower bound of the distance to
   the solution, and the weighted sum that it comes of. */
#include "sums.h"

enum { D, NUMERATOR };                             /* memory */
enum { BETA3 = 8, EPS, D0, COEF, LR_OF_S, D_NOW }; /* hyper-parameters */

static void sums(const real *restrict w, const real *restrict g, real *const *state,
                 const double *hyper, const double *memory, size_t n, double *sums) {
    real *restrict s = state[2];
    const real *restrict w0 = state[3];
    const double d = memory[D];
    const real l2 = (real)hyper[1], beta3 = (real)hyper[BETA3];
    const real gain = (real)(d * hyper[LR_OF_S] * d / hyper[D0]);
    EACH_BLOCK (start, end, n) {
        for (size_t i = start; i < end; i++)
            s[i] = beta3 * s[i] + gain * (g[i] + l2 * w[i]);
        ADD_UP(sums[0], i, start, end, (g[i] + l2 * w[i]) * (w0[i] - w[i]));
        ADD_UP(sums[1], i, start, end, FABS(s[i]));
    }
}

static void numbers(double *memory, const double *sums, double *hyper) {
    const double d = hyper[D_NOW] = memory[D];
    scale_rate(hyper, d);
    hyper[3] *= d; /* the threshold goes by d g */
    memory[NUMERATOR] = hyper[BETA3] * memory[NUMERATOR] + d / hyper[D0] * hyper[0] * sums[0];
    if (sums[1] > 0)
        memory[D] = MAX(d, hyper[COEF] * memory[NUMERATOR] / sums[1]);
    hyper[EPS] *= memory[D];
}

EXPORT_GLOBAL(prodigy)

RULE(prodigy) {
    real *restrict m = state[0], *restrict v = state[1];
    const real lr = (real)hyper[0], l2 = (real)hyper[1], decay = (real)hyper[2],
               l1 = (real)hyper[3];
    const real beta1 = (real)hyper[4], gain1 = (real)hyper[5];
    const real beta2 = (real)hyper[6], gain2 = (real)hyper[7];
    const real eps = (real)hyper[EPS], d = (real)hyper[D_NOW];
    for (size_t i = 0; i < n; i++) {
        const real gi = d * (g[i] + l2 * w[i]);
        m[i] = beta1 * m[i] + gain1 * gi;
        v[i] = beta2 * v[i] + gain2 * gi * gi;
        const real scale = SQRT(v[i]) + eps;
        w[i] = SHRUNK(w[i] - (decay * w[i] + lr * m[i] / scale), l1 / scale);
    }
}
