"""fastopt's estimators as scikit-learn's, and back."""

import copy
from typing import Any

import numpy as np
from scipy import sparse
from sklearn import cluster, linear_model
from sklearn.utils._openmp_helpers import _openmp_effective_n_threads
from sklearn.utils._param_validation import make_constraint
from sklearn.utils.validation import check_is_fitted

from fastopt.cluster import MiniBatchKMeans
from fastopt.linear_model import Perceptron, SGDClassifier, SGDOneClassSVM, SGDRegressor

#: Models of scikit-learn with a log link, by our loss.
GENERALISED: dict[str, Any] = {
    "poisson": linear_model.PoissonRegressor,
    "gamma": linear_model.GammaRegressor,
    "tweedie": linear_model.TweedieRegressor,
}
#: What of scikit-learn's each of ours can be made from, by name: some come and go.
THEIRS = {
    SGDClassifier: ("SGDClassifier", "LogisticRegression", "PassiveAggressiveClassifier"),
    Perceptron: ("Perceptron",),
    SGDRegressor: (
        "SGDRegressor",
        "LinearRegression",
        "PoissonRegressor",
        "GammaRegressor",
        "TweedieRegressor",
        "PassiveAggressiveRegressor",
    ),
    SGDOneClassSVM: ("SGDOneClassSVM",),
    MiniBatchKMeans: ("MiniBatchKMeans",),
}
LEARNT = ["n_features_in_", "feature_names_in_", "classes_"]
OF_CLUSTERS = ["cluster_centers_", "_counts", "labels_", "inertia_", "n_iter_", "n_steps_"]


def to_sklearn(model: Any) -> Any:
    """Return scikit-learn's estimator with the same predictions."""
    clusters = isinstance(model, MiniBatchKMeans)
    check_is_fitted(model, "_counts" if clusters else "_progress")  # not set by hand alone
    if clusters:
        theirs = _carried(model.get_params(), cluster.MiniBatchKMeans)
        _copy([*LEARNT, *OF_CLUSTERS], model, theirs)
        theirs._counts = theirs._counts.astype(theirs.cluster_centers_.dtype)
        theirs._n_since_last_reassign = model._since_reassign
        theirs._n_features_out = len(theirs.cluster_centers_)
        theirs._batch_size = theirs.batch_size
        theirs._n_threads = _openmp_effective_n_threads()
        return theirs
    theirs = _unfitted(model)
    _copy([*LEARNT, "coef_", "intercept_", "n_iter_", "t_"], model, theirs)
    if isinstance(model, SGDOneClassSVM):
        theirs.offset_ = 1 - theirs.intercept_
        del theirs.intercept_
    if sparse.issparse(theirs.coef_) and not hasattr(theirs, "sparsify"):
        theirs.coef_ = theirs.coef_.toarray().reshape(model._progress.shape)
    if isinstance(theirs, linear_model.LogisticRegression):
        theirs.n_iter_ = np.array([theirs.n_iter_], np.int32)
    elif hasattr(theirs, "_get_loss"):  # a generalised linear model
        theirs.coef_, theirs.intercept_ = theirs.coef_.ravel(), theirs.intercept_[0]
        theirs._base_loss = theirs._get_loss()
    elif getattr(theirs, "average", False):
        _give_average(model, theirs)
    return theirs


def _unfitted(model: Any) -> Any:
    """Return an unfitted one of scikit-learn's linear models that predicts in the same way."""
    parameters = model.get_params()
    fit_intercept = {"fit_intercept": model.fit_intercept}
    if isinstance(model, SGDRegressor) and model._has_log_link():
        if model.coef_.shape[:-1] not in ((), (1,)):
            raise ValueError("scikit-learn has no model of several columns of y with a log link")
        power = {"power": model.power, "link": "log"} if model.loss == "tweedie" else {}
        return GENERALISED[model.loss](**fit_intercept, **power)
    if isinstance(model, SGDRegressor) and len(model._progress.shape) == 2:
        return linear_model.LinearRegression(**fit_intercept)
    if isinstance(model, SGDClassifier) and model.loss == "multinomial":
        if len(model.classes_) > 2:
            return linear_model.LogisticRegression(**fit_intercept)
        parameters["loss"] = "log_loss"
    theirs: type[Any] = getattr(linear_model, _ours(type(model)).__name__)
    return _carried(parameters, theirs)


def from_sklearn(kind: type[Any], theirs: Any) -> Any:
    """Return a model of a kind with the predictions of one of scikit-learn."""
    names = THEIRS[_ours(kind)]
    if not any(_is_theirs(base, names) for base in type(theirs).__mro__):
        raise TypeError(
            f"{kind.__name__}.from_sklearn takes scikit-learn's {', '.join(names)}, got {theirs!r}"
        )
    check_is_fitted(theirs)
    model = _carried(theirs.get_params() | _other_parameters(theirs), kind)
    if isinstance(model, MiniBatchKMeans):
        _copy([*LEARNT, *OF_CLUSTERS], theirs, model)
        model._counts = model._counts.astype(np.float64)
        model._since_reassign = int(theirs._n_since_last_reassign)
        model._seed = model._draw_seed()
        return model
    _copy(LEARNT, theirs, model)
    coef = theirs.coef_.copy()
    shape = coef.shape
    if sparse.issparse(coef) and not isinstance(model, SGDClassifier):
        shape = shape[1:]
    dtype = np.float32 if coef.dtype == np.float32 else np.float64
    model._start(shape, dtype, keep=False)
    progress = model._progress
    intercept = 1 - theirs.offset_ if isinstance(model, SGDOneClassSVM) else theirs.intercept_
    model.coef_ = coef.astype(dtype)
    model.intercept_ = np.full(progress.n_outputs, intercept, dtype)
    model.n_iter_ = int(np.max(getattr(theirs, "n_iter_", 0)))
    model.t_ = float(getattr(theirs, "t_", 1))
    progress.t = int(model.t_) - 1
    if getattr(theirs, "average", False):
        _take_average(theirs, model)
    return model


def _ours(kind: type[Any]) -> type[Any]:
    """Return which of fastopt's estimators a class is, or is derived from."""
    return next(base for base in kind.__mro__ if base in THEIRS)


def _is_theirs(kind: type[Any], names: tuple[str, ...]) -> bool:
    return kind.__module__.startswith("sklearn.") and kind.__name__ in names


def _other_parameters(theirs: Any) -> dict[str, Any]:
    """Return the parameters of ours that make the predictions, or the steps, of another model."""
    if isinstance(theirs, linear_model.LogisticRegression):
        joint = len(theirs.classes_) > 2 and theirs.solver != "liblinear"
        return {"loss": "multinomial" if joint else "log_loss", "penalty": "l2"}
    if type(theirs).__name__.startswith("PassiveAggressive"):
        squared = theirs.loss.startswith("squared_")
        return {
            "loss": theirs.loss.removeprefix("squared_"),
            "learning_rate": "pa2" if squared else "pa1",
            "eta0": theirs.C,
            "penalty": None,
        }
    for loss, kind in GENERALISED.items():
        if isinstance(theirs, kind):
            logarithmic = "Log" in type(theirs._base_loss.link).__name__
            return {"loss": loss if logarithmic else "squared_error"}
    return {}


def _carried(parameters: dict[str, Any], kind: type[Any]) -> Any:
    """Return an unfitted estimator with those of some parameters that it knows and takes."""
    constraints = kind._parameter_constraints
    known = {
        name: copy.deepcopy(parameters[name])
        for name in kind().get_params().keys() & parameters.keys()
        if any(make_constraint(c).is_satisfied_by(parameters[name]) for c in constraints[name])
    }
    return kind(**known)


def _copy(names: list[str], source: Any, target: Any) -> None:
    for name in names:
        if hasattr(source, name):
            setattr(target, name, copy.deepcopy(getattr(source, name)))


def _give_average(model: Any, theirs: Any) -> None:
    """Tell what the average, which is coef_, is one of."""
    coef, intercept = model._progress.trained or (model.coef_, model.intercept_)
    theirs._standard_coef = coef.reshape(model._progress.shape).copy()
    theirs._standard_intercept = intercept.copy()
    theirs._average_coef = theirs.coef_
    theirs._average_intercept = model.intercept_.copy()


def _take_average(theirs: Any, model: Any) -> None:
    """Let the average, which is coef_, go on."""
    progress = model._progress
    progress.n_averaged = max(progress.t + 1 - int(theirs.average), 0)
    progress.trained = (
        theirs._standard_coef.reshape(progress.n_outputs, -1).astype(progress.dtype),
        np.full(progress.n_outputs, theirs._standard_intercept, progress.dtype),
    )
    progress.shown = model.coef_, model.intercept_
