"""The shipped prior: it loads once, is small, and damaged or foreign files are refused with a remedy."""

import threading
from importlib.resources import files

import pytest

from dynamicrag.errors import PolicyError
from dynamicrag.predictors.state import State
from dynamicrag.priors import knowledge
from dynamicrag.priors.knowledge import FILE, Knowledge, shipped
from dynamicrag.priors.shipping import Shipped

MEND = "python -m dynamicrag.lab.priors"
DATA = files("dynamicrag.priors") / "data"


def test_the_shipped_file_is_small_and_has_a_card():
    assert (DATA / FILE).stat().st_size < 2_000_000
    card = (DATA / "card.md").read_text("utf-8")
    assert "Apache-2.0" in card
    assert "Never skip a user's documents" in card


def test_many_threads_read_it_once():
    loads = []
    again = Shipped(FILE, lambda path: loads.append(path) or Knowledge.load(path))
    found = []
    threads = [threading.Thread(target=lambda: found.append(again())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(loads) == 1
    assert len(set(map(id, found))) == 1


def test_the_embedder_decides_which_model_is_used():
    known = shipped()
    assert known.generation("all-minilm-l6-v2") is known.generation_embedding
    assert known.generation("openai:text-embedding-3-small") is known.generation_lexical
    assert known.generation() is known.generation_lexical


def test_saving_twice_gives_the_same_bytes(tmp_path):
    first, second = (shipped().save(tmp_path / name).read_bytes() for name in ("a.npz", "b.npz"))
    assert first == second == (DATA / FILE).read_bytes()


def test_a_missing_file_is_named_with_its_remedy(tmp_path):
    with pytest.raises(PolicyError, match=f"no prior of dynamicrag is here.*{MEND}"):
        Knowledge.load(tmp_path / "prior.npz")


def test_a_damaged_file_is_refused(tmp_path):
    path = shipped().save(tmp_path / FILE)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 255
    path.write_bytes(content)
    with pytest.raises(PolicyError, match=MEND):
        Knowledge.load(path)


def test_another_version_is_refused(tmp_path):
    path = shipped().save(tmp_path / FILE)
    state = State.load(path)
    State({**state.meta, "version": 99}, state.arrays).save(path)
    with pytest.raises(PolicyError, match=f"version 99, and this version of dynamicrag reads 1.*{MEND}"):
        Knowledge.load(path)


def test_a_file_without_a_part_is_refused(tmp_path):
    State({"version": knowledge.VERSION}).save(tmp_path / FILE)
    with pytest.raises(PolicyError, match=f"no whole prior.*{MEND}"):
        Knowledge.load(tmp_path / FILE)


def test_weights_of_another_shape_are_refused(tmp_path):
    state = State.load(shipped().save(tmp_path / FILE))
    name = "generation_lexical/weights"
    State(state.meta, {**state.arrays, name: state.arrays[name][:, :, :-1]}).save(tmp_path / FILE)
    with pytest.raises(PolicyError, match="do not fit"):
        Knowledge.load(tmp_path / FILE)
