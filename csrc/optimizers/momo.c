/* MoMo (Schaipp et al. 2024, algorithm 1): momentum with the step of Polyak for a model of the loss
   that the last gradients make.  m: mean of g; the memory has the means of the losses and of g . w,
   and the lower bound of the loss. */
#include "momo.h"

enum { BETA = 4, GAIN, MODEL }; /* hyper-parameters; those of the model are the last */

static void sums(const real *restrict w, const real *restrict g, real *const *state,
                 const double *hyper, const double *memory, size_t n, double *sums) {
    real *restrict m = state[0];
    const real l2 = (real)hyper[1], beta = (real)hyper[BETA], gain = (real)hyper[GAIN];
    EACH_BLOCK (start, end, n) {
        for (size_t i = start; i < end; i++)
            m[i] = beta * m[i] + gain * (g[i] + l2 * w[i]);
        ADD_UP(sums[GRADIENT_DOT_W], i, start, end, (g[i] + l2 * w[i]) * w[i]);
        ADD_UP(sums[M_DOT_W], i, start, end, m[i] * w[i]);
        ADD_UP(sums[M_DOT_STEP], i, start, end, SQUARE(m[i]));
    }
}

static void numbers(double *memory, const double *sums, double *hyper) {
    truncate_step(memory, sums, hyper, hyper[BETA], hyper[GAIN], 1, hyper + MODEL);
}

EXPORT_GLOBAL(momo)

RULE(momo) {
    const real *restrict m = state[0];
    const real lr = (real)hyper[0], decay = (real)hyper[2], l1 = (real)hyper[3];
    for (size_t i = 0; i < n; i++)
        w[i] = SHRUNK(w[i] - (decay * w[i] + lr * m[i]), l1);
}
