"""SGDClassifier: linear classifiers, two classes or one-versus-rest."""

from functools import partial
from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np
from scipy.special import expit, softmax
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.model_selection import StratifiedShuffleSplit
from sklearn.utils import compute_class_weight
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets

from fastopt.data.source import Block, Source
from fastopt.linear_model.base import BaseSGD, all_or_nothing, losses
from fastopt.linear_model.callbacks import check_callbacks
from fastopt.linear_model.checkpoints import check_checkpoints
from fastopt.linear_model.input import (
    Array,
    check_weights,
    opened,
    read,
    weight_dtype,
    weights_of,
)
from fastopt.linear_model.plan import plan_of
from fastopt.linear_model.training import Targets


def _classes(y: Array) -> Array:
    """Return the classes in y, sorted; two numbers are found without sorting."""
    if y.dtype.kind == "O":
        check_classification_targets(y)  # before np.unique compares what cannot be compared
    if y.dtype.kind in "iufb":
        low, high = y.min(), y.max()
        if ((y == low) | (y == high)).all():
            classes = np.array([low, high] if low != high else [low], y.dtype)
        else:
            classes = np.unique(y)
    else:
        classes = np.unique(y)
    if y.dtype.kind not in "iub":
        check_classification_targets(classes)
    return classes


def _declared(classes: Any) -> Array:
    """Return the classes that partial_fit is told of, sorted."""
    if np.ndim(classes) != 1 or not np.size(classes):
        raise ValueError(f"classes must be a list of labels, got {classes!r}")
    return _classes(np.asarray(classes))


def _classes_of(given: Any, source: Source | None, y: Array) -> Array:
    """Return the classes that a source declares, or has if it is read window by window; else those
    in y.
    """
    if not isinstance(given, Source) or (source is None and given._classes is None):
        return _classes(y)
    if given.classes is None:
        raise ValueError(
            "the target of the source must be classes: it has too many values, or none"
        )
    return _classes(given.classes)


def _at_least_two(classes: Array) -> Array:
    if len(classes) < 2:
        raise ValueError(
            f"The number of classes has to be greater than one; got {len(classes)} class"
        )
    return classes


def _has_proba(estimator: "SGDClassifier") -> bool:
    if estimator.loss not in ("log_loss", "modified_huber", "multinomial"):
        raise AttributeError(f"probability estimates are not available for loss={estimator.loss!r}")
    return True


class SGDClassifier(ClassifierMixin, BaseSGD):
    """Linear classifiers by incremental or mini-batch SGD, or by any other update rule.

    Minimises the mean over the samples of a loss of y z, with z = X @ coef_ + intercept_ and
    y = -1 or +1, plus the penalty of the weights; the intercept is not penalised. More than two
    classes are learnt one versus the rest, or jointly with loss="multinomial"; all in one pass over
    X, on the same order of rows.

    The same data, parameters and ``random_state`` give the same bits on every CPU. A fit that was
    cut in two, saved between and continued with ``warm_start`` gives the bits of one fit in one go.

    Parameters
    ----------
    loss : str
        "hinge" (a linear SVM), "log_loss" (logistic regression), "multinomial" (softmax), which is
        "log_loss" if there are two classes, "squared_hinge", "smooth_hinge", "modified_huber",
        "perceptron", or "squared_error", "absolute_error", "huber", "epsilon_insensitive",
        "squared_epsilon_insensitive" on y = -1 or +1.
    penalty : {"l2", "l1", "elasticnet", None}
        ``alpha`` / 2 times the squared norm of the weights, ``alpha`` times the sum of their
        magnitudes, or ``l1_ratio`` of the latter and the rest of the former. With the rule "sgd"
        the l1 penalty is cumulative (Tsuruoka et al. 2009); with others each update moves a weight
        towards 0 as far as the rule scales a gradient of that size, and no further. With "adagrad"
        l2, too, is scaled as the gradients are, and not counted among them (Duchi et al. 2011,
        equation 4); a weight that never had a gradient stays.
    alpha : float
        Strength of the penalty, >= 0; the weight decay of ``optimizer``, decoupled where that is,
        as of "adamw".
    l1_ratio : float
        Share of l1 in "elasticnet".
    fit_intercept : bool
        Whether the model has an intercept.
    max_iter : int
        Most epochs of ``fit``.
    tol : float or None
        ``fit`` stops when for ``n_iter_no_change`` epochs on end the objective (mean loss plus
        penalty, the mean over the outputs) was not below the best one by more than ``tol``. None:
        never before ``max_iter``.
    shuffle : bool
        Take a fresh permutation of the rows in each epoch.
    verbose : int
        1 shows a progress bar with the loss.
    epsilon : float
        Width of "huber", "epsilon_insensitive" and "squared_epsilon_insensitive".
    n_jobs : int or None
        Without effect: all classes share one pass, in one thread.
    random_state : int, RandomState or None
        Seed of the permutations, and of the split of ``early_stopping``.
    learning_rate : str or callable
        How long steps are. "constant": ``eta0``. "optimal": Bottou's 1 / (alpha (t0 + t - 1)) for
        optimizer="sgd", and the optimizer's own rate for the others. "invscaling": ``eta0`` / t **
        ``power_t``. "adaptive": ``eta0``, a fifth of it whenever ``fit`` would otherwise stop.
        "pa1", "pa2": passive-aggressive steps with the aggressiveness ``eta0``, for loss="hinge".
        Or a schedule lr(t) of ``fastopt.schedules``. t = 1, 2, ... counts updates. Rules that find
        their rate themselves ("prodigy", "dog" and others) want "optimal", for what they find is
        multiplied by it; "ftrl" wants a rate that stays.
    eta0 : float
        The first learning rate.
    power_t : float
        Exponent of "invscaling".
    early_stopping : bool
        Hold out a part of the rows, split as scikit-learn does, and stop by the accuracy on them
        instead of the objective.
    validation_fraction : float
        The part that ``early_stopping`` holds out.
    n_iter_no_change : int
        Epochs without progress, by ``tol``, after which ``fit`` stops.
    class_weight : dict, "balanced" or None
        Weights of the classes; multiplied with ``sample_weight``. ``partial_fit`` balances by the
        rows seen so far.
    warm_start : bool
        ``fit`` goes on where the last one stopped: weights, optimizer state, clock and order.
        An unfitted model starts from ``coef_`` and ``intercept_`` set by hand, if there are any.
    average : bool or int
        Give the mean of the weights after each update, from the first or from the update of that
        number on. Not with rules that average their steps themselves.
    optimizer : str or unbound optimizer
        A name of ``fastopt.optim.OPTIMIZERS``, such as "sgd", "momentum" and "nesterov" (both with
        momentum 0.9), "adagrad", "adam", "ftrl" or "prodigy", with the defaults of its class; or,
        for other hyper-parameters, an optimizer made without params, such as
        ``optim.Adam(betas=(0.8, 0.99))``. Rules that take sums over all parameters take them over
        all outputs; of rules that average their steps, ``coef_`` is the average.
    batch_size : int or "full"
        Samples an update. The gradient is their mean.
    positive : bool
        Keep all weights at 0 or above.
    bounds : (float or None, float or None)
        What each weight is kept within, by projection after each update. Not with
        "schedule_free_sgd", "schedule_free_adamw" and "dadapt_adamw".
    restore_best : bool
        Give the weights of the best epoch, not of the last: by the score on the rows held out by
        ``early_stopping``, else by the loss on ``eval_set``, else by the objective.
    sparse_updates : {"exact", "touched"}
        For sparse X and any rule but "sgd". "exact": the weights of the fit of dense X. "touched":
        an update is one of the weights of the batch's features alone, as in torch's SparseAdam;
        penalty and momentum then reach a weight only when its feature comes. Such an update costs
        the entries of the batch; those of "sgd", "adagrad" and, without a penalty, of "ftrl" and
        "cocob" do so anyhow, of momentum and Nesterov nearly. Rules that keep numbers for all
        weights together know no other way than "exact".

    Attributes
    ----------
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        Weights: float64 if X is, else float32. After ``sparsify`` a CSR matrix.
    intercept_ : ndarray of shape (1,) or (n_classes,)
        Intercepts.
    classes_ : ndarray of shape (n_classes,)
        The classes; of two, the second is y = +1.
    n_iter_ : int
        Epochs of the last fit.
    t_ : float
        1 + the number of updates so far.
    history_ : list of dict
        For each epoch "loss" (mean over samples and outputs) and "accuracy", both of the
        predictions made before each sample's update; the last "lr"; "gradient_norm", how far the
        weights moved over the sum of the learning rates; "seconds"; "samples_per_second"; and
        "validation_loss" and "validation_score", if there are such data.
    n_features_in_, feature_names_in_
        As in scikit-learn.
    source_schema_ : dict
        The ``schema`` of the source that X was, if it was one.

    References
    ----------
    Bottou 2012, "Stochastic gradient descent tricks"; Tsuruoka, Tsujii & Ananiadou 2009,
    "Stochastic gradient descent training for l1-regularized log-linear models with cumulative
    penalty"; Duchi, Hazan & Singer 2011, "Adaptive subgradient methods for online learning and
    stochastic optimization"; Crammer et al. 2006, "Online passive-aggressive algorithms"; Xu 2011,
    "Towards optimal one pass large scale learning with averaged stochastic gradient descent".

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from fastopt.linear_model import SGDClassifier
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> clf = SGDClassifier(loss="log_loss", optimizer="adam", batch_size=32, random_state=0)
    >>> bool(make_pipeline(StandardScaler(), clf).fit(X, y).score(X, y) > 0.97)
    True
    """

    _passive_aggressive_loss = "hinge"
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseSGD._parameter_constraints,
        "loss": [StrOptions(losses(("classification", "regression", "joint"), ("epsilon",)))],
        "n_jobs": [Integral, None],
        "class_weight": [StrOptions({"balanced"}), dict, None],
    }

    def __init__(
        self,
        loss: str = "hinge",
        *,
        penalty: str | None = "l2",
        alpha: float = 1e-4,
        l1_ratio: float | None = 0.15,
        fit_intercept: bool = True,
        max_iter: int = 1000,
        tol: float | None = 1e-3,
        shuffle: bool = True,
        verbose: int = 0,
        epsilon: float = 0.1,
        n_jobs: int | None = None,
        random_state: Any = None,
        learning_rate: Any = "optimal",
        eta0: float = 0.01,
        power_t: float = 0.5,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 5,
        class_weight: Any = None,
        warm_start: bool = False,
        average: bool | int = False,
        optimizer: Any = "sgd",
        batch_size: Any = 1,
        positive: bool = False,
        bounds: Any = None,
        restore_best: bool = False,
        sparse_updates: str = "exact",
    ) -> None:
        self.loss = loss
        self.penalty = penalty
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.shuffle = shuffle
        self.verbose = verbose
        self.epsilon = epsilon
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.learning_rate = learning_rate
        self.eta0 = eta0
        self.power_t = power_t
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.class_weight = class_weight
        self.warm_start = warm_start
        self.average = average
        self.optimizer = optimizer
        self.batch_size = batch_size
        self.positive = positive
        self.bounds = bounds
        self.restore_best = restore_best
        self.sparse_updates = sparse_updates

    def fit(
        self,
        X: Any,
        y: Any = None,
        coef_init: Any = None,
        intercept_init: Any = None,
        sample_weight: Any = None,
        *,
        eval_set: Any = None,
        callbacks: Any = None,
        checkpoint: Any = None,
        every: float = 1,
        resume: bool = False,
    ) -> Self:
        """Train until the objective has converged, or for ``max_iter`` epochs.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features), or Source
            Read as it is, without a copy, if it is float32, float64, float16, uint8, int8 or bool,
            in any strides, or such a CSR matrix with int32 or int64 indices. A `fastopt.data`
            source, which has y and the weights too, is read window by window, or, if it is but one
            window, at once.
        y : array-like of shape (n_samples,)
            Classes.
        coef_init, intercept_init : array-like of the shapes of coef_ and intercept_
            Where to start; zeros, or where the last fit stopped with ``warm_start``.
        sample_weight : array-like of shape (n_samples,)
            How much each sample counts; one of weight 0 is as good as absent.
        eval_set : (X, y), (X, y, sample_weight) or Source
            Other data, on which ``history_`` tells the loss and the score after each epoch.
        callbacks : function, or object, or list of them
            Called with the estimator: a function at the end of each epoch, an object's methods
            ``on_fit_begin``, ``on_epoch_begin``, ``on_epoch_end`` and ``on_fit_end`` as named. The
            fit stops after an epoch at whose end one returned True.
        checkpoint : path
            A folder to keep a checkpoint in, from which the fit can be gone on with when it was
            stopped, by whatever: a file that is written anew, and takes the place of the one before
            at once.
        every : float
            Epochs from one checkpoint to the next; below 1 a part of an epoch, over a source that
            is more than one window. There is always one at the end.
        resume : bool
            Whether to go on from the checkpoint, if there is one: with the same data and parameters
            the result is that of a fit that was never stopped, bit for bit. Only ``max_iter``,
            ``tol``, ``n_iter_no_change``, ``verbose`` and ``n_jobs`` may have changed.

        Raises
        ------
        ValueError
            If an argument is wrong: nothing has changed then. If the weights overflow: they are
            then those of the last good epoch.
        """
        goes_on, given = self._goes_on(), X
        callbacks = check_callbacks(callbacks)
        checkpoints = check_checkpoints(self, checkpoint, every, resume, eval_set)
        plan = plan_of(self)
        with all_or_nothing(self, goes_on):
            source, X, y, sample_weight = opened(self, X, y, sample_weight)
            self._check_source(source)
            X, y = read(self, X, y, reset=not goes_on)
            classes = _at_least_two(_classes_of(given, source, y))
            if not (self.warm_start and hasattr(self, "classes_")):
                self.classes_ = classes
            elif not np.array_equal(classes, self.classes_):
                raise ValueError(
                    f"warm_start needs the classes {self.classes_} of the first fit, got {classes}"
                )
            split = self._split(source, y, StratifiedShuffleSplit, eval_set)
            if not goes_on:
                shape = self._n_outputs(), X.shape[1]
                self._start(shape, weight_dtype(X), keep=self.warm_start)
            self._init_weights(coef_init, intercept_init)
            weight = check_weights(sample_weight, X, self._progress.dtype)
            counts = None
            if self.class_weight == "balanced":
                counts = self._counts(y, weight) if source is None else source.class_counts
            by_class = self._class_weights(counts)
            targets = self._targets(y, weight, by_class)
            diverged = self._train(
                X,
                targets,
                plan,
                self.max_iter,
                self.tol,
                source=source,
                made=partial(self._window, plan, by_class=by_class),
                validation=self._validation(X, y, weight, targets, split, eval_set),
                callbacks=callbacks,
                checkpoints=checkpoints,
            )
        return self._finish(diverged, targets)

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Train for one epoch on some rows, going on with weights, optimizer state and clock.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`.
        classes : array-like of shape (n_classes,)
            All classes that will ever come; needed in the first call.
        """
        if self.early_stopping:
            raise ValueError("early_stopping should be False with partial_fit")
        plan = plan_of(self)
        first = not hasattr(self, "_progress")
        if classes is None and not hasattr(self, "classes_"):
            raise ValueError("classes must be passed on the first call to partial_fit.")
        with all_or_nothing(self, not first):
            X, y = read(self, X, y, reset=first)
            if classes is not None:
                classes = _at_least_two(_declared(classes))
                if not np.array_equal(classes, getattr(self, "classes_", classes)):
                    raise ValueError(
                        f"`classes={classes!r}` is not the same as on last call to partial_fit, "
                        f"was: {self.classes_!r}"
                    )
                self.classes_ = classes
            if first:
                self._start((self._n_outputs(), X.shape[1]), weight_dtype(X), keep=True)
            weight = check_weights(sample_weight, X, self._progress.dtype)
            if self.class_weight == "balanced":  # by all rows so far
                seen = self._progress.class_counts
                self._progress.class_counts = self._counts(y, weight) + (
                    0 if seen is None else seen
                )
            targets = self._targets(y, weight, self._class_weights(self._progress.class_counts))
            diverged = self._train(X, targets, plan, 1, None)
        return self._finish(diverged)

    def _n_outputs(self) -> int:
        return 1 if len(self.classes_) == 2 else len(self.classes_)

    def _index(self, y: Array) -> Array:
        """Return the index of the class of each sample."""
        if len(self.classes_) == 2:
            second = y == self.classes_[1]
            known = second | (y == self.classes_[0])
            index: Array = np.asarray(second).view(np.int8)
        else:
            index = np.searchsorted(self.classes_, y)
            known = self.classes_[np.minimum(index, len(self.classes_) - 1)] == y
        if not known.all():
            raise ValueError(
                f"y holds the classes {np.unique(y[~known]).tolist()}, which were not declared; "
                f"those were {self.classes_.tolist()}. The first call of partial_fit wants all "
                "that will ever come."
            )
        return index

    def _counts(self, y: Array, weight: Array | None) -> Array:
        """Return the rows of each class, but for those of weight 0."""
        index = self._index(y if weight is None else y[weight != 0])
        return np.bincount(index, minlength=len(self.classes_))

    def _class_weights(self, counts: Array | None) -> Array | None:
        """Return the weight of each class, if they have any; balanced, by the rows of each."""
        if self.class_weight is None:
            return None
        if self.class_weight == "balanced":
            assert counts is not None
            weights = counts.sum() / (len(counts) * np.maximum(counts, 1))
        else:
            classes = self.classes_
            weights = compute_class_weight(self.class_weight, classes=classes, y=classes)
        weights = weights.astype(self._progress.dtype)
        if not np.isfinite(weights).all():
            raise ValueError(f"class_weight must hold finite numbers, got {self.class_weight}")
        return weights

    def _targets(self, y: Array, weight: Array | None, by_class: Array | None) -> Targets:
        """Return -1 or +1 for each sample of two classes, or the index of its class."""
        dtype = self._progress.dtype
        index = self._index(y)
        two = len(self.classes_) == 2
        encoded = 2 * index.astype(dtype) - 1 if two else index.astype(dtype)
        targets = Targets(encoded, weight, classes=not two)
        if by_class is not None and (two or self.loss == "multinomial"):
            targets.weigh(by_class[index])
        else:
            targets.positive_weight = by_class
        return targets

    def _taken(self, block: Block, by_class: Array | None) -> tuple[Any, Targets]:
        X, y = read(self, block.X, block.y, reset=False)
        weight = weights_of(block, self._progress.dtype)
        return X, self._targets(y, weight, by_class)

    def _check_target(self, y: Array) -> None:
        self._index(y)

    def _mean_loss(self, scores: Array, y: Array, weight: Array | None) -> float:
        index = self._index(y)
        if scores.shape[1] == 1:
            target = 2 * index - 1
        elif self.loss == "multinomial":
            target = index
        else:
            target = np.where(index[:, np.newaxis] == np.arange(scores.shape[1]), 1, -1)
        return self._mean_of_values(scores, target, weight)

    def decision_function(self, X: Any) -> Array:
        """Return the scores z, of shape (n_samples,), or (n_samples, n_classes) if there are more
        than two classes.
        """
        scores = self._scores(X)
        return scores[:, 0] if scores.shape[1] == 1 else scores

    def predict(self, X: Any) -> Array:
        """Return the class of each row: that of the largest score."""
        return self._predictions_of(self._scores(X))

    def _predictions_of(self, scores: Array) -> Array:
        single = scores.shape[1] == 1
        return self.classes_[(scores[:, 0] > 0).astype(int) if single else scores.argmax(axis=1)]

    def _score_of(self, predicted: Array, y: Array, weight: Array | None) -> float:
        return float(accuracy_score(y, predicted, sample_weight=weight))

    @available_if(_has_proba)
    def predict_proba(self, X: Any) -> Array:
        """Return the probability of each class, of shape (n_samples, n_classes).

        For loss="multinomial" the softmax of the scores; for loss="log_loss" the sigmoid of each;
        for loss="modified_huber" each score clipped to [-1, 1] and moved to [0, 1] (Zhang 2004).
        One versus the rest, they are normalised; where all are 0, the classes of the largest score
        share the probability.
        """
        scores = self._scores(X)
        if scores.shape[1] > 1 and self.loss == "multinomial":
            return softmax(scores, axis=1)
        smooth = self.loss in ("log_loss", "multinomial")
        positive = expit(scores) if smooth else (np.clip(scores, -1, 1) + 1) / 2
        if positive.shape[1] == 1:
            return np.hstack([1 - positive, positive])
        total = positive.sum(axis=1, keepdims=True)
        if not total.all():
            none = total[:, 0] == 0
            positive[none] = scores[none] == scores[none].max(axis=1, keepdims=True)
            total = positive.sum(axis=1, keepdims=True)
        return positive / total

    @available_if(_has_proba)
    def predict_log_proba(self, X: Any) -> Array:
        """Return the logarithm of `predict_proba`."""
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))
