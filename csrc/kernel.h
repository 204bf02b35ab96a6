/* What every kernel includes. A kernel is compiled once for each (ISA, dtype); real, LANES and
   K(name) stand for that pair: K(adam) is fo_adam_f32_v3 in the float32 build for AVX2. */
#ifndef FO_KERNEL_H
#define FO_KERNEL_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "fastopt.h"

#if defined(FO_F32)
typedef float real;
#define FO_DTYPE f32
#define SQRT __builtin_sqrtf
#define FABS __builtin_fabsf
#define COPYSIGN __builtin_copysignf
#elif defined(FO_F64)
typedef double real;
#define FO_DTYPE f64
#define SQRT __builtin_sqrt
#define FABS __builtin_fabs
#define COPYSIGN __builtin_copysign
#else
#error "compile with -DFO_F32 or -DFO_F64"
#endif

#define FO_PASTE_(name, dtype, isa) fo_##name##_##dtype##_##isa
#define FO_PASTE(name, dtype, isa) FO_PASTE_(name, dtype, isa)
#define K(name) FO_PASTE(name, FO_DTYPE, FO_ISA)

/* Sums run over LANES partial sums in every build, whatever the width of a register, so that
   their order, and with it every bit of the result, is the same on every ISA. */
#define LANES (64 / sizeof(real))

#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define SQUARE(x) ((x) * (x))
/* In these NaN stays NaN; the sign of a zero is this zero. */
#define SIGN(x) (FABS(x) > 0 ? COPYSIGN((real)1, x) : (x))
#define CLAMP(x, low, high) MIN(high, MAX(low, x))

/* A slope that has no bound of its own is clipped, as scikit-learn's is: an outlier may throw the
   weights far, but not to infinity. */
#define CLIPPED(slope) CLAMP(slope, (real) - 1e12, (real)1e12)

/* One update of n parameters in place: w from its gradient g, with the rule's state arrays and
   hyper-parameters as kernels.def names them. */
typedef void optimizer_step(real *restrict w, const real *restrict g, real *const *state,
                            const double *hyper, size_t n);

/* What comes before the steps of a rule that takes sums over all parameters. `sums` adds to sums[]
   those of n parameters; it may change state arrays that the step only reads. `numbers` changes the
   hyper-parameters of this step by the sums and by the memory, which the rule keeps from one step
   to the next. A rule that has a memory alone leaves sums NULL. */
typedef struct {
    void (*sums)(const real *restrict w, const real *restrict g, real *const *state,
                 const double *hyper, const double *memory, size_t n, double *sums);
    void (*numbers)(double *memory, const double *sums, double *hyper);
} global_rule;

/* sgd_l1 without gradients: takes what is due off n weights v, of which q was taken off before. */
void K(sgd_l1_take)(real *restrict v, real *restrict q, real l1_sum, size_t n);

/* adagrad_composite without gradients: pulls n columns of n_outputs weights each by what they have
   missed, the sums of lr l2 and of l1 over all updates, less those until a column's last pull. */
void K(adagrad_pull)(real *restrict w, const real *restrict v, double l2_sum,
                     const real *restrict l2_until, double l1_sum, const real *restrict l1_until,
                     const double *hyper, size_t n, size_t n_outputs);

/* A function of which each call stands apart, with its constant arguments put in. */
#define SPECIALISED static inline __attribute__((always_inline))

/* RULE(name) { body }: the rule with this body, which stands twice, with and without the threshold
   of the L1 penalty. The body writes SHRUNK(w, threshold) for what a step makes of a weight. */
#define RULE_ARGUMENTS                                                                             \
    real *restrict w, const real *restrict g, real *const *state, const double *hyper, size_t n
#define RULE(name)                                                                                 \
    static inline __attribute__((always_inline)) void name##_rule(RULE_ARGUMENTS,                  \
                                                                  const int l1_on);                \
    void K(name)(RULE_ARGUMENTS) {                                                                 \
        if (hyper[3] != 0)                                                                         \
            name##_rule(w, g, state, hyper, n, 1);                                                 \
        else                                                                                       \
            name##_rule(w, g, state, hyper, n, 0);                                                 \
    }                                                                                              \
    SPECIALISED void name##_rule(RULE_ARGUMENTS, const int l1_on)
#define SHRUNK(x, threshold) (l1_on ? shrunk(x, threshold) : (x))

/* x moved towards 0 by so much, where it stops (Daubechies, Defrise & De Mol 2004). */
static inline real shrunk(real x, real threshold) { return x - CLAMP(x, -threshold, threshold); }

/* Makes the row of the table of global rules from the two functions sums and numbers of a file. */
#define EXPORT_GLOBAL(name) const global_rule K(name##_global) = {sums, numbers};

/* A loss at prediction z and target y, with hyper-parameters h: its value, and its slope
   d value / dz, for one sample and for n of them. A joint loss is one of the predictions of all
   classes for a sample, with y its class; it has the last two functions alone. */
typedef struct {
    real (*slope)(real z, real y, const real *h);
    void (*slopes)(const real *z, const real *y, const real *h, real *out, size_t n);
    void (*values)(const real *z, const real *y, const real *h, real *out, size_t n);
    void (*joint_slopes)(const real *z, size_t y, real *out, size_t n_classes);
    real (*joint_value)(const real *z, size_t y, size_t n_classes);
} loss_functions;

/* Makes the row of the loss table from the two functions value and slope of a file. */
#define EXPORT_LOSS(name)                                                                          \
    static real slope_of_one(real z, real y, const real *h) { return slope(z, y, h); }             \
    static void slopes(const real *z, const real *y, const real *h, real *out, size_t n) {         \
        for (size_t i = 0; i < n; i++)                                                             \
            out[i] = slope(z[i], y[i], h);                                                         \
    }                                                                                              \
    static void values(const real *z, const real *y, const real *h, real *out, size_t n) {         \
        for (size_t i = 0; i < n; i++)                                                             \
            out[i] = value(z[i], y[i], h);                                                         \
    }                                                                                              \
    const loss_functions K(name) = {.slope = slope_of_one, .slopes = slopes, .values = values};

/* The same for a joint loss. */
#define EXPORT_JOINT_LOSS(name)                                                                    \
    const loss_functions K(name) = {.joint_slopes = slopes, .joint_value = value};

#endif
