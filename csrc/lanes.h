/* Arithmetic on LANES numbers at once, 64 bytes on every ISA: one AVX-512 register, two of AVX2,
   four of SSE2 or NEON. Every sum of the library goes through here, so its order is fixed. */
#ifndef FO_LANES_H
#define FO_LANES_H

#include "kernel.h"

#if defined(__AVX512F__)
#define REGISTER 64
#elif defined(__AVX__)
#define REGISTER 32
#else
#define REGISTER 16
#endif

/* Loops over the registers of one value unroll, and every load and store is one register wide: a
   struct copied whole goes through memory in pieces (GCC 12) and stalls. */
enum { WIDTH = REGISTER / sizeof(real), REGISTERS = 64 / REGISTER };
typedef real reg __attribute__((vector_size(REGISTER)));
typedef real reg_in_memory __attribute__((vector_size(REGISTER), aligned(sizeof(real)), may_alias));
typedef struct {
    reg r[REGISTERS];
} lanes;

#define EACH_REGISTER(k) for (int k = 0; k < REGISTERS; k++)

static inline lanes lanes_load(const real *p) {
    lanes a;
    EACH_REGISTER (k)
        a.r[k] = *(const reg_in_memory *)(p + k * WIDTH);
    return a;
}

static inline void lanes_store(real *p, lanes a) {
    EACH_REGISTER (k)
        *(reg_in_memory *)(p + k * WIDTH) = a.r[k];
}

/* The same, kept in a register for several uses: GCC would read memory again at each. */
static inline lanes lanes_load_once(const real *p) {
    lanes a = lanes_load(p);
#ifdef __AVX512F__
    __asm__("" : "+v"(a.r[0]));
#endif
    return a;
}

/* Copies n < LANES numbers, a power of two at a time: faster than a call of memcpy. */
static inline void copy_first(real *to, const real *from, size_t n) {
    for (size_t part = LANES / 2; part; part /= 2)
        if (n & part) {
            memcpy(to, from, part * sizeof(real));
            to += part;
            from += part;
        }
}

/* The first n < LANES numbers at p; the other lanes are 0. */
static inline lanes lanes_load_first(const real *p, size_t n) {
    real a[LANES] = {0};
    copy_first(a, p, n);
    return lanes_load(a);
}

static inline void lanes_store_first(real *p, lanes a, size_t n) {
    real b[LANES];
    lanes_store(b, a);
    copy_first(p, b, n);
}

/* a + x * y, lane by lane; never contracted to one rounding. */
static inline lanes lanes_add_product(lanes a, lanes x, lanes y) {
    EACH_REGISTER (k)
        a.r[k] += x.r[k] * y.r[k];
    return a;
}

static inline lanes lanes_add_scaled(lanes a, real c, lanes x) {
    EACH_REGISTER (k)
        a.r[k] += c * x.r[k];
    return a;
}

static inline lanes lanes_add(lanes a, lanes b) {
    EACH_REGISTER (k)
        a.r[k] += b.r[k];
    return a;
}

/* The sum of all lanes by a halving tree: lane l takes lane l + h, for h = LANES/2, ..., 2, 1. */
static inline real lanes_sum(lanes a) {
    for (int h = REGISTERS / 2; h; h /= 2)
        for (int k = 0; k < h; k++)
            a.r[k] += a.r[k + h];
    typedef real part __attribute__((vector_size(16)));
    part p[REGISTER / 16];
    memcpy(p, a.r, sizeof p);
    for (int h = REGISTER / 32; h; h /= 2)
        for (int k = 0; k < h; k++)
            p[k] += p[k + h];
#ifdef FO_F32
    return (p[0][0] + p[0][2]) + (p[0][1] + p[0][3]);
#else
    return p[0][0] + p[0][1];
#endif
}

/* a . b; the last numbers, which fill no lanes, come first, so that their latency is hidden. */
static inline real dot(const real *a, const real *b, size_t n) {
    const size_t whole = n / LANES * LANES, rest = n - whole;
    lanes sum = {0};
    if (rest)
        sum = lanes_add_product(sum, lanes_load_first(a + whole, rest),
                                lanes_load_first(b + whole, rest));
    for (size_t i = 0; i < whole; i += LANES)
        sum = lanes_add_product(sum, lanes_load(a + i), lanes_load(b + i));
    return lanes_sum(sum);
}

#endif
