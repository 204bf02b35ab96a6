/* Which pass serves which work, and what is read off its predictions afterwards. */
#include "epochs.h"

/* Up to so many features rows are narrow: to copy them costs less than to wait for the chain. */
enum { NARROW = 1600 / sizeof(real) };

static int is_incremental_sgd(const fo_pass *pass) {
    return pass->batch_size == 1 && K(optimizers)[pass->optimizer] == K(sgd);
}

/* z - z is 0 where z is finite and NaN where it is not. */
static size_t first_not_finite(const real *z, size_t n) {
    lanes sum = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        const lanes a = lanes_load(z + i);
        EACH_REGISTER (k)
            sum.r[k] += a.r[k] - a.r[k];
    }
    for (i = lanes_sum(sum) == 0 ? i : 0; i < n; i++)
        if (z[i] - z[i] != 0)
            return i;
    return n;
}

size_t K(run)(const fo_pass *pass) {
    if (!is_incremental_sgd(pass))
        K(minibatch)(pass);
    else if (pass->X.n_features <= NARROW)
        K(narrow)(pass);
    else
        K(wide)(pass);
    return first_not_finite(pass->z, pass->n_samples);
}

double K(loss_sum)(const fo_pass *pass) {
    enum { BLOCK = 16 * LANES };
    const real *Y = pass->y, *weight = pass->sample_weight, *z = pass->z;
    real h[FO_MAX_HYPERS];
    to_real(pass->loss_hyper, h);
    double sum = 0;
    for (size_t t = 0, count; t < pass->n_samples; t += count) {
        real y[BLOCK], value[BLOCK] = {0};
        count = MIN(BLOCK, pass->n_samples - t);
        for (size_t k = 0; k < count; k++)
            y[k] = Y[row_index(pass, t + k)];
        K(losses)[pass->loss]->values(z + t, y, h, value, count);
        if (weight)
            for (size_t k = 0; k < count; k++)
                value[k] *= weight[row_index(pass, t + k)];
        lanes block = {0};
        for (size_t k = 0; k < BLOCK; k += LANES)
            block = lanes_add(block, lanes_load(value + k));
        sum += (double)lanes_sum(block);
    }
    return sum;
}

/* The weights and the ring of a narrow pass; or the gradient and the staged rows of a tile. */
size_t K(work_size)(const fo_pass *pass) {
    enum { RING = 8, TOGETHER = 4, TILE_BYTES = 16384 };
    const size_t rows = pass->X.n_features <= NARROW ? 1 + RING : 1 + TOGETHER;
    return rows * padded(pass->X.n_features) * sizeof(real) + TILE_BYTES;
}
