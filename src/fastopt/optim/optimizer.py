"""What all optimizers share: parameter groups, state, and the numbers of the next updates."""

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from itertools import pairwise
from numbers import Real
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from fastopt import _core
from fastopt._arguments import check, count_or_zero, items, nonnegative
from fastopt.optim.options import Checks, checked
from fastopt.schedules import ReduceOnPlateau, plateaus_of, rates_of

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
        if name in self._optimizer.fixed:
            raise ValueError(f"{name} cannot change on the way: make a new optimizer")
        options = self._optimizer._check({**self._options, name: value})
        if self._optimizer._kernel(options) != self._optimizer._kernel(self._options):
            raise ValueError(f"{name}={value!r} needs another state: make a new optimizer")
        self._optimizer._rewind(self._optimizer.t)
        self._options = options

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
        self._memory: list[Array] = []
        self._params: list[Array] = []
        self._group_of: list[int] = []
        self._single = isinstance(params, np.ndarray)
        if params is None:
            return
        groups = _groups(params)
        for k, (_, own) in enumerate(groups):
            for name in own.keys() - options.keys():
                raise TypeError(
                    f"{type(self).__name__} has no hyper-parameter {name!r}, as group {k} has"
                )
        arrays = [array for arrays, _ in groups for array in arrays]
        check_arrays("params", arrays)
        self.param_groups = [
            _named(f"group {k}", ParamGroup, self, {**options, **own})
            for k, (_, own) in enumerate(groups)
        ]
        self._params = arrays
        kernels = [self._kernel(group) for group in self.param_groups]
        self._group_of = [k for k, (arrays, _) in enumerate(groups) for _ in arrays]
        self._state = [
            self.new_state(array, self.param_groups[k])
            for array, k in zip(self._params, self._group_of, strict=True)
        ]
        states = [list(state.values()) for state in self._state]
        self._memory = [self.new_memory(group) for group in self.param_groups]
        self._bind(self._params, states, self._group_of, kernels, self._memory)

    # What a rule adds.

    #: Of options that mean something else in other rules.
    _own_checks: ClassVar[Checks] = {}

    #: Whether the point to evaluate at is another than that of the gradients.
    averages: ClassVar[bool] = False

    #: Whether its state tells where the weights have been, and goes with no others.
    anchored: ClassVar[bool] = False

    #: The options that may not change on the way, since the weights are made from them.
    fixed: ClassVar[tuple[str, ...]] = ()

    #: Whether each step may be followed by one to the nearest point within bounds.
    projects: ClassVar[bool] = True

    #: Whether a gradient of 0 leaves a weight and its state as they are.
    sparse: ClassVar[bool] = False

    def _check(self, options: Options) -> dict[str, Any]:
        """Return the options as plain values, or raise the error of the one that is wrong."""
        return checked(options, self._own_checks)

    def _kernel(self, options: Options) -> str:
        """Return the name of the kernel that these options need."""
        raise NotImplementedError

    def _numbers(self, options: Options, lr: Any, t: npt.NDArray[np.float64]) -> dict[str, Any]:
        """Return the kernel's hyper-parameters by name: a number, or an array over the updates t.

        l2, decay and l1 are 0 where they are left out. lr is an array over t or one number.
        """
        raise NotImplementedError

    def _reach(self, options: Options, t: npt.NDArray[np.float64]) -> Any:
        """Return how far a gradient moves w in the end, in units of lr times the gradient as the
        rule scales it, a number or an array over t; the threshold of an L1 penalty goes as far.
        """
        return 1.0

    def _threshold(self, options: Options, lr: Any, t: npt.NDArray[np.float64]) -> Any:
        """Return the kernel's l1 for an L1 penalty."""
        return options["l1"] * lr * self._reach(options, t)

    def _evaluated(self, w: Array, state: Mapping[str, Array], options: Options) -> Array:
        """Return the point to evaluate at, as a new array, when a parameter stands at w."""
        return w.copy()

    def _initial(self, name: str, options: Options, w: Array) -> Any:
        """Return what the state array of this name starts from, a number or an array like w."""
        return 0.0

    def _remembered(self, name: str, options: Options) -> float:
        """Return what the number of this name in the memory starts from."""
        return 0.0

    # What comes of it.

    def new_state(self, array: Array, options: Options) -> dict[str, Array]:
        """Return the state arrays, by name, that a parameter starts with."""
        names = _core.OPTIMIZERS[self._kernel(options)][0]
        state = dict(zip(names, _apart(array, len(names)), strict=True)) if names else {}
        for name, values in state.items():
            values[...] = self._initial(name, options, array)
        return state

    def new_memory(self, options: Options) -> Array:
        """Return the numbers that the rule keeps beside its arrays, as they are at first."""
        names = self._memory_names(options)
        return np.array([self._remembered(name, options) for name in names], np.float64)

    def _memory_names(self, options: Options) -> tuple[str, ...]:
        return _core.OPTIMIZERS[self._kernel(options)][2]

    def hypers(self, options: Options, done: int, count: int) -> npt.NDArray[np.float64]:
        """Return the numbers that the kernel takes in the `count` updates after the first `done`.

        Returns
        -------
        ndarray of shape (count, n_hypers), or (1, n_hypers) if none of them changes
            With columns as the kernel's row of ``_core.OPTIMIZERS`` names them.
        """
        t = np.arange(done + 1, done + count + 1)
        lr = rates(options["lr"], t)
        columns = {"l2": 0.0, "decay": 0.0, "l1": 0.0}
        steps = t.astype(np.float64)
        columns |= self._numbers(options, lr, steps)
        if options.get("l1"):
            columns["l1"] = self._threshold(options, lr, steps)
        names = _core.OPTIMIZERS[self._kernel(options)][1]
        constant = not any(isinstance(columns[name], np.ndarray) for name in names)
        rows = np.empty((1 if constant else count, len(names)))
        for k, name in enumerate(names):
            rows[:, k] = columns[name]
        return rows

    def _refill(self) -> None:
        watched = [
            (plateau, plateau.lr)
            for group in self.param_groups
            for value in group.values()
            for plateau in plateaus_of(value)
        ]
        t, count = self.t, CHUNK
        try:
            rows = [self.hypers(group, t, count) for group in self.param_groups]
        except Exception:  # a schedule may end ahead, where no step will ask for it
            count = 1
            rows = [self.hypers(group, t, count) for group in self.param_groups]
        constant = count > 1 and all(len(r) == 1 for r in rows)
        self._provide(rows, t, FOREVER if constant else t + count, watched)

    def evaluated(self) -> Array | list[Array]:
        """Return the points to evaluate at: the averages, of a rule that averages its steps; of
        others, the parameters as they are.

        Returns
        -------
        ndarray or list of ndarray
            New arrays, one for each parameter; one array if `params` was one.
        """
        points = [
            np.asarray(self._evaluated(w, state, self.param_groups[k]))
            for w, state, k in zip(self._params, self._state, self._group_of, strict=True)
        ]
        return points[0] if self._single else points

    def state_dict(self) -> dict[str, Any]:
        """Return the whole state, as copies of arrays and plain numbers.

        Returns
        -------
        dict
            "optimizer": its name. "t": updates done. "state": for each parameter its state arrays
            by name. "memory": for each group the numbers that its rule keeps beside them, by name.
            "param_groups": for each group its hyper-parameters; a schedule is not part of
            them, and in its place stands a list of the states of each `ReduceOnPlateau` in it.
        """
        return {
            "optimizer": type(self).__name__,
            "t": self.t,
            "state": [{name: a.copy() for name, a in state.items()} for state in self._state],
            "memory": [
                dict(zip(self._memory_names(group), memory.tolist(), strict=True))
                for group, memory in zip(self.param_groups, self._memory, strict=True)
            ],
            "param_groups": [_plain(group) for group in self.param_groups],
        }

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from what ``state_dict`` returned; the parameters themselves are not part of it.

        Nor is a schedule: the optimizer must have been made with it.

        Raises
        ------
        TypeError, ValueError
            If it is the state of other arrays or of another rule; nothing has changed then.
        """
        same_keys("state_dict", state_dict, ("optimizer", "t", "state", "memory", "param_groups"))
        if state_dict["optimizer"] != type(self).__name__:
            raise ValueError(
                f"state_dict is of {state_dict['optimizer']}, not {type(self).__name__}"
            )
        t = count_or_zero("t of state_dict", state_dict["t"])
        if t >= FOREVER:
            raise ValueError(f"t of state_dict must be below 2**62, got {t}")
        states = items("state of state_dict", state_dict["state"])
        memories = items("memory of state_dict", state_dict["memory"])
        groups = items("param_groups of state_dict", state_dict["param_groups"])
        if len(states) != len(self._state):
            raise ValueError(f"state_dict is of {len(states)} params, not {len(self._state)}")
        if len(groups) != len(self.param_groups):
            raise ValueError(f"state_dict is of {len(groups)} groups, not {len(self.param_groups)}")
        if len(memories) != len(groups):
            raise ValueError(
                f"memory of state_dict is of {len(memories)} groups, not {len(groups)}"
            )
        for i, (new, state) in enumerate(zip(states, self._state, strict=True)):
            same_keys(f"state[{i}] of state_dict", new, state)
            for name, array in state.items():
                same_form(f"state[{i}][{name!r}] of state_dict", new[name], array)
        numbers = []
        for k, (new, group) in enumerate(zip(memories, self.param_groups, strict=True)):
            names = self._memory_names(group)
            same_keys(f"memory[{k}] of state_dict", new, names)
            numbers.append([number(f"memory[{k}][{n!r}] of state_dict", new[n]) for n in names])
        options, plateaus = [], []
        for k, (new, group) in enumerate(zip(groups, self.param_groups, strict=True)):
            place = f"param_groups[{k}] of state_dict"
            same_keys(place, new, group)
            own, fed = _named(place, self._loaded, new, group)
            options.append(own)
            plateaus += fed
        # Nothing below fails, but for the first line, where another thread makes a step.
        self._rewind(t)
        for new, state in zip(states, self._state, strict=True):
            for name, array in state.items():
                np.copyto(array, new[name])
        for memory, new in zip(self._memory, numbers, strict=True):
            memory[:] = new
        for group, own in zip(self.param_groups, options, strict=True):
            group._options = own
        for plateau, new in plateaus:
            plateau.load_state_dict(new)

    def _loaded(
        self, new: Options, group: ParamGroup
    ) -> tuple[dict[str, Any], list[tuple[ReduceOnPlateau, Any]]]:
        """Return the options of a group with those of a state, and the states of its plateaus."""
        fed: list[tuple[ReduceOnPlateau, Any]] = []
        for name in [name for name, value in new.items() if isinstance(value, list)]:
            plateaus = plateaus_of(group[name])
            if not callable(group[name]) or len(plateaus) != len(new[name]):
                raise ValueError(
                    f"{name} was a schedule with {len(new[name])} ReduceOnPlateau, and the "
                    f"optimizer must be made with it, not with {group[name]!r}"
                )
            fed += zip(plateaus, new[name], strict=True)
            new = {**new, name: group[name]}
        for plateau, state in fed:
            copy.copy(plateau).load_state_dict(state)
        options = self._check(new)
        if self._kernel(options) != self._kernel(group):
            raise ValueError(f"the rule was {self._kernel(options)!r}, not {self._kernel(group)!r}")
        return options, fed

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
    params = listed("params must be an array, a list of arrays or a list of groups", params)
    groups: list[tuple[list[Any], dict[str, Any]]] = []
    if not any(isinstance(p, Mapping) for p in params):
        groups.append((params, {}))
    else:
        for i, group in enumerate(params):
            if not isinstance(group, Mapping) or "params" not in group:
                raise TypeError(f"params[{i}] must be a dict with the key 'params', as others are")
            own = dict(group)
            what = f"the params of group {i} must be an array or a list of arrays"
            groups.append((listed(what, own.pop("params")), own))
    if not any(arrays for arrays, _ in groups):
        raise ValueError("params must hold at least one array, got none")
    return groups


def listed(what: str, params: Any) -> list[Any]:
    """Return one or more arrays or groups as a list."""
    if isinstance(params, np.ndarray):
        return [params]
    if isinstance(params, str | Mapping) or not hasattr(params, "__iter__"):
        raise TypeError(f"{what}, got {type(params).__name__}")
    return list(params)


def check_arrays(name: str, arrays: list[Any]) -> None:
    """Raise the error of the first of the arrays that a kernel could not change in place."""
    for i, array in enumerate(arrays):
        if not isinstance(array, np.ndarray):
            raise TypeError(f"{name}[{i}] must be a NumPy array, got {type(array).__name__}")
        if array.dtype not in (np.float32, np.float64):
            raise TypeError(f"{name}[{i}] must be float32 or float64, got {array.dtype}")
        if not array.flags.writeable:
            raise ValueError(f"{name}[{i}] is read-only, so it cannot be updated in place")
        if not (array.flags.c_contiguous and array.flags.aligned):
            raise ValueError(f"{name}[{i}] must be C-contiguous; use np.ascontiguousarray")
    spans = sorted((*_span(array), i) for i, array in enumerate(arrays) if array.size)
    for (_, end, i), (start, _, j) in pairwise(spans):
        if start < end:
            raise ValueError(f"{name}[{min(i, j)}] and {name}[{max(i, j)}] share memory")


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


def _named(place: str, function: Callable[..., Any], *args: Any) -> Any:
    """Return function(*args); an error says where."""
    try:
        return function(*args)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{place}: {error}") from None


def same_keys(place: str, new: Any, wanted: Iterable[str]) -> None:
    """Raise an error unless new is a mapping with just these keys."""
    if not isinstance(new, Mapping):
        raise TypeError(f"{place} must be a dict, got {type(new).__name__}")
    if new.keys() != set(wanted):
        raise ValueError(f"{place} must hold {[*wanted]}, got {[*new]}")


def same_form(place: str, new: Any, array: Array) -> None:
    """Raise an error unless new is of the shape and dtype of an array."""
    if not isinstance(new, np.ndarray):
        raise TypeError(f"{place} must be a NumPy array, got {type(new).__name__}")
    if (new.shape, new.dtype) != (array.shape, array.dtype):
        raise ValueError(
            f"{place} is {new.dtype} of shape {new.shape}, not {array.dtype} of shape {array.shape}"
        )


def number(name: str, value: Any) -> float:
    """Return a number as a float."""
    try:
        return float(check(Real, "a number", lambda x: True, name, value))
    except OverflowError:
        raise ValueError(f"{name} must be a number of float64, got {value!r}") from None


def _plain(options: Options) -> dict[str, Any]:
    return {
        name: [p.state_dict() for p in plateaus_of(value)] if callable(value) else value
        for name, value in options.items()
    }


def rates(lr: Any, t: npt.NDArray[np.int64], name: str = "lr") -> Any:
    """Return the learning rates at updates t, one or more: one number, or an array over t."""
    if isinstance(lr, ReduceOnPlateau):
        return nonnegative(f"{name} of ReduceOnPlateau", lr.lr)
    if not callable(lr):
        return lr
    values = rates_of(lr, t)
    if not (values.min() >= 0 and values.max() < np.inf):
        wrong = ~(np.isfinite(values) & (values >= 0))
        at, value = int(t[np.argmax(wrong)]), values[wrong][0]
        raise ValueError(f"{name}(t) must be finite and not negative, got {value} at t = {at}")
    return values
