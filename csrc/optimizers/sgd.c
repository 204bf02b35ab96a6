/* Stochastic gradient descent (Robbins & Monro 1951): one step against the gradient. */
#include "kernel.h"

RULE(sgd) {
    const real lr = (real)hyper[0], l2 = (real)hyper[1], decay = (real)hyper[2],
               l1 = (real)hyper[3];
    for (size_t i = 0; i < n; i++) {
        const real gi = g[i] + l2 * w[i];
        w[i] = SHRUNK(w[i] - (decay * w[i] + lr * gi), l1);
    }
}
