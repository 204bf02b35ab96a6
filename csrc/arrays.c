/* What is done to whole arrays beside the updates: to measure one, and to move it towards another.
 */
#include "arrays.h"

/* Squares of float32 neither overflow nor vanish in float64. */
double K(squares)(const void *a, size_t n) {
    enum { SUMS = 16 };
    const real *x = a;
    double sum[SUMS] = {0};
    size_t i = 0;
    for (; i + SUMS <= n; i += SUMS)
        for (size_t l = 0; l < SUMS; l++)
            sum[l] += (double)x[i + l] * (double)x[i + l];
    for (size_t l = 0; i < n; i++, l++)
        sum[l] += (double)x[i] * (double)x[i];
    for (size_t h = SUMS / 2; h; h /= 2)
        for (size_t l = 0; l < h; l++)
            sum[l] += sum[l + h];
    return sum[0];
}

void K(lerp)(void *a, const void *b, double weight, size_t n) {
    real *restrict x = a;
    const real *restrict end = b;
    const real share = (real)weight;
    for (size_t i = 0; i < n; i++)
        x[i] += share * (end[i] - x[i]);
}
