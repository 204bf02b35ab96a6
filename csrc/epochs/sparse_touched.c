/* Sparse rows with any update rule, which makes its step for the weights of a batch's columns
   alone: they are gathered, with their state, and scattered after it. That is exact for a rule
   which a gradient of 0 leaves as it is; for others it is what torch's SparseAdam does.

   It is exact for Adagrad with its penalty outside of v, too: the pulls that a weight misses are
   made up for when it is gathered again, and in `settle`. l2_sum and l1_sum keep account of them.

   The weights of a feature and their state lie together until `settle`, in a record which, where
   pulls are missed, ends with both sums as they were at the last one. */
#include "records.h"
#include "sparse.h"

enum { NOT_GATHERED = -1, SUMS = 2 };

/* Whether the penalty of the weights that a batch does not touch is kept back. */
static int is_lazy(const fo_pass *pass) {
    return K(optimizers)[pass->optimizer] == K(adagrad_composite) && !pass->touched_only;
}

static record_shape shape_of(const fo_pass *pass) {
    record_shape shape = {pass->n_outputs, 1, is_lazy(pass) ? SUMS : 0};
    while (shape.arrays <= FO_MAX_STATES && pass->w_state[shape.arrays - 1])
        shape.arrays++;
    return shape;
}

/* The most columns that a batch can touch. */
static size_t most_touched(const fo_pass *pass) {
    const size_t d = pass->X.n_features, most = MAX(pass->X.most, 1);
    return most < d / pass->batch_size ? most * pass->batch_size : d;
}

/* What a pass works on. */
typedef struct {
    record_shape shape;
    real *records; /* of all features */
    /* The n columns that a batch has met, in this order, and what is gathered for them. */
    size_t n;
    int32_t *columns;
    int32_t *place;                         /* of each feature among them, or NOT_GATHERED */
    int32_t *numbered;                      /* the places of the columns of a row; */
    int32_t *in_order;                      /* 0, 1, 2, ...: the same for the only row of a batch */
    real *packed;                           /* their records; */
    real *arrays[1 + FO_MAX_STATES + SUMS]; /* the same as arrays */
    real *g;
    sparse_scratch scratch;
} workspace;

static size_t records_room(const fo_pass *pass) {
    return padded(pass->X.n_features * record_size(shape_of(pass)) + LANES);
}

/* Numbers for the weights of all columns of a batch. */
static size_t gathered_room(const fo_pass *pass) {
    return padded(most_touched(pass) * pass->n_outputs + LANES);
}

static size_t packed_room(const fo_pass *pass) {
    return padded(most_touched(pass) * record_size(shape_of(pass)));
}

static size_t n_arrays(record_shape shape) { return shape.arrays + shape.singles; }

static size_t lists_room(const fo_pass *pass) {
    const size_t n = most_touched(pass) + pass->X.n_features + 2 * pass->X.most;
    return padded(n * sizeof(int32_t) / sizeof(real) + 1);
}

static size_t room(const fo_pass *pass) {
    return records_room(pass) + packed_room(pass) +
           (n_arrays(shape_of(pass)) + 1) * gathered_room(pass) + lists_room(pass) +
           scratch_room(pass);
}

static workspace workspace_of(const fo_pass *pass) {
    workspace at = {.shape = shape_of(pass), .records = pass->work};
    at.packed = at.records + records_room(pass);
    at.g = at.packed + packed_room(pass);
    real *next = at.g + gathered_room(pass);
    for (size_t s = 0; s < n_arrays(at.shape); s++, next += gathered_room(pass))
        at.arrays[s] = next;
    at.columns = (int32_t *)(void *)next;
    at.place = at.columns + most_touched(pass);
    at.numbered = at.place + pass->X.n_features;
    at.in_order = at.numbered + pass->X.most;
    at.scratch = scratch_at(pass, next + lists_room(pass));
    return at;
}

/* The arrays of the features from j on: those of the pass, and the sums, which have room for those
   of a batch. */
static void arrays_from(const fo_pass *pass, const workspace *at, size_t j, real **arrays) {
    memcpy(arrays, at->arrays, sizeof at->arrays);
    for (size_t s = 0; s < at->shape.arrays; s++)
        arrays[s] = (real *)(s ? pass->w_state[s - 1] : pass->w) + j * pass->n_outputs;
}

static void open_records(fo_pass *pass, const workspace *at) {
    const size_t d = pass->X.n_features, size = record_size(at->shape);
    real *arrays[1 + FO_MAX_STATES + SUMS];
    for (size_t s = at->shape.arrays; s < n_arrays(at->shape); s++)
        memset(at->arrays[s], 0, most_touched(pass) * sizeof(real));
    for (size_t j = 0, n; j < d; j += n) {
        n = MIN(most_touched(pass), d - j);
        arrays_from(pass, at, j, arrays);
        K(pack)(at->records + j * size, at->shape, arrays, n);
    }
    memset(at->records + d * size, 0, (records_room(pass) - d * size) * sizeof(real));
    for (size_t j = 0; j < d; j++)
        at->place[j] = NOT_GATHERED;
    for (size_t k = 0; k < pass->X.most; k++)
        at->in_order[k] = (int32_t)k;
    pass->l2_sum = pass->l1_sum = 0;
    pass->open = 1;
}

/* Makes up for the pulls that n columns have missed. */
static void pull(const fo_pass *pass, real *const *arrays, size_t n) {
    K(adagrad_pull)(arrays[0], arrays[1], pass->l2_sum, arrays[2], pass->l1_sum, arrays[3],
                    pass->hyper, n, pass->n_outputs);
}

static void settle(fo_pass *pass) {
    const workspace at = workspace_of(pass);
    const size_t d = pass->X.n_features, size = record_size(at.shape);
    real *arrays[1 + FO_MAX_STATES + SUMS];
    for (size_t j = 0, n; j < d; j += n) {
        n = MIN(most_touched(pass), d - j);
        arrays_from(pass, &at, j, arrays);
        K(unpack)(at.records + j * size, at.shape, arrays, n);
        if (is_lazy(pass))
            pull(pass, arrays, n);
    }
}

/* Gathers the columns of the only row of a batch, which are all different. */
SPECIALISED void gather_only(workspace *at, const sparse_row *row, const far_row *far,
                             const size_t size, const int wide) {
    enum { TOGETHER = 8 };
    const real *records = at->records;
    real *packed = at->packed;
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
    at->n = row->n;
}

/* Gathers the columns of a row that are not yet there, and numbers all by their places. */
SPECIALISED void gather_new(workspace *at, const sparse_row *row, const far_row *far,
                            const size_t size, const int wide) {
    size_t n = at->n;
    for (size_t k = 0; k < row->n; k++) {
        if (k % QUARTER == 0) {
            FETCH_NEAR(far->columns + k * (wide ? 8 : 4));
            FETCH_NEAR(far->values + k * sizeof(real));
        }
        const size_t j = column(row->columns, k, wide);
        if (at->place[j] == NOT_GATHERED) {
            memcpy(at->packed + n * size, at->records + j * size, size * sizeof(real));
            at->place[j] = (int32_t)n;
            at->columns[n++] = (int32_t)j;
        }
        at->numbered[k] = at->place[j];
    }
    at->n = n;
}

/* Makes arrays of the records gathered from the `first` on, and makes up for what they missed. */
static void unpack(const fo_pass *pass, const workspace *at, size_t first) {
    const record_shape shape = at->shape;
    real *arrays[1 + FO_MAX_STATES + SUMS];
    for (size_t s = 0; s < n_arrays(shape); s++)
        arrays[s] = at->arrays[s] + first * (s < shape.arrays ? shape.n_outputs : 1);
    K(unpack)(at->packed + first * record_size(shape), shape, arrays, at->n - first);
    if (is_lazy(pass))
        pull(pass, arrays, at->n - first);
}

/* Puts what was gathered back to its columns. */
SPECIALISED void scatter(const workspace *at, const char *columns, const size_t size,
                         const int wide) {
    enum { TOGETHER = 8 };
    const real *packed = at->packed;
    real *records = at->records;
    K(pack)(at->packed, at->shape, at->arrays, at->n);
    size_t k = 0;
    for (; k + TOGETHER <= at->n; k += TOGETHER)
#pragma GCC unroll 8
        for (size_t l = 0; l < TOGETHER; l++)
            memcpy(records + column(columns, k + l, wide) * size, packed + (k + l) * size,
                   size * sizeof(real));
    for (; k < at->n; k++)
        memcpy(records + column(columns, k, wide) * size, packed + k * size, size * sizeof(real));
}

/* Adagrad's step of all that was gathered. Its pull comes with later ones, unless there are bounds
   that must be kept after it. */
static void step_lazily(fo_pass *pass, const workspace *at, const double *hyper) {
    const double l2_sum = pass->l2_sum + hyper[0] * hyper[1], l1_sum = pass->l1_sum + hyper[3];
    const size_t n = at->n * pass->n_outputs;
    if (is_bounded(pass)) {
        K(adagrad_composite)(at->arrays[0], at->g, at->arrays + 1, hyper, n);
        pass->l2_sum = l2_sum, pass->l1_sum = l1_sum;
    } else {
        double unpenalised[FO_MAX_HYPERS];
        without_penalty(hyper, pass->n_hypers, unpenalised);
        K(adagrad)(at->arrays[0], at->g, at->arrays + 1, unpenalised, n);
    }
    const real until[SUMS] = {(real)pass->l2_sum, (real)pass->l1_sum};
    for (size_t s = 0; s < SUMS; s++)
        for (size_t k = 0; k < at->n; k++)
            at->arrays[2 + s][k] = until[s];
    pass->l2_sum = l2_sum, pass->l1_sum = l1_sum;
}

/* The step of all that was gathered, and of the intercepts. */
static void step(fo_pass *pass, const workspace *at, const double *hyper) {
    const size_t n = at->n * pass->n_outputs;
    if (is_lazy(pass))
        step_lazily(pass, at, hyper);
    else
        K(optimizers)[pass->optimizer](at->arrays[0], at->g, at->arrays + 1, hyper, n);
    K(bound)(pass, at->arrays[0], n);
    if (pass->intercept)
        K(update_intercept)(pass, at->scratch.other, hyper);
}

/* g = c x of the only row, or g += c x of a row with numbered columns. */
SPECIALISED void set_gradient(real *g, const sparse_row *row, const real *c,
                              const size_t n_outputs) {
    if (n_outputs == 1) {
        const size_t whole = row->n / LANES * LANES, rest = row->n - whole;
        for (size_t k = 0; k < whole; k += LANES)
            lanes_store(g + k, lanes_add_scaled((lanes){0}, c[0], lanes_load(row->x + k)));
        lanes_store(g + whole,
                    lanes_add_scaled((lanes){0}, c[0], lanes_load_first(row->x + whole, rest)));
    } else {
        for (size_t k = 0; k < row->n; k++)
            for (size_t i = 0; i < n_outputs; i++)
                g[k * n_outputs + i] = c[i] * row->x[k];
    }
}

SPECIALISED void add_gradient(real *g, const sparse_row *row, const real *c,
                              const size_t n_outputs) {
    for (size_t k = 0; k < row->n; k++) {
        real *gk = g + column(row->columns, k, 0) * n_outputs;
        for (size_t i = 0; i < n_outputs; i++)
            gk[i] += c[i] * row->x[k];
    }
}

static inline sparse_row numbered(const sparse_row *row, const int32_t *places) {
    return (sparse_row){(const char *)places, row->x, row->n, row->known};
}

/* An update from sample t, whose columns rise. */
SPECIALISED void learn_one(fo_pass *pass, workspace *at, const real *h, const double *hyper,
                           size_t t, const int wide, const int one, const size_t size) {
    const size_t n_outputs = one ? 1 : pass->n_outputs;
    const sparse_scratch *scratch = &at->scratch;
    const far_row far = fetch_rows(pass, t, wide);
    const sparse_row row = read_row(&pass->X, row_index(pass, t), scratch->values, wide);
    gather_only(at, &row, &far, size, wide);
    unpack(pass, at, 0);

    if (one) {
        scratch->dots[0] = dot(at->arrays[0], row.x, row.n);
    } else {
        const sparse_row in_order = numbered(&row, at->in_order);
        multiply(scratch, &in_order, at->arrays[0], n_outputs, n_outputs, &far, 0, one);
    }
    predict(pass, scratch, h, hyper[0], &row, 1, t, 0, one);
    begin_gradient(pass, scratch, n_outputs);
    share_of_gradient(scratch, 0, 1, n_outputs);
    set_gradient(at->g, &row, scratch->c, n_outputs);

    step(pass, at, hyper);
    scatter(at, row.columns, size, wide);
    at->n = 0;
}

/* An update from the samples start ... end - 1. */
SPECIALISED void learn(fo_pass *pass, workspace *at, const real *h, const double *hyper,
                       size_t start, size_t end, const int wide, const int one, const size_t size) {
    const size_t n_outputs = one ? 1 : pass->n_outputs;
    const sparse_scratch *scratch = &at->scratch;
    for (size_t t = start; t < end; t++) {
        const far_row far = fetch_rows(pass, t, wide);
        sparse_row row = read_row(&pass->X, row_index(pass, t), scratch->values, wide);
        const size_t first = at->n;
        gather_new(at, &row, &far, size, wide);
        unpack(pass, at, first);
        row = numbered(&row, at->numbered);
        multiply(scratch, &row, at->arrays[0], n_outputs, n_outputs, &far, 0, one);
        predict(pass, scratch, h, hyper[0], &row, 1, t, t - start, one);
    }

    memset(at->g, 0, at->n * n_outputs * sizeof(real));
    begin_gradient(pass, scratch, n_outputs);
    for (size_t t = start; t < end; t++) {
        sparse_row row = read_row(&pass->X, row_index(pass, t), scratch->values, wide);
        for (size_t k = 0; k < row.n; k++)
            at->numbered[k] = at->place[column(row.columns, k, wide)];
        row = numbered(&row, at->numbered);
        share_of_gradient(scratch, t - start, (real)1 / (real)(end - start), n_outputs);
        add_gradient(at->g, &row, scratch->c, n_outputs);
    }

    step(pass, at, hyper);
    scatter(at, (const char *)at->columns, size, 0);
    for (size_t k = 0; k < at->n; k++)
        at->place[at->columns[k]] = NOT_GATHERED;
    at->n = 0;
}

SPECIALISED void train(fo_pass *pass, const int wide, const int one, const size_t size) {
    real h[FO_MAX_HYPERS];
    to_real(pass->loss_hyper, h);
    workspace at = workspace_of(pass);
    if (!pass->open)
        open_records(pass, &at);
    const double *hyper = pass->hyper;
    for (size_t start = 0, end; start < pass->n_samples; start = end) {
        end = start + MIN(pass->batch_size, pass->n_samples - start);
        if (end - start == 1 && K(is_increasing)(&pass->X, row_index(pass, start)))
            learn_one(pass, &at, h, hyper, start, wide, one, size);
        else
            learn(pass, &at, h, hyper, start, end, wide, one, size);
        if (pass->average)
            K(average)(pass, at.records, size);
        hyper += pass->hyper_stride;
    }
}

static void run(fo_pass *pass) {
    const size_t size = record_size(shape_of(pass));
#define CASE(one, size) pass->X.wide ? train(pass, 1, one, size) : train(pass, 0, one, size)
    if (pass->n_outputs > 1)
        CASE(0, size);
    else if (size == 2)
        CASE(1, 2);
    else if (size == 3)
        CASE(1, 3);
    else if (size == 4)
        CASE(1, 4);
    else
        CASE(1, size);
}

const kind_of_pass K(sparse_touched) = {room, run, settle};
