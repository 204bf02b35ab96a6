/* Decimals to doubles, where that takes more than one operation. */
#include "parse/number.h"
#include "fastopt.h"

#include <math.h>

__extension__ typedef unsigned __int128 uint128;

/* With 19 digits, what is below 10^(LEAST + 19) vanishes and what is from 10^(MOST + 1) on
   overflows, whatever the digits. */
enum { LEAST = -342, MOST = 308, FRACTION_BITS = 52, BIAS = 1023, INFINITE = 2047 };

const double fo_exact_powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                  1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                  1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* The highest 128 bits of 5^q, of which the first is set. */
static uint128 powers_of_five[MOST - LEAST + 1];

/* Long integers, of 32 bits a word, the lowest first. 768 digits tell any two halfway points apart,
   and 5^1093 * 2^54 is the most that is compared with them: some 2600 bits. */
enum { WORDS = 96, MOST_SIGNIFICANT = 768 };
typedef struct {
    uint32_t word[WORDS];
    int n; /* words in use, the last of them not 0 */
} natural;

/* x = x * factor + more */
static void multiply(natural *x, uint32_t factor, uint32_t more) {
    uint64_t carry = more;
    for (int i = 0; i < x->n; i++) {
        carry += (uint64_t)x->word[i] * factor;
        x->word[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry)
        x->word[x->n++] = (uint32_t)carry;
}

static void multiply_by_powers(natural *x, int64_t fives, int64_t twos) {
    for (; fives >= 13; fives -= 13)
        multiply(x, 1220703125, 0);
    for (; fives > 0; fives--)
        multiply(x, 5, 0);
    for (; twos > 0; twos -= 31)
        multiply(x, (uint32_t)1 << (twos < 31 ? twos : 31), 0);
}

/* x = x / 5, rounded down */
static void divide_by_five(natural *x) {
    uint64_t rest = 0;
    for (int i = x->n; i-- > 0;) {
        rest = rest << 32 | x->word[i];
        x->word[i] = (uint32_t)(rest / 5);
        rest %= 5;
    }
    x->n -= !x->word[x->n - 1];
}

/* The highest 128 bits, of which the first is set. */
static uint128 head(const natural *x) {
    uint128 bits = 0;
    for (int i = 1; i <= 4; i++)
        bits = bits << 32 | (x->n >= i ? x->word[x->n - i] : 0);
    const int unused = __builtin_clz(x->word[x->n - 1]);
    const uint64_t next = x->n >= 5 ? x->word[x->n - 5] : 0;
    return bits << unused | next >> (32 - unused);
}

static int compare(const natural *a, const natural *b) {
    if (a->n != b->n)
        return a->n < b->n ? -1 : 1;
    for (int i = a->n; i-- > 0;)
        if (a->word[i] != b->word[i])
            return a->word[i] < b->word[i] ? -1 : 1;
    return 0;
}

/* Rounded down; but up from 5^-27 to 5^-1, with which quotients may be exact. */
void fo_numbers_init(void) {
    enum { ENOUGH = 30 }; /* words, for 128 bits of 2^960 / 5^342 */
    natural power = {{1}, 1}, quotient = {.n = ENOUGH + 1};
    quotient.word[ENOUGH] = 1;
    for (int q = 0; q <= MOST; q++, multiply(&power, 5, 0))
        powers_of_five[q - LEAST] = head(&power);
    for (int q = -1; q >= LEAST; q--) {
        divide_by_five(&quotient);
        powers_of_five[q - LEAST] = head(&quotient) + (q >= -27);
    }
}

static double from_bits(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Lemire (2021), and Mushtak & Lemire (2023) for why 128 bits of 5^q are enough. */
double fo_decimal(uint64_t w, int64_t q) {
    enum { BEHIND = 64 - FRACTION_BITS - 3 }; /* bits that neither count nor round */
    if (!w || q < LEAST)
        return 0;
    if (q > MOST)
        return INFINITY;
    const int zeros = __builtin_clzll(w);
    w <<= zeros;
    const uint128 power = powers_of_five[q - LEAST];
    uint128 product = (uint128)w * (uint64_t)(power >> 64);
    /* The rest of the power may carry to what counts. */
    const uint64_t ones = ((uint64_t)1 << BEHIND) - 1;
    if ((uint64_t)(product >> 64 & ones) == ones)
        product += (uint128)w * (uint64_t)power >> 64;
    const uint64_t high = (uint64_t)(product >> 64);
    const int top = (int)(high >> 63), behind = BEHIND + top;
    uint64_t fraction = high >> behind; /* with one bit more than double has */
    /* 217706 / 2^16 is log2(10), near enough for all q. */
    int64_t exponent = (217706 * q >> 16) + 63 + top - zeros + BIAS;
    if (exponent <= 0) { /* subnormal, or the least normal number by rounding up */
        if (exponent <= -63)
            return 0;
        fraction >>= 1 - exponent;
        return from_bits((fraction + (fraction & 1)) >> 1);
    }
    /* Halfway exactly, which takes a power that fits in 64 bits, and even below: down. */
    if ((uint64_t)product <= 1 && -4 <= q && q <= 23 && (fraction & 3) == 1 &&
        fraction << behind == high)
        fraction--;
    fraction = (fraction + (fraction & 1)) >> 1;
    /* The first bit of the fraction, which double leaves out, adds 1 to the exponent, and so does a
       carry beyond it. */
    const uint64_t bits = ((uint64_t)(exponent - 1) << FRACTION_BITS) + fraction;
    return bits >> FRACTION_BITS < INFINITE ? from_bits(bits) : INFINITY;
}

/* Whether digits * 10^exponent rounds to the double above the positive one, or 0, instead of it. */
static int rounds_up(natural *digits, int64_t exponent, double below) {
    uint64_t bits;
    memcpy(&bits, &below, sizeof bits);
    const uint64_t fraction = bits & (((uint64_t)1 << FRACTION_BITS) - 1);
    const int64_t biased = (int64_t)(bits >> FRACTION_BITS);
    const uint64_t odd = 2 * (fraction + (biased ? (uint64_t)1 << FRACTION_BITS : 0)) + 1;
    const int64_t twos = (biased ? biased : 1) - BIAS - FRACTION_BITS - 1;
    natural half = {{(uint32_t)odd, (uint32_t)(odd >> 32)}, odd >> 32 ? 2 : 1};
    multiply_by_powers(digits, exponent, exponent - twos);
    multiply_by_powers(&half, -exponent, twos - exponent);
    const int order = compare(digits, &half);
    return order > 0 || (order == 0 && (bits & 1));
}

double fo_long_decimal(const char *first, const char *end, int64_t exponent) {
    uint64_t w = 0;
    int64_t n_digits = 0, behind_point = 0;
    int more = 0; /* whether one of those left out is not 0 */
    const char *significant = first;
    for (const char *p = first; p < end; p++) {
        if (*p == '.')
            behind_point = 1;
        else if (n_digits == FO_MOST_DIGITS) {
            more |= *p != '0';
            exponent += !behind_point;
        } else {
            w = w * 10 + (uint64_t)(*p - '0');
            exponent -= behind_point;
            if (w && n_digits++ == 0)
                significant = p;
        }
    }
    const double below = fo_decimal(w, exponent), above = fo_decimal(w + 1, exponent);
    if (!more || below == above)
        return below;
    natural digits = {.n = 0};
    n_digits = 0;
    for (const char *p = significant; p < end && n_digits <= MOST_SIGNIFICANT; p++)
        if (*p != '.' && (n_digits < MOST_SIGNIFICANT || *p != '0')) {
            /* What is left out counts as one more digit. */
            multiply(&digits, 10, n_digits < MOST_SIGNIFICANT ? (uint32_t)(*p - '0') : 1);
            n_digits++;
        }
    return rounds_up(&digits, exponent - (n_digits - FO_MOST_DIGITS), below) ? above : below;
}
