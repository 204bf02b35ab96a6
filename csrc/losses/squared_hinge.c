/* Squared hinge loss: max(0, 1 - y z)^2 (scikit-learn: SquaredHinge). */
#include "fo_math.h"

static inline real value(real z, real y, const real *h) {
    const real missing = fo_positive_part(1 - y * z);
    return missing * missing;
}

static inline real slope(real z, real y, const real *h) {
    return CLIPPED(-2 * y * MAX(0, 1 - y * z));
}

EXPORT_LOSS(squared_hinge)
