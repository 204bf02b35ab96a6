"""Options of the command line, made of the parameters of estimators and sources."""

import importlib
import inspect
import re
from ast import literal_eval
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

import rich_click as click

from fastopt.cli.columns import COLUMNS, columns
from fastopt.cli.meant import meant
from fastopt.cli.values import READERS, SCHEDULES, ScheduleOf, plain

ESTIMATORS = {
    "classifier": ("linear_model", "SGDClassifier"),
    "regressor": ("linear_model", "SGDRegressor"),
    "one-class": ("linear_model", "SGDOneClassSVM"),
    "perceptron": ("linear_model", "Perceptron"),
    "kmeans": ("cluster", "MiniBatchKMeans"),
}
#: Parameters that a command has no use for: --quiet decides on the bar, --resume goes on.
NOT_OPTIONS = ("verbose", "warm_start", "n_jobs")
#: Options of one estimator alone are told together.
GROUPS: dict[tuple[str, ...], str] = {("kmeans",): "K-means", ("one-class",): "One-class SVM"}
#: Options that are called otherwise elsewhere.
CALLED = {"--lr": "--learning-rate, or --eta0"}
#: Options that may be given more than once, for all that is told.
LISTS = ("categorical", "class_weight", "classes", "features")
#: How values are written that are more than a name or a number.
NOTATIONS = {
    "average": "Written true, false, or the number of an update",
    "bounds": "Written LOW,HIGH, either of which may be none",
    "categorical": "Written city=onehot,user=262144",
    "class_weight": "Written balanced or LABEL:WEIGHT,...",
    "classes": "Written A,B,...",
    "features": "Written A,B,...",
    "learning_rate": "A name, or a schedule, written cosine:0.01 or cosine:0.01,final=0.001; steps "
    "that it is not told are all those of the training",
    "memory": "Written 128MB or 1GiB",
    "optimizer": "Hyper-parameters are written adam:betas=0.8/0.99; with an lr among them the "
    "learning rate is optimal",
}


class Command(click.RichCommand):
    """A command some of whose options are made of what takes long to import: when they are asked
    for.
    """

    def __init__(
        self, *args: Any, made: Iterable[Callable[[], list[click.Option]]], **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self._made = list(made)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments; of options that others call so, tell what they are here."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            if error.option_name not in CALLED:
                raise
            here = CALLED[error.option_name]
            raise click.UsageError(
                f"No such option {error.option_name!r}. Did you mean {here}?", ctx
            ) from None

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return all options."""
        while self._made:
            self.params += self._made.pop(0)()
        return super().get_params(ctx)


@cache
def estimators() -> dict[str, type]:
    """Return the classes of the models that can be trained, by the names they have here."""
    return {
        name: getattr(importlib.import_module(f"fastopt.{module}"), kind)
        for name, (module, kind) in ESTIMATORS.items()
    }


def described(documented: Any) -> dict[str, tuple[str, str]]:
    """Return what a numpydoc docstring says of the parameters: for each the type and the text."""
    _, _, section = (inspect.getdoc(documented) or "").partition("\nParameters\n----------\n")
    section = re.split(r"\n\n\w+\n---", section)[0]
    told: dict[str, tuple[str, str]] = {}
    for head, text in re.findall(r"^(\w.*)\n((?:[ ].*\n?|\n)*)", section, re.MULTILINE):
        names, _, kind = head.partition(" : ")
        told |= dict.fromkeys(names.split(", "), (kind, " ".join(text.split())))
    return told


def first_sentence(text: str) -> str:
    """Return the first sentence of a docstring's text, without its markup."""
    sentence = re.split(r"(?<=[.)])\s+(?=[A-Z\"])|;\s", text.replace("``", ""))[0]
    return sentence.rstrip(".")


def estimator_options(kinds: Mapping[str, type]) -> list[click.Option]:
    """Return an option for each parameter that one of some estimators has."""
    told: dict[str, str] = {}
    for kind in kinds.values():
        for name, (type_, text) in described(kind).items():
            if type_:
                told.setdefault(name, text)
    made = []
    for name in dict.fromkeys(name for kind in kinds.values() for name in parameters(kind)):
        constraints = {
            of: kind._parameter_constraints[name]  # type: ignore[attr-defined]
            for of, kind in kinds.items()
            if name in parameters(kind)
        }
        defaults = {of: parameters(kinds[of])[name] for of in constraints}
        choices = sorted({choice for each in constraints.values() for choice in _choices(each)})
        flag = all(each == ["boolean"] for each in constraints.values())
        if name == "learning_rate":
            choices = sorted({*choices, *SCHEDULES})
        panel = GROUPS.get(tuple(constraints), "Model")
        made.append(_option(name, told.get(name, ""), _defaults(defaults), choices, flag, panel))
    return made


def source_options(left_out: Iterable[str] = ()) -> list[click.Option]:
    """Return an option for each argument of `open_source`, but for some of them."""
    made = []
    arguments = source_arguments()
    for name in sorted(arguments, key=lambda name: name != "target"):
        kind, text = arguments[name]
        if name not in left_out:
            choices = _listed(kind)
            if name == "format":  # with all endings, which are one sentence
                text = text.replace("None is", "By default").replace(";", ",")
            made.append(_option(name, text, None, choices, kind == "bool", "Data"))
    return made


@cache
def source_arguments() -> dict[str, tuple[str, str]]:
    """Return the arguments of `open_source` that are options, as they are described."""
    from fastopt.data import open_source

    told = described(open_source)
    names = inspect.signature(open_source).parameters.keys() - {"data", "like"}
    return {name: told[name] for name in told if name in names}


def _listed(kind: str) -> list[str]:
    """Return the words that the type of an argument in a docstring lists."""
    listed = re.search(r"\{.*?\}", kind)
    return sorted(literal_eval(listed[0])) if listed else []


def parameters(kind: type) -> dict[str, Any]:
    """Return the parameters of an estimator that are options, and their defaults."""
    signature = inspect.signature(kind).parameters
    return {n: p.default for n, p in signature.items() if n not in NOT_OPTIONS}


def read_values(texts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of those options that were given."""
    given = {name: text for name, text in texts.items() if text not in (None, ())}
    return {name: _read(name, text) for name, text in given.items()}


def check_format(data: str, given: Mapping[str, Any]) -> None:
    """Raise the error of usage of standard input without a format."""
    if data == "-" and "format" not in given:
        formats = ", ".join(_listed(source_arguments()["format"][0]))
        raise click.UsageError(f"--format must be given for standard input: {formats}")


def check_values(of: str, values: Mapping[str, Any]) -> None:
    """Raise the error of usage of a value that an estimator does not take."""
    kinds = estimators()
    for name, value in values.items():
        if name not in parameters(kinds[of]):
            fitting = [each for each, kind in kinds.items() if name in parameters(kind)]
            raise click.UsageError(
                f"{flag_of(name)} cannot be used with --estimator {of}, "
                f"but with {' or '.join(fitting)}"
            )
        constraints = kinds[of]._parameter_constraints[name]  # type: ignore[attr-defined]
        if not (isinstance(value, ScheduleOf) and callable in constraints):
            _check_value(name, value, constraints)


def _check_value(name: str, value: Any, constraints: Iterable[Any]) -> None:
    from sklearn.utils._param_validation import make_constraint

    if any(make_constraint(constraint).is_satisfied_by(value) for constraint in constraints):
        return
    wanted, words = _wanted(constraints), _choices(constraints)
    if name == "learning_rate":
        wanted.append("a schedule such as cosine:0.01")
        words += SCHEDULES
    raise _unexpected(name, value, wanted, words)


def _unexpected(name: str, value: Any, wanted: list[str], words: list[str]) -> click.BadParameter:
    """Return the error of usage of a value that is none of those wanted, some of them words."""
    message = f"expected {', '.join(wanted)}; got {value!r}.{meant(str(value), words)}"
    return click.BadParameter(message, param_hint=flag_of(name))


def _wanted(constraints: Iterable[Any]) -> list[str]:
    """Return what can be written for a value: words and intervals."""
    from sklearn.utils._param_validation import Interval

    told = _choices(constraints)
    for constraint in constraints:
        if isinstance(constraint, Interval):
            told.append(str(constraint))
        elif constraint in ("boolean", "random_state"):
            told.append({"boolean": "true, false", "random_state": "an integer"}[constraint])
    if None in constraints and "none" not in told:
        told.append("none")
    return told


def flag_of(name: str) -> str:
    """Return the option of a parameter."""
    return f"--{name.replace('_', '-')}"


def _read(name: str, text: Any) -> Any:
    if isinstance(text, bool):
        return text
    if name in LISTS:
        text = ",".join(text)
    kind, _ = source_arguments().get(name, ("", ""))
    if (words := _listed(kind)) and text not in words:
        raise _unexpected(name, text, words, words)
    try:
        return READERS.get(name, plain)(text)
    except (ValueError, TypeError) as error:
        message = str(error) if str(error).endswith((".", "?")) else f"{error}."
        raise click.BadParameter(message, param_hint=flag_of(name)) from None


def _option(
    name: str, text: str, default: str | None, choices: list[str], flag: bool, panel: str
) -> click.Option:
    told = [first_sentence(text)]
    if name in NOTATIONS:
        told.append(NOTATIONS[name])
    if not all(choice in told[0] for choice in choices):
        told.append(f"One of {', '.join(choices)}")
    if default is not None:
        told.append(f"Default: {default}")
    declared = f"{flag_of(name)}/--no-{name.replace('_', '-')}" if flag else flag_of(name)
    return click.RichOption(
        [declared, name],
        default=None,
        multiple=name in LISTS,
        help=" ".join(f"{sentence}." for sentence in told),
        metavar=None if flag else "TEXT" if choices or name in READERS else "VALUE",
        shell_complete=columns if name in COLUMNS else _among(choices),
        panel=panel,
    )


def _among(choices: list[str]) -> Callable[..., Any]:
    return lambda ctx, param, typed: [word for word in choices if word.startswith(typed)]


def _choices(constraints: Iterable[Any]) -> list[str]:
    """Return the strings that constraints let pass."""
    words = {word for each in constraints for word in getattr(each, "options", ())}
    return sorted(words | ({"none"} if words and None in constraints else set()))


def _defaults(defaults: Mapping[str, Any]) -> str:
    """Return the default, and those of the estimators where it is another."""
    usual = next(iter(defaults.values()))
    others = {of: value for of, value in defaults.items() if value != usual}
    told = [_text(usual), *(f"{of}: {_text(value)}" for of, value in others.items())]
    return "; ".join(told)


def _text(value: Any) -> str:
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)
