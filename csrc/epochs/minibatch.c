/* Mini-batches with any update rule: the gradient of each sample is added to g in the order of the
   samples, as a mean over the batch, and one update follows. batch_size = 1 makes it incremental,
   batch_size = n_samples the full batch.

   Samples go in tiles whose rows stay in the first cache between the two sweeps over them, the dot
   products and the gradient; several rows go together so that w and g are read less often. How many
   changes no bit, since each sum keeps its order. */
#include "epochs.h"

enum {
    TOGETHER = REGISTERS > 2 ? 2 : 4, /* rows: as many as there are registers for their sums */
    TILE = 64,                        /* samples, unless their rows take more than TILE_BYTES */
    TILE_BYTES = 16384,
    FETCHED = 8192, /* numbers between the rows in use and those asked for from memory */
};

static inline size_t tile_size(size_t width) {
    return CLAMP(TILE_BYTES / (width * sizeof(real)), TOGETHER, TILE);
}

static size_t room(const fo_pass *pass) {
    const size_t width = padded(pass->X.n_features), tile = tile_size(width);
    return padded(n_weights(pass)) + tile * width + (1 + tile) * padded(pass->n_outputs);
}

/* z[r * stride] = w . x[r] for some rows; asks for the lines at far[r] on the way. */
static inline void dots(const real *w, const real *const *x, const char *const *far, real *z,
                        size_t stride, size_t d, const int rows) {
    const size_t whole = d / LANES * LANES, rest = d - whole;
    lanes sum[TOGETHER];
    for (int r = 0; r < rows; r++) {
        sum[r] = (lanes){0};
        FETCH(far[r] + (d - 1) * sizeof(real));
    }
    if (rest) {
        const lanes last = lanes_load_first(w + whole, rest);
        for (int r = 0; r < rows; r++)
            sum[r] = lanes_add_product(sum[r], last, lanes_load_first(x[r] + whole, rest));
    }
    for (size_t j = 0; j < whole; j += LANES) {
        const lanes wj = lanes_load(w + j);
        for (int r = 0; r < rows; r++) {
            FETCH(far[r] + j * sizeof(real));
            sum[r] = lanes_add_product(sum[r], wj, lanes_load(x[r] + j));
        }
    }
    for (int r = 0; r < rows; r++)
        z[(size_t)r * stride] = lanes_sum(sum[r]);
}

/* g = (first ? 0 : g) + a[0] x[0] + a[1] x[1] + ... for some rows, in this order. */
static inline void add_rows(real *restrict g, const int first, const real *a, const real *const *x,
                            size_t d, const int rows) {
    const size_t whole = d / LANES * LANES, rest = d - whole;
    for (size_t j = 0; j < whole; j += LANES) {
        lanes gj = first ? (lanes){0} : lanes_load(g + j);
        for (int r = 0; r < rows; r++)
            gj = lanes_add_scaled(gj, a[r], lanes_load(x[r] + j));
        lanes_store(g + j, gj);
    }
    if (rest) {
        lanes gj = first ? (lanes){0} : lanes_load_first(g + whole, rest);
        for (int r = 0; r < rows; r++)
            gj = lanes_add_scaled(gj, a[r], lanes_load_first(x[r] + whole, rest));
        lanes_store_first(g + whole, gj, rest);
    }
}

static void run(fo_pass *pass) {
    const fo_matrix *X = &pass->X;
    const size_t n = pass->n_samples, d = X->n_features, n_outputs = pass->n_outputs;
    const size_t width = padded(d), tile = tile_size(width);
    const size_t ahead = CLAMP(FETCHED / width, TOGETHER, 32);
    const real *Y = pass->y, *weight = pass->sample_weight;
    const loss_functions *loss = K(losses)[pass->loss];
    optimizer_step *const step = K(optimizers)[pass->optimizer];
    real h[FO_MAX_HYPERS];
    to_real(pass->loss_hyper, h);
    real *w = pass->w, *intercept = pass->intercept, *target = pass->target;
    real *g = pass->work, *slots = g + padded(n_weights(pass)), *slope = slots + tile * width,
         *g_intercept = slope + tile * padded(n_outputs);
    const int direct = is_direct(X), one = target && pass->step == FO_GRADIENT;

    for (size_t start = 0, update = 0; start < n; update++) {
        const size_t end = start + MIN(pass->batch_size, n - start);
        const double *hyper = pass->hyper + update * pass->hyper_stride;
        const real share = (real)1 / (real)(end - start);
        for (size_t k = 0; k < n_outputs; k++)
            g_intercept[k] = (real)pass->intercept_pull;

        for (size_t t = start, count; t < end; t += count) {
            const real *x[TILE];
            const char *far[TILE];
            real *z = (real *)pass->z + t * n_outputs;
            count = MIN(tile, end - t);
            for (size_t r = 0; r < count; r++) {
                x[r] = row(pass, t + r, slots + r * width);
                far[r] = (const char *)x[r];
                if (target)
                    target[t + r] = Y[row_index(pass, t + r)];
                if (t + r + ahead < n) {
                    if (direct)
                        far[r] = row_address(X, row_index(pass, t + r + ahead));
                    else
                        fetch_row(pass, t + r + ahead);
                    fetch_target(pass, t + r + ahead);
                }
            }

            for (size_t k = 0; k < n_outputs; k++) {
                size_t r = 0;
                for (; r + TOGETHER <= count; r += TOGETHER)
                    dots(w + k * d, x + r, far + r, z + r * n_outputs + k, n_outputs, d, TOGETHER);
                for (; r < count; r++)
                    dots(w + k * d, x + r, far + r, z + r * n_outputs + k, n_outputs, d, 1);
            }
            if (intercept)
                for (size_t r = 0; r < count; r++)
                    for (size_t k = 0; k < n_outputs; k++)
                        z[r * n_outputs + k] += intercept[k];

            if (one) {
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

            for (size_t k = 0; k < n_outputs; k++) {
                real a[TILE];
                for (size_t r = 0; r < count; r++) {
                    a[r] = slope[r * n_outputs + k] * share;
                    g_intercept[k] += a[r];
                }
                size_t r = 0;
                for (; r + TOGETHER <= count; r += TOGETHER)
                    add_rows(g + k * d, t + r == start, a + r, x + r, d, TOGETHER);
                for (; r < count; r++)
                    add_rows(g + k * d, t + r == start, a + r, x + r, d, 1);
            }
        }

        step(w, g, (real *const *)pass->w_state, hyper, n_weights(pass));
        if (intercept)
            K(update_intercept)(pass, g_intercept, hyper);
        K(bound)(pass, w, n_weights(pass));
        if (pass->average)
            K(average)(pass, w, d);
        start = end;
    }
}

const kind_of_pass K(minibatch) = {room, run, NULL};
