"""Stochastic gradient descent, with momentum and Nesterov's."""

from typing import Any

import numpy as np

from fastopt.optim.optimizer import Array, Optimizer, Options
from fastopt.optim.terms import settled


class SGD(Optimizer):
    r"""Stochastic gradient descent, optionally with momentum.

    With g the gradient plus ``weight_decay`` * w, :math:`\mu` the momentum and :math:`\eta` the
    learning rate:

    ========================  ====================================================================
    no momentum               :math:`w \leftarrow w - \eta g`
    velocity="torch"          :math:`v \leftarrow \mu v + (1 - \text{dampening}) g`,
                              :math:`w \leftarrow w - \eta v`
    the same, nesterov        :math:`v \leftarrow \mu v + g`,
                              :math:`w \leftarrow w - \eta (g + \mu v)`
    velocity="lecture"        :math:`v \leftarrow \mu v + \eta g`, :math:`w \leftarrow w - v`
    the same, nesterov        the same, with g taken at :math:`w - \mu v`, which `lookahead` gives
    ========================  ====================================================================

    The first velocity is v = g, without dampening, as in torch.

    Parameters
    ----------
    params : ndarray, sequence of ndarray, or sequence of dict; None
        The arrays to update in place: float32 or float64, C-contiguous, writeable, sharing no
        memory. A dict is a group: its arrays under "params", and hyper-parameters of its own.
        None makes an unbound optimizer, a choice of hyper-parameters for ``linear_model``.
    lr : float or callable
        Learning rate, or a schedule lr(t) of the update count t = 1, 2, ...
    momentum : float
        How much of the velocity a step keeps.
    dampening : float
        Part of the gradient that does not enter the velocity.
    weight_decay : float
        L2 penalty, coupled: added to the gradient.
    nesterov : bool
        Take Nesterov's step.
    velocity : {"torch", "lecture"}
        Whether the learning rate stays outside of the velocity, or goes inside. They differ when
        the learning rate changes.

    References
    ----------
    Robbins & Monro 1951; Polyak 1964; Nesterov 1983; Sutskever et al. 2013, "On the importance of
    initialization and momentum in deep learning", equations 1-4.
    """

    def __init__(
        self,
        params: Any = None,
        lr: Any = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        velocity: str = "torch",
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            momentum=momentum,
            dampening=dampening,
            weight_decay=weight_decay,
            nesterov=nesterov,
            velocity=velocity,
        )

    def _check(self, options: Options) -> dict[str, Any]:
        checked = super()._check(options)
        if checked["nesterov"] and (not checked["momentum"] or checked["dampening"]):
            raise ValueError("nesterov needs a momentum > 0 and no dampening")
        if checked["velocity"] == "lecture" and checked["dampening"]:
            raise ValueError('dampening must be 0 with velocity="lecture"')
        if checked["velocity"] == "lecture" and checked["nesterov"] and checked["weight_decay"]:
            raise ValueError(
                'weight_decay must be 0 with velocity="lecture" and nesterov: '
                "add it to the gradient at lookahead()"
            )
        return checked

    def _kernel(self, options: Options) -> str:
        if not options["momentum"]:
            return "sgd_l1" if options.get("l1") else "sgd"
        rewritten = options["nesterov"] and options["velocity"] == "torch"
        return "nesterov" if rewritten else "momentum"

    def _numbers(self, options: Options, lr: Any, t: Any) -> dict[str, Any]:
        numbers = {"lr": lr, "l2": options["weight_decay"], "momentum": options["momentum"]}
        if options["velocity"] == "lecture" and options["momentum"]:
            return {**numbers, "lr": 1.0, "gain": lr}
        if not options["dampening"]:
            return {**numbers, "gain": 1.0}
        return {**numbers, "gain": np.where(t == 1, 1.0, 1 - options["dampening"])}

    def _reach(self, options: Options, t: Any) -> float:
        return float(1 - options["dampening"]) * settled(options["momentum"])

    def lookahead(self) -> Array | list[Array]:
        r"""Return the points :math:`w - \mu v` at which to take the gradients of the next step.

        Returns
        -------
        ndarray or list of ndarray
            New arrays, one for each parameter; one array if `params` was one.

        Raises
        ------
        ValueError
            Unless the optimizer was made with ``nesterov=True, velocity="lecture"``.
        """
        points = []
        for w, state, k in zip(self._params, self._state, self._group_of, strict=True):
            options = self.param_groups[k]
            if not options["nesterov"] or options["velocity"] != "lecture":
                raise ValueError('lookahead() is for nesterov=True with velocity="lecture"')
            point = w - w.dtype.type(options["momentum"]) * state["velocity"]
            points.append(np.asarray(point))  # not a number where w has no dimension
        return points[0] if self._single else points
