/* What the passes over data share: the tables of kernels, and how the rows of X are read. */
#ifndef FO_EPOCHS_H
#define FO_EPOCHS_H

#include "../lanes.h"

extern optimizer_step *const K(optimizers)[];
extern const global_rule *const K(global_rules)[];
extern const loss_functions *const K(losses)[];
optimizer_step K(sgd), K(sgd_l1), K(momentum), K(nesterov), K(adagrad), K(adagrad_composite);

/* A kind of pass: how many numbers it needs in pass->work; the pass itself, which leaves in pass->z
   the predictions that it made before its updates; and what gives the weights what it keeps back,
   if it does. */
typedef struct {
    size_t (*room)(const fo_pass *pass);
    void (*run)(fo_pass *pass);
    void (*settle)(fo_pass *pass);
} kind_of_pass;

extern const kind_of_pass K(narrow), K(wide), K(minibatch), K(sparse), K(sparse_sgd),
    K(sparse_momentum), K(sparse_touched);

/* What fo_kernels promises of a pass. */
size_t K(run)(fo_pass *pass);
void K(settle)(fo_pass *pass);
double K(score)(const fo_pass *pass, double *right);
double K(distance)(const void *a, const void *b, size_t n);
size_t K(work_size)(const fo_pass *pass);
int K(steps_all)(const fo_pass *pass);

/* The loss, or its slope with regard to each of the n_outputs predictions z for row i of X, times
   the row's weight; passive-aggressive steps need lr and the row's squared norm. */
double K(row_loss)(const fo_pass *pass, const real *h, size_t i, const real *z);
void K(row_slopes)(const fo_pass *pass, const real *h, size_t i, const real *z, double lr,
                   real sqnorm, real *slope);

/* An update of all weights and intercepts, which are not penalised, from their gradients. A rule
   that wants it is given the loss of the batch, samples start ... end - 1, whose predictions are in
   pass->z. */
void K(update)(fo_pass *pass, const real *g, const real *g_intercept, const double *hyper);
void K(note_loss)(fo_pass *pass, const real *h, size_t start, size_t end);

/* Its parts where a pass makes the step of the weights itself: the step of the intercepts, the
   bounds of n weights, and the average of all, whose n_outputs or n_features numbers for each of
   the others lie `stride` apart. */
void K(update_intercept)(fo_pass *pass, const real *g, const double *hyper);
void K(bound)(const fo_pass *pass, real *w, size_t n);
void K(average)(fo_pass *pass, const real *w, size_t stride);

/* Takes n numbers, of which each counts for a `share`, into their means. */
void K(take_in)(real *restrict mean, const real *restrict w, real share, size_t n);

/* Copies row i of dense X to dst as real numbers. */
void K(stage)(real *restrict dst, const fo_matrix *X, size_t i);

/* Whether each column of row i of sparse X is one of the matrix. */
int K(is_within)(const fo_matrix *X, size_t i);

/* Whether its columns rise, so that no two of them are the same. */
int K(is_increasing)(const fo_matrix *X, size_t i);

/* Copies n values of sparse X, from the k-th on. */
void K(stage_values)(real *restrict dst, const fo_matrix *X, size_t k, size_t n);

static inline void to_real(const double *hyper, real *h) {
    for (size_t i = 0; i < FO_MAX_HYPERS; i++)
        h[i] = (real)hyper[i];
}

static inline void without_penalty(const double *hyper, size_t n, double *unpenalised) {
    memcpy(unpenalised, hyper, n * sizeof *hyper);
    unpenalised[1] = unpenalised[2] = unpenalised[3] = 0; /* l2, decay, l1 */
}

/* L2 shrinks w by a factor at each update: w = s v, where only s shrinks (Bottou 2012, sec. 5.1).
   Takes one update's factor into s; returns what v was multiplied by, which is 1 unless s came near
   the end of the range of real and was folded into v. */
static inline real shrink(double *s, real *v, size_t n, const double *hyper) {
    const double lr = hyper[0], l2 = hyper[1], decay = hyper[2];
    *s *= MAX(1 - (lr * l2 + decay), 0);
    if (*s > 1e-9)
        return 1;
    const real fold = (real)*s;
    for (size_t j = 0; j < n; j++)
        v[j] *= fold;
    *s = 1;
    return fold;
}

/* The length of a row that is padded with zeros to whole lanes. */
static inline size_t padded(size_t n_features) { return (n_features + LANES - 1) / LANES * LANES; }

/* Whether the rows of X are arrays of real as they lie. */
static inline int is_direct(const fo_matrix *X) {
    const fo_x_dtype own = sizeof(real) == 4 ? FO_X_FLOAT32 : FO_X_FLOAT64;
    const ptrdiff_t size = sizeof(real);
    return X->dtype == own && X->column_stride == size && X->row_stride % size == 0 &&
           (uintptr_t)X->data % sizeof(real) == 0;
}

static inline size_t row_index(const fo_pass *pass, size_t t) {
    return pass->rows ? pass->rows[t] : pass->first_row + t;
}

static inline const char *row_address(const fo_matrix *X, size_t i) {
    return X->data + (ptrdiff_t)i * X->row_stride;
}

/* The weight matrix as the rules see it. */
static inline size_t n_weights(const fo_pass *pass) { return pass->X.n_features * pass->n_outputs; }

static inline int is_bounded(const fo_pass *pass) {
    return pass->low > -__builtin_inf() || pass->high < __builtin_inf();
}

/* Row i as an array of real: where it lies, or staged in slot. */
static inline const real *row_at(const fo_matrix *X, size_t i, real *slot) {
    if (is_direct(X))
        return (const real *)row_address(X, i);
    K(stage)(slot, X, i);
    return slot;
}

static inline const real *row(const fo_pass *pass, size_t t, real *slot) {
    return row_at(&pass->X, row_index(pass, t), slot);
}

/* Memory is asked for into L2: into L1, shuffled rows come at half the speed, since they wait for
   its few line buffers. */
#define FETCH(address) __builtin_prefetch(address, 0, 2)

/* Asks for the target and the weight of sample t. */
static inline void fetch_target(const fo_pass *pass, size_t t) {
    const size_t i = row_index(pass, t);
    FETCH((const real *)pass->y + i);
    if (pass->sample_weight)
        FETCH((const real *)pass->sample_weight + i);
}

/* Asks for every cache line of row i. */
static inline void fetch_row_at(const fo_matrix *X, size_t i) {
    const char *p = row_address(X, i);
    const ptrdiff_t stride = X->column_stride, last = ((ptrdiff_t)X->n_features - 1) * stride;
    const ptrdiff_t step = stride >= 64 || stride <= -64 ? stride : stride < 0 ? -64 : 64;
    for (ptrdiff_t at = 0; step > 0 ? at < last : at > last; at += step)
        FETCH(p + at);
    FETCH(p + last);
}

static inline void fetch_row(const fo_pass *pass, size_t t) {
    fetch_row_at(&pass->X, row_index(pass, t));
}

#endif
