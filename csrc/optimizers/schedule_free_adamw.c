/* Schedule-Free AdamW (Defazio et al. 2024, algorithm 1).  w is y, between the base sequence z and
   its average x = (y - (1 - b1) z) / b1, of which z becomes the share c; v: mean of g^2, whose bias
   root undoes. */
#include "schedule_free.h"

EXPORT_SCHEDULE_FREE(schedule_free_adamw)

RULE(schedule_free_adamw) {
    real *restrict z = state[0], *restrict v = state[1];
    const real lr = (real)hyper[0], l2 = (real)hyper[1], decay = (real)hyper[2],
               l1 = (real)hyper[3];
    const real apart = (real)(1 - hyper[B1]), kept = (real)(1 - hyper[C]);
    const real taken = (real)(hyper[B1] * hyper[C] + (1 - hyper[B1]));
    const real beta2 = (real)hyper[6], gain2 = (real)hyper[7];
    const real root = (real)hyper[8], eps = (real)hyper[9];
    for (size_t i = 0; i < n; i++) {
        const real gi = g[i] + l2 * w[i];
        v[i] = beta2 * v[i] + gain2 * gi * gi;
        const real scale = SQRT(v[i]) * root + eps;
        const real part_of_x = w[i] - apart * z[i];
        z[i] = SHRUNK(z[i] - (decay * w[i] + lr * gi / scale), l1 / scale);
        w[i] = kept * part_of_x + taken * z[i];
    }
}
