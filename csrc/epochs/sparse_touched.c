/* Sparse rows with any update rule, which makes its step for the weights of a batch's columns
   alone: those are gathered, with their state, and scattered after it. That is exact for a rule
   which a gradient of 0 leaves as it is; for others it is what torch's SparseAdam does.

   The weights of a feature and their state lie together, in records (w, state, ...), until
   `settle`. */
#include "sparse.h"

enum { NOT_TOUCHED = -1 };

static size_t n_states(const fo_pass *pass) {
    size_t n = 0;
    while (n < FO_MAX_STATES && pass->w_state[n])
        n++;
    return n;
}

static size_t record_size(const fo_pass *pass) { return pass->n_outputs * (1 + n_states(pass)); }

static size_t records_room(const fo_pass *pass) {
    return padded(pass->X.n_features * record_size(pass) + LANES);
}

/* The most columns that a batch can touch. */
static size_t most_touched(const fo_pass *pass) {
    const size_t d = pass->X.n_features, most = pass->X.most;
    return most < d / pass->batch_size ? most * pass->batch_size : d;
}

/* Numbers for the weights of so many columns. */
static size_t gathered_room(const fo_pass *pass) {
    return padded(most_touched(pass) * pass->n_outputs + LANES);
}

static size_t room(const fo_pass *pass) {
    const size_t lists = (pass->X.n_features + most_touched(pass)) * sizeof(int32_t) / sizeof(real);
    return records_room(pass) + (2 + n_states(pass)) * gathered_room(pass) + scratch_room(pass) +
           padded(lists + 1);
}

static void load_records(const fo_pass *pass, real *records) {
    const size_t n_outputs = pass->n_outputs, stride = record_size(pass);
    for (size_t j = 0; j < pass->X.n_features; j++) {
        real *record = records + j * stride;
        memcpy(record, (const real *)pass->w + j * n_outputs, n_outputs * sizeof(real));
        for (size_t s = 0; s < n_states(pass); s++)
            memcpy(record + (s + 1) * n_outputs, (const real *)pass->w_state[s] + j * n_outputs,
                   n_outputs * sizeof(real));
    }
}

static void settle(fo_pass *pass) {
    const size_t n_outputs = pass->n_outputs, stride = record_size(pass);
    for (size_t j = 0; j < pass->X.n_features; j++) {
        const real *record = (const real *)pass->work + j * stride;
        memcpy((real *)pass->w + j * n_outputs, record, n_outputs * sizeof(real));
        for (size_t s = 0; s < n_states(pass); s++)
            memcpy((real *)pass->w_state[s] + j * n_outputs, record + (s + 1) * n_outputs,
                   n_outputs * sizeof(real));
    }
}

/* The columns that a batch has touched, in the order in which it met them, and their gradients. */
typedef struct {
    int32_t *place;   /* of each column in the list, or NOT_TOUCHED */
    int32_t *columns; /* the list */
    real *g;
    size_t n;
} touched;

/* g += c x of a row. */
static inline void touch(touched *list, const sparse_row *row, const real *c, size_t n_outputs,
                         const int wide) {
    for (size_t k = 0; k < row->n; k++) {
        const size_t j = column(row->columns, k, wide);
        if (list->place[j] == NOT_TOUCHED) {
            list->place[j] = (int32_t)list->n;
            list->columns[list->n] = (int32_t)j;
            memset(list->g + list->n++ * n_outputs, 0, n_outputs * sizeof(real));
        }
        real *g = list->g + (size_t)list->place[j] * n_outputs;
        for (size_t i = 0; i < n_outputs; i++)
            g[i] += c[i] * row->x[k];
    }
}

static inline void forget(touched *list) {
    for (size_t k = 0; k < list->n; k++)
        list->place[list->columns[k]] = NOT_TOUCHED;
    list->n = 0;
}

/* The rule's step for the weights of n columns, from their gradients. */
SPECIALISED void step(const fo_pass *pass, const double *hyper, const char *columns, const real *g,
                      size_t n, real *records, real *gathered, const size_t n_outputs,
                      const size_t states, const int wide) {
    const size_t room = gathered_room(pass), stride = n_outputs * (1 + states);
    real *arrays[1 + FO_MAX_STATES];
    for (size_t s = 0; s <= states; s++)
        arrays[s] = gathered + s * room;
    for (size_t k = 0; k < n; k++) {
        const real *record = records + column(columns, k, wide) * stride;
        for (size_t s = 0; s <= states; s++)
            for (size_t i = 0; i < n_outputs; i++)
                arrays[s][k * n_outputs + i] = record[s * n_outputs + i];
    }
    K(optimizers)[pass->optimizer](arrays[0], g, arrays + 1, hyper, n * n_outputs);
    K(bound)(pass, arrays[0], n * n_outputs);
    for (size_t k = 0; k < n; k++) {
        real *record = records + column(columns, k, wide) * stride;
        for (size_t s = 0; s <= states; s++)
            for (size_t i = 0; i < n_outputs; i++)
                record[s * n_outputs + i] = arrays[s][k * n_outputs + i];
    }
}

SPECIALISED void train(fo_pass *pass, const int wide, const int one, const size_t states) {
    const fo_matrix *X = &pass->X;
    const size_t n = pass->n_samples, d = X->n_features, n_outputs = one ? 1 : pass->n_outputs;
    const size_t stride = n_outputs * (1 + states), room = gathered_room(pass);
    real h[FO_MAX_HYPERS];
    to_real(pass->loss_hyper, h);
    real *records = pass->work, *gathered = records + records_room(pass),
         *g = gathered + (1 + states) * room;
    sparse_scratch scratch = scratch_at(pass, g + room);
    int32_t *lists = (int32_t *)(void *)(g + room + scratch_room(pass));
    touched list = {lists, lists + d, g, 0};
    if (!pass->open) {
        load_records(pass, records);
        for (size_t j = 0; j < d; j++)
            list.place[j] = NOT_TOUCHED;
        pass->open = 1;
    }

    for (size_t start = 0, update = 0; start < n; update++) {
        const size_t end = start + MIN(pass->batch_size, n - start);
        const double *hyper = pass->hyper + update * pass->hyper_stride;
        const real share = (real)1 / (real)(end - start);
        real *c = scratch.c;
        sparse_row row;
        far_row far;

        for (size_t t = start; t < end; t++) {
            far = fetch_rows(pass, t, wide);
            row = read_row(X, row_index(pass, t), scratch.values, wide);
            predict(pass, &scratch, h, hyper[0], &row, &far, records, stride, 1, t, t - start, wide,
                    one);
        }
        const int alone = end - start == 1 && K(is_increasing)(X, row_index(pass, start));
        for (size_t k = 0; k < n_outputs; k++)
            scratch.other[k] = (real)pass->intercept_pull;
        for (size_t t = start; t < end; t++) {
            if (end - start > 1)
                row = read_row(X, row_index(pass, t), scratch.values, wide);
            share_of_gradient(&scratch, t - start, share, n_outputs);
            if (alone)
                for (size_t k = 0; k < row.n; k++) {
                    if (k % QUARTER == 0)
                        FETCH_NEAR(far.values + k * sizeof(real));
                    for (size_t i = 0; i < n_outputs; i++)
                        g[k * n_outputs + i] = c[i] * row.x[k];
                }
            else
                touch(&list, &row, c, n_outputs, wide);
        }
        if (alone) {
            step(pass, hyper, row.columns, g, row.n, records, gathered, n_outputs, states, wide);
        } else {
            const char *columns = (const char *)list.columns;
            step(pass, hyper, columns, g, list.n, records, gathered, n_outputs, states, 0);
            forget(&list);
        }
        if (pass->intercept)
            K(update_intercept)(pass, scratch.other, hyper);
        if (pass->average)
            K(average)(pass, records, stride);
        start = end;
    }
}

static void run(fo_pass *pass) {
    const int one = pass->n_outputs == 1;
#define CASE(states)                                                                               \
    if (pass->X.wide)                                                                              \
        one ? train(pass, 1, 1, states) : train(pass, 1, 0, states);                               \
    else                                                                                           \
        one ? train(pass, 0, 1, states) : train(pass, 0, 0, states);                               \
    break;
    switch (n_states(pass)) {
    case 1:
        CASE(1)
    case 2:
        CASE(2)
    default:
        CASE(n_states(pass))
    }
}

const kind_of_pass K(sparse_touched) = {room, run, settle};
