from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from typing_extensions import disjoint_base

_Array = npt.NDArray[Any]

COMPILER: str
ISAS: Mapping[str, bool]  # name: whether this CPU can run it; best first
# name: state arrays, hyper-parameters, memory
OPTIMIZERS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]]
LOSSES: Mapping[str, tuple[str, tuple[str, ...]]]  # name: task, hypers

def use_isa(name: str) -> None: ...
def isa() -> str: ...
def loss_values(name: str, z: _Array, y: _Array, hyper: Sequence[float] = ()) -> _Array: ...
def loss_slopes(name: str, z: _Array, y: _Array, hyper: Sequence[float] = ()) -> _Array: ...
def permutation(n: int, seed: int, epoch: int) -> npt.NDArray[np.uint32]: ...

@disjoint_base
class Stepper:
    @property
    def t(self) -> int: ...
    def _bind(
        self,
        arrays: Sequence[_Array],
        states: Sequence[Sequence[_Array]],
        group_of: Sequence[int],
        kernels: Sequence[str],
        memories: Sequence[Sequence[float] | npt.NDArray[np.float64]],
    ) -> None: ...
    def _provide(
        self,
        hypers: Sequence[npt.NDArray[np.float64]],
        first: int,
        last: int,
        watched: Iterable[tuple[Any, float]] = (),
    ) -> None: ...
    def _rewind(self, t: int) -> None: ...
    @property
    def needs_loss(self) -> bool: ...
    def _fitting(self, grads: _Array | Sequence[_Array]) -> tuple[_Array, ...]: ...
    def step(self, grads: _Array | Sequence[_Array], loss: float | None = None) -> None: ...

def distance(a: _Array, b: _Array) -> float: ...
def norm(arrays: Iterable[_Array]) -> float: ...
def lerp(a: _Array, b: _Array, weight: float) -> None: ...
def sparse_weights(n_features: int, n_outputs: int, dtype: npt.DTypeLike) -> _Array: ...

@disjoint_base
class Pass:
    def __init__(
        self,
        X: Any,
        y: _Array,
        w: _Array,
        intercept: _Array | None,
        *,
        loss: str,
        loss_hyper: Sequence[float],
        optimizer: str,
        w_state: Sequence[_Array],
        intercept_state: Sequence[_Array],
        memory: Sequence[float] | npt.NDArray[np.float64] = (),
        sample_weight: _Array | None = None,
        positive_weight: _Array | None = None,
        classes: bool = False,
        batch_size: int = 1,
        average: _Array | None = None,
        intercept_average: _Array | None = None,
        n_averaged: int = 0,
        before_average: int = 0,
        l1: bool = False,
        bounds: tuple[float, float] = ...,
        intercept_pull: float = 0,
        step: str = "gradient",
        touched_only: bool = False,
    ) -> None: ...
    def run(
        self,
        hyper: npt.NDArray[np.float64],
        order: npt.NDArray[np.uint32] | None = None,
        start: int = 0,
        stop: int | None = None,
    ) -> int | None: ...
    @property
    def steps_all(self) -> bool: ...
    def settle(self) -> tuple[int, int]: ...
    def drop(self) -> None: ...
    def trust(self) -> None: ...
    def score(self) -> tuple[float, float]: ...

@disjoint_base
class Clusters:
    def __init__(
        self,
        X: Any,
        centers: _Array,
        counts: npt.NDArray[np.float64],
        *,
        sample_weight: _Array | None = None,
        batch_size: int = 1,
        full: bool = False,
        reassignment_ratio: float = 0,
        reassign_every: int = 1,
        since_reassign: int = 0,
        max_no_improvement: int = ...,
        tol: float = 0,
        n_epoch: int | None = None,
        after: Clusters | None = None,
    ) -> None: ...
    def run(
        self, order: npt.NDArray[np.uint32] | None = None, start: int = 0
    ) -> tuple[int, str]: ...
    def distances(self, order: npt.NDArray[np.uint32] | None = None) -> _Array: ...
    def assign(self) -> tuple[npt.NDArray[np.int32], float]: ...
    @property
    def n_steps(self) -> int: ...
    @property
    def inertia(self) -> float: ...
    @property
    def since_reassign(self) -> int: ...

def power(x: npt.NDArray[np.float64], p: float) -> npt.NDArray[np.float64]: ...
def powers(base: float, k: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]: ...
def quarter_sine(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]: ...

class BadRow(ValueError):
    line: int
    column: int
    expected: str
    found: str
    def __init__(self, line: int, column: int, expected: str, found: str) -> None: ...

def parse_svmlight(
    text: bytes | memoryview,
    dtype: npt.DTypeLike = ...,
    *,
    zero_based: bool = False,
    skip: bool = False,
    n_features: int | None = None,
    qid: bool | None = None,
) -> tuple[
    _Array,
    npt.NDArray[np.int32],
    _Array,
    npt.NDArray[np.float64],
    npt.NDArray[np.int64] | None,
    int,
    int,
]: ...
