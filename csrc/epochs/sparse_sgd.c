/* SGD on sparse rows, in time proportional to their entries whatever the penalty, for mini-batches
   of any size and any number of outputs.

   L2: w = s v, where only s shrinks (Bottou 2012, section 5.1).

   L1: U sums up the penalty of the updates in units of v, and beside each weight stands q, what of
   it was applied to the weight, with its sign (Tsuruoka, Tsujii & Ananiadou 2009). What is due,
   U + q of a weight above 0 and U - q of one below, is taken off when it is touched again, which
   is exact for any schedule, since penalties one after the other add up.

   Average: the sum over the updates t of w[t] = s[t] v[t] is S v - q with S = sum of s, where q
   takes in S c x as v takes in c x (Xu 2011, section 5.1).

   Both of the latter work on copies of the weights, records (v, q), until `settle`. For L1 those of
   a row are gathered, so that loops over them vectorize, and scattered after its update. */
#include "../fo_math.h"
#include "records.h"
#include "sparse.h"

typedef enum { PLAIN, L1, AVERAGE } kind_of_record;

static kind_of_record kind(const fo_pass *pass) {
    return K(optimizers)[pass->optimizer] == K(sgd_l1) ? L1 : pass->average ? AVERAGE : PLAIN;
}

static size_t record_width(const fo_pass *pass) {
    return kind(pass) == PLAIN ? pass->n_outputs : 2 * pass->n_outputs;
}

static size_t records_room(const fo_pass *pass) {
    return kind(pass) == PLAIN ? 0 : padded(pass->X.n_features * record_width(pass) + LANES);
}

/* Numbers for the records of a row, and for each of their two arrays. */
static size_t packed_room(const fo_pass *pass) { return padded(2 * pass->X.most + LANES); }

static size_t room(const fo_pass *pass) {
    return records_room(pass) + 3 * packed_room(pass) + scratch_room(pass);
}

static void open_records(fo_pass *pass) {
    const kind_of_record kept = kind(pass);
    const size_t n_outputs = pass->n_outputs;
    const real *w = pass->w, *up = pass->w_state[0], *down = pass->w_state[1];
    real *v = pass->work;
    if (kept != PLAIN)
        memset(v, 0, records_room(pass) * sizeof(real));
    for (size_t j = 0; kept != PLAIN && j < n_weights(pass); j += n_outputs)
        for (size_t k = j; k < j + n_outputs; k++) {
            v[j + k] = w[k];
            if (kept == L1)
                v[j + k + n_outputs] = (up[k] - down[k]) / 2;
        }
    pass->open = 1;
    pass->scale = 1;
    pass->l1_sum = kept == L1 ? ((double)up[0] + (double)down[0]) / 2 : 0;
    pass->scale_sum = 0;
    pass->n_summed = 0;
}

/* L1: takes what is due off the weights of a record. */
static inline void take_l1(real *v, real l1_sum, size_t n_outputs) {
    for (size_t k = 0; k < n_outputs; k++)
        fo_take_l1(v + k, v + n_outputs + k, l1_sum);
}

static void settle(fo_pass *pass) {
    const kind_of_record kept = kind(pass);
    const size_t n_outputs = pass->n_outputs, stride = record_width(pass);
    const real s = (real)pass->scale, l1_sum = (real)pass->l1_sum;
    real *w = pass->w, *mean = pass->average, *up = pass->w_state[0], *down = pass->w_state[1];
    real *v = kept == PLAIN ? pass->w : pass->work;
    const double all = (double)MAX(pass->n_averaged, 1), before = all - (double)pass->n_summed;
    for (size_t j = 0; j < n_weights(pass); j += n_outputs, v += stride) {
        if (kept == L1)
            take_l1(v, l1_sum, n_outputs);
        for (size_t k = 0; k < n_outputs; k++) {
            const real vk = v[k], q = kept == PLAIN ? 0 : v[n_outputs + k];
            if (kept == AVERAGE && pass->n_summed)
                mean[j + k] = (real)((before * (double)mean[j + k] + pass->scale_sum * (double)vk -
                                      (double)q) /
                                     all);
            if (kept == L1) {
                up[j + k] = s * (l1_sum + q);
                down[j + k] = s * (l1_sum - q);
            }
            w[j + k] = s * vk;
        }
    }
    K(bound)(pass, w, n_weights(pass));
}

/* L2: takes the factor of an update into s. Near the end of the range of real it is folded into v,
   and into all that is in its units; S begins anew, with what it came to in q. Returns what v was
   multiplied by. */
static real shrink_records(fo_pass *pass, real *records, const double *hyper) {
    pass->scale *= MAX(1 - (hyper[0] * hyper[1] + hyper[2]), 0);
    const kind_of_record kept = kind(pass);
    /* The smaller s, the more digits S v and q have in common. */
    if (pass->scale > (kept == AVERAGE ? 0.25 : 1e-9))
        return 1;
    const size_t n_outputs = pass->n_outputs, stride = record_width(pass);
    const real fold = (real)pass->scale, scale_sum = (real)pass->scale_sum;
    for (real *v = records; v < records + pass->X.n_features * stride; v += stride) {
        for (size_t k = 0; k < n_outputs; k++) {
            if (kept == AVERAGE)
                v[n_outputs + k] -= scale_sum * v[k];
            if (kept == L1)
                v[n_outputs + k] *= fold;
            v[k] *= fold;
        }
    }
    pass->l1_sum *= pass->scale;
    pass->scale_sum = 0;
    pass->scale = 1;
    return fold;
}

/* L1: brings the weights of the columns of a row up to date. */
static inline void touch(const sparse_row *row, real *records, real l1_sum, size_t n_outputs,
                         const int wide) {
    for (size_t k = 0; k < row->n; k++)
        take_l1(records + column(row->columns, k, wide) * 2 * n_outputs, l1_sum, n_outputs);
}

static inline void add_entry(const sparse_row *row, size_t k, real *records, size_t stride, real c,
                             real sum_c, const int wide, const kind_of_record kept) {
    real *v = records + column(row->columns, k, wide) * stride;
    v[0] += c * row->x[k];
    if (kept == AVERAGE)
        v[1] += sum_c * row->x[k];
}

/* v += c x for one output, and q += S c x. `far` is asked for on the way. */
static inline void add_one(const sparse_row *row, real *records, size_t stride, real c, real sum_c,
                           const char *far, const int wide, const kind_of_record kept) {
    enum { TOGETHER = 8 };
    size_t k = 0;
    for (; k + TOGETHER <= row->n; k += TOGETHER) {
        FETCH_NEAR(far + k * sizeof(real));
#pragma GCC unroll 8
        for (size_t l = 0; l < TOGETHER; l++)
            add_entry(row, k + l, records, stride, c, sum_c, wide, kept);
    }
    for (; k < row->n; k++)
        add_entry(row, k, records, stride, c, sum_c, wide, kept);
}

/* Keeps the weights of the columns of a row within their bounds. */
static inline void bound_row(const fo_pass *pass, const sparse_row *row, real *records,
                             size_t stride, size_t n_outputs, const int wide) {
    const real low = (real)(pass->low / pass->scale), high = (real)(pass->high / pass->scale);
    for (size_t k = 0; k < row->n; k++) {
        real *v = records + column(row->columns, k, wide) * stride;
        for (size_t j = 0; j < n_outputs; j++)
            v[j] = CLAMP(v[j], low, high);
    }
}

/* Takes the weights after an update into the sums of their average. */
static void take_in(fo_pass *pass) {
    if (pass->before_average) {
        pass->before_average--;
        return;
    }
    pass->n_averaged++;
    pass->n_summed++;
    pass->scale_sum += pass->scale;
    if (pass->intercept)
        K(take_in)(pass->intercept_average, pass->intercept, (real)1 / (real)pass->n_averaged,
                   pass->n_outputs);
}

/* What of its row the r-th sample of a batch gives to the weights of each output, to c, and to q,
   to `other`; and the step of the intercepts. */
SPECIALISED void step_lengths(fo_pass *pass, const sparse_scratch *scratch, const double *hyper,
                              size_t r, double share, const size_t n_outputs,
                              const kind_of_record kept) {
    const real *slope = scratch->slopes + r * padded(n_outputs);
    real *intercept = pass->intercept;
    for (size_t k = 0; k < n_outputs; k++) {
        scratch->c[k] = (real)(-hyper[0] * share / pass->scale) * slope[k];
        if (kept == AVERAGE)
            scratch->other[k] = (real)pass->scale_sum * scratch->c[k];
        if (intercept)
            intercept[k] -= (real)(hyper[0] * share) * (slope[k] + (real)pass->intercept_pull);
    }
}

/* v = fold v + c x, and q = fold q, for n numbers; v has room to whole lanes. */
static inline void add_gathered(real *v, real *q, real fold, real c, const real *x, size_t n) {
    const size_t whole = n / LANES * LANES;
    for (size_t k = 0; k < n && fold != 1; k++) {
        v[k] *= fold;
        q[k] *= fold;
    }
    for (size_t k = 0; k < whole; k += LANES)
        lanes_store(v + k, lanes_add_scaled(lanes_load(v + k), c, lanes_load(x + k)));
    lanes_store(v + whole,
                lanes_add_scaled(lanes_load(v + whole), c, lanes_load_first(x + whole, n - whole)));
}

/* L1, for one output without bounds: an update from sample t, whose columns rise. */
SPECIALISED void learn_gathered(fo_pass *pass, const real *h, const double *hyper, real *records,
                                const sparse_scratch *scratch, real *packed, size_t t,
                                const int wide) {
    const record_shape shape = {1, 2, 0};
    real *arrays[] = {packed + packed_room(pass), packed + 2 * packed_room(pass)};
    const far_row far = fetch_rows(pass, t, wide);
    const sparse_row row = read_row(&pass->X, row_index(pass, t), scratch->values, wide);
    gather(packed, &row, records, 2, &far, wide);
    K(unpack)(packed, shape, arrays, row.n);
    K(sgd_l1_take)(arrays[0], arrays[1], (real)pass->l1_sum, row.n);

    scratch->dots[0] = dot(arrays[0], row.x, row.n);
    predict(pass, scratch, h, hyper[0], &row, (real)pass->scale, t, 0, 1);
    const real fold = shrink_records(pass, records, hyper);
    step_lengths(pass, scratch, hyper, 0, 1, 1, L1);
    add_gathered(arrays[0], arrays[1], fold, scratch->c[0], row.x, row.n);
    pass->l1_sum += hyper[3] / pass->scale;

    K(pack)(packed, shape, arrays, row.n);
    scatter(packed, row.columns, row.n, records, 2, wide);
}

SPECIALISED void train(fo_pass *pass, const int wide, const kind_of_record kept, const int one) {
    const fo_matrix *X = &pass->X;
    const size_t n = pass->n_samples, n_outputs = one ? 1 : pass->n_outputs;
    const size_t stride = kept == PLAIN ? n_outputs : 2 * n_outputs;
    real h[FO_MAX_HYPERS];
    to_real(pass->loss_hyper, h);
    real *records = kept == PLAIN ? pass->w : pass->work;
    real *packed = (real *)pass->work + records_room(pass);
    sparse_scratch scratch = scratch_at(pass, packed + 3 * packed_room(pass));
    const int gathers = kept == L1 && one && pass->batch_size == 1 && !is_bounded(pass);

    for (size_t start = 0, update = 0; start < n; update++) {
        const size_t end = start + MIN(pass->batch_size, n - start);
        const double *hyper = pass->hyper + update * pass->hyper_stride;
        sparse_row row;
        far_row far;
        if (gathers && K(is_increasing)(X, row_index(pass, start))) {
            learn_gathered(pass, h, hyper, records, &scratch, packed, start, wide);
            start = end;
            continue;
        }

        for (size_t t = start; t < end; t++) {
            far = fetch_rows(pass, t, wide);
            row = read_row(X, row_index(pass, t), scratch.values, wide);
            if (kept == L1)
                touch(&row, records, (real)pass->l1_sum, n_outputs, wide);
            multiply(pass, &scratch, t, &row, &far, records, stride, wide, one);
            predict(pass, &scratch, h, hyper[0], &row, (real)pass->scale, t, t - start, one);
        }

        shrink_records(pass, records, hyper);
        const double share = 1 / (double)(end - start);
        for (size_t t = start; t < end; t++) {
            if (end - start > 1)
                row = read_row(X, row_index(pass, t), scratch.values, wide);
            step_lengths(pass, &scratch, hyper, t - start, share, n_outputs, kept);
            if (one) {
                add_one(&row, records, stride, scratch.c[0], scratch.other[0], far.values, wide,
                        kept);
            } else {
                add_all(&row, records, stride, scratch.c, n_outputs, wide);
                if (kept == AVERAGE)
                    add_all(&row, records + n_outputs, stride, scratch.other, n_outputs, wide);
            }
        }
        if (kept == L1)
            pass->l1_sum += hyper[3] / pass->scale;
        if (is_bounded(pass))
            for (size_t t = start; t < end; t++) {
                row = read_row(X, row_index(pass, t), scratch.values, wide);
                if (kept == L1)
                    touch(&row, records, (real)pass->l1_sum, n_outputs, wide);
                bound_row(pass, &row, records, stride, n_outputs, wide);
            }
        if (kept == AVERAGE)
            take_in(pass);
        start = end;
    }
}

static void run(fo_pass *pass) {
    if (!pass->open)
        open_records(pass);
    const int one = pass->n_outputs == 1;
#define CASE(kept)                                                                                 \
    case kept:                                                                                     \
        if (pass->X.wide)                                                                          \
            one ? train(pass, 1, kept, 1) : train(pass, 1, kept, 0);                               \
        else                                                                                       \
            one ? train(pass, 0, kept, 1) : train(pass, 0, kept, 0);                               \
        break;
    switch (kind(pass)) {
        CASE(PLAIN)
        CASE(L1)
        CASE(AVERAGE)
    }
}

const kind_of_pass K(sparse_sgd) = {room, run, settle};
