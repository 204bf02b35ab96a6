/* Sparse rows with any update rule, which makes its step for the weights of a batch's columns
   alone: they are gathered, with their state, and scattered after it. That is exact for a rule
   which a gradient of 0 leaves as it is; for others it is what torch's SparseAdam does.

   Adagrad with its penalty outside of v is exact, too: a weight makes up for the pulls that it has
   missed when it is gathered again, or in `settle`. l2_sum and l1_sum add up lr l2 and l1 over the
   updates.

   Until `settle` the weights of a feature and their state lie together in a record. If pulls are
   kept back, it ends with both sums as they were at its last one. */
#include "records.h"
#include "sparse.h"

enum { NOT_GATHERED = -1, SUMS = 2 };

/* Whether the pulls at weights that a batch does not touch are kept back. */
static int keeps_pulls_back(const fo_pass *pass) {
    return K(optimizers)[pass->optimizer] == K(adagrad_composite) && !pass->touched_only;
}

static record_shape shape_of(const fo_pass *pass) {
    record_shape shape = {pass->n_outputs, 1, keeps_pulls_back(pass) ? SUMS : 0};
    while (shape.arrays <= FO_MAX_STATES && pass->w_state[shape.arrays - 1])
        shape.arrays++;
    return shape;
}

/* The most columns that a batch can touch. */
static size_t most_touched(const fo_pass *pass) {
    const size_t d = pass->X.n_features, most = pass->X.most;
    return most < d / pass->batch_size ? most * pass->batch_size : d;
}

/* Columns that there is room for at a time. */
static size_t capacity(const fo_pass *pass) {
    enum { BLOCK = 256 }; /* of all columns, when records are made and given back */
    return MAX(most_touched(pass), BLOCK);
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
    return padded(pass->X.n_features * record_size(shape_of(pass)));
}

static size_t gathered_room(const fo_pass *pass) {
    return padded(capacity(pass) * pass->n_outputs + LANES);
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
    workspace work = {.shape = shape_of(pass), .records = pass->work};
    work.packed = work.records + records_room(pass);
    work.g = work.packed + packed_room(pass);
    real *next = work.g + gathered_room(pass);
    for (size_t s = 0; s < n_arrays(work.shape); s++, next += gathered_room(pass))
        work.arrays[s] = next;
    work.columns = (int32_t *)(void *)next;
    work.place = work.columns + most_touched(pass);
    work.numbered = work.place + pass->X.n_features;
    work.in_order = work.numbered + pass->X.most;
    work.scratch = scratch_at(pass, next + lists_room(pass));
    return work;
}

/* The arrays of the features from j on: those of the pass, and the sums, which have room for those
   of a batch. */
static void arrays_from(const fo_pass *pass, const workspace *work, size_t j, real **arrays) {
    memcpy(arrays, work->arrays, sizeof work->arrays);
    for (size_t s = 0; s < work->shape.arrays; s++)
        arrays[s] = (real *)(s ? pass->w_state[s - 1] : pass->w) + j * pass->n_outputs;
}

static void open_records(fo_pass *pass, const workspace *work) {
    const size_t d = pass->X.n_features, size = record_size(work->shape);
    real *arrays[1 + FO_MAX_STATES + SUMS];
    for (size_t s = work->shape.arrays; s < n_arrays(work->shape); s++)
        memset(work->arrays[s], 0, capacity(pass) * sizeof(real));
    for (size_t j = 0, n; j < d; j += n) {
        n = MIN(capacity(pass), d - j);
        arrays_from(pass, work, j, arrays);
        K(pack)(work->records + j * size, work->shape, arrays, n);
    }
    for (size_t j = 0; j < d; j++)
        work->place[j] = NOT_GATHERED;
    for (size_t k = 0; k < pass->X.most; k++)
        work->in_order[k] = (int32_t)k;
    pass->l2_sum = pass->l1_sum = 0;
    pass->open = 1;
}

/* Makes up for the pulls that n columns have missed. */
static void pull(const fo_pass *pass, real *const *arrays, size_t n) {
    K(adagrad_pull)(arrays[0], arrays[1], pass->l2_sum, arrays[2], pass->l1_sum, arrays[3],
                    pass->hyper, n, pass->n_outputs);
}

static void settle(fo_pass *pass) {
    const workspace work = workspace_of(pass);
    const size_t d = pass->X.n_features, size = record_size(work.shape);
    real *arrays[1 + FO_MAX_STATES + SUMS];
    for (size_t j = 0, n; j < d; j += n) {
        n = MIN(capacity(pass), d - j);
        arrays_from(pass, &work, j, arrays);
        K(unpack)(work.records + j * size, work.shape, arrays, n);
        if (keeps_pulls_back(pass))
            pull(pass, arrays, n);
    }
}

/* Gathers the columns of a row that are not yet there, and numbers all by their places. */
SPECIALISED void gather_new(workspace *work, const sparse_row *row, const far_row *far,
                            const size_t size, const int wide) {
    size_t n = work->n;
    for (size_t k = 0; k < row->n; k++) {
        if (k % QUARTER == 0) {
            FETCH_NEAR(far->columns + k * (wide ? 8 : 4));
            FETCH_NEAR(far->values + k * sizeof(real));
        }
        const size_t j = column(row->columns, k, wide);
        if (work->place[j] == NOT_GATHERED) {
            memcpy(work->packed + n * size, work->records + j * size, size * sizeof(real));
            work->place[j] = (int32_t)n;
            work->columns[n++] = (int32_t)j;
        }
        work->numbered[k] = work->place[j];
    }
    work->n = n;
}

/* Makes arrays of the records gathered from the `first` on, and makes up for what they missed. */
static void unpack_new(const fo_pass *pass, const workspace *work, size_t first) {
    const record_shape shape = work->shape;
    real *arrays[1 + FO_MAX_STATES + SUMS];
    for (size_t s = 0; s < n_arrays(shape); s++)
        arrays[s] = work->arrays[s] + first * (s < shape.arrays ? shape.n_outputs : 1);
    K(unpack)(work->packed + first * record_size(shape), shape, arrays, work->n - first);
    if (keeps_pulls_back(pass))
        pull(pass, arrays, work->n - first);
}

/* Adagrad's step of all that was gathered. The pull of this update is kept back, too, unless there
   are bounds that must hold after it. */
static void step_lazily(fo_pass *pass, const workspace *work, const double *hyper) {
    const int at_once = is_bounded(pass);
    const double l2_sum = pass->l2_sum + hyper[0] * hyper[1], l1_sum = pass->l1_sum + hyper[3];
    const real until[SUMS] = {(real)(at_once ? l2_sum : pass->l2_sum),
                              (real)(at_once ? l1_sum : pass->l1_sum)};
    double unpenalised[FO_MAX_HYPERS];
    without_penalty(hyper, pass->n_hypers, unpenalised);
    if (at_once)
        K(adagrad_composite)(work->arrays[0], work->g, work->arrays + 1, hyper,
                             work->n * pass->n_outputs);
    else
        K(adagrad)(work->arrays[0], work->g, work->arrays + 1, unpenalised,
                   work->n * pass->n_outputs);
    for (size_t s = 0; s < SUMS; s++)
        for (size_t k = 0; k < work->n; k++)
            work->arrays[2 + s][k] = until[s];
    pass->l2_sum = l2_sum;
    pass->l1_sum = l1_sum;
}

/* The step of all that was gathered, and of the intercepts. */
static void step(fo_pass *pass, const workspace *work, const double *hyper) {
    const size_t n = work->n * pass->n_outputs;
    if (keeps_pulls_back(pass))
        step_lazily(pass, work, hyper);
    else
        K(optimizers)[pass->optimizer](work->arrays[0], work->g, work->arrays + 1, hyper, n);
    K(bound)(pass, work->arrays[0], n);
    if (pass->intercept)
        K(update_intercept)(pass, work->scratch.other, hyper);
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
SPECIALISED void learn_one(fo_pass *pass, workspace *work, const real *h, const double *hyper,
                           size_t t, const int wide, const int one, const size_t size) {
    const size_t n_outputs = one ? 1 : pass->n_outputs;
    const sparse_scratch *scratch = &work->scratch;
    const far_row far = fetch_rows(pass, t, wide);
    const sparse_row row = read_row(&pass->X, row_index(pass, t), scratch->values, wide);
    gather(work->packed, &row, work->records, size, &far, wide);
    work->n = row.n;
    unpack_new(pass, work, 0);

    if (one) {
        scratch->dots[0] = dot(work->arrays[0], row.x, row.n);
    } else {
        const sparse_row in_order = numbered(&row, work->in_order);
        fetch_records(pass, t + 1, work->records, size, wide);
        dot_all(&in_order, work->arrays[0], n_outputs, scratch->dots, n_outputs, &far, 0);
    }
    predict(pass, scratch, h, hyper[0], &row, 1, t, 0, one);
    begin_gradient(pass, scratch, n_outputs);
    share_of_gradient(scratch, 0, 1, n_outputs);
    set_gradient(work->g, &row, scratch->c, n_outputs);

    step(pass, work, hyper);
    K(pack)(work->packed, work->shape, work->arrays, work->n);
    scatter(work->packed, row.columns, work->n, work->records, size, wide);
    work->n = 0;
}

/* An update from the samples start ... end - 1. */
SPECIALISED void learn(fo_pass *pass, workspace *work, const real *h, const double *hyper,
                       size_t start, size_t end, const int wide, const int one, const size_t size) {
    const size_t n_outputs = one ? 1 : pass->n_outputs;
    const sparse_scratch *scratch = &work->scratch;
    for (size_t t = start; t < end; t++) {
        const far_row far = fetch_rows(pass, t, wide);
        sparse_row row = read_row(&pass->X, row_index(pass, t), scratch->values, wide);
        const size_t first = work->n;
        gather_new(work, &row, &far, size, wide);
        unpack_new(pass, work, first);
        row = numbered(&row, work->numbered);
        if (one) {
            scratch->dots[0] = dot_one(&row, work->arrays[0], 1, far.values, 0);
        } else {
            fetch_records(pass, t + 1, work->records, size, wide);
            dot_all(&row, work->arrays[0], n_outputs, scratch->dots, n_outputs, &far, 0);
        }
        predict(pass, scratch, h, hyper[0], &row, 1, t, t - start, one);
    }

    memset(work->g, 0, work->n * n_outputs * sizeof(real));
    begin_gradient(pass, scratch, n_outputs);
    for (size_t t = start; t < end; t++) {
        sparse_row row = read_row(&pass->X, row_index(pass, t), scratch->values, wide);
        for (size_t k = 0; k < row.n; k++)
            work->numbered[k] = work->place[column(row.columns, k, wide)];
        row = numbered(&row, work->numbered);
        share_of_gradient(scratch, t - start, (real)1 / (real)(end - start), n_outputs);
        add_gradient(work->g, &row, scratch->c, n_outputs);
    }

    step(pass, work, hyper);
    K(pack)(work->packed, work->shape, work->arrays, work->n);
    scatter(work->packed, (const char *)work->columns, work->n, work->records, size, 0);
    for (size_t k = 0; k < work->n; k++)
        work->place[work->columns[k]] = NOT_GATHERED;
    work->n = 0;
}

SPECIALISED void train(fo_pass *pass, const int wide, const int one, const size_t size) {
    real h[FO_MAX_HYPERS];
    to_real(pass->loss_hyper, h);
    workspace work = workspace_of(pass);
    if (!pass->open)
        open_records(pass, &work);
    const double *hyper = pass->hyper;
    for (size_t start = 0, end; start < pass->n_samples; start = end) {
        end = start + MIN(pass->batch_size, pass->n_samples - start);
        if (end - start == 1 && K(is_increasing)(&pass->X, row_index(pass, start)))
            learn_one(pass, &work, h, hyper, start, wide, one, size);
        else
            learn(pass, &work, h, hyper, start, end, wide, one, size);
        if (pass->average)
            K(average)(pass, work.records, size);
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
    else if (size == 5)
        CASE(1, 5);
    else if (size == 6)
        CASE(1, 6);
    else
        CASE(1, size);
}

const kind_of_pass K(sparse_touched) = {room, run, settle};
