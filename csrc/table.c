/* kernels.def made into the table of one (ISA, dtype): the only place where void pointers become
   arrays of real. */
#include "arrays.h"
#include "cluster/cluster.h"

#define LOSS(...)
#define OPTIMIZER(name, states, hypers) optimizer_step K(name);
#define GLOBAL_OPTIMIZER(name, states, hypers, memory)                                             \
    optimizer_step K(name);                                                                        \
    extern const global_rule K(name##_global);
#include "kernels.def"
#undef OPTIMIZER
#undef GLOBAL_OPTIMIZER
#define OPTIMIZER(name, states, hypers) K(name),
#define GLOBAL_OPTIMIZER(name, states, hypers, memory) K(name),
optimizer_step *const K(optimizers)[] = {
#include "kernels.def"
};
#undef OPTIMIZER
#undef GLOBAL_OPTIMIZER
#define OPTIMIZER(...) NULL,
#define GLOBAL_OPTIMIZER(name, states, hypers, memory) &K(name##_global),
const global_rule *const K(global_rules)[] = {
#include "kernels.def"
};
#undef OPTIMIZER
#undef GLOBAL_OPTIMIZER
#undef LOSS

#define OPTIMIZER(...)
#define GLOBAL_OPTIMIZER(...)
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

static void sums(int optimizer, const void *w, const void *g, void *const *state,
                 const double *hyper, const double *memory, size_t n, double *sums) {
    real *arrays[FO_MAX_STATES];
    memcpy(arrays, state, sizeof arrays);
    if (K(global_rules)[optimizer]->sums)
        K(global_rules)[optimizer]->sums(w, g, arrays, hyper, memory, n, sums);
}

static void numbers(int optimizer, double *memory, const double *sums, double *hyper) {
    K(global_rules)[optimizer]->numbers(memory, sums, hyper);
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
                               sums,
                               numbers,
                               slopes,
                               values,
                               K(work_size),
                               K(steps_all),
                               K(run),
                               K(settle),
                               K(score),
                               K(distance),
                               K(squares),
                               K(lerp),
                               K(clusters_work_size),
                               K(clusters_run),
                               K(clusters_distances),
                               K(clusters_assign)};
