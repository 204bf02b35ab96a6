"""The claims of the gallery, in numbers, from the examples' own variables."""

import ast
import functools
import runpy
from pathlib import Path
from types import SimpleNamespace

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.animation import Animation

from fastopt import optim, schedules
from fastopt.datasets import beale

GALLERY = Path(__file__).parent.parent / "examples" / "gallery"


@functools.cache
def example(name):
    """Run an example, once; return its variables, and its pictures as `pictures`."""
    (path,) = GALLERY.glob(f"plot_*_{name}.py")
    with plt.rc_context():
        variables = runpy.run_path(str(path))
    pictures = [plt.figure(number) for number in plt.get_fignums()]
    for picture in pictures:
        picture.canvas.draw()
    plt.close("all")
    return SimpleNamespace(**variables, pictures=pictures)


def ratios(values):
    values = np.asarray(values)
    return values[1:] / values[:-1]


EXAMPLES = sorted(GALLERY.glob("plot_*.py"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_short_names_its_source_and_draws_one_picture_beside_what_moves(path):
    module = ast.parse(path.read_text(encoding="utf-8"))
    assert "Source:" in ast.get_docstring(module)
    statements = [node for node in ast.walk(module) if isinstance(node, ast.stmt)]
    assert len(statements) < 32  # some 30 lines: docstrings are statements, and a table is one
    run = example(path.stem.split("_", 2)[2])
    assert len(run.pictures) == 1 + sum(isinstance(v, Animation) for v in vars(run).values())


def test_incremental_updates_do_more_in_one_epoch_than_the_batch_method_in_fifty():
    run = example("batch_and_incremental")
    assert run.batch.t_ - 1 == 50
    assert run.incremental.t_ - 1 == 50 * len(run.X)
    after_one = run.incremental.history_[0]["validation_loss"]
    assert after_one < min(row["validation_loss"] for row in run.batch.history_)


def test_incremental_updates_reach_in_a_fifth_of_the_time_what_the_batch_method_does():
    run = example("batch_and_incremental")
    goal = min(row["validation_loss"] for row in run.batch.history_)

    def seconds(model):
        epochs = 1 + [row["validation_loss"] <= goal for row in model.history_].index(True)
        return epochs * np.median([row["seconds"] for row in model.history_])

    assert seconds(run.incremental) < seconds(run.batch) / 5


def test_a_fixed_order_ends_in_a_cycle_and_fresh_permutations_do_not():
    run = example("order")
    np.testing.assert_allclose(run.fixed[-1], run.fixed[-2], rtol=0, atol=1e-12)
    assert np.ptp(run.fixed[-1], axis=0).min() > 0.1  # a cycle, not a point
    assert abs(run.shuffled[-1] - run.shuffled[-2]).max() > 0.01


def test_the_ends_of_epochs_are_biased_in_a_fixed_order_and_not_with_permutations():
    run = example("order")
    bias = {
        name: np.linalg.norm(getattr(run, name)[:, -1].mean(axis=0) - run.optimum)
        for name in ("fixed", "shuffled")
    }
    assert bias["shuffled"] < bias["fixed"] / 10


def test_sgd_with_the_rate_1_over_k_is_the_mean_of_the_stream():
    run = example("rates")
    means = run.y.cumsum() / np.arange(1, len(run.y) + 1)
    np.testing.assert_allclose(run.paths["1 / k^1"], means, rtol=0, atol=1e-12)


def test_a_constant_rate_has_a_variance_of_its_own_for_ever():
    run = example("rates")
    variance = run.paths["0.1"][100:].var()
    assert variance == pytest.approx(0.1 / (2 - 0.1), rel=0.25)  # of samples of variance 1
    assert run.paths["1 / k^1"][500:].var() < variance / 50


def test_robbins_and_monro_are_told_right_by_the_partial_sums():
    run = example("rates")
    decades = np.searchsorted(run.k, [10**4, 10**5, 10**6])
    verdicts = set()
    for name, lr in run.RATES.items():
        verdict = schedules.satisfies_robbins_monro(lr)
        for place, converges in zip("rs", (not verdict[0], verdict[1]), strict=True):
            first, second = np.diff(run.sums[name, place][decades])
            assert (second < 0.9 * first or first == 0) == converges
        verdicts.add(tuple(verdict))
    assert len(verdicts) == 3


def test_the_batch_method_converges_linearly_at_the_rate_of_theory():
    run = example("strongly_convex")
    assert run.slope_batch == pytest.approx(2 * np.log(1 - run.mu / run.L), rel=1e-3)


def test_sgd_with_the_rate_1_over_k_converges_as_1_over_k():
    run = example("strongly_convex")
    assert run.slope_sgd == pytest.approx(-1, abs=0.1)


def test_the_gradient_of_a_batch_is_unbiased():
    run = example("mini_batch")
    exact = run.one.mean(axis=0)
    for gradients in run.gradients.values():
        error = np.linalg.norm(gradients.mean(axis=0) - exact)
        assert error < 2 * np.sqrt(gradients.var(axis=0).sum() / len(gradients))


def test_the_variance_of_the_gradient_falls_as_1_over_b():
    run = example("mini_batch")
    for b, gradients in run.gradients.items():
        assert gradients.var(axis=0).sum() == pytest.approx(run.one.var(axis=0).sum() / b, rel=0.2)


def test_larger_batches_need_fewer_updates_until_the_rate_can_grow_no_more():
    run = example("mini_batch")
    samples = run.updates * run.sizes
    np.testing.assert_allclose(ratios(run.updates[:5]), 1 / 4, rtol=0.2)
    assert samples[-1] > 10 * samples[0]
    assert run.seconds[-1] > 3 * run.seconds[:5].min()


@pytest.mark.parametrize("name", ["SGD", "mini-batch of 64"])
def test_k_means_gets_further_in_a_pass_by_sgd_than_by_the_batch_method_in_four(name):
    run = example("k_means")
    assert run.runs[name][:, 1].max() < run.runs["batch"][:, 4].min()


def test_where_k_means_ends_depends_on_the_order_unless_it_is_the_batch_method():
    runs = example("k_means").runs
    assert all((np.diff(curves, axis=1) < 0).all() for curves in runs.values())
    assert np.ptp(runs["batch"], axis=0).max() == 0
    for name in ("SGD", "mini-batch of 64"):
        assert np.ptp(runs[name][:, 0]) == 0  # one and the same start
        assert np.ptp(runs[name][:, -1]) > 0.05 * runs["batch"][0, -1]
        assert len(set(runs[name][:, -1].round(3))) > 10


def test_momentum_and_nesterov_cross_a_narrow_bowl_in_fewer_updates():
    run = example("momentum")
    last = {name: losses[-20:].max() for name, losses in run.losses.items()}
    assert max(last["momentum"], last["Nesterov"]) < 1e-6 * last["batch"]
    assert last["mini-batch"] == pytest.approx(last["batch"], rel=2)
    assert last["SGD"] > 100 * last["batch"]


def test_nesterov_swings_less_than_momentum():
    run = example("momentum")
    swing = {name: abs(run.paths[name][1:, 1]).max() for name in ("momentum", "Nesterov")}
    assert swing["Nesterov"] < swing["momentum"] / 2


def test_five_gradients_come_to_what_can_be_worked_out_by_hand():
    run = example("five_steps")
    assert run.total.tolist() == [6.5, 1.5]
    assert run.travelled.tolist() == [6.5, 11.5]
    np.testing.assert_allclose(run.rms**2, [9.25 / 5, 27.75 / 5])


def test_adagrad_and_rmsprop_make_their_rates_of_the_five_gradients():
    run = example("five_steps")
    np.testing.assert_allclose(run.adagrad[-1], [9.25**-0.5, 27.75**-0.5])
    forgetting = 0.1 * 0.9 ** np.arange(4, -1, -1)
    np.testing.assert_allclose(run.rmsprop[-1] ** -2, forgetting @ run.gradients**2)
    assert (run.adagrad[:, 1] < run.adagrad[:, 0]).all()
    assert (run.rmsprop[:, 1] < run.rmsprop[:, 0]).all()
    assert (np.diff(run.adagrad, axis=0) < 0).all()


def test_a_corrected_step_of_adam_is_as_long_as_the_learning_rate():
    np.testing.assert_allclose(example("adam_bias").corrected, 1, rtol=1e-7)


@pytest.mark.parametrize(("name", "beta2"), [("uncorrected", 0.999), ("short", 0.9)])
def test_an_uncorrected_step_of_adam_is_as_long_as_the_biases_make_it(name, beta2):
    run = example("adam_bias")
    expected = (1 - 0.9**run.t) / np.sqrt(1 - beta2**run.t)
    np.testing.assert_allclose(getattr(run, name), expected, rtol=1e-6)


def test_first_steps_of_adam_without_correction_are_too_long_or_too_short():
    run = example("adam_bias")
    assert 6 < run.uncorrected.max() < 7
    assert run.short[0] == pytest.approx(0.1**0.5)


@pytest.mark.parametrize("name", optim.OPTIMIZERS)
def test_an_optimizer_arrives_at_the_minimum_of_beale(name):
    run = example("beale")
    assert sum(name in names for names in run.FAMILIES.values()) == 1
    assert np.linalg.norm(run.paths[name][-1] - beale.minima[0]) < 0.1


def test_what_is_called_rate_free_is_given_no_rate():
    run = example("beale")
    for name in run.FAMILIES["rate-free"]:
        assert run.AS_IT_IS[name] is None


def length(path):
    return np.linalg.norm(np.diff(path, axis=0), axis=1).sum()


def test_momentum_swings_where_sgd_creeps_and_adagrad_takes_a_shorter_way():
    paths = example("beale").paths
    assert length(paths["adagrad"]) < 0.9 * length(paths["sgd"])
    assert length(paths["momentum"]) > 2 * length(paths["sgd"])
    assert paths["momentum"][:, 1].min() < -0.5 < 0 < paths["sgd"][:, 1].min()

    def arrival(name):
        return np.flatnonzero(np.linalg.norm(paths[name] - beale.minima[0], axis=1) > 0.1)[-1]

    assert arrival("sgd") > 2 * arrival("momentum")


def test_the_first_step_on_beale_is_down_the_wall_and_those_of_signum_are_diagonal():
    paths = example("beale").paths
    assert paths["sgd"][1, 0] == 1
    assert paths["sgd"][1, 1] < 0.2
    sizes = abs(np.diff(paths["signum"], axis=0)[1:])
    np.testing.assert_allclose(sizes[:, 0], sizes[:, 1], atol=1e-12)


def test_the_animation_ends_with_all_of_every_path():
    run = example("beale")
    run.draw(run.steps)
    for name, line in run.lines.items():
        assert np.array_equal(line.get_xydata(), run.paths[name])
    assert list(run.animation.new_saved_frame_seq())[-1] == run.steps
    run.draw(40)
    assert len(run.lines["sgd"].get_xydata()) == 41


def test_every_schedule_is_on_the_sheet():
    kinds = {name for name in schedules.__all__ if hasattr(getattr(schedules, name), "_rate")}
    assert {type(schedule).__name__ for schedule in example("schedules").SHEET} == kinds


def test_every_schedule_that_falls_ends_lower_than_a_constant_rate():
    run = example("schedules")
    end = {name: rows[-1]["validation_loss"] - run.least for name, rows in run.history.items()}
    noise = end.pop("constant")
    assert noise > 0.01
    assert max(end.values()) < noise / 5


def test_a_plateau_of_the_loss_reduces_the_rate():
    rates = [row["lr"] for row in example("schedules").history["ReduceOnPlateau"]]
    drops = ratios(rates)
    assert (drops < 1).sum() >= 3
    np.testing.assert_allclose(drops[drops < 1], 0.3)


def test_a_two_layer_network_tells_moons_apart_that_no_line_does():
    from sklearn.linear_model import LogisticRegression

    run = example("two_layers")
    _, p = run.forward(run.X)
    assert ((p[:, 0] > 0.5) == run.y).mean() > 0.985
    assert LogisticRegression().fit(run.X, run.y).score(run.X, run.y) < 0.92
    assert run.losses[-1] < run.losses[0] / 10


def test_softmax_regression_tells_unseen_digits():
    run = example("digits")
    assert run.accuracy > 0.94


def test_the_weights_of_a_digit_speak_for_its_own_mean_picture():
    run = example("digits")
    means = np.array([run.X_train[run.y_train == digit].mean(axis=0) for digit in range(10)])
    assert (means @ run.softmax.coef_.T).argmax(axis=0).tolist() == list(range(10))
    assert run.softmax.coef_[0].reshape(8, 8)[3:5, 3:5].mean() < -0.5  # the hole of the 0
