/* Modified Huber loss: max(0, 1 - y z)^2, continued by its tangent -4 y z where y z < -1
   (Zhang 2004; scikit-learn: ModifiedHuber). */
#include "fo_math.h"

static inline real value(real z, real y, const real *h) {
    const real margin = y * z, missing = fo_select(!(margin >= 1), 1 - margin, 0);
    return fo_select(margin < -1, -4 * margin, missing * missing);
}

static inline real slope(real z, real y, const real *h) { return -2 * y * CLAMP(1 - y * z, 0, 2); }

EXPORT_LOSS(modified_huber)
