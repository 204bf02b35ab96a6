/* SGD with Polyak's step (Polyak 1987, section 5.3; Loizou et al. 2021, equation 3): the rate is
   the gap of the loss above f_min over |g|^2, at most max_lr. */
#include "sums.h"

enum { LOSS };                              /* memory */
enum { MAX_LR = 4, F_MIN, LEAST_GAP, EPS }; /* hyper-parameters */

static void sums(const real *restrict w, const real *restrict g, real *const *state,
                 const double *hyper, const double *memory, size_t n, double *sums) {
    const real l2 = (real)hyper[1];
    EACH_BLOCK (start, end, n) {
        if (l2 != 0) {
            ADD_UP(sums[0], i, start, end, SQUARE(g[i] + l2 * w[i]));
            ADD_UP(sums[1], i, start, end, l2 * w[i] * w[i]);
        } else /* g alone has to be read */
            ADD_UP(sums[0], i, start, end, SQUARE(g[i]));
    }
}

static void numbers(double *memory, const double *sums, double *hyper) {
    const double gap = MAX(memory[LOSS] + sums[1] / 2 - hyper[F_MIN], hyper[LEAST_GAP]);
    const double square = sums[0] + hyper[EPS];
    scale_rate(hyper, square > TINY_SQUARE ? MIN(gap / square, hyper[MAX_LR]) : 0);
}

EXPORT_GLOBAL(polyak_sgd)

RULE(polyak_sgd) {
    const real lr = (real)hyper[0], l2 = (real)hyper[1], decay = (real)hyper[2],
               l1 = (real)hyper[3];
    for (size_t i = 0; i < n; i++) {
        const real gi = g[i] + l2 * w[i];
        w[i] = SHRUNK(w[i] - (decay * w[i] + lr * gi), l1);
    }
}
