"""Files in svmlight's format: their rows, and the one error of a file that is broken."""

import gzip
import io
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from sklearn.datasets import dump_svmlight_file, load_svmlight_file

from fastopt import _core
from fastopt.data import open_source
from fastopt.data.svmlight import SvmlightSource
from fastopt.linear_model import SGDClassifier

CORPUS = sorted((Path(__file__).parent / "svmlight_corpus").iterdir())
SMALLEST = 64  # bytes of memory: a chunk for each line


def rows(text, dtype=np.float64, **options):
    """What is read of a text: labels, and X as lists of (column, value)."""
    data, indices, indptr, labels, *_ = _core.parse_svmlight(text, dtype, **options)
    pairs = list(zip(indices.tolist(), data.tolist(), strict=True))
    return [
        (label, pairs[start:end])
        for label, start, end in zip(labels.tolist(), indptr[:-1], indptr[1:], strict=True)
    ]


@pytest.fixture
def write(tmp_path, monkeypatch):
    """A function that writes train.svm to the working directory, and returns its name."""
    monkeypatch.chdir(tmp_path)

    def write(text, name="train.svm"):
        Path(name).write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
        return name

    return write


def thousandths(n_samples, n_features, rng):
    """A sparse matrix that is itself again after it was written with 16 digits."""
    values = {"data_rvs": lambda n: rng.integers(1, 1000, n) / 1000}
    return sparse.random(n_samples, n_features, 0.2, format="csr", rng=rng, **values)


# --- What rows are --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"", []),
        (b"\n \n\t\n\r\n# alone\n  # alone", []),
        (b"1 1:2 3:4.5\n", [(1, [(0, 2), (2, 4.5)])]),
        (b"1 1:2 3:4.5", [(1, [(0, 2), (2, 4.5)])]),
        (b"1 1:2\r\n-1 2:3\r\n", [(1, [(0, 2)]), (-1, [(1, 3)])]),
        (b"1 1:2\r\n-1 2:3\r", [(1, [(0, 2)]), (-1, [(1, 3)])]),
        (b"  +1\t1:2 \t 2:3\t\n", [(1, [(0, 2), (1, 3)])]),
        (b"1 1:2 # 3:4\n0# 5:6\n", [(1, [(0, 2)]), (0, [])]),
        (b"1 1:2#3:4\n", [(1, [(0, 2)])]),
        (b"-0.5e-1\n7\n", [(-0.05, []), (7, [])]),
        (b"1 0003:-.5 2147483647:1e-400", [(1, [(2, -0.5), (2**31 - 2, 0)])]),
        (b"1 1:0", [(1, [(0, 0)])]),  # stored, though it is 0
        (b"1 qid:3 1:2\n", [(1, [(0, 2)])]),
    ],
)
def test_text_is_read_as_rows(text, expected):
    assert rows(text) == expected


def test_a_zero_based_text_has_its_first_column_at_0():
    assert rows(b"1 0:2 2147483647:3", zero_based=True) == [(1, [(0, 2), (2**31 - 1, 3)])]


def test_arrays_are_what_scipy_takes_as_they_are():
    arrays = data, indices, indptr = _core.parse_svmlight(b"1 1:2 3:4\n1 2:5", np.float32)[:3]
    assert [array.dtype for array in arrays] == [np.float32, np.int32, np.int32]
    X = sparse.csr_matrix((data, indices, indptr))
    assert np.shares_memory(X.indices, indices) and np.shares_memory(X.indptr, indptr)


def test_query_ids_are_read():
    text = b"3 qid:1 1:1\n2 qid:-7\n# 1\n1 qid:9223372036854775807 1:1\n"
    qid = _core.parse_svmlight(text)[4]
    assert qid.dtype == np.int64
    assert qid.tolist() == [1, -7, 2**63 - 1]
    assert _core.parse_svmlight(b"1 1:1\n")[4] is None


def test_the_width_is_that_of_the_rows_that_are_read():
    assert _core.parse_svmlight(b"1 7:1\n1 3:1\n1 5:1 9:x\n", skip=True)[5] == 7
    assert _core.parse_svmlight(b"1\n")[5] == 0


@st.composite
def svmlight_texts(draw):
    """A text, and whether its indices count from 0."""
    zero_based = draw(st.booleans())
    has_qid = draw(st.booleans())
    blanks = st.sampled_from([" ", "  ", "\t", " \t "])
    number = st.floats(-1e300, 1e300)
    form = st.sampled_from(["{!r}", "{:.17g}", "{:.8g}", "{:.3e}", "{:+}", "{:.1f}"])
    lines = []
    for _ in range(draw(st.integers(1, 12))):
        if draw(st.integers(0, 5)) == 0:
            lines.append(draw(st.sampled_from(["", "  ", "# 1 2:3", "\t#"])))
        words = [draw(form).format(draw(number))]
        words += [f"qid:{draw(st.integers(0, 10**6))}"] * has_qid
        columns = draw(st.sets(st.integers(1 - zero_based, 300), max_size=8))
        words += [f"{column}:{draw(form).format(draw(number))}" for column in sorted(columns)]
        lines.append("".join(word + draw(blanks) for word in words))
        lines[-1] += draw(st.sampled_from(["", "# 7:8", "#"]))
    end = draw(st.sampled_from(["\n", "\r\n"]))
    return (end.join(lines) + draw(st.sampled_from(["", end]))).encode(), zero_based


@given(svmlight_texts())
def test_rows_are_those_that_scikit_learn_reads(example):
    text, zero_based = example
    X, y, qid = load_svmlight_file(
        io.BytesIO(text), zero_based=zero_based, query_id=True, n_features=301
    )
    data, indices, indptr, labels, ids, _, n_bad = _core.parse_svmlight(text, zero_based=zero_based)
    assert n_bad == 0
    for ours, theirs in ((data, X.data), (indices, X.indices), (indptr, X.indptr), (labels, y)):
        np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal([] if ids is None else ids, qid)


@given(st.integers(0, 2**32), st.sampled_from([np.float32, np.float64]))
def test_what_scikit_learn_writes_is_read_back(seed, dtype):
    rng = np.random.default_rng(seed)
    X = thousandths(20, 30, rng).astype(dtype)
    y = rng.integers(0, 3, 20)
    file = io.BytesIO()
    dump_svmlight_file(X, y, file, zero_based=False)
    data, indices, indptr, labels, *_ = _core.parse_svmlight(file.getvalue(), dtype)
    same = sparse.csr_matrix((data, indices, indptr), X.shape)
    X.sort_indices()
    assert (same != X).nnz == 0
    assert labels.tolist() == y.tolist()


# --- What is no row -------------------------------------------------------------------------------

LABEL = "a label, which is a finite number"
BAD = [  # a line, its bad column, what was expected, what was found
    (b"x 1:2", 1, LABEL, "'x'"),
    (b"1:2", 1, LABEL, "'1:2'"),
    (b"nan 1:2", 1, LABEL, "'nan'"),
    (b"  -inf", 3, LABEL, "'-inf'"),
    (b"1e999 1:2", 1, LABEL, "'1e999'"),
    (b"qid:3 1:2", 1, LABEL, "'qid:3'"),
    (b"1,3 1:2", 1, "one label", "'1,3'"),
    (b"1 5", 3, "'<index>:<value>'", "'5'"),
    (b"1 5 6:2", 3, "'<index>:<value>'", "'5'"),
    (b"1 age:2", 3, "'<index>:<value>'", "'age:2'"),
    (b"1 -3:2", 3, "'<index>:<value>'", "'-3:2'"),
    (b"1 1:2 qid:3", 7, "'<index>:<value>'", "'qid:3'"),
    (b"1 \xff:2", 3, "'<index>:<value>'", r"'\xff:2'"),
    (b"1 1:2\t\x00", 7, "'<index>:<value>'", r"'\x00'"),
    (b"1 0:2", 3, "an index from 1 on, as zero_based is False", "'0'"),
    (b"1 7:2 5:2", 7, "an index above 7", "'5'"),
    (b"1 7:2 7:2", 7, "an index above 7", "'7'"),
    (b"1 2147483648:2", 3, "an index up to 2147483647", "'2147483648'"),
    (b"1 18446744073709551617:2", 3, "an index up to 2147483647", "'18446744073709551617'"),
    (b"1 " + b"9" * 99 + b":2", 3, "an index up to 2147483647", "'99999999999999999...'"),
    (b"1 5:", 5, "a finite number", "nothing"),
    (b"1 5: 2", 5, "a finite number", "nothing"),
    (b"1 5:#2", 5, "a finite number", "nothing"),
    (b"1 5:nan", 5, "a finite number", "'nan'"),
    (b"1 5:2x", 5, "a finite number", "'2x'"),
    (b"1 5:0x12", 5, "a finite number", "'0x12'"),
    (b"1 5:1e400", 5, "a finite number", "'1e400'"),
    (b"1 5:2\r1 5:3", 5, "a finite number", r"'2\r1'"),
    (b"1 5:2:3", 5, "a finite number", "'2:3'"),
]


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n", b" # 1:2\n1 1:1\n"])
@pytest.mark.parametrize(("line", "column", "expected", "found"), BAD)
def test_a_bad_row_is_told_by_line_and_column(write, line, column, expected, found, end):
    name = write(b"1 1:2\n# a comment\n" + line + end)
    with pytest.raises(ValueError) as error:
        _ = open_source(name).n_samples
    assert (
        str(error.value) == f"{name}, line 3, column {column}: expected {expected}, found {found}"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            b"1 qid:3\n1 1:2",
            "line 2, column 3: expected 'qid:', which the rows before have, found '1:2'",
        ),
        (
            b"1 qid:3\n1\n",
            "line 2, column 2: expected 'qid:', which the rows before have, found nothing",
        ),
        (
            b"1 1:2\n1 qid:3",
            "line 2, column 3: expected no 'qid:', which the rows before have not, found 'qid:3'",
        ),
        (b"1 qid:x", "line 1, column 7: expected an integer behind 'qid:', found 'x'"),
        (b"1 qid: 3", "line 1, column 7: expected an integer behind 'qid:', found nothing"),
        (b"1 qid:1.5", "line 1, column 7: expected an integer behind 'qid:', found '1.5'"),
        (
            b"1 qid:9223372036854775808",
            "line 1, column 7: expected an integer behind 'qid:', found '9223372036854775808'",
        ),
    ],
)
@pytest.mark.parametrize("memory", [SMALLEST, 2**20])
def test_query_ids_go_with_all_rows_or_none(write, text, message, memory):
    with pytest.raises(ValueError) as error:
        _ = open_source(write(text), memory=memory).n_samples
    assert str(error.value) == f"train.svm, {message}"


@pytest.mark.parametrize(
    ("options", "text", "column", "expected"),
    [
        ({"n_features": 3}, b"1 1:1 4:1", 7, "an index up to 3, as n_features is 3"),
        (
            {"n_features": 3, "zero_based": True},
            b"1 3:1",
            3,
            "an index up to 2, as n_features is 3",
        ),
        ({"like": {"n_features": 3}}, b"1 4:1", 3, "an index up to 3, as n_features is 3"),
        ({"dtype": "float32"}, b"1 1:1e39", 5, "a finite number that float32 holds"),
    ],
)
def test_what_was_declared_bounds_indices_and_values(write, options, text, column, expected):
    source = open_source(write(text), **options)
    with pytest.raises(ValueError) as error:
        list(source)
    assert str(error.value).startswith(f"train.svm, line 1, column {column}: expected {expected}, ")


def test_a_wider_file_is_read_with_more_features_unless_it_is_like_another(write):
    path = write(b"1 1:1 4:1")
    cure = "; a larger n_features takes it in"
    for options, end in (({"n_features": 3}, cure), ({"like": {"n_features": 3}}, "")):
        with pytest.raises(ValueError) as error:
            list(open_source(path, **options))
        assert str(error.value).endswith(f"as n_features is 3, found '4'{end}")


def test_a_row_below_the_declared_width_is_read(write):
    assert open_source(write(b"1 3:1"), n_features=3).read([0]).X.shape == (1, 3)
    assert open_source(write(b"1 2:1"), n_features=3, zero_based=True).read([0]).X.shape == (1, 3)


@pytest.mark.parametrize("text", [b"", b"\n\n", b"# nothing\n"])
def test_a_file_without_rows_is_refused(write, text):
    with pytest.raises(ValueError, match=r"^train\.svm: expected rows, found none"):
        _ = open_source(write(text)).n_samples


def test_a_file_of_bad_rows_alone_is_refused(write):
    with pytest.raises(ValueError, match=r"^train\.svm: expected rows, found none"):
        _ = open_source(write(b"x\ny\n"), on_bad_rows="skip").n_samples


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dtype": "int32"}, "dtype must be one of"),
        ({"n_features": 0}, "n_features must be a positive integer"),
        ({"on_bad_rows": "warn"}, "on_bad_rows must be one of"),
        ({"memory": 0}, "memory must be a positive integer"),
    ],
)
def test_bad_arguments_are_named(write, options, message):
    with pytest.raises(ValueError, match=message):
        open_source(write(b"1 1:2"), **options)


# --- Bad rows left out ----------------------------------------------------------------------------


def without_bad_rows(text):
    """The text less each row that is an error, one after another, and how many these are."""
    lines, n_bad = text.split(b"\n"), 0
    while True:
        try:
            return _core.parse_svmlight(b"\n".join(lines)), n_bad
        except _core.BadRow as error:
            del lines[error.line - 1]
            n_bad += 1


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_skipping_leaves_out_what_is_an_error(path):
    text = path.read_bytes()
    *expected, _ = without_bad_rows(text)[0]
    *arrays, n_bad = _core.parse_svmlight(text, skip=True)
    assert n_bad == without_bad_rows(text)[1]
    for ours, theirs in zip(arrays, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@given(
    st.lists(
        st.sampled_from(
            [
                b"1",
                b"-1 ",
                b"2:3",
                b"2",
                b":",
                b"#",
                b"qid:1",
                b" ",
                b"\n",
                b"\n",
                b"\r",
                b"1:1 ",
                b"9:nan",
            ]
        )
    )
)
def test_skipping_leaves_out_what_is_an_error_in_any_text(parts):
    text = b"".join(parts)
    (*expected, _), n_bad = without_bad_rows(text)
    *arrays, n_skipped = _core.parse_svmlight(text, skip=True)
    assert n_skipped == n_bad
    for ours, theirs in zip(arrays, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("memory", [SMALLEST, 1000, 2**20])
def test_bad_rows_are_counted_and_left_out(write, memory):
    bad = [line for line, *_ in BAD]
    good = [b"1 1:2 5:3", b"0 2:1", b"1 3:1"]
    name = write(b"\n".join([good[0], *bad[:9], good[1], *bad[9:], good[2]]))
    source = open_source(name, on_bad_rows="skip", memory=memory)
    assert (source.n_samples, source.n_features, source.n_bad_rows) == (3, 5, len(bad))
    assert source.class_counts.tolist() == [1, 2]
    X = source.read(range(source.n_blocks)).X
    assert X.toarray().tolist() == [[2, 0, 0, 0, 3], [0, 1, 0, 0, 0], [0, 0, 1, 0, 0]]


# --- Sources --------------------------------------------------------------------------------------


def many_rows(n=500, seed=0):
    rng = np.random.default_rng(seed)
    X = thousandths(n, 40, rng)
    y = rng.integers(0, 3, n).astype(float)
    file = io.BytesIO()
    dump_svmlight_file(X, y, file, zero_based=False)
    return file.getvalue(), X.toarray(), y


@pytest.mark.parametrize("name", ["train.svm", "train.libsvm", "train.svm.gz", "train.svmlight.gz"])
@pytest.mark.parametrize("memory", [SMALLEST, 10**4, 10**6, 10**8])
def test_a_source_has_the_rows_of_the_file(write, name, memory):
    text, X, y = many_rows()
    source = open_source(write(text, name), memory=memory)
    assert isinstance(source, SvmlightSource)
    assert (source.n_samples, source.n_features, source.n_bad_rows) == (*X.shape, 0)
    assert source.classes.tolist() == [0, 1, 2]
    assert source.class_counts.tolist() == np.bincount(y.astype(int)).tolist()
    blocks = list(source)
    assert len(blocks) == source.n_blocks
    np.testing.assert_array_equal(np.vstack([block.X.toarray() for block in blocks]), X)
    np.testing.assert_array_equal(np.concatenate([block.y for block in blocks]), y)
    order = np.random.default_rng(1).permutation(source.n_blocks)
    shuffled = source.read(order.tolist())
    np.testing.assert_array_equal(
        shuffled.X.toarray(), np.vstack([blocks[k].X.toarray() for k in order])
    )


def test_blocks_are_read_without_a_scan_if_the_width_is_declared(write, monkeypatch):
    monkeypatch.setattr(SvmlightSource, "_look", None)
    assert [block.X.shape for block in open_source(write(b"1 1:2\n0 2:1\n"), n_features=9)] == [
        (2, 9)
    ]


def test_matrices_are_known_to_be_in_order(write):
    X = open_source(write(b"1 1:2 3:1\n")).read([0]).X
    assert X.has_canonical_format and X.has_sorted_indices


def test_an_error_in_any_block_of_several_names_its_line(write):
    text = b"".join(b"1 %d:1\n" % k for k in range(1, 100))
    source = open_source(write(text + b"1 1:x\n" + text), n_features=100, memory=1000)
    with pytest.raises(ValueError, match="line 100, column 5: expected a finite number, found 'x'"):
        source.read(range(source.n_blocks - 1, -1, -1))


def test_query_ids_come_with_the_blocks(write):
    text = b"# ranks\n" + b"".join(b"%d qid:%d 1:1\n" % (k % 3, k // 5) for k in range(50))
    source = open_source(write(text), memory=SMALLEST * 20)
    qid = source.read(range(source.n_blocks)).qid
    assert source.n_blocks > 1
    np.testing.assert_array_equal(qid, np.arange(50) // 5)
    assert open_source(write(b"1 1:1\n")).read([0]).qid is None


def test_a_source_like_another_has_its_columns(write):
    train = open_source(write(b"1 0:1 8:1\n0 1:1\n"), zero_based=True, dtype="float32")
    test = open_source(write(b"1 0:5\n", "test.svm"), like=train.schema)
    X = test.read([0]).X
    assert X.shape == (1, 9) and X.dtype == np.float32 and X[0, 0] == 5


def test_labels_of_rows_to_predict_are_left_out(write):
    source = open_source(write(b"1 1:5\n"), target=False)
    assert source.classes is None
    (block,) = source
    assert block.y is None
    with pytest.raises(ValueError, match="target cannot be used with the format 'svmlight'"):
        open_source(write(b"1 1:5\n"), target="y")


@pytest.mark.parametrize("name", ["train.svm", "train.svm.gz"])
@pytest.mark.parametrize(
    "line", [b"1 1:1\n", b"1 " + b" ".join(b"%d:1" % k for k in range(1, 9)) + b"\n"]
)
def test_windows_take_no_more_memory_than_was_given(write, name, line):
    memory = 2**22
    name = write(line * (6_000_000 // len(line)), name)
    source = open_source(name, n_features=8, classes=[0, 1], memory=memory)
    source.peek()
    tracemalloc.start()
    try:
        for _ in source.windows(0, 0, lambda block: block, shuffle=True):
            pass
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert memory // 4 < peak < memory


def test_a_file_trains_what_its_matrix_trains(write):
    text, X, y = many_rows()
    source = open_source(write(text))
    model = SGDClassifier(loss="log_loss", random_state=0, max_iter=3, tol=None)
    from_file = model.fit(source).coef_.copy()
    np.testing.assert_array_equal(from_file, model.fit(sparse.csr_matrix(X), y).coef_)


def test_an_epoch_over_a_file_of_50_times_the_memory_keeps_within_it(tmp_path, growth):
    memory = 6 * 2**20
    rng = np.random.default_rng(0)
    rows = [
        f"{label} " + " ".join(f"{j}:{value:.4f}" for j, value in enumerate(values, 1)) + "\n"
        for label, values in zip(rng.integers(0, 2, 4000), rng.random((4000, 30)), strict=True)
    ]
    part = "".join(rows).encode()
    path = tmp_path / "x.svm"
    with path.open("wb") as file:
        for _ in range(50 * memory // len(part) + 1):
            file.write(part)
    work = "fastopt.linear_model.SGDClassifier(max_iter=1, tol=None).fit(source)"
    prepare = "source = open_source(sys.argv[1], memory=int(sys.argv[2]))"
    got = growth(work, str(path), str(memory), prepare=prepare)
    print("GOT", got, memory)
    assert memory / 20 < got < memory
