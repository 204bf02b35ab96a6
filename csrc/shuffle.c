/* The order of the rows in an epoch, from (seed, epoch) alone: any epoch can be had at any time, on
   any machine. */
#include "fastopt.h"

/* SplitMix64 (Steele, Lea & Flood 2014): a counter, mixed. */
static uint64_t mix(uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

typedef struct {
    uint64_t counter;
} stream;

static uint32_t next(stream *random) {
    return (uint32_t)(mix(random->counter += 0x9e3779b97f4a7c15u) >> 32);
}

/* A uniform number in 0 .. bound-1, without bias (Lemire 2019). */
static uint32_t below(stream *random, uint32_t bound) {
    uint64_t product = (uint64_t)next(random) * bound;
    if ((uint32_t)product < bound)
        for (const uint32_t least = -bound % bound; (uint32_t)product < least;)
            product = (uint64_t)next(random) * bound;
    return (uint32_t)(product >> 32);
}

/* Fisher and Yates; the partners of a block are drawn ahead, and asked for from memory. */
void fo_permutation(uint32_t *order, size_t n, uint64_t seed, uint64_t epoch) {
    enum { BLOCK = 64 };
    stream random = {mix(mix(seed) + 0x9e3779b97f4a7c15u * (epoch + 1))};
    for (size_t i = 0; i < n; i++)
        order[i] = (uint32_t)i;
    for (size_t left = n; left > 1;) {
        uint32_t partner[BLOCK];
        const size_t block = left - 1 < BLOCK ? left - 1 : BLOCK;
        for (size_t k = 0; k < block; k++) {
            partner[k] = below(&random, (uint32_t)(left - k));
            __builtin_prefetch(order + partner[k], 1);
        }
        for (size_t k = 0; k < block; k++) {
            const uint32_t swapped = order[--left];
            order[left] = order[partner[k]];
            order[partner[k]] = swapped;
        }
    }
}
