"""The conditions of Robbins and Monro on learning rates."""

from typing import NamedTuple

from fastopt.schedules.base import Schedule, as_schedule
from fastopt.schedules.compositions import decay_of


class RobbinsMonro(NamedTuple):
    """The two conditions of Robbins & Monro 1951; true if both hold."""

    sum_diverges: bool
    sum_of_squares_converges: bool

    def __bool__(self) -> bool:
        return all(self)


def satisfies_robbins_monro(schedule: Schedule | float) -> RobbinsMonro:
    """State whether sum lr(t) = inf (the steps reach any distance) and sum lr(t)^2 < inf (the noise
    dies out), under which stochastic approximation converges.

    Both follow from how lr(t) falls in the long run: like t**-p the sum diverges if p <= 1, and the
    sum of squares converges if p > 1/2.  So the rates must fall for ever, but not too fast; a
    schedule that ends (at 0 or not) meets one condition at most.  What comes first never matters:
    `warmup` and `join` are judged by their last schedule; a `product` by all of its schedules.

    schedule: a schedule of this module or a number; others cannot be judged: TypeError.
    Source: Robbins & Monro 1951, "A stochastic approximation method".
    """
    decay = decay_of(as_schedule("schedule", schedule))
    if decay is None:
        raise TypeError(f"schedule must be one whose future is known, got {schedule!r}")
    return RobbinsMonro(sum_diverges=decay <= 1, sum_of_squares_converges=decay > 0.5)
