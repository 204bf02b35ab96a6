/* Mini-batch K-means (Sculley 2010): each sample of a batch goes to its nearest center, then each
   center moves to the mean of all samples that ever went to it, at the rate of 1 / its count. With
   batches of one it is the K-means of Bottou & Bengio 1995 by SGD; with the whole epoch as the
   batch, and counts of that batch alone, it is Lloyd's. */
#include "cluster.h"

static const kind_of_rows *kind(const fo_clusters *p) {
    return p->X.indptr ? &K(sparse_clusters) : &K(dense_clusters);
}

/* Work for a tile: distances, then labels; behind what the kind of rows needs. */
static inline real *distances_of_tile(const fo_clusters *p) {
    return (real *)p->work + padded(kind(p)->room(p));
}

size_t K(clusters_work_size)(const fo_clusters *p) {
    const size_t tile = kind(p)->tile(p);
    return (padded(kind(p)->room(p)) + tile * in_blocks(p->n_clusters)) * sizeof(real) +
           tile * sizeof(uint32_t);
}

/* The index of the least of n distances, the first of those that are level; n is whole blocks. */
static inline uint32_t index_of_least(const real *distance, size_t n, real *least) {
    real low[BLOCK];
    memcpy(low, distance, sizeof low);
    for (size_t k = BLOCK; k < n; k += BLOCK)
        for (int l = 0; l < BLOCK; l++)
            low[l] = MIN(distance[k + (size_t)l], low[l]);
    for (int h = BLOCK / 2; h; h /= 2)
        for (int l = 0; l < h; l++)
            low[l] = MIN(low[l], low[l + h]);
    *least = low[0];
    for (uint32_t k = 0; k < n; k++)
        if (distance[k] == low[0])
            return k;
    return 0;
}

/* The nearest centers of the samples of a tile; returns the sum of weight * squared distance. */
static double assign(fo_clusters *p, size_t first, size_t count, uint32_t *labels) {
    const size_t stride = in_blocks(p->n_clusters);
    real *distance = distances_of_tile(p), least;
    double sum = 0;
    kind(p)->distances(p, first, count, distance);
    for (size_t r = 0; r < count; r++) {
        labels[r] = index_of_least(distance + r * stride, stride, &least);
        sum += (double)weight_of(p, first + r) * (double)least;
    }
    return sum;
}

static inline uint32_t *labels_of_tile(const fo_clusters *p) {
    return (uint32_t *)(distances_of_tile(p) + kind(p)->tile(p) * in_blocks(p->n_clusters));
}

static void keep_labels(fo_clusters *p, size_t first, size_t count, const uint32_t *labels) {
    for (size_t r = 0; r < count; r++) {
        p->n_changed += p->labels[first + r] != (int32_t)labels[r];
        p->labels[first + r] = (int32_t)labels[r];
    }
}

double K(clusters_assign)(fo_clusters *p, size_t first, size_t n) {
    const size_t tile = kind(p)->tile(p);
    uint32_t *labels = labels_of_tile(p);
    double sum = 0;
    kind(p)->load(p);
    for (size_t t = first, count; t < first + n; t += count) {
        count = MIN(tile, first + n - t);
        sum += assign(p, t, count, labels);
        keep_labels(p, t, count, labels);
    }
    return sum;
}

void K(clusters_distances)(fo_clusters *p, size_t first, size_t n, void *out) {
    const size_t tile = kind(p)->tile(p), k = p->n_clusters, stride = in_blocks(k);
    real *distance = distances_of_tile(p);
    kind(p)->load(p);
    for (size_t t = 0, count; t < n; t += count) {
        count = MIN(tile, n - t);
        kind(p)->distances(p, first + t, count, distance);
        for (size_t r = 0; r < count; r++)
            memcpy((real *)out + (t + r) * k, distance + r * stride, k * sizeof(real));
    }
}

/* Takes samples into the batch. */
static void take(fo_clusters *p, size_t first, size_t count) {
    uint32_t *labels = labels_of_tile(p);
    p->batch_inertia += assign(p, first, count, labels);
    for (size_t r = 0; r < count; r++) {
        const double weight = (double)weight_of(p, first + r);
        p->added[labels[r]] += weight;
        p->batch_weight += weight;
    }
    kind(p)->add(p, first, count, labels);
    if (p->labels)
        keep_labels(p, first, count, labels);
    p->n_taken += count;
}

/* Whether it is time to see to low counts, by those before the batch. */
static int is_due(fo_clusters *p) {
    int empty = 0;
    for (size_t k = 0; k < p->n_clusters; k++)
        empty |= p->counts[k] == 0;
    p->since_reassign += p->n_taken;
    if (!empty && p->since_reassign < p->reassign_every)
        return 0;
    p->since_reassign = 0;
    return 1;
}

static int has_low_counts(const fo_clusters *p) {
    double most = 0, least = p->counts[0];
    for (size_t k = 0; k < p->n_clusters; k++) {
        most = MAX(most, p->counts[k]);
        least = MIN(least, p->counts[k]);
    }
    return least < p->reassignment_ratio * most;
}

/* Whether to stop: the smoothed inertia of a sample (an exponential average of about an epoch) has
   long not fallen, or the centers move no more. That of the first batch is that of the guess. */
static int has_converged(fo_clusters *p, double moved) {
    const double inertia = p->batch_inertia / p->batch_weight;
    const double share = MIN(2 * (double)p->n_taken / ((double)p->n_smoothed + 1), 1);
    p->n_steps++;
    p->inertia = p->n_steps < 3 ? inertia : p->inertia * (1 - share) + inertia * share;
    if (p->n_steps == 1)
        return 0;
    if ((p->tol > 0 && moved <= p->tol) || (p->full && p->n_changed == 0))
        return 1;
    p->no_improvement = p->inertia < p->least_inertia ? 0 : p->no_improvement + 1;
    p->least_inertia = MIN(p->inertia, p->least_inertia);
    return p->no_improvement >= p->max_no_improvement;
}

/* Ends the batch, which began with the first sample. */
static fo_end step(fo_clusters *p, size_t first) {
    const int due = is_due(p);
    for (size_t k = 0; k < p->n_clusters; k++)
        p->counts[k] = p->added[k] + (p->full ? 0 : p->counts[k]);
    const double moved = kind(p)->move(p, first);
    const int converged = has_converged(p, moved);
    const int low = due && p->n_taken > 1 && has_low_counts(p);
    memset(p->added, 0, p->n_clusters * sizeof *p->added);
    p->n_taken = p->n_changed = 0;
    p->batch_inertia = p->batch_weight = 0;
    return converged ? FO_CONVERGED : low ? FO_REASSIGN : FO_GOES_ON;
}

fo_end K(clusters_run)(fo_clusters *p, size_t *t, size_t end) {
    const size_t tile = kind(p)->tile(p);
    fo_end how = FO_GOES_ON;
    kind(p)->load(p);
    while (*t < end && how == FO_GOES_ON) {
        const size_t count = MIN(MIN(tile, end - *t), p->batch_size - p->n_taken);
        take(p, *t, count);
        *t += count;
        if (p->n_taken == p->batch_size || *t == p->n_samples)
            how = step(p, *t - p->n_taken);
    }
    kind(p)->store(p);
    return how;
}
