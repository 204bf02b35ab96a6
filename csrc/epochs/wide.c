/* Incremental SGD on wide rows: one sample, one update.

   What costs here is the traffic of the rows. So one sweep over w applies the update of sample t,
   takes the dot product with sample t + 1, and asks for the lines of a row further on as it goes:
   memory is never idle and never flooded. */
#include "epochs.h"

enum {
    RING = 2,    /* rows staged at a time, if they must be: x[t] and x[t+1] */
    FETCHED = 4, /* rows ahead that are asked for from memory */
};

size_t K(wide_room)(size_t n_features) { return RING * padded(n_features); }

void K(wide)(const fo_pass *pass) {
    const fo_matrix *X = &pass->X;
    const size_t n = pass->n_samples, d = X->n_features, width = padded(d);
    const size_t whole = d / LANES * LANES, rest = d - whole;
    const real *Y = pass->y, *weight = pass->sample_weight;
    const loss_functions *loss = K(losses)[pass->loss];
    real h[FO_MAX_HYPERS];
    to_real(pass->loss_hyper, h);
    real *v = pass->w, *intercept = pass->intercept, *Z = pass->z, *target = pass->target,
         *ring = pass->work;
    const int direct = is_direct(X);

    double s = 1;                        /* w = s v */
    real b = intercept ? *intercept : 0; /* the intercept */
    const real *now = row(pass, 0, ring);
    real dot_now = dot(v, now, d); /* v . x[t] */

    for (size_t t = 0; t < n; t++) {
        const size_t i = row_index(pass, t);
        const real z = (real)s * dot_now + b;
        const real slope = loss->slope(z, Y[i], h) * (weight ? weight[i] : 1);
        Z[t] = z;
        target[t] = Y[i];

        const double *hyper = pass->hyper + t * pass->hyper_stride;
        shrink(&s, v, d, hyper);
        const real c = (real)(-hyper[0] / s) * slope;
        b -= (real)hyper[0] * slope;

        const size_t following = MIN(t + 1, n - 1), far = MIN(t + FETCHED, n - 1);
        const real *next = row(pass, following, ring + following % RING * width);
        const char *fetched = NULL; /* where the sweep asks for a line of every block it does */
        if (direct) {
            fetched = row_address(X, row_index(pass, far));
            FETCH(fetched + (d - 1) * sizeof(real));
        } else {
            fetch_row(pass, far);
        }
        fetch_target(pass, far);
        lanes dots = {0};
        if (rest) {
            const lanes x = lanes_load_first(now + whole, rest);
            const lanes vj = lanes_add_scaled(lanes_load_first(v + whole, rest), c, x);
            lanes_store_first(v + whole, vj, rest);
            dots = lanes_add_product(dots, vj, lanes_load_first(next + whole, rest));
        }
        for (size_t j = 0; j < whole; j += LANES) {
            if (fetched)
                FETCH(fetched + j * sizeof(real));
            const lanes vj = lanes_add_scaled(lanes_load(v + j), c, lanes_load(now + j));
            lanes_store(v + j, vj);
            dots = lanes_add_product(dots, vj, lanes_load(next + j));
        }
        dot_now = lanes_sum(dots);
        now = next;
    }

    for (size_t j = 0; j < d; j++)
        v[j] *= (real)s;
    if (intercept)
        *intercept = b;
}
