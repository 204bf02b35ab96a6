/* Which pass serves which work, and what is read off its predictions afterwards. */
#include "epochs.h"

/* Up to so many features rows are narrow: to copy them costs less than to wait for the chain. */
enum { NARROW = 1600 / sizeof(real) };

typedef struct {
    void (*run)(const fo_pass *pass);
    size_t (*room)(size_t n_features);
} kind_of_pass;

static kind_of_pass kind(const fo_pass *pass) {
    if (pass->batch_size > 1 || K(optimizers)[pass->optimizer] != K(sgd))
        return (kind_of_pass){K(minibatch), K(minibatch_room)};
    if (pass->X.n_features > NARROW)
        return (kind_of_pass){K(wide), K(wide_room)};
    return (kind_of_pass){K(narrow), K(narrow_room)};
}

size_t K(work_size)(const fo_pass *pass) {
    return kind(pass).room(pass->X.n_features) * sizeof(real);
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
    kind(pass).run(pass);
    return first_not_finite(pass->z, pass->n_samples);
}

double K(loss_sum)(const fo_pass *pass) {
    enum { BLOCK = 16 * LANES };
    const real *weight = pass->sample_weight, *z = pass->z, *target = pass->target;
    real h[FO_MAX_HYPERS];
    to_real(pass->loss_hyper, h);
    double sum = 0;
    for (size_t t = 0, count; t < pass->n_samples; t += count) {
        real value[BLOCK] = {0};
        count = MIN(BLOCK, pass->n_samples - t);
        K(losses)[pass->loss]->values(z + t, target + t, h, value, count);
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
