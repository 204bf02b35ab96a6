/* What an update does beside the rule's step of the weights. */
#include "epochs.h"

void K(update_intercept)(fo_pass *pass, const real *g, const double *hyper) {
    double unpenalised[FO_MAX_HYPERS];
    without_penalty(hyper, pass->n_hypers, unpenalised);
    K(optimizers)
    [pass->optimizer](pass->intercept, g, (real *const *)pass->intercept_state, unpenalised,
                      pass->n_outputs);
}

void K(bound)(const fo_pass *pass, real *w, size_t n) {
    const real low = (real)pass->low, high = (real)pass->high;
    if (!is_bounded(pass))
        return;
    for (size_t j = 0; j < n; j++)
        w[j] = CLAMP(w[j], low, high);
}

void K(take_in)(real *restrict mean, const real *restrict w, real share, size_t n) {
    for (size_t j = 0; j < n; j++)
        mean[j] = share == 1 ? w[j] : mean[j] + share * (w[j] - mean[j]);
}

void K(average)(fo_pass *pass, const real *w, size_t stride) {
    if (pass->before_average) {
        pass->before_average--;
        return;
    }
    const real share = (real)1 / (real)++pass->n_averaged;
    const size_t n = pass->X.indptr ? pass->n_outputs : pass->X.n_features;
    real *mean = pass->average;
    if (stride == n)
        K(take_in)(mean, w, share, n_weights(pass));
    else
        for (size_t j = 0; j < n_weights(pass) / n; j++)
            K(take_in)(mean + j * n, w + j * stride, share, n);
    if (pass->intercept)
        K(take_in)(pass->intercept_average, pass->intercept, share, pass->n_outputs);
}
