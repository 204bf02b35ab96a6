"""Every parameter of an estimator, and every argument of a source, has an option."""

import inspect
from numbers import Real

import pytest
import rich_click as click
from sklearn.utils._param_validation import Interval

from fastopt.cli import options, train
from fastopt.cli.values import SCHEDULES
from fastopt.data import open_source
from fastopt.data.open import FORMATS
from fastopt.linear_model import SGDClassifier


@pytest.fixture(scope="module")
def of_train():
    context = click.RichContext(train.command, help_option_names=["-h", "--help"])
    return {param.name: param for param in train.command.get_params(context)}


@pytest.mark.parametrize("of", options.ESTIMATORS)
def test_every_parameter_of_an_estimator_has_an_option_that_is_explained(of, of_train):
    for name in inspect.signature(options.estimators()[of]).parameters:
        if name not in options.NOT_OPTIONS:
            assert of_train[name].opts == [f"--{name.replace('_', '-')}"]
            assert len(of_train[name].help.split("Default:")[0]) > 10


def test_every_argument_of_a_source_has_an_option(of_train):
    names = set(inspect.signature(open_source).parameters) - {"data", "like"}
    assert names <= of_train.keys()


class Doubting(SGDClassifier):
    """A classifier with a parameter more.

    Parameters
    ----------
    doubt : float
        How much it ``doubts``. More is said here.
    """

    _parameter_constraints = {  # noqa: RUF012
        **SGDClassifier._parameter_constraints,
        "doubt": [Interval(Real, 0, 1, closed="both")],
    }

    def __init__(self, loss="hinge", *, doubt=0.5):
        super().__init__(loss)
        self.doubt = doubt


def test_a_parameter_that_is_added_to_an_estimator_gets_an_option():
    made = {each.name: each for each in options.estimator_options({"doubting": Doubting})}
    assert made["doubt"].opts == ["--doubt"]
    assert made["doubt"].help == "How much it doubts. Default: 0.5."


def test_a_truth_value_is_a_pair_of_flags(of_train):
    assert of_train["shuffle"].opts == ["--shuffle"]
    assert of_train["shuffle"].secondary_opts == ["--no-shuffle"]


def test_help_tells_the_default_and_where_it_is_another(of_train):
    assert of_train["max_iter"].help.endswith("Default: 1000; kmeans: 100.")


@pytest.mark.parametrize(
    ("name", "typed", "completed"),
    [
        (
            "optimizer",
            "ada",
            ["adabelief", "adadelta", "adagrad", "adam", "adamax", "adamw", "adan"],
        ),
        ("penalty", "", ["elasticnet", "l1", "l2", "none"]),
        ("format", "p", ["parquet"]),
        ("learning_rate", "co", ["constant", "cosine", "cosine_restarts"]),
    ],
)
def test_names_are_completed(name, typed, completed, of_train):
    context = click.RichContext(train.command)
    found = [item.value for item in of_train[name].shell_complete(context, typed)]
    assert found == completed


def test_the_parameters_of_a_docstring_are_found():
    told = options.described(open_source)
    assert told["target"][0] == "str, path or array-like"
    assert told["memory"][1].startswith("Bytes that the source takes at most")
    assert set(told) == set(inspect.signature(open_source).parameters)
    assert options.described(SGDClassifier)["warm_start"][0] == "bool"


def test_data_come_before_models_and_the_target_first(of_train):
    panels = list(dict.fromkeys(param.panel for param in of_train.values()))
    assert panels[-4:] == ["Data", "Model", "One-class SVM", "K-means"]
    assert next(name for name, param in of_train.items() if param.panel == "Data") == "target"


def test_options_of_one_estimator_are_told_together(of_train):
    assert {of_train[name].panel for name in ("n_clusters", "reassignment_ratio")} == {"K-means"}
    assert of_train["nu"].panel == "One-class SVM"
    assert of_train["tol"].panel == "Model"


def test_help_names_all_schedules(of_train):
    for name in SCHEDULES:
        assert name in of_train["learning_rate"].help


def test_help_names_all_endings(of_train):
    for _, _, endings in FORMATS.values():
        for ending in endings:
            assert ending in of_train["format"].help


@pytest.mark.parametrize(
    ("name", "typed", "completed"),
    [
        ("target", "a", ["age", "area, net"]),
        ("features", "city,a", ["city,age", "city,area, net"]),
        ("categorical", "c", ["city"]),
        ("sample_weight", "x", []),
    ],
)
def test_columns_are_completed(name, typed, completed, of_train, tmp_path):
    (tmp_path / "rows.csv").write_text('age,city,"area, net"\n1,oslo,2\n')
    context = click.RichContext(train.command)
    context.params["data"] = str(tmp_path / "rows.csv")
    found = of_train[name].shell_complete(context, typed)
    assert [item.value for item in found] == completed


@pytest.mark.parametrize("data", ["rows.npy", "nothing.csv", None])
def test_files_are_completed_where_there_are_no_columns(data, of_train):
    context = click.RichContext(train.command)
    context.params["data"] = data
    [item] = of_train["target"].shell_complete(context, "y")
    assert (item.value, item.type) == ("y", "file")
