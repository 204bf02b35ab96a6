/* Hinge loss: max(0, 1 - y z) (Cortes & Vapnik 1995; scikit-learn: Hinge). */
#include "kernel.h"

static inline real value(real z, real y, const real *h) { return MAX(0, 1 - y * z); }

static inline real slope(real z, real y, const real *h) { return y * z <= 1 ? -y : 0; }

EXPORT_LOSS(hinge)
