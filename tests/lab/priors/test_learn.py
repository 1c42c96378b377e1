"""Learning the prior: it finds the model that drew the data, is deterministic, and names missing tables."""

import os
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from dynamicrag.errors import InputError
from dynamicrag.lab.priors.card import card
from dynamicrag.lab.priors.generation import learn_generation
from dynamicrag.lab.priors.learn import learn_knowledge
from dynamicrag.lab.priors.sources import SUBJECTS, Source
from dynamicrag.lab.priors.tables import Tables, grid
from dynamicrag.priors.knowledge import Knowledge, shipped
from tests.lab.priors.synthetic import EASY, HARD, embed, write


def tables(folder, steps=None):
    return Tables(folder, embed, "toy", (steps if steps is not None else []).append)


@pytest.fixture(scope="module")
def learnt(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    write(folder)
    return learn_knowledge(tables(folder))


@pytest.mark.parametrize("embedder", ["toy", ""])
def test_ease_and_ability_are_found(learnt, embedder):
    model = learnt.generation(embedder)
    asked = {}
    for kind, text in (("easy", EASY), ("hard", HARD)):
        question = text.format(n=7)
        asked[kind] = model.question(question, embed([question])[0] if embedder else None)
    easy, hard = (model.logits(asked[kind], [0.1, 2.0]).logit for kind in ("easy", "hard"))
    assert (easy > hard).all()
    assert (easy[:, 1] > easy[:, 0] + 0.5).all()
    gains = {}
    for kind in asked:
        single, iterative = model.logits(asked[kind], [1.0], ("single", "iterative")).logit[:, 0]
        gains[kind] = iterative - single
    assert gains["hard"] > gains["easy"]


def test_the_same_tables_give_the_same_bytes(learnt, tmp_path):
    write(tmp_path)
    again = learn_knowledge(tables(tmp_path))
    assert again.save(tmp_path / "a.npz").read_bytes() == learnt.save(tmp_path / "b.npz").read_bytes()


def test_what_is_saved_predicts_as_before(learnt, tmp_path):
    loaded = Knowledge.load(learnt.save(tmp_path / "prior.npz"))
    models = [known.generation_lexical for known in (learnt, loaded)]
    before, after = (model.logits(model.question(HARD), [0.5, 1.5]) for model in models)
    np.testing.assert_allclose(after.logit, before.logit, atol=1e-5)
    np.testing.assert_allclose(after.spread, before.spread, atol=1e-5)


def test_without_the_questions_of_a_table_the_model_is_its_own_prior(tmp_path):
    write(tmp_path)
    asked = grid(tables(tmp_path)).questions
    made = learn_knowledge(tables(tmp_path), asked)
    model = made.generation("")
    easy, hard = (model.question(text.format(n=7)) for text in (EASY, HARD))
    assert model.logits(easy, [1.0]).logit == pytest.approx(model.logits(hard, [1.0]).logit)
    none, single, _ = model.logits(easy, [2.0]).logit[:, 0] - model.logits(easy, [1.0]).logit[:, 0]
    assert (none, single) == pytest.approx((0.7, 0.3), abs=0.01)


def test_the_command_learns_a_prior_without_a_table(tmp_path, monkeypatch):
    from dynamicrag.lab.priors import __main__ as command

    path = write(tmp_path)
    monkeypatch.setattr(command, "_tables", lambda console, data: (tables(data), None))
    given = ["--data", str(tmp_path), "--out", str(tmp_path / "out"), "--without", str(path)]
    found = CliRunner().invoke(command.app, given)
    assert found.exit_code == 0, found.output
    assert [each.name for each in (tmp_path / "out").iterdir()] == ["prior.npz"]


def test_progress_is_reported(tmp_path):
    write(tmp_path, rows=20)
    steps = []
    learn_knowledge(tables(tmp_path, steps))
    assert steps[0].startswith("read strategy_x_llm_dev_500")
    assert len(steps) >= 3


def test_a_missing_table_is_named_with_its_origin(tmp_path):
    with pytest.raises(InputError, match=r"strategy_x_llm_dev_500.*JinyanSu1/Flare-Aug \(Apache-2.0\)"):
        grid(tables(tmp_path))


def test_a_table_without_a_strategy_is_refused(tmp_path):
    write(tmp_path, rows=5, options=slice(len(SUBJECTS)))
    with pytest.raises(InputError, match="missing: single/flan_t5_xl"):
        grid(tables(tmp_path))


def test_a_licence_that_allows_no_derived_artefact_cannot_be_learnt_from():
    with pytest.raises(ValueError, match="allows no derived artefact"):
        Source("table", "someone/somewhere", "none", "outcomes")
    assert not Source("table", "someone/somewhere", "none", "outcomes", learnt=False).learnt


def test_the_card_names_data_licences_models_and_limits():
    text = card("2026-11-30", 1234, "recordings of 9 answers")
    for part in ("2026-11-30", "1,234 bytes", "recordings of 9 answers", "gpt-4o-mini", "0.820", "English"):
        assert part in text
    for part in ("Apache-2.0", "CC BY-SA 4.0", "28 settings", ".606 to .723", "Never skip", "are optimistic"):
        assert part in text
    for part in ("Generator", "Retriever", "Context", "Prompt", "Verification", "Rewriting"):
        assert f"\n## {part}" in text


def test_the_command_says_what_is_missing(tmp_path):
    from dynamicrag.lab.priors.__main__ import app

    done = CliRunner().invoke(app, ["--out", str(tmp_path), "--data", str(tmp_path / "nowhere")])
    assert done.exit_code == 1
    assert "expected the folder of the public outcome tables" in done.output + done.stderr


@pytest.mark.slow
def test_the_shipped_arrays_are_made_from_the_public_tables():
    folder = os.environ.get("DYNAMICRAG_PUBLIC_TABLES")
    if not folder:
        pytest.skip("DYNAMICRAG_PUBLIC_TABLES names no folder: the public tables are not part of the project")
    again = learn_generation(grid(tables(Path(folder))), None)
    np.testing.assert_allclose(again.weights, shipped().generation_lexical.weights, atol=1e-3)
