/* What the parts of K-means share: how samples are read, and what differs between dense and sparse
   rows. */
#ifndef FO_CLUSTER_H
#define FO_CLUSTER_H

#include "../epochs/epochs.h"

/* Centers are compared in blocks of 32 bytes of numbers, one of each center. Where the last block
   has too few, there are centers at infinity. */
enum { PIECES = REGISTER < 32 ? 2 : 1, BLOCK = 32 / sizeof(real), PIECE = BLOCK / PIECES };
typedef real piece __attribute__((vector_size(32 / PIECES)));
typedef real piece_in_memory
    __attribute__((vector_size(32 / PIECES), aligned(sizeof(real)), may_alias));

static inline piece piece_load(const real *p) { return *(const piece_in_memory *)p; }
static inline void piece_store(real *p, piece a) { *(piece_in_memory *)p = a; }

static inline size_t in_blocks(size_t n_clusters) {
    return (n_clusters + BLOCK - 1) / BLOCK * BLOCK;
}

/* What differs between dense and sparse rows. */
typedef struct {
    /* The numbers of real that it needs at the start of work; the samples of a tile. */
    size_t (*room)(const fo_clusters *clusters);
    size_t (*tile)(const fo_clusters *clusters);
    /* Brings the centers to where distances are computed, and back. */
    void (*load)(fo_clusters *clusters);
    void (*store)(fo_clusters *clusters);
    /* The squared distances of the samples of a tile, in_blocks(n_clusters) numbers each. */
    void (*distances)(fo_clusters *clusters, size_t first, size_t count, real *out);
    /* Adds the same samples to the batch in hand, with the labels that they have got. */
    void (*add)(fo_clusters *clusters, size_t first, size_t count, const uint32_t *labels);
    /* Moves the centers by the batch that began with the first sample and ends here; returns the
       square of how far. */
    double (*move)(fo_clusters *clusters, size_t first);
} kind_of_rows;

extern const kind_of_rows K(dense_clusters), K(sparse_clusters);

size_t K(clusters_work_size)(const fo_clusters *clusters);
fo_end K(clusters_run)(fo_clusters *clusters, size_t *t, size_t end);
void K(clusters_distances)(fo_clusters *clusters, size_t first, size_t n, void *out);
double K(clusters_assign)(fo_clusters *clusters, size_t first, size_t n);

static inline size_t row_of(const fo_clusters *clusters, size_t t) {
    return clusters->rows ? clusters->rows[t] : t;
}

static inline real weight_of(const fo_clusters *clusters, size_t t) {
    const real *weight = clusters->sample_weight;
    return weight ? weight[row_of(clusters, t)] : 1;
}

#endif
