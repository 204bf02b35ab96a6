/* Adagrad (Duchi, Hazan & Singer 2011).  v: sum of g^2.
   The epsilon stands outside the root (torch: eps) or inside it (the lecture: eps_in_sqrt). */
#include "fo_math.h"

RULE(adagrad) {
    real *restrict v = state[0];
    const real lr = (real)hyper[0], l2 = (real)hyper[1], decay = (real)hyper[2],
               l1 = (real)hyper[3];
    const real eps = (real)hyper[4], eps_in_sqrt = (real)hyper[5];
    for (size_t i = 0; i < n; i++) {
        const real gi = g[i] + l2 * w[i];
        v[i] += gi * gi;
        const real scale = SQRT(v[i] + eps_in_sqrt) + eps;
        w[i] = SHRUNK(w[i] - (decay * w[i] + lr * gi / scale), l1 / scale);
    }
}

/* A penalty that pulls at w for a while: w falls at the rate q w, and by r towards 0, where it
   stops, in a unit of time. Two pulls, one after the other, are one of the sums of their q and r.
 */
SPECIALISED void pull(real *restrict w, const real *restrict q, const real *restrict r, size_t n,
                      const int l1_on, const int small) {
    for (size_t i = 0; i < n; i++) {
        const real mean = small ? fo_mean_of_small_decay(q[i]) : fo_mean_decay(q[i]);
        w[i] = SHRUNK(w[i] - mean * q[i] * w[i], mean * r[i]);
    }
}

enum { BLOCK = 64 }; /* weights that are pulled together */

/* With the penalty outside of v, as in composite mirror descent (the same, eq. 4): it pulls for the
   time lr in the metric of the gradients. What weights without a gradient miss in some updates is
   one pull, since their v stays. */
RULE(adagrad_composite) {
    const real lr = (real)hyper[0], l2 = (real)(hyper[0] * hyper[1]), l1 = (real)hyper[3];
    const real eps = (real)hyper[4], eps_in_sqrt = (real)hyper[5];
    real *restrict v = state[0];
    for (size_t count; n; n -= count, w += count, v += count, g += count) {
        real q[BLOCK], r[BLOCK];
        int small = 1;
        count = MIN(BLOCK, n);
        for (size_t i = 0; i < count; i++) {
            v[i] += g[i] * g[i];
            const real pace = 1 / (SQRT(v[i] + eps_in_sqrt) + eps);
            w[i] -= lr * pace * g[i];
            q[i] = l2 * pace;
            r[i] = l1 * pace;
            small &= q[i] < FO_SMALL_DECAY;
        }
        if (small)
            pull(w, q, r, count, l1_on, 1);
        else
            pull(w, q, r, count, l1_on, 0);
    }
}

void K(adagrad_pull)(real *restrict w, const real *restrict v, double l2_sum,
                     const real *restrict l2_until, double l1_sum, const real *restrict l1_until,
                     const double *hyper, size_t n, size_t n_outputs) {
    const real l2 = (real)l2_sum, l1 = (real)l1_sum;
    const real eps = (real)hyper[4], eps_in_sqrt = (real)hyper[5];
    for (size_t start = 0; start < n * n_outputs; start += BLOCK) {
        const size_t count = MIN(BLOCK, n * n_outputs - start);
        real q[BLOCK], r[BLOCK];
        int small = 1;
        for (size_t i = 0; i < count; i++) {
            const size_t j = n_outputs == 1 ? start + i : (start + i) / n_outputs;
            const real pace = 1 / (SQRT(v[start + i] + eps_in_sqrt) + eps);
            q[i] = (l2 - l2_until[j]) * pace;
            r[i] = (l1 - l1_until[j]) * pace;
            small &= q[i] < FO_SMALL_DECAY;
        }
        if (small)
            pull(w + start, q, r, count, 1, 1);
        else
            pull(w + start, q, r, count, 1, 0);
    }
}
