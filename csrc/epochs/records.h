/* Records, and the arrays that rules want instead. */
#ifndef FO_RECORDS_H
#define FO_RECORDS_H

#include "epochs.h"

/* What belongs to a feature lies together in a record: n_outputs numbers of each of some arrays,
   one array after the other, then a number of each of some more. `unpack` gives the arrays of n
   records, one after the other, and `pack` the records. */
typedef struct {
    size_t n_outputs, arrays, singles;
} record_shape;

static inline size_t record_size(record_shape shape) {
    return shape.n_outputs * shape.arrays + shape.singles;
}

void K(unpack)(const real *restrict records, record_shape shape, real *const *arrays, size_t n);
void K(pack)(real *restrict records, record_shape shape, real *const *arrays, size_t n);

#endif
