/* Modified Huber loss: max(0, 1 - y z)^2, continued by its tangent -4 y z where y z < -1
   (Zhang 2004; scikit-learn: ModifiedHuber). */
#include "fo_math.h"

static inline real value(real z, real y, const real *h) {
    /* missing^2 up to missing = 2, then 4 missing - 4 */
    const real missing = fo_positive_part(1 - y * z), inside = MIN(missing, 2);
    return inside * (2 * missing - inside);
}

static inline real slope(real z, real y, const real *h) { return -2 * y * CLAMP(1 - y * z, 0, 2); }

EXPORT_LOSS(modified_huber)
