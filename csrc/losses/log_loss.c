/* Logistic loss: log(1 + exp(u)) with u = -y z, written so that exp cannot overflow (scikit-learn:
   HalfBinomialLoss). */
#include "fo_math.h"

static inline real value(real z, real y, const real *h) {
    const real u = -y * z;
    return MAX(u, 0) + fo_log1p(fo_exp(-FABS(u)));
}

static inline real slope(real z, real y, const real *h) { return -y * fo_sigmoid(-y * z); }

EXPORT_LOSS(log_loss)
