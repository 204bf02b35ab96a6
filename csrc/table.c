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

/* Beyond the caches a step is bound by memory: ask for the lines of every array some blocks before
   the rule comes to them. */
enum { BEYOND_CACHES = 1 << 20, BLOCK = 256, AHEAD = 1024 };

static void prefetch(const real *block) {
    for (size_t i = 0; i < BLOCK; i += LANES)
        __builtin_prefetch(block + AHEAD + i);
}

static void step(int optimizer, void *w, const void *g, void *const *state, const double *hyper,
                 size_t n) {
    optimizer_step *const rule = K(optimizers)[optimizer];
    real *arrays[FO_MAX_STATES];
    memcpy(arrays, state, sizeof arrays);
    size_t done = 0;
    if (n > BEYOND_CACHES) {
        for (; done + AHEAD + BLOCK <= n; done += BLOCK) {
            prefetch((real *)w + done);
            prefetch((const real *)g + done);
            for (size_t s = 0; s < FO_MAX_STATES && arrays[s]; s++)
                prefetch(arrays[s]);
            rule((real *)w + done, (const real *)g + done, arrays, hyper, BLOCK);
            for (size_t s = 0; s < FO_MAX_STATES && arrays[s]; s++)
                arrays[s] += BLOCK;
        }
    }
    rule((real *)w + done, (const real *)g + done, arrays, hyper, n - done);
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
