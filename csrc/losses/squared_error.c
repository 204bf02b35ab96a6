/* Squared error: (z - y)^2 / 2 (scikit-learn: HalfSquaredError). */
#include "kernel.h"

static inline real value(real z, real y, const real *h) { return (z - y) * (z - y) / 2; }

static inline real slope(real z, real y, const real *h) { return CLIPPED(z - y); }

EXPORT_LOSS(squared_error)
