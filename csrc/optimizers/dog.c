/* DoG, distance over gradients (Ivgi, Hinder & Carmon 2023, equation 1).  w0: the start. The rate
   is the greatest distance from there so far over the root of the sum of all |g|^2. The first step,
   from no distance, assumes one (distance, or relative to 1 + |w0|), or has a rate of its own. */
#include "sums.h"

enum { STARTED, DISTANCE, SQUARES };                  /* memory */
enum { EPS = 4, FIRST_DISTANCE, RELATIVE, FIRST_LR }; /* hyper-parameters */

static void sums(const real *restrict w, const real *restrict g, real *const *state,
                 const double *hyper, const double *memory, size_t n, double *sums) {
    const real *restrict w0 = state[0];
    const real l2 = (real)hyper[1];
    EACH_BLOCK (start, end, n) {
        ADD_UP(sums[0], i, start, end, SQUARE(w[i] - w0[i]));
        ADD_UP(sums[1], i, start, end, SQUARE(g[i] + l2 * w[i]));
        if (!memory[STARTED])
            ADD_UP(sums[2], i, start, end, SQUARE(w[i]));
    }
}

static void numbers(double *memory, const double *sums, double *hyper) {
    if (!memory[STARTED])
        memory[DISTANCE] = hyper[FIRST_DISTANCE] + hyper[RELATIVE] * (1 + __builtin_sqrt(sums[2]));
    memory[DISTANCE] = MAX(memory[DISTANCE], __builtin_sqrt(sums[0]));
    memory[SQUARES] += sums[1];
    double rate = memory[DISTANCE] / __builtin_sqrt(memory[SQUARES] + hyper[EPS]);
    if (!memory[STARTED] && hyper[FIRST_LR] > 0)
        rate = hyper[FIRST_LR];
    memory[STARTED] = 1;
    scale_rate(hyper, rate);
}

EXPORT_GLOBAL(dog)

RULE(dog) {
    const real lr = (real)hyper[0], l2 = (real)hyper[1], decay = (real)hyper[2],
               l1 = (real)hyper[3];
    for (size_t i = 0; i < n; i++) {
        const real gi = g[i] + l2 * w[i];
        w[i] = SHRUNK(w[i] - (decay * w[i] + lr * gi), l1);
    }
}
