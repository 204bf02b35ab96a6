"""The progress of a training, from the fields of a file."""

from dataclasses import MISSING, fields
from typing import Any

import numpy as np

from fastopt import _core
from fastopt.linear_model.rule import RULES
from fastopt.linear_model.training import Progress
from fastopt.model_file.checks import forms, numbers, of_hint
from fastopt.optim.optimizer import FOREVER
from fastopt.schedules import plateaus_of


def progress_of(values: dict[str, Any]) -> Progress:
    """Return the progress that has these fields; a field that came later has its default."""
    known = {field.name: field for field in fields(Progress)}
    for name in values.keys() - known.keys():
        raise ValueError(f"progress has the field {name!r:.80}, which is not known")
    for name, field in known.items():
        if name not in values and field.default is field.default_factory is MISSING:
            raise ValueError(f"progress lacks {name!r}")
    return Progress(**values)


def check_progress(progress: Progress) -> None:
    """Raise an error if no training could go on from here."""
    for field in fields(Progress):
        of_hint(field.type, f"progress.{field.name}", getattr(progress, field.name))
    for counter in ("seed", "epoch", "t", "n_averaged", "stale"):
        if not 0 <= getattr(progress, counter) < FOREVER:
            raise ValueError(f"progress.{counter} must be in 0 .. 2**62")
    if len(progress.shape) not in (1, 2) or min(progress.shape) < 1:
        raise ValueError(f"progress.shape must be that of coef_, got {progress.shape}")
    if progress.dtype not in (np.float32, np.float64):
        raise ValueError(f"progress.dtype must be float32 or float64, got {progress.dtype}")
    if not 0 < progress.factor <= 1:
        raise ValueError(f"progress.factor must be in (0, 1], got {progress.factor}")
    for rate in ("fed_rate", "rate_given"):
        value = getattr(progress, rate)
        if value is not None and not plateaus_of(value):
            raise ValueError(f"progress.{rate} must be a schedule that is fed with losses")
    if progress.class_counts is not None:
        numbers("progress.class_counts", progress.class_counts, "iu", (1,))
        if progress.class_counts.min(initial=0) < 0:
            raise ValueError("progress.class_counts must be counts")
    _check_arrays(progress)


def _check_arrays(progress: Progress) -> None:
    kernel, shape, dtype = progress.kernel, progress.shape, progress.dtype
    of_coef = (progress.n_outputs, shape[-1]), dtype
    of_intercept = (progress.n_outputs,), dtype
    if kernel and kernel not in _core.OPTIMIZERS:
        raise ValueError(f"progress.kernel is {kernel!r:.80}, which is not known")
    if kernel and progress.rule != RULES.get(kernel, kernel):
        raise ValueError(f"progress.rule is {progress.rule!r:.80}, not that of {kernel!r}")
    states, _, memory = _core.OPTIMIZERS[kernel][:3] if kernel else ((), (), ())
    forms("progress.state", progress.state, dict.fromkeys(states, of_coef))
    forms("progress.intercept_state", progress.intercept_state, dict.fromkeys(states, of_intercept))
    of_memory = (len(memory),), np.dtype(np.float64)
    forms("progress", {"memory": progress.memory}, {"memory": of_memory})
    for name, form in (("trained", of_coef), ("shown", (shape, dtype))):
        pair = getattr(progress, name)
        if pair is not None:
            wanted = {"coef": form, "intercept": of_intercept}
            forms(f"progress.{name}", dict(zip(wanted, pair, strict=True)), wanted)
    changed = [*progress.state.values(), *progress.intercept_state.values(), progress.memory]
    if len({id(array) for array in changed}) < len(changed):
        raise ValueError("progress has two states in one array")
