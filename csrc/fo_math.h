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

/* +0 or -0, with the sign of x. Where one side of a ternary is a constant, GCC branches to skip the
   arithmetic that follows, and then it does not vectorize the loop; so a zero is made of x. */
static inline real fo_zero_of(real x) {
    const int below_sign = 8 * sizeof(real) - 1;
    return fo_from_bits(fo_to_bits(x) >> below_sign << below_sign);
}

/* max(0, x), and NaN for NaN. */
static inline real fo_positive_part(real x) { return x < 0 ? fo_zero_of(x) : x; }

/* w moved towards 0, where it stops, by `up` from above and by `down` from below. NaN stays. The
   part above 0 is (x + |x|) / 2: GCC makes a branch of max(0, x) where it does not vectorize, and
   the signs of weights have no pattern. */
static inline real fo_taken_to_0(real w, real up, real down) {
    const real lowered = w - up;
    return MIN((lowered + FABS(lowered)) * (real)0.5, w + down);
}

/* Takes what is due of a cumulative L1 penalty, l1_sum with the sign of v, off v; q is what was
   taken off before. Rounding may not let more be taken than was due: v would pass 0. */
static inline void fo_take_l1(real *v, real *q, real l1_sum) {
    const real before = *v, taken = CLAMP(*q, -l1_sum, l1_sum);
    *v = fo_taken_to_0(before, l1_sum + taken, l1_sum - taken);
    *q = taken + (*v - before);
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
   neither overflows and which leave one rounding to a subnormal result. Far out, x is moved to
   -limit, where both factors are 0, or to limit, where their product is inf; this one select
   between two variables is what GCC can vectorize and costs little where a chain waits for it. */
static inline real fo_exp(real x) {
#ifdef FO_F32
    const real limit = 0x1.601e68p7f; /* (2 bias) ln 2 */
#else
    const real limit = 0x1.628b76e3a7b61p10;
#endif
    x = FABS(x) > limit ? COPYSIGN(limit, x) : x;
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

/* (1 - exp(-q)) / q for q >= 0, the mean of exp(-x) over 0 ... q; and the same where q is known to
   be small. */
#define FO_SMALL_DECAY (real)0.34
static inline real fo_mean_of_small_decay(real q) {
    return 1 - q * ((real)0.5 - q * fo_exp_tail(-q));
}
static inline real fo_mean_decay(real q) {
    return q < FO_SMALL_DECAY ? fo_mean_of_small_decay(q) : (1 - fo_exp(-q)) / q;
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
   only; f comes from x itself, exactly where x is small. */
static inline real fo_log1p(real x) {
#ifdef FO_F32
    const fo_bits sqrt_half = 0x3f3504f3;
    const real negligible = 0x1p-30f;
#else
    const fo_bits sqrt_half = 0x3fe6a09e667f3bcd;
    const real negligible = 0x1p-60;
#endif
    const fo_bits bias = FO_EXPONENT_BIAS, infinity = (2 * bias + 1) << FO_FRACTION_BITS;
    const real u = 1 + x;
    const fo_bits bits = fo_to_bits(u);
    const fo_bits exponent = /* bias - j */
        (bits - sqrt_half + (bias << FO_FRACTION_BITS)) >> FO_FRACTION_BITS;
    const real j =
        FO_ULP_IS_ONE + FO_EXPONENT_BIAS - fo_from_bits(fo_to_bits(FO_ULP_IS_ONE) | exponent);
    /* 4 * 2^j, a normal number for every j */
    const real scale = fo_from_bits((2 * bias + 2 - exponent) << FO_FRACTION_BITS);
    const real f = (scale * x - (4 - scale)) * (real)0.25;
    /* The squares of a negligible f would be subnormal, and slow; f = inf would give inf / inf. */
    const real g = ((FABS(f) > negligible) & (FABS(f) < 1)) ? f : fo_zero_of(f);
    const real s = g / (2 + g), z = s * s, half_square = g * g * (real)0.5;
    const real tail = s * (half_square + z * fo_log_tail(z));
    /* u = 0 makes j infinite; the sign bit of u < 0, moved into the fraction, makes it NaN. */
    const fo_bits sign_bit_to_fraction = 8 * sizeof(real) - FO_FRACTION_BITS;
    const real no_j = fo_from_bits(bits | bits >> sign_bit_to_fraction | infinity);
    return (f - (half_square - (tail - j * FO_LN2_LOW))) - (u > 0 ? j : no_j) * FO_LN2_HIGH;
}

/* The sigmoid by cubics, for float32: row k holds the coefficients of 1, d, d^2, d^3 at distance
   d from the center k / 16 - 18, for |d| <= 1/32. Filled once, by fo_sigmoid_init. */
#define FO_SIGMOID_END 18
#define FO_SIGMOID_PER_UNIT 16
enum { FO_SIGMOID_ROWS = 2 * FO_SIGMOID_END * FO_SIGMOID_PER_UNIT + 1 };
extern float fo_sigmoid_table[FO_SIGMOID_ROWS][4];
void fo_sigmoid_init(void);

/* sigmoid(x) = 1 / (1 + exp(-x)). */
static inline real fo_sigmoid(real x) {
#ifdef FO_F32
    /* Incremental SGD waits for this value, so it is made for latency: an addition rounds x to a
       center, whose row is then in the low bits. Beyond the table, where NaN is too, sigmoid is 1
       or rounds like exp(x); a branch costs less than a clamp, as it predicts well. The error is
       at most 1.8 ulp. */
    const real to_center = FO_ULP_IS_ONE * (real)1.5 / FO_SIGMOID_PER_UNIT;
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
