/* Records made into arrays, and back. The loops for one output vectorize, as those of the passes
   over sparse rows may not. */
#include "records.h"

/* For one output: `size` numbers, one of each array. */
SPECIALISED void unpack_one(const real *restrict records, real *const *arrays, size_t n,
                            const size_t size) {
    for (size_t s = 0; s < size; s++) {
        real *restrict to = arrays[s];
        for (size_t k = 0; k < n; k++)
            to[k] = records[k * size + s];
    }
}

SPECIALISED void pack_one(real *restrict records, real *const *arrays, size_t n,
                          const size_t size) {
    for (size_t k = 0; k < n; k++)
        for (size_t s = 0; s < size; s++)
            records[k * size + s] = arrays[s][k];
}

#define IF_ONE_OUTPUT(convert)                                                                     \
    switch (n_outputs == 1 ? size : 0) {                                                           \
    case 2:                                                                                        \
        convert(records, arrays, n, 2);                                                            \
        return;                                                                                    \
    case 3:                                                                                        \
        convert(records, arrays, n, 3);                                                            \
        return;                                                                                    \
    case 4:                                                                                        \
        convert(records, arrays, n, 4);                                                            \
        return;                                                                                    \
    case 5:                                                                                        \
        convert(records, arrays, n, 5);                                                            \
        return;                                                                                    \
    case 6:                                                                                        \
        convert(records, arrays, n, 6);                                                            \
        return;                                                                                    \
    }

void K(unpack)(const real *restrict records, record_shape shape, real *const *arrays, size_t n) {
    const size_t n_outputs = shape.n_outputs, size = record_size(shape);
    IF_ONE_OUTPUT(unpack_one)
    for (size_t k = 0; k < n; k++, records += size) {
        for (size_t s = 0; s < shape.arrays; s++)
            memcpy(arrays[s] + k * n_outputs, records + s * n_outputs, n_outputs * sizeof(real));
        for (size_t s = 0; s < shape.singles; s++)
            arrays[shape.arrays + s][k] = records[shape.arrays * n_outputs + s];
    }
}

void K(pack)(real *restrict records, record_shape shape, real *const *arrays, size_t n) {
    const size_t n_outputs = shape.n_outputs, size = record_size(shape);
    IF_ONE_OUTPUT(pack_one)
    for (size_t k = 0; k < n; k++, records += size) {
        for (size_t s = 0; s < shape.arrays; s++)
            memcpy(records + s * n_outputs, arrays[s] + k * n_outputs, n_outputs * sizeof(real));
        for (size_t s = 0; s < shape.singles; s++)
            records[shape.arrays * n_outputs + s] = arrays[shape.arrays + s][k];
    }
}
