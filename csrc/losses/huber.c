/* Huber loss: r^2 / 2 of the residual r = z - y, continued by its tangents where |r| > epsilon
   (Huber 1964; scikit-learn: HuberLoss). */
#include "kernel.h"

static inline real value(real z, real y, const real *h) {
    const real r = FABS(z - y), inside = MIN(r, h[0]);
    return inside * (r - inside / 2);
}

static inline real slope(real z, real y, const real *h) { return CLAMP(z - y, -h[0], h[0]); }

EXPORT_LOSS(huber)
