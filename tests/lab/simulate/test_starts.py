"""What learners start from: options' names as models and strategies, and priors of other folders."""

import numpy as np
import pytest

from dynamicrag.errors import InputError
from dynamicrag.lab.simulate.names import behind
from dynamicrag.lab.simulate.starts import start


def begin(source, options, table="toy.jsonl", **abilities):
    texts = ["Who wrote the first novel?", "What is the capital?"]
    return start(source, table, options, texts, None, embedder="toy", abilities=abilities)


def test_names_are_strategies_and_models():
    found = behind(["gpt-4", "single/gpt-4o-mini", "iterative", "mine"], {"mine": 0.5})
    assert [each.strategy for each in found] == ["none", "single", "iterative", "none"]
    assert [each.known for each in found] == [True, True, False, True]
    assert found[3].theta == pytest.approx(0.0)
    assert found[0].theta > found[1].theta > 0


def test_nothing_is_known_without_a_start():
    assert (begin("none", ["a", "b"]).base == 0.5).all()


def test_a_stronger_model_starts_higher():
    base = begin("prior", ["mistral-7b", "gpt-4"]).base
    assert base.shape == (2, 2)
    assert (base[:, 1] > base[:, 0]).all()


def test_unknown_models_are_named():
    notes = begin("prior", ["small", "gpt-4"]).notes
    assert any("small" in note and "--ability" in note for note in notes)
    assert not begin("prior", ["small", "gpt-4"], small=0.4).notes


def test_a_table_that_the_prior_was_learnt_from_is_named():
    notes = begin("prior", ["none/gpt-4"], "strategy_x_llm_dev_500.jsonl.gz").notes
    assert any("--without" in note for note in notes)


def test_a_prior_of_another_folder(tmp_path):
    from dynamicrag.priors.knowledge import shipped

    shipped().save(tmp_path / "prior.npz")
    one, other = (begin(source, ["mistral-7b", "gpt-4"]).base for source in ("prior", str(tmp_path)))
    assert np.allclose(one, other, atol=1e-6)


@pytest.mark.parametrize(
    ("source", "options", "given", "words"),
    [
        ("nowhere", ["a"], {}, "expected none, prior, the folder"),
        ("prior", ["a"], {"b": 0.5}, "unknown option or model 'b'"),
    ],
)
def test_bad_starts_are_refused(source, options, given, words):
    with pytest.raises(InputError, match=words):
        begin(source, options, **given)
