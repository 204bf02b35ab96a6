/* Incremental SGD on narrow rows: one sample, one update.

   What costs here is the chain prediction -> slope -> update -> prediction, not the arithmetic. So
   the dot product of sample t is taken while the update of sample t-1 is still unknown, and
   corrected by one product when it is known. With w[t] = w[t-1] + e x[t-1] (and the intercept
   b[t] = b[t-1] + e, as of a feature that is always 1),

       z[t]  =  w[t] . x[t] + b[t]  =  (w[t-1] . x[t] + b[t-1])  +  e (x[t-1] . x[t] + 1)

   which is exact but for rounding, and lets the chains of two samples overlap. The next rows are
   staged in a ring, padded with zeros to whole lanes. */
#include "epochs.h"

enum {
    RING = 8,     /* rows staged at a time: x[t-1] ... x[t+STAGED] */
    STAGED = 4,   /* rows ahead that are copied to the ring */
    FETCHED = 32, /* rows ahead that are asked for from memory */
};

static size_t room(const fo_pass *pass) { return (1 + RING) * padded(pass->X.n_features); }

static void run(fo_pass *pass) {
    const size_t n = pass->n_samples, d = pass->X.n_features, width = padded(d);
    const real *Y = pass->y, *weight = pass->sample_weight;
    const loss_functions *loss = K(losses)[pass->loss];
    real h[FO_MAX_HYPERS];
    to_real(pass->loss_hyper, h);
    real *w = pass->w, *intercept = pass->intercept, *Z = pass->z, *target = pass->target;
    real *v = pass->work, *ring = v + width;
#define ROW(t) (ring + (t) % RING * width)

    memset(v, 0, (1 + RING) * width * sizeof(real));
    memcpy(v, w, d * sizeof(real));
    for (size_t t = 0; t < MIN(n, STAGED); t++)
        K(stage)(ROW(t), &pass->X, row_index(pass, t));

    const real one = intercept ? 1 : 0; /* the feature of the intercept */
    double s = 1;                       /* w = s v */
    real b = intercept ? *intercept : 0;
    real e = 0; /* what the last update adds to w along x[t-1], and to b; they lack it still */
    real last_dot = dot(v, ROW(0), width), link = 0; /* v . x[t], and x[t-1] . x[t] + one */

    for (size_t t = 0; t < n; t++) {
        if (t + FETCHED < n) {
            fetch_target(pass, t + FETCHED);
            fetch_row(pass, t + FETCHED);
        }
        if (t + STAGED < n)
            K(stage)(ROW(t + STAGED), &pass->X, row_index(pass, t + STAGED));

        const size_t i = row_index(pass, t);
        const real z = ((real)s * last_dot + b) + e * link;
        const real slope = loss->slope(z, Y[i], h);
        Z[t] = z;
        target[t] = Y[i];

        const real c = e * (real)(1 / s);
        const real *before = ROW(t + RING - 1), *now = ROW(t), *next = ROW(t + 1);
        lanes dots = {0}, grams = {0};
        for (size_t j = 0; j < width; j += LANES) {
            const lanes x = lanes_load(next + j);
            const lanes vj = lanes_add_scaled(lanes_load(v + j), c, lanes_load(before + j));
            lanes_store(v + j, vj);
            dots = lanes_add_product(dots, vj, x);
            grams = lanes_add_product(grams, lanes_load(now + j), x);
        }
        last_dot = lanes_sum(dots);
        link = lanes_sum(grams) + one;
        b += e * one;

        const double *hyper = pass->hyper + t * pass->hyper_stride;
        last_dot *= shrink(&s, v, width, hyper);
        e = (real)-hyper[0] * (weight ? weight[i] : 1) * slope;
        b -= (real)(hyper[0] * pass->intercept_pull) * one;
    }

    const real c = e * (real)(1 / s), *last = ROW(n + RING - 1);
    for (size_t j = 0; j < d; j++)
        w[j] = (real)s * (v[j] + c * last[j]);
    if (intercept)
        *intercept = b + e;
}

const kind_of_pass K(narrow) = {room, run, NULL};
