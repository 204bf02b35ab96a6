/* Sparse rows with any update rule, for mini-batches of any size and any number of outputs.

   Exact: the gradient of a batch is added up in an array of all weights, and the rule makes a step
   for every one of them, as it would for dense rows. With touched_only the rule makes its step for
   the weights of the batch's columns alone: they are gathered, with their state, and scattered
   after it. */
#include "sparse.h"

enum { NOT_TOUCHED = -1 };

/* The most columns that a batch can touch. */
static size_t most_touched(const fo_pass *pass) {
    const size_t d = pass->X.n_features, most = pass->X.most;
    return pass->touched_only && most < d / pass->batch_size ? most * pass->batch_size : d;
}

static size_t n_gathered(const fo_pass *pass) {
    return padded(most_touched(pass) * pass->n_outputs + LANES);
}

size_t K(sparse_room)(const fo_pass *pass) {
    const size_t arrays = pass->touched_only ? 2 + FO_MAX_STATES : 1;
    const size_t lists = pass->touched_only ? pass->X.n_features + most_touched(pass) : 0;
    return arrays * n_gathered(pass) + padded(pass->X.most) +
           pass->batch_size * padded(pass->n_outputs) + 3 * padded(pass->n_outputs + LANES) +
           padded(lists * sizeof(int32_t) / sizeof(real) + 1);
}

/* The columns that a batch has touched, in the order in which it met them. */
typedef struct {
    int32_t *place;   /* of each column in the list, or NOT_TOUCHED */
    int32_t *columns; /* the list */
    size_t n;
} touched;

static inline size_t place_of(touched *list, size_t column) {
    if (list->place[column] == NOT_TOUCHED) {
        list->place[column] = (int32_t)list->n;
        list->columns[list->n++] = (int32_t)column;
    }
    return (size_t)list->place[column];
}

static inline void gather(real *to, const real *from, const touched *list, size_t n_outputs) {
    for (size_t k = 0; k < list->n; k++)
        for (size_t j = 0; j < n_outputs; j++)
            to[k * n_outputs + j] = from[(size_t)list->columns[k] * n_outputs + j];
}

static inline void scatter(real *to, const real *from, const touched *list, size_t n_outputs) {
    for (size_t k = 0; k < list->n; k++)
        for (size_t j = 0; j < n_outputs; j++)
            to[(size_t)list->columns[k] * n_outputs + j] = from[k * n_outputs + j];
}

/* The rule's step for the weights of the touched columns, with g in the order of the list. */
static inline void step_touched(const fo_pass *pass, const double *hyper, real *g, real *gathered,
                                touched *list, size_t n_outputs) {
    real *state[FO_MAX_STATES];
    size_t n_states = 0;
    gather(gathered, pass->w, list, n_outputs);
    for (; n_states < FO_MAX_STATES && pass->w_state[n_states]; n_states++) {
        state[n_states] = gathered + (n_states + 1) * n_gathered(pass);
        gather(state[n_states], pass->w_state[n_states], list, n_outputs);
    }
    const size_t n = list->n * n_outputs;
    K(optimizers)[pass->optimizer](gathered, g, state, hyper, n);
    K(bound)(pass, gathered, n);
    scatter(pass->w, gathered, list, n_outputs);
    for (size_t s = 0; s < n_states; s++)
        scatter(pass->w_state[s], state[s], list, n_outputs);
    for (size_t k = 0; k < list->n; k++)
        list->place[list->columns[k]] = NOT_TOUCHED;
    list->n = 0;
    memset(g, 0, n * sizeof(real));
}

static inline void train(fo_pass *pass, const int wide, const int one) {
    const fo_matrix *X = &pass->X;
    const size_t n = pass->n_samples, d = X->n_features, n_outputs = one ? 1 : pass->n_outputs;
    const size_t slopes_stride = padded(n_outputs);
    const int passive = pass->step != FO_GRADIENT, touched_only = pass->touched_only;
    real h[FO_MAX_HYPERS];
    to_real(pass->loss_hyper, h);
    real *w = pass->w, *g = pass->work, *gathered = g + n_gathered(pass);
    real *slot = g + (touched_only ? 2 + FO_MAX_STATES : 1) * n_gathered(pass),
         *slopes = slot + padded(X->most), *dots = slopes + pass->batch_size * slopes_stride,
         *c = dots + padded(n_outputs + LANES), *g_intercept = c + padded(n_outputs + LANES);
    int32_t *lists = (int32_t *)(void *)(g_intercept + padded(n_outputs + LANES));
    touched list = {lists, lists + d, 0};
    real *intercept = pass->intercept, *target = pass->target;
    if (!pass->open) {
        memset(g, 0, n_gathered(pass) * sizeof(real));
        for (size_t j = 0; touched_only && j < d; j++)
            list.place[j] = NOT_TOUCHED;
        pass->open = 1;
    }
    memset(c, 0, padded(n_outputs + LANES) * sizeof(real));

    for (size_t start = 0, update = 0; start < n; update++) {
        const size_t end = start + MIN(pass->batch_size, n - start);
        const double *hyper = pass->hyper + update * pass->hyper_stride;
        const real share = (real)1 / (real)(end - start);
        sparse_row row;

        for (size_t t = start; t < end; t++) {
            const size_t i = row_index(pass, t);
            real *z = (real *)pass->z + t * n_outputs;
            const far_row far = fetch_rows(pass, t, wide);
            row = read_row(X, i, slot, wide);
            if (one)
                dots[0] = dot_one(&row, w, 1, far.columns, wide);
            else
                dot_all(&row, w, n_outputs, dots, n_outputs, wide);
            for (size_t k = 0; k < n_outputs; k++)
                z[k] = dots[k] + (intercept ? intercept[k] : 0);
            if (!row.known)
                z[0] = __builtin_nanf(""); /* it is told as a prediction that is not finite is */
            if (target)
                target[t] = ((const real *)pass->y)[i];
            K(row_slopes)(pass, h, i, z, hyper[0], passive ? squared_norm(&row) : 0,
                          slopes + (t - start) * slopes_stride);
        }

        for (size_t k = 0; k < n_outputs; k++)
            g_intercept[k] = (real)pass->intercept_pull;
        for (size_t t = start; t < end; t++) {
            if (end - start > 1)
                row = read_row(X, row_index(pass, t), slot, wide);
            for (size_t k = 0; k < n_outputs; k++) {
                c[k] = slopes[(t - start) * slopes_stride + k] * share;
                g_intercept[k] += c[k];
            }
            if (touched_only)
                for (size_t k = 0; k < row.n; k++) {
                    const size_t at = place_of(&list, column(row.columns, k, wide));
                    for (size_t j = 0; j < n_outputs; j++)
                        g[at * n_outputs + j] += c[j] * row.x[k];
                }
            else
                add_all(&row, g, n_outputs, c, n_outputs, wide);
        }

        if (touched_only) {
            step_touched(pass, hyper, g, gathered, &list, n_outputs);
        } else {
            K(optimizers)
            [pass->optimizer](w, g, (real *const *)pass->w_state, hyper, n_weights(pass));
            K(bound)(pass, w, n_weights(pass));
            for (size_t t = start; t < end; t++) {
                if (end - start > 1)
                    row = read_row(X, row_index(pass, t), slot, wide);
                for (size_t k = 0; k < row.n; k++)
                    memset(g + column(row.columns, k, wide) * n_outputs, 0,
                           n_outputs * sizeof(real));
            }
        }
        if (intercept)
            K(update_intercept)(pass, g_intercept, hyper);
        if (pass->average)
            K(average)(pass);
        start = end;
    }
}

void K(sparse)(fo_pass *pass) {
    const int one = pass->n_outputs == 1;
    if (pass->X.wide)
        one ? train(pass, 1, 1) : train(pass, 1, 0);
    else
        one ? train(pass, 0, 1) : train(pass, 0, 0);
}
