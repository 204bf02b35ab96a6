"""A model that was loaded is the one that was saved, and goes on as that would have."""

import copy
import io
import pickle
import warnings
from dataclasses import fields

import joblib
import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

import fastopt
from fastopt import schedules
from fastopt.cluster import MiniBatchKMeans
from fastopt.linear_model import SGDClassifier, SGDRegressor
from fastopt.linear_model.training import Progress
from fastopt.model_file.estimators import ESTIMATORS
from fastopt.model_file.file import read, write

from .models import CLASSES, CLUSTERS, MODELS, OPTIONS, X, Y

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def saved(model, tmp_path):
    model.save(tmp_path / "model")
    return fastopt.load(tmp_path / "model")


def pickled(model, tmp_path):
    return pickle.loads(pickle.dumps(model))


def joblibbed(model, tmp_path):
    file = io.BytesIO()
    joblib.dump(model, file)
    return joblib.load(file)


def copied(model, tmp_path):
    return copy.deepcopy(model)


WAYS = [
    (way, name)
    for way in (saved, pickled, joblibbed, copied)
    for name in (MODELS if way is saved else ("multinomial", "sparse", "average", "plateau"))
]


def fitted(name):
    model, X, y = MODELS[name]
    return clone(model).fit(X, y), X, y


def same(a, b):
    """Whether two values are of one type and one content, to the bit."""
    assert type(a) is type(b)
    if isinstance(a, np.ndarray):
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        assert a.tolist() == b.tolist() if a.dtype == object else a.tobytes() == b.tobytes()
    elif sparse.issparse(a):
        for part in ("data", "indices", "indptr"):
            same(getattr(a, part), getattr(b, part))
        assert a.shape == b.shape
    elif isinstance(a, dict):
        assert [*a] == [*b]
        for key in a:
            same(a[key], b[key])
    elif isinstance(a, list | tuple):
        assert len(a) == len(b)
        for item, other in zip(a, b, strict=True):
            same(item, other)
    elif isinstance(a, np.random.RandomState):
        same(a.get_state(legacy=False), b.get_state(legacy=False))
    elif isinstance(a, Progress | fastopt.optim.Optimizer):
        same(vars(a), vars(b)) if isinstance(a, Progress) else same(a.options, b.options)
    else:
        assert a == b or a != a


@pytest.mark.parametrize("name", MODELS)
def test_every_attribute_comes_back(name, tmp_path):
    model, _, _ = fitted(name)
    loaded = saved(model, tmp_path)
    assert type(loaded) is type(model)
    assert {*vars(loaded)} == {*vars(model)}
    for attribute, value in vars(model).items():
        same(value, vars(loaded)[attribute])


@pytest.mark.parametrize(("way", "name"), WAYS)
def test_predictions_have_the_same_bits(way, name, tmp_path):
    model, X, _ = fitted(name)
    loaded = way(model, tmp_path)
    for method in ("predict", "decision_function", "predict_proba"):
        if hasattr(model, method):
            expected = getattr(model, method)(X)
            same(getattr(loaded, method)(X), expected)


@pytest.mark.parametrize(("way", "name"), WAYS)
def test_training_goes_on_with_the_same_bits(way, name, tmp_path):
    model, X, y = fitted(name)
    loaded = way(model, tmp_path)
    for each in (model, loaded):
        each.set_params(warm_start=True).fit(X, y)
        if not getattr(each, "early_stopping", False):
            each.partial_fit(X, y)
    same(loaded.coef_, model.coef_)
    same(loaded.intercept_, model.intercept_)
    same(loaded._progress.state, model._progress.state)


@pytest.mark.parametrize("way", [saved, pickled, joblibbed, copied])
@pytest.mark.parametrize("name", CLUSTERS)
def test_clusters_go_on_with_the_same_bits(way, name, tmp_path):
    model = clone(CLUSTERS[name]).fit(X)
    loaded = way(model, tmp_path)
    for each in (model, loaded):
        each.partial_fit(X[:9])
    for attribute, value in vars(model).items():
        same(value, vars(loaded)[attribute])
    np.testing.assert_array_equal(loaded.transform(X), model.transform(X))


def test_the_layout_that_weights_were_trained_in_does_not_matter(tmp_path):
    dense, rows = X.copy(), sparse.csr_array(X)
    for first, then in ((dense, rows), (rows, dense)):
        model = SGDClassifier(optimizer="adam", average=True, **OPTIONS).fit(first, CLASSES)
        loaded = saved(model, tmp_path)
        for each in (model, loaded):
            each.set_params(warm_start=True).fit(then, CLASSES)
        same(loaded.coef_, model.coef_)


@pytest.mark.parametrize("name", ["two classes", "multinomial", "columns of y", "one class"])
def test_sparse_weights_stay_sparse(name, tmp_path):
    model, X, y = fitted(name)
    loaded = saved(model.sparsify(), tmp_path)
    same(loaded.coef_, model.coef_)
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    for each in (model, loaded):
        each.partial_fit(X, y)
    same(loaded.coef_, model.coef_)


@pytest.mark.parametrize("changed", ["coef_", "intercept_"])
def test_weights_that_are_set_by_hand_after_loading_are_seen_as_such(changed, tmp_path):
    model, X, y = fitted("average")
    loaded = saved(model, tmp_path)
    assert loaded._progress.shown[0] is loaded.coef_
    for each in (model, loaded):
        setattr(each, changed, getattr(each, changed) + 1)
        each.partial_fit(X, y)
    same(loaded.coef_, model.coef_)


def test_an_array_that_has_two_names_is_written_once(tmp_path):
    model, _, _ = fitted("average")
    model.save(tmp_path / "model")
    assert sum("coef" in name or "shown" in name for name in load_file(tmp_path / "model")) == 1


@pytest.mark.parametrize("name", ["two classes", "momentum", "average", "schedule_free_sgd"])
@pytest.mark.parametrize("epoch", [1, 3])
def test_a_model_may_be_saved_in_the_midst_of_a_fit(name, epoch, tmp_path):
    model, X, y = fitted(name)

    def save(model):
        if len(model.history_) == epoch:
            write(model, tmp_path / "model", {"epoch": epoch})

    midst = clone(model).fit(X, y, callbacks=save)
    same(midst.coef_, model.coef_)
    loaded, extra = read(tmp_path / "model")
    assert extra == {"epoch": epoch}
    assert loaded.t_ == 1 + epoch * len(X)
    loaded.set_params(warm_start=True, max_iter=model.max_iter - epoch).fit(X, y)
    same(loaded.coef_, model.coef_)
    assert loaded.t_ == model.t_


@pytest.mark.parametrize("kind", ESTIMATORS.values(), ids=[*ESTIMATORS])
def test_an_estimator_that_has_learnt_nothing_can_be_saved(kind, tmp_path):
    loaded = saved(kind(), tmp_path)
    assert vars(loaded) == vars(kind())


@pytest.mark.parametrize("kind", ESTIMATORS.values(), ids=[*ESTIMATORS])
def test_every_estimator_can_be_saved_with_whatever_a_fit_sets(kind, tmp_path):
    frame = pd.DataFrame(X, columns=list("abcdefg"))
    model = kind(random_state=0, max_iter=3).fit(frame, CLASSES)
    loaded = saved(model, tmp_path)
    assert {*vars(loaded)} == {*vars(model)}
    same(loaded.feature_names_in_, model.feature_names_in_)
    same(loaded.predict(frame), model.predict(frame))


def test_every_field_of_the_progress_comes_back_though_it_is_not_as_at_first(tmp_path):
    unchanged = {field.name for field in fields(Progress)}
    for name in ("balanced", "average to come", "plateau", "adaptive", "prodigy", "ftrl"):
        model, X, y = fitted(name)
        model.partial_fit(X, y)
        progress, first = model._progress, Progress(0, (7,), np.dtype(np.float32))
        for field in [*unchanged]:
            found, usual = getattr(progress, field), getattr(first, field)
            if isinstance(found, np.ndarray) or found != usual:
                unchanged.remove(field)
        same(saved(model, tmp_path)._progress, progress)
    assert not unchanged - {"dtype", "stale"}


def test_weights_that_were_set_by_hand_are_kept(tmp_path):
    model = SGDRegressor(warm_start=True, **OPTIONS)
    model.coef_, model.intercept_ = np.linspace(-1, 1, 7), 0.5
    loaded = saved(model, tmp_path)
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    same(loaded.fit(X, Y).coef_, model.fit(X, Y).coef_)


def test_a_long_history_is_kept_as_numbers(tmp_path):
    model = SGDRegressor(**OPTIONS).fit(X, Y, eval_set=(X, Y))
    model.set_params(warm_start=True).fit(X, Y)
    rows = [dict(row) for row in model.history_]
    assert len({*map(len, rows)}) == 2
    model.history_ = rows[:4] * 20_000 + rows[4:] * 20_000
    model.save(tmp_path / "model")
    assert (tmp_path / "model").stat().st_size < 8 * sum(map(len, model.history_)) + 10_000
    same(fastopt.load(tmp_path / "model").history_, model.history_)


def test_a_history_may_hold_what_a_callback_has_noted(tmp_path):
    def note(model):
        model.history_[-1]["counts"] = {"seen": [1, 2]}
        model.history_[-1]["loss"] = float("nan")

    model = SGDRegressor(**OPTIONS).fit(X, Y, callbacks=note)
    same(saved(model, tmp_path).history_, model.history_)


def test_a_file_is_one_of_safetensors(tmp_path):
    model, _, _ = fitted("multinomial")
    model.save(tmp_path / "model")
    arrays = load_file(tmp_path / "model")
    np.testing.assert_array_equal(arrays["coef_"], model.coef_)
    np.testing.assert_array_equal(arrays["classes_"], model.classes_)


def test_the_same_model_makes_the_same_bytes(tmp_path):
    model, _, _ = fitted("adam")
    model.save(tmp_path / "a")
    fastopt.load(tmp_path / "a").save(tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"learning_rate": lambda t: 0.1}, "^learning_rate is <function"),
        ({"learning_rate": schedules.warmup(lambda t: 0.1, 5)}, "^learning_rate.schedule is"),
        ({"optimizer": fastopt.optim.Adam(lr=lambda t: 0.1)}, "^optimizer.lr is <function"),
        ({"class_weight": {0: X.astype(complex)}}, r"^class_weight\[0\] is an array of complex"),
    ],
)
def test_what_a_file_cannot_hold_is_refused_by_name(parameters, message, tmp_path):
    with pytest.raises(TypeError, match=message):
        SGDClassifier(**parameters).save(tmp_path / "model")
    assert [*tmp_path.iterdir()] == []


class Own(SGDRegressor):
    pass


@pytest.mark.parametrize("model", [Own(), "model", fastopt.optim.Adam()])
def test_only_estimators_of_fastopt_are_saved(model, tmp_path):
    with pytest.raises(TypeError, match="only the estimators of fastopt can be saved"):
        write(model, tmp_path / "model")


def test_models_that_could_not_be_loaded_are_not_saved(tmp_path):
    model, _, _ = fitted("two classes")
    for name, value, message in [
        ("coef_", np.full((1, 7), np.nan, np.float32), "coef_ must hold finite numbers"),
        ("coef_", np.zeros((1, 6), np.float32), r"coef_ must have the shape \(1, 7\)"),
        ("alpha", -1, "'alpha' parameter"),
        ("note", "mine", "has the attribute 'note'"),
    ]:
        wrong = copy.deepcopy(model)
        setattr(wrong, name, value)
        with pytest.raises(ValueError, match=message):
            wrong.save(tmp_path / "model")
    with pytest.raises(TypeError, match="init is <function"):
        MiniBatchKMeans(init=lambda X, k, random_state: X[:k]).save(tmp_path / "model")


def test_what_overflows_in_a_fit_leaves_a_model_that_can_be_saved(tmp_path):
    model = SGDRegressor(learning_rate="constant", eta0=0.01, **OPTIONS).fit(X, Y)
    with warnings.catch_warnings(), pytest.raises(ValueError, match="epoch"):
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.set_params(eta0=1e30, warm_start=True).fit(X, Y)
    same(saved(model, tmp_path).coef_, model.coef_)
