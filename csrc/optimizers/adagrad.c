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

/* How far a gradient of 1 moves a weight in a unit of time. One that never had a gradient stays. */
SPECIALISED real pace(real v, real eps, real eps_in_sqrt) {
    return (real)(v > 0) / (SQRT(v + eps_in_sqrt) + eps + (real)(v == 0));
}

/* A penalty that pulls at w for a while: w falls at the rate q w, and by r towards 0, where it
   stops, in a unit of time. Two pulls with the same r / q, one after the other, are one of the
   sums. If all q are small, they need no exp. */
enum { BLOCK = 128 };
SPECIALISED void pull(real *restrict w, const real *restrict q, const real *restrict r, size_t n,
                      const int small, const int l1_on) {
    if (small)
        for (size_t i = 0; i < n; i++) {
            const real mean = fo_mean_of_small_decay(q[i]);
            w[i] = SHRUNK(w[i] - mean * q[i] * w[i], mean * r[i]);
        }
    else
        for (size_t i = 0; i < n; i++) {
            const real mean = fo_mean_decay(q[i]);
            w[i] = SHRUNK(w[i] - mean * q[i] * w[i], mean * r[i]);
        }
}

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
            const real p = pace(v[i], eps, eps_in_sqrt);
            w[i] -= lr * p * g[i];
            q[i] = l2 * p;
            r[i] = l1 * p;
            small &= q[i] < FO_SMALL_DECAY;
        }
        pull(w, q, r, count, small, l1_on);
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
            const real p = pace(v[start + i], eps, eps_in_sqrt);
            q[i] = (l2 - l2_until[j]) * p;
            r[i] = (l1 - l1_until[j]) * p;
            small &= q[i] < FO_SMALL_DECAY;
        }
        pull(w + start, q, r, count, small, 1);
    }
}
