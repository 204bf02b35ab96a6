/* Stochastic gradient descent (Robbins & Monro 1951): one step against the gradient. */
#include "kernel.h"

void K(sgd)(RULE_ARGUMENTS) {
    const real lr = (real)hyper[0], l2 = (real)hyper[1], decay = (real)hyper[2];
    for (size_t i = 0; i < n; i++) {
        const real gi = g[i] + l2 * w[i];
        w[i] -= decay * w[i] + lr * gi;
    }
}
