"""What would crash the interpreter, or step with wrong numbers, is refused instead."""

import re
import threading

import numpy as np
import pytest

from fastopt import _core, optim, schedules

LONG = 200_000  # long enough for a step without the GIL


def test_arrays_that_have_moved_are_not_stepped():
    def resize(w):
        w.resize(10, refcheck=False)

    def replace(w):
        w.resize(10**7, refcheck=False)
        w.resize(LONG, refcheck=False)

    def freeze(w):
        w.flags.writeable = False

    for change in (resize, replace, freeze):
        w = np.zeros(LONG)
        opt = optim.SGD([np.zeros(3), w])
        address = w.ctypes.data
        change(w)
        if change is replace and w.ctypes.data == address:
            continue  # it came back to its place
        with pytest.raises(
            ValueError, match=r"params\[1\] was resized, replaced or made read-only"
        ):
            opt.step([np.zeros(3), np.zeros(w.shape)])
        assert opt.t == 0


def test_arrays_that_a_schedule_moves_are_not_stepped():
    w = np.zeros(LONG)

    def lr(t):
        w.resize(10, refcheck=False)
        return 0.1 * t

    opt = optim.SGD(w, lr)
    with pytest.raises(ValueError, match="was resized"):
        opt.step(np.zeros(10))


def test_a_schedule_may_make_a_step_of_its_own():
    w = np.zeros(LONG)

    def lr(t):
        if opt.param_groups[0]["lr"] is lr:
            opt.param_groups[0]["lr"] = 0.25
            opt.step(np.full(LONG, 4.0))
        return 1.0 * t

    opt = optim.SGD(w, lr)
    opt.step(np.full(LONG, 8.0))
    assert set(w) == {-0.25 * 4 - 2 * 8}
    assert opt.t == 2


def test_an_optimizer_in_two_threads_is_refused():
    w = [np.zeros(LONG, np.float32) for _ in range(10)]
    opt = optim.SGD(w, schedules.inverse_scaling(1.0, 0.5))
    errors = []

    def attempt(act, times):
        for _ in range(times):
            try:
                act()
            except RuntimeError as error:
                errors.append(str(error))

    state = opt.state_dict()
    acts = [
        (lambda: opt.step([np.ones(LONG, np.float32) for _ in w]), 30),
        (lambda: opt.step([np.ones(LONG, np.float32) for _ in w]), 30),
        (lambda: opt.load_state_dict({**state, "t": 10**9}), 300),
        (lambda: opt.param_groups[0].update(lr=schedules.cosine(1.0, 10**6)), 300),
    ]
    threads = [threading.Thread(target=attempt, args=act) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # The second is met where the count is set between the two halves of a step.
    refused = "this optimizer is making a step in another thread|has not provided update 1000000"
    assert all(re.search(refused, error) for error in errors)
    assert all((a == w[0][0]).all() for a in w)  # steps are whole


class Bare(optim.Adam):
    def __init__(self):
        pass  # no super().__init__()


@pytest.mark.parametrize(
    "opt", [optim.Adam(), Bare(), _core.Stepper(), optim.SGD.__new__(optim.SGD)]
)
def test_what_is_not_bound_is_not_stepped(opt):
    with pytest.raises(RuntimeError, match="has no params to step"):
        opt.step([])


ONE = np.ones(3)


@pytest.mark.parametrize(
    ("arrays", "states", "group_of", "kernels", "message"),
    [
        ([ONE], [[]], [0], ["adam"], r"the state of params\[0\] holds 0 arrays"),
        ([ONE], [[np.ones(3)] * 100], [0], ["sgd"], r"the state of params\[0\] holds 100 arrays"),
        ([ONE], [[np.ones(2)]], [0], ["momentum"], r"state of params\[0\] must hold 3 numbers"),
        ([ONE], [[np.ones(3, "f4")]], [0], ["momentum"], r"state of params\[0\] must be float64"),
        ([ONE], [[]], [1], ["sgd"], r"the group of params\[0\] is 1 of 1"),
        ([ONE], [[]], [-1], ["sgd"], r"the group of params\[0\] is -1 of 1"),
        ([ONE, None], [[], []], [0, 0], ["sgd"], r"params\[1\] must be a NumPy array"),
        ([ONE, ONE], [[]], [0, 0], ["sgd"], "index out of range"),
        ([ONE], [[]], [0], ["speed"], "speed"),
        ([ONE], None, [0], ["sgd"], "NoneType"),
    ],
)
def test_what_is_bound_in_part_is_not_stepped(arrays, states, group_of, kernels, message):
    opt = _core.Stepper()
    with pytest.raises((TypeError, ValueError, LookupError), match=message):
        opt._bind(arrays, states, group_of, kernels, [()] * len(kernels))
    with pytest.raises(RuntimeError, match="has no params to step"):
        opt.step([np.ones(3)] * len(arrays))


def test_an_optimizer_is_bound_once():
    opt = optim.Adam(np.ones(3))
    with pytest.raises(RuntimeError, match="bound already"):
        opt._bind([np.ones(3)], [[]], [0], ["sgd"], [()])


def test_a_state_list_that_is_cleared_stays_bound():
    state, w = [np.zeros(LONG)], np.zeros(LONG)

    class Step(_core.Stepper):
        def _refill(self):
            self._provide([np.array([[1.0, 1, 1, 0, 1, 1]])], 0, 10)

    opt = Step()
    opt._bind([w], [state], [0], ["momentum"], [()])
    state.clear()
    opt.step(np.full(LONG, 2.0))
    assert set(w) == {-2.0}


@pytest.mark.parametrize(
    ("first", "last", "message"),
    [
        (1, 10, "_refill has not provided update 0"),
        (0, 0, "_refill has not provided update 0"),
        (-5, 10, "first and last must be"),
        (10, 0, "first and last must be"),
        (-(2**63), 2**63 - 1, "first and last must be"),
    ],
)
def test_numbers_of_other_updates_are_refused(first, last, message):
    class Step(_core.Stepper):
        def _refill(self):
            self._provide([np.ones((1, 4))], first, last)

    opt = Step()
    opt._bind([ONE], [[]], [0], ["sgd"], [()])
    with pytest.raises((RuntimeError, ValueError), match=message):
        opt.step(np.ones(3))
    assert ONE.tolist() == [1, 1, 1]


def test_numbers_that_are_refused_leave_none_behind():
    a, b = np.zeros(3), np.zeros(3)
    opt = optim.SGD([{"params": a}, {"params": b}], lr=0.5)
    opt.step([np.ones(3)] * 2)
    with pytest.raises(ValueError, match=r"hypers\[1\] must have the shape"):
        opt._provide([np.full((10, 4), 9.0), np.ones((1, 5))], 0, 10)
    opt.step([np.ones(3)] * 2)
    assert a.tolist() == b.tolist() == [-1, -1, -1]


def test_a_count_below_0_is_refused():
    opt = optim.SGD(np.zeros(3))
    with pytest.raises(ValueError, match="t must not be negative, got -1"):
        opt._rewind(-1)
    assert opt.t == 0


def test_attributes_that_are_gone_do_no_harm():
    w = np.zeros(3)
    opt = optim.SGD(w, 1.0, momentum=0.5)
    opt.step(np.ones(3))
    for name in [*vars(opt)]:
        delattr(opt, name)
    opt.step(np.ones(3))
    assert w.tolist() == [-2.5] * 3
