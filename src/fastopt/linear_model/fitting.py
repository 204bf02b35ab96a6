"""The epochs of a fit: what is told of each, and when to stop."""

import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin

from fastopt.data.source import Block, Source
from fastopt.linear_model.callbacks import tell
from fastopt.linear_model.checkpoints import Best, Checkpoints, Standing
from fastopt.linear_model.input import check_row
from fastopt.linear_model.plan import PASSIVE_AGGRESSIVE
from fastopt.linear_model.training import Diverged, Tally, Targets, Training
from fastopt.linear_model.validation import Validation
from fastopt.schedules import plateaus_of

SMALLEST_RATE = 1e-6  # at which an adaptive learning rate gives up


class Fitting:
    """The epochs of a fit of a model, over what a training is bound to or over a source.

    Parameters
    ----------
    model : BaseSGD
        Whose attributes tell after each epoch what it has come to.
    training : Training
    max_iter : int
        The most epochs.
    tol : float or None
        By how much the objective must fall in each ``n_iter_no_change`` epochs; None is not to
        look.
    source : Source or None
        What to read the windows of an epoch from, if they are not bound at once.
    made : function
        What makes of a block what the training binds, or None if it has no rows.
    validation : Validation or None
        Data to tell the loss and the score of.
    callbacks : iterable
        What is told of the events of the fit.
    checkpoints : Checkpoints or None
        Where it is saved.
    standing : Standing or None
        What it goes on from.
    """

    def __init__(
        self,
        model: Any,
        training: Training,
        max_iter: int,
        tol: float | None,
        *,
        source: Source | None = None,
        made: Callable[[Block], tuple[Any, Targets] | None] = lambda block: None,
        validation: Validation | None = None,
        callbacks: Iterable[Any] = (),
        checkpoints: Checkpoints | None = None,
        standing: Standing | None = None,
    ) -> None:
        self.model, self.training, self.progress = model, training, training.progress
        self.max_iter, self.tol = max_iter, tol
        self.source, self.made = source, made
        self.validation, self.callbacks = validation, callbacks
        self.checkpoints, self.standing = checkpoints, standing or Standing()
        training.tally = self.standing.tally

    def run(self) -> int | None:
        """Train; return the epoch that diverged, if one did."""
        model, standing = self.model, self.standing
        tell(self.callbacks, "on_fit_begin", model)
        self.bar = self._progress_bar()
        try:
            while not standing.done and model.n_iter_ < self.max_iter:
                tell(self.callbacks, "on_epoch_begin", model)
                standing.done = self._epoch()
                standing.done |= tell(self.callbacks, "on_epoch_end", model)
                self._save_epoch()
        except Diverged as error:
            if error.row is not None:
                check_row(model, self.training.X, error.row)
            return int(model.n_iter_) + 1
        finally:
            if self.bar is not None:
                self.bar.close()
            model.t_ = float(self.progress.t + 1)
        if standing.best is not None:
            model.coef_, model.intercept_ = standing.best.coef, standing.best.intercept
        tell(self.callbacks, "on_fit_end", model)
        return None

    def _epoch(self) -> bool:
        """Train for one epoch; return whether the model has converged."""
        model, standing, start = self.model, self.standing, time.perf_counter()
        tally = self.training.epoch(None if self.source is None else self._windows)
        if self.source is not None and not tally.weight:
            raise ValueError("Sample weights must contain at least one non-zero number.")
        model.n_iter_ += 1
        model._show(self.training)
        row = self._record(tally, time.perf_counter() - start)
        if self.validation is not None:
            row |= self.validation.results(model)
        objective = self._objective(row)
        if model.restore_best and (standing.best is None or objective < standing.best.objective):
            standing.best = Best(objective, model.coef_.copy(), model.intercept_.copy())
        for plateau in plateaus_of(self.progress.fed_rate):
            plateau.step(row["loss"])
        if self.bar is not None:
            if self.source is None:
                self.bar.update()
            self.bar.set_postfix(loss=f"{row['loss']:.4g}")
        return self.tol is not None and self._converged(objective, self.tol)

    def _windows(self, tally: Tally) -> Iterator[tuple[Any, Targets]]:
        """Yield the windows of an epoch that are left."""
        assert self.source is not None
        for window in self.source.windows(
            self.progress.seed,
            self.progress.epoch,
            self.made,
            shuffle=self.model.shuffle,
            first=tally.windows,
        ):
            if window is None:  # all its rows were bad
                tally.windows += 1
            else:
                yield window
            del window  # while the one after the next is read
            if self.bar is not None:
                self.bar.update()
            self._save_window(tally)

    def _save_window(self, tally: Tally) -> None:
        saved, source = self.checkpoints, self.source
        if saved and source and saved.is_due_in(tally.windows, source.n_windows):
            saved.save(self.model, self.training, replace(self.standing, tally=tally))

    def _save_epoch(self) -> None:
        n, saved = self.model.n_iter_, self.checkpoints
        if saved and (saved.is_due(n) or self.standing.done or n == self.max_iter):
            saved.save(self.model, self.training, replace(self.standing, tally=None))

    def _objective(self, row: dict[str, float]) -> float:
        """Return what the training is to bring down: 1 - the score on the validation data, or the
        mean loss plus the penalty of the weights.
        """
        model, training = self.model, self.training
        if self.validation is not None and model.early_stopping:
            return 1 - row["validation_score"]
        if self.validation is not None and model.restore_best:
            return row["validation_loss"]
        if self.tol is None and not model.restore_best:
            return math.nan
        objective = row["loss"]
        if model.learning_rate in PASSIVE_AGGRESSIVE:
            return objective
        l1, l2 = training.rule.l1, training.rule.l2
        coef = training.coef
        penalty = model._intercept_pull() * float(model.intercept_.sum())
        if l2:
            penalty += l2 / 2 * float(np.square(coef, dtype=np.float64).sum())
        if l1:
            penalty += l1 * float(np.abs(coef).sum(dtype=np.float64))
        return objective + penalty / model._n_losses()

    def _converged(self, objective: float, tol: float) -> bool:
        """Whether there were n_iter_no_change epochs in which the objective did not get below the
        best by tol.
        """
        model, progress = self.model, self.progress
        progress.stale = progress.stale + 1 if objective > progress.best - tol else 0
        progress.best = min(progress.best, objective)
        if progress.stale < model.n_iter_no_change:
            return False
        progress.stale = 0
        if model.learning_rate == "adaptive" and model.eta0 * progress.factor > SMALLEST_RATE:
            progress.factor /= 5
            return False
        return True

    def _record(self, tally: Tally, seconds: float) -> dict[str, float]:
        """Add a row for an epoch to history_, and return it."""
        model, weight = self.model, tally.weight or 1.0
        row = {"loss": tally.loss / weight / model._n_losses()}
        if isinstance(model, ClassifierMixin):
            row["accuracy"] = tally.right / weight
        row |= {
            "lr": self.training.lr,
            "gradient_norm": self.training.gradient_norm,
            "seconds": seconds,
            "samples_per_second": tally.n_samples / seconds,
        }
        model.history_.append(row)
        return row

    def _progress_bar(self) -> Any:
        if not self.model.verbose:
            return None
        from tqdm.auto import tqdm

        name, done = type(self.model).__name__, self.model.n_iter_
        if self.source is None:
            return tqdm(total=self.max_iter, initial=done, desc=name, unit="epoch")
        n, tally = self.source.n_windows, self.standing.tally
        if n is None:
            return tqdm(desc=name, unit="window")
        done = done * n + (tally.windows if tally else 0)
        return tqdm(total=self.max_iter * n, initial=done, desc=name, unit="window")
