"""Models of every kind, in every state that a training can leave."""

import numpy as np
from scipy import sparse

from fastopt import optim, schedules
from fastopt.cluster import MiniBatchKMeans
from fastopt.linear_model import Perceptron, SGDClassifier, SGDOneClassSVM, SGDRegressor

RNG = np.random.default_rng(0)
X = RNG.uniform(-1, 1, (60, 7)).astype(np.float32)
Y = np.round(X @ RNG.uniform(-1, 1, 7) * 2)
CLASSES = Y.astype(int).clip(-1, 1)

PLATEAU = schedules.ReduceOnPlateau(0.1, factor=0.5, patience=0, threshold=0.9)
OPTIONS = dict(random_state=3, tol=None, max_iter=4)

# Of each an unfitted one, the X and the y that it learns from.
MODELS = {
    "two classes": (SGDClassifier(**OPTIONS), X, CLASSES > 0),
    "float64": (SGDClassifier(**OPTIONS), X.astype(np.float64), CLASSES > 0),
    "strings": (SGDClassifier(**OPTIONS), X, np.array(["ab", "", "é☃\U0001f40d"])[CLASSES]),
    "objects": (
        SGDClassifier(**OPTIONS),
        X,
        np.array(["b", "a"], object)[(CLASSES > 0).astype(int)],
    ),
    "float classes": (SGDClassifier(**OPTIONS), X, CLASSES.astype(float)),
    "balanced": (SGDClassifier(class_weight="balanced", **OPTIONS), X, CLASSES),
    "weights of classes": (SGDClassifier(class_weight={-1: 2.5, 1: 3}, **OPTIONS), X, CLASSES),
    "multinomial": (SGDClassifier(loss="multinomial", optimizer="adam", **OPTIONS), X, CLASSES),
    "sparse": (SGDClassifier(optimizer="momentum", **OPTIONS), sparse.csr_array(X), CLASSES),
    "average": (SGDClassifier(average=True, **OPTIONS), X, CLASSES),
    "average to come": (SGDRegressor(average=70, **OPTIONS), X, Y),
    "bounds": (SGDRegressor(bounds=(None, 0.5), **OPTIONS), X, Y),
    "columns of y": (SGDRegressor(**OPTIONS), X, np.stack([Y, -Y], axis=1)),
    "unlike rates": (
        SGDRegressor(
            optimizer=optim.Adam(lr=schedules.join([0.1, schedules.cosine(1, 50)], [9])),
            **OPTIONS | {"learning_rate": "optimal"},
        ),
        X,
        Y,
    ),
    "plateau": (SGDRegressor(learning_rate=PLATEAU, **OPTIONS), X, Y),
    "product": (SGDRegressor(learning_rate=schedules.product([0.5, PLATEAU]), **OPTIONS), X, Y),
    "adaptive": (
        SGDRegressor(learning_rate="adaptive", n_iter_no_change=1, **OPTIONS | {"tol": 0.5}),
        X,
        Y,
    ),
    "random state": (
        SGDRegressor(**OPTIONS | {"random_state": np.random.RandomState(3)}),
        X,
        Y,
    ),
    "best": (SGDRegressor(restore_best=True, learning_rate="constant", **OPTIONS), X, Y),
    "early stopping": (SGDClassifier(early_stopping=True, **OPTIONS), X, CLASSES),
    "one class": (SGDOneClassSVM(**OPTIONS), X, None),
    "perceptron": (Perceptron(**OPTIONS), X, CLASSES),
    **{
        optimizer: (
            SGDClassifier(optimizer=optimizer, learning_rate="constant", **OPTIONS),
            X,
            CLASSES,
        )
        for optimizer in optim.OPTIMIZERS
    },
}
CLUSTERS = {
    "clusters": MiniBatchKMeans(3, batch_size=20, random_state=0),
    "no labels": MiniBatchKMeans(3, batch_size=20, random_state=0, compute_labels=False),
    "first centers": MiniBatchKMeans(3, init=X[:3], random_state=0),
    "output": MiniBatchKMeans(3, random_state=0).set_output(transform="pandas"),
}
