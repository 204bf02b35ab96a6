"""Models as ONNX, by way of scikit-learn's."""

import io
import pickle
from typing import Any

from sklearn.base import is_classifier
from sklearn.exceptions import NotFittedError

from fastopt._portable import Portable


def to_onnx(model: Any, X: Any, **options: Any) -> Any:
    """Return a fitted model as ONNX, which predicts without Python.

    Each estimator of fastopt in it is first turned into scikit-learn's by its ``to_sklearn``;
    skl2onnx does the rest.

    Parameters
    ----------
    model
        An estimator of fastopt, or what holds some: a pipeline, a search, a calibrated classifier.
    X : array of shape (n, n_features) or frame
        One row or more, which tell the types of the inputs.
    **options
        What else ``skl2onnx.to_onnx`` takes. Unless there are ``options`` among it, the
        probabilities of a classifier come as an array, without its "zipmap".

    Returns
    -------
    onnx.ModelProto

    Raises
    ------
    ImportError
        If skl2onnx is missing: ``pip install 'fastopt[onnx]'``.
    ValueError
        If the predictions would be others: of loss="modified_huber" and more than two classes.

    Examples
    --------
    ::

        onnx = fastopt.to_onnx(pipeline, X[:1])
        Path("model.onnx").write_bytes(onnx.SerializeToString())
        session = onnxruntime.InferenceSession("model.onnx")
        labels, probabilities = session.run(None, {"X": X})
    """
    try:
        import skl2onnx
    except ImportError as error:
        raise ImportError("to_onnx needs skl2onnx: pip install 'fastopt[onnx]'") from error
    if is_classifier(model):
        options.setdefault("options", {"zipmap": False})
    return skl2onnx.to_onnx(_with_theirs(model), X, **options)


def _with_theirs(model: Any) -> Any:
    """Return a copy of a model in which scikit-learn's estimators are in the place of ours."""
    file = io.BytesIO()
    _Replacing(file).dump(model)
    return pickle.loads(file.getvalue())


class _Replacing(pickle.Pickler):
    def reducer_override(self, value: Any) -> Any:
        if not isinstance(value, Portable):
            return NotImplemented
        try:
            theirs = value.to_sklearn()
        except NotFittedError:  # one that others were cloned from
            return NotImplemented
        if getattr(theirs, "loss", None) == "modified_huber" and len(theirs.classes_) > 2:
            raise ValueError(
                "with loss='modified_huber' and more than two classes ONNX would predict others: "
                "skl2onnx takes them from probabilities, of which many are 1"
            )
        return _itself, (theirs,)


def _itself(value: Any) -> Any:
    return value
