/* What the passes over sparse rows share: how a row is read, and its products with the weights.

   The weights of a feature lie together, one for each output: n_outputs numbers of a record of
   `stride`. A record is read and written in whole quarters of a lane, so the last one may reach
   into the next record, to which 0 is added. */
#ifndef FO_SPARSE_H
#define FO_SPARSE_H

#include "epochs.h"

enum {
    ENTRIES_FETCHED = 8,  /* rows ahead whose entries are asked for from memory */
    POINTERS_FETCHED = 16 /* rows ahead whose place, target and weight are */
};
enum { QUARTER = 16 / sizeof(real) };
typedef real quarter __attribute__((vector_size(16)));
typedef real quarter_in_memory __attribute__((vector_size(16), aligned(sizeof(real)), may_alias));

/* Sparse rows are short, and asked for little by little: into L1 they come faster than into L2. */
#define FETCH_NEAR(address) __builtin_prefetch(address, 0, 3)

/* The entries of a row: its columns, int32 or int64, and its values. */
typedef struct {
    const char *columns;
    const real *x;
    size_t n;
    int known; /* all columns are of the matrix; a row with others is left out */
} sparse_row;

static inline size_t column(const char *columns, size_t k, const int wide) {
    return wide ? (size_t)((const uint64_t *)(const void *)columns)[k]
                : ((const uint32_t *)(const void *)columns)[k];
}

/* The place of the first entry of row i. */
static inline size_t entry(const fo_matrix *X, size_t i, const int wide) {
    return column(X->indptr, i, wide);
}

static inline int is_direct_sparse(const fo_matrix *X) {
    const fo_x_dtype own = sizeof(real) == 4 ? FO_X_FLOAT32 : FO_X_FLOAT64;
    return X->dtype == own && (uintptr_t)X->data % sizeof(real) == 0;
}

/* Row i; values of another type go through `slot`, which has room for the fullest row. */
static inline sparse_row read_row(const fo_matrix *X, size_t i, real *slot, const int wide) {
    const size_t start = entry(X, i, wide), n = entry(X, i + 1, wide) - start;
    sparse_row row = {(const char *)X->indices + start * (wide ? 8 : 4), slot, n, 1};
    if (!X->trusted && !K(is_within)(X, i))
        row.n = 0, row.known = 0;
    if (is_direct_sparse(X))
        row.x = (const real *)(const void *)X->data + start;
    else
        K(stage_values)(slot, X, start, row.n);
    return row;
}

/* Where the entries of a row further on begin. */
typedef struct {
    const char *columns, *values;
} far_row;

static inline far_row fetch_rows(const fo_pass *pass, size_t t, const int wide) {
    const fo_matrix *X = &pass->X;
    const size_t last = pass->n_samples - 1;
    const size_t further = row_index(pass, MIN(t + POINTERS_FETCHED, last));
    FETCH_NEAR((const char *)X->indptr + further * (wide ? 8 : 4));
    const real *y = pass->y;
    FETCH_NEAR(y + further * (pass->targets == FO_VALUES ? pass->n_outputs : 1));
    if (pass->sample_weight)
        FETCH_NEAR((const real *)pass->sample_weight + further);
    const size_t start = entry(X, row_index(pass, MIN(t + ENTRIES_FETCHED, last)), wide);
    return (far_row){(const char *)X->indices + start * (wide ? 8 : 4),
                     X->data + start * sizeof(real)};
}

/* The products of one row with the weights of each output, to z. `far` is asked for on the way. */
static inline real dot_one(const sparse_row *row, const real *w, size_t stride, const char *far,
                           const int wide) {
    enum { TOGETHER = 8 };
    real sum[TOGETHER] = {0};
    size_t k = 0;
    for (; k + TOGETHER <= row->n; k += TOGETHER) {
        FETCH_NEAR(far + k * (wide ? 8 : 4));
#pragma GCC unroll 8
        for (size_t l = 0; l < TOGETHER; l++)
            sum[l] += row->x[k + l] * w[column(row->columns, k + l, wide) * stride];
    }
    for (size_t l = 0; k < row->n; k++, l++)
        sum[l] += row->x[k] * w[column(row->columns, k, wide) * stride];
    return ((sum[0] + sum[4]) + (sum[2] + sum[6])) + ((sum[1] + sum[5]) + (sum[3] + sum[7]));
}

static inline void dot_quarters(const sparse_row *row, const real *w, size_t stride, real *z,
                                const int wide, const int quarters) {
    quarter sum[4] = {{0}};
    for (size_t k = 0; k < row->n; k++) {
        const real *v = w + column(row->columns, k, wide) * stride;
        for (int q = 0; q < quarters; q++)
            sum[q] += row->x[k] * *(const quarter_in_memory *)(v + q * QUARTER);
    }
    memcpy(z, sum, (size_t)quarters * sizeof *sum);
}

static inline void dot_all(const sparse_row *row, const real *w, size_t stride, real *z,
                           size_t n_outputs, const far_row *far, const int wide) {
    for (size_t k = 0; k < row->n; k += 8) {
        FETCH_NEAR(far->columns + k * (wide ? 8 : 4));
        FETCH_NEAR(far->values + k * sizeof(real));
    }
    size_t k = 0;
    for (; k + LANES <= n_outputs; k += LANES) {
        lanes sum = {0};
        for (size_t j = 0; j < row->n; j++)
            sum = lanes_add_scaled(sum, row->x[j],
                                   lanes_load(w + column(row->columns, j, wide) * stride + k));
        lanes_store(z + k, sum);
    }
    switch ((n_outputs - k + QUARTER - 1) / QUARTER) {
    case 1:
        dot_quarters(row, w + k, stride, z + k, wide, 1);
        break;
    case 2:
        dot_quarters(row, w + k, stride, z + k, wide, 2);
        break;
    case 3:
        dot_quarters(row, w + k, stride, z + k, wide, 3);
        break;
    case 4:
        dot_quarters(row, w + k, stride, z + k, wide, 4);
    }
}

/* w += c x of one row, for each output; c is 0 from n_outputs to the end of a quarter. */
static inline void add_quarters(const sparse_row *row, real *w, size_t stride, const real *c,
                                const int wide, const int quarters) {
    quarter scale[4];
    memcpy(scale, c, (size_t)quarters * sizeof *scale);
    for (size_t k = 0; k < row->n; k++) {
        real *v = w + column(row->columns, k, wide) * stride;
        for (int q = 0; q < quarters; q++)
            *(quarter_in_memory *)(v + q * QUARTER) += scale[q] * row->x[k];
    }
}

static inline void add_all(const sparse_row *row, real *w, size_t stride, const real *c,
                           size_t n_outputs, const int wide) {
    size_t k = 0;
    for (; k + LANES <= n_outputs; k += LANES) {
        const lanes scale = lanes_load(c + k);
        for (size_t j = 0; j < row->n; j++) {
            real *v = w + column(row->columns, j, wide) * stride + k;
            lanes_store(v, lanes_add_scaled(lanes_load(v), row->x[j], scale));
        }
    }
    switch ((n_outputs - k + QUARTER - 1) / QUARTER) {
    case 1:
        add_quarters(row, w + k, stride, c + k, wide, 1);
        break;
    case 2:
        add_quarters(row, w + k, stride, c + k, wide, 2);
        break;
    case 3:
        add_quarters(row, w + k, stride, c + k, wide, 3);
        break;
    case 4:
        add_quarters(row, w + k, stride, c + k, wide, 4);
    }
}

static inline real squared_norm(const sparse_row *row) {
    real sum = 0;
    for (size_t k = 0; k < row->n; k++)
        sum += row->x[k] * row->x[k];
    return sum;
}

/* Copies the records of a row's columns, of `size` numbers each, to `packed`, one after the other.
   `far` is asked for on the way. */
SPECIALISED void gather(real *packed, const sparse_row *row, const real *records, const size_t size,
                        const far_row *far, const int wide) {
    enum { TOGETHER = 8 };
    size_t k = 0;
    for (; k + TOGETHER <= row->n; k += TOGETHER) {
        FETCH_NEAR(far->columns + k * (wide ? 8 : 4));
        FETCH_NEAR(far->values + k * sizeof(real));
#pragma GCC unroll 8
        for (size_t l = 0; l < TOGETHER; l++)
            memcpy(packed + (k + l) * size, records + column(row->columns, k + l, wide) * size,
                   size * sizeof(real));
    }
    for (; k < row->n; k++)
        memcpy(packed + k * size, records + column(row->columns, k, wide) * size,
               size * sizeof(real));
}

/* Copies them back. */
SPECIALISED void scatter(const real *packed, const char *columns, size_t n, real *records,
                         const size_t size, const int wide) {
    enum { TOGETHER = 8 };
    size_t k = 0;
    for (; k + TOGETHER <= n; k += TOGETHER)
#pragma GCC unroll 8
        for (size_t l = 0; l < TOGETHER; l++)
            memcpy(records + column(columns, k + l, wide) * size, packed + (k + l) * size,
                   size * sizeof(real));
    for (; k < n; k++)
        memcpy(records + column(columns, k, wide) * size, packed + k * size, size * sizeof(real));
}

/* What every pass over sparse rows needs beside the weights. */
typedef struct {
    real *values; /* of a row, if they must be converted */
    real *slopes; /* of the samples of a batch, `padded(n_outputs)` apart */
    real *dots;
    real *c; /* what of a row goes to the weights of each output, and 0 to the end of a quarter; */
    real *other; /* the same for what stands beside them, or the gradient of the intercepts */
} sparse_scratch;

static inline size_t scratch_room(const fo_pass *pass) {
    return padded(pass->X.most) + pass->batch_size * padded(pass->n_outputs) +
           3 * padded(pass->n_outputs + LANES);
}

static inline sparse_scratch scratch_at(const fo_pass *pass, real *memory) {
    const size_t outputs = padded(pass->n_outputs + LANES);
    sparse_scratch scratch = {.values = memory};
    scratch.slopes = scratch.values + padded(pass->X.most);
    scratch.dots = scratch.slopes + pass->batch_size * padded(pass->n_outputs);
    scratch.c = scratch.dots + outputs;
    scratch.other = scratch.c + outputs;
    memset(scratch.dots, 0, 3 * outputs * sizeof(real));
    return scratch;
}

/* Asks for the records of the columns of sample t. */
static inline void fetch_records(const fo_pass *pass, size_t t, const real *records, size_t stride,
                                 const int wide) {
    const fo_matrix *X = &pass->X;
    const size_t i = row_index(pass, MIN(t, pass->n_samples - 1));
    for (size_t k = entry(X, i, wide); k < entry(X, i + 1, wide); k++) {
        const real *record = records + column(X->indices, k, wide) * stride;
        for (size_t j = 0; j < stride; j += LANES)
            FETCH(record + j);
        FETCH(record + stride - 1);
    }
}

/* The products of the row of sample t with the weights of each output, to scratch->dots. Those of
   one output come fast enough without being asked for; of several, the next ones are. */
SPECIALISED void multiply(const fo_pass *pass, const sparse_scratch *scratch, size_t t,
                          const sparse_row *row, const far_row *far, const real *w, size_t stride,
                          const int wide, const int one) {
    if (one) {
        scratch->dots[0] = dot_one(row, w, stride, far->columns, wide);
    } else {
        fetch_records(pass, t + 1, w, stride, wide);
        dot_all(row, w, stride, scratch->dots, pass->n_outputs, far, wide);
    }
}

/* The predictions for sample t, the r-th of its batch, from the products of its row with the
   weights over their scale; and their slopes. */
SPECIALISED void predict(fo_pass *pass, const sparse_scratch *scratch, const real *h, double lr,
                         const sparse_row *row, real scale, size_t t, size_t r, const int one) {
    const size_t i = row_index(pass, t), n_outputs = one ? 1 : pass->n_outputs;
    const real *Y = pass->y, *weight = pass->sample_weight, *intercept = pass->intercept;
    real *z = (real *)pass->z + t * n_outputs, *slope = scratch->slopes + r * padded(n_outputs);
    for (size_t k = 0; k < n_outputs; k++)
        z[k] = scale * scratch->dots[k] + (intercept ? intercept[k] : 0);
    if (!row->known)
        z[0] = __builtin_nanf(""); /* it is told as a prediction that is not finite is */
    if (pass->target)
        ((real *)pass->target)[t] = Y[i];
    if (one && pass->target && pass->step == FO_GRADIENT)
        slope[0] = K(losses)[pass->loss]->slope(z[0], Y[i], h) * (weight ? weight[i] : 1);
    else
        K(row_slopes)(pass, h, i, z, lr, pass->step == FO_GRADIENT ? 0 : squared_norm(row), slope);
}

/* Sets the gradient of the intercepts to its constant part. */
static inline void begin_gradient(const fo_pass *pass, const sparse_scratch *scratch,
                                  size_t n_outputs) {
    for (size_t k = 0; k < n_outputs; k++)
        scratch->other[k] = (real)pass->intercept_pull;
}

/* What the r-th sample of a batch gives to the gradient: c, for each output, is what multiplies its
   row; and it is added to the gradient of the intercepts. */
SPECIALISED void share_of_gradient(const sparse_scratch *scratch, size_t r, real share,
                                   size_t n_outputs) {
    const real *slope = scratch->slopes + r * padded(n_outputs);
    for (size_t k = 0; k < n_outputs; k++) {
        scratch->c[k] = slope[k] * share;
        scratch->other[k] += scratch->c[k];
    }
}

#endif
