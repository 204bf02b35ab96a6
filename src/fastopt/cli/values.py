"""What a value written on the command line means."""

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any

from fastopt import schedules
from fastopt.cli.meant import meant
from fastopt.optim import OPTIMIZERS
from fastopt.schedules.base import BaseSchedule

UNITS = {"": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}
WORDS = {"none": None, "true": True, "false": False}

SCHEDULES: dict[str, type[BaseSchedule]] = {
    name: kind
    for name in schedules.__all__
    if isinstance(kind := getattr(schedules, name), type) and issubclass(kind, BaseSchedule)
}


def plain(text: str) -> Any:
    """Return none, true, false or a number as what it is, and any other text as it stands."""
    if text.lower() in WORDS:
        return WORDS[text.lower()]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text


def several(text: str) -> tuple[Any, ...]:
    """Return what stands between commas."""
    return tuple(plain(part) for part in names(text))


def names(text: str) -> list[str]:
    """Return the names between commas, without the blanks around them."""
    return [name.strip() for name in text.split(",")]


def pairs(text: str, wanted: str, default: Any = None) -> dict[Any, Any]:
    """Return ``key:value`` or ``key=value``, between commas, as a dict; a key without a value has
    the default, if there is one.
    """
    made = {}
    for part in names(text):
        key, sign, value = re.fullmatch(r"(.*?)(?:([:=])(.*))?", part, re.DOTALL).groups()  # type: ignore[union-attr]
        if not key or (default is None and not (sign and value)):
            raise ValueError(f"expected {wanted}, got {text!r}")
        made[plain(key.strip())] = plain(value.strip()) if sign else default
    return made


def class_weight(text: str) -> Any:
    """Return the weights of classes: ``balanced``, ``none``, or ``0:1,1:2.5``."""
    if text in ("balanced", "none"):
        return plain(text)
    return pairs(text, "balanced, none or LABEL:WEIGHT,...")


def bounds(text: str) -> Any:
    """Return ``LOW,HIGH``, or None."""
    return plain(text) if text == "none" else several(text)


def categorical(text: str) -> dict[str, Any]:
    """Return how columns are encoded: ``city=onehot,user=262144``, or ``city,user``."""
    wanted = "COLUMN=onehot or COLUMN=NUMBER, between commas"
    made = pairs(text, wanted, "onehot")
    if not all(how == "onehot" or _is_count(how) for how in made.values()):
        raise ValueError(f"expected {wanted}, got {text!r}")
    return {str(column): encoding for column, encoding in made.items()}


def whole(text: str) -> int:
    """Return a number of 1 or more."""
    number = plain(text)
    if not _is_count(number):
        raise ValueError(f"expected a whole number from 1, got {text!r}")
    return int(number)


def _is_count(value: Any) -> bool:
    return type(value) is int and value > 0


def size(text: str) -> int:
    """Return a number of bytes: ``134217728``, ``128MB`` (millions) or ``128MiB`` (of 2**20)."""
    match = re.fullmatch(r"(\d+(?:\.\d*)?)\s*([KMG]i?B)?", text.strip(), re.IGNORECASE)
    bytes_ = int(float(match[1]) * UNITS[(match[2] or "").upper()]) if match else 0
    if bytes_ < 1:
        raise ValueError(f"expected a number of bytes such as 128MB or 1GiB, got {text!r}")
    return bytes_


def optimizer(text: str) -> Any:
    """Return an optimizer: its name, or an unbound one made of ``adam:lr=0.01,betas=0.9/0.99``."""
    name, colon, arguments = text.partition(":")
    if name not in OPTIMIZERS:
        raise ValueError(
            f"expected one of {', '.join(OPTIMIZERS)}; got {name!r}.{meant(name, OPTIMIZERS)}"
        )
    if not colon:
        return name
    usual = OPTIMIZERS[name]
    accepted = dict(inspect.signature(type(usual)).parameters)
    del accepted["params"]
    return type(usual)(**{**usual.options, **_arguments(name, accepted, arguments)})


def sets_rate(text: str) -> bool:
    """Whether an optimizer is written with a learning rate: ``adam:0.01`` or ``adam:lr=0.01``."""
    first, *others = names(text.partition(":")[2])
    return bool(first) and ("=" not in first or any(p.startswith("lr=") for p in (first, *others)))


def learning_rate(text: str) -> Any:
    """Return how learning rates go: the name that a model knows, or what makes a schedule when it
    is told of the number of updates, of ``cosine:0.01`` or ``cosine:0.01,final=0.001``.
    """
    name, colon, arguments = text.partition(":")
    if not colon and name not in SCHEDULES.keys() - {"constant", "optimal"}:
        if isinstance(plain(text), int | float):
            raise ValueError(f"write constant:{text} for a fixed rate")
        return plain(text)
    if name not in SCHEDULES:
        raise ValueError(
            f"expected one of {', '.join(SCHEDULES)} before the colon; got {name!r}."
            f"{meant(name, SCHEDULES)}"
        )
    return ScheduleOf(name, arguments)


class ScheduleOf:
    """A schedule that may be as long as the training.

    Attributes
    ----------
    for_all : bool
        Whether its ``steps`` were left out, and are to be all updates of the training.
    """

    def __init__(self, name: str, arguments: str) -> None:
        self.kind = SCHEDULES[name]
        accepted = inspect.signature(self.kind).parameters
        self._given = _arguments(name, accepted, arguments)
        missing = [n for n, p in accepted.items() if p.default is p.empty and n not in self._given]
        self.for_all = "steps" in missing
        if missing and missing != ["steps"]:
            raise ValueError(
                f"{name} needs {' and '.join(n for n in missing if n != 'steps')}: "
                f"{_written(name, accepted)}"
            )
        self.made(steps=10**9)  # or an error of what was given

    def made(self, steps: int) -> BaseSchedule:
        """Return the schedule for a training of so many updates."""
        return self.kind(**self._given, **({"steps": steps} if self.for_all else {}))


def _arguments(name: str, accepted: Mapping[str, inspect.Parameter], text: str) -> dict[str, Any]:
    """Return ``1,b=2`` as arguments by name; numbers between slashes are a tuple."""
    given: dict[str, Any] = {}
    for place, part in enumerate(names(text) if text else ()):
        key, sign, value = (each.strip() for each in part.rpartition("="))
        if not sign:
            if place >= len(accepted) or len(given) < place:
                raise ValueError(f"expected {_written(name, accepted)}, got {text!r}")
            key = list(accepted)[place]
        if key not in accepted or key in given:
            raise ValueError(f"expected {_written(name, accepted)}, got {text!r}")
        parts = [plain(part) for part in value.split("/") if part]
        given[key] = tuple(parts) if "/" in value else plain(value)
    return given


def _written(name: str, accepted: Mapping[str, inspect.Parameter]) -> str:
    """Return how a call of it is written on the command line."""
    left_out = {n for n, p in accepted.items() if p.default is not p.empty} | {"steps"}
    told = [f"[{n}=...]" if n in left_out else n.upper() for n in accepted]
    return f"{name}:{','.join(told)}"


#: Of parameters and arguments that are written in a way of their own.
READERS: dict[str, Callable[[str], Any]] = {
    "bounds": bounds,
    "categorical": categorical,
    "class_weight": class_weight,
    "classes": several,
    "features": names,
    "learning_rate": learning_rate,
    "memory": size,
    "n_features": whole,
    "optimizer": optimizer,
    "sample_weight": str,
    "target": str,
}
