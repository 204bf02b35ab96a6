"""State of its own beside an optimizer: plain values, and an array for each parameter."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from fastopt._arguments import items
from fastopt.optim.optimizer import Array, same_form, same_keys
from fastopt.optim.options import Checks


class Saved:
    """Base of what keeps a state that can be saved: attributes by name, and some arrays."""

    #: Of the attributes that are saved, options and counters.
    _checks: ClassVar[Checks] = {}

    def __init__(self) -> None:
        self._arrays: list[Array] = []

    def state_dict(self) -> dict[str, Any]:
        """Return the whole state, as copies of arrays and plain values.

        Returns
        -------
        dict
            "class": its name. "arrays": those that it keeps, one for each parameter. The rest are
            its attributes.
        """
        return {
            "class": type(self).__name__,
            **{name: getattr(self, name) for name in self._checks},
            "arrays": [array.copy() for array in self._arrays],
        }

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from what ``state_dict`` returned; the parameters themselves are not part of it.

        Raises
        ------
        TypeError, ValueError
            If it is the state of other arrays or of another class; nothing has changed then.
        """
        values = self._checked_state(state_dict)
        self._take(values, state_dict["arrays"])

    def _checked_state(self, state_dict: Any, *more: str) -> dict[str, Any]:
        """Return the attributes that a state holds as plain values, or raise what is wrong."""
        same_keys("state_dict", state_dict, ("class", *self._checks, "arrays", *more))
        if state_dict["class"] != type(self).__name__:
            raise ValueError(f"state_dict is of {state_dict['class']}, not {type(self).__name__}")
        arrays = items("arrays of state_dict", state_dict["arrays"])
        if len(arrays) != len(self._arrays):
            raise ValueError(f"state_dict is of {len(arrays)} params, not {len(self._arrays)}")
        for i, (new, array) in enumerate(zip(arrays, self._arrays, strict=True)):
            same_form(f"arrays[{i}] of state_dict", new, array)
        return {
            name: check(f"{name} of state_dict", state_dict[name])
            for name, check in self._checks.items()
        }

    def _take(self, values: Mapping[str, Any], arrays: Any) -> None:
        for name, value in values.items():
            setattr(self, name, value)
        for array, new in zip(self._arrays, arrays, strict=True):
            np.copyto(array, new)

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError(
            f"{type(self).__name__} is bound to its arrays and cannot be copied or pickled; "
            "save state_dict() instead"
        )
