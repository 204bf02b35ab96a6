/* Schedule-Free SGD (Defazio et al. 2024, equations 3-5).  w is y, between the base sequence z and
   its average x = (y - (1 - b1) z) / b1, of which z becomes the share c. */
#include "schedule_free.h"

EXPORT_SCHEDULE_FREE(schedule_free_sgd)

RULE(schedule_free_sgd) {
    real *restrict z = state[0];
    const real lr = (real)hyper[0], l2 = (real)hyper[1], decay = (real)hyper[2],
               l1 = (real)hyper[3];
    const real apart = (real)(1 - hyper[B1]), kept = (real)(1 - hyper[C]);
    const real taken = (real)(hyper[B1] * hyper[C] + (1 - hyper[B1]));
    for (size_t i = 0; i < n; i++) {
        const real gi = g[i] + l2 * w[i];
        const real part_of_x = w[i] - apart * z[i];
        z[i] = SHRUNK(z[i] - (decay * w[i] + lr * gi), l1);
        w[i] = kept * part_of_x + taken * z[i];
    }
}
