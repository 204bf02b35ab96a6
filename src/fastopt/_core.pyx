# cython: language_level=3, boundscheck=False, wraparound=False, freethreading_compatible=True
# cython: auto_pickle=False, autotestdict=False
"""The only door to C: it checks what it is given, releases the GIL and calls.

No unit is named here: optimizers and losses come from the table of the C library.
"""
import os
from numbers import Real

import numpy as np

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.exc cimport PyErr_CheckSignals
from cpython.object cimport PyObject
from libc.math cimport isfinite, sqrt
from libc.stdint cimport INT32_MAX, int32_t, int64_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy, memset
cimport numpy as cnp

cnp.import_array()


cdef extern from "fastopt.h":
    enum:
        FO_MAX_STATES, FO_MAX_HYPERS, FO_MAX_MEMORY, FO_MAX_SUMS
    ctypedef enum fo_real:
        FO_FLOAT32, FO_FLOAT64
    ctypedef enum fo_x_dtype:
        FO_X_FLOAT32, FO_X_FLOAT64, FO_X_FLOAT16, FO_X_UINT8, FO_X_INT8, FO_X_BOOL

    ctypedef enum fo_targets:
        FO_VALUES, FO_CLASSES
    ctypedef enum fo_step:
        FO_GRADIENT, FO_PA1, FO_PA2

    ctypedef struct fo_matrix:
        const char *data
        Py_ssize_t row_stride, column_stride
        const void *indptr
        const void *indices
        int wide, trusted
        size_t most, n_features
        fo_x_dtype dtype

    ctypedef struct fo_pass:
        fo_matrix X
        const void *y
        fo_targets targets
        const void *sample_weight
        const void *positive_weight
        const uint32_t *rows
        size_t first_row, n_samples, batch_size, n_outputs
        int loss, optimizer
        fo_step step
        const double *loss_hyper
        const double *hyper
        size_t n_hypers, hyper_stride
        void *w
        void *intercept
        void **w_state
        void **intercept_state
        double *memory
        int wants_loss
        int l1
        double low, high, intercept_pull
        int touched_only
        void *average
        void *intercept_average
        size_t n_averaged, before_average
        int open
        void *z
        void *target
        void *work

    ctypedef enum fo_end:
        FO_GOES_ON, FO_CONVERGED, FO_REASSIGN

    ctypedef struct fo_clusters:
        fo_matrix X
        const void *sample_weight
        const uint32_t *rows
        size_t n_samples, batch_size, n_clusters
        void *centers
        double *counts
        int32_t *labels
        int full
        double reassignment_ratio
        size_t reassign_every, since_reassign
        size_t max_no_improvement, no_improvement, n_steps, n_smoothed
        double tol, inertia, least_inertia
        double *added
        void *work

    ctypedef struct fo_kernels:
        void (*step)(int, void *, const void *, void **, const double *, size_t) nogil
        void (*sums)(int, const void *, const void *, void **, const double *, const double *,
                     size_t, double *) nogil
        void (*numbers)(int, double *, const double *, double *) nogil
        void (*slopes)(int, const void *, const void *, const double *, void *, size_t,
                       size_t) nogil
        void (*values)(int, const void *, const void *, const double *, void *, size_t,
                       size_t) nogil
        size_t (*work_size)(const fo_pass *) nogil
        int (*steps_all)(const fo_pass *) nogil
        size_t (*run)(fo_pass *) nogil
        void (*settle)(fo_pass *) nogil
        double (*score)(const fo_pass *, double *) nogil
        double (*distance)(const void *, const void *, size_t) nogil
        double (*squares)(const void *, size_t) nogil
        void (*lerp)(void *, const void *, double, size_t) nogil
        size_t (*clusters_work_size)(const fo_clusters *) nogil
        fo_end (*clusters_run)(fo_clusters *, size_t *, size_t) nogil
        void (*clusters_distances)(fo_clusters *, size_t, size_t, void *) nogil
        double (*clusters_assign)(fo_clusters *, size_t, size_t) nogil

    ctypedef struct fo_optimizer:
        const char *name
        const char *states
        const char *hypers
        const char *memory

    ctypedef struct fo_loss:
        const char *name
        const char *task
        const char *hypers

    ctypedef struct fo_isa:
        const char *name
        int supported
        const fo_kernels **kernels

    ctypedef enum fo_bad:
        FO_GOOD, FO_BAD_LABEL, FO_BAD_LABELS, FO_BAD_QID, FO_BAD_NO_QID, FO_BAD_QID_HERE
        FO_BAD_ENTRY, FO_BAD_INDEX, FO_BAD_ORDER, FO_BAD_VALUE

    ctypedef struct fo_svmlight:
        const char *text
        size_t n_bytes
        fo_real real
        int64_t least_index, most_index
        int skip, has_qid
        void *data
        void *indptr
        int32_t *indices
        int wide
        double *labels
        int64_t *qid
        size_t n_rows, n_entries, n_bad
        int64_t n_features
        size_t bad_at, bad_size
        int64_t bad_previous

    const fo_optimizer fo_optimizers[]
    const fo_loss fo_losses[]
    const size_t fo_n_optimizers, fo_n_losses, fo_n_isas
    fo_isa fo_isas[]
    const char fo_compiler[]
    void fo_detect()
    void fo_sigmoid_init()
    fo_bad fo_parse_svmlight(fo_svmlight *) nogil
    size_t fo_count(const char *, size_t, char) nogil
    void fo_numbers_init()
    void fo_permutation(uint32_t *, size_t, uint64_t, uint64_t) nogil
    void fo_power(const double *, double, double *, size_t) nogil
    void fo_powers(double, const double *, double *, size_t) nogil
    void fo_quarter_sine(const double *, double *, size_t) nogil


# --- What there is ------------------------------------------------------------------------------

fo_detect()
fo_sigmoid_init()
fo_numbers_init()

COMPILER = fo_compiler.decode()
ISAS = {fo_isas[i].name.decode(): bool(fo_isas[i].supported) for i in range(fo_n_isas)}
OPTIMIZERS = {
    fo_optimizers[i].name.decode(): (
        tuple(fo_optimizers[i].states.decode().split()),
        tuple(fo_optimizers[i].hypers.decode().split()),
        tuple(fo_optimizers[i].memory.decode().split()),
    )
    for i in range(fo_n_optimizers)
}
LOSSES = {
    fo_losses[i].name.decode(): (
        fo_losses[i].task.decode(),
        tuple(fo_losses[i].hypers.decode().split()),
    )
    for i in range(fo_n_losses)
}
cdef dict _optimizer_index = {name: i for i, name in enumerate(OPTIMIZERS)}
cdef dict _loss_index = {name: i for i, name in enumerate(LOSSES)}
cdef dict _x_dtypes = {
    "f4": FO_X_FLOAT32, "f8": FO_X_FLOAT64, "f2": FO_X_FLOAT16,
    "u1": FO_X_UINT8, "i1": FO_X_INT8, "b1": FO_X_BOOL,
}
cdef const fo_isa *active = NULL


def use_isa(name):
    """Run the kernels of this ISA from now on, in the whole process."""
    global active
    if not ISAS.get(name, False):
        can = ", ".join(isa for isa, supported in ISAS.items() if supported)
        raise ValueError(f"FASTOPT_ISA must be one of {can} on this CPU, got {name!r}")
    active = &fo_isas[list(ISAS).index(name)]


def isa():
    """The name of the ISA whose kernels are in use."""
    return active.name.decode()


use_isa(os.environ.get("FASTOPT_ISA") or next(name for name, can in ISAS.items() if can))


# --- Checks -------------------------------------------------------------------------------------

cdef int real_of(object array, str name) except -1:
    """Which real an array holds; it must be a C-contiguous array of one."""
    if cnp.PyArray_Check(array) and cnp.PyArray_ISCARRAY_RO(<cnp.ndarray>array):
        if cnp.PyArray_TYPE(<cnp.ndarray>array) == cnp.NPY_FLOAT:
            return FO_FLOAT32
        if cnp.PyArray_TYPE(<cnp.ndarray>array) == cnp.NPY_DOUBLE:
            return FO_FLOAT64
    if not isinstance(array, np.ndarray):
        raise TypeError(f"{name} must be a NumPy array, got {type(array).__name__}")
    if array.dtype not in (np.float32, np.float64):
        raise TypeError(f"{name} must be float32 or float64, got {array.dtype}")
    raise ValueError(f"{name} must be C-contiguous; use np.ascontiguousarray")


cdef void *pointer(object array, int real, Py_ssize_t size, str name) except? NULL:
    """The data of an array that must hold just so many numbers of that real."""
    if real_of(array, name) != real:
        raise TypeError(f"{name} must be {'float32' if real == FO_FLOAT32 else 'float64'}, "
                        f"got {array.dtype}")
    if cnp.PyArray_SIZE(<cnp.ndarray>array) != size:
        raise ValueError(f"{name} must hold {size} numbers, got {array.size}")
    return cnp.PyArray_DATA(<cnp.ndarray>array)


cdef double *memory_of(object memory, str optimizer, str name) except? NULL:
    """The numbers that a rule keeps beside its arrays; NULL if it keeps none."""
    names = OPTIMIZERS[optimizer][2]
    if len(memory) != len(names):
        raise ValueError(f"{name} must hold {len(names)} numbers, got {len(memory)}")
    return <double *>pointer(memory, FO_FLOAT64, len(names), name) if names else NULL


cdef bint wants_loss(str optimizer):
    return OPTIMIZERS[optimizer][2][:1] == ("loss",)


cdef int pad_hyper(double *padded, object hyper, object names, str what) except -1:
    if len(hyper) != len(names):
        raise ValueError(f"{what} takes the hyper-parameters {' '.join(names) or 'none'}, "
                         f"got {len(hyper)} numbers")
    for i, number in enumerate(hyper):
        padded[i] = number
    return 0


cdef int check_classes(object y, Py_ssize_t n_classes) except -1:
    if y.size and not (0 <= y.min() and y.max() < n_classes and (y == np.floor(y)).all()):
        raise ValueError(f"y must hold classes 0 .. {n_classes - 1}")
    return 0


# --- Losses -------------------------------------------------------------------------------------

def _loss_batch(str name, z, y, hyper, bint slopes):
    cdef int real = real_of(z, "z"), loss = _loss_index[name]
    cdef Py_ssize_t n = z.size, n_classes = 1
    cdef double padded[FO_MAX_HYPERS]
    cdef const fo_kernels *kernels = active.kernels[real]
    if LOSSES[name][0] == "joint":
        n, n_classes = z.shape
        check_classes(y, n_classes)
    out = np.empty(z.shape if slopes or n_classes == 1 else (n,), z.dtype)
    cdef const void *zp = pointer(z, real, n * n_classes, "z")
    cdef const void *yp = pointer(y, real, n, "y")
    cdef void *op = cnp.PyArray_DATA(out)
    pad_hyper(padded, hyper, LOSSES[name][1], name)
    with nogil:
        if slopes:
            kernels.slopes(loss, zp, yp, padded, op, n, n_classes)
        else:
            kernels.values(loss, zp, yp, padded, op, n, n_classes)
    return out


def loss_values(name, z, y, hyper=()):
    """The loss at predictions z and targets y, elementwise; of a joint loss, z has a row for each
    sample and y its class."""
    return _loss_batch(name, z, y, hyper, False)


def loss_slopes(name, z, y, hyper=()):
    """d loss / dz at predictions z and targets y, of the shape of z."""
    return _loss_batch(name, z, y, hyper, True)


# --- Optimizers ---------------------------------------------------------------------------------

cdef struct parameter:
    PyObject *array  # w, which the optimizer keeps alive
    void *w
    void *state[FO_MAX_STATES]
    size_t n, n_bytes
    int real, type, group


cdef struct group:
    int optimizer
    Py_ssize_t n_hypers
    const double *hyper
    size_t hyper_stride
    double *memory
    bint wants_loss
    double sums[FO_MAX_SUMS]
    double numbers[FO_MAX_HYPERS]  # of this step, if the rule takes sums


cdef inline bint intact(parameter *p, cnp.ndarray w) noexcept:
    """Whether w, the array of p, is still as it was when it was bound."""
    return (cnp.PyArray_DATA(w) == p.w and cnp.PyArray_TYPE(w) == p.type
            and <size_t>cnp.PyArray_SIZE(w) == p.n and cnp.PyArray_ISCARRAY(w))


cdef inline bint fits(cnp.ndarray g, cnp.ndarray w) noexcept:
    """Whether g has the dtype and shape of w and is C-contiguous."""
    cdef int k
    if (cnp.PyArray_TYPE(g) != cnp.PyArray_TYPE(w) or cnp.PyArray_NDIM(g) != cnp.PyArray_NDIM(w)
            or not cnp.PyArray_ISCARRAY_RO(g)):
        return False
    for k in range(cnp.PyArray_NDIM(w)):
        if cnp.PyArray_DIM(g, k) != cnp.PyArray_DIM(w, k):
            return False
    return True


cdef double finite_loss(object loss) except? -1:
    # To ask whether a number is Real takes longer than a step of a thousand parameters.
    if not isinstance(loss, float) and (isinstance(loss, bool) or not isinstance(loss, Real)):
        raise TypeError(f"loss must be the number of which grads are the gradients, got {loss!r}")
    try:
        if isfinite(<double>loss):
            return loss
    except OverflowError:
        pass
    raise ValueError(f"loss must be finite, got {loss!r}")


cdef class Stepper:
    """Update rules bound to arrays: the part of an optimizer that runs at every step.

    A subclass calls `_bind` once, and provides `_refill`, which works out the hyper-parameters of
    the next updates and hands them over by `_provide`.
    """
    cdef parameter *parameters
    cdef group *groups
    cdef const void **gradients
    cdef parameter **by_address  # those that are not empty
    cdef char *lowest
    cdef char *highest
    cdef Py_ssize_t n_parameters, n_groups, n_addresses
    cdef tuple arrays, held  # arrays is None until all are bound
    cdef size_t total
    cdef bint busy  # a step is under way without the GIL
    cdef bint is_global  # the rule of a group takes sums
    cdef readonly bint needs_loss  # whether `step` must be given the loss
    cdef readonly long long t  # updates done
    cdef long long first, last  # the updates whose hyper-parameters are at hand
    cdef tuple watched  # (schedule, its rate when the hyper-parameters were worked out)

    def __dealloc__(self):
        free(self.parameters)
        free(self.groups)
        free(self.gradients)
        free(self.by_address)

    cdef int check_idle(self) except -1:
        if self.busy:
            raise RuntimeError("this optimizer is making a step in another thread")
        return 0

    def _bind(self, arrays, states, group_of, kernels, memories):
        """Bind arrays[i], with its list of state arrays, to the rule kernels[group_of[i]]; rule k
        keeps numbers in memories[k]."""
        cdef Py_ssize_t i, k
        cdef parameter *p
        if self.parameters != NULL:
            raise RuntimeError("this optimizer is bound already")
        arrays, states = tuple(arrays), tuple([tuple(state) for state in states])
        memories = tuple(memories)
        self.n_parameters, self.n_groups = len(arrays), len(kernels)
        self.parameters = <parameter *>calloc(max(self.n_parameters, 1), sizeof(parameter))
        self.groups = <group *>calloc(max(self.n_groups, 1), sizeof(group))
        self.gradients = <const void **>calloc(max(self.n_parameters, 1), sizeof(void *))
        self.by_address = <parameter **>calloc(max(self.n_parameters, 1), sizeof(parameter *))
        if (self.parameters == NULL or self.groups == NULL or self.gradients == NULL
                or self.by_address == NULL):
            raise MemoryError
        for k in range(self.n_groups):
            self.groups[k].optimizer = _optimizer_index[kernels[k]]
            self.groups[k].n_hypers = len(OPTIMIZERS[kernels[k]][1])
            self.groups[k].memory = memory_of(memories[k], kernels[k], f"memories[{k}]")
            self.is_global = self.is_global or self.groups[k].memory != NULL
            self.groups[k].wants_loss = wants_loss(kernels[k])
            self.needs_loss = self.needs_loss or self.groups[k].wants_loss
        for i in range(self.n_parameters):
            p = &self.parameters[i]
            p.real = real_of(arrays[i], f"params[{i}]")
            p.array = <PyObject *>arrays[i]
            p.n, p.n_bytes = arrays[i].size, arrays[i].nbytes
            p.type = cnp.PyArray_TYPE(<cnp.ndarray>arrays[i])
            p.group = group_of[i]
            p.w = pointer(arrays[i], p.real, p.n, f"params[{i}]")
            if not 0 <= p.group < self.n_groups:
                raise ValueError(f"the group of params[{i}] is {p.group} of {self.n_groups}")
            if len(states[i]) != len(OPTIMIZERS[kernels[p.group]][0]):
                raise ValueError(f"the state of params[{i}] holds {len(states[i])} arrays")
            for k in range(len(states[i])):
                p.state[k] = pointer(states[i][k], p.real, p.n, f"state of params[{i}]")
            self.total += p.n
        filled = [i for i in range(self.n_parameters) if self.parameters[i].n]
        filled.sort(key=lambda i: <size_t>self.parameters[i].w)
        self.n_addresses = len(filled)
        for k in range(self.n_addresses):
            p = self.by_address[k] = &self.parameters[<Py_ssize_t>filled[k]]
            self.lowest = <char *>self.by_address[0].w
            self.highest = max(self.highest, <char *>p.w + p.n_bytes)
        self.arrays, self.held = arrays, (states, memories, ())

    def _provide(self, hypers, long long first, long long last, watched=()):
        """Hyper-parameters of the updates first .. last: a matrix for each group, with a row for
        each update, or one row for all of them."""
        cdef const double[:, ::1] rows
        self.check_idle()
        hypers = tuple(hypers)
        if len(hypers) != self.n_groups:
            raise ValueError(f"hypers must hold {self.n_groups} matrices, got {len(hypers)}")
        if not 0 <= first <= last:
            raise ValueError(f"first and last must be 0 <= first <= last, got {first}, {last}")
        self.first, self.last = 0, 0  # none are at hand if one of the matrices is wrong
        for k in range(self.n_groups):
            rows = hypers[k]
            if (rows.shape[1] != self.groups[k].n_hypers
                    or rows.shape[0] != 1 and rows.shape[0] < last - first):
                raise ValueError(f"hypers[{k}] must have the shape ({last - first} or 1, "
                                 f"{self.groups[k].n_hypers})")
            self.groups[k].hyper = &rows[0, 0]
            self.groups[k].hyper_stride = rows.shape[1] if rows.shape[0] > 1 else 0
        self.held = (*self.held[:2], hypers)
        self.first, self.last = first, last
        self.watched = tuple(watched)

    def _rewind(self, long long t):
        """Go on as if t updates had been done."""
        self.check_idle()
        if t < 0:
            raise ValueError(f"t must not be negative, got {t}")
        self.t, self.first, self.last = t, 0, 0

    cdef object explain(self, object g, Py_ssize_t i):
        """Raise the error of a gradient that does not fit its parameter."""
        w = self.arrays[i]
        if g is None:
            raise TypeError(f"grads[{i}] is missing (None)")
        if not isinstance(g, np.ndarray):
            raise TypeError(f"grads[{i}] must be a NumPy array, got {type(g).__name__}")
        if g.dtype != w.dtype:
            raise TypeError(f"grads[{i}] must be {w.dtype} as params[{i}] is, got {g.dtype}")
        if g.shape != w.shape:
            raise ValueError(f"grads[{i}] must have the shape {w.shape} of params[{i}], "
                             f"got {g.shape}")
        raise ValueError(f"grads[{i}] must be C-contiguous; use np.ascontiguousarray")

    cdef const void *gradient(self, object g, Py_ssize_t i) except? NULL:
        """The data of g, which must fit parameter i and share no memory with any parameter."""
        cdef parameter *p = &self.parameters[i]
        cdef char *data
        cdef Py_ssize_t low = 0, high = self.n_addresses, middle
        cdef parameter *other
        if not intact(p, <cnp.ndarray>p.array):
            raise ValueError(f"params[{i}] was resized, replaced or made read-only after the "
                             "optimizer was made")
        if not cnp.PyArray_Check(g) or not fits(<cnp.ndarray>g, <cnp.ndarray>p.array):
            self.explain(g, i)
        data = <char *>cnp.PyArray_DATA(<cnp.ndarray>g)
        if data < self.highest and self.lowest < data + p.n_bytes:
            while low < high:  # for the first parameter that ends behind the start of g
                middle = (low + high) >> 1
                other = self.by_address[middle]
                if <char *>other.w + other.n_bytes <= data:
                    low = middle + 1
                else:
                    high = middle
            other = self.by_address[low]
            if <char *>other.w < data + p.n_bytes:
                raise ValueError(f"grads[{i}] shares memory with params[{other - self.parameters}]")
        return data

    cdef tuple listed(self, object grads):
        """grads as a tuple of one for each parameter."""
        cdef tuple gs
        if self.arrays is None:
            raise RuntimeError("this optimizer has no params to step; give them when it is made")
        if cnp.PyArray_Check(grads):
            gs = (grads,)
        elif isinstance(grads, (list, tuple)):
            gs = tuple(grads)  # what is held cannot be freed while the GIL is not
        else:
            raise TypeError(f"grads must be an array or a list of arrays, "
                            f"got {type(grads).__name__}")
        if len(gs) != self.n_parameters:
            raise ValueError(f"grads must hold {self.n_parameters} arrays as params does, "
                             f"got {len(gs)}")
        return gs

    def _fitting(self, grads):
        """grads as a tuple, or the error that `step` would raise of them."""
        cdef Py_ssize_t i
        cdef tuple gs = self.listed(grads)
        for i in range(self.n_parameters):
            self.gradient(gs[i], i)
        return gs

    cdef const double *hyper_of(self, group *rule) noexcept nogil:
        return rule.hyper + (self.t - self.first) * <long long>rule.hyper_stride

    cdef void take_sums(self) noexcept nogil:
        """Work out the numbers of the rules whose steps depend on sums over all parameters."""
        cdef Py_ssize_t i
        cdef parameter *p
        cdef group *rule
        for i in range(self.n_groups):
            rule = &self.groups[i]
            if rule.memory != NULL:
                memset(rule.sums, 0, sizeof(rule.sums))
        for i in range(self.n_parameters):
            p = &self.parameters[i]
            rule = &self.groups[p.group]
            if rule.memory != NULL:
                active.kernels[p.real].sums(rule.optimizer, p.w, self.gradients[i], p.state,
                                            self.hyper_of(rule), rule.memory, p.n, rule.sums)
        for i in range(self.n_groups):
            rule = &self.groups[i]
            if rule.memory != NULL:
                memcpy(rule.numbers, self.hyper_of(rule), rule.n_hypers * sizeof(double))
                active.kernels[<int>FO_FLOAT64].numbers(
                    rule.optimizer, rule.memory, rule.sums, rule.numbers)

    cdef void update(self) noexcept nogil:
        cdef Py_ssize_t i
        cdef parameter *p
        cdef group *rule
        if self.is_global:
            self.take_sums()
        for i in range(self.n_parameters):
            p = &self.parameters[i]
            rule = &self.groups[p.group]
            active.kernels[p.real].step(
                rule.optimizer, p.w, self.gradients[i], p.state,
                self.hyper_of(rule) if rule.memory == NULL else &rule.numbers[0], p.n)

    def step(self, grads, loss=None):
        """Update the parameters in place from their gradients.

        Parameters
        ----------
        grads : ndarray or sequence of ndarray
            The gradient of each parameter, in the order of `params` (of all groups, one after
            another): same shape and dtype, C-contiguous, sharing no memory with a parameter.
            One array may stand for a sequence of one.
        loss : float
            The loss of which they are the gradients, for a rule that `needs_loss`; others do
            without.

        Raises
        ------
        TypeError, ValueError
            Naming the gradient that does not fit; nothing has changed then.
        """
        cdef Py_ssize_t i
        cdef tuple gs = self.listed(grads)
        cdef double value = 0
        if self.needs_loss:
            value = finite_loss(loss)
        for schedule, rate in self.watched or ():
            if schedule.lr != rate:
                self.last = self.t
        if self.t >= self.last:
            self._refill()
            if not self.first <= self.t < self.last:
                raise RuntimeError(f"_refill has not provided update {self.t}")
        self.check_idle()
        # From here to the update no Python code runs, which could change what has been checked.
        for i in range(self.n_parameters):
            self.gradients[i] = self.gradient(gs[i], i)
        if self.needs_loss:
            for i in range(self.n_groups):
                if self.groups[i].wants_loss:
                    self.groups[i].memory[0] = value
        if self.total < 4096:  # shorter than letting go of the GIL
            self.update()
        else:
            self.busy = True
            with nogil:
                self.update()
            self.busy = False
        self.t += 1


# --- Whole arrays -------------------------------------------------------------------------------

def norm(arrays):
    """The Euclidean norm of all numbers of some arrays; not finite if one of them is not."""
    cdef double total = 0
    cdef const void *data
    cdef Py_ssize_t n
    cdef int real
    for i, array in enumerate(arrays):
        real, n = real_of(array, f"arrays[{i}]"), array.size
        data = cnp.PyArray_DATA(<cnp.ndarray>array)
        with nogil:
            total += active.kernels[real].squares(data, n)
    return sqrt(total)


def lerp(a, b, double weight):
    """Move array a in place towards b, by the share `weight` of the way."""
    cdef int real = real_of(a, "a")
    cdef Py_ssize_t n = a.size
    cdef const void *end = pointer(b, real, n, "b")
    cdef void *start = pointer(a, real, n, "a")
    if not cnp.PyArray_ISWRITEABLE(<cnp.ndarray>a):
        raise ValueError("a is read-only")
    with nogil:
        active.kernels[real].lerp(start, end, weight, n)


# --- Passes over data ---------------------------------------------------------------------------

def permutation(n, seed, epoch):
    """The order of n rows in one epoch: a uniform permutation, from (seed, epoch) alone.

    Returns an array of uint32, shape (n,).
    """
    if not 0 <= n < 2**32:
        raise ValueError(f"n must be in 0 .. 2**32 - 1, got {n}")
    order = np.empty(n, np.uint32)
    cdef uint32_t *data = <uint32_t *>cnp.PyArray_DATA(order)
    cdef size_t size = n
    cdef uint64_t seed_ = seed, epoch_ = epoch
    with nogil:
        fo_permutation(data, size, seed_, epoch_)
    return order


def distance(a, b):
    """The Euclidean distance of one array from another; not finite if a number of theirs is not."""
    cdef int real = real_of(a, "a")
    cdef Py_ssize_t n = a.size
    cdef const void *from_ = pointer(a, real, n, "a")
    cdef const void *to = pointer(b, real, n, "b")
    cdef double result
    with nogil:
        result = active.kernels[real].distance(from_, to, n)
    return result


def sparse_weights(Py_ssize_t n_features, Py_ssize_t n_outputs, dtype):
    """Weights of 0 for a pass over sparse rows, shape (n_features, n_outputs), followed by 64 bytes
    that are read, and written as they were, with the last of them."""
    cdef Py_ssize_t size = n_features * n_outputs
    return np.zeros(size + 64 // np.dtype(dtype).itemsize, dtype)[:size].reshape(
        n_features, n_outputs)


cdef dict _steps = {"gradient": FO_GRADIENT, "pa1": FO_PA1, "pa2": FO_PA2}


cdef tuple bind_rows(fo_matrix *x, object X):
    """Bind a dense X, or the arrays of a CSR matrix, whose columns are not checked here; return
    what must be kept alive."""
    x.n_features = X.shape[1]
    if isinstance(X, np.ndarray):
        x.data = <const char *>cnp.PyArray_DATA(X)
        x.row_stride, x.column_stride = X.strides
        x.dtype = _x_dtypes[X.dtype.str[1:]]
        return (X,)
    data, indices, indptr = X.data, X.indices, X.indptr
    index = np.result_type(indices, indptr)
    if index not in (np.int32, np.int64):
        raise TypeError(f"X must have int32 or int64 indices, got {index}")
    data, indices, indptr = (
        np.require(array, dtype, ["C", "A"])
        for array, dtype in ((data, None), (indices, index), (indptr, index)))
    counts = np.diff(indptr)
    if (indptr.size != X.shape[0] + 1 or indptr[0] < 0 or (counts < 0).any()
            or indptr.item(-1) > min(data.size, indices.size)):
        raise ValueError("X.indptr must begin at 0 or more, not fall, and end within the entries")
    x.data = <const char *>cnp.PyArray_DATA(data)
    x.indices, x.indptr = cnp.PyArray_DATA(indices), cnp.PyArray_DATA(indptr)
    x.dtype, x.wide = _x_dtypes[data.dtype.str[1:]], index == np.int64
    x.most = counts.max(initial=0)
    return data, indices, indptr


cdef class Pass:
    """Passes of one model over one X: arrays are bound once, then run part by part.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        float32, float64, float16, uint8, int8 or bool; an array of any strides; read as it is.
    y : ndarray of the dtype of w
        Shape (n_samples,) for one output and (n_samples, n_outputs) for several. With classes=True
        the index of the class of each row, shape (n_samples,): output k learns +1 for class k and
        -1 for all others.
    sample_weight : ndarray of shape (n_samples,), of the dtype of w
    positive_weight : ndarray of shape (n_outputs,), of the dtype of w
        With classes=True, what multiplies the weight of the rows of an output's own class.
    w : float32 or float64, changed in place
        Shape (n_features,) or (n_outputs, n_features); for sparse X of several outputs
        (n_features, n_outputs), made by `sparse_weights`.
    intercept : ndarray of shape (n_outputs,), or None
    w_state, intercept_state : list of ndarray, as the optimizer's row of the table names them
    memory : ndarray of float64
        What the rule keeps beside them, as the row names it; changed in place.
    average, intercept_average : ndarray of the shapes of w and intercept, or None
        The mean of the weights after each update.
    n_averaged, before_average : int
        Updates in it so far, and to come before it begins.
    l1 : bool
        Whether the hyper-parameter l1 may be other than 0.
    bounds : (float, float)
        What each weight is kept within.
    intercept_pull : float
        A constant part of the gradient of each intercept.
    step : {"gradient", "pa1", "pa2"}
        Passive-aggressive steps take their aggressiveness from the hyper-parameter lr.
    touched_only : bool
        Sparse X: the rule makes its step for the weights of a batch's columns alone.
    """
    cdef fo_pass p
    cdef double loss_hyper[FO_MAX_HYPERS]
    cdef const fo_kernels *kernels
    cdef object held, hyper, order, z, target, work
    cdef Py_ssize_t n_rows
    cdef int real

    def __init__(self, X, y, w, intercept, *, loss, loss_hyper, optimizer, w_state,
                 intercept_state, memory=(), sample_weight=None, positive_weight=None,
                 bint classes=False, batch_size=1, average=None, intercept_average=None,
                 n_averaged=0, before_average=0, bint l1=False, bounds=(-np.inf, np.inf),
                 intercept_pull=0, step="gradient", bint touched_only=False):
        cdef Py_ssize_t k, d, n_outputs, n_weights
        cdef fo_pass *p = &self.p
        self.real = real_of(w, "w")
        self.kernels = active.kernels[self.real]
        self.n_rows, d = X.shape
        n_outputs = w.size // d
        n_weights = n_outputs * d
        p.n_outputs, p.batch_size = n_outputs, batch_size
        if n_outputs > 1 and not isinstance(X, np.ndarray) and (
                not isinstance(w.base, np.ndarray) or w.base.nbytes < w.nbytes + 64
                or w.base.ctypes.data != w.ctypes.data):
            raise ValueError("w must be made by sparse_weights")
        entries = bind_rows(&p.X, X)
        p.targets = FO_CLASSES if classes else FO_VALUES
        p.y = pointer(y, self.real, self.n_rows * (1 if classes else n_outputs), "y")
        if classes:
            check_classes(y, n_outputs)
        if sample_weight is not None:
            p.sample_weight = pointer(sample_weight, self.real, self.n_rows, "sample_weight")
        if positive_weight is not None:
            p.positive_weight = pointer(positive_weight, self.real, n_outputs, "positive_weight")
        p.loss, p.optimizer, p.step = _loss_index[loss], _optimizer_index[optimizer], _steps[step]
        if LOSSES[loss][0] == "joint" and not classes:
            raise ValueError(f"the loss {loss!r} needs classes")
        pad_hyper(self.loss_hyper, loss_hyper, LOSSES[loss][1], loss)
        p.loss_hyper = self.loss_hyper
        p.n_hypers = len(OPTIMIZERS[optimizer][1])
        p.memory = memory_of(memory, optimizer, "memory")
        p.wants_loss = wants_loss(optimizer)
        p.w = pointer(w, self.real, n_weights, "w")
        for k in range(len(OPTIMIZERS[optimizer][0])):
            p.w_state[k] = pointer(w_state[k], self.real, n_weights, "w_state")
            if intercept is not None:
                p.intercept_state[k] = pointer(
                    intercept_state[k], self.real, n_outputs, "intercept_state")
        if intercept is not None:
            p.intercept = pointer(intercept, self.real, n_outputs, "intercept")
        if average is not None:
            p.average = pointer(average, self.real, n_weights, "average")
            p.intercept_average = pointer(
                intercept_average, self.real, n_outputs, "intercept_average")
        p.n_averaged, p.before_average = n_averaged, min(before_average, 2**62)
        p.l1 = l1
        p.low, p.high = bounds
        p.intercept_pull = intercept_pull
        p.touched_only = touched_only
        if touched_only and p.memory != NULL:
            raise ValueError(f"touched_only is not for {optimizer}, which has a memory")
        if touched_only and d >= 2**31:
            raise ValueError(f"touched_only is for less than 2**31 features, got {d}")
        self.z = np.empty(0, w.dtype)
        if n_outputs == 1 and not classes:
            self.target = np.empty(0, w.dtype)
            p.target = cnp.PyArray_DATA(self.target)  # which pass it will be depends on it
        self.work = np.empty(self.kernels.work_size(p) + 64, np.uint8)
        p.work = <char *>cnp.PyArray_DATA(self.work)
        p.work = <char *>p.work + (-<Py_ssize_t>p.work & 63)
        self.held = (entries, y, w, intercept, list(w_state), list(intercept_state), sample_weight,
                     positive_weight, average, intercept_average, memory)

    @property
    def steps_all(self):
        """Whether an update costs a step of all weights, and not only of those of its entries."""
        return bool(self.kernels.steps_all(&self.p))

    def run(self, hyper, order=None, Py_ssize_t start=0, stop=None):
        """Run over the samples start .. stop-1 of an epoch.

        Parameters
        ----------
        hyper : ndarray of shape (n_updates, n_hypers) or (1, n_hypers), float64
            The hyper-parameters of each update, or those of all of them.
        order : ndarray of uint32, shape (n_epoch,), or None
            The row of each sample of the epoch; None means as they lie.

        Returns
        -------
        int or None
            The row whose prediction was not finite, or which has a column that X has not, if there
            was one.
        """
        cdef Py_ssize_t n_epoch = self.n_rows if order is None else order.size
        cdef Py_ssize_t end = n_epoch if stop is None else stop, n = end - start, updates
        cdef const double[:, ::1] rows = hyper
        cdef const uint32_t[::1] row_order
        cdef size_t done
        cdef Py_ssize_t k
        cdef uint32_t largest = 0
        cdef fo_pass *p = &self.p
        if not 0 <= start <= end <= n_epoch:
            raise ValueError(f"start and stop must be in 0 .. {n_epoch}, got {start}, {end}")
        if n == 0:
            return None
        updates = (n - 1) // <Py_ssize_t>p.batch_size + 1
        if rows.shape[1] != <Py_ssize_t>p.n_hypers or rows.shape[0] not in (1, updates):
            raise ValueError(f"hyper must have the shape ({updates}, {p.n_hypers})")
        if self.z.size < n * <Py_ssize_t>p.n_outputs:
            self.z = np.empty(n * p.n_outputs, self.z.dtype)
            if self.target is not None:
                self.target = np.empty(n, self.z.dtype)
                p.target = cnp.PyArray_DATA(self.target)
        self.hyper = hyper  # which `settle` may read
        p.hyper = &rows[0, 0]
        p.hyper_stride = p.n_hypers if rows.shape[0] > 1 else 0
        p.z = cnp.PyArray_DATA(self.z)
        p.first_row, p.n_samples = start, n
        p.rows = NULL
        if order is not None:
            row_order = order
            if order is not self.order:
                for k in range(n_epoch):
                    largest = max(largest, row_order[k])
                if largest >= self.n_rows:
                    raise ValueError(f"order must hold rows below {self.n_rows}, got {largest}")
            p.rows = &row_order[start]
        self.order = order
        with nogil:
            done = self.kernels.run(p)
        if done == <size_t>n:
            return None
        return start + done if order is None else int(order[start + done])

    def settle(self):
        """Give w, average and intercept_average what the runs have kept back.

        Returns
        -------
        (int, int)
            `n_averaged` and `before_average`, as they now are.
        """
        with nogil:
            self.kernels.settle(&self.p)
        return self.p.n_averaged, self.p.before_average

    def drop(self):
        """Forget what the runs have kept back: the next begins from what w then holds."""
        self.p.open = 0

    def trust(self):
        """The columns of all rows have been read: they need no more checks."""
        self.p.X.trusted = True

    def score(self):
        """The sums over the last run of sample_weight * loss, each at the prediction that was made
        before the sample's update, and of the weights of those whose class it told."""
        cdef double total, right
        with nogil:
            total = self.kernels.score(&self.p, &right)
        return total, right


# --- Clusters -----------------------------------------------------------------------------------

cdef enum:
    PRODUCTS = 1 << 29  # of numbers in one call of C: some 0.1 s, so that Ctrl-C is heard


cdef tuple _ends = ("", "converged", "reassign")  # as fo_end counts them


cdef class Clusters:
    """The centers of the clusters of one X, and the mini-batches that move them.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        As `Pass` reads it.
    centers : ndarray of shape (n_clusters, n_features), float32 or float64
        Changed in place.
    counts : ndarray of shape (n_clusters,), float64
        The weight of the rows that each center is the mean of; changed in place.
    sample_weight : ndarray of shape (n_samples,), of the dtype of centers
    full : bool
        Lloyd's algorithm: a center is the mean of its rows in the last batch alone, which is the
        whole epoch.
    reassignment_ratio : float
        A count below this share of the highest ends a run, if reassign_every samples have come
        since the last look, or if there was a count of 0.
    max_no_improvement, tol
        Batches, and the square of a distance, as `MiniBatchKMeans` has them.
    n_epoch : int or None
        Samples of an epoch, if X is a part of it.
    after : Clusters or None
        Those of the part before it.
    """
    cdef fo_clusters p
    cdef const fo_kernels *kernels
    cdef object held, order, centers, work
    cdef Py_ssize_t n_rows
    cdef int real
    cdef bint part_of_epoch

    def __init__(self, X, centers, cnp.ndarray counts, *, sample_weight=None, batch_size=1,
                 bint full=False, double reassignment_ratio=0, reassign_every=1, since_reassign=0,
                 max_no_improvement=2**62, double tol=0, n_epoch=None, Clusters after=None):
        cdef fo_clusters *p = &self.p
        self.real = real_of(centers, "centers")
        self.kernels = active.kernels[self.real]
        self.n_rows = X.shape[0]
        p.n_clusters = len(centers)
        p.centers = pointer(centers, self.real, p.n_clusters * X.shape[1], "centers")
        p.counts = <double *>pointer(counts, FO_FLOAT64, p.n_clusters, "counts")
        entries = bind_rows(&p.X, X)
        if p.X.indptr != NULL:
            _, indices, indptr = entries  # those below 0 are large without a sign
            columns = indices[indptr.item(0):indptr.item(-1)]
            if columns.size and columns.view(f"u{columns.itemsize}").max() >= X.shape[1]:
                raise ValueError(f"X has column indices outside of 0 .. {X.shape[1] - 1}")
            p.X.trusted = True
        if sample_weight is not None:
            p.sample_weight = pointer(sample_weight, self.real, self.n_rows, "sample_weight")
        if batch_size < 1:
            raise ValueError(f"batch_size must be positive, got {batch_size}")
        p.batch_size, p.full = batch_size, full
        p.reassignment_ratio, p.reassign_every = reassignment_ratio, reassign_every
        p.since_reassign = since_reassign
        p.max_no_improvement, p.tol, p.least_inertia = max_no_improvement, tol, np.inf
        self.part_of_epoch, p.n_smoothed = n_epoch is not None, n_epoch or 0
        if after is not None:
            p.since_reassign, p.n_steps = after.p.since_reassign, after.p.n_steps
            p.no_improvement = after.p.no_improvement
            p.inertia, p.least_inertia = after.p.inertia, after.p.least_inertia
        added, labels = np.zeros(p.n_clusters), None
        p.added = <double *>cnp.PyArray_DATA(added)
        if full:
            labels = np.full(self.n_rows, -1, np.int32)
            p.labels = <int32_t *>cnp.PyArray_DATA(labels)
        self.work = np.zeros(self.kernels.clusters_work_size(p) + 64, np.uint8)
        p.work = <char *>cnp.PyArray_DATA(self.work)
        p.work = <char *>p.work + (-<Py_ssize_t>p.work & 63)
        self.held = (entries, counts, sample_weight, added, labels)
        self.centers = centers

    cdef int visit(self, order) except -1:
        """Let the samples be the rows of an order, or all as they lie if it is None."""
        cdef const uint32_t[::1] rows
        if order is not None and order is not self.order:
            rows = order
            if order.size and order.max() >= self.n_rows:
                raise ValueError(f"order must hold rows below {self.n_rows}, got {order.max()}")
            self.p.rows = &rows[0] if order.size else NULL
        elif order is None:
            self.p.rows = NULL
        self.p.n_samples = self.n_rows if order is None else order.size
        if not self.part_of_epoch:
            self.p.n_smoothed = self.p.n_samples
        if self.p.labels != NULL and self.p.n_samples > <size_t>self.n_rows:
            raise ValueError(f"order must hold at most {self.n_rows} rows, got {order.size}")
        self.order = order
        return 0

    cdef Py_ssize_t part(self):
        """How many samples go to C at a time."""
        cdef size_t entries = self.p.X.n_features
        if self.p.X.indptr != NULL:
            entries = self.p.X.most
        return max(PRODUCTS // (max(entries, 1) * self.p.n_clusters), 64)

    def run(self, order=None, Py_ssize_t start=0):
        """Move the centers by the batches of an epoch from a sample on.

        Parameters
        ----------
        order : ndarray of uint32, shape (n_epoch,), or None
            The row of each sample of the epoch; None means as they lie.
        start : int
            The first sample, with which a batch begins.

        Returns
        -------
        stop : int
            The first sample that was not taken.
        end : str
            "" at the end of the epoch; "converged"; or "reassign" after a batch that leaves low
            counts.
        """
        cdef size_t t = start
        cdef Py_ssize_t part = self.part()
        cdef fo_end end = FO_GOES_ON
        self.visit(order)
        if start < 0:
            raise ValueError(f"start must not be negative, got {start}")
        while t < self.p.n_samples and end == FO_GOES_ON:
            with nogil:
                end = self.kernels.clusters_run(&self.p, &t, min(t + part, self.p.n_samples))
            PyErr_CheckSignals()
        return t, _ends[<int>end]

    def distances(self, order=None):
        """The squared distances of rows from the centers, shape (n_samples, n_clusters)."""
        cdef Py_ssize_t t, part = self.part(), k = self.p.n_clusters
        self.visit(order)
        out = np.empty((self.p.n_samples, k), self.centers.dtype)
        cdef char *data = <char *>cnp.PyArray_DATA(out)
        cdef Py_ssize_t n = self.p.n_samples, size = out.itemsize
        for t in range(0, n, part):
            with nogil:
                self.kernels.clusters_distances(&self.p, t, min(part, n - t), data + t * k * size)
            PyErr_CheckSignals()
        return out

    def assign(self):
        """The nearest center of each row of X, and the sum of sample_weight * squared distance."""
        cdef Py_ssize_t t, part = self.part(), n = self.n_rows
        cdef int32_t *before = self.p.labels
        cdef double inertia = 0
        self.visit(None)
        labels = np.empty(n, np.int32)
        self.p.labels = <int32_t *>cnp.PyArray_DATA(labels)
        try:
            for t in range(0, n, part):
                with nogil:
                    inertia += self.kernels.clusters_assign(&self.p, t, min(part, n - t))
                PyErr_CheckSignals()
        finally:
            self.p.labels = before
        return labels, inertia

    @property
    def n_steps(self):
        """Batches so far."""
        return self.p.n_steps

    @property
    def inertia(self):
        """The squared distance of a sample, smoothed over batches."""
        return self.p.inertia

    @property
    def since_reassign(self):
        """Samples since low counts were last seen to."""
        return self.p.since_reassign


# --- Rates --------------------------------------------------------------------------------------

cdef const double *numbers(object array) except? NULL:
    """The data of a 1-d C-contiguous array of float64."""
    if not (cnp.PyArray_Check(array) and cnp.PyArray_TYPE(<cnp.ndarray>array) == cnp.NPY_DOUBLE
            and cnp.PyArray_NDIM(<cnp.ndarray>array) == 1
            and cnp.PyArray_ISCARRAY_RO(<cnp.ndarray>array)):
        raise TypeError(f"expected a 1-d C-contiguous array of float64, got {array!r}")
    return <const double *>cnp.PyArray_DATA(<cnp.ndarray>array)


cdef inline object empty_like(object array):
    return cnp.PyArray_EMPTY(1, cnp.PyArray_DIMS(<cnp.ndarray>array), cnp.NPY_DOUBLE, 0)


def power(x, double p):
    """x**p for numbers x >= 0 and p >= 0, with the same bits on every CPU."""
    cdef const double *data = numbers(x)
    if not 0 <= p:
        raise ValueError(f"p must be a nonnegative number, got {p}")
    out = empty_like(x)
    cdef double *result = <double *>cnp.PyArray_DATA(<cnp.ndarray>out)
    cdef size_t n = cnp.PyArray_SIZE(<cnp.ndarray>x)
    with nogil:
        fo_power(data, p, result, n)
    return out


def powers(double base, k):
    """base**k for base >= 0 and numbers k >= 0, with the same bits on every CPU."""
    cdef const double *data = numbers(k)
    if not 0 <= base:
        raise ValueError(f"base must be a nonnegative number, got {base}")
    out = empty_like(k)
    cdef double *result = <double *>cnp.PyArray_DATA(<cnp.ndarray>out)
    cdef size_t n = cnp.PyArray_SIZE(<cnp.ndarray>k)
    with nogil:
        fo_powers(base, data, result, n)
    return out


def quarter_sine(x):
    """sin(pi/2 x) for numbers x in [0, 1], with the same bits on every CPU."""
    cdef const double *data = numbers(x)
    out = empty_like(x)
    cdef double *result = <double *>cnp.PyArray_DATA(<cnp.ndarray>out)
    cdef size_t n = cnp.PyArray_SIZE(<cnp.ndarray>x)
    with nogil:
        fo_quarter_sine(data, result, n)
    return out


# --- Text ---------------------------------------------------------------------------------------

cdef dict _expected = {
    FO_BAD_LABEL: "a label, which is a finite number",
    FO_BAD_LABELS: "one label",
    FO_BAD_QID: "an integer behind 'qid:'",
    FO_BAD_NO_QID: "'qid:', which the rows before have",
    FO_BAD_QID_HERE: "no 'qid:', which the rows before have not",
    FO_BAD_ENTRY: "'<index>:<value>'",
    FO_BAD_VALUE: "a finite number",
}


cdef str expected(fo_bad why, const fo_svmlight *s, n_features):
    """What should have been where a row of svmlight's text is bad."""
    if why == FO_BAD_INDEX and n_features is not None:
        return f"an index up to {s.most_index}, as n_features is {n_features}"
    if why == FO_BAD_INDEX:
        return f"an index up to {s.most_index}"
    if why == FO_BAD_ORDER and s.bad_previous < s.least_index:
        return f"an index from {s.least_index} on, as zero_based is False"
    if why == FO_BAD_ORDER:
        return f"an index above {s.bad_previous}"
    if why == FO_BAD_VALUE and s.real == FO_FLOAT32:
        return "a finite number that float32 holds"
    return _expected[why]


class BadRow(ValueError):
    """A row of text that cannot be read: its line and column, from 1, and what is wrong."""

    def __init__(self, line, column, expected, found):
        super().__init__(f"line {line}, column {column}: expected {expected}, found {found}")
        self.line, self.column, self.expected, self.found = line, column, expected, found


def parse_svmlight(text, dtype=np.float64, *, bint zero_based=False, bint skip=False,
                   n_features=None, qid=None):
    """Read rows of text in svmlight's format.

    Parameters
    ----------
    text : bytes, or another buffer that ends in a newline
        Lines ``<label> [qid:<int>] <index>:<value> ... [# comment]``. Lines of blanks and comments
        alone are no rows.
    dtype : dtype
        That of the values: float32, to which the float64 is rounded that is nearest to the
        decimal, or float64.
    zero_based : bool
        Whether the first column has the index 0, not 1.
    skip : bool
        Whether a bad row is left out, not an error.
    n_features : int, optional
        What indices are kept below; None means that of int32.
    qid : bool, optional
        Whether rows have a qid; None means that they do if the first one does.

    Returns
    -------
    data : ndarray of the dtype, shape (n_entries,)
    indices : ndarray of int32, shape (n_entries,)
    indptr : ndarray of int32, shape (n_rows + 1,)
        Of int64 where there are 2**31 entries or more.
    labels : ndarray of float64, shape (n_rows,)
    qid : ndarray of int64, shape (n_rows,), or None
    n_features : int
        Columns up to the last one with an entry.
    n_bad : int
        Rows that were left out.

    Raises
    ------
    BadRow
        If a row cannot be read, and is not to be left out.
    """
    cdef fo_svmlight s
    cdef fo_bad why
    cdef size_t n_lines, most_entries
    cdef Py_buffer buffer
    PyObject_GetBuffer(text, &buffer, PyBUF_SIMPLE)
    try:
        memset(&s, 0, sizeof(s))
        s.text, s.n_bytes = <const char *>buffer.buf, buffer.len
        if s.n_bytes and not isinstance(text, bytes) and s.text[s.n_bytes - 1] != b"\n":
            raise ValueError("text must be bytes, or end in a newline")
        s.real = FO_FLOAT32 if np.dtype(dtype) == np.float32 else FO_FLOAT64
        s.least_index, s.most_index = not zero_based, INT32_MAX
        if n_features is not None:
            s.most_index = min(n_features - 1 + s.least_index, <int64_t>INT32_MAX)
        s.skip, s.has_qid = skip, -1 if qid is None else bool(qid)
        with nogil:
            n_lines = fo_count(s.text, s.n_bytes, b"\n") + 1
            most_entries = fo_count(s.text, s.n_bytes, b":")
        s.wide = most_entries > <size_t>INT32_MAX
        data = np.empty(most_entries, np.float32 if s.real == FO_FLOAT32 else np.float64)
        indices = np.empty(most_entries, np.int32)
        indptr = np.empty(n_lines + 1, np.int64 if s.wide else np.int32)
        labels = np.empty(n_lines)
        ids = np.empty(n_lines, np.int64)
        s.data, s.indices = cnp.PyArray_DATA(data), <int32_t *>cnp.PyArray_DATA(indices)
        s.indptr, s.labels = cnp.PyArray_DATA(indptr), <double *>cnp.PyArray_DATA(labels)
        s.qid = <int64_t *>cnp.PyArray_DATA(ids)
        with nogil:
            why = fo_parse_svmlight(&s)
        if why != FO_GOOD:
            raise bad_row(why, &s, n_features)
    finally:
        PyBuffer_Release(&buffer)
    return (data[:s.n_entries], indices[:s.n_entries], indptr[:s.n_rows + 1], labels[:s.n_rows],
            ids[:s.n_rows] if s.has_qid > 0 else None, s.n_features, s.n_bad)


cdef object bad_row(fo_bad why, const fo_svmlight *s, n_features):
    """The error of the row where it stopped."""
    cdef size_t start = s.bad_at
    while start > 0 and s.text[start - 1] != b"\n":
        start -= 1
    found = s.text[s.bad_at:s.bad_at + s.bad_size]
    if len(found) > 20:
        found = found[:17] + b"..."
    return BadRow(fo_count(s.text, start, b"\n") + 1, s.bad_at - start + 1,
                  expected(why, s, n_features), repr(found)[1:] if found else "nothing")
