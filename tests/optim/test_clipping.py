"""Clipping: torch's numbers, in place, and errors that change nothing."""

import inspect
import math

import numpy as np
import pytest

from fastopt import optim

SHAPES = [(3, 4), (), (0,), (50,)]


def gradients(dtypes=(np.float64,) * 4, scale=1.0):
    """Gradients of several shapes, from integers alone."""
    sizes = [int(np.prod(shape)) for shape in SHAPES]
    return [
        np.asarray(((np.arange(n) * 7 + 3) % 17 - 8).reshape(shape) * scale / 16, dtype)
        for n, shape, dtype in zip(sizes, SHAPES, dtypes, strict=True)
    ]


MIXED = (np.float32, np.float64, np.float32, np.float64)
DTYPES = {"float32": (np.float32,) * 4, "float64": (np.float64,) * 4, "mixed": MIXED}


def by_torch(name, grads, *args, **options):
    """What torch makes of the gradients, and what it returns; it has no norm of an empty one."""
    torch = pytest.importorskip("torch")
    parameters = [torch.nn.Parameter(torch.zeros(g.shape, dtype=torch.float64)) for g in grads]
    for parameter, g in zip(parameters, grads, strict=True):
        if g.size:
            parameter.grad = torch.from_numpy(g.astype(np.float64))
    returned = getattr(torch.nn.utils, name)(parameters, *args, **options)
    clipped = [p.detach() if p.grad is None else p.grad for p in parameters]
    return [tensor.numpy() for tensor in clipped], returned


def assert_same(grads, expected):
    for g, e in zip(grads, expected, strict=True):
        tolerance = 1e-14 if g.dtype == np.float64 else 1e-7
        np.testing.assert_allclose(g, e, rtol=tolerance)


@pytest.mark.parametrize("dtypes", DTYPES.values(), ids=DTYPES)
@pytest.mark.parametrize("norm_type", [2, math.inf])
@pytest.mark.parametrize("max_norm", [0, 0.25, 1.0, 2.25, 100, math.inf])
def test_norms_are_clipped_as_torch_s(max_norm, norm_type, dtypes):
    grads = gradients(dtypes)
    expected, norm = by_torch("clip_grad_norm_", grads, max_norm, norm_type)
    assert optim.clip_grad_norm_(grads, max_norm, norm_type) == pytest.approx(
        float(norm), rel=1e-15
    )
    assert_same(grads, expected)


@pytest.mark.parametrize("dtypes", DTYPES.values(), ids=DTYPES)
@pytest.mark.parametrize("clip_value", [0, 0.1, 0.25, 10, 1e300, math.inf])
def test_values_are_clipped_as_torch_s(clip_value, dtypes):
    grads = gradients(dtypes)
    grads[0][1, 2:] = np.nan, np.inf
    expected, _ = by_torch("clip_grad_value_", grads, clip_value)
    optim.clip_grad_value_(grads, clip_value)
    for g, e in zip(grads, expected, strict=True):
        with np.errstate(over="ignore"):
            np.testing.assert_array_equal(g, e.astype(g.dtype))


#: By torch 2.13.0, of `gradients()` in float64: the norm, and what becomes of the last number.
STORED = {
    (2, 0.25): (2.4222277968845125, -0.012901341128548205),
    (2, 100): (2.4222277968845125, -0.125),
    (math.inf, 0.25): (0.5, -0.06249987500025),
}


@pytest.mark.parametrize(("norm_type", "max_norm"), STORED)
def test_norms_are_the_stored_figures_of_torch(norm_type, max_norm):
    grads = gradients()
    norm, last = STORED[norm_type, max_norm]
    assert optim.clip_grad_norm_(grads, max_norm, norm_type) == pytest.approx(norm, rel=1e-14)
    assert grads[-1][-1] == pytest.approx(last, rel=1e-14)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("norm_type", [2, math.inf])
@pytest.mark.parametrize("max_norm", [1.0, math.inf])
def test_what_is_not_finite_spoils_the_rest_as_torch_has_it(max_norm, norm_type, bad):
    grads = gradients()
    grads[0][0, 1] = bad
    expected, norm = by_torch("clip_grad_norm_", grads, max_norm, norm_type)
    np.testing.assert_equal(optim.clip_grad_norm_(grads, max_norm, norm_type), float(norm))
    assert_same(grads, expected)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("norm_type", [2, math.inf])
def test_a_norm_that_is_not_finite_may_be_an_error(norm_type, bad):
    grads = gradients()
    grads[-1][3] = bad
    before = [g.tobytes() for g in grads]
    with pytest.raises(RuntimeError, match=f"the norm of grads must be finite .* got {bad}"):
        optim.clip_grad_norm_(grads, 1.0, norm_type, error_if_nonfinite=True)
    assert [g.tobytes() for g in grads] == before


def test_parameters_are_torch_s():
    utils = pytest.importorskip("torch").nn.utils
    for name in ("clip_grad_norm_", "clip_grad_value_"):
        theirs = list(inspect.signature(getattr(utils, name)).parameters.values())[1:-1]
        ours = list(inspect.signature(getattr(optim, name)).parameters.values())[1:]
        assert [(p.name, p.default) for p in ours] == [(p.name, p.default) for p in theirs]


def test_a_norm_is_that_of_exact_sums_where_torch_s_overflows():
    g = np.full(4, 1e20, np.float32)
    assert optim.clip_grad_norm_(g, 1.0) == pytest.approx(2e20, rel=1e-6)
    np.testing.assert_allclose(g, 0.5, rtol=1e-6)


@pytest.mark.parametrize("norm_type", [2, math.inf])
def test_every_isa_clips_to_the_same_bytes(norm_type, on_every_isa):
    def clipped():
        grads = gradients(MIXED, scale=1.1)
        norm = optim.clip_grad_norm_(grads, 0.3, norm_type)
        return norm, *(g.tobytes() for g in grads)

    assert len(set(on_every_isa(clipped))) == 1


def test_one_array_stands_for_a_list_of_one():
    g = np.array([3.0, 4.0])
    assert optim.clip_grad_norm_(g, 5.0 * (1 - 2e-7)) == 5
    assert optim.clip_grad_norm_(np.zeros((0, 3)), 1.0, math.inf) == 0
    optim.clip_grad_value_(g, 3.5)
    assert g[1] == 3.5


def read_only():
    g = np.ones(3)
    g.flags.writeable = False
    return g


ONES = np.ones(6)


@pytest.mark.parametrize(
    ("grads", "error", "message"),
    [
        (None, TypeError, "grads must be an array or a list of arrays, got NoneType"),
        ([None], TypeError, r"grads\[1\] must be a NumPy array, got NoneType"),
        ([np.ones(3, int)], TypeError, r"grads\[1\] must be float32 or float64, got int64"),
        ([np.ones((3, 4)).T], ValueError, r"grads\[1\] must be C-contiguous"),
        ([read_only()], ValueError, r"grads\[1\] is read-only"),
        ([ONES, ONES[3:]], ValueError, r"grads\[1\] and grads\[2\] share memory"),
    ],
)
def test_grads_that_cannot_be_clipped_are_named(grads, error, message):
    first = np.full(3, 7.0)
    grads = grads if grads is None else [first, *grads]
    for clip in (optim.clip_grad_value_, optim.clip_grad_norm_):
        with pytest.raises(error, match=message):
            clip(grads, 1.0)
    assert first.tolist() == [7] * 3


@pytest.mark.parametrize("value", [-1, math.nan, "1", None, True])
def test_bounds_that_are_wrong_are_named(value):
    g = np.full(3, 7.0)
    with pytest.raises((TypeError, ValueError), match=r"^clip_value must be a nonnegative number"):
        optim.clip_grad_value_(g, value)
    with pytest.raises((TypeError, ValueError), match=r"^max_norm must be a nonnegative number"):
        optim.clip_grad_norm_(g, value)
    assert g.tolist() == [7] * 3


def test_other_options_that_are_wrong_are_named():
    g = np.full(3, 7.0)
    for norm_type in (1, 0, -math.inf, "two", None, math.nan):
        with pytest.raises(ValueError, match=r"norm_type must be 2 or math\.inf, got"):
            optim.clip_grad_norm_(g, 1.0, norm_type)
    with pytest.raises(TypeError, match="error_if_nonfinite must be True or False, got 'no'"):
        optim.clip_grad_norm_(g, 1.0, error_if_nonfinite="no")
    assert g.tolist() == [7] * 3
