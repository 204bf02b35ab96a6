"""Which model to train, of what was written on the command line."""

import inspect
import math
from typing import Any

import rich_click as click
from sklearn.base import is_classifier
from sklearn.utils import get_tags
from sklearn.utils.multiclass import type_of_target

from fastopt import _core
from fastopt.cli.options import check_values, estimators, parameters
from fastopt.cli.values import ScheduleOf
from fastopt.linear_model.base import BaseSGD
from fastopt.linear_model.plan import plan_of

ENDS = ("tol", "max_no_improvement")  # what may end a fit before max_iter


class Choice:
    """An estimator and its parameters, checked.

    Parameters
    ----------
    of : str or None
        Its name in `estimators`; None is the one that the loss is for.
    values : dict
        The parameters that were given.
    epochs : int or None
        How many there are to be, exactly, unless ``values`` tell what ends a fit.
    has_rate : bool
        Whether the optimizer was written with a learning rate.

    Raises
    ------
    click.UsageError
        If there is no such model.
    """

    def __init__(
        self, of: str | None, values: dict[str, Any], epochs: int | None, has_rate: bool
    ) -> None:
        of = of or _for_loss(values.get("loss"))
        kind: Any = estimators()[of]
        self.kind = kind
        if epochs is not None:
            if "max_iter" in values:
                raise click.UsageError("--epochs and --max-iter are the same: give one of them")
            constraints = kind._parameter_constraints
            never = {name: None for name in ENDS if None in constraints.get(name, ())}
            values = {"max_iter": epochs, **never, **values}
        if has_rate and values.setdefault("learning_rate", "optimal") != "optimal":
            raise click.UsageError("--learning-rate must be optimal where --optimizer sets lr")
        check_values(of, values)
        self._values = values
        if issubclass(kind, BaseSGD):
            try:
                plan_of(self.made(steps=1))  # whether they go together
            except (TypeError, ValueError) as error:
                raise click.UsageError(str(error)) from None

    def made(self, steps: int) -> Any:
        """Return the estimator, with a schedule for so many updates if it wants to know."""
        given = {
            name: value.made(steps) if isinstance(value, ScheduleOf) else value
            for name, value in self._values.items()
        }
        return self.kind(**given)

    def takes(self, argument: str) -> bool:
        """Whether its fit has an argument."""
        return argument in inspect.signature(self.kind.fit).parameters

    def check_takes(self, argument: str, options: dict[str, Any]) -> None:
        """Raise the error of usage of an option that was given and needs an argument of fit."""
        for option, value in options.items():
            if value is not None and not self.takes(argument):
                raise click.UsageError(f"{option} cannot be used with {self.kind.__name__}")

    def made_for(self, source: Any) -> Any:
        """Return the estimator, for training on a source."""
        if get_tags(self.made(steps=1)).target_tags.required:
            self._check_target(source.peek().y)
        rate = self._values.get("learning_rate")
        if not (isinstance(rate, ScheduleOf) and rate.for_all):
            return self.made(steps=1)
        told = {**parameters(self.kind), **self._values}
        batch_size = told.get("batch_size", 1)
        batches = 1 if batch_size == "full" else math.ceil(source.n_samples / batch_size)
        return self.made(told["max_iter"] * batches)

    def _check_target(self, y: Any) -> None:
        """Raise the error of usage of what the loss is not for, as the first rows have it."""
        if y is None:
            raise click.UsageError("--target must tell where y is")
        loss = f"--loss {self._values['loss']}" if "loss" in self._values else self.kind.__name__
        if is_classifier(self.kind()):
            if type_of_target(y) == "continuous":
                odd = next(number for number in y if number % 1)
                raise click.UsageError(
                    f"{loss} needs classes, found {odd}; for numbers give --loss squared_error"
                )
        elif y.dtype.kind not in "biuf":
            raise click.UsageError(
                f"{loss} needs numbers, found {str(y[0])!r}; for classes give --loss log_loss"
            )


def _for_loss(loss: Any) -> str:
    """Return the estimator that a loss is for."""
    task = _core.LOSSES[loss][0] if loss in _core.LOSSES else None
    return "regressor" if task in ("regression", "log link") else "classifier"
