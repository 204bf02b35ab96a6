/* Momentum and Nesterov's on sparse rows, as exact as on dense rows, in time proportional to the
   entries times the logarithm of how long ago their columns were last touched.

   Without a gradient an update s takes a weight and its velocity, (w, u), to M[s] (w, u), a matrix
   which is the same for all of them. So what a column has missed since it was last touched is one
   product of matrices, put together from those of 1, 2, 4, ... updates, which are worked out
   beforehand. */
#include "sparse.h"

typedef struct {
    double ww, wu, uw, uu;
} matrix;

/* First a, then b. */
static inline matrix after(matrix b, matrix a) {
    return (matrix){b.ww * a.ww + b.wu * a.uw, b.ww * a.wu + b.wu * a.uu, b.uw * a.ww + b.uu * a.uw,
                    b.uw * a.wu + b.uu * a.uu};
}

/* One update: M, and what each unit of gradient adds to w and u. */
typedef struct {
    matrix m;
    double w, u;
} update_of_pair;

static update_of_pair one_update(const fo_pass *pass, const double *hyper) {
    const double lr = hyper[0], l2 = hyper[1], decay = hyper[2], momentum = hyper[4],
                 gain = hyper[5];
    update_of_pair it = {.m.uw = gain * l2, .m.uu = momentum, .u = gain};
    if (K(optimizers)[pass->optimizer] == K(nesterov)) {
        /* w -= decay w + lr (g + l2 w + momentum u) */
        it.m.ww = 1 - decay - lr * (l2 + momentum * it.m.uw);
        it.m.wu = -lr * momentum * momentum;
        it.w = -lr * (1 + momentum * gain);
    } else {
        /* w -= decay w + lr u */
        it.m.ww = 1 - decay - lr * it.m.uw;
        it.m.wu = -lr * momentum;
        it.w = -lr * gain;
    }
    return it;
}

/* The products over updates i 2^k + 1 ... (i + 1) 2^k of a block of them, level k after level k -
   1; one for each level if all updates are alike. */
enum { BLOCK = 4096, LEVELS = 13 };
typedef struct {
    matrix *level[LEVELS];
    int alike;
} products;

enum { MATRICES_ROOM = 2 * BLOCK * sizeof(matrix) / sizeof(real) };

static products make_products(const fo_pass *pass, const double *hyper, size_t n, matrix *memory) {
    products all = {.alike = pass->hyper_stride == 0};
    all.level[0] = memory;
    size_t count = all.alike ? 1 : n;
    for (size_t i = 0; i < count; i++)
        all.level[0][i] = one_update(pass, hyper + i * pass->hyper_stride).m;
    for (int k = 1; k < LEVELS && n >> k; k++) {
        const matrix *below = all.level[k - 1];
        all.level[k] = all.level[k - 1] + count;
        count = all.alike ? 1 : n >> k;
        for (size_t i = 0; i < count; i++)
            all.level[k][i] =
                all.alike ? after(below[0], below[0]) : after(below[2 * i + 1], below[2 * i]);
    }
    return all;
}

/* What updates from + 1 ... to make of a pair without a gradient. */
static inline matrix product(const products *all, size_t from, size_t to) {
    matrix m = {1, 0, 0, 1};
    while (from < to) {
        int k = 63 - __builtin_clzll(to - from);
        if (from)
            k = MIN(k, __builtin_ctzll(from));
        m = after(all->level[k][all->alike ? 0 : from >> k], m);
        from += (size_t)1 << k;
    }
    return m;
}

/* Brings the pairs of a column, n_outputs weights and as many velocities, to after update `to`. */
static inline void catch_up(real *pairs, uint32_t *seen, size_t to, const products *all,
                            size_t n_outputs) {
    if (*seen == to)
        return;
    const matrix m = product(all, *seen, to);
    for (size_t k = 0; k < n_outputs; k++) {
        const double w = (double)pairs[k], u = (double)pairs[n_outputs + k];
        pairs[k] = (real)(m.ww * w + m.wu * u);
        pairs[n_outputs + k] = (real)(m.uw * w + m.uu * u);
    }
    *seen = (uint32_t)to;
}

static void catch_up_all(real *records, uint32_t *seen, size_t to, const products *all,
                         size_t n_features, size_t n_outputs) {
    for (size_t j = 0; j < n_features; j++)
        catch_up(records + 2 * j * n_outputs, seen + j, to, all, n_outputs);
}

static size_t records_room(const fo_pass *pass) { return padded(2 * n_weights(pass) + LANES); }

static size_t gradients_room(const fo_pass *pass) { return padded(n_weights(pass) + LANES); }

static size_t room(const fo_pass *pass) {
    const size_t seen = pass->X.n_features * sizeof(uint32_t) / sizeof(real) + LANES;
    return records_room(pass) + gradients_room(pass) + scratch_room(pass) + padded(seen) +
           MATRICES_ROOM + LANES;
}

static void load_records(const fo_pass *pass, real *records) {
    const size_t n_outputs = pass->n_outputs;
    const real *w = pass->w, *u = pass->w_state[0];
    for (size_t j = 0; j < n_weights(pass); j += n_outputs, records += 2 * n_outputs) {
        memcpy(records, w + j, n_outputs * sizeof(real));
        memcpy(records + n_outputs, u + j, n_outputs * sizeof(real));
    }
}

static void settle(fo_pass *pass) {
    const size_t n_outputs = pass->n_outputs;
    const real *records = pass->work;
    real *w = pass->w, *u = pass->w_state[0];
    for (size_t j = 0; j < n_weights(pass); j += n_outputs, records += 2 * n_outputs) {
        memcpy(w + j, records, n_outputs * sizeof(real));
        memcpy(u + j, records + n_outputs, n_outputs * sizeof(real));
    }
}

SPECIALISED void train(fo_pass *pass, const int wide, const int one) {
    const fo_matrix *X = &pass->X;
    const size_t n = pass->n_samples, d = X->n_features, n_outputs = one ? 1 : pass->n_outputs;
    const size_t stride = 2 * n_outputs;
    real h[FO_MAX_HYPERS];
    to_real(pass->loss_hyper, h);
    real *records = pass->work, *g = records + records_room(pass);
    real *after_scratch = g + gradients_room(pass) + scratch_room(pass);
    sparse_scratch scratch = scratch_at(pass, g + gradients_room(pass));
    uint32_t *seen = (uint32_t *)(void *)after_scratch;
    matrix *matrices =
        (matrix *)(void *)(after_scratch + padded(d * sizeof(uint32_t) / sizeof(real) + LANES));
    if (!pass->open) {
        load_records(pass, records);
        memset(g, 0, gradients_room(pass) * sizeof(real));
        pass->open = 1;
    }
    products all = {0};
    real *c = scratch.c;

    size_t update = 0; /* of the block, done */
    const double *hyper = pass->hyper;
    for (size_t start = 0; start < n; update++, hyper += pass->hyper_stride) {
        const size_t end = start + MIN(pass->batch_size, n - start);
        if (update == BLOCK) {
            catch_up_all(records, seen, update, &all, d, n_outputs);
            update = 0;
        }
        if (update == 0) {
            const size_t left = (n - start + pass->batch_size - 1) / pass->batch_size;
            all = make_products(pass, hyper, MIN(left, BLOCK), matrices);
            memset(seen, 0, d * sizeof *seen);
        }
        const real share = (real)1 / (real)(end - start);
        const update_of_pair now = one_update(pass, hyper);
        sparse_row row;
        far_row far;

        for (size_t t = start; t < end; t++) {
            far = fetch_rows(pass, t, wide);
            row = read_row(X, row_index(pass, t), scratch.values, wide);
            for (size_t k = 0; k < row.n; k++) {
                const size_t j = column(row.columns, k, wide);
                catch_up(records + j * stride, seen + j, update, &all, n_outputs);
            }
            multiply(pass, &scratch, t, &row, &far, records, stride, wide, one);
            predict(pass, &scratch, h, hyper[0], &row, 1, t, t - start, one);
        }

        begin_gradient(pass, &scratch, n_outputs);
        for (size_t t = start; t < end; t++) {
            if (end - start > 1)
                row = read_row(X, row_index(pass, t), scratch.values, wide);
            share_of_gradient(&scratch, t - start, share, n_outputs);
            add_all(&row, g, n_outputs, c, n_outputs, wide);
        }
        for (size_t t = start; t < end; t++) {
            if (end - start > 1)
                row = read_row(X, row_index(pass, t), scratch.values, wide);
            for (size_t k = 0; k < row.n; k++) {
                const size_t j = column(row.columns, k, wide);
                real *pairs = records + j * stride;
                catch_up(pairs, seen + j, update + 1, &all, n_outputs);
                for (size_t i = 0; i < n_outputs; i++) {
                    const double gradient = (double)g[j * n_outputs + i];
                    pairs[i] += (real)(now.w * gradient);
                    pairs[n_outputs + i] += (real)(now.u * gradient);
                    g[j * n_outputs + i] = 0;
                }
            }
        }
        if (pass->intercept)
            K(update_intercept)(pass, scratch.other, hyper);
        start = end;
    }
    catch_up_all(records, seen, update, &all, d, n_outputs);
}

static void run(fo_pass *pass) {
    const int one = pass->n_outputs == 1;
    if (pass->X.wide)
        one ? train(pass, 1, 1) : train(pass, 1, 0);
    else
        one ? train(pass, 0, 1) : train(pass, 0, 0);
}

const kind_of_pass K(sparse_momentum) = {room, run, settle};
