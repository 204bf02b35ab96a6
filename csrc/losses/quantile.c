/* Quantile or pinball loss: q r of a residual r = y - z above 0, (q - 1) r of one below, whose
   optimum is the q-quantile (Koenker & Bassett 1978; scikit-learn: PinballLoss). */
#include "kernel.h"

static inline real value(real z, real y, const real *h) {
    const real q = h[0], r = y - z;
    return r > 0 ? q * r : (q - 1) * r;
}

static inline real slope(real z, real y, const real *h) {
    const real q = h[0];
    return z < y ? -q : z > y ? 1 - q : 0;
}

EXPORT_LOSS(quantile)
