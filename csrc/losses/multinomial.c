/* Multinomial logistic loss, or cross entropy of the softmax: log sum_k exp(z_k) - z_y, with the
   largest z taken off first so that exp cannot overflow (scikit-learn: HalfMultinomialLoss).

   Slope k is the probability of class k, less 1 for the class y. */
#include "fo_math.h"

static inline real largest(const real *z, size_t n) {
    real most = z[0];
    for (size_t k = 1; k < n; k++)
        most = z[k] > most || z[k] != z[k] ? z[k] : most;
    return most;
}

static real value(const real *z, size_t y, size_t n_classes) {
    const real most = largest(z, n_classes);
    real exps[LANES], others = -1; /* exp of the largest is 1 */
    for (size_t k = 0, count; k < n_classes; k += count) {
        count = MIN(LANES, n_classes - k);
        for (size_t j = 0; j < count; j++)
            exps[j] = fo_exp(z[k + j] - most);
        for (size_t j = 0; j < count; j++)
            others += exps[j];
    }
    return fo_log1p(MAX(0, others)) + (most - z[y]);
}

static void slopes(const real *z, size_t y, real *out, size_t n_classes) {
    const real most = largest(z, n_classes);
    real sum = 0;
    for (size_t k = 0; k < n_classes; k++)
        out[k] = fo_exp(z[k] - most);
    for (size_t k = 0; k < n_classes; k++)
        sum += out[k];
    const real share = 1 / sum;
    for (size_t k = 0; k < n_classes; k++)
        out[k] *= share;
    out[y] -= 1;
}

EXPORT_JOINT_LOSS(multinomial)
