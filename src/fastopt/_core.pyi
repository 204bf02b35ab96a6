from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

COMPILER: str
ISAS: Mapping[str, bool]  # name: whether this CPU can run it; best first
OPTIMIZERS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]  # name: states, hypers
LOSSES: Mapping[str, tuple[str, tuple[str, ...]]]  # name: task, hypers

def use_isa(name: str) -> None: ...
def isa() -> str: ...
def loss_values(name: str, z: Array, y: Array, hyper: Sequence[float] = ()) -> Array: ...
def loss_slopes(name: str, z: Array, y: Array, hyper: Sequence[float] = ()) -> Array: ...
def permutation(n: int, seed: int, epoch: int) -> npt.NDArray[np.uint32]: ...

class Stepper:
    @property
    def t(self) -> int: ...
    def _bind(
        self,
        arrays: Sequence[Array],
        states: Sequence[Sequence[Array]],
        group_of: Sequence[int],
        kernels: Sequence[str],
    ) -> None: ...
    def _provide(
        self,
        hypers: Sequence[npt.NDArray[np.float64]],
        first: int,
        last: int,
        watched: Iterable[tuple[Any, float]] = (),
    ) -> None: ...
    def _rewind(self, t: int) -> None: ...
    def step(self, grads: Array | Sequence[Array]) -> None: ...

class Pass:
    def __init__(
        self,
        X: Array,
        y: Array,
        w: Array,
        intercept: Array | None,
        *,
        loss: str,
        loss_hyper: Sequence[float],
        optimizer: str,
        w_state: Sequence[Array],
        intercept_state: Sequence[Array],
        sample_weight: Array | None = None,
        batch_size: int = 1,
    ) -> None: ...
    def run(
        self,
        hyper: npt.NDArray[np.float64],
        order: npt.NDArray[np.uint32] | None = None,
        start: int = 0,
        stop: int | None = None,
    ) -> int | None: ...
    def loss_sum(self) -> float: ...

def power(x: npt.NDArray[np.float64], p: float) -> npt.NDArray[np.float64]: ...
def powers(base: float, k: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]: ...
def quarter_sine(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]: ...
