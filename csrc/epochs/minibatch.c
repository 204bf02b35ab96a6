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

size_t K(minibatch_room)(size_t n_features) {
    const size_t width = padded(n_features);
    return (1 + tile_size(width)) * width;
}

/* z[r] = w . x[r] for some rows; asks for the lines at far[r] on the way. */
static inline void dots(const real *w, const real *const *x, const char *const *far, real *z,
                        size_t d, const int rows) {
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
        z[r] = lanes_sum(sum[r]);
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

void K(minibatch)(const fo_pass *pass) {
    const fo_matrix *X = &pass->X;
    const size_t n = pass->n_samples, d = X->n_features, width = padded(d);
    const size_t tile = tile_size(width);
    const size_t ahead = CLAMP(FETCHED / width, TOGETHER, 32);
    const real *Y = pass->y, *weight = pass->sample_weight;
    const loss_functions *loss = K(losses)[pass->loss];
    optimizer_step *const step = K(optimizers)[pass->optimizer];
    real h[FO_MAX_HYPERS];
    to_real(pass->loss_hyper, h);
    real *w = pass->w, *intercept = pass->intercept, *Z = pass->z, *target = pass->target;
    real *g = pass->work, *slots = g + width;
    const int direct = is_direct(X);

    for (size_t start = 0, update = 0; start < n; update++) {
        const size_t end = start + MIN(pass->batch_size, n - start);
        const real share = (real)1 / (real)(end - start);
        real g_intercept = 0;

        for (size_t t = start, count; t < end; t += count) {
            const real *x[TILE];
            const char *far[TILE];
            real a[TILE];
            count = MIN(tile, end - t);
            for (size_t r = 0; r < count; r++) {
                x[r] = row(pass, t + r, slots + r * width);
                target[t + r] = Y[row_index(pass, t + r)];
                far[r] = (const char *)x[r];
                if (t + r + ahead < n) {
                    if (direct)
                        far[r] = row_address(X, row_index(pass, t + r + ahead));
                    else
                        fetch_row(pass, t + r + ahead);
                    fetch_target(pass, t + r + ahead);
                }
            }

            size_t r = 0;
            for (; r + TOGETHER <= count; r += TOGETHER)
                dots(w, x + r, far + r, Z + t + r, d, TOGETHER);
            for (; r < count; r++)
                dots(w, x + r, far + r, Z + t + r, d, 1);
            if (intercept)
                for (r = 0; r < count; r++)
                    Z[t + r] += *intercept;

            loss->slopes(Z + t, target + t, h, a, count);
            for (r = 0; r < count; r++) {
                a[r] *= weight ? weight[row_index(pass, t + r)] * share : share;
                g_intercept += a[r];
            }

            for (r = 0; r + TOGETHER <= count; r += TOGETHER)
                add_rows(g, t + r == start, a + r, x + r, d, TOGETHER);
            for (; r < count; r++)
                add_rows(g, t + r == start, a + r, x + r, d, 1);
        }

        const double *hyper = pass->hyper + update * pass->hyper_stride;
        step(w, g, (real *const *)pass->w_state, hyper, d);
        if (intercept) {
            double without_decay[FO_MAX_HYPERS];
            memcpy(without_decay, hyper, pass->n_hypers * sizeof *hyper);
            without_decay[1] = without_decay[2] = 0; /* l2, decay */
            step(intercept, &g_intercept, (real *const *)pass->intercept_state, without_decay, 1);
        }
        start = end;
    }
}
