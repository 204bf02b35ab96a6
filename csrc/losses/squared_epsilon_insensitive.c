/* Squared epsilon-insensitive loss: max(0, |z - y| - epsilon)^2 (scikit-learn:
   SquaredEpsilonInsensitive). */
#include "fo_math.h"

static inline real value(real z, real y, const real *h) {
    const real excess = fo_positive_part(FABS(z - y) - h[0]);
    return excess * excess;
}

static inline real slope(real z, real y, const real *h) {
    const real epsilon = h[0], r = z - y;
    return CLIPPED(2 * (r - CLAMP(r, -epsilon, epsilon)));
}

EXPORT_LOSS(squared_epsilon_insensitive)
