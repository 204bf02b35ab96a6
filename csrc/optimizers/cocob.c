/* COCOB (Orabona & Tommasi 2017, algorithm 2): bets on coins, one for each weight, whose outcomes
   are the slopes c.  w0: the start; wealth: what the bets have won; total: sum of c; range: the
   largest |c|; sum: sum of |c|.  l1, the whole strength of the penalty so far, is taken off the
   total, as in dual averaging (Xiao 2010). */
#include "kernel.h"

RULE(cocob) {
    real *restrict w0 = state[0], *restrict total = state[1], *restrict range = state[2];
    real *restrict sum = state[3], *restrict wealth = state[4];
    const real lr = (real)hyper[0], l2 = (real)hyper[1], l1 = (real)hyper[3];
    const real alpha = (real)hyper[4];
    for (size_t i = 0; i < n; i++) {
        const real c = lr * (g[i] + l2 * w[i]);
        range[i] = MAX(range[i], FABS(c));
        sum[i] += FABS(c);
        wealth[i] = MAX(wealth[i] - c * (w[i] - w0[i]), 0);
        total[i] += c;
        const real most = range[i] * MAX(sum[i] + range[i], alpha * range[i]);
        const real bet = SHRUNK(total[i], l1) / (most + (real)(most == 0));
        w[i] = w0[i] - bet * (range[i] + wealth[i]);
    }
}
