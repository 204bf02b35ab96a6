/* Mini-batches with any update rule: the gradient of each sample is added to g in the order of the
   samples, as a mean over the batch, and one update follows. batch_size = 1 makes it incremental,
   batch_size = n_samples the full batch.

   Samples go in tiles whose rows stay in the first cache between the two sweeps over them, the dot
   products and the gradient; several rows go together so that w and g are read less often. How many
   changes no bit, since each sum keeps its order. */
#include "epochs.h"

enum {
    TOGETHER = REGISTERS > 2 ? 2 : 4, /* rows: as many as there are registers for their sums */
    MOST_OUTPUTS = 5,
    OUTPUTS = REGISTERS > 1 ? 1 : MOST_OUTPUTS, /* the same for outputs */
    TILE = 64, /* samples, unless their rows take more than TILE_BYTES */
    TILE_BYTES = 16384,
    FETCHED = 8192, /* numbers between the rows in use and those asked for from memory */
};

static inline size_t tile_size(size_t width) {
    return CLAMP(TILE_BYTES / (width * sizeof(real)) / TOGETHER * TOGETHER, TOGETHER, TILE);
}

static size_t room(const fo_pass *pass) {
    const size_t width = padded(pass->X.n_features), tile = tile_size(width);
    return padded(n_weights(pass)) + tile * width + (1 + tile) * padded(pass->n_outputs);
}

/* Rows further on, which are asked for while others are in use: a part of each with some outputs,
   so that memory has the time of all of them. */
typedef struct {
    const char *rows[TILE];
    size_t start, count; /* of the part, in numbers */
} far_rows;

/* sum[r][k] += w[k] x[r] lane by lane, for some rows and outputs, in the blocks from `start` to
   `end`. Asks for a part of a row further on with each row, unless `fetched` is NULL. */
SPECIALISED void sweep(lanes (*sum)[MOST_OUTPUTS], const real *w, const real *const *x,
                       const char *const *fetched, size_t d, size_t start, size_t end,
                       const int rows, const int outputs) {
    for (size_t j = start; j < end; j += LANES) {
        lanes wj[MOST_OUTPUTS];
        for (int k = 0; k < outputs; k++)
            wj[k] = lanes_load(w + (size_t)k * d + j);
        for (int r = 0; r < rows; r++) {
            if (fetched)
                FETCH(fetched[r] + j * sizeof(real));
            const lanes xj = lanes_load_once(x[r] + j);
            for (int k = 0; k < outputs; k++)
                sum[r][k] = lanes_add_product(sum[r][k], wj[k], xj);
        }
    }
}

/* z[r * stride + k] = w[k] . x[r] for some rows, from `at` of their tile on, and outputs, whose
   weights lie d apart. */
SPECIALISED void dots(const real *w, const real *const *x, const far_rows *far, size_t at, real *z,
                      size_t stride, size_t d, const int rows, const int outputs) {
    const size_t whole = d / LANES * LANES, rest = d - whole;
    const size_t n_fetched = MIN(far->count, whole);
    x += at;
    z += at * stride;
    const char *fetched[TOGETHER];
    lanes sum[TOGETHER][MOST_OUTPUTS];
    for (int r = 0; r < rows; r++) {
        fetched[r] = far->rows[at + (size_t)r] + far->start * sizeof(real);
        FETCH(far->rows[at + (size_t)r] + (d - 1) * sizeof(real));
        for (int k = 0; k < outputs; k++)
            sum[r][k] = (lanes){0};
    }
    if (rest)
        for (int k = 0; k < outputs; k++) {
            const lanes last = lanes_load_first(w + (size_t)k * d + whole, rest);
            for (int r = 0; r < rows; r++)
                sum[r][k] =
                    lanes_add_product(sum[r][k], last, lanes_load_first(x[r] + whole, rest));
        }
    sweep(sum, w, x, fetched, d, 0, n_fetched, rows, outputs);
    sweep(sum, w, x, NULL, d, n_fetched, whole, rows, outputs);
    for (int r = 0; r < rows; r++)
        for (int k = 0; k < outputs; k++)
            z[(size_t)r * stride + (size_t)k] = lanes_sum(sum[r][k]);
}

/* g[k] = (first ? 0 : g[k]) + a[0][k] x[0] + a[1][k] x[1] + ... for some rows and outputs, in this
   order. */
SPECIALISED void add_rows(real *restrict g, const int first, const real *a, size_t stride,
                          const real *const *x, size_t d, const int rows, const int outputs) {
    const size_t whole = d / LANES * LANES, rest = d - whole;
    const real *xr[TOGETHER]; /* copies, which no store to g can change */
    real scale[TOGETHER][MOST_OUTPUTS];
    for (int r = 0; r < rows; r++) {
        xr[r] = x[r];
        for (int k = 0; k < outputs; k++)
            scale[r][k] = a[(size_t)r * stride + (size_t)k];
    }
    for (size_t j = 0; j < whole; j += LANES) {
        lanes gj[MOST_OUTPUTS];
        for (int k = 0; k < outputs; k++)
            gj[k] = first ? (lanes){0} : lanes_load(g + (size_t)k * d + j);
        for (int r = 0; r < rows; r++) {
            const lanes xj = lanes_load(xr[r] + j);
            for (int k = 0; k < outputs; k++)
                gj[k] = lanes_add_scaled(gj[k], scale[r][k], xj);
        }
        for (int k = 0; k < outputs; k++)
            lanes_store(g + (size_t)k * d + j, gj[k]);
    }
    if (rest)
        for (int k = 0; k < outputs; k++) {
            real *last = g + (size_t)k * d + whole;
            lanes gj = first ? (lanes){0} : lanes_load_first(last, rest);
            for (int r = 0; r < rows; r++)
                gj = lanes_add_scaled(gj, scale[r][k], lanes_load_first(xr[r] + whole, rest));
            lanes_store_first(last, gj, rest);
        }
}

/* Both for all rows of a tile and n outputs, as functions of their own: their sums need all
   registers. */
#define TILE_ARGUMENTS(matrix) matrix, const real *const *x, size_t stride, size_t d, size_t count
#define TILE_FUNCTIONS(n)                                                                          \
    static void dots_##n(TILE_ARGUMENTS(const real *w), const far_rows *far, real *z) {            \
        size_t r = 0;                                                                              \
        for (; r + TOGETHER <= count; r += TOGETHER)                                               \
            dots(w, x, far, r, z, stride, d, TOGETHER, n);                                         \
        for (; r < count; r++)                                                                     \
            dots(w, x, far, r, z, stride, d, 1, n);                                                \
    }                                                                                              \
    static void add_##n(TILE_ARGUMENTS(real *g), const int first, const real *a) {                 \
        size_t r = 0;                                                                              \
        for (; r + TOGETHER <= count; r += TOGETHER)                                               \
            add_rows(g, first && r == 0, a + r * stride, stride, x + r, d, TOGETHER, n);           \
        for (; r < count; r++)                                                                     \
            add_rows(g, first && r == 0, a + r * stride, stride, x + r, d, 1, n);                  \
    }
TILE_FUNCTIONS(1)
TILE_FUNCTIONS(2)
TILE_FUNCTIONS(3)
TILE_FUNCTIONS(4)
TILE_FUNCTIONS(5)
static void (*const dots_of_tile[])(TILE_ARGUMENTS(const real *w), const far_rows *,
                                    real *) = {dots_1, dots_2, dots_3, dots_4, dots_5};
static void (*const add_tile[])(TILE_ARGUMENTS(real *g), const int first,
                                const real *a) = {add_1, add_2, add_3, add_4, add_5};

SPECIALISED void train(fo_pass *pass, const int one) {
    const fo_matrix *X = &pass->X;
    const size_t n = pass->n_samples, d = X->n_features, n_outputs = one ? 1 : pass->n_outputs;
    const size_t width = padded(d), tile = tile_size(width);
    const size_t ahead = CLAMP(FETCHED / width, TOGETHER, 32);
    const real *Y = pass->y, *weight = pass->sample_weight;
    const loss_functions *loss = K(losses)[pass->loss];
    real h[FO_MAX_HYPERS];
    to_real(pass->loss_hyper, h);
    real *w = pass->w, *intercept = pass->intercept, *target = pass->target;
    real *g = pass->work, *slots = g + padded(n_weights(pass)), *slope = slots + tile * width,
         *g_intercept = slope + tile * padded(n_outputs);
    const size_t part = padded(d / ((n_outputs + OUTPUTS - 1) / OUTPUTS)); /* of a far row */
    const int direct = is_direct(X), simple = one && target && pass->step == FO_GRADIENT;

    for (size_t start = 0, update = 0; start < n; update++) {
        const size_t end = start + MIN(pass->batch_size, n - start);
        const double *hyper = pass->hyper + update * pass->hyper_stride;
        const real share = (real)1 / (real)(end - start);
        for (size_t k = 0; k < n_outputs; k++)
            g_intercept[k] = (real)pass->intercept_pull;

        for (size_t t = start, count; t < end; t += count) {
            const real *x[TILE];
            far_rows far;
            far.start = 0;
            far.count = part;
            real *z = (real *)pass->z + t * n_outputs;
            count = MIN(tile, end - t);
            for (size_t r = 0; r < count; r++) {
                x[r] = row(pass, t + r, slots + r * width);
                far.rows[r] = (const char *)x[r];
                if (target)
                    target[t + r] = Y[row_index(pass, t + r)];
                if (t + r + ahead < n) {
                    if (direct)
                        far.rows[r] = row_address(X, row_index(pass, t + r + ahead));
                    else
                        fetch_row(pass, t + r + ahead);
                    fetch_target(pass, t + r + ahead);
                }
            }

            for (size_t k = 0; k < n_outputs; k += OUTPUTS, far.start += far.count)
                dots_of_tile[MIN(OUTPUTS, n_outputs - k) - 1](w + k * d, x, n_outputs, d, count,
                                                              &far, z + k);
            if (intercept)
                for (size_t r = 0; r < count; r++)
                    for (size_t k = 0; k < n_outputs; k++)
                        z[r * n_outputs + k] += intercept[k];

            if (simple) {
                loss->slopes(z, target + t, h, slope, count);
                if (weight)
                    for (size_t r = 0; r < count; r++)
                        slope[r] *= weight[row_index(pass, t + r)];
            } else {
                for (size_t r = 0; r < count; r++)
                    K(row_slopes)(pass, h, row_index(pass, t + r), z + r * n_outputs, hyper[0],
                                  pass->step == FO_GRADIENT ? 0 : dot(x[r], x[r], d),
                                  slope + r * n_outputs);
            }

            for (size_t r = 0; r < count; r++)
                for (size_t k = 0; k < n_outputs; k++) {
                    slope[r * n_outputs + k] *= share;
                    g_intercept[k] += slope[r * n_outputs + k];
                }
            for (size_t k = 0; k < n_outputs; k += OUTPUTS)
                add_tile[MIN(OUTPUTS, n_outputs - k) - 1](g + k * d, x, n_outputs, d, count,
                                                          t == start, slope + k);
        }

        K(note_loss)(pass, h, start, end);
        K(update)(pass, g, g_intercept, hyper);
        K(bound)(pass, w, n_weights(pass));
        if (pass->average)
            K(average)(pass, w, d);
        start = end;
    }
}

static void run(fo_pass *pass) {
    if (pass->n_outputs == 1)
        train(pass, 1);
    else
        train(pass, 0);
}

const kind_of_pass K(minibatch) = {room, run, NULL};
