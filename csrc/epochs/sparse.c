/* Sparse rows with any update rule, for mini-batches of any size and any number of outputs: the
   gradient of a batch is added up in an array of all weights, and the rule makes a step for every
   one of them, as it would for dense rows. */
#include "sparse.h"

static size_t room(const fo_pass *pass) {
    return padded(n_weights(pass) + LANES) + scratch_room(pass);
}

SPECIALISED void train(fo_pass *pass, const int wide, const int one) {
    const fo_matrix *X = &pass->X;
    const size_t n = pass->n_samples, n_outputs = one ? 1 : pass->n_outputs;
    real h[FO_MAX_HYPERS];
    to_real(pass->loss_hyper, h);
    real *w = pass->w, *g = pass->work;
    sparse_scratch scratch = scratch_at(pass, g + padded(n_weights(pass) + LANES));
    if (!pass->open) {
        memset(g, 0, padded(n_weights(pass) + LANES) * sizeof(real));
        pass->open = 1;
    }

    for (size_t start = 0, update = 0; start < n; update++) {
        const size_t end = start + MIN(pass->batch_size, n - start);
        const double *hyper = pass->hyper + update * pass->hyper_stride;
        const real share = (real)1 / (real)(end - start);
        real *c = scratch.c;
        sparse_row row;
        far_row far;

        for (size_t t = start; t < end; t++) {
            far = fetch_rows(pass, t, wide);
            row = read_row(X, row_index(pass, t), scratch.values, wide);
            multiply(pass, &scratch, t, &row, &far, w, n_outputs, wide, one);
            predict(pass, &scratch, h, hyper[0], &row, 1, t, t - start, one);
        }
        begin_gradient(pass, &scratch, n_outputs);
        for (size_t t = start; t < end; t++) {
            if (end - start > 1)
                row = read_row(X, row_index(pass, t), scratch.values, wide);
            share_of_gradient(&scratch, t - start, share, n_outputs);
            add_all(&row, g, n_outputs, c, n_outputs, wide);
        }

        K(note_loss)(pass, h, start, end);
        K(update)(pass, g, scratch.other, hyper);
        K(bound)(pass, w, n_weights(pass));
        for (size_t t = start; t < end; t++) {
            if (end - start > 1)
                row = read_row(X, row_index(pass, t), scratch.values, wide);
            for (size_t k = 0; k < row.n; k++)
                memset(g + column(row.columns, k, wide) * n_outputs, 0, n_outputs * sizeof(real));
        }
        if (pass->average)
            K(average)(pass, w, n_outputs);
        start = end;
    }
}

static void run(fo_pass *pass) {
    const int one = pass->n_outputs == 1;
    if (pass->X.wide)
        one ? train(pass, 1, 1) : train(pass, 1, 0);
    else
        one ? train(pass, 0, 1) : train(pass, 0, 0);
}

const kind_of_pass K(sparse) = {room, run, NULL};
