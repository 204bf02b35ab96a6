/* MoMo-Adam (Schaipp et al. 2024, algorithm 2): the same in the metric of Adam.  m: mean of g; v:
   mean of g^2; bias is 1 - beta1^t and root is 1 / sqrt(1 - beta2^t). */
#include "momo.h"

/* Hyper-parameters; those of the model are the last. */
enum { BETA1 = 4, GAIN1, BETA2, GAIN2, ROOT, EPS, BIAS, MODEL };

static void sums(const real *restrict w, const real *restrict g, real *const *state,
                 const double *hyper, const double *memory, size_t n, double *sums) {
    real *restrict m = state[0], *restrict v = state[1];
    const real l2 = (real)hyper[1];
    const real beta1 = (real)hyper[BETA1], gain1 = (real)hyper[GAIN1];
    const real beta2 = (real)hyper[BETA2], gain2 = (real)hyper[GAIN2];
    const real root = (real)hyper[ROOT], eps = (real)hyper[EPS];
    EACH_BLOCK (start, end, n) {
        for (size_t i = start; i < end; i++) {
            const real gi = g[i] + l2 * w[i];
            m[i] = beta1 * m[i] + gain1 * gi;
            v[i] = beta2 * v[i] + gain2 * gi * gi;
        }
        ADD_UP(sums[GRADIENT_DOT_W], i, start, end, (g[i] + l2 * w[i]) * w[i]);
        ADD_UP(sums[M_DOT_W], i, start, end, m[i] * w[i]);
        ADD_UP(sums[M_DOT_STEP], i, start, end, SQUARE(m[i]) / (SQRT(v[i]) * root + eps));
    }
}

static void numbers(double *memory, const double *sums, double *hyper) {
    truncate_step(memory, sums, hyper, hyper[BETA1], hyper[GAIN1], hyper[BIAS], hyper + MODEL);
}

EXPORT_GLOBAL(momo_adam)

RULE(momo_adam) {
    const real *restrict m = state[0], *restrict v = state[1];
    const real lr = (real)hyper[0], decay = (real)hyper[2], l1 = (real)hyper[3];
    const real root = (real)hyper[ROOT], eps = (real)hyper[EPS];
    for (size_t i = 0; i < n; i++) {
        const real scale = SQRT(v[i]) * root + eps;
        w[i] = SHRUNK(w[i] - (decay * w[i] + lr * m[i] / scale), l1 / scale);
    }
}
