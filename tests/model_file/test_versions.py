"""Files of every version that has written any still load."""

import json
from pathlib import Path

import numpy as np
import pytest

import fastopt
from fastopt.model_file.estimators import ESTIMATORS

FILES = sorted((Path(__file__).parent.parent / "model_files").glob("*/*.safetensors"))


def expected_of(path):
    return json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))


def test_there_is_a_file_of_every_estimator():
    assert {expected_of(path)["class"] for path in FILES} == {*ESTIMATORS}


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_models_of_files_predict_what_they_did(path, tmp_path):
    model, expected = fastopt.load(path), expected_of(path)
    assert type(model).__name__ == expected.pop("class")
    X = np.array(expected.pop("X"), np.float32)
    assert "predict" in expected
    for method, values in expected.items():
        found = getattr(model, method)(X)
        if found.dtype.kind == "f":
            np.testing.assert_allclose(found, values, rtol=1e-6, atol=1e-7)
        else:
            assert found.tolist() == values
    model.save(tmp_path / "again")
    assert vars(fastopt.load(tmp_path / "again")).keys() == vars(model).keys()
