"""Pictures of trainings: losses, schedules, paths and coefficients.

Each function draws on the axes it is given, or in a new figure, and returns the axes, for whatever
is to be added or changed. matplotlib is an extra: ``pip install 'fastopt[plot]'``.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import cycle
from numbers import Real
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.optimize import OptimizeResult

from fastopt._arguments import count, items, one_of
from fastopt.schedules import as_schedule, rates_of
from fastopt.schedules.base import Schedule

try:
    import matplotlib.pyplot as plt
    from matplotlib.axes import Axes
    from matplotlib.ticker import MaxNLocator
except ImportError as error:
    raise ImportError("fastopt.plot needs matplotlib: pip install 'fastopt[plot]'") from error

__all__ = ["coefficients", "loss", "path", "schedules"]

Array = npt.NDArray[Any]
Window = tuple[tuple[float, float], tuple[float, float]]

# Those of Okabe & Ito 2008, "Color universal design", that are dark enough for lines on white.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
UP, DOWN = COLORS[:2]  # of coefficients above and below 0
MOST_INSIDE, LONGEST_INSIDE = 4, 24  # entries, and letters, of a legend among the lines
MOST_DOTTED = 60  # points of a line that are marked
ALONG = 2000  # points of a schedule that are drawn
SIDE = 121  # points of each side of a window at which a function is taken
LEVELS = 20  # contours
DEEPEST = 1e-5  # the lowest contour, as a part of the height of the highest


def loss(
    history: Any, x: Literal["epoch", "samples", "seconds"] = "epoch", *, ax: Axes | None = None
) -> Axes:
    """Draw the mean loss of each epoch of one or several trainings; dashed, on validation data.

    The scale is logarithmic where the losses are above 0 and span a factor of 10.

    Parameters
    ----------
    history : fitted estimator, its ``history_``, or dict of either by label
    x : {"epoch", "samples", "seconds"}
        What it is drawn over: the number of the epoch, or the samples that were trained on or the
        seconds of training until its end.
    ax : Axes or None
        Where to draw; None for a new figure.

    Returns
    -------
    Axes

    Raises
    ------
    TypeError, ValueError
        If something is no history, or an empty one.
    """
    one_of(*_ALONG)("x", x)
    several = isinstance(history, Mapping)
    histories = history if several else {"": history}
    if not histories:
        raise ValueError("history must hold at least one training")
    runs = {label: _rows(f"history[{label!r}]" if several else "history", value)
            for label, value in histories.items()}  # fmt: skip
    ax = _axes(ax)
    values = []
    for color, (label, rows) in zip(cycle(COLORS), runs.items(), strict=False):
        along = _ALONG[x](rows)
        for column, style, what in (
            ("loss", "-", "training"),
            ("validation_loss", "--", "validation"),
        ):
            points = [(a, row[column]) for a, row in zip(along, rows, strict=True) if column in row]
            if not points:
                continue
            if not several:
                name = what
            else:
                name = f"{label}, validation" if column == "validation_loss" else str(label)
            ax.plot(*np.transpose(points), style, color=color, label=name, **_dots(points))
            values += [value for _, value in points]
    ax.set(xlabel=_LABELS[x], ylabel="mean loss")
    if x == "epoch":
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    if 0 < 10 * min(values) <= max(values):
        ax.set_yscale("log")
    return _finish(ax, legend=len(ax.lines) > 1)


def _epochs(rows: list[Any]) -> Array:
    return np.arange(1, len(rows) + 1)


def _samples(rows: list[Any]) -> Array:
    return np.cumsum([round(row["seconds"] * row["samples_per_second"]) for row in rows])


def _seconds(rows: list[Any]) -> Array:
    return np.cumsum([row["seconds"] for row in rows])


_ALONG = {"epoch": _epochs, "samples": _samples, "seconds": _seconds}
_LABELS = {"epoch": "epoch", "samples": "samples trained on", "seconds": "seconds of training"}


def _rows(name: str, value: Any) -> list[Any]:
    rows = getattr(value, "history_", value)
    if not isinstance(rows, Sequence) or not all(isinstance(row, Mapping) for row in rows):
        raise TypeError(f"{name} must be a fitted estimator or its history_, got {value!r}")
    if not rows:
        raise ValueError(f"{name} has no epoch")
    return list(rows)


def schedules(schedules: Any, steps: int, *, ax: Axes | None = None) -> Axes:
    """Draw learning rates over the updates t = 1 ... steps.

    Parameters
    ----------
    schedules : schedule, sequence of schedule, or dict of schedule by label
        Numbers, or functions lr(t) of an array of integers. Without labels they are named as they
        print.
    steps : int
        Updates.
    ax : Axes or None
        Where to draw; None for a new figure.

    Returns
    -------
    Axes

    Raises
    ------
    TypeError, ValueError
        If something is no schedule, or has no rate at some t.
    """
    steps = count("steps", steps)
    if callable(schedules) or isinstance(schedules, Real):
        schedules = [schedules]
    named = schedules.items() if isinstance(schedules, Mapping) else _named(schedules)
    if not named:
        raise ValueError("schedules must hold at least one schedule")
    checked = [(label, as_schedule(f"schedules[{label!r}]", lr)) for label, lr in named]
    t = np.unique(np.linspace(1, steps, min(steps, ALONG)).round().astype(np.int64))
    rates = [(label, rates_of(lr, t)) for label, lr in checked]
    ax = _axes(ax)
    for color, (label, values) in zip(cycle(COLORS), rates, strict=False):
        ax.plot(t, values, color=color, label=str(label), **_dots(t))
    ax.set(xlabel="update t", ylabel="learning rate")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    return _finish(ax)


def _named(schedules: Any) -> list[tuple[str, Schedule]]:
    return [(getattr(s, "__name__", str(s)), s) for s in items("schedules", schedules)]


def path(
    trajectory: Any,
    fun: Callable[[Array], Any],
    *,
    window: Window | None = None,
    minima: Any = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the ways that some minimizations took, over the contours of a function of two variables.

    Contours are closer the deeper they lie, as many for each factor of 10 of the height above the
    lowest. A circle marks where a way starts, a dot of its colour where it ends.

    Parameters
    ----------
    trajectory : ndarray of shape (n_points, 2), OptimizeResult, or dict of either by label
        The points, as ``minimize(..., trajectory=True)`` returns them.
    fun : callable
        ``fun(x)`` is the value at x, of shape (2,).
    window : ((float, float), (float, float)) or None
        What to show of x[0] and of x[1]. None for the window of fun if it is of ``datasets``, or
        for one around the points.
    minima : array_like of shape (n_minima, 2) or None
        Marked by stars; None for the minima of fun if it is of ``datasets``.
    ax : Axes or None
        Where to draw; None for a new figure.

    Returns
    -------
    Axes

    Raises
    ------
    TypeError, ValueError
        Naming the argument that is wrong.
    """
    several = isinstance(trajectory, Mapping) and not isinstance(trajectory, OptimizeResult)
    paths = [
        (str(label), _points(f"trajectory[{label!r}]" if several else "trajectory", points))
        for label, points in (trajectory.items() if several else [("", trajectory)])
    ]
    if not callable(fun):
        raise TypeError(f"fun must be callable, got {fun!r}")
    if minima is None:
        minima = getattr(fun, "minima", None)
    minima = np.empty((0, 2)) if minima is None else _points("minima", minima)
    if window is None:
        window = getattr(fun, "window", None) or _around([p for _, p in paths])
    xs, ys = (np.linspace(low, high, SIDE) for low, high in _checked_window(window))

    ax = _axes(ax)
    _contours(ax, fun, xs, ys, [float(fun(x)) for x in minima])
    for color, (label, points) in zip(cycle(COLORS), paths, strict=False):
        ax.plot(*points.T, color=color, label=label, lw=1.3, **_dots(points))
        ax.plot(*points[0], "o", color=color, mfc="white", ms=7, zorder=3)
        ax.plot(*points[-1], "o", color=color, mec="white", ms=8, zorder=4)
    name = "minimum" if len(minima) == 1 else "minima"
    if len(minima):
        ax.plot(*minima.T, "*", color="black", mec="white", ms=13, ls="", zorder=5, label=name)
    ax.set(xlabel="x[0]", ylabel="x[1]", xlim=xs[[0, -1]], ylim=ys[[0, -1]])
    return _finish(ax, legend=several, grid=False)


def _points(name: str, value: Any) -> Array:
    if isinstance(value, OptimizeResult) and "trajectory" not in value:
        raise ValueError(f"{name} has no points: minimize(..., trajectory=True) keeps them")
    points = np.asarray(getattr(value, "trajectory", value), np.float64)
    if points.ndim != 2 or points.shape[1] != 2 or not len(points):
        raise ValueError(f"{name} must be of shape (n, 2), got {points.shape}")
    return points


def _around(arrays: Sequence[Array]) -> Window:
    """Return a window with a margin around all points that are finite."""
    points = np.concatenate(arrays)
    points = points[np.isfinite(points).all(axis=1)]
    if not len(points):
        raise ValueError("trajectory has no finite point")
    low, high = points.min(axis=0), points.max(axis=0)
    margin = np.where(low < high, 0.15 * (high - low), 1.0)
    (left, bottom), (right, top) = (low - margin).tolist(), (high + margin).tolist()
    return (left, right), (bottom, top)


def _checked_window(window: Any) -> Window:
    sides = tuple(tuple(map(float, items("window", side))) for side in items("window", window))
    if len(sides) != 2 or any(len(s) != 2 or not -math.inf < s[0] < s[1] < math.inf for s in sides):
        raise ValueError(f"window must be ((low, high), (low, high)), got {window!r}")
    return sides  # type: ignore[return-value]


def _contours(
    ax: Axes, fun: Callable[[Array], Any], xs: Array, ys: Array, known: list[float]
) -> None:
    """Draw levels at heights above the lowest that grow by a factor."""
    with np.errstate(all="ignore"):  # of overflows in the corners
        values = np.array([[float(fun(np.array([x, y]))) for x in xs] for y in ys])
    finite = values[np.isfinite(values)]
    lowest = min([*known, *finite[:1], finite.min(initial=math.inf)])
    height = finite.max(initial=-math.inf) - lowest
    if 0 < height < math.inf:
        shown = np.ma.masked_invalid(values - lowest)
        least = max(DEEPEST * height, float(shown[shown > 0].min()))
        levels = np.geomspace(least, height, LEVELS)
        ax.contour(xs, ys, shown, levels, colors="0.75", linewidths=0.8, zorder=1)


def coefficients(
    model: Any,
    feature_names: Any = None,
    *,
    top: int = 20,
    image_shape: tuple[int, int] | None = None,
    ax: Any = None,
) -> Any:
    """Draw the coefficients of a fitted linear model: the largest as bars, or all as an image.

    Parameters
    ----------
    model : fitted estimator
        With ``coef_``, an array or CSR, of this library or of scikit-learn.
    feature_names : sequence of str or None
        None for those the model was fitted with, or else x0, x1, ...
    top : int
        How many bars, of the coefficients largest in size.
    image_shape : (int, int) or None
        The shape of the images whose pixels the features are, rows first. Images share one scale.
    ax : Axes, sequence of Axes, or None
        Where to draw: one for each output. None for a new figure.

    Returns
    -------
    Axes, or ndarray of Axes
        An array, of shape (n_outputs,), if the model has several outputs.

    Raises
    ------
    TypeError, ValueError
        If the model is not fitted, or an argument does not fit it.
    """
    if not hasattr(model, "coef_"):
        raise TypeError(f"model must be fitted and linear: {model!r} has no coef_")
    coef = model.coef_.toarray() if sparse.issparse(model.coef_) else np.asarray(model.coef_)
    coef = np.atleast_2d(coef)
    n_outputs, n_features = coef.shape
    if feature_names is None:
        feature_names = getattr(model, "feature_names_in_", [f"x{i}" for i in range(n_features)])
    names = [str(name) for name in items("feature_names", feature_names)]
    if len(names) != n_features:
        raise ValueError(f"feature_names must hold {n_features} names, got {len(names)}")
    top = count("top", top)
    if image_shape is not None and math.prod(items("image_shape", image_shape)) != n_features:
        raise ValueError(f"image_shape {image_shape} is not of {n_features} features")

    panels = _panels(ax, n_outputs, images=image_shape is not None)
    for panel, w, title in zip(panels, coef, _outputs(model, n_outputs), strict=True):
        if image_shape is None:
            _bars(panel, w, names, top)
        else:
            limit = float(np.abs(coef).max()) or 1.0
            image = panel.imshow(w.reshape(image_shape), cmap="RdBu_r", vmin=-limit, vmax=limit)
            panel.set(xticks=[], yticks=[])
        panel.set_title(title)
    if image_shape is not None:
        panels[0].figure.colorbar(image, ax=list(panels), label="coefficient")
    return panels if n_outputs > 1 else panels[0]


def _bars(ax: Axes, w: Array, names: list[str], top: int) -> None:
    largest = np.argsort(-np.abs(w), kind="stable")[:top]
    ax.barh(range(len(largest)), w[largest], color=[UP if w[i] > 0 else DOWN for i in largest])
    ax.axvline(0, color="black", lw=0.8)
    ax.set_yticks(range(len(largest)), [names[i] for i in largest])
    ax.invert_yaxis()
    ax.set_xlabel("coefficient")
    ax.margins(y=0.02)
    ax.grid(axis="x", alpha=0.3)
    ax.set_axisbelow(True)


def _outputs(model: Any, n_outputs: int) -> list[str]:
    classes = getattr(model, "classes_", None)
    if classes is None:
        return [f"output {k}" for k in range(n_outputs)] if n_outputs > 1 else [""]
    return [f"class {c}" for c in (classes if n_outputs > 1 else classes[-1:])]


def _panels(ax: Any, n: int, *, images: bool) -> Array:
    """Return n axes, those given or new ones."""
    if ax is not None:
        panels = np.atleast_1d(np.asarray(ax, object)).ravel()
        if len(panels) != n:
            raise ValueError(f"ax must be {n} axes, one for each output, got {len(panels)}")
        return panels
    columns = min(n, 5 if images else 3)
    rows = -(-n // columns)
    size = None
    if n > 1:
        size = (1.7 * columns + 1, 1.9 * rows) if images else (4 * columns, 4 * rows)
    _, grid = plt.subplots(rows, columns, figsize=size, layout="constrained", squeeze=False)
    for unused in grid.flat[n:]:
        unused.remove()
    return np.array(grid.flat[:n], object)


def _axes(ax: Axes | None) -> Axes:
    if ax is None:
        _, ax = plt.subplots(layout="constrained")
    elif not isinstance(ax, Axes):
        raise TypeError(f"ax must be Axes, got {ax!r}")
    return ax


def _dots(points: Any) -> dict[str, Any]:
    """Return the style that marks each point, where they are few."""
    return {"marker": "."} if len(points) <= MOST_DOTTED else {}


def _finish(ax: Axes, *, legend: bool = True, grid: bool = True) -> Axes:
    """Add the grid and the legend, off the axes if there is no room for it on them."""
    if grid:
        ax.grid(alpha=0.3)
    _, labels = ax.get_legend_handles_labels()
    if not legend:
        return ax
    if max(map(len, labels)) > LONGEST_INSIDE:
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1), frameon=False)
    elif len(labels) > MOST_INSIDE:
        ax.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
    else:
        ax.legend()
    return ax
