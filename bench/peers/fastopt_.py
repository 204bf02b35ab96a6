"""fastopt itself: the whole of ``fit``, and ``step``."""

from functools import partial

import numpy as np

from bench.problem import LOSS
from fastopt import _core, optim
from fastopt.linear_model import SGDClassifier


def bind(rule, params, lr):
    """The optimizer of the shelf for these arrays."""
    of_shelf = optim.OPTIMIZERS[rule]
    return type(of_shelf)(params, **{**of_shelf.options, "lr": lr})


def step_of(optimizer, grads):
    return partial(optimizer.step, grads, **({"loss": LOSS} if optimizer.needs_loss else {}))


def arrays_of(optimizer):
    """What a step updates: of each parameter, itself and its state."""
    pairs = zip(optimizer._params, optimizer._state, strict=True)
    return [[w, *state.values()] for w, state in pairs]


def classifier(problem):
    return SGDClassifier(
        loss="log_loss",
        max_iter=1,
        tol=None,
        learning_rate="constant",
        eta0=problem.eta0,
        alpha=problem.alpha,
        random_state=0,
        optimizer=problem.optimizer,
        batch_size=problem.batch_size,
    )


def fit(problem):
    def run():
        model = classifier(problem).fit(problem.X, problem.labels)
        return np.append(model.coef_, model.intercept_)

    return run


def kernel(problem):
    """The epoch of ``fit`` through the door to C alone, with its order and numbers at hand."""
    w, b = np.zeros(problem.X.shape[1], problem.dtype), np.zeros(1, problem.dtype)
    one_pass = _core.Pass(
        problem.X, problem.y, w, b,
        loss="log_loss", loss_hyper=(), optimizer="sgd", w_state=[], intercept_state=[],
    )  # fmt: skip
    options = {**optim.SGD().options, "lr": problem.eta0, "weight_decay": problem.alpha}
    hyper = optim.SGD().hypers(options, 0, 1)
    order = order_of_fit(len(problem.X))

    def run():
        w[:] = b[:] = 0
        one_pass.run(hyper, order)
        return np.append(w, b)

    return run


def order_of_fit(n):
    """The order of the rows in the epoch of ``fit``."""
    return _core.permutation(n, 0, 0)
