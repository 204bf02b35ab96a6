/* Tweedie deviance of power p and mean m = exp(z), halved and without what depends on y alone:
   m^(2-p) / (2-p) - y m^(1-p) / (1-p), with the logarithm z in the place of a power over its
   exponent of 0 (Jorgensen 1987; scikit-learn: HalfTweedieLoss). p = 1 is Poisson's and p = 2
   Gamma's. */
#include "fo_math.h"

/* m^a / a */
static inline real scaled_power(real z, real a) { return a == 0 ? z : fo_exp(a * z) / a; }

static inline real value(real z, real y, const real *h) {
    const real p = h[0];
    return scaled_power(z, 2 - p) - y * scaled_power(z, 1 - p);
}

static inline real slope(real z, real y, const real *h) {
    const real p = h[0];
    return CLIPPED(fo_exp((2 - p) * z) - y * fo_exp((1 - p) * z));
}

EXPORT_LOSS(tweedie)
