"""K-means by mini-batches: what a step is, what a fit comes to, and what it must bear."""

import _thread
import hashlib
import pickle
import signal
import threading
import time
import warnings

import numpy as np
import pytest
from scipy import sparse
from sklearn import cluster as scikit_learn
from sklearn.base import clone
from sklearn.datasets import load_digits, make_blobs
from sklearn.metrics import adjusted_rand_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from fastopt import _core, _reference
from fastopt.cluster import MiniBatchKMeans, Rows
from fastopt.data import open_source

GAPS = {
    f"check_sample_weight_equivalence_on_{kind}_data": (
        "the check gives its two fits the rows in another order, and batches depend on the order; "
        "that weights count as rows is a test of our own"
    )
    for kind in ("dense", "sparse")
}


@parametrize_with_checks([MiniBatchKMeans(random_state=0)], expected_failed_checks=lambda _: GAPS)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def test_parameters_and_defaults_are_those_of_scikit_learn():
    assert MiniBatchKMeans().get_params() == scikit_learn.MiniBatchKMeans().get_params()


def data(n=300, d=5, dtype=np.float64, seed=0):
    """Rows, weights and rows of their own for centers."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d)).astype(dtype)
    return X, rng.integers(0, 4, n).astype(dtype), lambda k: X[rng.permutation(n)[:k]].copy()


def blobs(n=2000, d=8, k=5, seed=0, dtype=np.float64, spread=1.0):
    X, y = make_blobs(n, d, centers=k, random_state=seed, cluster_std=spread)
    return X.astype(dtype), y


# --- Kernels --------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["dense", "sparse"])
@pytest.mark.parametrize(
    ("n", "d", "k"), [(1, 1, 1), (70, 3, 2), (130, 50, 20), (65, 17, 40), (33, 1000, 7)]
)
def test_a_step_is_that_of_the_reference(isa, dtype, form, n, d, k):
    X, weight, rows = data(n, d, dtype)
    centers = np.resize(rows(k), (k, d)) + dtype(0.01)
    counts = np.arange(k) % 3.0
    expected, expected_counts = centers.astype(float), counts.copy()
    inertia = _reference.kmeans_step(
        X.astype(float), weight.astype(float), expected, expected_counts
    )
    if form == "sparse":
        X = sparse.csr_matrix(X)
    clusters = _core.Clusters(X, centers, counts, sample_weight=weight, batch_size=n)
    assert clusters.run() == (n, "")
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(centers, expected, rtol=0, atol=50 * eps)
    np.testing.assert_array_equal(counts, expected_counts)
    if weight.any():
        np.testing.assert_allclose(
            clusters.inertia * weight.sum(), inertia, rtol=100 * eps, atol=100 * eps * d
        )


@pytest.mark.parametrize("form", ["dense", "sparse"])
def test_batches_follow_the_order(isa, dtype, form):
    X, weight, rows = data(500, 6, dtype)
    order = np.random.default_rng(1).permutation(500)[:470].astype(np.uint32)
    centers, counts = rows(9), np.zeros(9)
    expected, expected_counts = centers.astype(float), counts.copy()
    for start in range(0, len(order), 64):
        batch = order[start : start + 64]
        _reference.kmeans_step(
            X[batch].astype(float), weight[batch].astype(float), expected, expected_counts
        )
    clusters = _core.Clusters(
        sparse.csr_matrix(X) if form == "sparse" else X,
        centers,
        counts,
        sample_weight=weight,
        batch_size=64,
    )
    assert clusters.run(order) == (470, "")
    assert clusters.n_steps == 8
    np.testing.assert_allclose(centers, expected, rtol=0, atol=200 * np.finfo(dtype).eps)


@pytest.mark.parametrize("form", ["dense", "sparse"])
def test_distances_and_labels_are_those_of_numpy(isa, dtype, form):
    X, weight, rows = data(257, 33, dtype)
    centers = rows(21)
    expected = ((X.astype(float)[:, np.newaxis] - centers.astype(float)) ** 2).sum(axis=2)
    rows_of = sparse.csr_matrix(X) if form == "sparse" else X
    clusters = _core.Clusters(rows_of, centers, np.zeros(21), sample_weight=weight)
    # |x|^2 - 2 x.c + |c|^2 errs by what |x|^2 does, differences do not.
    atol = 4 * np.finfo(dtype).eps * (X**2).sum(axis=1).max() if form == "sparse" else 0
    np.testing.assert_allclose(clusters.distances(), expected, rtol=1e-5, atol=atol)
    some = np.array([256, 0, 0, 17], np.uint32)
    np.testing.assert_allclose(clusters.distances(some), expected[some], rtol=1e-5, atol=atol)
    labels, inertia = clusters.assign()
    np.testing.assert_array_equal(labels, expected.argmin(axis=1))
    np.testing.assert_allclose(inertia, weight @ expected.min(axis=1), rtol=1e-5)


def test_the_first_of_level_centers_is_the_nearest(isa, dtype):
    for k in (2, 9, 40):
        centers = np.ones((k, 3), dtype)
        centers[0] = 5
        labels, _ = _core.Clusters(np.zeros((5, 3), dtype), centers, np.zeros(k)).assign()
        assert (labels == 1).all()


def test_rows_far_from_zero_are_told_apart(isa):
    X = np.float32(1e4) + np.array([[0], [1], [2]], np.float32) * np.ones(50, np.float32)
    distances = _core.Clusters(X, X.copy(), np.zeros(3)).distances()
    np.testing.assert_array_equal(distances, [[0, 50, 200], [50, 0, 50], [200, 50, 0]])


def forms(X):
    """The same rows in every form that is read as it is, with the dtype of the centers."""
    yield X.astype(np.float16), np.float32
    yield X.astype(np.int8), np.float32
    yield X.astype(np.uint8), np.float32
    yield np.asfortranarray(X, np.float32), np.float32
    yield np.repeat(X.astype(np.float64), 2, axis=1)[::-1, ::2][::-1], np.float64
    for index in (np.int32, np.int64):
        rows = sparse.csr_array(X.astype(np.float32))
        rows.indices, rows.indptr = rows.indices.astype(index), rows.indptr.astype(index)
        yield rows, np.float32
    yield sparse.csr_array(X.astype(np.uint8)), np.float32


def test_every_form_of_rows_gives_the_same_clusters(isa):
    X = np.random.default_rng(0).integers(0, 4, (200, 7))
    X[:3] = 0
    start = X[::40].astype(np.float64)
    expected = MiniBatchKMeans(5, init=start, batch_size=50, random_state=0).fit(X)
    for rows, dtype in forms(X):
        model = MiniBatchKMeans(5, init=start, batch_size=50, random_state=0).fit(rows)
        assert model.cluster_centers_.dtype == dtype
        np.testing.assert_allclose(model.cluster_centers_, expected.cluster_centers_, atol=1e-5)
        np.testing.assert_array_equal(model.predict(rows), expected.labels_)
        np.testing.assert_allclose(model.transform(rows), expected.transform(X), atol=2e-3)


def test_a_batch_longer_than_a_call_of_c_is_one_batch(dtype):
    X, weight, rows = data(300, 2048, dtype)
    centers = np.resize(rows(100), (2048, 2048))
    counts = np.ones(len(centers))
    clusters = _core.Clusters(X, centers.copy(), counts, sample_weight=weight, batch_size=300)
    whole = _core.Clusters(X[:, :3], centers[:100, :3].copy(), np.ones(100), batch_size=300)
    assert clusters.run() == whole.run() == (300, "")
    assert clusters.n_steps == whole.n_steps == 1
    assert counts.sum() == 2048 + weight.sum()
    assert len(clusters.assign()[0]) == 300


def fits(dtype):
    """The bytes of fits of every kind, of rows from integers alone."""
    sha = hashlib.sha256()
    for n, d, k in ((300, 3, 3), (500, 50, 20), (150, 500, 5)):
        i, j = np.arange(n)[:, np.newaxis], np.arange(d)
        X = ((i * 7919 + j * 104729 + i * j * 31) % 1009 / 504.0 - 1).astype(dtype)
        X[np.abs(X) < 0.6] = 0
        for rows in (X, sparse.csr_array(X)):
            for how in (
                {"batch_size": 1, "max_iter": 2},
                {"batch_size": 64, "tol": 1e-4},
                {"batch_size": "full", "init": "random"},
                {"batch_size": 100, "reassignment_ratio": 0.5},
            ):
                model = MiniBatchKMeans(k, random_state=0, **how)
                model.fit(rows, sample_weight=np.arange(n) % 4)
                sha.update(model.cluster_centers_.tobytes() + model.labels_.tobytes())
                sha.update(model.transform(rows).tobytes())
                model.partial_fit(rows[:50])
                sha.update(model.cluster_centers_.tobytes())
    return sha.hexdigest()


def test_fits_give_the_bits_they_always_gave(isa, dtype):
    expected = {
        np.float32: "ca7623cfe07bd0c2e2751b86383d9a0efc9ad03aa92c00a12978921fe0a27fa0",
        np.float64: "5ef524ff224e9bc2771c1b66ac8f359faa6ad08b90087d52e8a74050625d2c43",
    }
    assert fits(dtype) == expected[dtype]


# --- What a fit is --------------------------------------------------------------------------------


def test_batches_of_one_are_sgd(dtype):
    X, _, rows = data(200, 4, dtype)
    start = rows(3)
    model = MiniBatchKMeans(3, init=start, batch_size=1, max_iter=2, max_no_improvement=None)
    model.set_params(random_state=7).fit(X)
    centers, counts = start.astype(float), np.zeros(3)
    for epoch in range(2):
        for x in X[_core.permutation(200, 7, epoch)].astype(float):
            k = ((x - centers) ** 2).sum(axis=1).argmin()
            counts[k] += 1
            centers[k] += (x - centers[k]) / counts[k]
    atol = 1000 * np.finfo(dtype).eps
    np.testing.assert_allclose(model.cluster_centers_, centers, rtol=0, atol=atol)
    assert (model.n_steps_, model.n_iter_) == (400, 2)


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
def test_the_full_batch_is_lloyds_algorithm(form):
    X, _, rows = data(400, 6)
    start = rows(7)
    lloyd = scikit_learn.KMeans(7, init=start, n_init=1, tol=0, algorithm="lloyd").fit(X)
    model = MiniBatchKMeans(7, init=start, batch_size="full").fit(form(X))
    np.testing.assert_allclose(model.cluster_centers_, lloyd.cluster_centers_, atol=1e-12)
    np.testing.assert_array_equal(model.labels_, lloyd.labels_)
    assert model.n_iter_ == model.n_steps_ == lloyd.n_iter_


def test_an_epoch_takes_every_row_once():
    X, _, rows = data(100, 3)
    model = MiniBatchKMeans(4, init=rows(4), batch_size=32, max_iter=3, max_no_improvement=None)
    model.set_params(reassignment_ratio=0).fit(X)
    assert model._counts.sum() == 300
    assert (model.n_steps_, model.n_iter_) == (12, 3)


def test_float32_and_float64_take_the_rows_in_the_same_order():
    X, _ = blobs(spread=3)
    X = X.astype(np.float32)
    models = [
        MiniBatchKMeans(5, random_state=3, batch_size=100, max_iter=2).fit(X.astype(dtype))
        for dtype in (np.float32, np.float64)
    ]
    np.testing.assert_allclose(*(model.cluster_centers_ for model in models), atol=1e-4)
    assert models[0].n_steps_ == models[1].n_steps_


def test_the_seed_alone_decides():
    X, _ = blobs(spread=4)
    a, b, other = (
        MiniBatchKMeans(5, random_state=seed, batch_size=100).fit(X).cluster_centers_.tobytes()
        for seed in (1, 1, 2)
    )
    assert a == b != other
    drawn = [
        MiniBatchKMeans(5, random_state=np.random.RandomState(0), batch_size=100).fit(X)
        for _ in range(2)
    ]
    assert drawn[0].cluster_centers_.tobytes() == drawn[1].cluster_centers_.tobytes()


def test_the_first_centers_are_those_of_scikit_learns_kmeans_plusplus():
    X, weight, _ = data(200, 4)
    weight += 1
    for given in (None, weight):
        expected, _ = scikit_learn.kmeans_plusplus(
            X, 7, sample_weight=given, random_state=5, n_local_trials=8
        )
        found = Rows(X, given, X.dtype).spread(7, np.random.RandomState(5))
        np.testing.assert_array_equal(found, expected)


def test_the_best_of_the_first_guesses_is_taken():
    X, y = blobs(spread=0.1)
    good = np.array([X[y == k][0] for k in range(5)])
    sizes = []

    def init(X, n_clusters, random_state):
        sizes.append(len(X))
        return good + (0 if len(sizes) == 2 else 100)

    model = MiniBatchKMeans(5, init=init, init_size=50, n_init=3, max_iter=1, random_state=0)
    assert adjusted_rand_score(y, model.fit_predict(X)) == 1
    assert sizes == [50, 50, 50]


@pytest.mark.parametrize(
    "how", [{}, {"init": "random"}, {"batch_size": 50}, {"batch_size": "full"}]
)
@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
def test_blobs_are_found(how, form):
    X, y = blobs(spread=0.5, k=3)
    labels = MiniBatchKMeans(3, random_state=0, **how).fit_predict(form(X))
    assert adjusted_rand_score(y, labels) == 1


def test_inertia_is_no_worse_than_that_of_scikit_learn():
    X = load_digits().data
    ours, theirs = (
        np.mean([kind(10, random_state=seed).fit(X).inertia_ for seed in range(30)])
        for kind in (MiniBatchKMeans, scikit_learn.MiniBatchKMeans)
    )
    assert ours <= theirs


def test_a_fit_ends_when_the_smoothed_inertia_no_longer_falls():
    X, _ = blobs(spread=3)
    steps = [
        MiniBatchKMeans(5, batch_size=100, max_no_improvement=most, random_state=0).fit(X).n_steps_
        for most in (1, 10, 50)
    ]
    assert steps[0] < steps[1] < steps[2] < 2000
    # The rule again: an average of the mean inertias, all but the first, of about an epoch.
    X, _, rows = data(1000, 3)
    centers, counts, smoothed, least, stale, steps = rows(4), np.zeros(4), None, np.inf, 0, 0
    model = MiniBatchKMeans(
        4, init=centers.copy(), batch_size=100, random_state=0, reassignment_ratio=0
    ).fit(X)
    while stale < 10:
        start = steps % 10 * 100
        batch = _core.permutation(1000, 0, steps // 10)[start : start + 100]
        inertia = _reference.kmeans_step(X[batch], np.ones(100), centers, counts) / 100
        steps += 1
        if steps > 1:
            share = 200 / 1001
            smoothed = smoothed * (1 - share) + inertia * share if smoothed else inertia
            stale = 0 if smoothed < least else stale + 1
            least = min(smoothed, least)
    assert model.n_steps_ == steps
    estimate = clone(model).set_params(compute_labels=False).fit(X).inertia_
    np.testing.assert_allclose(estimate, smoothed * 1000)


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
def test_a_fit_ends_when_the_centers_hardly_move(form):
    X, _, rows = data(1000, 3)
    X *= [1, 10, 100]
    start, tol = rows(4), 1e-3
    model = MiniBatchKMeans(4, init=start, tol=tol, batch_size=100, max_no_improvement=None)
    model.set_params(random_state=0, reassignment_ratio=0).fit(form(X))
    centers, counts, moved, steps = start.copy(), np.zeros(4), np.inf, 0
    while moved > tol * X.var(axis=0).mean() or steps < 2:
        before = centers.copy()
        first = steps % 10 * 100
        batch = _core.permutation(1000, 0, steps // 10)[first : first + 100]
        _reference.kmeans_step(X[batch], np.ones(100), centers, counts)
        moved = ((centers - before) ** 2).sum()
        steps += 1
    assert model.n_steps_ == steps


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
def test_centers_of_low_counts_take_the_places_of_rows(form):
    X, y = blobs(spread=0.3, k=3)
    start = np.vstack([X[y == 0][:2], X[y == 1][:1]])
    start[1] += 1e3  # nobody's
    stuck = MiniBatchKMeans(3, init=start, batch_size=100, reassignment_ratio=0, random_state=0)
    assert (stuck.fit(form(X)).cluster_centers_[1] == start[1]).all()
    for size in (100, "full"):
        model = clone(stuck).set_params(reassignment_ratio=0.01, batch_size=size).fit(form(X))
        assert len(np.unique(model.labels_)) == 3
    model = clone(stuck).set_params(reassignment_ratio=0.01).partial_fit(form(X))
    assert (model.cluster_centers_[1] == X).all(axis=1).any()
    assert model._counts[1] == model._counts[[0, 2]].min()


def test_no_more_than_half_a_batch_is_taken_for_centers():
    X, _, rows = data(100, 2)
    start = np.vstack([rows(1), 1e3 + np.arange(18).reshape(9, 2)])
    model = MiniBatchKMeans(10, init=start, random_state=0)
    centers = clone(model).partial_fit(X[:12]).cluster_centers_
    assert (centers == start).all(axis=1).sum() == 3  # but one moved and six taken
    one = clone(model).set_params(batch_size=1, max_iter=1).fit(X)
    np.testing.assert_array_equal(one.cluster_centers_[1:], start[1:])


def test_the_center_of_the_highest_count_stays():
    X, _, rows = data(100, 2)
    model = MiniBatchKMeans(10, init=rows(10), reassignment_ratio=9.0, random_state=0)
    model.partial_fit(X)
    on_rows = (model.cluster_centers_[:, np.newaxis] == X).all(axis=2).any(axis=1)
    assert on_rows.sum() == 9


# --- partial_fit and weights ----------------------------------------------------------------------


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
def test_partial_fits_that_are_saved_between_give_the_same_bits(form):
    X, _ = blobs(spread=4)
    whole = MiniBatchKMeans(12, random_state=0, reassignment_ratio=0.3)
    cut = clone(whole)
    for start in range(0, 2000, 40):
        whole.partial_fit(form(X[start : start + 40]))
        cut = pickle.loads(pickle.dumps(cut)).partial_fit(form(X[start : start + 40]))
    assert whole.cluster_centers_.tobytes() == cut.cluster_centers_.tobytes()
    assert whole.n_steps_ == cut.n_steps_ == 50


def test_partial_fit_takes_batches_of_any_size():
    X, y = blobs(spread=0.5, k=3)
    model = MiniBatchKMeans(3, random_state=0).partial_fit(X[:300])
    for x in X[300:600]:
        model.partial_fit(x[np.newaxis])
    model.partial_fit(X[600:])
    assert model._counts.sum() == 2000
    assert adjusted_rand_score(y, model.predict(X)) == 1
    assert len(model.labels_) == 1400


def test_partial_fit_goes_on_from_a_fit():
    X, _ = blobs()
    model = MiniBatchKMeans(5, random_state=0).fit(X)
    before, steps, seen = model.cluster_centers_.copy(), model.n_steps_, model._counts.sum()
    model.partial_fit(X[:1] + 1)
    assert model.n_steps_ == steps + 1
    assert model._counts.sum() == seen + 1
    assert 0 < np.abs(model.cluster_centers_ - before).max() < 0.01


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
def test_rows_of_weight_0_are_as_if_left_out(form):
    X, _ = blobs(spread=4)
    weight = np.arange(2000) % 3.0
    for how in ({}, {"batch_size": 50}, {"batch_size": "full"}, {"init": "random"}, {"tol": 1e-3}):
        model = MiniBatchKMeans(5, random_state=0, **how)
        all_rows = clone(model).fit(form(X), sample_weight=weight)
        some = clone(model).fit(form(X[weight > 0]), sample_weight=weight[weight > 0])
        assert all_rows.cluster_centers_.tobytes() == some.cluster_centers_.tobytes()
        assert all_rows.inertia_ == pytest.approx(some.inertia_, rel=1e-14)
        assert len(all_rows.labels_) == 2000


@pytest.mark.parametrize("how", [{}, {"batch_size": "full"}])
def test_weights_count_as_rows(how):
    X, weight, rows = data(200, 3)
    start = rows(4)
    model = MiniBatchKMeans(4, init=start, max_iter=1, **how)
    weighted = clone(model).fit(X, sample_weight=weight)
    repeated = clone(model).fit(np.repeat(X, weight.astype(int), axis=0))
    np.testing.assert_allclose(weighted.cluster_centers_, repeated.cluster_centers_, atol=1e-13)
    assert weighted.inertia_ == pytest.approx(repeated.inertia_)
    np.testing.assert_array_equal(weighted._counts, repeated._counts)


def test_score_is_minus_the_inertia():
    X, weight, _ = data(300, 4)
    model = MiniBatchKMeans(5, random_state=0).fit(X, sample_weight=weight)
    assert model.score(X, sample_weight=weight) == -model.inertia_
    np.testing.assert_array_equal(model.transform(X).argmin(axis=1), model.labels_)
    np.testing.assert_array_equal(model.fit_transform(X, sample_weight=weight), model.transform(X))
    assert list(model.get_feature_names_out()) == [f"minibatchkmeans{k}" for k in range(5)]


# --- What it must bear ----------------------------------------------------------------------------


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("how", [{}, {"batch_size": 1}, {"batch_size": "full"}, {"init": "random"}])
def test_rows_that_are_all_the_same_make_clusters_on_one_point(form, how):
    X = np.full((20, 3), 0.1)
    model = MiniBatchKMeans(4, random_state=0, **how).fit(form(X))
    np.testing.assert_allclose(model.cluster_centers_, X[:4], rtol=1e-15)
    assert model.inertia_ == pytest.approx(0, abs=1e-14)


@pytest.mark.parametrize("how", [{}, {"batch_size": 3}, {"batch_size": "full"}])
def test_more_clusters_than_distinct_rows_are_borne(how):
    X = np.repeat([[0.0, 0], [1, 1], [5, 5]], 10, axis=0)
    model = MiniBatchKMeans(8, random_state=0, **how).fit(X)
    assert model.inertia_ == 0
    assert np.isfinite(model.cluster_centers_).all()


def test_one_cluster_is_the_mean():
    X, weight, _ = data(1000, 5)
    for size in (1, 64, 5000, "full"):
        model = MiniBatchKMeans(1, batch_size=size, max_iter=1, random_state=0)
        model.set_params(max_no_improvement=None).fit(X, sample_weight=weight)
        np.testing.assert_allclose(
            model.cluster_centers_[0], np.average(X, axis=0, weights=weight), atol=1e-12
        )


def test_as_many_clusters_as_rows_are_the_rows():
    X, _, _ = data(12, 3)
    model = MiniBatchKMeans(12, random_state=0).fit(X)
    assert model.inertia_ == 0
    assert sorted(model.labels_) == list(range(12))


def test_rows_of_zeros_are_rows():
    X = sparse.csr_array(np.vstack([np.zeros((50, 6)), np.eye(6).repeat(20, axis=0)]))
    model = MiniBatchKMeans(7, random_state=0, batch_size="full").fit(X)
    assert model.inertia_ == pytest.approx(0, abs=1e-12)
    assert len(set(model.predict(X[:50]))) == 1


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
def test_numbers_that_are_not_finite_are_told_of_and_nothing_changes(value, form):
    X, _ = blobs()
    bad = X.copy()
    bad[1500, 3] = value
    model = MiniBatchKMeans(5, random_state=0)
    with pytest.raises(ValueError, match=r"Input X contains (NaN|infinity)"):
        model.fit(form(bad))
    assert not hasattr(model, "n_features_in_")
    model.fit(X)
    before = pickle.dumps(vars(model))
    for call in (model.fit, model.partial_fit, model.predict, model.transform, model.score):
        with pytest.raises(ValueError, match="Input X contains"):
            call(form(bad))
    assert pickle.dumps(vars(model)) == before


def test_distances_that_overflow_are_told_of():
    X, _ = blobs(dtype=np.float32)
    model = MiniBatchKMeans(5, random_state=0)
    for call in (model.fit, model.partial_fit):
        with pytest.raises(ValueError, match="X holds numbers so large"):
            call(X * np.float32(1e30))
    assert not hasattr(model, "cluster_centers_")
    MiniBatchKMeans(5, random_state=0).fit(X.astype(float) * 1e30)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"n_clusters": 0}, "'n_clusters'"),
        ({"batch_size": 0}, "'batch_size'"),
        ({"batch_size": "half"}, "'batch_size'"),
        ({"init": "nearest"}, "'init'"),
        ({"tol": -1}, "'tol'"),
        ({"reassignment_ratio": -1}, "'reassignment_ratio'"),
        ({"n_clusters": 2001}, "n_samples=2000 should be >= n_clusters=2001"),
        (
            {"init": np.zeros((4, 8))},
            r"initial centers \(4, 8\) does not match the number of clusters 5",
        ),
        (
            {"init": np.zeros((5, 7))},
            r"centers \(5, 7\) does not match the number of features of the data 8",
        ),
        ({"init": np.full((5, 8), np.nan)}, "Input init contains NaN"),
        ({"init": lambda X, k, random_state: X[:2]}, r"initial centers \(2, 8\) does not"),
    ],
)
def test_wrong_parameters_are_named(how, message):
    X, _ = blobs()
    model = MiniBatchKMeans(**{"n_clusters": 5, **how})
    for call in (model.fit, model.partial_fit):
        with pytest.raises(ValueError, match=message):
            call(X)
    assert vars(model) == vars(clone(model)) | {"init": model.init}


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (np.zeros(2000), "at least one non-zero"),
        (np.full(2000, -1), "sample_weight must not hold negative numbers"),
        (np.full(2000, np.nan), "Input sample_weight contains NaN"),
        (np.ones(3), r"sample_weight.shape == \(3,\)"),
        (np.arange(2000) > 1996, "n_samples=3 should be >= n_clusters=5. Rows of weight 0"),
    ],
)
def test_wrong_weights_are_named(weight, message):
    X, _ = blobs()
    model = MiniBatchKMeans(5)
    for call in (model.fit, model.partial_fit):
        with pytest.raises(ValueError, match=message):
            call(X, sample_weight=weight)


def test_other_features_than_before_are_refused():
    X, _ = blobs()
    model = MiniBatchKMeans(5, random_state=0).fit(X)
    for call in (model.partial_fit, model.predict, model.transform, model.score):
        with pytest.raises(
            ValueError, match="X has 7 features, but MiniBatchKMeans is expecting 8"
        ):
            call(X[:, :7])
    model.n_clusters = 6
    with pytest.raises(ValueError, match=r"cluster_centers_ must have the shape \(6, 8\)"):
        model.partial_fit(X)


def test_columns_outside_of_the_matrix_are_refused(monkeypatch):
    X = sparse.csr_array(np.eye(4))
    model = MiniBatchKMeans(2, random_state=0).fit(X)
    X.indices[2] = 9
    # An array that scipy made of such a row would be written beyond its end.
    monkeypatch.setattr(sparse.csr_array, "toarray", lambda *_: pytest.fail("was made an array"))
    for seed in range(20):
        with pytest.raises(ValueError, match="column indices outside of"):
            MiniBatchKMeans(2, random_state=seed).fit(X)
    for call in (model.partial_fit, model.predict, model.transform, model.score):
        with pytest.raises(ValueError, match="column indices outside of"):
            call(X)
    X.indices[2] = -1
    with pytest.raises(ValueError, match="column indices outside of"):
        _core.Clusters(X, np.zeros((2, 4)), np.zeros(2))


def test_the_door_refuses_what_does_not_fit():
    X, _, rows = data(20, 3)
    with pytest.raises(ValueError, match="centers must hold 6 numbers"):
        _core.Clusters(X, np.zeros((2, 4)), np.zeros(2))
    with pytest.raises(ValueError, match="counts must hold 2 numbers"):
        _core.Clusters(X, rows(2), np.zeros(3))
    with pytest.raises(ValueError, match="sample_weight must hold 20 numbers"):
        _core.Clusters(X, rows(2), np.zeros(2), sample_weight=np.ones(3))
    with pytest.raises(ValueError, match="batch_size must be positive"):
        _core.Clusters(X, rows(2), np.zeros(2), batch_size=0)
    clusters = _core.Clusters(X, rows(2), np.zeros(2), full=True, batch_size=20)
    with pytest.raises(ValueError, match="order must hold rows below 20, got 20"):
        clusters.run(np.array([20], np.uint32))
    with pytest.raises(ValueError, match="order must hold at most 20 rows, got 21"):
        clusters.run(np.zeros(21, np.uint32))
    with pytest.raises(ValueError, match="start must not be negative"):
        clusters.run(None, -1)


def test_warnings_are_those_of_scikit_learn():
    X, _ = blobs()
    with pytest.warns(RuntimeWarning, match="performing only one init"):
        MiniBatchKMeans(5, init=X[:5], n_init=3).fit(X)
    with pytest.warns(RuntimeWarning, match="init_size=3 should be larger than n_clusters=5"):
        MiniBatchKMeans(5, init_size=3).fit(X)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        MiniBatchKMeans(5, max_iter=1).fit(X)


def test_a_fit_does_not_change_what_it_is_given():
    X, _ = blobs()
    start = X[:5].copy()
    model = MiniBatchKMeans(5, init=start, random_state=0)
    rows, weight = X.copy(), np.ones(len(X))
    first = model.fit(rows, sample_weight=weight).cluster_centers_
    before = first.copy()
    model.partial_fit(rows)
    np.testing.assert_array_equal(first, before)
    np.testing.assert_array_equal(rows, X)
    np.testing.assert_array_equal(start, X[:5])


def test_a_bar_shows_the_epochs(capsys):
    X, _ = blobs()
    MiniBatchKMeans(5, max_iter=3, verbose=1, random_state=0).fit(X)
    assert "MiniBatchKMeans" in capsys.readouterr().err


@pytest.fixture
def interruptible():
    """Ctrl-C raises KeyboardInterrupt, also where a shell runs the tests in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_is_heard_within_a_batch(dtype, interruptible):
    X = np.broadcast_to(dtype(1), (100_000, 2000))
    clusters = _core.Clusters(X, np.ones((2000, 2000), dtype), np.zeros(2000), batch_size=len(X))
    for call in (clusters.run, clusters.assign):
        timer = threading.Timer(0.05, _thread.interrupt_main)
        timer.start()
        start = time.perf_counter()
        with pytest.raises(KeyboardInterrupt):
            call()
        assert time.perf_counter() - start < 3  # the whole takes ten times as long
    assert clusters.n_steps == 0


def test_fits_in_two_threads_are_right():
    problems = [blobs(20_000, seed=seed)[0] for seed in range(2)]

    def fit(X):
        return MiniBatchKMeans(5, random_state=0).fit(X).cluster_centers_.tobytes()

    expected, found = [fit(X) for X in problems], [b"", b""]

    def run(k):
        found[k] = fit(problems[k])

    threads = [threading.Thread(target=run, args=(k,)) for k in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == expected


def test_entries_of_the_same_place_add_up():
    parts = sparse.csr_matrix(([1.0, 2, 3], [0, 0, 1], [0, 2, 3, 3]), shape=(3, 2))
    init = np.array([[3.0, 0], [0, 1.5]])
    model = MiniBatchKMeans(2, init=init, n_init=1, random_state=0).fit(parts.toarray())
    np.testing.assert_allclose(model.transform(parts), model.transform(parts.toarray()))


# Sources.


def test_one_window_of_a_source_is_a_fit_in_memory(tmp_path):
    X, _ = make_blobs(2000, 5, centers=4, random_state=0)
    np.save(tmp_path / "X.npy", X)
    source = open_source(tmp_path / "X.npy", memory=2**20)
    for batch_size in (100, "full"):
        model = MiniBatchKMeans(4, random_state=0, batch_size=batch_size)
        wanted = model.fit(X).cluster_centers_.copy()
        np.testing.assert_array_equal(model.fit(source).cluster_centers_, wanted)


@pytest.mark.parametrize("compute_labels", [True, False])
def test_many_windows_find_the_clusters_that_one_finds(tmp_path, compute_labels):
    X, y = make_blobs(20_000, 5, centers=4, random_state=0)
    X = X[np.argsort(y)]
    np.save(tmp_path / "X.npy", X)
    source = open_source(tmp_path / "X.npy", memory=2**17)
    assert source.n_windows > 20
    model = MiniBatchKMeans(4, random_state=0, compute_labels=compute_labels).fit(source)
    assert adjusted_rand_score(np.sort(y), model.predict(X)) > 0.99
    assert model.inertia_ == pytest.approx(-model.score(X), rel=1e-9 if compute_labels else 0.2)
    if compute_labels:
        np.testing.assert_array_equal(model.labels_, model.predict(X))


def test_what_a_source_cannot_be_for_clusters_is_told():
    blocks = [(np.ones((30, 2)), None)] * 9
    with pytest.raises(ValueError, match="batch_size cannot be 'full'"):
        MiniBatchKMeans(batch_size="full").fit(open_source(blocks))
    with pytest.raises(ValueError, match="gone over more than once"):
        MiniBatchKMeans().fit(open_source(iter(blocks)))
    with pytest.raises(ValueError, match="n_samples=30 should be >= n_clusters=31"):
        MiniBatchKMeans(31).fit(open_source(blocks))
