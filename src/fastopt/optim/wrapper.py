"""What stands around an optimizer and is used as one."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastopt.optim.optimizer import Array, Optimizer, ParamGroup, number
from fastopt.optim.saved import Saved


class Wrapper(Saved):
    """Base of the wrappers; each adds its own `step` around that of what it wraps.

    A wrapper may wrap another one. What `step` takes is what `Optimizer.step` takes.

    Attributes
    ----------
    optimizer : Optimizer or Wrapper
        What is wrapped.
    rule : Optimizer
        The optimizer within all wrappers.
    t : int
        Updates done; a `step` that made none has not counted.

    Examples
    --------
    >>> import numpy as np
    >>> from fastopt import optim
    >>> w = np.array([3.0, -2.0])
    >>> opt = optim.Lookahead(optim.ApplyIfFinite(optim.Adam(w, lr=0.1), 5))
    >>> for _ in range(200):
    ...     opt.step(2 * w)  # the gradient of w . w
    >>> bool(abs(w).max() < 1e-3)
    True
    """

    def __init__(self, optimizer: "Optimizer | Wrapper") -> None:
        super().__init__()
        if not isinstance(optimizer, Optimizer | Wrapper):
            raise TypeError(
                f"optimizer must be an optimizer or a wrapper of one, got {optimizer!r}"
            )
        self.rule: Optimizer = optimizer.rule if isinstance(optimizer, Wrapper) else optimizer
        if not self.rule._params:
            raise ValueError("optimizer must be bound to its params; give them when it is made")
        self.optimizer = optimizer

    @property
    def param_groups(self) -> list[ParamGroup]:
        """The hyper-parameters of each group, as `Optimizer` has them."""
        return self.rule.param_groups

    @property
    def t(self) -> int:
        """Updates done."""
        return self.rule.t

    @property
    def needs_loss(self) -> bool:
        """Whether `step` must be given the loss."""
        return self.rule.needs_loss

    def step(self, grads: Array | Sequence[Array], loss: float | None = None) -> None:
        """Take gradients as `Optimizer.step` does, and the loss of which they are."""
        raise NotImplementedError

    def evaluated(self) -> Array | list[Array]:
        """Return the points to evaluate at, as `Optimizer.evaluated` does."""
        return self.optimizer.evaluated()

    def state_dict(self) -> dict[str, Any]:
        """Return the whole state: of the wrapper, and in "optimizer" of what it wraps.

        Returns
        -------
        dict
            "class": the wrapper's name. "arrays": those that it keeps, one for each parameter, if
            any. "optimizer": the state of what is wrapped. The rest are its attributes.
        """
        return {**super().state_dict(), "optimizer": self.optimizer.state_dict()}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from what ``state_dict`` returned; the parameters themselves are not part of it.

        Raises
        ------
        TypeError, ValueError
            If it is the state of other arrays or of other classes; nothing has changed then.
        """
        values = self._checked_state(state_dict, "optimizer")
        self.optimizer.load_state_dict(state_dict["optimizer"])
        self._take(values, state_dict["arrays"])

    def _checked(self, grads: Any, loss: Any) -> tuple[tuple[Array, ...], float | None]:
        """Return grads as a tuple and loss as a plain number, or raise what is wrong with them;
        numbers need not be finite.
        """
        if loss is not None or self.needs_loss:
            loss = number("loss", loss)
        return self.rule._fitting(grads), loss
