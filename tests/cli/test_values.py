"""What is written on the command line means what it says."""

import pytest

from fastopt import optim, schedules
from fastopt.cli import values


@pytest.mark.parametrize(
    ("text", "value"),
    [("none", None), ("True", True), ("3", 3), ("1e-4", 1e-4), ("full", "full"), ("-2", -2)],
)
def test_none_truth_values_and_numbers_are_what_they_are(text, value):
    assert values.plain(text) == value
    assert type(values.plain(text)) is type(value)


@pytest.mark.parametrize("name", optim.OPTIMIZERS)
def test_an_optimizer_without_hyper_parameters_is_its_name(name):
    assert values.optimizer(name) == name


@pytest.mark.parametrize("name", optim.OPTIMIZERS)
def test_an_optimizer_with_hyper_parameters_keeps_the_others_of_its_name(name):
    made, usual = values.optimizer(f"{name}:"), optim.OPTIMIZERS[name]
    assert (type(made), made.options) == (type(usual), usual.options)


def test_hyper_parameters_are_told_by_place_or_by_name():
    made = values.optimizer("adam:0.1,betas=0.8/0.9,amsgrad=true")
    assert made.options == optim.Adam(lr=0.1, betas=(0.8, 0.9), amsgrad=True).options


@pytest.mark.parametrize(
    ("text", "has"),
    [
        ("adam", False),
        ("adam:betas=0.8/0.9", False),
        ("adam:0.1", True),
        ("adam:lr=0.1", True),
        ("adam:eps=1,lr=0.1", True),
    ],
)
def test_it_is_seen_whether_an_optimizer_sets_the_rate(text, has):
    assert values.sets_rate(text) is has


@pytest.mark.parametrize("text", ["constant", "optimal", "invscaling", "pa1", "anything"])
def test_a_learning_rate_without_arguments_is_a_name(text):
    assert values.learning_rate(text) == text


@pytest.mark.parametrize(
    ("text", "schedule"),
    [
        ("constant:0.1", schedules.constant(0.1)),
        ("cosine:0.1", schedules.cosine(0.1, steps=70)),
        ("cosine:0.1,steps=5,final=0.01", schedules.cosine(0.1, steps=5, final=0.01)),
        ("one_cycle:0.1", schedules.one_cycle(0.1, steps=70)),
        ("multistep:0.1,10/20,0.5", schedules.multistep(0.1, (10, 20), 0.5)),
        ("multistep:0.1,10/,0.5", schedules.multistep(0.1, (10,), 0.5)),
        ("warmup:0.1,10", schedules.warmup(0.1, 10)),
    ],
)
def test_a_schedule_is_as_long_as_the_training_if_it_is_not_told(text, schedule):
    assert values.learning_rate(text).made(steps=70) == schedule


@pytest.mark.parametrize(
    ("read", "text", "message"),
    [
        (values.learning_rate, "cosine", "cosine needs lr: cosine:LR,"),
        (values.learning_rate, "step:0.1", "step needs every and factor: step:LR,EVERY,FACTOR"),
        (values.learning_rate, "cosine:0.1,nothing=1", "expected cosine:LR,"),
        (values.learning_rate, "cosine:0.1,lr=1", "expected cosine:LR,"),
        (values.learning_rate, "constant:0.1,2", "expected constant:LR, got '0.1,2'"),
        (values.learning_rate, "nothing:1", "got 'nothing'"),
        (values.learning_rate, "Cosin:1", "got 'Cosin'. Did you mean cosine?"),
        (values.learning_rate, "0.1", "write constant:0.1 for a fixed rate"),
        (values.optimizer, "ADAMW", "got 'ADAMW'. Did you mean adamw?"),
        (values.learning_rate, "cosine:-1", "lr must be"),
        (values.optimizer, "nothing", "got 'nothing'"),
        (values.optimizer, "sgd:params=1", "expected sgd:"),
        (values.class_weight, "1", "expected balanced, none or LABEL:WEIGHT"),
        (values.class_weight, "1:", "expected balanced, none or LABEL:WEIGHT"),
        (values.categorical, "=1", "expected COLUMN=onehot"),
        (values.categorical, "city=4k", "expected COLUMN=onehot or COLUMN=NUMBER"),
        (values.categorical, "city=0", "expected COLUMN=onehot or COLUMN=NUMBER"),
        (values.size, "12XB", "expected a number of bytes"),
        (values.size, "0", "expected a number of bytes"),
        (values.whole, "0", "expected a whole number from 1, got '0'"),
        (values.whole, "2.5", "expected a whole number from 1"),
    ],
)
def test_what_is_written_wrongly_is_told_how_to_write(read, text, message):
    with pytest.raises(ValueError) as error:
        read(text)
    assert message in str(error.value)


def test_weights_bounds_encodings_names_and_sizes_have_their_notations():
    assert values.class_weight("balanced") == "balanced"
    assert values.class_weight("1:2,no:0.5") == {1: 2, "no": 0.5}
    assert values.bounds("none") is None
    assert values.bounds("0,none") == (0, None)
    assert values.categorical("city,user=64") == {"city": "onehot", "user": 64}
    assert values.names("a,b") == ["a", "b"]
    assert values.several("0,yes") == (0, "yes")
    assert [values.size(text) for text in ("12", "128MB", "1.5KiB")] == [12, 128 * 10**6, 1536]


@pytest.mark.parametrize(
    ("read", "spaced", "text"),
    [
        (values.names, " a , b", "a,b"),
        (values.several, "0, yes ", "0,yes"),
        (values.bounds, "0, none", "0,none"),
        (values.class_weight, "1: 2, no :0.5", "1:2,no:0.5"),
        (values.categorical, "city = onehot , user", "city=onehot,user"),
        (values.sets_rate, "adam:amsgrad=true, lr=1", "adam:amsgrad=true,lr=1"),
    ],
)
def test_blanks_around_commas_do_not_count(read, spaced, text):
    assert read(spaced) == read(text)


def test_blanks_between_hyper_parameters_do_not_count():
    spaced = values.optimizer("adam:lr = 0.1, betas=0.8/0.9")
    assert spaced.options == optim.Adam(lr=0.1, betas=(0.8, 0.9)).options
