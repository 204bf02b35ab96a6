"""Every parameter of an estimator, and every argument of a source, has an option."""

import inspect
from numbers import Real

import pytest
import rich_click as click
from sklearn.utils._param_validation import Interval

from fastopt.cli import options, train
from fastopt.data import open_source
from fastopt.linear_model import SGDClassifier


@pytest.fixture(scope="module")
def of_train():
    context = click.RichContext(train.command)
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
