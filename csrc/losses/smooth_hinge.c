/* Smooth hinge loss of the margin u = y z: (1 - u)^2 / 2, continued by its tangents above 1 and
   below 0 (Rennie & Srebro 2005). */
#include "kernel.h"

static inline real value(real z, real y, const real *h) {
    const real below = MAX(0, 1 - y * z), inside = MIN(below, 1);
    return inside * (below - inside / 2);
}

static inline real slope(real z, real y, const real *h) { return -y * CLAMP(1 - y * z, 0, 1); }

EXPORT_LOSS(smooth_hinge)
