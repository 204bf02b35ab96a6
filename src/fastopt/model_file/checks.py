"""What values of a file must be; each check raises one ValueError that names what is wrong."""

from types import NoneType, UnionType
from typing import Any, get_args, get_origin

import numpy as np
from scipy import sparse


def of_hint(hint: Any, name: str, value: Any) -> None:
    """Check that a value is what an annotation says."""
    if not _fits(value, hint):
        raise ValueError(f"{name} must be {hint}, got {value!r:.80}")


def _fits(value: Any, hint: Any) -> bool:
    kind, inner = get_origin(hint) or hint, get_args(hint)
    if kind is UnionType:
        return any(_fits(value, choice) for choice in inner)
    if kind is tuple and inner[-1] is Ellipsis:
        return type(value) is tuple and all(_fits(item, inner[0]) for item in value)
    if kind is tuple:
        return type(value) is tuple and len(value) == len(inner) and all(map(_fits, value, inner))
    if kind is dict:
        return type(value) is dict and all(
            _fits(key, inner[0]) and _fits(item, inner[1]) for key, item in value.items()
        )
    if kind in (np.ndarray, np.dtype):
        return isinstance(value, kind)
    if kind is Any:
        return True
    if kind is float:
        return type(value) in (int, float)
    if kind not in (bool, int, str, NoneType):
        raise TypeError(f"{hint} is not an annotation that files know")
    return type(value) is kind


def numbers(name: str, value: Any, kinds: str, ndim: tuple[int, ...]) -> None:
    """Check that a value is an array of finite numbers, or such a CSR matrix."""
    array = value.data if sparse.issparse(value) else value
    if not isinstance(array, np.ndarray) or value.ndim not in ndim or array.dtype.kind not in kinds:
        raise ValueError(f"{name} must be an array of numbers, got {value!r:.80}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must hold finite numbers")


def forms(place: str, arrays: dict[str, Any], wanted: dict[str, tuple[Any, Any]]) -> None:
    """Check that there are arrays of just these names, shapes and dtypes."""
    found = {name: (array.shape, array.dtype) for name, array in arrays.items()}
    if found != wanted:
        raise ValueError(f"{place} must be {_said(wanted)}, got {_said(found)}")


def _said(forms: dict[str, tuple[Any, Any]]) -> str:
    said = [f"{name}: {dtype} of shape {shape}" for name, (shape, dtype) in forms.items()]
    return "; ".join(said) or "nothing"
