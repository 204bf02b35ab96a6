/* Huber loss: r^2 / 2 of the residual r = z - y, continued by its tangents where |r| > epsilon
   (Huber 1964; scikit-learn: HuberLoss). */
#include "fo_math.h"

static inline real value(real z, real y, const real *h) {
    const real epsilon = h[0], r = FABS(z - y);
    return fo_select(r <= epsilon, r * r / 2, epsilon * (r - epsilon / 2));
}

static inline real slope(real z, real y, const real *h) { return CLAMP(z - y, -h[0], h[0]); }

EXPORT_LOSS(huber)
