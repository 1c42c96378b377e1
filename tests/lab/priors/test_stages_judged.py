"""The shipped prior judged stage by stage: counts, equal tokens and nDCG@10 by hand; the whole command."""

import gzip
import json
import math
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from dynamicrag.lab.priors.__main__ import app
from dynamicrag.lab.priors.food import PROJECT, Places
from dynamicrag.lab.priors.gate import ASKED, Skips, Turns, gate, pipeline_of, turns
from dynamicrag.lab.priors.gate_questions import ALIKE, NEEDLESS
from dynamicrag.lab.priors.prompted import RETRIEVERS, prompted
from dynamicrag.lab.priors.ranked import ndcg, ranked
from dynamicrag.lab.priors.searched import OPTIONS, Searched
from dynamicrag.lab.priors.sources import QUESTION_SETS
from dynamicrag.lab.priors.stages_judged import page, stages_judged
from dynamicrag.priors.shifts import Shifts
from dynamicrag.testing import FakeEmbedder
from dynamicrag.types import Option


def lines(path: Path, rows: list[dict]) -> None:
    text = "\n".join(map(json.dumps, rows))
    path.write_bytes(gzip.compress(text.encode(), mtime=0))


def sets(folder: Path, questions: int) -> Path:
    """Write both public question sets, each question about two documents."""
    for name in QUESTION_SETS:
        documents = [
            {
                "id": f"{kind}{n}",
                "title": f"{kind} {n}",
                "text": f"The {kind} number {n} stands by the river.",
            }
            for n in range(questions)
            for kind in ("mill", "bridge")
        ]
        asked = [
            {
                "query_id": f"{name}{n}", "question": f"Is the mill {n} older than the bridge {n}?",
                "answers": ["yes"], "gold": [f"mill{n}", f"bridge{n}"],
            }
            for n in range(questions)
        ]  # fmt: skip
        lines(folder / f"{name}_corpus.jsonl.gz", documents)
        lines(folder / f"{name}_questions.jsonl.gz", asked)
    return folder


def passage(document: str, number: int = 0) -> dict:
    return {"id": f"{document}#{number}", "document": document, "title": "", "text": "a b", "score": 1.0}


def searched(ranks: dict[str, list[str]], needed: set[str]) -> Searched:
    passages = {
        option: [passage(name, n) for n, name in enumerate(ranks.get(option, ranks["rest"]))]
        for option in OPTIONS
    }
    return Searched("made", "q", "Who?", (), frozenset(needed), {"idf_coverage": 1.0}, passages)


# retrieval


class Decides:
    """A pipeline that answers greetings without documents."""

    def __init__(self) -> None:
        self.stages = {"retrieval": None}
        self.decider = self

    async def decide(self, stage, turn):
        return {"chosen": "none" if turn["text"] == "Hello!" else "iterative"}


def asked(corpus: Path) -> list[Turns]:
    return [
        Turns("talk", False, corpus, ["Hello!", "Who owns the mill?"]),
        Turns("look-up", True, corpus, ["Who owns the mill?", "Hello!", "When was it built?"]),
    ]


def right_and_wrong(found: list[Skips]) -> None:
    talk, look_up = found
    assert (talk.asked, talk.skipped, talk.wrong) == (2, 1, ["Who owns the mill?"])
    assert (look_up.asked, look_up.skipped, look_up.wrong) == (3, 1, ["Hello!"])


def test_a_skip_is_right_where_no_documents_are_needed():
    right_and_wrong(gate(asked(Path("docs")), {Path("docs"): Decides()}))


@pytest.mark.slow
def test_the_prior_decides_without_a_call_of_a_model(tmp_path, monkeypatch):
    monkeypatch.setenv("DYNAMICRAG_CACHE", str(tmp_path / "cache"))
    corpus = tmp_path / "docs"
    corpus.mkdir()
    (corpus / "mill.md").write_text("# Mill\n\nThe mill of Ord stands by the river.")
    right_and_wrong(gate(asked(corpus), {corpus: pipeline_of(corpus, FakeEmbedder())}))


def test_the_same_200_turns_are_drawn(tmp_path):
    made = turns(sets(tmp_path, 60), PROJECT)
    assert made == turns(tmp_path, PROJECT)
    assert sum(len(each.texts) for each in made) == ASKED
    assert {each.kind for each in made if not each.needs} == set(NEEDLESS)
    texts = [text for each in made for text in each.texts]
    assert len({*texts, *ALIKE}) >= ASKED - 60  # both made-up sets ask the same
    assert all(len({*each.texts}) == len(each.texts) for each in made)


# context


class Keeps:
    """A context that keeps a number of passages by question, in turn."""

    options = (Option("adaptive"),)

    def __init__(self, *numbers: int) -> None:
        self.numbers = list(numbers) * len(RETRIEVERS)

    async def act(self, option, turn, run):
        return {"passages": turn["candidates"][: self.numbers.pop(0)]}


def test_the_constant_context_has_as_many_tokens():
    ranking = {"rest": [f"d{n}" for n in range(30)]}
    questions = [searched(ranking, {"d0"}), searched(ranking, {"d0", "d3"})]
    made = prompted("made", questions, Keeps(1, 4), None, lambda text: len(text.split()))
    assert [each.retriever for each in made] == list(RETRIEVERS)
    first = made[0]
    assert first.tokens == 5.0  # (1 + 4) passages of two tokens, over two questions
    assert first.chunks == pytest.approx(2.5)
    assert (first.adaptive, first.constant) == (1.0, 0.5)
    assert first.gain[0] == pytest.approx(0.5)
    more = prompted("made", questions, Keeps(1, 6), None, lambda text: len(text.split()))[0]
    assert more.chunks == pytest.approx(3.5)
    assert more.constant == pytest.approx(0.75)  # half of the prompts have the fourth passage


# retriever


def test_ndcg_counts_a_document_once_and_only_the_first_ten():
    each = searched({"rest": ["a", "a", "x", "b"], "lexical": [*"uvwxyzmnop", "a"]}, {"a", "b"})
    ideal = 1 + 1 / math.log2(3)
    assert ndcg(each, "dense") == pytest.approx((1 + 1 / math.log2(4)) / ideal)
    assert ndcg(each, "lexical") == 0


class Takes:
    """A prior that takes the first option."""

    def shifts(self, options, features):
        assert "idf_coverage" in features
        return Shifts(tuple(-float(n) for n in range(len(options))), ("",) * len(options), 0.1)


def test_choices_are_compared_with_always_the_best_and_the_oracle():
    good, bad = ["a"], ["x"]
    questions = [
        searched({"lexical": good, "rest": bad}, {"a"}),
        searched({"lexical": bad, "rest": good}, {"a"}),
        searched({"lexical": bad, "rest": good}, {"a"}),
    ]
    every, two = ranked("made", questions, Takes())
    assert two.options == ["lexical", "dense"]
    for made in (every, two):
        assert made.chosen == pytest.approx(1 / 3)
        assert made.shares[0] == 1
        assert made.best == "dense"
        assert max(made.always) == pytest.approx(2 / 3)
        assert made.oracle == 1
        assert made.gain[0] == pytest.approx(-1 / 3)


# the whole


@pytest.mark.slow
def test_the_command_judges_every_stage(tmp_path, monkeypatch):
    monkeypatch.setenv("DYNAMICRAG_CACHE", str(tmp_path / "cache"))
    steps: list[str] = []
    places = Places(sets(tmp_path, 60), PROJECT, [], tmp_path / "cache" / "corpora")
    made = stages_judged(places, FakeEmbedder(), steps.append)
    assert {each.set for each in made.context} == set(QUESTION_SETS)
    assert {each.set for each in made.retriever} == {*QUESTION_SETS, "sample"}
    assert all(each.questions == 30 for each in made.context)
    assert sum(each.skipped for each in made.gate if each.needs) == 0
    assert json.loads(json.dumps(made.as_json()))["gate"][0]["asked"] == 16
    titles = " ".join(section.title for section in page(made).sections)
    assert "Skips: right" in titles
    assert any("search hotpotqa: 30 questions" in step for step in steps)
    assert np.isfinite([each.gain[0] for each in made.retriever]).all()


def test_the_command_names_a_missing_folder(tmp_path):
    done = CliRunner().invoke(app, ["stages", "--data", str(tmp_path / "nowhere")])
    assert done.exit_code == 1
    assert "expected the folder of the public" in done.output + done.stderr


def test_the_command_names_a_missing_question_set(tmp_path):
    done = CliRunner().invoke(app, ["stages", "--data", str(tmp_path)])
    assert done.exit_code == 1
    assert "hotpotqa_questions.jsonl.gz" in done.output + done.stderr
