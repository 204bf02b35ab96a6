/* The door of the C library: what Cython sees. Arrays are void pointers to float32 or float64;
   which of the two, and for which ISA, is the choice of a table of kernels. */
#ifndef FASTOPT_H
#define FASTOPT_H

#include <stddef.h>
#include <stdint.h>

enum { FO_MAX_STATES = 4, FO_MAX_HYPERS = 16 };

typedef enum { FO_FLOAT32, FO_FLOAT64 } fo_real;
typedef enum {
    FO_X_FLOAT32,
    FO_X_FLOAT64,
    FO_X_FLOAT16,
    FO_X_UINT8,
    FO_X_INT8,
    FO_X_BOOL
} fo_x_dtype;

/* A dense matrix as it lies in memory: strides in bytes, of any size and sign. */
typedef struct {
    const char *data;
    ptrdiff_t row_stride, column_stride;
    size_t n_features;
    fo_x_dtype dtype;
} fo_matrix;

/* One pass over n_samples rows of X: rows[0], rows[1], ... or, if rows is NULL, those from
   first_row on. Update k = 0, 1, ... uses hyper + k * hyper_stride; a stride of 0 keeps one row of
   numbers for all. */
typedef struct {
    fo_matrix X;
    const void *y;             /* target of each row of X */
    const void *sample_weight; /* weight of each row of X, or NULL */
    const uint32_t *rows;
    size_t first_row, n_samples, batch_size;
    int loss, optimizer;
    const double *loss_hyper; /* FO_MAX_HYPERS numbers */
    const double *hyper;      /* n_hypers numbers for each update */
    size_t n_hypers, hyper_stride;
    void *w, *intercept; /* n_features weights; one number, or NULL */
    void *w_state[FO_MAX_STATES], *intercept_state[FO_MAX_STATES];
    void *z;      /* out: the prediction for each sample, made before its update */
    void *target; /* out: the target of each sample */
    void *work;   /* fo_kernels.work_size bytes, 64-byte aligned */
} fo_pass;

/* All kernels for one (ISA, dtype). */
typedef struct {
    void (*step)(int optimizer, void *w, const void *g, void *const *state, const double *hyper,
                 size_t n);
    void (*slopes)(int loss, const void *z, const void *y, const double *hyper, void *out,
                   size_t n);
    void (*values)(int loss, const void *z, const void *y, const double *hyper, void *out,
                   size_t n);
    size_t (*work_size)(const fo_pass *pass);
    /* Makes the pass; returns n_samples, or the first sample whose prediction is not finite. */
    size_t (*run)(const fo_pass *pass);
    /* The sum of weight * loss of the predictions that the pass left in z. */
    double (*loss_sum)(const fo_pass *pass);
} fo_kernels;

typedef struct {
    const char *name, *states, *hypers;
} fo_optimizer;

typedef struct {
    const char *name, *task, *hypers;
} fo_loss;

typedef struct {
    const char *name;
    int supported;                /* by this CPU */
    const fo_kernels *kernels[2]; /* by fo_real */
} fo_isa;

extern const fo_optimizer fo_optimizers[];
extern const fo_loss fo_losses[];
extern const size_t fo_n_optimizers, fo_n_losses;

/* The ISAs that were built, best first; fo_detect fills in what the CPU can run. */
extern fo_isa fo_isas[];
extern const size_t fo_n_isas;
void fo_detect(void);
extern const char fo_compiler[];
void fo_sigmoid_init(void); /* before any kernel runs */

/* The order of the rows in an epoch: a uniform permutation of 0 .. n-1 from (seed, epoch) alone. */
void fo_permutation(uint32_t *order, size_t n, uint64_t seed, uint64_t epoch);

/* For rates: out = x**p for 0 <= x and 0 <= p, base**k for 0 <= base and whole 0 <= k, and
   sin(pi/2 x) for 0 <= x <= 1; finite numbers, x not subnormal. They underflow to 0 and overflow to
   inf. */
void fo_power(const double *x, double p, double *out, size_t n);
void fo_powers(double base, const double *k, double *out, size_t n);
void fo_quarter_sine(const double *x, double *out, size_t n);

#endif
