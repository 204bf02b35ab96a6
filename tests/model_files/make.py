"""Write the model files of this version, and what the models predict, for later versions to load.

    python tests/model_files/make.py

Run once for each version that writes files another way; what is there stays as it is.
"""

import json
from pathlib import Path

import numpy as np

import fastopt
from fastopt import optim, schedules
from fastopt.cluster import MiniBatchKMeans
from fastopt.linear_model import Perceptron, SGDClassifier, SGDOneClassSVM, SGDRegressor

X = np.array([[1, 0, -1], [0, 2, 0], [-1, 1, 1], [2, -1, 0], [0, 0, -2], [1, 1, 1]], np.float32)
y = np.array([0, 1, 2, 0, 1, 2])
OPTIONS = dict(max_iter=3, tol=None, random_state=0)

PLATEAU = schedules.ReduceOnPlateau(0.1, patience=0, threshold=0.5)
MODELS = {
    "SGDClassifier": SGDClassifier(**OPTIONS).fit(X, y > 0),
    "SGDClassifier-adam-multinomial": SGDClassifier(
        loss="multinomial", optimizer=optim.Adam(lr=schedules.cosine(0.1, steps=99)), **OPTIONS
    ).fit(X, y),
    "SGDClassifier-strings-average": SGDClassifier(average=True, **OPTIONS).fit(
        X, np.array(["a", "ü", "☃"])[y]
    ),
    "SGDRegressor": SGDRegressor(**OPTIONS).fit(X, y),
    "SGDRegressor-sparse": SGDRegressor(penalty="l1", **OPTIONS).fit(X, y).sparsify(),
    "SGDRegressor-plateau": SGDRegressor(
        learning_rate=schedules.warmup(PLATEAU, 2),
        **OPTIONS | {"random_state": np.random.RandomState(0)},
    ).fit(X.astype(np.float64), np.stack([y, -y], axis=1)),
    "SGDOneClassSVM": SGDOneClassSVM(**OPTIONS).fit(X),
    "Perceptron": Perceptron(class_weight={0: 2.0, 1: 1, 2: 1}, **OPTIONS).fit(X, y),
    "MiniBatchKMeans": MiniBatchKMeans(2, random_state=0).fit(X),
}
METHODS = ["predict", "decision_function", "predict_proba", "transform"]


def main() -> None:
    folder = Path(__file__).parent / fastopt.__version__
    folder.mkdir()
    for name, model in MODELS.items():
        model.save(folder / f"{name}.safetensors")
        expected = {m: getattr(model, m)(X).tolist() for m in METHODS if hasattr(model, m)}
        text = json.dumps({"X": X.tolist(), "class": type(model).__name__, **expected}, indent=1)
        (folder / f"{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
