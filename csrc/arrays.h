/* What is done to whole arrays beside the updates. */
#ifndef FO_ARRAYS_H
#define FO_ARRAYS_H

#include "kernel.h"

/* What fo_kernels promises of arrays. */
double K(squares)(const void *a, size_t n);
void K(lerp)(void *a, const void *b, double weight, size_t n);

#endif
