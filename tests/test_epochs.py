"""Passes over data: each against the reference's loop, and the same bytes on every ISA."""

import numpy as np
import pytest

from fastopt import _core, _reference

HYPER = {  # of one update; lr changes from update to update
    "l2": 0.01,
    "decay": 0.001,
    "momentum": 0.9,
    "gain": 1.0,
    "eps": 1e-3,
    "eps_in_sqrt": 0.0,
    "alpha": 0.9,
    "beta1": 0.9,
    "gain1": 0.1,
    "beta2": 0.99,
    "gain2": 0.01,
    "root": 1.0,
}
#: Narrow rows, with and without a last part of a lane, and wide ones.
WIDTHS = [1, 5, 16, 30, 100, 401, 1003]


def problem(n, d, dtype, x_dtype=None, seed=0):
    rng = np.random.default_rng([seed, n, d])
    X = rng.uniform(-1, 1, (n, d))
    if x_dtype is not None and np.dtype(x_dtype).kind in "uib":
        X = np.round(X * 3) if np.dtype(x_dtype).kind == "i" else np.abs(np.round(X * 3))
    X = X.astype(x_dtype or dtype)
    y = rng.choice([-1, 1], n).astype(dtype)
    return X, y


class Model:
    """The weights, state and pass of one model."""

    def __init__(self, X, y, optimizer="sgd", loss="log_loss", intercept=True, **options):
        dtype, d = y.dtype, X.shape[1]
        states = _core.OPTIMIZERS[optimizer][0]
        self.optimizer = optimizer
        self.w, self.b = np.linspace(-0.1, 0.1, d, dtype=dtype), np.full(1, 0.1, dtype)
        self.w_state = {s: np.zeros(d, dtype) for s in states}
        self.b_state = {s: np.zeros(1, dtype) for s in states}
        self.training = _core.Pass(
            X,
            y,
            self.w,
            self.b if intercept else None,
            loss=loss,
            loss_hyper=(0.25,) * len(_core.LOSSES[loss][1]),
            optimizer=optimizer,
            w_state=list(self.w_state.values()),
            intercept_state=list(self.b_state.values()),
            **options,
        )

    def bytes(self):
        arrays = [self.w, self.b, *self.w_state.values(), *self.b_state.values()]
        return b"".join(a.tobytes() for a in arrays)


def hypers(optimizer, updates):
    """The numbers of each update, as C and as the reference take them."""
    dicts = [{**HYPER, "lr": 0.1 / (k + 1)} for k in range(updates)]
    names = _core.OPTIMIZERS[optimizer][1]
    return np.array([[h[name] for name in names] for h in dicts]), dicts


def reference(model, X, y, order, loss, batch_size, dicts, sample_weight=None):
    """Run the reference over the same epoch; return its weights, intercept and predictions."""
    w, b = np.linspace(-0.1, 0.1, X.shape[1], dtype=y.dtype).astype(float), np.array([0.1])
    z = _reference.epoch(
        X[order].astype(float),
        y[order].astype(float),
        w,
        b,
        loss=loss,
        loss_hyper=(0.25,) * len(_core.LOSSES[loss][1]),
        optimizer=model.optimizer,
        w_state={s: np.zeros(len(w)) for s in model.w_state},
        intercept_state={s: np.zeros(1) for s in model.b_state},
        hypers=dicts,
        batch_size=batch_size,
        sample_weight=None if sample_weight is None else sample_weight[order].astype(float),
    )
    return w, b, z


def check(X, y, optimizer, loss, batch_size, sample_weight=None):
    n = len(X)
    order = _core.permutation(n, 0, 0)
    rows, dicts = hypers(optimizer, -(-n // batch_size))
    model = Model(X, y, optimizer, loss, batch_size=batch_size, sample_weight=sample_weight)
    assert model.training.run(rows, order) is None
    w, b, z = reference(model, X, y, order, loss, batch_size, dicts, sample_weight)
    tolerance = 200 * float(np.finfo(y.dtype).eps)
    np.testing.assert_allclose(model.w, w, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(model.b, b, rtol=tolerance, atol=tolerance)
    losses = _reference.LOSSES[loss][0](z, y[order], *(0.25,) * len(_core.LOSSES[loss][1]))
    if sample_weight is not None:
        losses = losses * sample_weight[order]
    assert model.training.loss_sum() == pytest.approx(losses.sum(), rel=tolerance)


@pytest.mark.parametrize("d", WIDTHS)
@pytest.mark.parametrize("batch_size", [1, 7, 53])
def test_sgd_pass_is_the_loop(d, batch_size, isa, dtype):
    check(*problem(53, d, dtype), "sgd", "log_loss", batch_size)


@pytest.mark.parametrize("optimizer", _core.OPTIMIZERS)
@pytest.mark.parametrize("batch_size", [1, 10])
def test_pass_of_every_rule_is_the_loop(optimizer, batch_size, isa, dtype):
    check(*problem(53, 21, dtype), optimizer, "log_loss", batch_size)


@pytest.mark.parametrize("loss", _reference.LOSSES)
@pytest.mark.parametrize("d", [21, 500])
def test_pass_of_every_loss_is_the_loop(loss, d, isa):
    check(*problem(53, d, np.float64), "sgd", loss, 1)


@pytest.mark.parametrize("batch_size", [1, 10])
@pytest.mark.parametrize("d", [21, 500])
def test_sample_weights_multiply_slopes_and_losses(batch_size, d, isa, dtype):
    weight = np.random.default_rng(0).uniform(0, 2, 53).astype(dtype)
    check(*problem(53, d, dtype), "sgd", "log_loss", batch_size, weight)


@pytest.mark.parametrize("x_dtype", ["f2", "f4", "f8", "u1", "i1", "?"])
@pytest.mark.parametrize("batch_size", [1, 10])
@pytest.mark.parametrize("d", [21, 500])
def test_every_dtype_of_x_is_read_as_its_numbers(x_dtype, batch_size, d, isa, dtype):
    X, y = problem(40, d, dtype, x_dtype)
    rows, _ = hypers("sgd", -(-40 // batch_size))
    results = []
    for x in (X, X.astype(dtype)):
        model = Model(x, y, batch_size=batch_size)
        model.training.run(rows)
        results.append(model.bytes())
    assert results[0] == results[1]


def test_half_precision_is_exact(isa):
    # Every finite float16, subnormals too, as the one feature of a sample.
    halves = np.arange(2**16, dtype=np.uint16).view(np.float16)
    halves = halves[np.isfinite(halves)][:, np.newaxis]
    y = np.ones(len(halves), np.float32)
    frozen = np.zeros((1, 3))  # lr = 0: the predictions are 0.1 + w x throughout
    model = Model(halves, y, loss="squared_error")
    model.w[:] = 1
    model.training.run(frozen)
    expected = np.sum((halves.astype(float)[:, 0] + np.float32(0.1) - 1) ** 2 / 2)
    assert model.training.loss_sum() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("batch_size", [1, 10])
@pytest.mark.parametrize("d", [21, 500])
def test_every_layout_of_x_is_read_as_its_numbers(batch_size, d, isa, dtype):
    X, y = problem(40, d, dtype)
    wide = np.zeros((80, 3 * d), dtype)
    wide[::2, ::3] = X
    layouts = {
        "C": X,
        "Fortran": np.asfortranarray(X),
        "strided": wide[::2, ::3],
        "rows": np.repeat(X, 2, axis=0)[::2],
        "backward": X[::-1, ::-1].copy()[::-1, ::-1],
        "unaligned": unaligned(X),
    }
    rows, _ = hypers("sgd", -(-40 // batch_size))
    results = set()
    for x in layouts.values():
        model = Model(x, y, batch_size=batch_size)
        model.training.run(rows, _core.permutation(40, 0, 0))
        results.add(model.bytes())
    assert len(results) == 1


def unaligned(X):
    """The same matrix one byte off."""
    memory = np.empty(X.nbytes + 1, np.uint8)[1:].view(X.dtype.str).reshape(X.shape)
    memory[:] = X
    return memory


@pytest.mark.parametrize("optimizer", _core.OPTIMIZERS)
@pytest.mark.parametrize("batch_size", [1, 7])
def test_epochs_of_every_rule_give_the_same_bytes_on_every_isa(
    optimizer, batch_size, dtype, on_every_isa
):
    for d in (1, 17, 100, 421):
        X, y = problem(60, d, dtype)
        rows, _ = hypers(optimizer, -(-60 // batch_size))

        def train(X=X, y=y, rows=rows):
            model = Model(X, y, optimizer, batch_size=batch_size)
            losses = []
            for epoch in range(3):
                model.training.run(rows, _core.permutation(60, 5, epoch))
                losses.append(model.training.loss_sum())
            return model.bytes() + np.array(losses).tobytes()

        assert len(set(on_every_isa(train))) == 1, f"d = {d}"


@pytest.mark.parametrize("batch_size", [1, 10])
@pytest.mark.parametrize("d", [21, 500])
def test_without_intercept_it_stays(batch_size, d, isa, dtype):
    X, y = problem(40, d, dtype)
    model = Model(X, y, intercept=False, batch_size=batch_size)
    model.training.run(np.array([[0.1, 0, 0]]))
    assert model.b[0] == dtype(0.1)


@pytest.mark.parametrize("d", [3, 500])
def test_strong_shrinking_keeps_its_precision(d, isa, dtype):
    # w = s v: after 2000 updates by 1/2, s has been folded into v many times.
    X, y = problem(2000, d, dtype)
    model = Model(X, y, loss="squared_error")
    rows = np.array([[0.01, 50.0, 0.0]])
    model.training.run(rows)
    hyper = [{"lr": 0.01, "l2": 50.0, "decay": 0.0}]
    w, _, _ = reference(model, X, y, np.arange(2000), "squared_error", 1, hyper)
    np.testing.assert_allclose(model.w, w, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("l2", [100.0, 1e6])
@pytest.mark.parametrize("d", [3, 500])
def test_shrinking_never_turns_the_weights_around(l2, d, isa, dtype):
    X, y = problem(20, d, dtype)
    model = Model(X, y, loss="squared_error")
    model.training.run(np.array([[0.01, l2, 0.0]]))  # 1 - lr l2 <= 0
    assert np.abs(model.w).max() < 0.1


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("batch_size", [1, 8])
@pytest.mark.parametrize("d", [21, 500])
def test_the_row_that_is_not_finite_is_named(bad, batch_size, d, isa, dtype):
    X, y = problem(40, d, dtype)
    X[29, d - 1] = bad
    model = Model(X, y, batch_size=batch_size)
    updates = -(-40 // batch_size)
    assert model.training.run(hypers("sgd", updates)[0], _core.permutation(40, 0, 0)) == 29


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_half_precision_keeps_what_is_not_finite(bad, isa, dtype):
    X, y = problem(40, 21, dtype, "f2")
    X[29, 3] = bad
    assert Model(X, y).training.run(hypers("sgd", 40)[0]) == 29


@pytest.mark.parametrize("d", [21, 500])
def test_parts_of_an_epoch_need_no_order(d, isa, dtype):
    X, y = problem(40, d, dtype)
    results = set()
    for order in (None, np.arange(40, dtype=np.uint32)):
        model = Model(X, y)
        for start in (0, 13):
            model.training.run(np.array([[0.1, 0.01, 0]]), order, start, {0: 13, 13: 40}[start])
        results.add(model.bytes())
    assert len(results) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"hyper": np.zeros((1, 2))}, r"hyper must have the shape \(40, 3\)"),
        ({"hyper": np.zeros((39, 3))}, r"hyper must have the shape \(40, 3\)"),
        ({"order": np.arange(39, dtype=np.uint32)}, "order must hold 40 rows, got 39"),
        ({"order": np.full(40, 40, np.uint32)}, "order must hold rows below 40, got 40"),
        ({"stop": 41}, r"start and stop must be in 0 .. 40, got 0, 41"),
    ],
)
def test_bad_arguments_of_a_run_are_named(arguments, message):
    model = Model(*problem(40, 3, np.float32))
    before = model.bytes()
    with pytest.raises(ValueError, match=message):
        model.training.run(**{"hyper": np.zeros((1, 3)), **arguments})
    assert model.bytes() == before
