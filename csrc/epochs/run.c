/* Which pass serves which work, and what is read off its predictions afterwards. */
#include "epochs.h"

/* Up to so many features rows are narrow: to copy them costs less than to wait for the chain. */
enum { NARROW = 1600 / sizeof(real) };

/* Whether the pass can hold back the penalty, and the average, of weights that it does not touch.
 */
static int is_lazy(const fo_pass *pass) {
    optimizer_step *const rule = K(optimizers)[pass->optimizer];
    return pass->low <= 0 && pass->high >= 0 &&
           (rule == K(sgd) ? !(pass->average && is_bounded(pass))
                           : rule == K(sgd_l1) && !pass->average);
}

static int is_plain(const fo_pass *pass) {
    return K(optimizers)[pass->optimizer] == K(sgd) && pass->batch_size == 1 && !pass->average &&
           pass->step == FO_GRADIENT && !is_bounded(pass);
}

/* Whether weights without a gradient go on by products of matrices. */
static int is_linear(const fo_pass *pass) {
    optimizer_step *const rule = K(optimizers)[pass->optimizer];
    return (rule == K(momentum) || rule == K(nesterov)) && !pass->l1 && !pass->average &&
           !is_bounded(pass);
}

/* Whether what weights without a gradient miss is one pull. */
static int is_composite(const fo_pass *pass) {
    return K(optimizers)[pass->optimizer] == K(adagrad_composite) && !pass->average &&
           pass->low <= 0 && pass->high >= 0 && pass->X.n_features <= INT32_MAX;
}

static const kind_of_pass *kind(const fo_pass *pass) {
    if (pass->X.indptr) {
        if (is_lazy(pass))
            return &K(sparse_sgd);
        if (pass->touched_only || is_composite(pass))
            return &K(sparse_touched);
        return is_linear(pass) ? &K(sparse_momentum) : &K(sparse);
    }
    if (!is_plain(pass))
        return &K(minibatch);
    return pass->X.n_features > NARROW || !pass->target ? &K(wide) : &K(narrow);
}

int K(steps_all)(const fo_pass *pass) {
    return !pass->X.indptr || kind(pass) == &K(sparse) ||
           (kind(pass) == &K(sparse_touched) && pass->average);
}

size_t K(work_size)(const fo_pass *pass) { return kind(pass)->room(pass) * sizeof(real); }

void K(settle)(fo_pass *pass) {
    if (pass->open && kind(pass)->settle)
        kind(pass)->settle(pass);
    pass->open = 0;
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

size_t K(run)(fo_pass *pass) {
    kind(pass)->run(pass);
    const size_t n = pass->n_samples * pass->n_outputs;
    return first_not_finite(pass->z, n) / pass->n_outputs;
}

/* The sum of the losses of samples with one prediction and one target. */
static double sum_of_one(const fo_pass *pass, const real *h, double *right) {
    enum { BLOCK = 16 * LANES };
    const real *weight = pass->sample_weight, *z = pass->z, *target = pass->target;
    double sum = 0;
    *right = 0;
    for (size_t t = 0, count; t < pass->n_samples; t += count) {
        real value[BLOCK] = {0}, told[BLOCK] = {0};
        count = MIN(BLOCK, pass->n_samples - t);
        K(losses)[pass->loss]->values(z + t, target + t, h, value, count);
        for (size_t k = 0; k < count; k++)
            told[k] = (real)((z[t + k] > 0) == (target[t + k] > 0));
        if (weight)
            for (size_t k = 0; k < count; k++) {
                value[k] *= weight[row_index(pass, t + k)];
                told[k] *= weight[row_index(pass, t + k)];
            }
        lanes values = {0}, tolds = {0};
        for (size_t k = 0; k < BLOCK; k += LANES) {
            values = lanes_add(values, lanes_load(value + k));
            tolds = lanes_add(tolds, lanes_load(told + k));
        }
        sum += (double)lanes_sum(values);
        *right += (double)lanes_sum(tolds);
    }
    return sum;
}

double K(score)(const fo_pass *pass, double *right) {
    const real *weight = pass->sample_weight;
    const size_t n_outputs = pass->n_outputs;
    real h[FO_MAX_HYPERS];
    to_real(pass->loss_hyper, h);
    if (pass->target)
        return sum_of_one(pass, h, right);
    double sum = 0;
    *right = 0;
    for (size_t t = 0; t < pass->n_samples; t++) {
        const size_t i = row_index(pass, t);
        const real *z = (const real *)pass->z + t * n_outputs;
        sum += K(row_loss)(pass, h, i, z);
        size_t best = 0;
        for (size_t k = 1; k < n_outputs; k++)
            best = z[k] > z[best] ? k : best;
        if (pass->targets == FO_CLASSES && best == (size_t)((const real *)pass->y)[i])
            *right += weight ? (double)weight[i] : 1;
    }
    return sum;
}

double K(distance)(const void *a, const void *b, size_t n) {
    enum { SUMS = 8 };
    const real *from = a, *to = b;
    double sum[SUMS] = {0};
    size_t i = 0;
    for (; i + SUMS <= n; i += SUMS)
        for (size_t l = 0; l < SUMS; l++) {
            const double difference = (double)to[i + l] - (double)from[i + l];
            sum[l] += difference * difference;
        }
    for (size_t l = 0; i < n; i++, l++) {
        const double difference = (double)to[i] - (double)from[i];
        sum[l] += difference * difference;
    }
    for (size_t h = SUMS / 2; h; h /= 2)
        for (size_t l = 0; l < h; l++)
            sum[l] += sum[l + h];
    return __builtin_sqrt(sum[0]);
}
