/* Numbers in text that ends in a newline, or has a byte of 0 behind it: no digit, so that no loop
   over digits runs past it.

   fo_number gives the double nearest to the decimal, ties to even: what strtod gives, in no locale
   but "C". The digits are taken eight at a time; what is left to do is exact in one operation
   (Clinger 1990), or one or two products of 64 bits (Lemire 2021), or, for some with more than 19
   digits, a comparison of long integers. */
#ifndef FO_NUMBER_H
#define FO_NUMBER_H

#include <stdint.h>
#include <string.h>

enum { FO_MOST_DIGITS = 19 }; /* every number of so many fits in 64 bits */

/* w * 10^q, rounded. */
double fo_decimal(uint64_t w, int64_t q);

/* The number without a sign whose digits, of any count, are in [first, end), one '.' among them
   perhaps, times 10^exponent. */
double fo_long_decimal(const char *first, const char *end, int64_t exponent);

extern const double fo_exact_powers[23]; /* 10^k, as far as double holds them */

static inline int fo_is_digit(char c) { return (unsigned char)(c - '0') < 10; }

/* The eight bytes at p, the first one the lowest. */
static inline uint64_t fo_eight_bytes(const char *p) {
    uint64_t bytes;
    memcpy(&bytes, p, sizeof bytes);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    bytes = __builtin_bswap64(bytes);
#endif
    return bytes;
}

static inline int fo_all_digits(uint64_t bytes) {
    const uint64_t high = 0xf0f0f0f0f0f0f0f0, threes = 0x3030303030303030;
    return (bytes & high) == threes && ((bytes + 0x0606060606060606) & high) == threes;
}

/* The number of eight digits: pairs, then fours, then all, side by side in one register. */
static inline uint64_t fo_eight_digits(uint64_t bytes) {
    bytes = (bytes & 0x0f0f0f0f0f0f0f0f) * (1 + (10 << 8)) >> 8;
    bytes = (bytes & 0x00ff00ff00ff00ff) * (1 + (100 << 16)) >> 16;
    return (bytes & 0x0000ffff0000ffff) * (1 + ((uint64_t)10000 << 32)) >> 32;
}

/* Appends the digits at p to *w, modulo 2^64; returns where they end. */
static inline const char *fo_digits(const char *p, const char *end, uint64_t *w) {
    for (uint64_t bytes; end - p >= 8 && fo_all_digits(bytes = fo_eight_bytes(p)); p += 8)
        *w = *w * 100000000 + fo_eight_digits(bytes);
    for (; fo_is_digit(*p); p++)
        *w = *w * 10 + (uint64_t)(*p - '0');
    return p;
}

/* Reads [+-]digits[.digits][e[+-]digits], with a digit before or behind the point, to *value,
   infinite if double does not hold it; returns where it ends, or NULL if none begins at p. */
static inline const char *fo_number(const char *p, const char *end, double *value) {
    const int negative = *p == '-';
    p += negative || *p == '+';
    const char *const first = p;
    uint64_t w = 0;
    int64_t exponent = 0;
    for (; fo_is_digit(*p); p++)
        w = w * 10 + (uint64_t)(*p - '0');
    int64_t n_digits = p - first;
    if (*p == '.') {
        const char *const point = p++;
        p = fo_digits(p, end, &w);
        exponent = point + 1 - p;
        n_digits -= exponent;
    }
    if (!n_digits)
        return NULL;
    const char *const last = p;
    int64_t power = 0;
    if (*p == 'e' || *p == 'E') {
        const int minus = *++p == '-';
        p += minus || *p == '+';
        if (!fo_is_digit(*p))
            return NULL;
        for (; fo_is_digit(*p); p++)
            if (power < INT64_MAX / 100) /* more than any count of digits can make up for */
                power = power * 10 + (*p - '0');
        power = minus ? -power : power;
    }
    double size;
    exponent += power;
    if (n_digits > FO_MOST_DIGITS)
        size = fo_long_decimal(first, last, power);
    else if (w <= (uint64_t)1 << 53 && -22 <= exponent && exponent <= 22)
        size = exponent < 0 ? (double)w / fo_exact_powers[-exponent]
                            : (double)w * fo_exact_powers[exponent];
    else
        size = fo_decimal(w, exponent);
    *value = negative ? -size : size;
    return p;
}

#endif
