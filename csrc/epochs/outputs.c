/* The loss of a row of X that has several predictions, one an output; and passive-aggressive steps.
 */
#include "epochs.h"

/* The targets of outputs k, k+1, ... of row i, `count` of them. */
static void fill_targets(const fo_pass *pass, size_t i, size_t k, real *y, size_t count) {
    const real *Y = pass->y;
    if (pass->targets == FO_VALUES) {
        memcpy(y, Y + i * pass->n_outputs + k, count * sizeof(real));
        return;
    }
    const size_t class = (size_t)Y[i];
    for (size_t j = 0; j < count; j++)
        y[j] = k + j == class ? 1 : -1;
}

static real positive_weight(const fo_pass *pass, size_t class) {
    return pass->positive_weight ? ((const real *)pass->positive_weight)[class] : 1;
}

double K(row_loss)(const fo_pass *pass, const real *h, size_t i, const real *z) {
    const loss_functions *loss = K(losses)[pass->loss];
    const size_t n = pass->n_outputs;
    const double weight = pass->sample_weight ? (double)((const real *)pass->sample_weight)[i] : 1;
    if (loss->joint_value)
        return weight * (double)loss->joint_value(z, (size_t)((const real *)pass->y)[i], n);
    real y[LANES], value[LANES];
    double sum = 0;
    for (size_t k = 0, count; k < n; k += count) {
        count = MIN(LANES, n - k);
        fill_targets(pass, i, k, y, count);
        loss->values(z + k, y, h, value, count);
        for (size_t j = 0; j < count; j++)
            sum += (double)value[j] * (double)(pass->targets == FO_CLASSES && y[j] > 0
                                                   ? positive_weight(pass, k + j)
                                                   : 1);
    }
    return weight * sum;
}

/* The slope with which a step of length lr = C, the aggressiveness, is the passive-aggressive one:
   as far as makes the loss 0, but with C as its limit (PA-I) or with a price (PA-II). */
static real passive_slope(fo_step step, real value, real slope, real sqnorm, double C) {
    if (sqnorm == 0 && step == FO_PA1)
        return 0;
    const real limit = (real)C;
    const real length =
        step == FO_PA1 ? MIN(limit, value / sqnorm) : value / (sqnorm + (real)0.5 / limit);
    return slope > 0 ? length / limit : slope < 0 ? -length / limit : 0;
}

void K(row_slopes)(const fo_pass *pass, const real *h, size_t i, const real *z, double lr,
                   real sqnorm, real *slope) {
    const loss_functions *loss = K(losses)[pass->loss];
    const size_t n = pass->n_outputs;
    const real weight = pass->sample_weight ? ((const real *)pass->sample_weight)[i] : 1;
    if (loss->joint_slopes) {
        loss->joint_slopes(z, (size_t)((const real *)pass->y)[i], slope, n);
    } else {
        real y[LANES], value[LANES];
        for (size_t k = 0, count; k < n; k += count) {
            count = MIN(LANES, n - k);
            fill_targets(pass, i, k, y, count);
            loss->slopes(z + k, y, h, slope + k, count);
            if (pass->step != FO_GRADIENT) {
                loss->values(z + k, y, h, value, count);
                for (size_t j = 0; j < count; j++)
                    slope[k + j] = passive_slope(pass->step, value[j], slope[k + j], sqnorm, lr);
            }
        }
        if (pass->targets == FO_CLASSES) {
            const size_t class = (size_t)((const real *)pass->y)[i];
            slope[class] *= positive_weight(pass, class);
        }
    }
    for (size_t k = 0; k < n; k++)
        slope[k] *= weight;
}
