"""Models as ONNX predict what they do in Python."""

import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.ensemble import VotingClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import fastopt
from fastopt.linear_model import SGDClassifier, SGDRegressor

from .test_conversion import CLASSES, LABELS, OPTIONS, OURS, X, Y, fitted

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def run(model, inputs, **options):
    """The outputs of a model as ONNX."""
    pytest.importorskip("skl2onnx")
    onnxruntime = pytest.importorskip("onnxruntime")
    first = inputs[:1] if isinstance(inputs, np.ndarray) else inputs.iloc[:1]
    onnx = fastopt.to_onnx(model, first, **options)
    session = onnxruntime.InferenceSession(onnx.SerializeToString())
    if isinstance(inputs, np.ndarray):
        return session.run(None, {"X": inputs})
    return session.run(None, {name: inputs[[name]].to_numpy() for name in inputs})


@pytest.mark.parametrize("name", [name for name in OURS if name != "modified_huber"])
def test_predictions_are_the_same(name, dtype):
    model, inputs = fitted(name, dtype), X.astype(dtype)
    found, *others = run(model, inputs)
    expected = model.predict(inputs)
    if expected.dtype.kind == "f":
        np.testing.assert_allclose(found.reshape(expected.shape), expected, rtol=1e-5, atol=1e-6)
    else:
        np.testing.assert_array_equal(found, expected)
    if hasattr(model, "predict_proba"):
        expected = model.predict_proba(inputs)
        np.testing.assert_allclose(others[0], expected, rtol=1e-5, atol=1e-6)


PARTS = {
    "pipeline": make_pipeline(StandardScaler(), SGDClassifier("log_loss", **OPTIONS)),
    "search": GridSearchCV(SGDClassifier("multinomial", **OPTIONS), {"alpha": [0.1, 1e-4]}, cv=2),
    "calibrated": CalibratedClassifierCV(SGDClassifier(**OPTIONS), cv=2),
    "votes": VotingClassifier(
        [("a", SGDClassifier(**OPTIONS)), ("b", SGDClassifier("log_loss", **OPTIONS))],
        flatten_transform=False,
    ),
}


@pytest.mark.parametrize("name", PARTS)
def test_models_inside_others_are_found(name):
    model, inputs = PARTS[name].fit(X, LABELS), X.astype(np.float32)
    found, *_ = run(model, inputs)
    assert (found == model.predict(inputs)).mean() > 0.98  # float32 may decide a tie


def test_a_loss_of_which_labels_would_differ_is_refused():
    with pytest.raises(ValueError, match="ONNX would predict others"):
        run(fitted("modified_huber"), X)
    model, inputs = SGDClassifier("modified_huber", **OPTIONS).fit(X, CLASSES > 0), X
    np.testing.assert_array_equal(run(model, inputs)[0], model.predict(inputs))


def test_frames_are_read_by_their_columns():
    frame = pd.DataFrame(X, columns=list("abcdef"))
    model = make_pipeline(
        make_column_transformer((StandardScaler(), ["a", "b"]), remainder="drop"),
        SGDRegressor(**OPTIONS),
    ).fit(frame, Y)
    (found,) = run(model, frame)
    np.testing.assert_allclose(found.ravel(), model.predict(frame), rtol=1e-5, atol=1e-6)


def test_options_are_those_of_skl2onnx():
    model = SGDClassifier("log_loss", **OPTIONS).fit(X, CLASSES)
    _, probabilities = run(model, X.astype(np.float32), options={"zipmap": "columns"})[:2]
    assert probabilities.ndim == 1


def test_a_missing_skl2onnx_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "skl2onnx", None)
    with pytest.raises(ImportError, match=r"pip install 'fastopt\[onnx\]'"):
        fastopt.to_onnx(fitted("regressor"), X)
