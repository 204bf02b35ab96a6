"""Whatever is wrong with a file is told in one error that names it, before much memory is taken."""

import copy
import json
import pickle
import tracemalloc

import numpy as np
import pytest
from safetensors.numpy import save_file

import fastopt
from fastopt.cluster import MiniBatchKMeans
from fastopt.linear_model import SGDClassifier
from fastopt.model_file import safetensors
from fastopt.model_file.file import FORMAT, VERSION

from .models import CLASSES, X


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The bytes of a small file that is right."""
    path = tmp_path_factory.mktemp("whole") / "model"
    SGDClassifier(optimizer="adam", random_state=0, max_iter=1, tol=None).fit(X, CLASSES).save(path)
    return path.read_bytes()


@pytest.fixture
def refused(tmp_path):
    """A function that sees to it that some bytes are refused in the right way."""

    def refused(content, message, name="a file"):
        path = tmp_path / name
        path.write_bytes(content)
        tracemalloc.start()
        try:
            with pytest.raises(ValueError, match=message) as caught:
                fastopt.load(path)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert str(caught.value).startswith(f"{str(path)!r} is no model that fastopt can load: ")
        assert len(str(caught.value)) < 1000
        assert peak < 2_000_000 + 20 * len(content)

    return refused


def parts(content):
    """The header of a file, and the bytes of its arrays."""
    stop = 8 + int.from_bytes(content[:8], "little")
    return json.loads(content[8:stop]), content[stop:]


def joined(header, data):
    """The file of a header and some arrays, with the checksum that it wants."""
    return sealed(json.dumps(header, separators=(",", ":")).encode(), data)


def sealed(text, data):
    blank = safetensors.BEFORE + b"0" * safetensors.DIGITS
    text = blank + text[len(blank) :]
    digest = safetensors._digest(text, [np.frombuffer(data, np.uint8)])
    text = text.replace(b"0" * safetensors.DIGITS, digest.encode(), 1)
    return len(text).to_bytes(8, "little") + text + data


def with_entry(content, name, **changes):
    header, data = parts(content)
    header[name] = {**header[name], **changes}
    return joined(header, data)


def with_metadata(content, **changes):
    header, data = parts(content)
    header["__metadata__"] |= changes
    return joined(header, data)


def with_model(content, change):
    header, data = parts(content)
    model = json.loads(header["__metadata__"]["model"])
    model = change(model) or model
    header["__metadata__"]["model"] = json.dumps(model, separators=(",", ":"))
    return joined(header, data)


def with_array(content, name, array):
    """A file in which an array is another."""
    header, data = parts(content)
    arrays = {
        entry: np.frombuffer(
            data[slice(*form["data_offsets"])], safetensors.DTYPES[form["dtype"]]
        ).reshape(form["shape"])
        for entry, form in header.items()
        if entry != "__metadata__"
    }
    arrays[name] = array
    del header["__metadata__"]["sha256"]
    stop, entries = 0, {"__metadata__": {"sha256": "0" * 64, **header["__metadata__"]}}
    for entry, values in arrays.items():
        start, stop = stop, stop + values.nbytes
        entries[entry] = {
            "dtype": safetensors.NAMES[values.dtype.str],
            "shape": values.shape,
            "data_offsets": [start, stop],
        }
    return joined(entries, b"".join(values.tobytes() for values in arrays.values()))


def test_the_tools_of_these_tests_make_files_that_are_right(whole, tmp_path):
    header, data = parts(whole)
    coef = np.full((3, 7), 5, np.float32)
    for content in (
        joined(header, data),
        with_metadata(whole, fastopt="0"),
        with_model(whole, lambda model: None),
        with_array(whole, "progress.memory", np.empty(0)),
    ):
        (tmp_path / "model").write_bytes(content)
        np.testing.assert_array_equal(
            fastopt.load(tmp_path / "model").coef_, load_bytes(whole, tmp_path).coef_
        )
    changed = load_bytes(with_array(whole, "coef_", coef), tmp_path)
    np.testing.assert_array_equal(changed.coef_, coef)


def load_bytes(content, tmp_path):
    (tmp_path / "whole").write_bytes(content)
    return fastopt.load(tmp_path / "whole")


def test_files_cut_short_anywhere(whole, tmp_path):
    path = tmp_path / "model"
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match="is no model that fastopt can load: "):
            fastopt.load(path)


def test_files_with_more_at_the_end(whole, refused):
    refused(whole + b"\0", "its arrays take")


def test_a_bit_that_has_flipped_anywhere(whole, tmp_path):
    path = tmp_path / "model"
    bits = np.random.default_rng(0).integers(0, 8, len(whole))
    for at, bit in enumerate(bits):
        content = bytearray(whole)
        content[at] ^= 1 << bit
        path.write_bytes(content)
        with pytest.raises(ValueError, match="is no model that fastopt can load: "):
            fastopt.load(path)


@pytest.mark.parametrize("length", [2**60, 2**63, 2**64 - 1, 99_999_999])
def test_headers_that_would_be_huge(length, whole, refused):
    refused(length.to_bytes(8, "little") + whole[8:], "cut short, or not of safetensors")


def test_what_is_no_file_of_fastopt(refused, tmp_path):
    refused(b"", "cut short")
    refused(b"\0" * 8, "not one that fastopt has written")
    refused(b"\0" * 100, "not one that fastopt has written")
    refused(pickle.dumps(SGDClassifier()), "cut short, or not of safetensors")
    refused(b"PK\x03\x04" + b"\0" * 50, "cut short, or not of safetensors")
    save_file({"coef_": X}, tmp_path / "theirs")
    refused((tmp_path / "theirs").read_bytes(), "not one that fastopt has written")
    with pytest.raises(IsADirectoryError):
        fastopt.load(tmp_path)
    with pytest.raises(FileNotFoundError):
        fastopt.load(tmp_path / "nothing")


def test_headers_that_are_broken(whole, refused):
    header, data = parts(whole)
    text = json.dumps(header, separators=(",", ":")).encode()
    deep = b"[" * 100_000
    for wrong, message in [
        (text[:-1], "its JSON is broken"),
        (text[:-1] + b',"coef_":{}}', "a key comes twice"),
        (text[:-1] + b',"deep":' + deep, "nested too deep"),
        (text[:-1] + b',"number":NaN}', "NaN is no finite number"),
        (text[:-1] + b',"number":1e999}', "1e999 is no finite number"),
        (text[:-1] + b',"number":' + b"9" * 5000 + b"}", "its JSON is broken"),
        (text[:-1] + b',"name":"\xff"}', "its JSON is broken"),
        (text[:-1] + b',"other":[1]}', "'other' is not described by"),
        (text[:-1] + b',"other":{"dtype":"F32"}}', "'other' is not described by"),
    ]:
        refused(sealed(wrong, data), message)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data_offsets": [1, 85]}, "does not lie where it must"),
        ({"data_offsets": [0, 2**62]}, "does not lie where it must"),
        ({"data_offsets": [-84, 0]}, "has the offsets"),
        ({"data_offsets": [0, 84, 90]}, "has the offsets"),
        ({"data_offsets": [0, 84.0]}, "has the offsets"),
        ({"data_offsets": [False, 84]}, "has the offsets"),
        ({"data_offsets": "0, 84"}, "has the offsets"),
        ({"dtype": "F64"}, "does not lie where it must"),
        ({"dtype": "BF16"}, "has the dtype 'BF16'"),
        ({"dtype": 4}, "has the dtype 4"),
        ({"dtype": "F32", "shape": [2**40, 2**40]}, "does not lie where it must"),
        ({"shape": [3, -7]}, "has the shape"),
        ({"shape": [2**62, 0]}, "does not lie where it must"),
        ({"shape": [3, 7, *[1] * 100]}, "maximum supported dimension|ndim"),
        ({"shape": None}, "has the shape None"),
        ({"shape": [7, 3]}, r"got coef: float32 of shape \(7, 3\)"),
        ({"shape": [21]}, r"got coef: float32 of shape \(21,\)"),
        ({"dtype": "I32"}, "shown must be"),
    ],
)
def test_arrays_that_are_not_as_they_should(changes, message, whole, refused):
    refused(with_entry(whole, "coef_", **changes), message)


def test_arrays_that_overlap(whole, refused):
    header, _ = parts(whole)
    refused(
        with_entry(whole, "coef_", data_offsets=header["progress.state['m']"]["data_offsets"]),
        "does not lie where it must",
    )


def test_names_are_no_paths(whole, refused, tmp_path):
    header, data = parts(whole)
    for name in ("../x", "/etc/passwd", "..\\x", "\0"):
        header[name] = {"dtype": "U8", "shape": [0], "data_offsets": [len(data), len(data)]}
        refused(joined(header, data), "which belongs nowhere")
        del header[name]
    assert {path.name for path in tmp_path.iterdir()} == {"a file"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": "pt"}, f"its format is 'pt', not '{FORMAT}'"),
        ({"version": str(VERSION + 1)}, "its version is 2, of fastopt 0.1.0"),
        ({"version": "9" * 50}, "its version is 9999"),
        ({"version": "-1"}, "its version is '-1'"),
        ({"version": "٣"}, "its version is"),
        ({"version": 1}, "its metadata are not all strings"),
        ({"model": ""}, "its JSON is broken"),
        ({"model": "[]"}, "it does not hold a model"),
        ({"model": "[" * 100_000}, "nested too deep"),
        ({"model": "[" * 900 + "]" * 900}, "it does not hold a model"),
    ],
)
def test_metadata_that_are_not_known(changes, message, whole, refused):
    refused(with_metadata(whole, **changes), message)


def put(part, name, value):
    """A change of a model: an entry of one of its parts."""
    return lambda model: model[part].__setitem__(name, value)


NESTED = 1
for _ in range(400):
    NESTED = {"kind": "tuple", "items": [NESTED]}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda model: model.pop("attributes") and None, "it does not hold a model"),
        (lambda model: model.update(more=1), "it does not hold a model"),
        (lambda model: model.update({"class": "Pipeline"}), "it is of the class 'Pipeline'"),
        (lambda model: model.update({"class": ["SGDClassifier"]}), "it is of the class"),
        (lambda model: model.update({"class": "SGDRegressor"}), "has no parameter"),
        (lambda model: model.update({"class": "MiniBatchKMeans"}), "has no parameter"),
        (lambda model: model.update({"class": "Perceptron"}), "has no parameter"),
        (lambda model: model.update(parameters=[]), "where a dict belongs"),
        (lambda model: model.update(progress=3), "where a dict belongs"),
        (put("parameters", "momentum", 1), "has no parameter 'momentum'"),
        (put("parameters", "alpha", "1"), "'alpha' parameter of SGDClassifier must be"),
        (put("parameters", "alpha", -1.0), "'alpha' parameter of SGDClassifier must be"),
        (put("parameters", "alpha", [1]), "'alpha' parameter of SGDClassifier must be"),
        (put("parameters", "alpha", NESTED), "it is nested too deep"),
        (put("parameters", "loss", "nothing"), "'loss' parameter of SGDClassifier must be"),
        (put("parameters", "loss", {"kind": "array", "array": "coef_"}), "'loss' parameter"),
        (put("parameters", "tol", {"kind": "float", "value": "1"}), "none of -inf, inf, nan"),
        (put("parameters", "tol", {"kind": "float", "value": ["inf"]}), "none of -inf, inf, nan"),
        (put("parameters", "tol", {"kind": "callable"}), "a value of the kind 'callable'"),
        (put("parameters", "tol", {"kind": ["float"]}), "a value of the kind"),
        (put("parameters", "tol", {}), "a value of the kind None"),
        (put("parameters", "tol", {"kind": "float"}), "a broken float"),
        (put("parameters", "tol", {"kind": "tuple", "items": 3}), "where a list belongs"),
        (put("parameters", "tol", {"kind": "tuple", "items": [], "more": 1}), "a broken tuple"),
        (put("parameters", "class_weight", {"kind": "dict", "items": [[1]]}), "not enough values"),
        (put("parameters", "class_weight", {"kind": "dict", "items": [[[], 1]]}), "a broken dict"),
        (
            put(
                "parameters",
                "optimizer",
                {"kind": "optimizer", "class": "Adam", "options": {"a": 1}},
            ),
            "a broken optimizer",
        ),
        (
            put(
                "parameters",
                "optimizer",
                {"kind": "optimizer", "class": "os.system", "options": {}},
            ),
            "which is none of ADOPT",
        ),
        (
            put(
                "parameters",
                "optimizer",
                {"kind": "optimizer", "class": "SGD", "options": {"lr": -1}},
            ),
            "lr must be a nonnegative",
        ),
        (
            put(
                "parameters",
                "learning_rate",
                {"kind": "schedule", "class": "eval", "arguments": {}},
            ),
            "which is none of",
        ),
        (
            put(
                "parameters",
                "learning_rate",
                {"kind": "schedule", "class": "constant", "arguments": {"lr": "x"}},
            ),
            "a broken schedule",
        ),
        (
            put(
                "parameters",
                "learning_rate",
                {"kind": "schedule", "class": "ReduceOnPlateau", "arguments": {"lr": 1}},
            ),
            "state must be a dict",
        ),
        (
            put("parameters", "random_state", {"kind": "random state", "state": None}),
            "a broken random state",
        ),
        (put("attributes", "fit", 1), "has the attribute 'fit'"),
        (put("attributes", "__class__", "x"), "has the attribute '__class__'"),
        (put("attributes", "_progress", None), "has the attribute '_progress'"),
        (put("attributes", "coef_", [1, 2]), "coef_ must be an array of numbers"),
        (put("attributes", "coef_", {"kind": "array", "array": "nothing"}), "it lacks the array"),
        (put("attributes", "coef_", {"kind": "array", "array": []}), "where a str belongs"),
        (put("attributes", "coef_", {"kind": "array", "array": "coef_", "order": "A"}), "none of"),
        (
            put("attributes", "classes_", {"kind": "strings", "array": "coef_"}),
            "not one of letters",
        ),
        (
            put("attributes", "classes_", {"kind": "objects", "items": ["a", "b"]}),
            "classes_ must be",
        ),
        (put("attributes", "classes_", {"kind": "objects", "items": ["a", 1, 2]}), "not supported"),
        (put("attributes", "n_features_in_", 8), "n_features_in_ must be 7"),
        (put("attributes", "n_features_in_", "7"), "n_features_in_ must be a positive integer"),
        (put("attributes", "n_iter_", -1), "n_iter_ must be a nonnegative integer"),
        (put("attributes", "t_", 7.0), "t_ must be 61"),
        (put("attributes", "history_", 7), "history_ must be a list"),
        (put("attributes", "history_", [7]), "history_ must be a list of dicts"),
        (
            put("attributes", "history_", {"kind": "rows", "runs": [[["a"], [1]]]}),
            "a broken rows",
        ),
        (
            put("attributes", "feature_names_in_", {"kind": "objects", "items": ["a"]}),
            "feature_names_in_ must be 7 names",
        ),
        (lambda model: model["attributes"].pop("intercept_") and None, "intercept_ is missing"),
        (lambda model: model["attributes"].pop("classes_") and None, "classes_ is missing"),
        (lambda model: model["progress"].pop("seed") and None, "progress lacks 'seed'"),
        (put("progress", "more", 1), "progress has the field 'more'"),
        (put("progress", "seed", -1), r"progress.seed must be in 0 \.\. 2\*\*62"),
        (put("progress", "seed", 1.5), "progress.seed must be"),
        (put("progress", "t", 2**70), r"progress.t must be in 0 \.\. 2\*\*62"),
        (put("progress", "epoch", True), "progress.epoch must be"),
        (put("progress", "shape", {"kind": "tuple", "items": [3, -7]}), "progress.shape must be"),
        (put("progress", "shape", {"kind": "tuple", "items": []}), "progress.shape must be"),
        (
            put("progress", "shape", {"kind": "tuple", "items": [2**62, 7]}),
            "progress.state must be",
        ),
        (put("progress", "dtype", {"kind": "dtype", "name": "O"}), "none of float32, float64"),
        (put("progress", "dtype", {"kind": "dtype", "name": "float64"}), "progress.state must be"),
        (put("progress", "kernel", "nothing"), "progress.kernel is 'nothing'"),
        (put("progress", "kernel", "sgd"), "progress.rule is 'adam'"),
        (put("progress", "kernel", ""), "progress.state must be"),
        (put("progress", "rule", "sgd"), "progress.rule is 'sgd'"),
        (put("progress", "factor", 2.0), "progress.factor must be"),
        (put("progress", "fed_rate", 3), "progress.fed_rate must be a schedule"),
        (put("progress", "memory", {"kind": "array", "array": "coef_"}), "progress must be"),
        (put("progress", "state", {"kind": "dict", "items": []}), "progress.state must be"),
        (
            put(
                "progress",
                "state",
                {
                    "kind": "dict",
                    "items": [
                        ["m", {"kind": "array", "array": "coef_"}],
                        ["v", {"kind": "array", "array": "coef_"}],
                    ],
                },
            ),
            "two states in one array",
        ),
        (
            put("progress", "class_counts", {"kind": "array", "array": "classes_"}),
            "progress.class_counts must be counts",
        ),
    ],
)
def test_models_that_are_not_as_they_should(change, message, whole, refused):
    refused(with_model(whole, change), message)


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("coef_", np.zeros((3, 8), np.float32), r"shown must be|coef_ must have the shape"),
        ("coef_", np.full((3, 7), np.inf, np.float32), "coef_ must hold finite numbers"),
        ("coef_", np.zeros((3, 7)), "shown must be"),
        ("coef_", np.zeros(()), "coef_ must be an array"),
        ("intercept_", np.zeros(2, np.float32), "shown must be"),
        ("classes_", np.array([1, 0, 2]), "classes_ must be two labels or more, sorted"),
        ("classes_", np.array([0, 0, 1]), "classes_ must be two labels or more, sorted"),
        ("classes_", np.array([0, 1]), "classes_ must be those of 3 outputs"),
        ("classes_", np.array([0]), "classes_ must be two labels"),
        ("classes_", np.zeros((3, 1)), "classes_ must be an array of labels"),
        ("progress.state['m']", np.zeros((3, 8), np.float32), "progress.state must be"),
        ("progress.memory", np.zeros(1), "progress must be"),
    ],
)
def test_arrays_that_do_not_go_with_the_rest(name, array, message, whole, refused):
    refused(with_array(whole, name, array), message)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (put("attributes", "n_features_in_", 8), "n_features_in_ must be 7"),
        (put("attributes", "inertia_", -1.0), "inertia_ must be"),
        (put("attributes", "_seed", "x"), "_seed must be"),
        (put("attributes", "_counts", {"kind": "array", "array": "cluster_centers_"}), "_counts"),
        (put("attributes", "coef_", 1), "has the attribute 'coef_'"),
    ],
)
def test_clusters_that_are_not_as_they_should(change, message, refused, tmp_path):
    MiniBatchKMeans(3, random_state=0).fit(X).save(tmp_path / "model")
    refused(with_model((tmp_path / "model").read_bytes(), change), message)


def test_labels_that_are_of_no_cluster(refused, tmp_path):
    MiniBatchKMeans(3, random_state=0).fit(X).save(tmp_path / "model")
    content = (tmp_path / "model").read_bytes()
    refused(
        with_array(content, "labels_", np.array([0, 3], np.int32)), r"labels_ must be in 0 \.\. 2"
    )


def test_letters_that_do_not_exist(refused, tmp_path):
    labels = np.array(["a", "b"])[(CLASSES > 0).astype(int)]
    SGDClassifier(max_iter=1, tol=None).fit(X, labels).save(tmp_path / "model")
    content = (tmp_path / "model").read_bytes()
    refused(with_array(content, "classes_", np.array([[1], [2**31]], np.uint32)), "do not exist")
    refused(with_array(content, "classes_", np.zeros((2, 0), np.uint32)), "not one of letters")


def test_states_of_random_numbers_that_point_elsewhere(refused, tmp_path):
    model = SGDClassifier(random_state=np.random.RandomState(0))
    model.save(tmp_path / "model")
    content = (tmp_path / "model").read_bytes()
    header, _ = parts(content)
    state = json.loads(header["__metadata__"]["model"])["parameters"]["random_state"]
    for position in (-1, 625, 10**9):
        wrong = copy.deepcopy(state)
        inner = dict(wrong["state"]["items"])["state"]
        inner["items"] = [[k, position if k == "pos" else v] for k, v in inner["items"]]
        refused(
            with_model(content, put("parameters", "random_state", wrong)), "broken random state"
        )
    name = next(name for name in header if "key" in name)
    refused(with_array(content, name, np.zeros(5, np.uint32)), "a broken random state")
    refused(with_array(content, name, np.zeros(5)), "a broken random state")
