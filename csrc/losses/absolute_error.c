/* Absolute error: |z - y|, whose optimum is the median (scikit-learn: AbsoluteError). */
#include "kernel.h"

static inline real value(real z, real y, const real *h) { return FABS(z - y); }

static inline real slope(real z, real y, const real *h) { return z > y ? 1 : z < y ? -1 : 0; }

EXPORT_LOSS(absolute_error)
