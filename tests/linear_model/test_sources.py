"""Fits from sources: those of one window are fits in memory, those of many learn as well."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from fastopt import optim
from fastopt.cluster import MiniBatchKMeans
from fastopt.data import Block, open_source
from fastopt.linear_model import Perceptron, SGDClassifier, SGDOneClassSVM, SGDRegressor


def data(n=400, d=13, n_classes=3):
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (n, d)).astype(np.float32)
    scores = X @ rng.normal(size=(d, n_classes))
    return X, scores.argmax(axis=1), rng.integers(0, 3, n).astype(float)


def blocks(X, y, weight=None, size=50):
    """The rows in blocks of some size."""
    starts = range(0, X.shape[0], size)
    parts = [slice(start, start + size) for start in starts]
    return [Block(X[p], y[p], None if weight is None else weight[p]) for p in parts]


@pytest.fixture
def in_files(tmp_path):
    """A function that saves X, y and weights, and opens them as a source."""

    def save(X, y, weight=None, **options):
        paths = {"data": X, "target": y, "sample_weight": weight}
        for name, array in paths.items():
            if array is not None:
                np.save(tmp_path / f"{name}.npy", array)
                options[name] = tmp_path / f"{name}.npy"
        return open_source(**options)

    return save


MODELS = [
    SGDClassifier(loss="log_loss", random_state=0, max_iter=4, tol=None),
    SGDClassifier(loss="multinomial", random_state=0, max_iter=4, tol=None, batch_size=32),
    SGDClassifier(class_weight="balanced", random_state=0, max_iter=4, tol=None, average=True),
    SGDClassifier(class_weight="balanced", loss="multinomial", batch_size="full", max_iter=3),
    SGDClassifier(early_stopping=True, random_state=0, max_iter=4),
    SGDClassifier(optimizer="adam", restore_best=True, random_state=0, max_iter=4, tol=None),
    SGDClassifier(learning_rate="pa1", random_state=0, max_iter=4, tol=None),
    Perceptron(max_iter=4, tol=None),
    SGDRegressor(random_state=0, max_iter=4, tol=None),
    SGDRegressor(loss="poisson", optimizer="adagrad", batch_size=7, random_state=0, max_iter=4),
    SGDOneClassSVM(random_state=0, max_iter=4, tol=None),
]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_one_window_is_a_fit_in_memory_bit_for_bit(model, in_files):
    X, y, weight = data()
    source = in_files(X, y, weight, memory=2**18)
    assert source.n_blocks > 1
    rows = (X,) if isinstance(model, SGDOneClassSVM) else (X, y)
    model.random_state = 5
    model.fit(*rows, sample_weight=weight)
    wanted = model.coef_.tobytes(), model.intercept_.tobytes(), model.t_
    losses = [row["loss"] for row in model.history_]
    model.fit(source)
    assert (model.coef_.tobytes(), model.intercept_.tobytes(), model.t_) == wanted
    assert [row["loss"] for row in model.history_] == losses


@pytest.mark.parametrize("optimizer", sorted(optim.OPTIMIZERS))
def test_windows_in_the_order_of_the_rows_are_a_fit_without_shuffling(optimizer):
    """Each window begins where the one before has left off, with nothing lost between them."""
    X, y, _ = data()
    how = dict(optimizer=optimizer, batch_size=10, shuffle=False, max_iter=3, tol=None)
    how |= dict(learning_rate="constant", average=not optim.OPTIMIZERS[optimizer].averages)
    whole = SGDClassifier(**how).fit(X, y)
    parts = SGDClassifier(**how).fit(open_source(blocks(X, y)))
    np.testing.assert_array_equal(parts.coef_, whole.coef_)
    np.testing.assert_array_equal(parts.intercept_, whole.intercept_)
    for mine, theirs in zip(parts.history_, whole.history_, strict=True):
        assert mine["loss"] == pytest.approx(theirs["loss"], rel=1e-12)
        assert mine["gradient_norm"] == pytest.approx(theirs["gradient_norm"], rel=1e-12)
        assert mine["accuracy"] == theirs["accuracy"]


@pytest.mark.parametrize("penalty", ["l1", "elasticnet"])
def test_penalties_go_on_over_sparse_windows(penalty):
    X, y, _ = data()
    X[np.abs(X) < 0.7] = 0
    X = sparse.csr_matrix(X)
    how = dict(penalty=penalty, alpha=1e-2, shuffle=False, max_iter=3, tol=None)
    whole = SGDClassifier(**how).fit(X, y)
    parts = SGDClassifier(**how).fit(open_source(blocks(X, y)))
    np.testing.assert_allclose(parts.coef_, whole.coef_, rtol=1e-4, atol=1e-6)
    assert (whole.coef_ == 0).any()


def test_many_windows_learn_as_well_as_one(in_files):
    X, y, weight = data(n=20_000)
    whole = SGDClassifier(random_state=0, max_iter=5, tol=None)
    parts = SGDClassifier(random_state=0, max_iter=5, tol=None)
    whole.fit(X, y, sample_weight=weight)
    source = in_files(X, y, weight, memory=2**16)
    assert source.n_windows > 50
    parts.fit(source)
    assert parts.score(X, y) > whole.score(X, y) - 0.01
    assert not np.array_equal(parts.coef_, whole.coef_)


def test_a_fit_over_windows_is_reproducible(in_files):
    X, y, _ = data(n=2000)
    source = in_files(X, y, memory=2**14)
    first, again, other = (
        SGDClassifier(random_state=seed, max_iter=3, tol=None).fit(source) for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first.coef_, again.coef_)
    assert not np.array_equal(first.coef_, other.coef_)


@pytest.mark.parametrize("loss", ["hinge", "multinomial"])
def test_classes_are_balanced_by_all_rows_of_a_source(loss):
    X, y, weight = data()
    order = np.argsort(y, kind="stable")  # no block has all classes
    X, y, weight = X[order], y[order], weight[order]
    how = dict(loss=loss, class_weight="balanced", shuffle=False, max_iter=2, tol=None)
    how |= dict(learning_rate="constant")
    whole = SGDClassifier(**how).fit(X, y, sample_weight=weight)
    parts = SGDClassifier(**how).fit(open_source(blocks(X, y, weight)))
    np.testing.assert_allclose(parts.coef_, whole.coef_, rtol=1e-4)


def test_a_source_tells_how_well_it_goes_on_another():
    X, y, weight = data()
    model = SGDClassifier(random_state=0, max_iter=3, tol=None)
    model.fit(X, y, eval_set=open_source(blocks(X, y, weight)))
    by_blocks = model.history_[-1]
    model.fit(X, y, eval_set=(X, y, weight))
    assert by_blocks["validation_loss"] == pytest.approx(model.history_[-1]["validation_loss"])
    assert by_blocks["validation_score"] == model.history_[-1]["validation_score"]


def test_early_stopping_looks_at_the_source_it_is_given():
    X, y, _ = data()
    model = SGDClassifier(early_stopping=True, random_state=0, n_iter_no_change=2)
    model.fit(open_source(blocks(X, y)), eval_set=open_source(blocks(X, y)))
    assert model.n_iter_ < 1000
    assert model.history_[-1]["validation_score"] > 0.9


def test_regression_on_several_targets():
    X, _, _ = data()
    y = np.column_stack([X[:, 0], X[:, 1] + 1])
    how = dict(shuffle=False, max_iter=3, tol=None)
    parts = SGDRegressor(**how).fit(open_source(blocks(X, y)))
    np.testing.assert_allclose(parts.coef_, SGDRegressor(**how).fit(X, y).coef_, rtol=1e-4)


def test_a_fit_goes_on_over_a_source_with_warm_start():
    X, y, _ = data()
    source = open_source(blocks(X, y))
    how = dict(random_state=0, tol=None)
    six = SGDClassifier(max_iter=6, **how).fit(source)
    three = SGDClassifier(max_iter=3, warm_start=True, **how).fit(source).fit(source)
    np.testing.assert_array_equal(three.coef_, six.coef_)


def test_blocks_of_an_iterator_are_one_epoch():
    X, y, _ = data()
    how = dict(max_iter=1, tol=None, shuffle=False)
    once = SGDClassifier(**how).fit(open_source(iter(blocks(X, y)), classes=[0, 1, 2]))
    np.testing.assert_allclose(once.coef_, SGDClassifier(**how).fit(X, y).coef_, rtol=1e-4)


def test_rows_of_weight_0_may_fill_a_window():
    X, y, weight = data()
    weight[50:100] = 0
    how = dict(shuffle=False, max_iter=2, tol=None)
    whole = SGDClassifier(**how).fit(X, y, sample_weight=weight)
    parts = SGDClassifier(**how).fit(open_source(blocks(X, y, weight)))
    np.testing.assert_allclose(parts.coef_, whole.coef_, rtol=1e-4)


def test_the_schema_stays_with_the_model():
    X, y, _ = data()
    model = SGDClassifier().fit(open_source(blocks(X, y)))
    assert model.source_schema_ == {"n_features": 13, "classes": None}
    model.fit(X, y)
    assert not hasattr(model, "source_schema_")


def test_the_bar_moves_with_the_windows(capsys):
    X, y, _ = data()
    SGDClassifier(max_iter=2, tol=None, verbose=1).fit(open_source(blocks(X, y)))
    assert "16/16" in capsys.readouterr().err


def test_an_interrupt_in_an_epoch_keeps_the_one_before():
    X, y, _ = data()
    parts = blocks(X, y)
    asked = []

    class Stopped(list):
        def __getitem__(self, index):
            asked.append(index)
            if len(asked) == 1 + 8 + 8 + 8 + 4:  # the peek, classes, two epochs, half of one
                raise KeyboardInterrupt
            return super().__getitem__(index)

    model = SGDClassifier(random_state=0, max_iter=5, tol=None)
    with pytest.raises(KeyboardInterrupt):
        model.fit(open_source(Stopped(parts)))
    two = SGDClassifier(random_state=0, max_iter=2, tol=None).fit(open_source(parts))
    np.testing.assert_array_equal(model.coef_, two.coef_)


@pytest.mark.parametrize(
    ("model", "source", "how", "message"),
    [
        ({}, {}, {"y": [1]}, "y comes from the source: leave it out"),
        ({}, {}, {"sample_weight": [1]}, "sample_weight comes from the source: leave it out"),
        ({"batch_size": "full"}, {}, {}, "batch_size cannot be 'full' on a source larger than"),
        ({"early_stopping": True}, {}, {}, "early_stopping needs eval_set where X is a source"),
        ({}, {"once": True}, {}, "max_iter must be 1 on data that can be gone over only once"),
        ({}, {"y": np.arange(70_000.0)}, {}, "the target of the source must be classes"),
        ({}, {"classes": [0, 1]}, {}, r"y holds the classes \[2\], which were not declared"),
    ],
)
def test_what_does_not_go_with_a_source_is_told_and_nothing_changes(model, source, how, message):
    X, y, _ = data()
    if "y" in source:
        y = source.pop("y")
        X = np.ones((len(y), 2))
    parts = blocks(X, y, size=len(y) // 8)
    opened = open_source(iter(parts) if source.pop("once", False) else parts, **source)
    model = SGDClassifier(**model)
    with pytest.raises(ValueError, match=message):
        model.fit(opened, **how)
    assert not hasattr(model, "coef_")


def test_a_source_without_y_is_told():
    X, _, _ = data()
    for model in (SGDClassifier(), SGDRegressor()):
        with pytest.raises(ValueError, match="requires y to be passed"):
            model.fit(open_source([Block(X)]))


def test_overflow_in_a_late_window_keeps_the_epoch_before():
    X, y, _ = data()
    X = X.astype(np.float64)
    model = SGDRegressor(random_state=0, max_iter=2, tol=None, warm_start=True)
    model.fit(open_source(blocks(X, y)))
    before = model.coef_.copy()
    X[-1] = 1e300
    with pytest.raises(ValueError, match="overflow occurred at epoch #1"):
        model.fit(open_source(blocks(X, y)))
    np.testing.assert_array_equal(model.coef_, before)


@pytest.mark.parametrize("kind", [SGDClassifier, SGDRegressor, SGDOneClassSVM, MiniBatchKMeans])
def test_a_model_predicts_a_source_block_by_block(kind):
    X, y, _ = data()
    model = kind().fit(X) if kind in (SGDOneClassSVM, MiniBatchKMeans) else kind().fit(X, y)
    by_block = [model.predict(block.X) for block in blocks(X, y)]
    np.testing.assert_array_equal(
        model.predict(open_source(blocks(X, y))), np.concatenate(by_block)
    )


def test_a_path_is_no_X():
    with pytest.raises(TypeError, match=r"give fastopt\.data\.open_source\('x\.csv', \.\.\.\)"):
        SGDClassifier().fit("x.csv", [0, 1])


@pytest.mark.parametrize("kind", [SGDClassifier, MiniBatchKMeans])
@pytest.mark.filterwarnings("error")
def test_the_columns_of_a_table_are_the_names_of_the_features(kind, tmp_path):
    X, y, _ = data()
    frame = pd.DataFrame(X, columns=[f"x{j}" for j in range(X.shape[1])])
    frame.assign(y=y).to_parquet(tmp_path / "rows.parquet")
    source = open_source(tmp_path / "rows.parquet", target="y")
    model = kind().fit(source)
    assert model.feature_names_in_.tolist() == list(frame.columns)
    np.testing.assert_array_equal(model.predict(frame), model.predict(X))
    np.testing.assert_array_equal(model.predict(sparse.csr_matrix(X)), model.predict(X))
    with pytest.raises(ValueError, match="must be in the same order"):
        model.predict(frame[frame.columns[::-1]])
    with pytest.raises(ValueError, match="x12"):
        model.predict(frame.drop(columns="x12"))
    with pytest.raises(ValueError, match="X has 12 features, but"):
        model.predict(X[:, :12])


def test_declared_classes_are_those_of_the_model_however_many_windows_there_are(in_files):
    X, y, _ = data()
    for memory in (2**12, 2**20):
        source = in_files(X, y, classes=[3, 2, 1, 0], memory=memory)
        model = SGDClassifier(max_iter=2, tol=None).fit(source)
        assert model.classes_.tolist() == [0, 1, 2, 3]
        with pytest.raises(ValueError, match=r"classes \[2\], which were not declared"):
            SGDClassifier().fit(in_files(X, y, classes=[0, 1], memory=memory))


@pytest.mark.parametrize("kind", [SGDClassifier, SGDRegressor])
def test_a_source_whose_weights_are_all_0_is_an_error(kind):
    X, y, _ = data()
    model = kind(max_iter=2, tol=None).fit(X, y)
    before = model.coef_.copy()
    with pytest.raises(ValueError, match="weights must contain at least one non-zero number"):
        model.fit(open_source(blocks(X, y, np.zeros(len(y)))))
    assert np.array_equal(model.coef_, before)


def test_validation_data_whose_weights_are_all_0_are_an_error():
    X, y, _ = data()
    with pytest.raises(ValueError, match="eval_set: sample weights must contain at least one"):
        SGDClassifier().fit(X, y, eval_set=open_source(blocks(X, y, np.zeros(len(y)))))


@pytest.mark.parametrize("kind", [SGDClassifier, SGDRegressor])
def test_a_partial_fit_on_a_source_is_refused(kind):
    X, y, _ = data()
    model = kind().fit(X, y)
    with pytest.raises(TypeError, match="X must be rows, got a source: partial_fit takes its"):
        model.partial_fit(open_source(blocks(X, y)), y)
