"""scikit-learn's own tests of its linear models by SGD, run on ours."""

import sys
from functools import partial
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from sklearn import linear_model

import fastopt.linear_model
from fastopt import _core

FILES = ["test_sgd", "test_perceptron"]
MODELS = ["SGDClassifier", "SGDRegressor", "SGDOneClassSVM", "Perceptron"]

#: Why a test, with its parameters or all of them, fails by design: one that passes is an error.
DIFFERENCES = {
    "test_warm_start": "t_, and the order of rows, go on in a warm start",
    "test_warm_start_multiclass": "t_, and the order of rows, go on in a warm start",
    "test_warm_start_oneclass": "t_, and the order of rows, go on in a warm start",
    "test_partial_fit_oneclass": "a training leaves the arrays it starts from as they are",
    "test_class_weights": "the best weights score its point at 0: the order of rows decides",
    "test_sample_weights": "the best weights score its point at 0: the order of rows decides",
    "test_tol_parameter": "in our order of rows a tol of 0 stops no later than one of 0.1",
    "test_power_t_limits": "a negative power_t is an error, not a warning before one",
    "test_partial_fit_weight_class_balanced": "the error says it in fewer words",
    "test_sgd_predict_proba_method_access": "asks the class for its loss_functions",
    "test_loss_function_epsilon": "asks the class for its loss_functions",
    "test_sgd_proba": "classes that are all unlikely do not get the same probability",
    "test_input_format[SGDRegressor]": "y of several columns is several targets",
    "test_input_format[SparseSGDRegressor]": "y of several columns is several targets",
    "test_late_onset_averaging_not_reached[SGDClassifier]": "sums are taken in another order",
    "test_late_onset_averaging_not_reached[SGDRegressor]": "sums are taken in another order",
    "test_multi_thread_multi_class_and_early_stopping": "our order of rows stops it at 121 of 120",
    "test_sgd_error_on_zero_validation_weight": "weights that are all 0 are told of as such",
    "test_perceptron_l1_ratio": "in our order of rows two models it wants to differ do not",
    "test_ocsvm_vs_sgdocsvm": "in our order of rows 3 of 200 predictions differ, not 2",
    "test_sgd_oneclass_vs_linear_oneclass_offsets_match": "in our order of rows by 3e-6, not 1e-6",
    "test_plain_has_no_average_attr": "asks for private attributes",
    "test_validation_mask_correctly_subsets": "watches a private class of scikit-learn",
    "test_passive_aggressive_deprecated_average": "average=0 was never allowed",  # 1.6 has it
}
#: What the tests take for granted: sparse rows move the intercept by 0.01 of a step, ours by all.
EDITS = {"decay = 0.01": "decay = 1.0"}

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


class Loss:
    """A loss with the methods that scikit-learn's tests call."""

    def __init__(self, name, *hyper):
        self.name, self.hyper = name, hyper

    def py_loss(self, z, y):
        return _core.loss_values(self.name, np.array([z]), np.array([y]), self.hyper)[0]

    def py_dloss(self, z, y):
        return _core.loss_slopes(self.name, np.array([z]), np.array([y]), self.hyper)[0]


OURS = {name: getattr(fastopt.linear_model, name) for name in MODELS}
LOSSES = {
    "Hinge": lambda threshold: Loss("hinge" if threshold else "perceptron"),
    "SquaredHinge": lambda threshold: Loss("squared_hinge"),
    "ModifiedHuber": lambda: Loss("modified_huber"),
    "EpsilonInsensitive": partial(Loss, "epsilon_insensitive"),
    "SquaredEpsilonInsensitive": partial(Loss, "squared_epsilon_insensitive"),
}


class Marks:
    """pytest.mark, but that the marks which only scikit-learn declares do nothing."""

    known = pytest.mark

    def __getattr__(self, name):
        try:
            return getattr(self.known, name)
        except pytest.fail.Exception:
            return lambda test: test


def load(stem: str) -> dict[str, object]:
    """Return the tests of a private copy of a file, which sees ours in scikit-learn's place."""
    path = Path(linear_model.__file__).parent / "tests" / f"{stem}.py"
    if not path.exists():  # some distributions leave the tests out
        return {}
    text = path.read_text(encoding="utf-8")
    for old, new in EDITS.items():
        text = text.replace(old, new)
    copy = ModuleType(f"scikit_learn_{stem}")
    sys.modules[copy.__name__] = copy  # for pickle
    with pytest.MonkeyPatch.context() as patch:  # what it imports, derives from and lists
        patch.setattr(pytest, "mark", Marks())
        for name, model in OURS.items():
            patch.setattr(linear_model, name, model)
        exec(compile(text, path, "exec"), vars(copy))
    for name, ours in {"linear_model": OURS, "sgd_fast": LOSSES}.items():  # what it looks up later
        if hasattr(copy, name):
            setattr(copy, name, SimpleNamespace(**{**vars(getattr(copy, name)), **ours}))
    return {name: test for name, test in vars(copy).items() if name.startswith("test_")}


for tests in map(load, FILES):
    assert tests.keys().isdisjoint(globals())
    globals().update(tests)


@pytest.fixture
def global_random_seed():
    return 42


@pytest.fixture(autouse=True)
def differences(request):
    for name in (request.node.name, request.node.originalname):
        if name in DIFFERENCES:
            request.applymarker(pytest.mark.xfail(reason=DIFFERENCES[name]))
