/* The door of the C library: what Cython sees. Arrays are void pointers to float32 or float64;
   which of the two, and for which ISA, is the choice of a table of kernels. */
#ifndef FASTOPT_H
#define FASTOPT_H

#include <stddef.h>
#include <stdint.h>

enum { FO_MAX_STATES = 5, FO_MAX_HYPERS = 16, FO_MAX_MEMORY = 4, FO_MAX_SUMS = 4 };

typedef enum { FO_FLOAT32, FO_FLOAT64 } fo_real;
typedef enum {
    FO_X_FLOAT32,
    FO_X_FLOAT64,
    FO_X_FLOAT16,
    FO_X_UINT8,
    FO_X_INT8,
    FO_X_BOOL
} fo_x_dtype;

/* Rows of numbers. Dense, as they lie in memory: strides in bytes, of any size and sign. Or
   compressed sparse rows (CSR), if indptr is there: row i holds the values data[k] in the columns
   indices[k], for indptr[i] <= k < indptr[i + 1]. */
typedef struct {
    const char *data;
    ptrdiff_t row_stride, column_stride;
    const void *indptr, *indices;
    int wide;    /* indptr and indices are int64 instead of int32 */
    int trusted; /* indices are known to be below n_features */
    size_t most; /* entries in the fullest row */
    size_t n_features;
    fo_x_dtype dtype;
} fo_matrix;

/* What output k learns: y[i * n_outputs + k] for row i; or +1 for the rows of class k and -1 for
   all others, where y[i] is the index of the class. */
typedef enum { FO_VALUES, FO_CLASSES } fo_targets;

/* How a sample's slope comes of its loss: as it is; or such that the step is the passive-aggressive
   one, of variant 1 or 2 (Crammer et al. 2006). */
typedef enum { FO_GRADIENT, FO_PA1, FO_PA2 } fo_step;

/* Passes over n_samples rows of X: rows[0], rows[1], ... or, if rows is NULL, those from
   first_row on. Update k = 0, 1, ... uses hyper + k * hyper_stride; a stride of 0 keeps one row of
   numbers for all. The weights are n_outputs x n_features for dense X, n_features x n_outputs for
   sparse X, followed by room for 64 bytes more. */
typedef struct {
    fo_matrix X;
    const void *y;
    fo_targets targets;
    const void *sample_weight;   /* weight of each row of X, or NULL */
    const void *positive_weight; /* FO_CLASSES: weight of the rows of an output's class, or NULL */
    const uint32_t *rows;
    size_t first_row, n_samples, batch_size, n_outputs;
    int loss, optimizer;
    fo_step step;
    const double *loss_hyper; /* FO_MAX_HYPERS numbers */
    const double *hyper;      /* n_hypers numbers for each update */
    size_t n_hypers, hyper_stride;
    void *w, *intercept; /* intercept: n_outputs numbers, or NULL */
    void *w_state[FO_MAX_STATES], *intercept_state[FO_MAX_STATES];
    double *memory;        /* what a rule that takes sums keeps, or NULL */
    int wants_loss;        /* whether it begins with the loss of each batch */
    int l1;                /* whether l1 of the hyper-parameters may be other than 0 */
    double low, high;      /* what each weight is kept in */
    double intercept_pull; /* a constant part of the gradient of each intercept */
    int touched_only; /* sparse: an update changes the weights of the entries of its rows alone */
    void *average, *intercept_average; /* mean of the weights after each update, or NULL */
    size_t n_averaged, before_average; /* updates in it, and to come before it begins */
    /* What is kept back from run to run, until `settle`: w = scale v, and sums over the updates. */
    int open;
    double scale, l1_sum, l2_sum, scale_sum;
    size_t n_summed;
    void *z;      /* out: the predictions for each sample, made before its update */
    void *target; /* out: the target of each sample, if there is one output of FO_VALUES */
    void *work;   /* fo_kernels.work_size bytes, 64-byte aligned */
} fo_pass;

/* How a run of mini-batches ends: there are more to come; the centers have converged; the counts of
   some centers are so low that they are to be set anew. */
typedef enum { FO_GOES_ON, FO_CONVERGED, FO_REASSIGN } fo_end;

/* Rows of X, and the centers of the clusters that they are in. Sample t of an epoch of n_samples is
   row rows[t], or row t if rows is NULL. */
typedef struct {
    fo_matrix X;
    const void *sample_weight; /* weight of each row of X, or NULL */
    const uint32_t *rows;
    size_t n_samples, batch_size, n_clusters;
    void *centers;   /* n_clusters x n_features */
    double *counts;  /* the weight of the rows of which each center is the mean */
    int32_t *labels; /* the cluster of each sample, or NULL */
    int full;        /* Lloyd's algorithm: a batch is the epoch, and its rows alone count */
    /* A count is low below this share of the highest; it is seen to after so many samples, or at
       once if a center has none. */
    double reassignment_ratio;
    size_t reassign_every, since_reassign;
    /* The end: for so many batches the smoothed inertia has not fallen below its least, or the
       centers have moved by no more than the square root of tol. */
    size_t max_no_improvement, no_improvement, n_steps;
    size_t n_smoothed; /* samples that the inertia is smoothed over: an epoch */
    double tol, inertia, least_inertia;
    /* The batch in hand: its samples so far, those whose label is another than before, the weight
       that it adds to each center, and the sums of weights and of weight * squared distance. */
    size_t n_taken, n_changed;
    double *added;
    double batch_weight, batch_inertia;
    void *work; /* fo_kernels.clusters_work_size bytes, 64-byte aligned, 0 at first */
} fo_clusters;

/* All kernels for one (ISA, dtype). */
typedef struct {
    void (*step)(int optimizer, void *w, const void *g, void *const *state, const double *hyper,
                 size_t n);
    /* What comes before the steps of a rule that takes sums over all parameters: `sums` adds those
       of n of them to FO_MAX_SUMS numbers, and `numbers` makes the step's hyper-parameters of them.
     */
    void (*sums)(int optimizer, const void *w, const void *g, void *const *state,
                 const double *hyper, const double *memory, size_t n, double *sums);
    void (*numbers)(int optimizer, double *memory, const double *sums, double *hyper);
    /* For n predictions, or, of a joint loss, for those of n samples with n_classes each. */
    void (*slopes)(int loss, const void *z, const void *y, const double *hyper, void *out, size_t n,
                   size_t n_classes);
    void (*values)(int loss, const void *z, const void *y, const double *hyper, void *out, size_t n,
                   size_t n_classes);
    size_t (*work_size)(const fo_pass *pass);
    /* Whether an update costs a step of all weights, and not only of those of its entries. */
    int (*steps_all)(const fo_pass *pass);
    /* Makes the pass; returns n_samples, or the first sample whose prediction is not finite. */
    size_t (*run)(fo_pass *pass);
    /* Gives w and average what the runs have kept back. */
    void (*settle)(fo_pass *pass);
    /* The sum of weight * loss of the predictions that the last run left in z; to *right, the sum
       of the weights of the samples whose class they tell. */
    double (*score)(const fo_pass *pass, double *right);
    /* The Euclidean distance of n numbers from n others; not finite if one of them is not. */
    double (*distance)(const void *a, const void *b, size_t n);
    /* The sum of the squares of n numbers; not finite if one of them is not. */
    double (*squares)(const void *a, size_t n);
    /* a += weight * (b - a), for n numbers of each. */
    void (*lerp)(void *a, const void *b, double weight, size_t n);
    size_t (*clusters_work_size)(const fo_clusters *clusters);
    /* Moves the centers by the mini-batches of the samples from *t on, to `end`, or to the end of
       the first batch that is told of; sets *t to it. */
    fo_end (*clusters_run)(fo_clusters *clusters, size_t *t, size_t end);
    /* The squared distance of n samples, from the first on, from each center: n x n_clusters. */
    void (*clusters_distances)(fo_clusters *clusters, size_t first, size_t n, void *out);
    /* Writes the nearest center of each to labels[first], ...; returns the sum of weight * squared
       distance. */
    double (*clusters_assign)(fo_clusters *clusters, size_t first, size_t n);
} fo_kernels;

typedef struct {
    const char *name, *states, *hypers, *memory;
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

/* What is wrong with a row of svmlight's text. */
typedef enum {
    FO_GOOD,
    FO_BAD_LABEL,    /* no finite number */
    FO_BAD_LABELS,   /* several of them */
    FO_BAD_QID,      /* no integer behind "qid:" */
    FO_BAD_NO_QID,   /* rows before have one */
    FO_BAD_QID_HERE, /* rows before have none */
    FO_BAD_ENTRY,    /* no <index>:<value> */
    FO_BAD_INDEX,    /* out of bounds */
    FO_BAD_ORDER,    /* not above the one before it, or too low for a first one */
    FO_BAD_VALUE     /* no finite number, or too large for float32 */
} fo_bad;

/* Text in svmlight's format, and the rows that it is to become: labels, and the entries as
   compressed sparse rows. There is room for a row for each line, and for an entry for each ':'. */
typedef struct {
    const char *text; /* n_bytes of it; the last one is a newline, or a byte of 0 is behind it */
    size_t n_bytes;
    fo_real real;
    int64_t least_index, most_index; /* column 0, and the last that may be */
    int skip;                        /* what to do with a bad row: leave it out, or stop */
    int has_qid;                     /* whether rows have one; -1: as the first of them */
    void *data, *indptr;
    int32_t *indices;
    int wide; /* indptr is int64 instead of int32 */
    double *labels;
    int64_t *qid;
    /* What came of it: the last column is n_features - 1. */
    size_t n_rows, n_entries, n_bad;
    int64_t n_features;
    /* The bytes that are bad, where it stops, and the index before them, or least_index - 1. */
    size_t bad_at, bad_size;
    int64_t bad_previous;
} fo_svmlight;

fo_bad fo_parse_svmlight(fo_svmlight *text);
size_t fo_count(const char *text, size_t n, char wanted);
void fo_numbers_init(void); /* before any text is parsed */

/* For rates: out = x**p for 0 <= x and 0 <= p, base**k for 0 <= base and whole 0 <= k, and
   sin(pi/2 x) for 0 <= x <= 1; finite numbers, x not subnormal. They underflow to 0 and overflow to
   inf. */
void fo_power(const double *x, double p, double *out, size_t n);
void fo_powers(double base, const double *k, double *out, size_t n);
void fo_quarter_sine(const double *x, double *out, size_t n);

#endif
