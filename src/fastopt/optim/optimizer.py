"""What all optimizers share: parameter groups, state, and the numbers of the next updates."""

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from itertools import pairwise
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt

from fastopt import _core
from fastopt._arguments import nonnegative
from fastopt.schedules import ReduceOnPlateau

Array = npt.NDArray[Any]
Options = Mapping[str, Any]  # hyper-parameters by name, as the user gives them

CHUNK = 512  # updates whose numbers are worked out at a time
FOREVER = 2**62


class ParamGroup(MutableMapping[str, Any]):
    """The hyper-parameters of some parameters; to set one takes effect at the next step."""

    def __init__(self, optimizer: "Optimizer", options: Options) -> None:
        self._optimizer = optimizer
        self._options = optimizer._check(options)

    def __getitem__(self, name: str) -> Any:
        return self._options[name]

    def __setitem__(self, name: str, value: Any) -> None:
        if name not in self._options:
            raise KeyError(f"{type(self._optimizer).__name__} has no hyper-parameter {name!r}")
        options = self._optimizer._check({**self._options, name: value})
        if self._optimizer._kernel(options) != self._optimizer._kernel(self._options):
            raise ValueError(f"{name}={value!r} needs another state: make a new optimizer")
        self._options = options
        self._optimizer._rewind(self._optimizer.t)

    def __delitem__(self, name: str) -> None:
        raise TypeError(f"the hyper-parameter {name!r} cannot be removed")

    def __iter__(self) -> Iterator[str]:
        return iter(self._options)

    def __len__(self) -> int:
        return len(self._options)

    def __repr__(self) -> str:
        return repr(self._options)


class Optimizer(_core.Stepper):
    """Base of the optimizers; each adds its defaults, its kernel and its numbers.

    Attributes
    ----------
    param_groups : list of mapping
        The hyper-parameters of each group. Setting one, as in
        ``opt.param_groups[0]["lr"] = 0.01``, takes effect at the next step.
    t : int
        Updates done.
    """

    def __init__(self, params: Any, **options: Any) -> None:
        self.options = self._check(options)
        self.param_groups: list[ParamGroup] = []
        self._state: list[dict[str, Array]] = []
        self._params: list[Array] = []
        if params is None:
            return
        groups = _groups(params)
        self._single = isinstance(params, np.ndarray)
        for _, own in groups:
            if unknown := own.keys() - options.keys():
                raise TypeError(f"{type(self).__name__} has no hyper-parameter {min(unknown)!r}")
        self._params = [array for arrays, _ in groups for array in arrays]
        _check_params(self._params)
        self.param_groups = [ParamGroup(self, {**options, **own}) for _, own in groups]
        kernels = [self._kernel(group) for group in self.param_groups]
        self._group_of = [k for k, (arrays, _) in enumerate(groups) for _ in arrays]
        self._state = [
            self.new_state(array, self.param_groups[k])
            for array, k in zip(self._params, self._group_of, strict=True)
        ]
        states = [list(state.values()) for state in self._state]
        self._bind(self._params, states, self._group_of, kernels)

    # What a rule adds.

    def _check(self, options: Options) -> dict[str, Any]:
        """Return the options as plain numbers, or raise the error of the one that is wrong."""
        raise NotImplementedError

    def _kernel(self, options: Options) -> str:
        """Return the name of the kernel that these options need."""
        raise NotImplementedError

    def _numbers(self, options: Options, lr: Any, t: npt.NDArray[np.float64]) -> dict[str, Any]:
        """Return the kernel's hyper-parameters by name: a number, or an array over the updates t.

        l2 and decay are 0 where they are left out. lr is an array over t or one number.
        """
        raise NotImplementedError

    def _initial(self, name: str, options: Options) -> float:
        """Return what the state array of this name starts from."""
        return 0.0

    # What comes of it.

    def new_state(self, array: Array, options: Options) -> dict[str, Array]:
        """Return the state arrays, by name, that a parameter starts with."""
        names = _core.OPTIMIZERS[self._kernel(options)][0]
        state = dict(zip(names, _apart(array, len(names)), strict=True)) if names else {}
        for name, values in state.items():
            values[...] = self._initial(name, options)
        return state

    def hypers(self, options: Options, done: int, count: int) -> npt.NDArray[np.float64]:
        """Return the numbers that the kernel takes in the `count` updates after the first `done`.

        Returns
        -------
        ndarray of shape (count, n_hypers), or (1, n_hypers) if none of them changes
            With columns as the kernel's row of ``_core.OPTIMIZERS`` names them.
        """
        t = np.arange(done + 1, done + count + 1)
        columns = {"l2": 0.0, "decay": 0.0}
        columns |= self._numbers(options, rates(options["lr"], t), t.astype(np.float64))
        names = _core.OPTIMIZERS[self._kernel(options)][1]
        varying = [name for name in names if np.ndim(columns[name])]
        constants = [0.0 if name in varying else columns[name] for name in names]
        rows = np.array([constants]).repeat(count if varying else 1, axis=0)
        for name in varying:
            rows[:, names.index(name)] = columns[name]
        return rows

    def _refill(self) -> None:
        rows = [self.hypers(group, self.t, CHUNK) for group in self.param_groups]
        constant = all(len(r) == 1 for r in rows)
        plateaus = [
            (group["lr"], group["lr"].lr)
            for group in self.param_groups
            if isinstance(group["lr"], ReduceOnPlateau)
        ]
        self._provide(rows, self.t, FOREVER if constant else self.t + CHUNK, plateaus)

    def state_dict(self) -> dict[str, Any]:
        """Return the whole state, as copies of arrays and plain numbers.

        Returns
        -------
        dict
            "t": updates done. "state": for each parameter its state arrays by name.
            "param_groups": for each group its hyper-parameters; in the place of a
            `ReduceOnPlateau` stands its own state, and a closed-form schedule is left out.
        """
        return {
            "t": self.t,
            "state": [{name: a.copy() for name, a in state.items()} for state in self._state],
            "param_groups": [_plain(group) for group in self.param_groups],
        }

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from what ``state_dict`` returned; the parameters themselves are not part of it.

        Raises
        ------
        ValueError
            If it is the state of other arrays or of another rule; nothing has changed then.
        """
        if missing := {"t", "state", "param_groups"} - state_dict.keys():
            raise ValueError(f"state_dict lacks {min(missing)!r}")
        states, groups = state_dict["state"], state_dict["param_groups"]
        if len(states) != len(self._state):
            raise ValueError(f"state_dict is of {len(states)} params, not {len(self._state)}")
        if len(groups) != len(self.param_groups):
            raise ValueError(f"state_dict is of {len(groups)} groups, not {len(self.param_groups)}")
        for i, (new, state) in enumerate(zip(states, self._state, strict=True)):
            if new.keys() != state.keys():
                raise ValueError(f"state[{i}] of state_dict holds {[*new]}, not {[*state]}")
            for name, array in state.items():
                if (new[name].shape, new[name].dtype) != (array.shape, array.dtype):
                    raise ValueError(
                        f"state[{i}][{name!r}] of state_dict is {new[name].dtype} of shape "
                        f"{new[name].shape}, not {array.dtype} of shape {array.shape}"
                    )
        t = int(nonnegative("t of state_dict", state_dict["t"]))
        options = [
            self._check({**group, **{k: v for k, v in new.items() if not isinstance(v, Mapping)}})
            for new, group in zip(groups, self.param_groups, strict=True)
        ]
        for new, group, checked in zip(groups, self.param_groups, options, strict=True):
            group._options = checked
            if isinstance(group["lr"], ReduceOnPlateau) and isinstance(new["lr"], Mapping):
                group["lr"].load_state_dict(dict(new["lr"]))
        for new, state in zip(states, self._state, strict=True):
            for name, array in state.items():
                np.copyto(array, new[name])
        self._rewind(t)

    def __reduce__(self) -> tuple[Any, ...]:
        if self._params:
            raise TypeError(
                "an optimizer is bound to its arrays and cannot be copied or pickled; "
                "save state_dict() instead"
            )
        return _unbound, (type(self), self.options)

    def __repr__(self) -> str:
        options = ", ".join(f"{name}={value!r}" for name, value in self.options.items())
        return f"{type(self).__name__}({options})"


def _unbound(kind: Callable[..., Optimizer], options: Options) -> Optimizer:
    return kind(**options)


def _groups(params: Any) -> list[tuple[list[Any], dict[str, Any]]]:
    """Return params as groups: the arrays of each, and the hyper-parameters of its own."""
    if isinstance(params, np.ndarray):
        return [([params], {})]
    if isinstance(params, str | Mapping) or not hasattr(params, "__iter__"):
        raise TypeError(
            f"params must be an array, a list of arrays or a list of groups, "
            f"got {type(params).__name__}"
        )
    params = list(params)
    if not params:
        raise ValueError("params must hold at least one array, got none")
    if not any(isinstance(p, Mapping) for p in params):
        return [(params, {})]
    groups = []
    for i, group in enumerate(params):
        if not isinstance(group, Mapping) or "params" not in group:
            raise TypeError(f"params[{i}] must be a dict with the key 'params', as others are")
        arrays = group["params"]
        own = {name: value for name, value in group.items() if name != "params"}
        groups.append(([arrays] if isinstance(arrays, np.ndarray) else list(arrays), own))
    return groups


def _check_params(arrays: list[Any]) -> None:
    for i, array in enumerate(arrays):
        if not isinstance(array, np.ndarray):
            raise TypeError(f"params[{i}] must be a NumPy array, got {type(array).__name__}")
        if array.dtype not in (np.float32, np.float64):
            raise TypeError(f"params[{i}] must be float32 or float64, got {array.dtype}")
        if not array.flags.writeable:
            raise ValueError(f"params[{i}] is read-only, so it cannot be updated in place")
        if not (array.flags.c_contiguous and array.flags.aligned):
            raise ValueError(f"params[{i}] must be C-contiguous; use np.ascontiguousarray")
    spans = sorted((*_span(array), i) for i, array in enumerate(arrays) if array.size)
    for (_, end, i), (start, _, j) in pairwise(spans):
        if start < end:
            raise ValueError(f"params[{min(i, j)}] and params[{max(i, j)}] share memory")


def _apart(like: Array, n: int) -> list[Array]:
    """Return n arrays of the shape and dtype of one, which start on cache lines of their own.

    Large ones start 1 KiB apart within a page: a CPU that compares only the last 12 bits of
    addresses would otherwise make each load wait for the store before it.
    """
    page, line, apart = 4096, 64, 1024
    size, first = -(-like.nbytes // line) * line, 0
    if size > apart:
        size, first = -(-size // page) * page + apart, apart
    memory = np.empty(n * size + page, np.uint8)
    start = (first - memory.ctypes.data) % page
    parts = [memory[start + k * size :][: like.nbytes] for k in range(n)]
    return [part.view(like.dtype).reshape(like.shape) for part in parts]


def _span(array: Array) -> tuple[int, int]:
    start = array.ctypes.data
    return start, start + array.nbytes


def _plain(options: Options) -> dict[str, Any]:
    plain = dict(options)
    if isinstance(plain["lr"], ReduceOnPlateau):
        plain["lr"] = plain["lr"].state_dict()
    elif callable(plain["lr"]):
        del plain["lr"]
    return plain


def check_lr(value: Any) -> Any:
    """Return a learning rate as a float or a schedule, or raise what is wrong with it."""
    if callable(value) and not isinstance(value, type):
        return value
    if not isinstance(value, Real):
        raise TypeError(f"lr must be a nonnegative number or a schedule lr(t), got {value!r}")
    return nonnegative("lr", value)


def rates(lr: Any, t: npt.NDArray[np.int64]) -> Any:
    """Return the learning rates at updates t: one number, or an array over t.

    A callable that cannot take an array is called for each update.
    """
    if isinstance(lr, ReduceOnPlateau):
        return lr.lr
    if not callable(lr):
        return lr
    try:
        values = np.asarray(lr(t), np.float64)
    except (TypeError, ValueError):
        values = np.array([lr(int(k)) for k in t], np.float64)
    if values.shape not in ((), t.shape):
        raise ValueError(
            f"lr(t) must return {t.size} rates for {t.size} updates, got {values.shape}"
        )
    wrong = ~(np.isfinite(values) & (values >= 0))
    if wrong.any():
        at, value = int(t[np.argmax(wrong)]), values[wrong][0]
        raise ValueError(f"lr(t) must be finite and not negative, got {value} at t = {at}")
    return values
