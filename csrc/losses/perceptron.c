/* Perceptron loss: max(0, -y z) (Rosenblatt 1958; scikit-learn: Hinge with threshold 0). */
#include "kernel.h"

static inline real value(real z, real y, const real *h) { return MAX(0, -y * z); }

static inline real slope(real z, real y, const real *h) { return y * z <= 0 ? -y : 0; }

EXPORT_LOSS(perceptron)
