/* kernels.def made into the table of one (ISA, dtype): the only place where void pointers become
   arrays of real. */
#include "cluster/cluster.h"

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

static void slopes(int loss, const void *z, const void *y, const double *hyper, void *out, size_t n,
                   size_t n_classes) {
    const loss_functions *f = K(losses)[loss];
    real h[FO_MAX_HYPERS];
    to_real(hyper, h);
    if (f->slopes)
        f->slopes(z, y, h, out, n);
    else
        for (size_t i = 0; i < n; i++)
            f->joint_slopes((const real *)z + i * n_classes, (size_t)((const real *)y)[i],
                            (real *)out + i * n_classes, n_classes);
}

static void values(int loss, const void *z, const void *y, const double *hyper, void *out, size_t n,
                   size_t n_classes) {
    const loss_functions *f = K(losses)[loss];
    real h[FO_MAX_HYPERS];
    to_real(hyper, h);
    if (f->values)
        f->values(z, y, h, out, n);
    else
        for (size_t i = 0; i < n; i++)
            ((real *)out)[i] = f->joint_value((const real *)z + i * n_classes,
                                              (size_t)((const real *)y)[i], n_classes);
}

extern const fo_kernels K(kernels);
const fo_kernels K(kernels) = {step,
                               slopes,
                               values,
                               K(work_size),
                               K(steps_all),
                               K(run),
                               K(settle),
                               K(score),
                               K(distance),
                               K(clusters_work_size),
                               K(clusters_run),
                               K(clusters_distances),
                               K(clusters_assign)};
