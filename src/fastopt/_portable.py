"""What carries estimators elsewhere: files, and scikit-learn."""

import os
from typing import Any, Self


class Portable:
    """An estimator that can be saved to a file, and turned into one of scikit-learn and back."""

    def save(self, path: str | os.PathLike[str]) -> None:
        """Save to a file, which `fastopt.load` reads: parameters, what was learnt, and all that the
        training goes on from.

        The file is one of safetensors. It takes the place of one that is there, at once: whatever
        happens, the old file or the new one is there.

        Parameters
        ----------
        path : str or path
            Of the file.

        Raises
        ------
        TypeError, ValueError
            If there is something that a file cannot hold, such as a function as learning rate; no
            file has changed then.
        """
        from fastopt.model_file.file import write

        write(self, path)

    def to_sklearn(self) -> Any:
        """Return scikit-learn's estimator of the same kind, fitted: with the same predictions, but
        for rounding.

        It has copies of what was learnt, and the parameters that scikit-learn knows, too; others,
        as ``optimizer`` and ``batch_size``, and values that it does not take, are left at its
        defaults. Where its SGD does not predict the same, another model stands in, which shares
        ``fit_intercept`` alone: ``LogisticRegression`` for loss="multinomial" of more than two
        classes; ``PoissonRegressor``, ``GammaRegressor`` and ``TweedieRegressor`` for losses with a
        log link; and ``LinearRegression`` for several columns of y.

        With loss="modified_huber", where no class has a probability above 0, scikit-learn gives all
        classes the same.

        Raises
        ------
        NotFittedError
            If nothing was learnt yet.
        ValueError
            If scikit-learn has no such model: one of several columns of y with a log link.
        """
        from fastopt._conversion import to_sklearn

        return to_sklearn(self)

    @classmethod
    def from_sklearn(cls, estimator: Any) -> Self:
        """Return a model that predicts as a fitted one of scikit-learn does, and whose
        ``partial_fit``, and ``fit`` with ``warm_start``, go on from what that has learnt.

        The parameters are those of the same names; the state of an optimizer begins anew.

        Parameters
        ----------
        estimator
            One of scikit-learn that has this name, or that `to_sklearn` returns. `SGDClassifier`
            and `SGDRegressor` take those of ``PassiveAggressiveClassifier`` and
            ``PassiveAggressiveRegressor``, too.

        Raises
        ------
        TypeError
            If it is another.
        NotFittedError
            If it is not fitted.
        """
        from fastopt._conversion import from_sklearn

        model: Self = from_sklearn(cls, estimator)
        return model
