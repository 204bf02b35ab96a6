"""Averages of weights along a run."""

from typing import Any, ClassVar

import numpy as np

from fastopt import _core
from fastopt._arguments import count_or_zero, flag, fraction
from fastopt.optim.optimizer import Array, check_arrays, listed
from fastopt.optim.options import Checks
from fastopt.optim.saved import Saved


def _decay(name: str, value: Any) -> float | None:
    return None if value is None else float(fraction(name, value))


class Average(Saved):
    r"""The average of the weights along a run, beside any optimizer.

    Each `update` moves the averages towards the parameters, :math:`a \leftarrow a + c_n (w - a)`
    for the n-th: :math:`c_n = 1 / n` makes a the mean of all that were seen (Polyak's average,
    SWA), :math:`c_n = 1 - \text{decay}` an exponential mean of them, which begins at the first.
    With ``debias`` it begins at 0, and the bias is undone:
    :math:`c_n = (1 - \text{decay}) / (1 - \text{decay}^n)`.

    Parameters
    ----------
    params : ndarray or list of ndarray
        The parameters, as an optimizer has them; they are not changed.
    decay : float, optional
        How much of an exponential mean an update keeps, in [0, 1); None for the mean of all.
    debias : bool
        Whether the first weights count no more than those after them.

    Attributes
    ----------
    n_averaged : int
        Updates done.

    References
    ----------
    Polyak & Juditsky 1992, "Acceleration of stochastic approximation by averaging"; Izmailov et
    al. 2018, "Averaging weights leads to wider optima and better generalization". As torch's
    `AveragedModel`, with decay as its `get_ema_multi_avg_fn`; with debias as `optax.ema`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastopt import optim
    >>> w = np.zeros(1)
    >>> opt, mean = optim.SGD(w, lr=1.0), optim.Average(w)
    >>> for g in ([-1.0], [-3.0]):
    ...     opt.step(np.array(g))  # to 1, then to 4
    ...     mean.update()
    >>> mean.averages
    array([2.5])
    """

    _checks: ClassVar[Checks] = {"decay": _decay, "debias": flag, "n_averaged": count_or_zero}

    def __init__(self, params: Any, decay: float | None = None, *, debias: bool = False) -> None:
        super().__init__()
        arrays = listed("params must be an array or a list of arrays", params)
        check_arrays("params", arrays)
        self.decay = _decay("decay", decay)
        self.debias = flag("debias", debias)
        if self.debias and self.decay is None:
            raise ValueError("debias=True needs a decay: the mean of all has no bias")
        self.n_averaged = 0
        self._params = arrays
        self._arrays = [w.copy() for w in arrays]
        self._single = isinstance(params, np.ndarray)

    @property
    def averages(self) -> Array | list[Array]:
        """The averages, one for each parameter, and one array if `params` was one: the parameters
        as they were at first until there is an update. `update` changes these arrays in place.
        """
        return self._arrays[0] if self._single else [*self._arrays]

    def update(self) -> None:
        """Take the parameters as they are now into the averages."""
        n = self.n_averaged + 1
        for average, w in zip(self._arrays, self._params, strict=True):
            if n == 1:
                np.copyto(average, w)
            else:
                _core.lerp(average, w, self._share(n))
        self.n_averaged = n

    def _share(self, n: int) -> float:
        """Return how far update n goes."""
        if self.decay is None:
            return 1 / n
        if not self.debias:
            return 1 - self.decay
        return (1 - self.decay) / (1 - float(_core.powers(self.decay, np.array([float(n)]))[0]))
