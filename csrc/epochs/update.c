/* An update of the weights and the intercepts, and its parts. */
#include "epochs.h"

void K(update_intercept)(fo_pass *pass, const real *g, const double *hyper) {
    double unpenalised[FO_MAX_HYPERS];
    without_penalty(hyper, pass->n_hypers, unpenalised);
    K(optimizers)
    [pass->optimizer](pass->intercept, g, (real *const *)pass->intercept_state, unpenalised,
                      pass->n_outputs);
}

/* The hyper-parameters of a step that depends on sums over the weights and the intercepts. */
static void take_sums(fo_pass *pass, const real *g, const real *g_intercept, const double *hyper,
                      double *numbers) {
    const global_rule *rule = K(global_rules)[pass->optimizer];
    double sums[FO_MAX_SUMS] = {0};
    if (rule->sums)
        rule->sums(pass->w, g, (real *const *)pass->w_state, hyper, pass->memory, n_weights(pass),
                   sums);
    if (rule->sums && pass->intercept) {
        without_penalty(hyper, pass->n_hypers, numbers);
        rule->sums(pass->intercept, g_intercept, (real *const *)pass->intercept_state, numbers,
                   pass->memory, pass->n_outputs, sums);
    }
    memcpy(numbers, hyper, pass->n_hypers * sizeof *hyper);
    rule->numbers(pass->memory, sums, numbers);
}

void K(update)(fo_pass *pass, const real *g, const real *g_intercept, const double *hyper) {
    double numbers[FO_MAX_HYPERS];
    if (pass->memory) {
        take_sums(pass, g, g_intercept, hyper, numbers);
        hyper = numbers;
    }
    K(optimizers)
    [pass->optimizer](pass->w, g, (real *const *)pass->w_state, hyper, n_weights(pass));
    if (pass->intercept)
        K(update_intercept)(pass, g_intercept, hyper);
}

void K(note_loss)(fo_pass *pass, const real *h, size_t start, size_t end) {
    const size_t n_outputs = pass->n_outputs;
    if (!pass->wants_loss)
        return;
    double sum = 0;
    for (size_t t = start; t < end; t++)
        sum += K(row_loss)(pass, h, row_index(pass, t), (const real *)pass->z + t * n_outputs);
    sum /= (double)(end - start);
    if (pass->intercept)
        for (size_t k = 0; k < n_outputs; k++)
            sum += pass->intercept_pull * (double)((const real *)pass->intercept)[k];
    pass->memory[0] = sum;
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
