/* K-means over sparse rows. The numbers of a feature lie together, one of each center, and a batch
   touches those of its entries alone: center k is scale[k] v[k], where a step changes scale[k] =
   unit[k] / count and adds weight x / unit[k] to v[k] (Bottou 2012, sec. 5.1). The distance is
   |x|^2 - 2 x.c + |c|^2, whose last term is kept. */
#include "../epochs/sparse.h"
#include "cluster.h"

enum { TILE = 64, MOST_BLOCKS = 4 };

typedef struct {
    double *scale, *unit, *sqnorm; /* of each center; the last of v[k] */
    real *v;                       /* n_features x in_blocks(n_clusters) */
    real *values;                  /* of a row, if they must be converted */
    uint32_t *labels;              /* of the batch */
} scratch;

static size_t room(const fo_clusters *p) {
    const size_t k = p->n_clusters;
    return (3 * k * sizeof(double) + p->batch_size * sizeof(uint32_t)) / sizeof(real) + LANES +
           padded(in_blocks(k) * p->X.n_features) + padded(p->X.most);
}

static scratch scratch_of(const fo_clusters *p) {
    const size_t k = p->n_clusters;
    scratch s = {.v = p->work};
    s.values = s.v + padded(in_blocks(k) * p->X.n_features);
    s.scale = (double *)(void *)(s.values + padded(p->X.most));
    s.unit = s.scale + k;
    s.sqnorm = s.unit + k;
    s.labels = (uint32_t *)(s.sqnorm + k);
    return s;
}

static size_t tile(const fo_clusters *p) { return TILE; }

static void load(fo_clusters *p) {
    const scratch s = scratch_of(p);
    const size_t d = p->X.n_features, stride = in_blocks(p->n_clusters);
    const real *centers = p->centers;
    for (size_t k = 0; k < p->n_clusters; k++) {
        s.scale[k] = 1;
        s.unit[k] = p->counts[k];
        s.sqnorm[k] = 0;
    }
    for (size_t j = 0; j < d; j++)
        for (size_t k = 0; k < p->n_clusters; k++) {
            const real v = centers[k * d + j];
            s.v[j * stride + k] = v;
            s.sqnorm[k] += (double)v * (double)v;
        }
}

/* Writes the centers out; returns the square of how far they are from where they were. */
static double write(fo_clusters *p) {
    const scratch s = scratch_of(p);
    const size_t d = p->X.n_features, stride = in_blocks(p->n_clusters);
    double moved = 0;
    for (size_t k = 0; k < p->n_clusters; k++) {
        real *center = (real *)p->centers + k * d;
        for (size_t j = 0; j < d; j++) {
            const real now = (real)(s.scale[k] * (double)s.v[j * stride + k]);
            const double difference = (double)now - (double)center[j];
            moved += difference * difference;
            center[j] = now;
        }
    }
    return moved;
}

static void store(fo_clusters *p) { write(p); }

/* z[k] = x . v[k] for the centers of some blocks. */
SPECIALISED void dot_blocks(const sparse_row *row, const real *v, size_t stride, real *z,
                            const int wide, const int blocks) {
    piece sum[MOST_BLOCKS * PIECES] = {{0}};
    for (size_t j = 0; j < row->n; j++) {
        const real *vj = v + column(row->columns, j, wide) * stride;
        for (int q = 0; q < blocks * PIECES; q++)
            sum[q] += row->x[j] * piece_load(vj + q * PIECE);
    }
    for (int q = 0; q < blocks * PIECES; q++)
        piece_store(z + q * PIECE, sum[q]);
}

SPECIALISED void dots(const sparse_row *row, const real *v, size_t stride, real *z,
                      const int wide) {
    size_t k = 0;
    for (; k + MOST_BLOCKS * BLOCK <= stride; k += MOST_BLOCKS * BLOCK)
        dot_blocks(row, v + k, stride, z + k, wide, MOST_BLOCKS);
    switch ((stride - k) / BLOCK) {
    case 1:
        dot_blocks(row, v + k, stride, z + k, wide, 1);
        break;
    case 2:
        dot_blocks(row, v + k, stride, z + k, wide, 2);
        break;
    case 3:
        dot_blocks(row, v + k, stride, z + k, wide, 3);
    }
}

/* Asks for the entries of one sample further on, and for the numbers of those of another. */
SPECIALISED void fetch(const fo_clusters *p, const scratch *s, size_t t, const int wide) {
    const fo_matrix *X = &p->X;
    const size_t stride = in_blocks(p->n_clusters), value = is_direct_sparse(X) ? sizeof(real) : 1;
    if (t + POINTERS_FETCHED < p->n_samples)
        FETCH_NEAR((const char *)X->indptr + row_of(p, t + POINTERS_FETCHED) * (wide ? 8 : 4));
    if (t + ENTRIES_FETCHED < p->n_samples) {
        const size_t i = row_of(p, t + ENTRIES_FETCHED);
        for (size_t k = entry(X, i, wide); k < entry(X, i + 1, wide); k += 64 / sizeof(real)) {
            FETCH_NEAR((const char *)X->indices + k * (wide ? 8 : 4));
            FETCH_NEAR(X->data + k * value);
        }
    }
    if (t + 1 < p->n_samples) {
        const size_t i = row_of(p, t + 1);
        for (size_t k = entry(X, i, wide); k < entry(X, i + 1, wide); k++) {
            const real *vj = s->v + column(X->indices, k, wide) * stride;
            for (size_t l = 0; l < stride; l += LANES)
                FETCH(vj + l);
        }
    }
}

SPECIALISED void distances_of(fo_clusters *p, size_t first, size_t count, real *out,
                              const int wide) {
    const scratch s = scratch_of(p);
    const size_t stride = in_blocks(p->n_clusters);
    for (size_t r = 0; r < count; r++, out += stride) {
        const sparse_row row = read_row(&p->X, row_of(p, first + r), s.values, wide);
        fetch(p, &s, first + r, wide);
        dots(&row, s.v, stride, out, wide);
        double sqnorm = 0;
        for (size_t j = 0; j < row.n; j++)
            sqnorm += (double)row.x[j] * (double)row.x[j];
        for (size_t k = 0; k < p->n_clusters; k++) {
            const double scale = s.scale[k];
            const double square = sqnorm + scale * (scale * s.sqnorm[k] - 2 * (double)out[k]);
            out[k] = (real)MAX(square, 0);
        }
        for (size_t k = p->n_clusters; k < stride; k++)
            out[k] = (real)__builtin_inf();
    }
}

static void distances(fo_clusters *p, size_t first, size_t count, real *out) {
    if (p->X.wide)
        distances_of(p, first, count, out, 1);
    else
        distances_of(p, first, count, out, 0);
}

static void add(fo_clusters *p, size_t first, size_t count, const uint32_t *labels) {
    memcpy(scratch_of(p).labels + p->n_taken, labels, count * sizeof *labels);
}

SPECIALISED void add_rows(fo_clusters *p, const scratch *s, size_t first, const int wide) {
    const size_t stride = in_blocks(p->n_clusters);
    for (size_t r = 0; r < p->n_taken; r++) {
        const size_t k = s->labels[r];
        const real weight = weight_of(p, first + r);
        if (weight == 0)
            continue; /* its center may have no unit */
        const sparse_row row = read_row(&p->X, row_of(p, first + r), s->values, wide);
        const double share = (double)weight / s->unit[k];
        double more = 0;
        for (size_t j = 0; j < row.n; j++) {
            real *v = s->v + column(row.columns, j, wide) * stride + k;
            const real before = *v;
            *v = (real)((double)before + share * (double)row.x[j]);
            more += ((double)*v - (double)before) * ((double)*v + (double)before);
        }
        s->sqnorm[k] += more;
    }
}

static double move(fo_clusters *p, size_t first) {
    const scratch s = scratch_of(p);
    const size_t d = p->X.n_features, stride = in_blocks(p->n_clusters);
    for (size_t k = 0; k < p->n_clusters; k++)
        if (p->added[k] > 0) {
            if (p->full || s.unit[k] == 0) { /* it has been a mean of nothing so far */
                for (size_t j = 0; j < d; j++)
                    s.v[j * stride + k] = 0;
                s.sqnorm[k] = 0;
                s.unit[k] = 1;
            }
            s.scale[k] = s.unit[k] / p->counts[k];
        }
    if (p->X.wide)
        add_rows(p, &s, first, 1);
    else
        add_rows(p, &s, first, 0);
    return p->tol > 0 ? write(p) : 0;
}

const kind_of_rows K(sparse_clusters) = {room, tile, load, store, distances, add, move};
