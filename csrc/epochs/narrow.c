/* Incremental SGD on narrow rows: one sample, one update.

   What costs here is the chain dot -> slope -> update, not the arithmetic. So the dot product of
   sample t + 1 is taken while the update of sample t is still unknown, and corrected afterwards:

       w[t+1] . x[t+1]  =  w[t] . x[t+1]  +  c[t] (x[t] . x[t+1]),    w[t+1] = w[t] + c[t] x[t]

   which is exact but for rounding, and lets the chains of two samples overlap. The next rows are
   staged in a ring, padded with zeros to whole lanes. */
#include "epochs.h"

enum {
    RING = 8,     /* rows staged at a time: x[t-1] ... x[t+STAGED] */
    STAGED = 4,   /* rows ahead that are copied to the ring */
    FETCHED = 32, /* rows ahead that are asked for from memory */
};

void K(narrow)(const fo_pass *pass) {
    const size_t n = pass->n_samples, d = pass->X.n_features, width = padded(d);
    const real *Y = pass->y, *weight = pass->sample_weight;
    const loss_functions *loss = K(losses)[pass->loss];
    real h[FO_MAX_HYPERS];
    to_real(pass->loss_hyper, h);
    real *w = pass->w, *intercept = pass->intercept, *Z = pass->z;
    real *v = pass->work, *ring = v + width;
#define ROW(t) (ring + (t) % RING * width)

    memset(v, 0, (1 + RING) * width * sizeof(real));
    memcpy(v, w, d * sizeof(real));
    for (size_t t = 0; t < MIN(n, STAGED); t++)
        K(stage)(ROW(t), &pass->X, row_index(pass, t));

    double s = 1;                        /* w = s v */
    real b = intercept ? *intercept : 0; /* the intercept */
    real c = 0;                          /* the update that v still lacks: c x[t-1] */
    real dot_now = dot(v, ROW(0), width), gram = 0; /* v . x[t] and x[t-1] . x[t] */

    for (size_t t = 0; t < n; t++) {
        if (t + FETCHED < n)
            fetch_sample(pass, t + FETCHED);
        if (t + STAGED < n)
            K(stage)(ROW(t + STAGED), &pass->X, row_index(pass, t + STAGED));

        const size_t i = row_index(pass, t);
        const real z = (real)s * (dot_now + c * gram) + b;
        const real slope = loss->slope(z, Y[i], h) * (weight ? weight[i] : 1);
        Z[t] = z;

        const real *before = ROW(t + RING - 1), *now = ROW(t), *next = ROW(t + 1);
        lanes dots = {0}, grams = {0};
        for (size_t j = 0; j < width; j += LANES) {
            const lanes x = lanes_load(next + j);
            const lanes vj = lanes_add_scaled(lanes_load(v + j), c, lanes_load(before + j));
            lanes_store(v + j, vj);
            dots = lanes_add_product(dots, vj, x);
            grams = lanes_add_product(grams, lanes_load(now + j), x);
        }
        dot_now = lanes_sum(dots);
        gram = lanes_sum(grams);

        const double *hyper = pass->hyper + t * pass->hyper_stride;
        dot_now *= shrink(&s, v, width, hyper);
        c = (real)(-hyper[0] / s) * slope;
        b -= (real)hyper[0] * slope;
    }

    const real *last = ROW(n + RING - 1);
    for (size_t j = 0; j < d; j++)
        w[j] = (real)s * (v[j] + c * last[j]);
    if (intercept)
        *intercept = b;
}
