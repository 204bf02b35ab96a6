"""Logistic regression by incremental SGD and by mini-batch Adam, beside NumPy and scikit-learn.

Prints test accuracy, log loss and seconds an epoch; draws loss against seconds in demo.png.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import matplotlib.pyplot as plt
import numpy as np
from scipy.special import expit
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.linear_model import SGDClassifier as ScikitLearnSGD
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from tqdm import tqdm

from fastopt import optim, schedules
from fastopt.linear_model import SGDClassifier

# The rate of the t-th update is ETA / t ** POWER for SGD, LR / t ** POWER for Adam.
ETA, LR, POWER, ALPHA, BATCH = 0.05, 0.05, 0.25, 1e-4, 64


# --- The data: X and y for training, then for testing ---------------------------------------------


def scaled(X, y):
    X, X_test, y, y_test = train_test_split(X, y, test_size=0.25, random_state=0)
    scaler = StandardScaler().fit(X)
    return tuple(
        np.ascontiguousarray(a, np.float32) for a in (scaler.transform(X), scaler.transform(X_test))
    ), (y, y_test)


def made(n=200_000, d=100):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n + 20_000, d), dtype=np.float32)
    y = (rng.random(len(X)) < expit(X @ rng.standard_normal(d) / 3)).astype(int)
    return (X[:n], X[n:]), (y[:n], y[n:])


DATA = {  # how to load it, epochs, and parts of an epoch after which the loss is taken
    "breast cancer, 426 x 30": (lambda: scaled(*load_breast_cancer(return_X_y=True)), 30, 1),
    "digits, 1347 x 64, 10 classes": (lambda: scaled(*load_digits(return_X_y=True)), 30, 1),
    "made, 200,000 x 100": (made, 3, 10),
}


# --- The contenders: each trains once over some rows ----------------------------------------------


class NumPySGD:
    """The textbook loop, a row at a time; all classes at once."""

    def __init__(self, n_features, classes):
        columns = 1 if len(classes) == 2 else len(classes)
        self.W = np.zeros((n_features, columns), np.float32)
        self.b = np.zeros(columns, np.float32)
        self.positive = classes[-columns:]
        self.rng = np.random.default_rng(0)
        self.t = 0

    def train(self, X, y):
        targets = (y[:, np.newaxis] == self.positive).astype(X.dtype)
        for i in self.rng.permutation(len(X)):
            self.t += 1
            eta = ETA / self.t**POWER
            residual = expit(X[i] @ self.W + self.b) - targets[i]
            self.W -= eta * (np.multiply.outer(X[i], residual) + ALPHA * self.W)
            self.b -= eta * residual

    def predict_proba(self, X):
        p = expit(X @ self.W + self.b)
        return np.hstack([1 - p, p]) if p.shape[1] == 1 else p / p.sum(axis=1, keepdims=True)


class NumPyAdam(NumPySGD):
    """The textbook loop over mini-batches."""

    def __init__(self, n_features, classes):
        super().__init__(n_features, classes)
        self.m = [np.zeros_like(a) for a in (self.W, self.b)]
        self.v = [np.zeros_like(a) for a in (self.W, self.b)]

    def train(self, X, y):
        targets = (y[:, np.newaxis] == self.positive).astype(X.dtype)
        order = self.rng.permutation(len(X))
        for start in range(0, len(X), BATCH):
            rows = order[start : start + BATCH]
            x = X[rows]
            residual = (expit(x @ self.W + self.b) - targets[rows]) / len(rows)
            gradients = x.T @ residual + ALPHA * self.W, residual.sum(axis=0)
            self.t += 1
            for w, g, m, v in zip((self.W, self.b), gradients, self.m, self.v, strict=True):
                m[:] = 0.9 * m + 0.1 * g
                v[:] = 0.999 * v + 0.001 * g * g
                w -= (
                    LR
                    / self.t**POWER
                    * (m / (1 - 0.9**self.t))
                    / (np.sqrt(v / (1 - 0.999**self.t)) + 1e-8)
                )


class Estimator:
    """An estimator with partial_fit, of fastopt or of scikit-learn."""

    def __init__(self, kind, classes, **parameters):
        self.model = kind(loss="log_loss", alpha=ALPHA, random_state=0, **parameters)
        self.classes, self.predict_proba = classes, self.model.predict_proba

    def train(self, X, y):
        self.model.partial_fit(X, y, classes=self.classes)


SGD = dict(learning_rate="invscaling", eta0=ETA, power_t=POWER)
ADAM = dict(optimizer=optim.Adam(lr=schedules.inverse_scaling(LR, POWER)), batch_size=BATCH)
CONTENDERS = {
    "fastopt, SGD": lambda d, classes: Estimator(SGDClassifier, classes, **SGD),
    "NumPy, SGD": NumPySGD,
    "scikit-learn, SGD": lambda d, classes: Estimator(ScikitLearnSGD, classes, **SGD),
    "fastopt, mini-batch Adam": lambda d, classes: Estimator(SGDClassifier, classes, **ADAM),
    "NumPy, mini-batch Adam": NumPyAdam,
}
RIVALS = {
    "NumPy, SGD": "fastopt, SGD",
    "scikit-learn, SGD": "fastopt, SGD",
    "NumPy, mini-batch Adam": "fastopt, mini-batch Adam",
}


# --- The race -------------------------------------------------------------------------------------


@dataclass
class Run:
    """What a contender did: seconds and test loss of each part of each epoch."""

    parts: int
    seconds: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    accuracy: float = 0.0

    @property
    def epoch(self):
        return self.parts * float(np.median(self.seconds))


def race(data, epochs, parts, bar) -> dict[str, Run]:
    """Train every contender on the same rows, part by part in turn."""
    (X, X_test), (y, y_test) = data
    classes = np.unique(y)
    models = {name: make(X.shape[1], classes) for name, make in CONTENDERS.items()}
    runs = {name: Run(parts) for name in models}
    for part in [*np.array_split(np.arange(len(X)), parts)] * epochs:
        rows = slice(part[0], part[-1] + 1)
        for name, model in models.items():
            start = time.perf_counter()
            model.train(X[rows], y[rows])
            runs[name].seconds.append(time.perf_counter() - start)
            p = model.predict_proba(X_test).astype(float)
            p /= p.sum(axis=1, keepdims=True)
            runs[name].losses.append(log_loss(y_test, p))
            runs[name].accuracy = accuracy_score(y_test, p.argmax(axis=1))
            bar.update()
    return runs


def table(title, runs) -> Iterator[str]:
    yield f"\n{title}"
    yield f"  {'':26}{'accuracy':>9}{'log loss':>10}{'s an epoch':>12}{'fastopt':>15}"
    for name, run in runs.items():
        rival = RIVALS.get(name)
        ratio = f"{run.epoch / runs[rival].epoch:.1f}x as fast" if rival else ""
        yield f"  {name:26}{run.accuracy:>9.4f}{run.losses[-1]:>10.4f}{run.epoch:>12.5f}{ratio:>15}"


def draw(races, path):
    figure, axes = plt.subplots(1, len(races), figsize=(5 * len(races), 4.2), layout="constrained")
    for ax, (title, runs) in zip(axes, races.items(), strict=True):
        for name, run in runs.items():
            style = "-" if "SGD" in name else "--"
            color = {"fastopt": "C3", "NumPy": "C0", "scikit-learn": "C1"}[name.split(",")[0]]
            ax.plot(np.cumsum(run.seconds), run.losses, style, color=color, marker=".", label=name)
        ax.set(title=title, xlabel="seconds of training", xscale="log", yscale="log")
        ax.grid(alpha=0.3)
    axes[0].set_ylabel("log loss on the test set")
    axes[0].legend(fontsize=8)
    figure.savefig(path, dpi=110)


def main():
    races = {}
    total = len(CONTENDERS) * sum(epochs * parts for _, epochs, parts in DATA.values())
    with tqdm(total=total, bar_format="{desc}{percentage:3.0f}%|{bar}| {elapsed}") as bar:
        for title, (load, epochs, parts) in DATA.items():
            bar.set_description(title)
            races[title] = race(load(), epochs, parts, bar)
    for title, runs in races.items():
        print("\n".join(table(title, runs)))
    draw(races, "demo.png")
    print("\nLoss against seconds of training: demo.png")


if __name__ == "__main__":
    main()
