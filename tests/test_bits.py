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


def digest_of_the_shelf(dtype):
    """Every optimizer, alone on a list of arrays and in a model."""
    sha = hashlib.sha256()
    X, t = data(300, 40, dtype)
    for name, rule in optim.OPTIMIZERS.items():
        w = [data(30, 3, dtype)[0], data(1, 5, dtype)[0][0]]
        opt = type(rule)(w, **rule.options)
        for k in range(1, 30):
            opt.step([a * dtype(0.5) + dtype(1 / k) for a in w], loss=1 / k)
        for array in [*w, *opt.evaluated()]:
            sha.update(array.tobytes())
        for batch_size in (1, 16):
            model = SGDClassifier(
                "log_loss", optimizer=name, batch_size=batch_size, learning_rate="constant",
                max_iter=2, tol=None, random_state=0,
            ).fit(X, t > 0.2)  # fmt: skip
            sha.update(model.coef_.tobytes() + model.intercept_.tobytes())
    return sha.hexdigest()


def test_the_shelf_gives_the_bits_it_always_gave(isa, dtype):
    expected = {
        np.float32: "24bb103a08d2ea40302c1002d8d5f08883f875e38edbba79d37c4d26cd2bdeb7",
        np.float64: "0145e1441b70a80bdaf76a23afce9b193df819f9b4a1376a45f6e725a24d785a",
    }
    assert digest_of_the_shelf(dtype) == expected[dtype]


def test_trainings_of_every_kind_give_the_bits_they_always_gave(isa, dtype):
    expected = {
        np.float32: "e333fd73470e8d9d2b8629a92cf8ee033c0c687e29c66f52db167d210914bf42",
        np.float64: "a19569284a7cb8fcbe0c6055d8de486fc51a97224cc58d0abc1de5c534f3f5e6",
    }
    assert digest_of_many(dtype) == expected[dtype]


def test_trainings_give_the_bits_they_always_gave(isa, dtype):
    expected = {
        np.float32: "c50956a58f205df6822a4d30c4bcae770c3ae2479b6961ad8047f795ba94d6df",
        np.float64: "d8d79635ea8176a0b698e9489566baed9a017ff2b8f905c8653dadf377589751",
    }
    assert digest(dtype) == expected[dtype]
