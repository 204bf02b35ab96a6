"""CSV and TSV: what is read, and what is said of a line that is broken."""

import gzip
import io
import re
import sys

import numpy as np
import pandas as pd
import pytest

from fastopt.data import open_source
from fastopt.linear_model import SGDClassifier, SGDRegressor
from tests.data.peak import peak


@pytest.fixture
def file(tmp_path):
    """A function that writes a text to a file."""

    def write(text, name="x.csv"):
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return tmp_path / name

    return write


def rows(source):
    return np.concatenate([block.X for block in source]).tolist()


def error_of(function, *args, **kwargs):
    with pytest.raises(ValueError) as error:
        function(*args, **kwargs)
    return re.sub(r"\S*/", "", str(error.value))


def frame(n=3000):
    rng = np.random.default_rng(0)
    made = pd.DataFrame(rng.normal(size=(n, 5)), columns=list("abcde"))
    made["city"] = rng.choice(["Paris", "Rome", "Sao Paulo, Brazil"], n)
    made["w"] = rng.uniform(0.5, 2, n)
    made["label"] = np.where(made["a"] + rng.normal(size=n) > 0, "yes", "no")
    made["value"] = made["a"] - 2 * made["b"] + rng.normal(size=n)
    return made


@pytest.mark.parametrize("name", ["x.csv", "x.csv.gz", "x.tsv", "x.tsv.gz"])
@pytest.mark.parametrize(
    ("kind", "target"), [(SGDClassifier, "label"), (SGDRegressor, "value")], ids=str
)
def test_a_fit_of_a_file_is_that_of_its_frame(tmp_path, name, kind, target):
    path = tmp_path / name
    frame().to_csv(path, index=False, sep="\t" if "tsv" in name else ",")
    read = pd.read_csv(path, sep="\t" if "tsv" in name else ",", engine="python")  # exact
    features = [*"abcde", "city"]
    X = pd.get_dummies(read[features], dtype=float).to_numpy()
    source = open_source(
        path, target=target, features=features, sample_weight="w", categorical=["city"]
    )
    options = dict(max_iter=3, tol=None, random_state=0)
    model = kind(**options).fit(source)
    expected = kind(**options).fit(X, read[target], sample_weight=read["w"])
    np.testing.assert_array_equal(model.coef_, expected.coef_)
    np.testing.assert_array_equal(model.intercept_, expected.intercept_)


def test_blocks_have_the_rows_in_order(tmp_path):
    frame()[["a", "b", "value"]].to_csv(tmp_path / "x.csv", index=False)
    source = open_source(tmp_path / "x.csv", target="value", memory=2**20)
    blocks = list(source)
    assert len(blocks) == source.n_blocks > 5
    np.testing.assert_array_equal(np.concatenate([b.X for b in blocks]), frame()[["a", "b"]])
    np.testing.assert_array_equal(np.concatenate([b.y for b in blocks]), frame()["value"])
    some = source.read([3, 1])
    np.testing.assert_array_equal(some.X, np.concatenate([blocks[3].X, blocks[1].X]))


def test_fields_are_read_as_pandas_reads_them(file):
    text = '\ufeffa,"b",c,y\r\n1, 2 ,true,0\r\n\r\n"+3.5",4e2,FALSE,1\n.5,-0.0,"True",1'
    source = open_source(file(text), target="y")
    assert source.feature_names == ["a", "b", "c"]
    assert rows(source) == [[1, 2, 1], [3.5, 400, 0], [0.5, 0, 1]]
    assert [block.y.tolist() for block in source] == [[0, 1, 1]]
    assert source.classes.dtype == np.int64
    expected = pd.read_csv(io.StringIO(text.removeprefix("\ufeff"))).drop(columns="y")
    np.testing.assert_array_equal(rows(source), expected.to_numpy(float))


def test_empty_fields_are_missing(file):
    text = "a,b,c,y\n1,,x,0\nNA,2,,1\nnan,3,null,1\nNAN,4,NA,1\n"
    source = open_source(file(text), target="y", categorical=["c"], missing="zero")
    assert rows(source) == [[1, 0, 1], [0, 2, 0], [0, 3, 0], [0, 4, 0]]


def test_categories_are_the_text_as_it_stands(file):
    text = 'a,b,c,y\n01,1.0,2024-01-02,0\n1,"x,y",2024-01-03,1\n'
    source = open_source(file(text), target="y", categorical=["a", "b", "c"])
    assert source.feature_names == [
        "a=01", "a=1", "b=1.0", "b=x,y", "c=2024-01-02", "c=2024-01-03"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "x.csv: expected the names of columns, found nothing"),
        ("a,y\n", "x.csv: expected rows, found none that is not bad"),
        ("1,2\n3,4\n", "x.csv: expected column 'y', found columns '1', '2'"),
        ("a,a,y\n1,2,0\n", "x.csv: expected one column 'a', found 2"),
        ("a,y\n1,0\n\n2\n3,1\n", "x.csv, line 4: expected 2 columns, found 1"),
        ("a,y\n1,0\n2,1,0\n3,1\n", "x.csv, line 3: expected 2 columns, found 3"),
        (
            "a,y\n1,0\n2,0\nabc,1\nd,1\n3,1\n",
            "x.csv, line 4, column 'a': expected a number, found 'abc'",
        ),
        ("a,y\n1,0\n1_0,1\n3,1\n", "x.csv, line 3, column 'a': expected a number, found '1_0'"),
        (
            "a,y\n1,0\n\n2,x\n3,1\n",
            "x.csv, line 4, column 'y': expected a number, found 'x'",
        ),
        (
            "a,y\n1,0\n\n\n-inf,1\n",
            "x.csv, line 5, column 'a': expected a finite number in float64, found -inf",
        ),
        ("a,y\n1,0\n2,\n", "x.csv, line 3, column 'y': expected a number, found nothing"),
        (
            "a,y\nx,0\nz,1\n",
            "x.csv, column 'a': expected numbers, found text; name it in categorical, or leave it "
            "out of features",
        ),
        (
            "a,y\n1,0\n\nmany,1\nfew,0\n",
            "x.csv, line 4, column 'a': expected a number, found 'many'; name it in categorical, "
            "or leave it out of features",
        ),
        (
            "a,y\n,0\nmany,1\nfew,0\n1,1\n",
            "x.csv, line 3, column 'a': expected a number, found 'many'; name it in categorical, "
            "or leave it out of features",
        ),
        ("a;y\n1;0\n", "x.csv: expected columns between ',', found one with ';' in its name"),
        ("a\ty\n1\t0\n", "x.csv: expected columns between ',', found one with '\\t' in its name"),
        (
            "a,y\n2024-01-02,0\n2024-01-03,1\n",
            "x.csv, column 'a': expected numbers, found text; name it in categorical, or leave it "
            "out of features",
        ),
        (
            'a,y\n1,0\n2,"x\nz"\n3,1\n',
            "x.csv, line 3: expected fields that end on the line, found a quote that is not closed",
        ),
        (
            'a,y\n1,0\n2,"1\n3,1\n',
            "x.csv, line 3: expected fields that end on the line, found a quote that is not closed",
        ),
    ],
)
def test_what_is_broken_is_named(file, text, message):
    path = file(text)
    assert error_of(lambda: open_source(path, target="y").n_samples) == message


def test_a_target_that_was_not_named_is_asked_for(file):
    path = file("a,y\n1,no\n2,yes\n")
    assert error_of(open_source, path) == (
        "x.csv, column 'y': expected numbers, found text; name it in categorical, or leave it out "
        "of features; name it as target if it is to be predicted"
    )


def test_of_text_in_a_file_like_another_only_the_place_is_told(file):
    schema = open_source(file("a,y\n1,0\n2,1\n"), target="y").schema
    path = file("a,y\n1,0\nmany,1\n")
    assert error_of(open_source, path, like=schema) == (
        "x.csv, line 3, column 'a': expected a number, found 'many'"
    )


def test_text_that_is_not_utf_8_is_named(file):
    text = "c,y\na,0\ncafé,1\n".encode("latin-1")
    source = open_source(file(text), target="y", categorical=["c"])
    assert error_of(getattr, source, "n_samples") == (
        "x.csv, line 3, column 'c': expected text in UTF-8, found 'caf\\udce9'"
    )
    # A column that is not read may hold anything.
    assert open_source(
        file(b"c,a,y\n" + text[4:].replace(b",", b",1,")), target="y", features=["a"]
    )


def test_true_or_false_is_expected_where_it_was_found(file):
    many = "true,0\nfalse,1\n" * 1000
    source = open_source(file(f"a,y\n{many}2,1\n"), target="y", memory=2**16)
    assert error_of(getattr, source, "n_samples") == (
        "x.csv, line 2002, column 'a': expected true or false, found '2'"
    )


def test_a_line_is_named_in_the_chunk_that_has_it(tmp_path):
    lines = ["a,y"] + ["0.5,1", "0.25,0"] * 3000
    lines[4000] = "0.5,abc"
    for name, opened in (("x.csv", open), ("x.csv.gz", gzip.open)):
        with opened(tmp_path / name, "wt") as out:
            out.write("\n".join(lines))
        source = open_source(tmp_path / name, target="y", memory=2**17)
        assert source.n_blocks > 10
        assert error_of(getattr, source, "n_samples") == (
            f"{name}, line 4001, column 'y': expected a number, found 'abc'"
        )


def test_bad_rows_are_left_out_and_counted(file):
    text = "a,b,y\n1,2,0\n1,2\nx,1,0\n3,4,1\n5,inf,1\n7,8,\n\n9,10,0\n11,,0\n"
    source = open_source(file(text), target="y", on_bad_rows="skip")
    assert (source.n_samples, source.n_bad_rows) == (3, 5)
    assert rows(source) == [[1, 2], [3, 4], [9, 10]]
    assert source.classes.tolist() == [0, 1]


def test_a_block_of_bad_rows_alone_is_empty(file):
    text = "a,y\n" + "1,0\n" * 300 + "x,1\n" * 3000 + "2,1\n" * 300
    source = open_source(file(text), target="y", on_bad_rows="skip", memory=2**16)
    sizes = [len(block) for block in source]
    assert 0 in sizes
    assert sum(sizes) == source.n_samples == 600
    SGDClassifier(max_iter=1, tol=None).fit(source)


def test_labels_are_text_or_whole_numbers_as_the_whole_file_has_them(file):
    many = "1,0\n2,1\n" * 2000
    for last, kind in (("2", "i"), ("2.5", "f")):
        source = open_source(file(f"a,y\n{many}3,{last}\n"), target="y", memory=2**16)
        assert source.classes.dtype.kind == kind
        assert source.read([0]).y.dtype.kind == kind
    source = open_source(file("a,y\n1,x\n2,3\n3,4x\n"), target="y")
    assert source.classes.tolist() == ["3", "4x", "x"]


def test_declared_labels_say_how_the_target_is_read(file):
    path = file("a,y\n1,0\n2,1\n")
    for classes in (["0", "1"], [0, 1], [0.0, 1.0], [False, True]):
        source = open_source(path, target="y", classes=classes)
        (block,) = source
        assert block.y.tolist() == classes
        assert "_found" not in vars(source)


def test_standard_input_is_read(monkeypatch):
    stdin = io.TextIOWrapper(io.BytesIO(b"a,y\n1,0\nx,1\n2,1\n"))
    monkeypatch.setattr(sys, "stdin", stdin)
    source = open_source("-", format="csv", target="y")
    assert error_of(getattr, source, "n_samples") == (
        "standard input, line 3, column 'a': expected a number, found 'x'"
    )


def test_a_quote_within_a_field_is_text(file):
    source = open_source(file('c,y\n5" pipe,0\n"a ""b""",1\n'), target="y", categorical=["c"])
    assert source.feature_names == ['c=5" pipe', 'c=a "b"']


def test_memory_is_bounded(tmp_path):
    path, memory = tmp_path / "x.csv", 2**21
    with open(path, "w") as out:
        out.write(",".join(f"x{j}" for j in range(20)) + ",y\n")
        row = ",".join("123456789"[j % 9] for j in range(20))  # the shortest fields there are
        out.write(f"{row},0\n{row},1\n" * 500_000)
    assert path.stat().st_size > 20 * memory
    assert peak(path, memory) < memory


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (b"a\xe9,y", "x.csv, line 1: expected the names of columns in UTF-8: .* byte 0xe9"),
        (b"a,y\r1,2", "x.csv, line 1: expected the names of columns in UTF-8: new-line character"),
        (b'"a,y', "x.csv, line 1: expected names that end on the line, found a quote"),
    ],
)
def test_a_broken_header_is_told(file, header, message):
    with pytest.raises(ValueError, match=message):
        open_source(file(header + b"\n1,0\n"))
