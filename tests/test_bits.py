"""The same bits on every CPU, compiler, Python and NumPy: digests of whole trainings."""

import hashlib

import numpy as np
from scipy import sparse

from fastopt import optim, schedules
from fastopt.linear_model import SGDClassifier, SGDRegressor


def data(n, d, dtype):
    """Rows and targets from integers alone: no generator, no BLAS."""
    i, j = np.arange(n)[:, np.newaxis], np.arange(d)
    X = ((i * 7919 + j * 104729 + i * j * 31) % 1009 / 504.0 - 1).astype(dtype)
    return X, (X[:, 0] + X[:, -1] ** 2 * 0.5).astype(dtype)


def digest(dtype):
    sha = hashlib.sha256()
    for d in (3, 30, 100, 500):
        X, t = data(300, d, dtype)
        for optimizer in ("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw"):
            for batch_size in (1, 16, "full"):
                model = SGDClassifier(
                    "log_loss",
                    optimizer=optimizer,
                    batch_size=batch_size,
                    learning_rate=schedules.inverse_scaling(0.05, 0.3),
                    max_iter=3,
                    tol=None,
                    random_state=0,
                )
                model.fit(X, t > 0.2)
                sha.update(model.coef_.tobytes() + model.intercept_.tobytes())
        for loss in ("huber", "epsilon_insensitive", "squared_epsilon_insensitive"):
            model = SGDRegressor(loss, eta0=0.001, max_iter=3, tol=None, random_state=0).fit(X, t)
            sha.update(model.coef_.tobytes() + model.intercept_.tobytes())
    w, g = data(300, 3, dtype)
    lr = schedules.warmup(schedules.cosine(0.1, steps=30), steps=5)
    for opt in (
        optim.SGD(w, lr, momentum=0.9, dampening=0.1, weight_decay=0.01),
        optim.RMSprop(w, lr, momentum=0.9, centered=True),
        optim.Adam(w, lr, amsgrad=True),
        optim.AdamW(w, schedules.exponential(0.1, 0.97)),
    ):
        for _ in range(40):
            opt.step(w * g[:, np.newaxis])
    sha.update(w.tobytes())
    return sha.hexdigest()


def digest_of_many(dtype):
    """Sparse rows, several outputs, penalties and averages."""
    sha = hashlib.sha256()
    X, t = data(300, 40, dtype)
    X[np.abs(X) < 0.7] = 0
    y = np.digitize(t, [-0.4, 0.2, 0.7])
    options = [
        {"optimizer": optimizer, "batch_size": size}
        for optimizer in ("sgd", "nesterov", "adagrad", "adam")
        for size in (1, 16)
    ]
    options += [{"penalty": "l1"}, {"penalty": "elasticnet"}, {"average": True}, {"positive": True}]
    for rows in (X, sparse.csr_array(X)):
        for target in (y > 1, y):
            for loss in ("log_loss", "multinomial", "smooth_hinge"):
                for how in options:
                    how = {"max_iter": 2, "tol": None, "random_state": 0, "alpha": 1e-3, **how}
                    rate = schedules.inverse_scaling(0.05, 0.3)
                    model = SGDClassifier(loss, learning_rate=rate, **how).fit(rows, target)
                    sha.update(model.coef_.tobytes() + model.intercept_.tobytes())
        for loss in ("quantile", "poisson", "tweedie"):
            model = SGDRegressor(loss, max_iter=2, tol=None, random_state=0)
            model.fit(rows, np.stack([y, y % 2], axis=1))
            sha.update(model.coef_.tobytes() + model.intercept_.tobytes())
    return sha.hexdigest()


def test_trainings_of_every_kind_give_the_bits_they_always_gave(isa, dtype):
    expected = {
        np.float32: "3a2a0155c4cb42065cc0fcd94e9071e383d25ea7260e2d4db1ef3aa4dba117dd",
        np.float64: "64bbd2016aeec95869c224028298acc4cb323d41265fdb4783e4b1ebb55d4956",
    }
    assert digest_of_many(dtype) == expected[dtype]


def test_trainings_give_the_bits_they_always_gave(isa, dtype):
    expected = {
        np.float32: "8ea68597a595394c325826eb147745cf73993b8114897a443b8ce394f5396b7a",
        np.float64: "ef652e519fbe3bae94bd865dcc0168186bb09105fa4b5b75bec80ee1b6c6a780",
    }
    assert digest(dtype) == expected[dtype]
