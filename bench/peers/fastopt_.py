"""fastopt itself: the whole of ``fit``, and ``step``."""

from functools import partial

import numpy as np

from fastopt import _core, optim
from fastopt.linear_model import SGDClassifier

RULES = {"sgd": optim.SGD, "momentum": partial(optim.SGD, momentum=0.9), "adam": optim.Adam}


def optimizer(rule, params, grads, lr):
    step = RULES[rule](params, lr=lr).step
    return partial(step, grads), lambda: params


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
