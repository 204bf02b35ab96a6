"""Checkpoints: a fit in a file, from which another goes on, bit for bit."""

import copy
import errno
import os
import zlib
from dataclasses import dataclass, fields
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from fastopt._arguments import flag, positive
from fastopt.data.source import Source
from fastopt.linear_model.input import Array
from fastopt.linear_model.training import Tally, Targets, Training, laid_out
from fastopt.model_file.checks import of_hint

NAME = "checkpoint.fastopt"  # in the folder
SAMPLED = 100  # rows of X, by which data are told apart
FREE = {"max_iter", "tol", "n_iter_no_change", "verbose", "n_jobs"}  # may change on the way


@dataclass
class Best:
    """The weights of the best epoch so far."""

    objective: float
    coef: Array
    intercept: Array


@dataclass
class Standing:
    """What a fit stands at, beside the attributes of its model.

    Attributes
    ----------
    best : Best or None
        What ``restore_best`` brings back.
    tally : Tally or None
        Of an epoch that is not done.
    done : bool
        Whether it has converged, or a callback has ended it.
    """

    best: Best | None = None
    tally: Tally | None = None
    done: bool = False


class Checkpoints:
    """The checkpoint of a fit, which is written anew every so many epochs.

    It is written to another file, synced and renamed: whatever happens, the last one is there.

    Parameters
    ----------
    folder : str or path
        Made if it is not there.
    every : float
        Epochs; below 1, a part of the windows of an epoch over a source.
    resume : bool
        Whether to go on from the checkpoint that is there.
    """

    def __init__(self, folder: str | os.PathLike[str], every: float, resume: bool) -> None:
        self.path, self.every, self.resume = Path(folder, NAME), every, resume
        self.data: dict[str, Any] = {}

    def begin(self, model: Any, X: Any, targets: Targets, source: Source | None) -> Standing:
        """Set what the data are; return where a fit on them begins, or goes on."""
        _values(model)  # or an error of what a file cannot hold, before an epoch was lost
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if not os.access(self.path.parent, os.W_OK):
            raise PermissionError(
                errno.EACCES, "checkpoint cannot be written to", os.fspath(self.path.parent)
            )
        self.data = _told_apart(X, targets, source)
        if not self.resume or not self.path.exists():
            return Standing()
        from fastopt.model_file.file import read

        saved, extra = read(self.path)
        try:
            self._check_same(model, saved, extra)
            standing = _standing(extra, saved, X)
        except ValueError as error:
            raise ValueError(
                f"resume cannot go on from {os.fspath(self.path)!r}: {error}"
            ) from None
        parameters = model.get_params(deep=False)
        vars(model).update({k: v for k, v in vars(saved).items() if k not in parameters})
        return standing

    def _check_same(self, model: Any, saved: Any, extra: dict[str, Any]) -> None:
        """Raise an error if a fit of a model on these data is not that of the checkpoint."""
        if extra.keys() != {"data", "best", "tally", "done"}:
            raise ValueError("it is no checkpoint, but a model")
        if type(saved) is not type(model):
            raise ValueError(f"it is one of {type(saved).__name__}")
        given, before = _values(model), _values(saved)
        for name in given:
            if given[name] != before.get(name):
                raise ValueError(
                    f"its {name} is {getattr(saved, name)!r}, and that of the model "
                    f"{getattr(model, name)!r}"
                )
        data = extra["data"]
        for name, value in self.data.items():
            if not isinstance(data, dict) or data.get(name) != value:
                raise ValueError(
                    f"its data are others: their {name} is {data.get(name)}, and here {value}"
                )

    def is_due(self, epochs: int) -> bool:
        """Whether there is to be one after so many epochs."""
        return self.every < 1 or epochs % self.every == 0

    def is_due_in(self, windows: int, n_windows: int | None) -> bool:
        """Whether there is to be one after so many windows of an epoch."""
        if self.every >= 1 or n_windows is None or windows == n_windows:
            return False
        return windows % max(round(self.every * n_windows), 1) == 0

    def save(self, model: Any, training: Training, standing: Standing) -> None:
        """Write what a fit stands at."""
        from fastopt.model_file.file import write

        now = copy.copy(model)  # which shows what an epoch has come to before it is done
        now._progress = copy.copy(training.progress)
        now._show(training)
        extra = {
            "data": self.data,
            "best": standing.best and vars(standing.best),
            "tally": standing.tally and vars(standing.tally),
            "done": standing.done,
        }
        write(now, self.path, extra)


def check_checkpoints(
    model: Any, checkpoint: Any, every: Any, resume: Any, eval_set: Any = None
) -> Checkpoints | None:
    """Return the checkpoints that the arguments of a fit ask for."""
    every = positive("every", every)
    if every > 1 and every != int(every):
        raise ValueError(f"every must be a whole number of epochs, or a part of one, got {every}")
    if flag("resume", resume) and checkpoint is None:
        raise ValueError("resume needs checkpoint, the folder to go on from")
    if checkpoint is None:
        return None
    if not isinstance(checkpoint, str | os.PathLike):
        raise TypeError(f"checkpoint must be the path of a folder, got {checkpoint!r}")
    if model.early_stopping and eval_set is None and model.random_state is None:
        raise ValueError("checkpoint needs an int as random_state, to hold out the same rows again")
    return Checkpoints(checkpoint, every, resume)


def _standing(extra: dict[str, Any], saved: Any, X: Any) -> Standing:
    """Return what a checkpoint of a model stands at, checked."""
    of_hint(bool, "done", extra["done"])
    best, tally = _part(Best, extra["best"]), _part(Tally, extra["tally"])
    progress = saved._progress
    shape = progress.n_outputs, progress.shape[-1]
    if best is not None and (best.coef.shape, best.intercept.shape) != (
        progress.shape,
        (progress.n_outputs,),
    ):
        raise ValueError(f"its best weights have the shape {best.coef.shape}")
    if tally is not None:
        if tally.start.shape != shape or tally.start.dtype != progress.dtype or tally.windows < 1:
            raise ValueError(f"its unfinished epoch is broken: {tally!r:.200}")
        tally.start = laid_out(tally.start, X)
    return Standing(best, tally, extra["done"])


def _part(kind: Any, values: Any) -> Any:
    if values is None:
        return None
    known = {field.name: field.type for field in fields(kind)}
    if not isinstance(values, dict) or values.keys() != known.keys():
        raise ValueError(f"it holds a broken {kind.__name__}")
    for name, hint in known.items():
        of_hint(hint, name, values[name])
    return kind(**values)


def _told_apart(X: Any, targets: Targets, source: Source | None) -> dict[str, Any]:
    """Return what tells data apart from others: of a source, X and targets are its first rows."""
    some = X[np.linspace(0, X.shape[0] - 1, min(X.shape[0], SAMPLED)).astype(np.intp)]
    sampled = [some.data, some.indices] if sparse.issparse(some) else [some]
    checksum = 0
    for part in (targets.y, targets.weight, *sampled):
        if part is not None:
            content = np.ascontiguousarray(part).reshape(-1).view(np.uint8)
            checksum = zlib.crc32(content.data, checksum)
    data = {"shape": tuple(X.shape), "dtype": X.dtype.name, "checksum": checksum}
    if source is not None:
        data |= {"schema": source.schema, "n_blocks": source.n_blocks, "memory": source.memory}
    return data


def _values(model: Any) -> dict[str, Any]:
    """Return the parameters that must stay, as a file has them."""
    from fastopt.model_file.values import Writer

    parameters = model.get_params(deep=False)
    if not isinstance(parameters["random_state"], Integral | None):
        del parameters["random_state"]  # it has been drawn from
    return Writer().named({name: value for name, value in parameters.items() if name not in FREE})
