/* Staging: a row of X, of whatever type and stride, made into an array of real. */
#include "epochs.h"

/* IEEE half precision: the exponent is moved by a product with 2^112, which is exact. */
static inline float half_to_float(uint16_t half) {
    const uint32_t magnitude = (uint32_t)(half & 0x7fff) << 13;
    const uint32_t sign = (uint32_t)(half & 0x8000) << 16;
    float x;
    uint32_t bits;
    memcpy(&x, &magnitude, sizeof x);
    x *= 0x1p112f;
    memcpy(&bits, &x, sizeof bits);
    bits |= sign | (magnitude >= 0x0f800000 ? 0x7f800000 : 0); /* infinity and NaN stay so */
    memcpy(&x, &bits, sizeof x);
    return x;
}

#define AS_IT_IS(x) (x)

/* A loop for rows without gaps, which vectorizes, and one for any stride. */
#define WIDEN(type, convert)                                                                       \
    if (stride == sizeof(type))                                                                    \
        for (size_t j = 0; j < n; j++) {                                                           \
            type x;                                                                                \
            memcpy(&x, p + j * sizeof x, sizeof x);                                                \
            dst[j] = (real)convert(x);                                                             \
        }                                                                                          \
    else                                                                                           \
        for (size_t j = 0; j < n; j++) {                                                           \
            type x;                                                                                \
            memcpy(&x, p + (ptrdiff_t)j * stride, sizeof x);                                       \
            dst[j] = (real)convert(x);                                                             \
        }

static void widen(real *restrict dst, const char *restrict p, ptrdiff_t stride, size_t n,
                  fo_x_dtype dtype) {
    switch (dtype) {
    case FO_X_FLOAT32:
        WIDEN(float, AS_IT_IS)
        break;
    case FO_X_FLOAT64:
        WIDEN(double, AS_IT_IS)
        break;
    case FO_X_FLOAT16:
        WIDEN(uint16_t, half_to_float)
        break;
    case FO_X_INT8:
        WIDEN(int8_t, AS_IT_IS)
        break;
    case FO_X_UINT8:
    case FO_X_BOOL:
        WIDEN(uint8_t, AS_IT_IS)
        break;
    }
}

void K(stage)(real *restrict dst, const fo_matrix *X, size_t i) {
    if (is_direct(X))
        memcpy(dst, row_address(X, i), X->n_features * sizeof(real));
    else
        widen(dst, row_address(X, i), X->column_stride, X->n_features, X->dtype);
}

static const uint8_t SIZES[] = {[FO_X_FLOAT32] = 4, [FO_X_FLOAT64] = 8, [FO_X_FLOAT16] = 2,
                                [FO_X_UINT8] = 1,   [FO_X_INT8] = 1,    [FO_X_BOOL] = 1};

void K(stage_values)(real *restrict dst, const fo_matrix *X, size_t k, size_t n) {
    const ptrdiff_t size = SIZES[X->dtype];
    widen(dst, X->data + (ptrdiff_t)k * size, size, n, X->dtype);
}

int K(is_increasing)(const fo_matrix *X, size_t i) {
    int falls = 0;
    if (X->wide) {
        const uint64_t *start = X->indptr, *columns = X->indices;
        for (uint64_t k = start[i] + 1; k < start[i + 1]; k++)
            falls |= columns[k] <= columns[k - 1];
    } else {
        const uint32_t *start = X->indptr, *columns = X->indices;
        for (uint32_t k = start[i] + 1; k < start[i + 1]; k++)
            falls |= columns[k] <= columns[k - 1];
    }
    return !falls;
}

int K(is_within)(const fo_matrix *X, size_t i) {
    int outside = 0;
    if (X->wide) {
        const uint64_t *start = X->indptr, *columns = X->indices;
        for (uint64_t k = start[i]; k < start[i + 1]; k++)
            outside |= columns[k] >= X->n_features;
    } else {
        const uint32_t *start = X->indptr, *columns = X->indices;
        for (uint32_t k = start[i]; k < start[i + 1]; k++)
            outside |= columns[k] >= X->n_features;
    }
    return !outside;
}
