"""What the models learn: logistic regression on made data, one epoch."""

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

BETAS, ADAM_EPS, ADAGRAD_EPS = (0.9, 0.999), 1e-8, 1e-10  # the defaults of torch and of fastopt
LOSS = 1.0  # what the rules that want the loss of a step are told


@dataclass(frozen=True)
class Problem:
    """Minimise the mean of log(1 + exp(-y z)) + alpha / 2 |w|^2 over the rows x, z = w x + b."""

    X: Array
    labels: Array  # 0 or 1
    optimizer: str = "sgd"
    batch_size: int = 1
    eta0: float = 0.01
    alpha: float = 1e-4

    @classmethod
    def made(cls, n: int, d: int, dtype: Any = np.float32, **options: Any) -> Self:
        """Rows of norm 4 or so, whose labels a plane explains in part."""
        rng = np.random.default_rng(0)
        X = rng.standard_normal((n, d), dtype)
        X *= 4 / np.sqrt(d)
        z = X @ rng.standard_normal(d, dtype)
        return cls(X, (z + rng.standard_normal(n) > 0).astype(np.int64), **options)

    @classmethod
    def made_bytes(cls, n: int, d: int) -> Self:
        """The same of bytes, as pixels are: a rate of 1e-8 is what 255 times larger x need."""
        rng = np.random.default_rng(0)
        X = rng.integers(0, 256, (n, d), np.uint8)
        z = X @ rng.standard_normal(d, np.float32)
        return cls(X, (z > np.median(z)).astype(np.int64), eta0=1e-8)

    @property
    def dtype(self) -> Any:
        """Of the weights."""
        return np.float64 if self.X.dtype == np.float64 else np.float32

    @property
    def y(self) -> Array:
        """-1 or +1."""
        return (2 * self.labels - 1).astype(self.dtype)

    def head(self, n: int) -> Self:
        return replace(self, X=self.X[:n], labels=self.labels[:n])

    def loss(self, theta: Array) -> float:
        """The mean log loss at weights theta[:-1] and intercept theta[-1]."""
        z = self.X @ theta[:-1] + theta[-1]
        return float(np.logaddexp(0, -self.y * z).mean())
