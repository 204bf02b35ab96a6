/* Incremental SGD on wide rows, and on rows of any width for several outputs: one sample, one
   update.

   What costs here is the traffic of the rows and of the weights. So one sweep over w applies the
   update of sample t, takes the dot product with sample t + 1, and asks for the lines of a row
   further on as it goes: memory is never idle and never flooded. Some outputs go together, so that
   the rows are read from cache less often. */
#include "epochs.h"

enum {
    TOGETHER = 4 / REGISTERS, /* outputs: as many as there are registers for their sums */
    RING = 2,                 /* rows staged at a time, if they must be: x[t] and x[t+1] */
    FETCHED = 4,              /* rows ahead that are asked for from memory */
};

static size_t room(const fo_pass *pass) {
    return RING * padded(pass->X.n_features) + 2 * padded(pass->n_outputs);
}

/* For some outputs k, of weights v + k d, and the numbers from `start` to `end`, which are whole
   blocks: v += c[k] now, and sum[k] += v next lane by lane. Asks for a line at `fetched` with every
   block, unless it is NULL. */
SPECIALISED void sweep(real *v, const real *c, const real *now, const real *next,
                       const char *fetched, lanes *sum, size_t d, size_t start, size_t end,
                       const int outputs) {
    for (size_t j = start; j < end; j += LANES) {
        if (fetched)
            FETCH(fetched + j * sizeof(real));
        const lanes x = lanes_load(now + j), following = lanes_load(next + j);
        for (int k = 0; k < outputs; k++) {
            real *vk = v + (size_t)k * d + j;
            const lanes vj = lanes_add_scaled(lanes_load(vk), c[k], x);
            lanes_store(vk, vj);
            sum[k] = lanes_add_product(sum[k], vj, following);
        }
    }
}

/* The same for whole rows, with dots[k] = v . next and a line at `fetched` for every block of the
   first n_fetched numbers. */
SPECIALISED void sweep_rows(real *v, const real *c, const real *now, const real *next,
                            const char *fetched, size_t n_fetched, real *dots, size_t d,
                            const int outputs) {
    const size_t whole = d / LANES * LANES, rest = d - whole, first = MIN(n_fetched, whole);
    lanes sum[TOGETHER];
    real scale[TOGETHER]; /* a copy, which no store to v can change */
    for (int k = 0; k < outputs; k++) {
        sum[k] = (lanes){0};
        scale[k] = c[k];
    }
    if (rest) {
        const lanes x = lanes_load_first(now + whole, rest);
        const lanes following = lanes_load_first(next + whole, rest);
        for (int k = 0; k < outputs; k++) {
            real *last = v + (size_t)k * d + whole;
            const lanes vj = lanes_add_scaled(lanes_load_first(last, rest), scale[k], x);
            lanes_store_first(last, vj, rest);
            sum[k] = lanes_add_product(sum[k], vj, following);
        }
    }
    sweep(v, scale, now, next, fetched, sum, d, 0, first, outputs);
    sweep(v, scale, now, next, NULL, sum, d, first, whole, outputs);
    for (int k = 0; k < outputs; k++)
        dots[k] = lanes_sum(sum[k]);
}

SPECIALISED void train(fo_pass *pass, const int one) {
    const fo_matrix *X = &pass->X;
    const size_t n = pass->n_samples, d = X->n_features, n_outputs = one ? 1 : pass->n_outputs;
    const size_t width = padded(d);
    const real *Y = pass->y, *weight = pass->sample_weight;
    const loss_functions *loss = K(losses)[pass->loss];
    real h[FO_MAX_HYPERS];
    to_real(pass->loss_hyper, h);
    real *v = pass->w, *intercept = pass->intercept, *target = pass->target;
    real *ring = pass->work, *dots = ring + RING * width, *c = dots + padded(n_outputs);
    const int direct = is_direct(X);
    const size_t sweeps = n_outputs / TOGETHER + n_outputs % TOGETHER;
    const size_t n_fetched = direct ? padded(d / sweeps) : 0; /* of a row further on, in each */

    double s = 1; /* w = s v */
    const real *now = row(pass, 0, ring);
    for (size_t k = 0; k < n_outputs; k++)
        dots[k] = dot(v + k * d, now, d); /* v . x[t] */

    for (size_t t = 0; t < n; t++) {
        const size_t i = row_index(pass, t);
        real *z = (real *)pass->z + t * n_outputs;
        for (size_t k = 0; k < n_outputs; k++)
            z[k] = (real)s * dots[k] + (intercept ? intercept[k] : 0);
        if (target) {
            target[t] = Y[i];
            c[0] = loss->slope(z[0], Y[i], h) * (weight ? weight[i] : 1);
        } else {
            K(row_slopes)(pass, h, i, z, 0, 0, c);
        }

        const double *hyper = pass->hyper + t * pass->hyper_stride;
        shrink(&s, v, n_weights(pass), hyper);
        for (size_t k = 0; k < n_outputs; k++) {
            if (intercept)
                intercept[k] -= (real)hyper[0] * (c[k] + (real)pass->intercept_pull);
            c[k] *= (real)(-hyper[0] / s);
        }

        const size_t following = MIN(t + 1, n - 1), far = MIN(t + FETCHED, n - 1);
        const real *next = row(pass, following, ring + following % RING * width);
        const char *fetched = row_address(X, row_index(pass, far));
        if (direct)
            FETCH(fetched + (d - 1) * sizeof(real));
        else
            fetch_row(pass, far);
        fetch_target(pass, far);
        for (size_t k = 0; k < n_outputs;) {
            if (k + TOGETHER <= n_outputs) {
                sweep_rows(v + k * d, c + k, now, next, fetched, n_fetched, dots + k, d, TOGETHER);
                k += TOGETHER;
            } else {
                sweep_rows(v + k * d, c + k, now, next, fetched, n_fetched, dots + k, d, 1);
                k += 1;
            }
            fetched += n_fetched * sizeof(real);
        }
        now = next;
    }

    for (size_t j = 0; j < n_weights(pass); j++)
        v[j] *= (real)s;
}

static void run(fo_pass *pass) {
    if (pass->n_outputs == 1)
        train(pass, 1);
    else
        train(pass, 0);
}

const kind_of_pass K(wide) = {room, run, NULL};
