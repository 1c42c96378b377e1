import json

import numpy as np
import pytest

from dynamicrag.errors import InputError, PolicyError, ProviderError
from dynamicrag.predictors.base import PREDICTORS, Predictor
from dynamicrag.predictors.state import FORMAT, META, State, whole
from tests.predictors.tables import table


@pytest.fixture
def saved(tmp_path):
    return PREDICTORS.build("linear", "tests").fit(*table()).state().save(tmp_path / "router.npz")


def rewrite(path, change):
    """Change the file's document or arrays, as an editor would."""
    with np.load(path) as file:
        members = {name: file[name] for name in file.files}
    document = json.loads(members[META].tobytes())
    change(document, members)
    members[META] = np.frombuffer(json.dumps(document, sort_keys=True).encode(), dtype=np.uint8)
    np.savez(path, **members)


def test_a_state_comes_back_whole(tmp_path):
    state = State({"a": [1, {"b": None}]}, {"x": np.arange(6.0).reshape(2, 3), "y/z": np.array(3)})
    again = State.load(state.save(tmp_path / "some" / "where"))
    assert again.meta == state.meta
    assert {name: array.tolist() for name, array in again.arrays.items()} == {
        "x": [[0, 1, 2], [3, 4, 5]],
        "y/z": 3,
    }
    assert again.under("y").keys() == {"z"}
    assert [p.name for p in (tmp_path / "some").iterdir()] == ["where.npz"]


def test_bytes_are_the_content_of_a_file(saved):
    state = State.load(saved)
    assert state.to_bytes() == saved.read_bytes()
    again = State.from_bytes(saved.read_bytes())
    assert again.meta == state.meta
    assert again.to_bytes() == state.to_bytes()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no zip", b"\x80\x04K\x01."])
def test_other_bytes_are_refused_with_their_source(content):
    with pytest.raises(PolicyError, match=r"^snapshot 7: this is no learner.*; learn it again$"):
        State.from_bytes(content, "snapshot 7", "learner", "learn it again")


def test_edited_bytes_are_refused(saved):
    rewrite(saved, lambda document, members: document["meta"].update(features=6))
    with pytest.raises(PolicyError, match="wrong digest"):
        State.from_bytes(saved.read_bytes())


def test_the_suffix_may_be_left_out(saved):
    assert Predictor.load(saved.with_suffix("")).registered == "linear"


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(PolicyError, match=r"nothing\.npz: no trained router is here; train"):
        Predictor.load(tmp_path / "nothing.npz")


def change_number(document, members):
    members["array/ridge/weights"][0, 0] += 1e-3


def change_columns(document, members):
    document["meta"]["columns"] = [2, 1, 0]


def add_array(document, members):
    members["array/extra"] = np.ones(3)


@pytest.mark.parametrize("change", [change_number, change_columns, add_array])
def test_an_edited_file_is_refused(saved, change):
    rewrite(saved, change)
    with pytest.raises(PolicyError, match=r"router\.npz: the file was changed.*train the router again"):
        Predictor.load(saved)


def test_another_version_is_refused(saved):
    rewrite(saved, lambda document, members: document.update(format=FORMAT + 1))
    with pytest.raises(PolicyError, match=r"router\.npz: the file has format 3, this version.* reads 2"):
        Predictor.load(saved)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no zip", b"\x80\x04K\x01.", b"{}" * 50])
def test_other_files_are_refused(tmp_path, content):
    path = tmp_path / "x.npz"
    path.write_bytes(content)
    with pytest.raises(PolicyError, match=r"x\.npz: this is no trained router"):
        Predictor.load(path)


def test_a_damaged_file_is_refused(saved):
    content = bytearray(saved.read_bytes())
    for at in range(40, len(content), 97):
        content[at] ^= 0xFF
    saved.write_bytes(bytes(content))
    with pytest.raises(PolicyError, match="damaged"):
        Predictor.load(saved)


def test_a_plain_array_and_a_pickle_are_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.ones(3))
    (tmp_path / "a.npz").write_bytes((tmp_path / "a.npy").read_bytes())
    np.savez(tmp_path / "b.npz", **{META: np.array([{"code": 1}], dtype=object)})
    for name in ("a.npz", "b.npz"):
        with pytest.raises(PolicyError, match="no trained router"):
            Predictor.load(tmp_path / name)


def test_a_state_of_an_unknown_predictor_names_those_there_are():
    with pytest.raises(PolicyError, match="unknown predictor 'knm'; did you mean 'knn'"):
        Predictor.from_state(State({"predictor": "knm", "params": {}}))


def test_what_cannot_be_written_says_so(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(PolicyError, match="cannot be written"):
        State({}).save(tmp_path / "file" / "router.npz")


def test_a_mistake_within_a_state_names_its_file():
    said = r"r\.npz: this is no trained router \(X: 3 features, got 5\); train"
    with pytest.raises(PolicyError, match=said), whole("r.npz", "trained router"):
        raise InputError("X: 3 features, got 5")
    said = r"^r\.npz: has another version$"
    with pytest.raises(PolicyError, match=said), whole("r.npz", "trained router"):
        raise PolicyError("r.npz: has another version")
    with pytest.raises(ProviderError, match=r"^embedder e5: too many requests$"), whole("r.npz", "router"):
        raise ProviderError("embedder e5: too many requests")  # the file is as it should be
