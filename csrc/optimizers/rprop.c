/* Rprop (Riedmiller & Braun 1993), without weight backtracking.  Each weight has a step size of its
   own, which grows while g keeps its sign and shrinks where it turns; a g that turned counts as 0.
 */
#include "kernel.h"

RULE(rprop) {
    real *restrict before = state[0], *restrict step = state[1];
    const real l2 = (real)hyper[1], decay = (real)hyper[2], l1 = (real)hyper[3];
    const real shrink = (real)hyper[4], grow = (real)hyper[5];
    const real least = (real)hyper[6], most = (real)hyper[7];
    for (size_t i = 0; i < n; i++) {
        const real gi = g[i] + l2 * w[i], turn = gi * before[i];
        const real factor = turn > 0 ? grow : turn < 0 ? shrink : 1;
        step[i] = CLAMP(step[i] * factor, least, most);
        before[i] = turn < 0 ? 0 : gi;
        w[i] = SHRUNK(w[i] - (decay * w[i] + SIGN(before[i]) * step[i]), l1);
    }
}
