/* Gamma deviance of the mean exp(z), halved and without what depends on y alone: z + y exp(-z)
   (scikit-learn: HalfGammaLoss). */
#include "fo_math.h"

static inline real value(real z, real y, const real *h) { return z + y * fo_exp(-z); }

static inline real slope(real z, real y, const real *h) { return CLIPPED(1 - y * fo_exp(-z)); }

EXPORT_LOSS(gamma)
