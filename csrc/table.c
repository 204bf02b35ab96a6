/* kernels.def made into the table of one (ISA, dtype): the only place where void pointers become
   arrays of real. */
#include "epochs/epochs.h"

#define LOSS(...)
#define OPTIMIZER(name, states, hypers) optimizer_step K(name);
#include "kernels.def"
#undef OPTIMIZER
#define OPTIMIZER(name, states, hypers) K(name),
optimizer_step *const K(optimizers)[] = {
#include "kernels.def"
};
#undef OPTIMIZER
#undef LOSS

#define OPTIMIZER(...)
#define LOSS(name, task, hypers) extern const loss_functions K(name);
#include "kernels.def"
#undef LOSS
#define LOSS(name, task, hypers) &K(name),
const loss_functions *const K(losses)[] = {
#include "kernels.def"
};

static void step(int optimizer, void *w, const void *g, void *const *state, const double *hyper,
                 size_t n) {
    real *arrays[FO_MAX_STATES];
    memcpy(arrays, state, sizeof arrays);
    K(optimizers)[optimizer](w, g, arrays, hyper, n);
}

static void slopes(int loss, const void *z, const void *y, const double *hyper, void *out,
                   size_t n) {
    real h[FO_MAX_HYPERS];
    to_real(hyper, h);
    K(losses)[loss]->slopes(z, y, h, out, n);
}

static void values(int loss, const void *z, const void *y, const double *hyper, void *out,
                   size_t n) {
    real h[FO_MAX_HYPERS];
    to_real(hyper, h);
    K(losses)[loss]->values(z, y, h, out, n);
}

extern const fo_kernels K(kernels);
const fo_kernels K(kernels) = {step, slopes, values, K(work_size), K(run), K(loss_sum)};
