/* Poisson deviance of the mean exp(z), halved and without what depends on y alone: exp(z) - y z
   (scikit-learn: HalfPoissonLoss). */
#include "fo_math.h"

static inline real value(real z, real y, const real *h) { return fo_exp(z) - y * z; }

static inline real slope(real z, real y, const real *h) { return CLIPPED(fo_exp(z) - y); }

EXPORT_LOSS(poisson)
