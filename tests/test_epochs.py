"""Passes over data: each against the reference's loop, and the same bytes on every ISA."""

from itertools import pairwise

import numpy as np
import pytest
from scipy import sparse

from fastopt import _core, _reference

from . import rules

#: Of one update; lr changes from update to update.
HYPER = {
    **rules.HYPER,
    "decay": 0.001,
    "gain": 1.0,
    "eps_in_sqrt": 0.0,
    "alpha": 0.9,
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
    """The weights, state and pass of one model, or of some that are trained side by side."""

    def __init__(self, X, y, optimizer="sgd", loss="log_loss", *, intercept=True, outputs=1, **how):
        dtype, shape = y.dtype, (outputs, X.shape[1])
        states, _, memory = _core.OPTIMIZERS[optimizer]
        self.optimizer, self.sparse = optimizer, sparse.issparse(X)
        self.w, self.b = self.laid_out(start(shape)[0], dtype), start(shape)[1].astype(dtype)
        self.w_state = {s: self.laid_out(np.zeros(shape), dtype) for s in states}
        self.b_state = {s: np.zeros(outputs, dtype) for s in states}
        self.memory = np.array([rules.MEMORY[m] for m in memory])
        self.average = None
        if how.pop("average", False):
            self.average = self.laid_out(np.zeros(shape), dtype), np.zeros(outputs, dtype)
            how |= {"average": self.average[0], "intercept_average": self.average[1]}
        self.training = _core.Pass(
            X,
            y,
            self.w,
            self.b if intercept else None,
            loss=loss,
            loss_hyper=loss_hyper(loss),
            optimizer=optimizer,
            w_state=list(self.w_state.values()),
            intercept_state=list(self.b_state.values()),
            memory=self.memory,
            **how,
        )

    def laid_out(self, weights, dtype):
        """The weights as the pass over this X wants them."""
        if len(weights) == 1:
            return weights[0].astype(dtype)
        if not self.sparse:
            return weights.astype(dtype)
        by_feature = _core.sparse_weights(*weights.T.shape, dtype)
        by_feature[:] = weights.T
        return by_feature

    def by_output(self, weights):
        return np.atleast_2d(weights.T if self.sparse else weights)

    def bytes(self):
        arrays = [self.w, self.b, *self.w_state.values(), *self.b_state.values(), self.memory]
        arrays += self.average or ()
        return b"".join(a.tobytes() for a in arrays)


def start(shape):
    """The weights and intercepts that every model here starts from."""
    return np.linspace(-0.1, 0.1, shape[0] * shape[1]).reshape(shape), np.full(shape[0], 0.1)


def loss_hyper(loss):
    return (0.25,) * len(_core.LOSSES[loss][1])


def hypers(optimizer, updates, l1=0.0, l2=0.01):
    """The numbers of each update, as C and as the reference take them."""
    dicts = [
        {**HYPER, "l2": l2, "lr": 0.1 / (k + 1), "l1": l1 * 0.1 / (k + 1)} for k in range(updates)
    ]
    names = _core.OPTIMIZERS[optimizer][1]
    return np.array([[h[name] for name in names] for h in dicts]), dicts


def check(X, y, optimizer, loss, batch_size, outputs=1, l1=0.0, l2=0.01, tolerance=200, **options):
    """See that an epoch, in a shuffled order, is that of the reference."""
    dtype, n = y.dtype, X.shape[0]
    order = _core.permutation(n, 0, 0)
    rows, dicts = hypers(optimizer, -(-n // batch_size), l1, l2)
    model = Model(
        X, y, optimizer, loss, l1=l1 != 0, batch_size=batch_size, outputs=outputs, **options
    )
    assert model.training.run(rows, order) is None
    loss_sum, _ = model.training.score()
    model.training.settle()

    dense = X.toarray() if sparse.issparse(X) else X
    shape = (outputs, dense.shape[1])
    w, b = (array.astype(dtype).astype(float) for array in start(shape))
    average = (np.zeros(shape), np.zeros(outputs)) if options.pop("average", False) else None
    weight = options.pop("sample_weight", None)
    weight = None if weight is None else weight[order].astype(float)
    options.pop("touched_only", None)
    learnt = {
        "loss": loss,
        "loss_hyper": loss_hyper(loss),
        "classes": options.get("classes", False),
    }
    z = _reference.epoch(
        dense[order].astype(float),
        y[order].astype(float),
        w,
        b,
        optimizer=optimizer,
        w_state={s: np.zeros(shape) for s in model.w_state},
        intercept_state={s: np.zeros(outputs) for s in model.b_state},
        memory={m: rules.MEMORY[m] for m in _core.OPTIMIZERS[optimizer][2]},
        hypers=dicts,
        batch_size=batch_size,
        sample_weight=weight,
        average=average,
        **learnt,
        **{k: v for k, v in options.items() if k not in learnt},
    )
    near = dict.fromkeys(("rtol", "atol"), tolerance * float(np.finfo(dtype).eps))
    np.testing.assert_allclose(model.by_output(model.w), w, **near)
    np.testing.assert_allclose(model.b, b, **near)
    if average is not None:
        np.testing.assert_allclose(model.by_output(model.average[0]), average[0], **near)
        np.testing.assert_allclose(model.average[1], average[1], **near)
    if "positive_weight" not in options:
        losses = _reference.losses(z, y[order].astype(float), **learnt)
        losses = losses if weight is None else losses * weight
        assert loss_sum == pytest.approx(losses.sum(), rel=near["rtol"])
    return model


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
    X, y = problem(53, d, np.float64)
    if _core.LOSSES[loss][0] == "log link":
        X, y = X / 10, y + 2  # exp(z) is to be y
    check(X, y, "sgd", loss, 1)


@pytest.mark.parametrize("batch_size", [1, 10])
@pytest.mark.parametrize("d", [21, 500])
def test_sample_weights_multiply_slopes_and_losses(batch_size, d, isa, dtype):
    weight = np.random.default_rng(0).uniform(0, 2, 53).astype(dtype)
    check(*problem(53, d, dtype), "sgd", "log_loss", batch_size, sample_weight=weight)


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
    frozen = np.zeros((1, 4))  # lr = 0: the predictions are 0.1 + w x throughout
    model = Model(halves, y, loss="squared_error")
    model.w[:] = 1
    model.training.run(frozen)
    expected = np.sum((halves.astype(float)[:, 0] + np.float32(0.1) - 1) ** 2 / 2)
    assert model.training.score()[0] == pytest.approx(expected, rel=1e-5)


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
                losses.append(model.training.score()[0])
            return model.bytes() + np.array(losses).tobytes()

        assert len(set(on_every_isa(train))) == 1, f"d = {d}"


@pytest.mark.parametrize("batch_size", [1, 10])
@pytest.mark.parametrize("d", [21, 500])
def test_without_intercept_it_stays(batch_size, d, isa, dtype):
    X, y = problem(40, d, dtype)
    model = Model(X, y, intercept=False, batch_size=batch_size)
    model.training.run(np.array([[0.1, 0, 0, 0]]))
    assert model.b[0] == dtype(0.1)


@pytest.mark.parametrize("d", [3, 500])
def test_strong_shrinking_keeps_its_precision(d, isa, dtype):
    # w = s v: after 2000 updates by 1/2, s has been folded into v many times.
    X, y = problem(2000, d, dtype)
    model = Model(X, y, loss="squared_error")
    rows = np.array([[0.01, 50.0, 0.0, 0.0]])
    model.training.run(rows)
    hyper = [{"lr": 0.01, "l2": 50.0, "decay": 0.0, "l1": 0.0}]
    w, b = start((1, d))
    _reference.epoch(
        X.astype(float),
        y.astype(float),
        w,
        b,
        loss="squared_error",
        optimizer="sgd",
        w_state={},
        intercept_state={},
        hypers=hyper,
        batch_size=1,
    )
    np.testing.assert_allclose(model.w, w[0], rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("l2", [100.0, 1e6])
@pytest.mark.parametrize("d", [3, 500])
def test_shrinking_never_turns_the_weights_around(l2, d, isa, dtype):
    X, y = problem(20, d, dtype)
    model = Model(X, y, loss="squared_error")
    model.training.run(np.array([[0.01, l2, 0.0, 0.0]]))  # 1 - lr l2 <= 0
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
            model.training.run(np.array([[0.1, 0.01, 0, 0]]), order, start, {0: 13, 13: 40}[start])
        results.add(model.bytes())
    assert len(results) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"hyper": np.zeros((1, 2))}, r"hyper must have the shape \(40, 4\)"),
        ({"hyper": np.zeros((39, 4))}, r"hyper must have the shape \(40, 4\)"),
        ({"order": np.full(40, 40, np.uint32)}, "order must hold rows below 40, got 40"),
        ({"stop": 41}, r"start and stop must be in 0 .. 40, got 0, 41"),
    ],
)
def test_bad_arguments_of_a_run_are_named(arguments, message):
    model = Model(*problem(40, 3, np.float32))
    before = model.bytes()
    with pytest.raises(ValueError, match=message):
        model.training.run(**{"hyper": np.zeros((1, 4)), **arguments})
    assert model.bytes() == before


# --- Several outputs, penalties, averages: dense and sparse ---------------------------------------


def sparse_problem(n, d, dtype, x_dtype=None, index=np.int32, seed=0):
    """Rows with few entries, some with none; every other row in no order."""
    X, y = problem(n, d, dtype, x_dtype, seed)
    X[np.random.default_rng(seed).uniform(size=X.shape) < 0.8] = 0
    X[3:4] = 0
    rows = sparse.csr_array(X)
    rows.indices, rows.indptr = rows.indices.astype(index), rows.indptr.astype(index)
    for start, end in list(zip(rows.indptr, rows.indptr[1:], strict=False))[::2]:
        rows.indices[start:end] = rows.indices[start:end][::-1]
        rows.data[start:end] = rows.data[start:end][::-1]
    rows.has_sorted_indices = False
    return rows, y


@pytest.fixture(params=[problem, sparse_problem], ids=["dense", "sparse"])
def make(request):
    return request.param


def classes_of(y, outputs):
    return np.random.default_rng(0).integers(0, outputs, len(y)).astype(y.dtype)


@pytest.mark.parametrize("d", [1, 5, 21, 403])
@pytest.mark.parametrize("batch_size", [1, 7, 53])
def test_sparse_sgd_is_the_loop(d, batch_size, isa, dtype):
    check(*sparse_problem(53, d, dtype), "sgd", "log_loss", batch_size)


@pytest.mark.parametrize("batch_size", [1, 10])
@pytest.mark.parametrize("loss", ["log_loss", "multinomial", "squared_hinge"])
@pytest.mark.parametrize("outputs", [2, 3, 4, 5, 10, 16, 20, 35])
def test_classes_are_learnt_side_by_side(make, outputs, loss, batch_size, isa, dtype):
    X, y = make(53, 21, dtype)
    y = classes_of(y, outputs)
    check(X, y, "sgd", loss, batch_size, outputs, classes=True, tolerance=1000)


@pytest.mark.parametrize("optimizer", _core.OPTIMIZERS)
@pytest.mark.parametrize("batch_size", [1, 10])
@pytest.mark.parametrize("outputs", [1, 3])
def test_every_rule_trains_any_rows_and_outputs(make, optimizer, batch_size, outputs, isa):
    X, y = make(53, 21, np.float64)
    if outputs > 1:
        y = classes_of(y, outputs)
    check(X, y, optimizer, "log_loss", batch_size, outputs, classes=outputs > 1, tolerance=10**5)


@pytest.mark.parametrize("batch_size", [1, 10])
def test_outputs_have_targets_of_their_own(make, batch_size, isa, dtype):
    X, _ = make(53, 21, dtype)
    y = np.random.default_rng(0).normal(size=(53, 3)).astype(dtype)
    check(X, y, "sgd", "huber", batch_size, outputs=3)


@pytest.mark.parametrize("optimizer", [name for name in _core.OPTIMIZERS if name != "sgd"])
@pytest.mark.parametrize("batch_size", [1, 10])
@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("l2", [0.0, 0.5])
def test_l1_takes_weights_to_0(make, optimizer, batch_size, outputs, l2, isa):
    X, y = make(53, 21, np.float64)
    if outputs > 1:
        y = classes_of(y, outputs)
    options = {"l1": 0.3, "l2": l2, "classes": outputs > 1, "tolerance": 10**6}
    model = check(X, y, optimizer, "log_loss", batch_size, outputs, **options)
    if optimizer == "sgd_l1":
        assert (model.w == 0).any()


@pytest.mark.parametrize("optimizer", ["sgd", "sgd_l1", "adam"])
@pytest.mark.parametrize("batch_size", [1, 10])
@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("before", [0, 3])
def test_average_is_of_the_weights_after_each_update(
    make, optimizer, batch_size, outputs, before, isa
):
    X, y = make(53, 21, np.float64)
    if outputs > 1:
        y = classes_of(y, outputs)
    l1 = 0.1 * (optimizer != "sgd")
    how = {"classes": outputs > 1, "average": True, "before_average": before, "l1": l1, "l2": 0.3}
    check(X, y, optimizer, "log_loss", batch_size, outputs, **how, tolerance=10**6)


@pytest.mark.parametrize("bounds", [(0, np.inf), (-0.1, 0.05), (0.2, 0.3)])
@pytest.mark.parametrize("batch_size", [1, 10])
@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("l1", [0.0, 0.1])
def test_weights_are_kept_within_their_bounds(make, bounds, batch_size, outputs, l1, isa):
    X, y = make(53, 21, np.float64)
    if outputs > 1:
        y = classes_of(y, outputs)
    how = {"classes": outputs > 1, "bounds": bounds, "l1": l1, "tolerance": 10**6}
    X_touched = np.unique(X.nonzero()[1])
    model = check_clipped(X, y, "sgd_l1" if l1 else "sgd", batch_size, outputs, bounds, how)
    assert (model.by_output(model.w)[:, X_touched] >= bounds[0] - 1e-12).all()


def check_clipped(X, y, optimizer, batch_size, outputs, bounds, how):
    """Start within the bounds, as an estimator does."""
    inside = np.clip(start((outputs, X.shape[1]))[0], *bounds), np.full(outputs, 0.1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(globals(), "start", lambda shape: inside)
        return check(X, y, optimizer, "log_loss", batch_size, outputs, **how)


@pytest.mark.parametrize("step", ["pa1", "pa2"])
@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("l1", [0.0, 0.01])
def test_passive_aggressive_steps(make, step, outputs, l1, isa, dtype):
    X, y = make(53, 21, dtype)
    if outputs > 1:
        y = classes_of(y, outputs)
    how = {"classes": outputs > 1, "step": step, "l1": l1, "tolerance": 1000}
    check(X, y, "sgd_l1" if l1 else "sgd", "hinge", 1, outputs, **how)


@pytest.mark.parametrize("d", [21, 500])
@pytest.mark.parametrize("batch_size", [1, 10])
@pytest.mark.parametrize("outputs", [1, 3])
def test_intercepts_may_be_pulled(make, d, batch_size, outputs, isa, dtype):
    X, y = make(53, d, dtype)
    if outputs > 1:
        y = classes_of(y, outputs)
    how = {"classes": outputs > 1, "intercept_pull": 0.25, "tolerance": 1000}
    check(X, y, "sgd", "hinge", batch_size, outputs, **how)


@pytest.mark.parametrize("batch_size", [1, 10])
def test_weights_of_classes_multiply_those_of_samples(make, batch_size, isa, dtype):
    X, y = make(53, 21, dtype)
    how = {
        "classes": True,
        "positive_weight": np.array([0.5, 1, 2], dtype),
        "sample_weight": np.random.default_rng(0).uniform(0, 2, 53).astype(dtype),
    }
    check(X, classes_of(y, 3), "sgd", "log_loss", batch_size, 3, **how, tolerance=1000)


@pytest.mark.parametrize("batch_size", [1, 10])
@pytest.mark.parametrize("outputs", [1, 3])
def test_a_step_of_touched_weights_is_exact_where_others_stay(batch_size, outputs, isa, dtype):
    X, y = sparse_problem(53, 21, dtype)
    if outputs > 1:
        y = classes_of(y, outputs)
    how = {"classes": outputs > 1, "touched_only": True, "l2": 0.0, "tolerance": 1000}
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(HYPER, "decay", 0.0)
        check(X, y, "adagrad", "log_loss", batch_size, outputs, **how)


def test_a_step_of_touched_weights_leaves_the_others(isa, dtype):
    X, y = sparse_problem(1, 21, dtype)
    model = Model(X, y, "adam", touched_only=True)
    model.training.run(hypers("adam", 1)[0])
    model.training.settle()
    changed = model.w != start((1, 21))[0][0].astype(dtype)
    np.testing.assert_array_equal(np.flatnonzero(changed), np.sort(X.indices))


@pytest.mark.parametrize("x_dtype", ["f4", "f8", "u1", "i1", "?"])
@pytest.mark.parametrize("index", [np.int32, np.int64])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_every_dtype_of_sparse_x_is_read_as_its_numbers(x_dtype, index, optimizer, isa, dtype):
    X, y = sparse_problem(40, 21, dtype, x_dtype, index)
    rows, _ = hypers(optimizer, 4)
    results = []
    for x in (X, X.astype(dtype)):
        model = Model(x, y, optimizer, batch_size=10)
        model.training.run(rows)
        model.training.settle()
        results.append(model.bytes())
    assert results[0] == results[1]


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("outputs", [1, 3])
def test_entries_of_one_place_add_up(optimizer, outputs, isa):
    X, y = sparse_problem(40, 21, np.float64)
    y = classes_of(y, outputs) if outputs > 1 else y
    twice = sparse.csr_array(
        (np.repeat(X.data / 2, 2), np.repeat(X.indices, 2), X.indptr * 2), X.shape
    )
    for batch_size in (1, 10):
        for touched_only in (False, True):
            results = []
            for x in (X, twice):
                how = {"classes": outputs > 1, "touched_only": touched_only}
                model = Model(x, y, optimizer, outputs=outputs, batch_size=batch_size, **how)
                model.training.run(hypers(optimizer, -(-40 // batch_size))[0])
                model.training.settle()
                results.append(model.w)
            np.testing.assert_allclose(*results, rtol=1e-9)


@pytest.mark.parametrize("how", [{}, {"average": True}, {"touched_only": True}])
@pytest.mark.parametrize("optimizer", ["sgd", "sgd_l1", "adagrad"])
@pytest.mark.parametrize("outputs", [1, 3])
def test_parts_of_a_sparse_epoch_are_one_epoch(how, optimizer, outputs, isa, dtype):
    X, y = sparse_problem(40, 21, dtype)
    y = classes_of(y, outputs) if outputs > 1 else y
    rows, _ = hypers(optimizer, 40, l1=0.1 * (optimizer == "sgd_l1"))
    results = set()
    for cuts in ([0, 40], [0, 13, 20, 40]):
        model = Model(X, y, optimizer, outputs=outputs, classes=outputs > 1, **how)
        for start, stop in pairwise(cuts):
            model.training.run(rows[start:stop].copy(), None, start, stop)
        model.training.settle()
        results.add(model.bytes())
    assert len(results) == 1


@pytest.mark.parametrize(
    ("optimizer", "how"), [("sgd", {}), ("sgd_l1", {"l1": 1e-3}), ("sgd", {"average": True})]
)
@pytest.mark.parametrize("outputs", [1, 3])
def test_strong_shrinking_of_sparse_weights_keeps_its_precision(optimizer, how, outputs, isa):
    # s falls by 1/2 with each update, and is folded into what is measured by it again and again.
    X, y = sparse_problem(200, 9, np.float64)
    y = np.repeat(y[:, np.newaxis], outputs, axis=1) if outputs > 1 else y
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(HYPER, "decay", 0.5)
        check(X, y, optimizer, "squared_error", 1, outputs, **how, tolerance=10**6)


@pytest.mark.parametrize("column", [-1, 21, 2**31 - 1])
@pytest.mark.parametrize("index", [np.int32, np.int64])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("batch_size", [1, 10])
def test_a_column_that_x_has_not_is_told(column, index, optimizer, outputs, batch_size, isa):
    X, y = sparse_problem(40, 21, np.float64, index=index)
    y = classes_of(y, outputs) if outputs > 1 else y
    X.indices[X.indptr[29]] = column
    for touched_only in (False, True):
        how = {"classes": outputs > 1, "touched_only": touched_only, "batch_size": batch_size}
        model = Model(X, y, optimizer, outputs=outputs, **how)
        assert model.training.run(hypers(optimizer, -(-40 // batch_size))[0]) == 29


@pytest.mark.parametrize("batch_size", [1, 7])
@pytest.mark.parametrize("outputs", [1, 3, 20])
@pytest.mark.parametrize("optimizer", ["sgd", "sgd_l1", "adagrad"])
@pytest.mark.parametrize("how", [{}, {"average": True}, {"bounds": (0, 1)}, {"touched_only": True}])
def test_epochs_of_many_outputs_give_the_same_bytes_on_every_isa(
    make, batch_size, outputs, optimizer, how, dtype, on_every_isa
):
    X, y = make(60, 37, dtype)
    y = classes_of(y, outputs) if outputs > 1 else y
    rows, _ = hypers(optimizer, -(-60 // batch_size), l1=0.1 * (optimizer == "sgd_l1"))
    for loss in ("log_loss", "multinomial")[: 1 + (outputs > 1)]:

        def train(loss=loss):
            options = {"batch_size": batch_size, "classes": outputs > 1, **how}
            model = Model(X, y, optimizer, loss, outputs=outputs, **options)
            scores = []
            for epoch in range(3):
                model.training.run(rows, _core.permutation(60, 5, epoch))
                model.training.settle()
                scores += model.training.score()
            return model.bytes() + np.array(scores).tobytes()

        assert len(set(on_every_isa(train))) == 1


@pytest.mark.parametrize("d", [21, 500])
@pytest.mark.parametrize("batch_size", [1, 10])
@pytest.mark.parametrize("outputs", [1, 3])
def test_a_model_without_intercept_has_none_on_the_way_either(make, d, batch_size, outputs, isa):
    # With y turned around, so is every weight: an intercept in the dark would not be.
    X, y = make(40, d, np.float64)
    y = np.repeat(y[:, np.newaxis], outputs, axis=1) if outputs > 1 else y
    models = []
    for sign in (1, -1):
        model = Model(X, sign * y, intercept=False, outputs=outputs, batch_size=batch_size)
        model.w[...] *= sign
        model.training.run(np.array([[0.1, 0.01, 0, 0]]))
        model.training.settle()
        models.append(model.w)
    np.testing.assert_allclose(models[0], -models[1], rtol=1e-12)


def test_distance_is_that_of_euclid(dtype, on_every_isa):
    rng = np.random.default_rng(0)
    for n in [*range(20), 1001]:
        a, b = rng.normal(size=(2, n)).astype(dtype)
        results = on_every_isa(lambda a=a, b=b: _core.distance(a, b))
        assert len(set(results)) == 1
        assert results[0] == pytest.approx(np.linalg.norm(a.astype(float) - b), rel=1e-12)
    for bad in (np.nan, np.inf):
        assert not np.isfinite(_core.distance(np.ones(9, dtype), np.full(9, bad, dtype)))


@pytest.mark.parametrize("optimizer", ["momentum", "nesterov"])
@pytest.mark.parametrize("constant", [True, False])
def test_momentum_reaches_weights_whose_columns_come_seldom(optimizer, constant, monkeypatch):
    # Thousands of updates from one entry of a column to the next, over several blocks of them.
    n, d = 9000, 40
    rng = np.random.default_rng(0)
    columns = np.minimum(rng.geometric(0.3, n), d) - 1
    columns[[100, 5000, 8999]] = d - 1
    X = sparse.csr_array((rng.normal(size=n), columns, np.arange(n + 1)), shape=(n, d))
    y = rng.choice([-1.0, 1.0], n)
    if constant:
        row = {**HYPER, "l2": 0.01, "l1": 0.0, "lr": 0.05}
        rows = np.array([[row[name] for name in _core.OPTIMIZERS[optimizer][1]]])
        monkeypatch.setitem(globals(), "hypers", lambda *_: (rows, [row]))
    check(X, y, optimizer, "log_loss", 1, tolerance=10**5)
