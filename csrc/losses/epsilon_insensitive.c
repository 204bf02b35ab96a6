/* Epsilon-insensitive loss: max(0, |z - y| - epsilon) (Vapnik 1995; scikit-learn:
   EpsilonInsensitive). */
#include "kernel.h"

static inline real value(real z, real y, const real *h) { return MAX(0, FABS(z - y) - h[0]); }

static inline real slope(real z, real y, const real *h) {
    const real epsilon = h[0], r = z - y;
    return r > epsilon ? 1 : r < -epsilon ? -1 : 0;
}

EXPORT_LOSS(epsilon_insensitive)
