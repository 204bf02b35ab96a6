"""Pictures: what is on the axes is what was given."""

import subprocess
import sys
from types import SimpleNamespace

import matplotlib
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from scipy import sparse

from fastopt import datasets, minimize, plot
from fastopt import schedules as lr
from fastopt.linear_model import SGDClassifier, SGDRegressor

matplotlib.use("Agg")
import matplotlib.pyplot as plt

X = np.random.default_rng(0).normal(size=(90, 4))
Y = (X[:, 0] > 0).astype(int)


def trained(**how):
    model = SGDClassifier("log_loss", max_iter=3, tol=None, random_state=0)
    return model.set_params(**how).fit(X[:60], Y[:60], eval_set=(X[60:], Y[60:]))


MODEL = trained()


@pytest.fixture(autouse=True)
def close_figures():
    yield
    for number in plt.get_fignums():
        plt.figure(number).canvas.draw()  # whatever was drawn can be shown
    plt.close("all")


def lines(ax):
    return {line.get_label(): line.get_xydata() for line in ax.lines}


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def column(name, model=MODEL):
    return [row[name] for row in model.history_]


# --- loss -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("history", [MODEL, MODEL.history_])
def test_the_losses_of_a_training_are_drawn_over_its_epochs(history):
    ax = plot.loss(history)
    drawn = lines(ax)
    assert np.array_equal(drawn["training"], np.transpose([[1, 2, 3], column("loss")]))
    validation = np.transpose([[1, 2, 3], column("validation_loss")])
    assert np.array_equal(drawn["validation"], validation)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "mean loss")
    assert legend(ax) == ["training", "validation"]


def test_several_trainings_have_a_colour_each_for_both_losses():
    ax = plot.loss({"a": MODEL, "b": trained(optimizer="adam").history_})
    assert list(lines(ax)) == ["a", "a, validation", "b", "b, validation"]
    first, first_too, second, second_too = (line.get_color() for line in ax.lines)
    assert first == first_too != second == second_too


def test_losses_may_be_drawn_over_samples_and_seconds():
    ax = plot.loss(MODEL, x="samples")
    assert lines(ax)["training"][:, 0].tolist() == [60, 120, 180]
    ax = plot.loss(MODEL, x="seconds")
    assert np.array_equal(lines(ax)["training"][:, 0], np.cumsum(column("seconds")))
    assert ax.get_xlabel() == "seconds of training"


def test_one_line_needs_no_legend_and_a_row_without_validation_no_point():
    assert plot.loss([{"loss": 0.5}]).get_legend() is None
    ax = plot.loss([{"loss": 0.5}, {"loss": 0.4, "validation_loss": 0.6}])
    assert lines(ax)["validation"].tolist() == [[2, 0.6]]


@pytest.mark.parametrize(
    ("losses", "scale"),
    [([1, 0.1], "log"), ([1, 0.2], "linear"), ([1, 0], "linear"), ([5, -5], "linear")],
)
def test_the_scale_is_logarithmic_where_losses_span_a_factor_of_10(losses, scale):
    assert plot.loss([{"loss": value} for value in losses]).get_yscale() == scale


def test_a_large_legend_is_beside_the_axes():
    rows = [{"loss": 0.5}]
    for n, inside in ((4, True), (5, False)):
        ax = plot.loss({f"{k}": rows for k in range(n)})
        ax.figure.canvas.draw()
        assert (ax.get_legend().get_window_extent().x0 < ax.bbox.x1) == inside


# --- schedules ------------------------------------------------------------------------------------


def test_schedules_are_drawn_over_their_updates():
    cosine = lr.cosine(0.1, steps=50)
    t = np.arange(1, 61)
    for given, label in (
        ({"mine": cosine}, "mine"),
        ([cosine], str(cosine)),
        (cosine, str(cosine)),
    ):
        ax = plot.schedules(given, 60)
        assert np.array_equal(lines(ax)[label], np.transpose([t, cosine(t)]))
        assert legend(ax) == [label]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("update t", "learning rate")


def test_numbers_and_functions_are_schedules_too():
    def mine(t):
        return 1 / t

    ax = plot.schedules([0.5, mine], 3)
    assert lines(ax)["0.5"][:, 1].tolist() == [0.5] * 3
    assert lines(ax)["mine"][:, 1].tolist() == [1, 1 / 2, 1 / 3]


def test_of_many_updates_some_are_drawn_from_the_first_to_the_last():
    t = lines(plot.schedules({"a": 0.1}, 10**6))["a"][:, 0]
    assert (t[0], t[-1]) == (1, 10**6)
    assert len(t) == 2000


def test_two_schedules_of_one_name_are_both_drawn():
    assert len(plot.schedules([0.1, 0.1], 5).lines) == 2


# --- path -----------------------------------------------------------------------------------------

BEALE = datasets.beale
RESULT = minimize(BEALE, BEALE.start, jac=BEALE.gradient, maxiter=5, trajectory=True)


@pytest.mark.parametrize("trajectory", [RESULT, RESULT.trajectory, RESULT.trajectory.tolist()])
def test_a_path_is_drawn_from_its_start_to_its_end(trajectory):
    ax = plot.path(trajectory, BEALE)
    way, start, end, _ = (line.get_xydata() for line in ax.lines)
    assert np.array_equal(way, RESULT.trajectory)
    assert np.array_equal(start, RESULT.trajectory[:1])
    assert np.array_equal(end, RESULT.trajectory[-1:])
    assert ax.get_legend() is None


def test_paths_by_label_are_in_the_legend_with_the_minima():
    ax = plot.path({"a": RESULT, "b": RESULT.trajectory + 0.1}, BEALE)
    assert legend(ax) == ["a", "b", "minimum"]
    assert np.array_equal(lines(ax)["b"], RESULT.trajectory + 0.1)
    assert np.array_equal(lines(ax)["minimum"], BEALE.minima)


def test_the_window_and_the_minima_are_those_of_the_function_unless_given():
    ax = plot.path(RESULT, BEALE)
    assert (ax.get_xlim(), ax.get_ylim()) == BEALE.window
    ax = plot.path({"": RESULT}, BEALE, window=((0, 2), (-1, 3)), minima=[[1, 1], [1, 2]])
    assert (ax.get_xlim(), ax.get_ylim()) == ((0, 2), (-1, 3))
    assert lines(ax)["minima"].tolist() == [[1, 1], [1, 2]]


def test_a_function_that_tells_nothing_is_drawn_around_the_points():
    points = np.array([[0, 5], [10, 5], [np.nan, 0]])
    ax = plot.path(points, lambda x: x @ x)
    assert ax.get_xlim() == (-1.5, 11.5)
    assert ax.get_ylim() == (4, 6)


def contours(ax):
    return ax.collections[0]


def test_contours_are_at_heights_that_grow_by_a_factor():
    ax = plot.path(RESULT, lambda x: x @ x - 7, window=((-1, 1), (-1, 1)), minima=[[0, 0]])
    levels = contours(ax).levels
    assert levels[-1] == pytest.approx(2)
    np.testing.assert_allclose(levels[1:] / levels[:-1], levels[1] / levels[0])
    ring = contours(ax).get_paths()[10].vertices
    np.testing.assert_allclose((ring**2).sum(axis=1), levels[10], rtol=0.05)


def test_heights_are_above_a_known_minimum_that_lies_between_the_points_of_the_grid():
    def fun(x):
        return -8.0 if x[0] == 1 / 7 else 1 + x @ x

    ax = plot.path(RESULT, fun, window=((-1, 1), (-1, 1)), minima=[[1 / 7, 0]])
    assert contours(ax).levels[-1] == pytest.approx(3 + 8)


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf])
def test_a_function_without_heights_has_no_contours(value):
    assert not plot.path(RESULT, lambda x: value, window=((0, 1), (0, 1))).collections


def test_where_a_function_is_not_finite_there_are_no_contours():
    def fun(x):
        return np.inf if x[0] < 0 else x @ x

    ax = plot.path(RESULT, fun, window=((-1, 1), (-1, 1)))
    assert all((p.vertices[:, 0] >= 0).all() for p in contours(ax).get_paths())


# --- coefficients ---------------------------------------------------------------------------------


def bars(ax):
    names = [text.get_text() for text in ax.get_yticklabels()]
    return list(zip(names, [bar.get_width() for bar in ax.patches], strict=True))


def test_the_largest_coefficients_are_bars_the_largest_first():
    w = MODEL.coef_[0]
    order = np.argsort(-np.abs(w))
    ax = plot.coefficients(MODEL, ["a", "b", "c", "d"], top=3)
    assert bars(ax) == [("abcd"[i], w[i]) for i in order[:3]]
    assert ax.yaxis_inverted()
    assert ax.get_title() == "class 1"


def test_bars_to_either_side_have_a_colour_each():
    ax = plot.coefficients(SimpleNamespace(coef_=np.array([0.3, -0.2, 0.1])))
    first, second, third = (bar.get_facecolor() for bar in ax.patches)
    assert first == third != second


def test_features_are_named_as_the_model_was_fitted_with_them():
    assert {name for name, _ in bars(plot.coefficients(MODEL))} == {"x0", "x1", "x2", "x3"}
    import pandas as pd

    model = SGDRegressor(random_state=0).fit(pd.DataFrame(X, columns=list("pqrs")), X[:, 0])
    ax = plot.coefficients(model)
    assert {name for name, _ in bars(ax)} == set("pqrs")
    assert ax.get_title() == ""


def several():
    y = np.digitize(X[:, 0], [-0.5, 0.5])
    return SGDClassifier("multinomial", random_state=0, tol=None, max_iter=3).fit(X, y)


def test_each_output_has_axes_of_its_own():
    model = several()
    panels = plot.coefficients(model)
    assert panels.shape == (3,)
    assert [panel.get_title() for panel in panels] == ["class 0", "class 1", "class 2"]
    for panel, w in zip(panels, model.coef_, strict=True):
        assert [width for _, width in bars(panel)] == sorted(w, key=lambda x: -abs(x))
    targets = SGDRegressor(random_state=0).fit(X, X[:, :2])
    assert [ax.get_title() for ax in plot.coefficients(targets)] == ["output 0", "output 1"]


def test_coefficients_of_pixels_are_images_on_one_scale_around_0():
    model = several()
    panels = plot.coefficients(model, image_shape=(2, 2))
    limit = np.abs(model.coef_).max()
    for panel, w in zip(panels, model.coef_, strict=True):
        (image,) = panel.images
        assert np.array_equal(image.get_array(), w.reshape(2, 2))
        assert image.get_clim() == (-limit, limit)
    others = [ax for ax in panels[0].figure.axes if ax not in panels]
    assert [ax.get_ylabel() for ax in others] == ["coefficient"]
    assert isinstance(others[0].collections[-1], QuadMesh)


def test_sparse_coefficients_are_drawn_alike():
    model = trained()
    dense = bars(plot.coefficients(model))
    assert sparse.issparse(model.sparsify().coef_)
    assert bars(plot.coefficients(model)) == dense


# --- Axes and errors ------------------------------------------------------------------------------

DRAWINGS = {
    "loss": lambda **ax: plot.loss(MODEL, **ax),
    "schedules": lambda **ax: plot.schedules(0.1, 5, **ax),
    "path": lambda **ax: plot.path(RESULT, BEALE, **ax),
    "coefficients": lambda **ax: plot.coefficients(MODEL, **ax),
    "image": lambda **ax: plot.coefficients(MODEL, image_shape=(2, 2), **ax),
}


@pytest.mark.parametrize("draw", DRAWINGS.values(), ids=DRAWINGS)
def test_each_draws_on_the_axes_it_is_given_or_in_a_new_figure(draw):
    _, ax = plt.subplots()
    assert draw(ax=ax) is ax
    assert ax.has_data()
    other = draw()
    assert isinstance(other, Axes)
    assert other.figure is not ax.figure


def test_several_outputs_are_drawn_on_several_axes():
    _, axes = plt.subplots(3)
    assert list(plot.coefficients(several(), ax=axes)) == list(axes)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: plot.loss(SGDRegressor()), TypeError, "history must be a fitted estimator"),
        (lambda: plot.loss({"a": 3}), TypeError, r"history\['a'\] must be a fitted estimator"),
        (lambda: plot.loss([]), ValueError, "history has no epoch"),
        (lambda: plot.loss({}), ValueError, "history must hold at least one training"),
        (lambda: plot.loss(MODEL, x="hours"), ValueError, "x must be one of"),
        (lambda: plot.loss(MODEL, ax=3), TypeError, "ax must be Axes, got 3"),
        (lambda: plot.schedules(0.1, 0), ValueError, "steps must be a positive integer"),
        (
            lambda: plot.schedules(["fast"], 5),
            TypeError,
            r"schedules\['fast'\] must be a number or",
        ),
        (lambda: plot.schedules([], 5), ValueError, "schedules must hold at least one schedule"),
        (lambda: plot.schedules(None, 5), TypeError, "schedules must be a sequence"),
        (
            lambda: plot.path(np.zeros((4, 3)), BEALE),
            ValueError,
            r"trajectory must be of shape \(n",
        ),
        (lambda: plot.path({"a": np.zeros(4)}, BEALE), ValueError, r"trajectory\['a'\] must be of"),
        (lambda: plot.path(np.zeros((0, 2)), BEALE), ValueError, "trajectory must be of shape"),
        (
            lambda: plot.path(minimize(BEALE, [1, 1], maxiter=1), BEALE),
            ValueError,
            r"trajectory has no points: minimize\(..., trajectory=True\) keeps them",
        ),
        (lambda: plot.path(RESULT, 3), TypeError, "fun must be callable"),
        (lambda: plot.path(RESULT, datasets.rosenbrock(3)), ValueError, "minima must be of shape"),
        (lambda: plot.path(RESULT, BEALE, window=(0, 1)), TypeError, "window must be a sequence"),
        (lambda: plot.path(RESULT, BEALE, window=((0, 1), (1, 1))), ValueError, "window must be"),
        (lambda: plot.path([[np.nan] * 2], max), ValueError, "trajectory has no finite point"),
        (lambda: plot.coefficients(SGDRegressor()), TypeError, "model must be fitted and linear"),
        (lambda: plot.coefficients(MODEL, ["a"]), ValueError, "feature_names must hold 4 names"),
        (lambda: plot.coefficients(MODEL, top=0), ValueError, "top must be a positive integer"),
        (lambda: plot.coefficients(MODEL, image_shape=(2, 3)), ValueError, "image_shape"),
        (lambda: plot.coefficients(several(), ax=plt.gca()), ValueError, "ax must be 3 axes"),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_without_matplotlib_the_error_says_what_to_install():
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "try:\n from fastopt import plot\nexcept ImportError as error: print(error)"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert printed.stdout == "fastopt.plot needs matplotlib: pip install 'fastopt[plot]'\n"
