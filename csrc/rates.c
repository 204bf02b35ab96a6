/* What schedules need beyond + - * / and sqrt: powers and a quarter of a sine in float64, with the
   same bits on every CPU. Compiled once, for the baseline ISA. */
#include "fo_math.h"

/* The unevaluated sum high + low, to about 100 bits. Powers are multiplied up in pairs, so that a
   whole power is rounded once: exact where it can be, and without drift where the exponent is
   large. high is NaN only past an overflow, as no base here is negative. */
typedef struct {
    double high, low;
} pair;

static inline double upper_half(double x) { /* 26 bits of 53 */
    return fo_from_bits(fo_to_bits(x) & ~(((fo_bits)1 << 27) - 1));
}

/* a * b: the rounded product, its error from the products of halves (Dekker 1971), and what the
   low parts add. */
static inline pair times(pair a, pair b) {
    const double a1 = upper_half(a.high), a2 = a.high - a1;
    const double b1 = upper_half(b.high), b2 = b.high - b1;
    const double product = a.high * b.high;
    const double error = ((a1 * b1 - product) + a1 * b2 + a2 * b1) + a2 * b2;
    const double low = error + (a.high * b.low + a.low * b.high);
    const double high = product + low;
    return (pair){high, low - (high - product)};
}

static inline double rounded(pair a) { return a.high == a.high ? a.high : __builtin_inf(); }

/* To this power or a higher one, every double but 1 is 0 or inf. */
static const double largest_exponent = 0x1p63;

/* x**n for n >= 1 by squaring, from the highest bit of n down. */
static inline double whole_power(double x, uint64_t n) {
    const pair base = {x, 0};
    pair power = base;
    for (int bit = 62 - __builtin_clzll(n); bit >= 0; bit--) {
        power = times(power, power);
        if (n >> bit & 1)
            power = times(power, base);
    }
    return rounded(power);
}

/* log x = log(1 + f) + j ln 2, where x = 2^j (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)]; x is a
   normal number, or 0, which gives some large negative number. */
static inline double logarithm(double x) {
    const fo_bits sqrt_half = 0x3fe6a09e667f3bcd, bias = FO_EXPONENT_BIAS;
    const fo_bits exponent = /* j + bias */
        (fo_to_bits(x) - sqrt_half + (bias << FO_FRACTION_BITS)) >> FO_FRACTION_BITS;
    const double j =
        fo_from_bits(fo_to_bits(FO_ULP_IS_ONE) | exponent) - (FO_ULP_IS_ONE + FO_EXPONENT_BIAS);
    const double f = fo_from_bits(fo_to_bits(x) - ((exponent - bias) << FO_FRACTION_BITS)) - 1;
    const double s = f / (2 + f), z = s * s, half_square = f * f * 0.5;
    const double tail = s * (half_square + z * fo_log_tail(z));
    return (f - (half_square - (tail + j * FO_LN2_LOW))) + j * FO_LN2_HIGH;
}

/* out = x**p for finite x and p >= 0, of which x is not subnormal. p is a whole number, some
   quarters and a rest below 1/4: the power of the rest is so close to 1 that its logarithm needs no
   more digits, and the others are exact where they can be. */
void fo_power(const double *x, double p, double *out, size_t n) {
    p = MIN(p, largest_exponent);
    const uint64_t whole = (uint64_t)p;
    const double fraction = p - (double)whole;
    const int quarters = (int)(4 * fraction);
    const double rest = fraction - quarters * 0.25;
    for (size_t i = 0; i < n; i++)
        out[i] = 1;
    if (rest > 0) {
        for (size_t i = 0; i < n; i++)
            out[i] = rest * logarithm(x[i]);
        for (size_t i = 0; i < n; i++) /* a loop of its own: both would not fit the registers */
            out[i] = (x[i] > 0) * fo_exp(out[i]);
    }
    if (quarters & 1)
        for (size_t i = 0; i < n; i++)
            out[i] *= SQRT(SQRT(x[i]));
    if (quarters & 2)
        for (size_t i = 0; i < n; i++)
            out[i] *= SQRT(x[i]);
    if (whole)
        for (size_t i = 0; i < n; i++)
            out[i] *= whole_power(x[i], whole);
}

/* out = base**k for finite base >= 0 and k >= 0; where k is not whole, base is not subnormal. The
   whole part of k is written with 32 digits, and the power of each digit at each place is taken
   from a table; the rest is split as in fo_power. */
void fo_powers(double base, const double *k, double *out, size_t n) {
    enum { DIGIT_BITS = 5, DIGITS = 1 << DIGIT_BITS, PLACES = 64 / DIGIT_BITS + 1 };
    pair table[PLACES][DIGITS];
    double largest = 0;
    for (size_t i = 0; i < n; i++)
        largest = MAX(k[i], largest);
    pair unit = {base, 0};
    uint64_t left = (uint64_t)MIN(largest, largest_exponent);
    for (int place = 0; place == 0 || left; place++, left >>= DIGIT_BITS) {
        pair *powers = table[place];
        powers[0] = (pair){1, 0};
        powers[1] = unit;
        for (uint64_t digit = 2; digit <= MIN(left, DIGITS - 1); digit++)
            powers[digit] = times(powers[digit / 2], powers[digit - digit / 2]);
        if (left >= DIGITS)
            unit = times(powers[DIGITS / 2], powers[DIGITS / 2]);
    }
    const double root = SQRT(base), quarters[4] = {1, SQRT(root), root, root * SQRT(root)};
    const double log_base = logarithm(base);
    uint64_t above = 0; /* the digits above the last, often those of the element before */
    pair power_above = {1, 0};
    for (size_t i = 0; i < n; i++) {
        const double exponent = CLAMP(k[i], 0, largest_exponent);
        const uint64_t digits = (uint64_t)exponent;
        const double fraction = exponent - (double)digits;
        if (digits / DIGITS != above) {
            above = digits / DIGITS;
            power_above = table[1][above % DIGITS];
            int place = 2;
            for (uint64_t rest = above / DIGITS; rest; rest /= DIGITS)
                power_above = times(power_above, table[place++][rest % DIGITS]);
        }
        out[i] = rounded(times(power_above, table[0][digits % DIGITS]));
        if (fraction > 0) {
            const int quarter = (int)(4 * fraction);
            const double rest = fraction - quarter * 0.25;
            out[i] *= quarters[quarter] * (base > 0 ? fo_exp(rest * log_base) : 0);
        }
    }
}

/* (sin(pi/2 x) / x - pi/2) / z with z = x^2 <= 1/4, fitted as those of fo_math.h, such that the
   relative error of the sine is at most 2^-56.8. */
static inline double sine_tail(double z) {
    const double z2 = z * z;
    return (-0x1.4abbce625be46p-1 + 0x1.466bc67758cb2p-4 * z) +
           z2 * ((-0x1.32d2cce324133p-8 + 0x1.5078300c42117p-13 * z) +
                 z2 * (-0x1.e30098975500bp-19 + 0x1.e3ff27ba34d22p-25 * z));
}

/* (1 - cos(pi/2 x)) / z with z = x^2 <= 1/4, such that the relative error of the cosine is at most
   2^-55.2. */
static inline double cosine_tail(double z) {
    const double z2 = z * z;
    const double low = (0x1.3bd3cc9be45dep0 - 0x1.03c1f081b5aaep-2 * z) +
                       z2 * (0x1.55d3c7e3c9280p-6 - 0x1.e1f5068367b1dp-11 * z);
    const double high =
        (0x1.a6d1ec7e0b6bep-16 - 0x1.f9cc40ac9a543p-22 * z) + z2 * 0x1.b263c34660ec1p-28;
    return low + z2 * z2 * high;
}

/* out = sin(pi/2 x) for x in [0, 1]: the sine up to 1/2, above it the cosine of what is left to 1.
   Both ends are exact. */
void fo_quarter_sine(const double *x, double *out, size_t n) {
    const double half_pi_high = 0x1.921fb54442d18p0, half_pi_low = 0x1.1a62633145c07p-54;
    for (size_t i = 0; i < n; i++) {
        const double left = 1 - x[i], d = MIN(x[i], left), z = d * d;
        const double sine = d * half_pi_high + d * (half_pi_low + z * sine_tail(z));
        const double cosine = 1 - z * cosine_tail(z);
        out[i] = x[i] < left ? sine : cosine;
    }
}
