/* K-means over dense rows. Distances are sums of squared differences, feature after feature: they
   are right to the last few bits however far from 0 the rows lie, which |x|^2 - 2 x.c + |c|^2, that
   a product of matrices would give, is not. The lanes run over centers, some rows go together.

   The centers are there twice: as rows, where they move, and in blocks, feature by feature. */
#include "cluster.h"

/* Rows that go together: as many as there are registers for their sums. */
enum { TOGETHER = PIECES > 1 ? 4 : 8, TILE_BYTES = 16384, MOST_ROWS = 64 };

static inline size_t blocks_size(const fo_clusters *p) {
    return padded(in_blocks(p->n_clusters) * p->X.n_features);
}

/* Samples whose rows, and whose distances, stay in the first cache. */
static size_t tile(const fo_clusters *p) {
    const size_t longer = MAX(padded(p->X.n_features), in_blocks(p->n_clusters));
    return CLAMP(TILE_BYTES / (longer * sizeof(real)) / TOGETHER * TOGETHER, TOGETHER, MOST_ROWS);
}

static size_t room(const fo_clusters *p) {
    const size_t width = padded(p->X.n_features);
    return blocks_size(p) + (p->n_clusters + tile(p)) * width;
}

static inline real *moves_at(const fo_clusters *p) { return (real *)p->work + blocks_size(p); }

/* Where the row of the r-th sample of a tile is staged, if it is not read as it lies. */
static inline real *slot_at(const fo_clusters *p, size_t r) {
    return moves_at(p) + (p->n_clusters + r) * padded(p->X.n_features);
}

static void load_one(fo_clusters *p, size_t k) {
    const size_t d = p->X.n_features;
    const real *center = (const real *)p->centers + k * d;
    real *lane = (real *)p->work + k / BLOCK * BLOCK * d + k % BLOCK;
    for (size_t j = 0; j < d; j++)
        lane[j * BLOCK] = center[j];
}

static void load(fo_clusters *p) {
    const size_t d = p->X.n_features, k = p->n_clusters;
    real *last = (real *)p->work + k / BLOCK * BLOCK * d;
    if (k % BLOCK)
        for (size_t j = 0; j < d * BLOCK; j++)
            last[j] = (real)__builtin_inf();
    for (size_t i = 0; i < k; i++)
        load_one(p, i);
}

/* out[r * stride + k] = |x[r] - c[k]|^2 for some rows and the centers of one block. */
SPECIALISED void block_distances(const real *block, const real *const *x, real *out, size_t stride,
                                 size_t d, const int rows) {
    piece sum[TOGETHER][PIECES] = {{{0}}};
    for (size_t j = 0; j < d; j++)
        for (int q = 0; q < PIECES; q++) {
            const piece c = piece_load(block + j * BLOCK + q * PIECE);
            for (int r = 0; r < rows; r++) {
                const piece difference = x[r][j] - c;
                sum[r][q] += difference * difference;
            }
        }
    for (int r = 0; r < rows; r++)
        for (int q = 0; q < PIECES; q++)
            piece_store(out + (size_t)r * stride + q * PIECE, sum[r][q]);
}

static void distances(fo_clusters *p, size_t first, size_t count, real *out) {
    const size_t d = p->X.n_features, stride = in_blocks(p->n_clusters), ahead = tile(p);
    const real *blocks = p->work, *x[TOGETHER];
    for (size_t r = 0, rows; r < count; r += rows) {
        rows = count - r < TOGETHER ? 1 : TOGETHER;
        for (size_t i = 0; i < rows; i++) {
            x[i] = row_at(&p->X, row_of(p, first + r + i), slot_at(p, r + i));
            if (first + r + i + ahead < p->n_samples)
                fetch_row_at(&p->X, row_of(p, first + r + i + ahead));
        }
        for (size_t k = 0; k < stride; k += BLOCK)
            if (rows == 1)
                block_distances(blocks + k * d, x, out + r * stride + k, stride, d, 1);
            else
                block_distances(blocks + k * d, x, out + r * stride + k, stride, d, TOGETHER);
    }
}

/* The sum over the batch of weight (x - c), for the center c of each cluster. */
static void add(fo_clusters *p, size_t first, size_t count, const uint32_t *labels) {
    const size_t d = p->X.n_features;
    for (size_t r = 0; r < count; r++) {
        const real *restrict c = (const real *)p->centers + labels[r] * d;
        const real *restrict x = is_direct(&p->X)
                                     ? (const real *)row_address(&p->X, row_of(p, first + r))
                                     : slot_at(p, r);
        real *restrict move = moves_at(p) + labels[r] * padded(d);
        const real weight = weight_of(p, first + r);
        for (size_t j = 0; j < d; j++)
            move[j] += weight * (x[j] - c[j]);
    }
}

static double move(fo_clusters *p, size_t first) {
    const size_t d = p->X.n_features;
    double moved = 0;
    for (size_t k = 0; k < p->n_clusters; k++) {
        if (!(p->added[k] > 0))
            continue;
        real *center = (real *)p->centers + k * d, *step = moves_at(p) + k * padded(d);
        const real rate = (real)(1 / p->counts[k]);
        lanes sum = {0};
        for (size_t j = 0; j < d; j++) {
            step[j] *= rate;
            center[j] += step[j];
        }
        for (size_t j = 0; j < padded(d); j += LANES)
            sum = lanes_add_product(sum, lanes_load(step + j), lanes_load(step + j));
        moved += (double)lanes_sum(sum);
        memset(step, 0, d * sizeof(real));
        load_one(p, k);
    }
    return moved;
}

static void store(fo_clusters *p) {} /* the centers move where they lie */

const kind_of_rows K(dense_clusters) = {room, tile, load, store, distances, add, move};
