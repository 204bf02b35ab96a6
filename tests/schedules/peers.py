"""The rates of torch and of optax, from the code in fastopt.schedules.equivalents.

`python -m tests.schedules.peers` writes some of them, and the versions they come from, to the file
that stands in for both where they are not installed.
"""

import json
import math
from pathlib import Path

import numpy as np

from fastopt import schedules
from fastopt.schedules.equivalents import OPTAX, TORCH

STORED = Path(__file__).with_name("peers.json")
STEPS = 77
TIMES = [1, 2, 11, 40, 41, 77]  # those of the stored rates

# What the names in the code stand for, twice.
ARGUMENTS = [
    dict(
        lr=0.1,
        lr_lambda=lambda k: 1 - 1 / (k + 2),
        step_size=10,
        milestones=[10, 40, 76],
        gamma=0.9,
        factor=0.25,
        total_iters=40,
        start_factor=0.1,
        end_factor=0.8,
        power=0.9,
        T_max=76,
        T_0=20,
        T_mult=1,
        eta_min=0.001,
        base_lr=0.01,
        max_lr=0.1,
        step_size_up=7,
        step_size_down=16,
        total_steps=77,
        pct_start=0.3,
        div_factor=25.0,
        final_div_factor=1e4,
        three_phase=False,
        value=0.1,
        init_value=0.1,
        end_value=0.02,
        peak_value=0.3,
        transition_steps=60,
        transition_begin=11,
        decay_rate=0.1,
        decay_steps=50,
        alpha=0.1,
        exponent=1.0,
        interpolate_type="linear",
        boundaries_and_scales={10: 0.5, 40: 2.5, 76: 0.0},
        pct_final=0.85,
        warmup_steps=10,
        cosine_kwargs=[
            dict(init_value=0.0, peak_value=0.1, warmup_steps=5, decay_steps=20),
            dict(init_value=0.01, peak_value=0.05, warmup_steps=10, decay_steps=40),
        ],
    ),
    dict(
        lr=0.1,
        lr_lambda=lambda k: 0.95**k,
        step_size=1,
        milestones=[1, 2, 11, 41],
        gamma=0.97,
        factor=0.5,
        total_iters=11,
        start_factor=0.5,
        end_factor=0.0,
        power=2,
        T_max=100,
        T_0=10,
        T_mult=3,
        eta_min=0.0,
        base_lr=0.0,
        max_lr=0.3,
        step_size_up=20,
        step_size_down=None,
        total_steps=77,
        pct_start=0.41,
        div_factor=10.0,
        final_div_factor=0.5,
        three_phase=True,
        value=1e-5,
        init_value=0.001,
        end_value=0.2,
        peak_value=0.1,
        transition_steps=7,
        transition_begin=40,
        decay_rate=3.0,
        decay_steps=76,
        alpha=0.0,
        exponent=1.7,
        interpolate_type="cosine",
        boundaries_and_scales={1: 0.1, 2: 3.0, 70: 0.5},
        pct_final=0.6,
        warmup_steps=39,
        cosine_kwargs=[dict(init_value=0.0, peak_value=0.1, warmup_steps=1, decay_steps=90)],
    ),
]

# torch takes this one by its loss, and test_plateau.py compares it so.
CASES = [
    (theirs, ours, i)
    for theirs, ours in {**TORCH, **OPTAX}.items()
    for i in range(len(ARGUMENTS))
    if not theirs.startswith("ReduceLROnPlateau")
]


def rates_of_ours(code, arguments, t):
    """The rates of ours at updates t."""
    names = {name: getattr(schedules, name) for name in schedules.__all__}
    return schedules.rates_of(eval(code, {**names, **arguments, "math": math, "np": np}), t)


def rates_of_torch(code, arguments):
    """The rates of torch at updates 1 ... STEPS."""
    import torch
    from torch.optim import lr_scheduler

    optimizer = torch.optim.SGD([torch.zeros(1)], lr=arguments["lr"])
    scheduler = eval(code, {**vars(lr_scheduler), **arguments, "optimizer": optimizer})
    rates = []
    for _ in range(STEPS):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return np.array(rates)


def rates_of_optax(code, arguments):
    """The rates of optax at counts 0 ... STEPS - 1, in float64."""
    import jax
    import optax

    with jax.enable_x64(True):
        schedule = eval(code, {**vars(optax.schedules), **arguments})
        rates = np.array(jax.vmap(schedule)(jax.numpy.arange(STEPS)), np.float64)
    return np.broadcast_to(rates, STEPS)


def rates_of_theirs(theirs, i):
    rates_of = rates_of_torch if theirs in TORCH else rates_of_optax
    return rates_of(theirs, ARGUMENTS[i])


def store():
    import optax
    import torch

    rates = {}
    for theirs, _, i in CASES:
        rates.setdefault(theirs, []).append([rates_of_theirs(theirs, i)[t - 1] for t in TIMES])
    versions = {"torch": torch.__version__, "optax": optax.__version__}
    rows = [f"{json.dumps(name)}: {json.dumps(row)}" for name, row in (versions | rates).items()]
    STORED.write_text("{\n" + ",\n".join(rows) + "\n}\n")


if __name__ == "__main__":
    store()
