"""Rates are those of torch."""

import numpy as np
import pytest

from fastopt.schedules import (
    cosine,
    cosine_restarts,
    exponential,
    inverse_scaling,
    join,
    linear,
    multistep,
    polynomial,
    step,
    warmup,
)
from tests.schedules.examples import EPS, each

# Against torch: rates at t = 1, 2, 11, 40, 41, 77 from torch 2.13.0, and all of them where torch is
# installed.

TIMES = [1, 2, 11, 40, 41, 77]
TORCH = [
    (
        step(0.1, every=10, factor=0.5),
        lambda o, s: s.StepLR(o, 10, 0.5),
        [0.1, 0.1, 0.05, 0.0125, 0.00625, 0.00078125],
    ),
    (
        multistep(0.1, milestones=[10, 40, 76], factor=0.3),
        lambda o, s: s.MultiStepLR(o, [10, 40, 76], 0.3),
        [0.1, 0.1, 0.03, 0.03, 0.009, 0.0026999999999999997],
    ),
    (
        exponential(0.1, factor=0.9),
        lambda o, s: s.ExponentialLR(o, 0.9),
        [
            0.1,
            0.09000000000000001,
            0.03486784401000002,
            0.0016423203268260682,
            0.0014780882941434613,
            3.3298963653161505e-05,
        ],
    ),
    (
        cosine(0.1, steps=76, final=0.001),
        lambda o, s: s.CosineAnnealingLR(o, 76, 0.001),
        [
            0.1,
            0.0999577150401714,
            0.09583077966942535,
            0.048454413774683736,
            0.04641232239911954,
            0.001,
        ],
    ),
    (
        cosine_restarts(0.1, period=20, final=0.001),
        lambda o, s: s.CosineAnnealingWarmRestarts(o, 20, 1, 0.001),
        [0.1, 0.09939057285945932, 0.0505, 0.001609427140540686, 0.1, 0.010453658778440109],
    ),
    (
        cosine_restarts(0.1, period=10, growth=3),
        lambda o, s: s.CosineAnnealingWarmRestarts(o, 10, 3),
        [0.1, 0.09755282581475769, 0.1, 0.00027390523158633, 0.1, 0.06545084971874737],
    ),
    (
        linear(0.1, steps=40, final=0.025),
        lambda o, s: s.LinearLR(o, 1, 0.25, total_iters=40),
        [
            0.1,
            0.098125,
            0.08124999999999999,
            0.02687499999999998,
            0.02499999999999998,
            0.02499999999999998,
        ],
    ),
    (
        polynomial(0.1, steps=76, power=0.9),
        lambda o, s: s.PolynomialLR(o, 76, 0.9),
        [
            0.1,
            0.09881500660288522,
            0.0880759444620784,
            0.05231778136309483,
            0.05104344967050663,
            0.0,
        ],
    ),
    (
        inverse_scaling(0.1, power=0.6),
        lambda o, s: s.LambdaLR(o, lambda k: (k + 1) ** -0.6),
        [
            0.1,
            0.06597539553864472,
            0.023722714866171578,
            0.010933620739432782,
            0.010772827009130775,
            0.007380836159029747,
        ],
    ),
    (
        warmup(exponential(0.1, factor=0.9), steps=10),
        lambda o, s: s.SequentialLR(
            o, [s.LinearLR(o, 1 / 11, total_iters=10), s.ExponentialLR(o, 0.9)], [10]
        ),
        [
            0.009090909090909092,
            0.018181818181818184,
            0.1,
            0.00471012869724625,
            0.004239115827521626,
            9.550049507968271e-05,
        ],
    ),
    (
        join([0.1, step(0.1, every=20, factor=0.5), linear(0.1, steps=50)], boundaries=[10, 40]),
        lambda o, s: s.SequentialLR(
            o,
            [s.ConstantLR(o, 1), s.StepLR(o, 20, 0.5), s.LinearLR(o, 1, 0, total_iters=50)],
            [10, 40],
        ),
        [0.1, 0.1, 0.1, 0.05, 0.1, 0.027999999999999997],
    ),
]


@each([(row[0], row[2]) for row in TORCH], "stored")
def test_rates_are_those_stored_from_torch(schedule, stored):
    np.testing.assert_allclose(schedule(np.array(TIMES)), stored, rtol=4 * 77 * EPS)


@pytest.mark.filterwarnings("ignore")
@each([row[:2] for row in TORCH], "theirs")
def test_rates_are_those_of_torch(schedule, theirs):
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.1)
    scheduler = theirs(optimizer, torch.optim.lr_scheduler)
    expected = []
    for _ in range(77):
        expected.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    # torch multiplies one rate into the next: up to 4 roundings in each of 77 updates.
    np.testing.assert_allclose(schedule(np.arange(1, 78)), expected, rtol=4 * 77 * EPS)


def test_cosine_stays_at_final_where_torch_climbs_again():
    assert set(cosine(0.1, steps=10, final=0.01)(np.arange(11, 50))) == {0.01}
