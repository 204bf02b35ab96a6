"""Python values as JSON and arrays, and back: the table of what a file may hold.

None, truth values, integers, strings, finite floats and lists are JSON's own. What else there is
becomes an object with its "kind"; an array lies beside the JSON, under the name of its place.
"""

import math
import sys
from collections.abc import Callable, Mapping
from numbers import Integral, Real
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from fastopt import schedules
from fastopt.model_file.safetensors import NAMES
from fastopt.optim import OPTIMIZERS, Optimizer
from fastopt.schedules import ReduceOnPlateau
from fastopt.schedules.base import BaseSchedule

Array = npt.NDArray[Any]
Json = Any

ORDERS = {"C": False, "F": True}  # whether an array lies transposed
FLOATS = {"float32": np.dtype(np.float32), "float64": np.dtype(np.float64)}
SPARSE = {"csr_matrix": sparse.csr_matrix, "csr_array": sparse.csr_array}
RULES = {type(rule).__name__: type(rule) for rule in OPTIMIZERS.values()}
SCHEDULES = {
    name: kind
    for name, kind in vars(schedules).items()
    if isinstance(kind, type) and issubclass(kind, BaseSchedule)
}


class Writer:
    """Turns values into JSON.

    Attributes
    ----------
    arrays : dict of ndarray
        Those that the JSON names, C-contiguous. One that is met in two places is there once.
    """

    def __init__(self) -> None:
        self.arrays: dict[str, Array] = {}
        self._seen: dict[int, tuple[Array, Json]] = {}  # arrays by their id

    def write(self, value: Any, place: str) -> Json:
        """Return a value as JSON; an error names its place."""
        if value is None or isinstance(value, bool | str):
            return value
        if isinstance(value, np.bool_):
            return bool(value)
        if isinstance(value, Integral):
            return int(value)
        if isinstance(value, Real):
            number = float(value)
            return number if math.isfinite(number) else {"kind": "float", "value": repr(number)}
        if type(value) is list:
            return self._floats(value, place) or self._items(value, place)
        if type(value) is tuple:
            return {"kind": "tuple", "items": self._items(value, place)}
        if type(value) is dict:
            pairs = [
                [self.write(key, place), self.write(item, f"{place}[{key!r}]")]
                for key, item in value.items()
            ]
            return {"kind": "dict", "items": pairs}
        if type(value) is np.ndarray:
            if id(value) not in self._seen:
                self._seen[id(value)] = value, self._array(value, place)
            return self._seen[id(value)][1]
        if isinstance(value, np.dtype):
            return {"kind": "dtype", "name": value.name}
        return self._object(value, place)

    def named(self, values: Mapping[str, Any], place: str = "") -> dict[str, Json]:
        """Return values by name as an object."""
        return {
            name: self.write(value, f"{place}.{name}" if place else name)
            for name, value in values.items()
        }

    def _items(self, values: Any, place: str) -> list[Json]:
        return [self.write(value, f"{place}[{i}]") for i, value in enumerate(values)]

    def _array(self, array: Array, place: str) -> Json:
        dtype = array.dtype
        if dtype.kind == "O" and array.ndim == 1:
            return {"kind": "objects", "items": self._items(array.tolist(), place)}
        if dtype.kind != "U" and dtype.newbyteorder("<").str not in NAMES:
            raise TypeError(f"{place} is an array of {dtype}, which a file cannot hold")
        while place in self.arrays:
            place += "'"
        written: dict[str, Json] = {"kind": "array", "array": place}
        if array.flags.f_contiguous and not array.flags.c_contiguous:
            array, written["order"] = array.T, "F"  # since products depend on it
        array = np.asarray(array, dtype.newbyteorder("<"), order="C")
        if dtype.kind == "U":
            array = array.reshape(-1).view("<u4").reshape(*array.shape, dtype.itemsize // 4)
            written["kind"] = "strings"
        self.arrays[place] = array
        return written

    def _object(self, value: Any, place: str) -> Json:
        name = type(value).__name__
        if SPARSE.get(name) is type(value):
            parts = {part: getattr(value, part) for part in ("data", "indices", "indptr")}
            parts["shape"] = value.shape
            return {"kind": "sparse", "class": name, **self.named(parts, place)}
        if RULES.get(name) is type(value) and not value.param_groups:
            options = self.named(value.options, place)
            return {"kind": "optimizer", "class": name, "options": options}
        if SCHEDULES.get(name) is type(value):
            arguments = {part: getattr(value, part) for part in value.__match_args__}
            written = {"kind": "schedule", "class": name, "arguments": self.named(arguments, place)}
            if isinstance(value, ReduceOnPlateau):
                written["state"] = self.write(value.state_dict(), place)
            return written
        if type(value) is np.random.RandomState:
            state = value.get_state(legacy=False)
            if state["bit_generator"] == "MT19937":
                return {"kind": "random state", "state": self.write(state, place)}
        raise TypeError(f"{place} is {value!r}, which a file cannot hold")

    def _floats(self, rows: list[Any], place: str) -> Json:
        """Return a list of dicts of floats, as `history_`, as arrays: for each run of dicts with
        the same keys, one; nothing if it is no such list.
        """
        if not rows or not all(
            type(row) is dict and row and all(isinstance(value, float) for value in row.values())
            for row in rows
        ):
            return None
        runs: list[tuple[list[Any], list[list[float]]]] = []
        for row in rows:
            if not runs or runs[-1][0] != [*row]:
                runs.append(([*row], []))
            runs[-1][1].append([*row.values()])
        return {
            "kind": "rows",
            "runs": [
                [self._items(keys, place), self.write(np.array(values), f"{place}[{i}]")]
                for i, (keys, values) in enumerate(runs)
            ],
        }


class Reader:
    """Turns JSON back into values; what is not of the table is a ValueError."""

    def __init__(self, arrays: Mapping[str, Array]) -> None:
        self._arrays = arrays
        self._met: dict[str, Array] = {}

    def check_all_met(self) -> None:
        """Raise an error if there is an array that no value was made of."""
        for name in self._arrays.keys() - self._met.keys():
            raise ValueError(f"it holds the array {name!r}, which belongs nowhere")

    def read(self, json: Json) -> Any:
        """Return the value of some JSON."""
        if isinstance(json, list):
            return [self.read(item) for item in json]
        if not isinstance(json, dict):
            return json
        parts = {**json}
        kind = parts.pop("kind", None)
        read = _KINDS.get(kind) if isinstance(kind, str) else None
        if read is None:
            raise ValueError(f"it holds a value of the kind {kind!r}")
        try:
            return read(self, **parts)
        except (
            TypeError,
            AttributeError,
            LookupError,
            OverflowError,
        ) as error:  # parts that are missing or of another type
            raise ValueError(f"it holds a broken {kind}: {error}") from None

    def named(self, json: Json) -> dict[str, Any]:
        """Return the values of an object whose keys are names."""
        return {name: self.read(value) for name, value in _typed(json, dict).items()}

    def _array(self, array: str, order: str = "C") -> Array:
        if _typed(array, str) not in self._arrays:
            raise ValueError(f"it lacks the array {array!r}")
        if array not in self._met:
            value = self._arrays[array]
            self._met[array] = value.T if _one_of(order, ORDERS) else value
        return self._met[array]

    def _strings(self, array: str, order: str = "C") -> Array:
        letters = self._array(array)
        if letters.dtype != np.uint32 or letters.ndim < 1 or letters.shape[-1] < 1:
            raise ValueError(f"the array {array!r} is not one of letters")
        if letters.size and letters.max() > sys.maxunicode:
            raise ValueError(f"the array {array!r} has letters that do not exist")
        strings = letters.view(f"<U{letters.shape[-1]}").reshape(letters.shape[:-1])
        return strings.T if _one_of(order, ORDERS) else strings

    def _objects(self, items: Json) -> Array:
        values = _typed(items, list)
        array = np.empty(len(values), object)
        array[:] = self.read(values)
        return array

    def _tuple(self, items: Json) -> tuple[Any, ...]:
        return tuple(self.read(_typed(items, list)))

    def _dict(self, items: Json) -> dict[Any, Any]:
        return {self.read(key): self.read(value) for key, value in _typed(items, list)}

    def _rows(self, runs: Json) -> list[dict[str, float]]:
        rows = []
        for keys, values in _typed(runs, list):
            names, numbers = self.read(keys), self.read(values)
            if numbers.dtype != np.float64 or numbers.shape[1:] != (len(names),):
                raise ValueError(f"rows of {names} are not such numbers")
            rows += [dict(zip(names, row, strict=True)) for row in numbers.tolist()]
        return rows

    def _float(self, value: str) -> float:
        return float(_one_of(value, {text: text for text in ("nan", "inf", "-inf")}))

    def _dtype(self, name: str) -> np.dtype[Any]:
        dtype: np.dtype[Any] = _one_of(name, FLOATS)
        return dtype

    def _sparse(self, data: Json, indices: Json, indptr: Json, shape: Json, **kind: str) -> Any:
        matrix = _one_of(kind.pop("class"), SPARSE)(
            tuple(self.read(part) for part in (data, indices, indptr)), self.read(shape)
        )
        matrix.check_format(full_check=True)
        return matrix

    def _optimizer(self, options: Json, **kind: str) -> Optimizer:
        optimizer: Optimizer = _one_of(kind.pop("class"), RULES)(**self.named(options))
        return optimizer

    def _schedule(self, arguments: Json, state: Json = None, **kind: str) -> BaseSchedule:
        schedule: BaseSchedule = _one_of(kind.pop("class"), SCHEDULES)(**self.named(arguments))
        if isinstance(schedule, ReduceOnPlateau):
            schedule.load_state_dict(self.read(state))
        return schedule

    def _random_state(self, state: Json) -> np.random.RandomState:
        value = self.read(state)
        generator = np.random.RandomState()
        if not 0 <= value["state"]["pos"] <= 624:  # which NumPy believes
            raise ValueError("it holds a broken random state")
        generator.set_state(value)
        return generator


_KINDS: dict[str, Callable[..., Any]] = {
    "array": Reader._array,
    "strings": Reader._strings,
    "objects": Reader._objects,
    "tuple": Reader._tuple,
    "dict": Reader._dict,
    "rows": Reader._rows,
    "float": Reader._float,
    "dtype": Reader._dtype,
    "sparse": Reader._sparse,
    "optimizer": Reader._optimizer,
    "schedule": Reader._schedule,
    "random state": Reader._random_state,
}


def _typed(json: Json, kind: type[Any]) -> Any:
    if type(json) is not kind:
        raise ValueError(f"it holds {json!r:.80} where a {kind.__name__} belongs")
    return json


def _one_of(name: Json, table: Mapping[str, Any]) -> Any:
    """Return the entry of a table."""
    if not isinstance(name, str) or name not in table:
        raise ValueError(f"it holds {name!r:.80}, which is none of {', '.join(sorted(table))}")
    return table[name]
