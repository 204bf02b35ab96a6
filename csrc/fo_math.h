/* exp, log1p and the sigmoid of a real, with the same bits on every ISA: only IEEE + - * / and
   integer operations in a fixed order, no libm and no fused multiply-add. Special cases are
   selects, not branches, so that a plain loop over fo_exp or fo_log1p vectorizes.

   The polynomials are minimax fits by the Remez exchange in 160-bit arithmetic, weighted so that
   the relative error of the final result is levelled, then rounded to real. */
#ifndef FO_MATH_H
#define FO_MATH_H

#include "kernel.h"

#ifdef FO_F32
typedef uint32_t fo_bits;
#define FO_FRACTION_BITS 23
#define FO_EXPONENT_BIAS 127
#define FO_ULP_IS_ONE 0x1p23f    /* reals from here to twice as much are the integers */
#define FO_LN2_HIGH 0x1.62e8p-1f /* short, so that its product with an exponent is exact */
#define FO_LN2_LOW -0x1.e8082ep-16f
#else
typedef uint64_t fo_bits;
#define FO_FRACTION_BITS 52
#define FO_EXPONENT_BIAS 1023
#define FO_ULP_IS_ONE 0x1p52
#define FO_LN2_HIGH 0x1.62e42fefa4p-1
#define FO_LN2_LOW -0x1.8432a1b0e2634p-43
#endif

static inline fo_bits fo_to_bits(real x) {
    fo_bits b;
    memcpy(&b, &x, sizeof b);
    return b;
}

static inline real fo_from_bits(fo_bits b) {
    real x;
    memcpy(&x, &b, sizeof x);
    return x;
}

/* condition ? a : b by masks. Of a plain ternary GCC makes branches that skip work, where an
   operation might trap or one side is constant, and then it does not vectorize the loop. */
static inline real fo_select(int condition, real a, real b) {
#if defined(__SSE2__) && !defined(__SSE4_2__)
    const fo_bits mask = (fo_bits)-condition; /* GCC vectorizes it without 64-bit comparisons */
#else
    const fo_bits mask = -(fo_bits)condition;
#endif
    return fo_from_bits((fo_to_bits(a) & mask) | (fo_to_bits(b) & ~mask));
}

/* (exp(r) - 1 - r - r^2/2) / r^3 for |r| <= 0.3467, such that the relative error of exp(r) is at
   most 2^-27.9 in float32 and 2^-57.3 in float64. */
static inline real fo_exp_tail(real r) {
    const real r2 = r * r;
#ifdef FO_F32
    return (0x1.5554a4p-3f + 0x1.555688p-5f * r) + r2 * (0x1.122faep-7f + 0x1.6b6e26p-10f * r);
#else
    const real r4 = r2 * r2;
    const real low = (0x1.5555555555501p-3 + 0x1.55555555531f3p-5 * r) +
                     r2 * (0x1.1111111128945p-7 + 0x1.6c16c17cca0d3p-10 * r);
    const real high = (0x1.a01a011bedd5ap-13 + 0x1.a019ab157fec4p-16 * r) +
                      r2 * (0x1.71df558cb88bcp-19 + 0x1.289fa46ea66dap-22 * r);
    return low + r4 * (high + r4 * 0x1.ad1fee18d8814p-26);
#endif
}

/* exp(x) = 2^n exp(r) with r = x - n ln 2. The power of two is applied as two factors, of which
   neither overflows and which leave one rounding to a subnormal result. Arguments whose result
   is 0 are moved to where both factors are 0: an exact product, which no CPU is slow on. */
static inline real fo_exp(real x) {
#ifdef FO_F32
    const real lowest = -104, zero = -0x1.601e68p7f, highest = 89;
#else
    const real lowest = -746, zero = -0x1.628b76e3a7b61p10, highest = 710;
#endif
    x = fo_select(x < lowest, zero, x);
    x = fo_select(x > highest, highest, x);
    const real to_integer = FO_ULP_IS_ONE * (real)1.5 + 2 * FO_EXPONENT_BIAS;
    const real shifted = x * (real)0x1.71547652b82fep0 + to_integer; /* x / ln 2 */
    const fo_bits exponent = fo_to_bits(shifted); /* n + 2 bias in its low bits */
    const real n = shifted - to_integer;
    const real high = x - n * FO_LN2_HIGH, low = n * FO_LN2_LOW, r = high - low;
    const real exp_r = 1 + (high + (r * r * ((real)0.5 + r * fo_exp_tail(r)) - low));
    const fo_bits half = exponent >> 1;
    return exp_r * fo_from_bits(half << FO_FRACTION_BITS) *
           fo_from_bits((exponent - half) << FO_FRACTION_BITS);
}

/* (log((1 + s) / (1 - s)) / s - 2) / z with z = s^2 <= 0.02947, such that the relative error of
   log1p is at most 2^-30 in float32 and 2^-59.1 in float64. */
static inline real fo_log_tail(real z) {
#ifdef FO_F32
    return 0x1.55557ap-1f + z * (0x1.995e9cp-2f + z * 0x1.31e678p-2f);
#else
    const real z2 = z * z;
    return (0x1.5555555555593p-1 + 0x1.999999997fb31p-2 * z) +
           z2 * ((0x1.2492494217a33p-2 + 0x1.c71c51e7f6315p-3 * z) +
                 z2 * ((0x1.7466462cc368cp-3 + 0x1.39a0f4fd467eep-3 * z) +
                       z2 * 0x1.2f0d8ec83ea9dp-3));
#endif
}

/* log1p(x) = log(1 + f) - j ln 2, where 1 + f = 2^j (1 + x) lies in [sqrt(1/2), sqrt(2)], and
   log(1 + f) = log((1 + s) / (1 - s)) with s = f / (2 + f). The rounded 1 + x serves to find j
   only; f comes from x itself, exactly where it is small. */
static inline real fo_log1p(real x) {
#ifdef FO_F32
    const fo_bits sqrt_half = 0x3f3504f3;
    const real negligible = 0x1p-30f;
#else
    const fo_bits sqrt_half = 0x3fe6a09e667f3bcd;
    const real negligible = 0x1p-60;
#endif
    const fo_bits bias = FO_EXPONENT_BIAS;
    const fo_bits exponent = /* bias - j */
        (fo_to_bits(1 + x) - sqrt_half + (bias << FO_FRACTION_BITS)) >> FO_FRACTION_BITS;
    const real j = FO_ULP_IS_ONE + FO_EXPONENT_BIAS -
                   fo_from_bits(fo_to_bits(FO_ULP_IS_ONE) | exponent);
    /* 4 * 2^j, a normal number for every j */
    const real scale = fo_from_bits((2 * bias + 2 - exponent) << FO_FRACTION_BITS);
    const real f = (scale * x - (4 - scale)) * (real)0.25;
    /* Squares of a negligible f would be subnormal, and slow. */
    const real g = fo_select(FABS(f) > negligible, f, 0);
    const real s = g / (2 + g), z = s * s, half_square = g * g * (real)0.5;
    const real tail = s * (half_square + z * fo_log_tail(z));
    const real log_u = (f - (half_square - (tail - j * FO_LN2_LOW))) - j * FO_LN2_HIGH;
    const real infinity = (real)__builtin_inf(), nan = (real)__builtin_nan("");
    const real inside = fo_select(x < infinity, log_u, x);
    return fo_select(x > -1, inside, fo_select(x == -1, -infinity, nan));
}

/* The sigmoid by cubics, for float32: row k holds the coefficients of 1, d, d^2, d^3 at distance
   d from the center k step - end. Filled once, by fo_sigmoid_init. */
#define FO_SIGMOID_END 18
#define FO_SIGMOID_STEP 0.0625
enum { FO_SIGMOID_ROWS = (int)(2 * FO_SIGMOID_END / FO_SIGMOID_STEP) + 1 };
extern float fo_sigmoid_table[FO_SIGMOID_ROWS][4];
void fo_sigmoid_init(void);

/* sigmoid(x) = 1 / (1 + exp(-x)). */
static inline real fo_sigmoid(real x) {
#ifdef FO_F32
    /* Incremental SGD waits for this value, so it is made for latency: an addition rounds x to a
       center, whose row is then in the low bits. Beyond the table, where NaN is too, sigmoid is 1
       or exp(x) to the last bit; a branch costs less than to clamp x, as it predicts well. */
    const real to_center = FO_ULP_IS_ONE * (real)(1.5 * FO_SIGMOID_STEP);
    const real shifted = x + to_center;
    const fo_bits row = fo_to_bits(shifted) - fo_to_bits(to_center - FO_SIGMOID_END);
    if (row >= FO_SIGMOID_ROWS)
        return x > 0 ? 1 : fo_exp(x);
    const float *c = fo_sigmoid_table[row];
    const real d = x - (shifted - to_center), d2 = d * d;
    return (c[0] + c[1] * d) + (c[2] * d2 + c[3] * (d2 * d));
#else
    /* Where exp(-x) is inf, the sigmoid is below the normal numbers: 0 is close enough. */
    return 1 / (1 + fo_exp(-x));
#endif
}

#endif
