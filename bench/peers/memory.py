"""What memory allows: the same arrays read, or updated in place, with no other work.

Loops of numba, exact here: sums of integers, and one addition for each number updated.
"""

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

LINE = 16  # words of 4 bytes
BLOCK = 256  # of an array, beside which there are others


@intrinsic
def prefetch(typing_context, words, row, column):
    """Ask for the cache line of words[row, column], into L2: into L1 is slower than not to ask."""

    def codegen(context, builder, signature, arguments):
        kind = signature.args[0]
        array = context.make_array(kind)(context, builder, arguments[0])
        place = cgutils.get_item_pointer(
            context, builder, kind, array, arguments[1:], wraparound=False, boundscheck=False
        )
        place = builder.bitcast(place, cgutils.voidptr_t)
        number = ir.IntType(32)
        declared = ir.FunctionType(ir.VoidType(), [place.type, number, number, number])
        llvm = cgutils.get_or_insert_function(builder.module, declared, "llvm.prefetch.p0")
        builder.call(llvm, [place, number(0), number(2), number(1)])  # to read, to L2, data
        return context.get_dummy_value()

    return types.void(words, types.intp, types.intp), codegen


@njit
def in_order(words):
    total = np.uint32(0)
    for i in range(words.size):
        total += words[i]
    return total


@njit
def shuffled(words, order):
    total = np.uint32(0)
    for i in order:
        for j in range(words.shape[1]):
            total += words[i, j]
    return total


@njit
def shuffled_ahead(words, order, ahead):
    """The same, while the lines of the row so far ahead are on their way."""
    n, d = words.shape
    whole = d - d % (4 * LINE)
    total = np.uint32(0)
    for k in range(n):
        i, later = order[k], order[min(k + ahead, n - 1)]
        for block in range(0, whole, 4 * LINE):
            for j in range(block, block + 4 * LINE, LINE):
                prefetch(words, later, j)
            for j in range(block, block + 4 * LINE):
                total += words[i, j]
        for j in range(whole, d, LINE):
            prefetch(words, later, j)
        prefetch(words, later, d - 1)  # a row that starts within a line ends in one more
        for j in range(whole, d):
            total += words[i, j]
    return total


def reads(X, order):
    """Calls that read X once: as it lies, in an order of its rows, and so with prefetching."""
    words = X.view(np.uint32)
    ahead = min(max(16384 // words[0].nbytes, 2), 16)
    return {
        "read in order": lambda: in_order(words.ravel()),
        "read shuffled": lambda: shuffled(words, order),
        "read ahead": lambda: shuffled_ahead(words, order, ahead),
    }


@njit
def add_to_all(times, part, gs, of_each):
    """A block of g is read once, into the nearest cache, for as many arrays as there are."""
    for _ in range(times):
        for k in range(len(gs)):
            g, arrays = gs[k], of_each[k]
            for start in range(0, g.size, BLOCK):
                x = g[start : start + BLOCK]
                for array in arrays:
                    block = array[start : start + BLOCK]
                    for i in range(x.size):
                        block[i] += part * x[i]


def in_place(grads, of_each, times):
    """A call that, so many times, adds no part of each gradient to each array of its parameter:
    they are read and written, and stay as they are."""
    of_each = tuple(tuple(arrays) for arrays in of_each)
    return lambda: add_to_all(times, np.float32(0), tuple(grads), of_each)
