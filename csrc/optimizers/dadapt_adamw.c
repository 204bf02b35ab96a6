/* D-Adaptation for Adam (Defazio & Mishchenko 2023, algorithm 5).  m and v: means of the scaled g
   and of g^2; s: mean of the scaled g over a longer time.  The memory has d, the lower bound of the
   distance to the solution, and the weighted sum that it comes of. */
#include "sums.h"

enum { D, NUMERATOR };          /* memory */
enum { BETA3 = 8, GAIN3, EPS }; /* hyper-parameters */

static void sums(const real *restrict w, const real *restrict g, real *const *state,
                 const double *hyper, const double *memory, size_t n, double *sums) {
    const real *restrict v = state[1];
    real *restrict s = state[2];
    const real l2 = (real)hyper[1], beta3 = (real)hyper[BETA3], eps = (real)hyper[EPS];
    const real gain = (real)(hyper[GAIN3] * (memory[D] * hyper[0]));
    EACH_BLOCK (start, end, n) {
        ADD_UP(sums[0], i, start, end, (g[i] + l2 * w[i]) * (s[i] / (SQRT(v[i]) + eps)));
        for (size_t i = start; i < end; i++)
            s[i] = beta3 * s[i] + gain * (g[i] + l2 * w[i]);
        ADD_UP(sums[1], i, start, end, FABS(s[i]));
    }
}

static void numbers(double *memory, const double *sums, double *hyper) {
    scale_rate(hyper, memory[D]);
    memory[NUMERATOR] = hyper[BETA3] * memory[NUMERATOR] + hyper[GAIN3] * hyper[0] * sums[0];
    if (sums[1] > 0)
        memory[D] = MAX(memory[D], memory[NUMERATOR] / (hyper[GAIN3] * sums[1]));
}

EXPORT_GLOBAL(dadapt_adamw)

RULE(dadapt_adamw) {
    real *restrict m = state[0], *restrict v = state[1];
    const real l2 = (real)hyper[1], decay = (real)hyper[2], l1 = (real)hyper[3];
    const real beta1 = (real)hyper[4], gain1 = (real)(hyper[5] * hyper[0]);
    const real beta2 = (real)hyper[6], gain2 = (real)hyper[7], eps = (real)hyper[EPS];
    for (size_t i = 0; i < n; i++) {
        const real gi = g[i] + l2 * w[i];
        m[i] = beta1 * m[i] + gain1 * gi;
        v[i] = beta2 * v[i] + gain2 * gi * gi;
        const real scale = SQRT(v[i]) + eps;
        w[i] = SHRUNK(w[i] - (decay * w[i] + m[i] / scale), l1 / scale);
    }
}
