"""``dynamicrag synthesize`` with a model that writes and answers from a script."""

import json
import re
import signal

import pytest
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage

from dynamicrag.errors import ProviderError
from dynamicrag.lab.questions import read_questions
from dynamicrag.llm.chat import ChatModel
from tests.cli.ended import ended

POLICY = """
version: 1
corpora: {docs: {path: docs/, chunk: {size: 64, overlap: 8}}}
models: {small: {model: "local:small.gguf"}, large: {model: "local:large.gguf"}}
objective: {budget: {per_query: {tokens: 10}}}
host: {meter: none}
stages:
  retriever: {options: {lexical: {bm25: {}}}}
  context: {options: {short: {chunks: 2}, long: {chunks: 6}}, router: prior}
  generator: {options: [small, large], router: {fixed: {option: large}}}
"""
MILLS = ("Arden", "Brook", "Corvo", "Dell", "Elmet", "Frith", "Garth", "Holme", "Inver", "Jarrow")
PEOPLE = ("Vera Holt", "Ivo Brand", "Nia Marsh", "Tom Pell", "Ada Thrane", "Kit Oake", "Una Frost",
          "Sam Dask", "Lea Korr", "Max Lisk")  # fmt: skip
TOWNS = ("Lunn", "Olten", "Tamrick", "Avel", "Sorrel", "Vessery", "Gorrow", "Cawdrith", "Ossick", "Merrow")
MAKE = ("synthesize", "-p", "p.yaml", "-o", "q.jsonl", "--n", "20")


def written(text):
    """Return the question for a topic, a fact and an answer."""
    topic, fact, answer = (
        re.search(rf"^{label}: (.*)$", text, re.M)[1] for label in ("Topic", "Fact", "Answer")
    )
    del fact
    if topic in PEOPLE:
        return f"Where was {topic} born?"
    return f"In which year was {topic} built?" if answer.isdigit() else f"Who built {topic}?"


def answered(question, passages):
    """Return what passages say."""
    found = re.search(r"the builder of (Mill \w+) born", question)
    if found:
        builder = re.search(rf"{found[1]} was built in \d+ by (\w+ \w+)", passages)
        question = f"Where was {builder[1]} born?" if builder else ""
    for ask, say in (
        (r"In which year was (Mill \w+) built", r"{} was built in (\d+)"),
        (r"Who built (Mill \w+)\?", r"{} was built in \d+ by (\w+ \w+)"),
        (r"Where was (\w+ \w+) born", r"{} was born in the town of (\w+)"),
    ):
        asked = re.search(ask, question)
        said = asked and re.search(say.format(asked[1]), passages)
        if said:
            return said[1]
    return "unanswerable"


def reply(messages):
    """Do what the instructions say."""
    system, text = messages[0].text, messages[-1].text
    if "to which the answer given is the answer" in system:
        return written(text)
    if "the text does not answer" in system:
        return f"How tall is {re.search(r'^Topic: (.*)$', text, re.M)[1]}?"
    if "join two questions" in system:
        return f"Where was the builder of {re.search(r'Who built (Mill .*)[?]', text)[1]} born?"
    passages, _, question = text.partition("\n\nQuestion: ")
    return answered(question, passages) if question else "I do not know that."


class Scripted(ChatModel):
    """Says what ``script`` makes of a prompt; ``asked`` has all of them."""

    script = staticmethod(reply)
    asked: list = []  # noqa: RUF012 - shared on purpose

    def _client(self, max_tokens, temperature):
        model = self

        class Fake(GenericFakeChatModel):
            async def _astream(self, messages, stop=None, run_manager=None, **kwargs):
                if len(messages) > 1:  # one is sent to warm it
                    model.asked.append([message.text for message in messages])
                self.messages = iter([AIMessage(model.script(messages) if len(messages) > 1 else "hi")])
                async for chunk in super()._astream(messages, stop, run_manager, **kwargs):
                    yield chunk

        return Fake(messages=iter([]))


@pytest.fixture
def world(there, monkeypatch):
    """A corpus in which ten mills were built by ten people."""
    monkeypatch.setattr("dynamicrag.policy.build_models.chat_model", Scripted)
    monkeypatch.setattr(Scripted, "asked", [])
    (there / "p.yaml").write_text(POLICY)
    (there / "docs" / "lighthouse.md").unlink()
    (there / "q.jsonl").unlink()
    for number, (mill, person, town) in enumerate(zip(MILLS, PEOPLE, TOWNS, strict=True)):
        (there / "docs" / f"{mill}.md").write_text(
            f"# Mill {mill}\n\nMill {mill} was built in {1800 + number} by {person}. It grinds oats.\n"
        )
        (there / "docs" / f"{person}.md").write_text(
            f"# {person}\n\n{person} was born in the town of {town} by the sea. They were good at sums.\n"
        )
    return there


@pytest.mark.slow
def test_questions_of_every_kind(world, run):
    code, out, err = run(*MAKE, "--json", "s.json")
    assert (code, err) == (0, "")
    questions = read_questions(world / "q.jsonl")
    types = [question.type for question in questions]
    assert [types.count(kind) for kind in ("single", "multi", "unanswerable")] == [8, 4, 4]
    assert len({question.text for question in questions}) == 20
    for question in questions:
        if question.type == "multi":
            assert len(question.gold) == 2
            assert question.answers[0] in TOWNS
        elif question.type == "unanswerable":
            assert (question.answerable, question.answers) == (False, ())
    summary = json.loads((world / "s.json").read_text())
    assert summary["kinds"]["single"]["kept"] == 8
    assert set(summary["kinds"]["single"]["cost"]["joules"]) >= {"value", "kind"}
    assert summary["cost"]["tokens"]["value"] >= 0
    assert "single: 8 of 8 kept" in out
    assert not list(world.glob("q.jsonl.*"))


@pytest.mark.slow
def test_the_seed_decides(world, run):
    texts = []
    for seed in (1, 1, 2):
        run(*MAKE, "--fresh", "--seed", seed)
        texts.append((world / "q.jsonl").read_text())
    assert texts[0] == texts[1] != texts[2]


@pytest.mark.slow
def test_no_question_is_asked_twice(world, run):
    run(*MAKE, "--workers", "4")
    assert len(Scripted.asked) == len({json.dumps(asked) for asked in Scripted.asked})


@pytest.mark.parametrize(
    ("script", "kind", "reason"),
    [
        (lambda messages: "blah <b>blah</b>", "single", "no question"),
        (lambda messages: "What is there to say of Mill and Frost and Lunn?", "single", "duplicate"),
        (lambda messages: answered_anyway(messages), "single", "known without"),
        (lambda messages: answered_anyway(messages), "unanswerable", "answerable"),
        (
            lambda messages: reply(messages).replace("the builder of", "Vera Holt of"),
            "multi",
            "names the link",
        ),
    ],
)
@pytest.mark.slow
def test_what_does_not_pass(world, run, monkeypatch, script, kind, reason):
    monkeypatch.setattr(Scripted, "script", staticmethod(script))
    code, out, _ = run(*MAKE, "--json", "s.json")
    assert code == 0
    row = json.loads((world / "s.json").read_text())["kinds"][kind]
    if reason == "duplicate":
        assert row["kept"] == 0
    else:
        assert row["reasons"][reason] >= 1
        assert row["refused"][reason]
    assert "fewer than wanted" in out


def answered_anyway(messages):
    """Write as told, and answer whatever is asked with all years, people and towns."""
    said = reply(messages)
    if "Write one short" in messages[0].text or "join two" in messages[0].text:
        return said
    return " ".join([*map(str, range(1800, 1810)), *PEOPLE, *TOWNS])


@pytest.mark.slow
def test_one_passage_that_suffices(world, run, monkeypatch):
    def script(messages):
        said = reply(messages)
        towns = [town for town in TOWNS if f"town of {town}" in messages[-1].text]
        return towns[0] if said == "unanswerable" and towns and "builder" in messages[-1].text else said

    monkeypatch.setattr(Scripted, "script", staticmethod(script))
    run(*MAKE, "--json", "s.json")
    row = json.loads((world / "s.json").read_text())["kinds"]["multi"]
    assert row["kept"] == 0
    assert row["reasons"]["one is enough"] == row["tried"] > 0


@pytest.mark.slow
def test_a_model_that_fails(world, run, monkeypatch):
    def broken(messages):
        raise ProviderError("model large: it went boom")

    monkeypatch.setattr(Scripted, "script", staticmethod(broken))
    code, _, err = run(*MAKE)
    assert code == 1
    assert "it went boom" in err
    monkeypatch.setattr(Scripted, "script", staticmethod(reply))
    assert run(*MAKE)[0] == 0


@pytest.mark.slow
def test_a_total_that_is_used_up(world, run):
    total = "total: {tokens: 3000}"
    (world / "p.yaml").write_text(POLICY.replace("per_query: {tokens: 10}", total))
    code, _, err = run(*MAKE)
    assert code == 1
    assert "objective.budget.total.tokens" in err
    done = len((world / "q.jsonl.partial").read_text().splitlines()) - 1
    assert done >= 1
    (world / "p.yaml").write_text(POLICY.replace("per_query: {tokens: 10}", "total: {tokens: 3000000}"))
    code, out, _ = run(*MAKE)
    assert code == 0
    assert f"{done} steps were done before" in " ".join(out.split())


def test_an_empty_corpus(world, run):
    for path in (world / "docs").iterdir():
        path.unlink()
    (world / "docs" / "a.md").write_text("")
    code, _, err = run(*MAKE)
    assert code == 1
    assert "no document can be read" in err
    assert not (world / "q.jsonl").exists()


def test_no_corpus(world, run):
    (world / "p.yaml").write_text(
        POLICY.replace("corpora: {docs: {path: docs/, chunk: {size: 64, overlap: 8}}}", "")
    )
    code, _, err = run(*MAKE)
    assert code == 1
    assert "corpus" in err
    assert not (world / "q.jsonl").exists()


def test_a_corpus_of_one_document(world, run):
    for path in (world / "docs").iterdir():
        if path.name != "Arden.md":
            path.unlink()
    code, out, _ = run(*MAKE)
    assert code == 0
    assert "2 of 8 single, 1 of 4 unanswerable, 0 of 4 multi" in " ".join(out.split())
    assert len(read_questions(world / "q.jsonl")) == 2 + 0 + 1 + 4


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("-o", "no/q.jsonl"), "there is no folder no"),
        (("-o", "docs"), "is a folder"),
        (("-o", "q.csv"), "valid endings: .jsonl"),
        (("-o", "q.jsonl", "-p", "balancd"), "did you mean 'balanced'?"),
        (("-o", "q.jsonl", "-p", "p.yaml", "--model", "larg"), "did you mean 'large'?"),
        (("-o", "q.jsonl", "-p", "p.yaml", "--json", "no/s.json"), "there is no folder no"),
    ],
)
def test_mistakes(world, run, arguments, said):
    code, _, err = run("synthesize", *(() if "-p" in arguments else ("-p", "p.yaml")), *arguments)
    assert code == 1
    assert said in err
    assert not Scripted.asked


def test_documents_are_sent_nowhere_by_default(world, run):
    (world / "p.yaml").write_text(POLICY.replace("local:", "openai:"))
    code, _, err = run(*MAKE)
    assert code == 1
    assert "--model: small, large" in err


def test_a_file_that_is_there_is_not_overwritten(world, run):
    (world / "q.jsonl").write_text("mine")
    code, _, err = run(*MAKE)
    assert code == 1
    assert "--fresh" in err
    assert (world / "q.jsonl").read_text() == "mine"


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_ended_from_outside_it_goes_on(world, run, how):
    run(*MAKE)
    whole, steps = (world / "q.jsonl").read_text(), len(Scripted.asked)
    (world / "q.jsonl").unlink()
    partial = world / "q.jsonl.partial"
    code, err = ended(Scripted, 0.05, MAKE, partial, 9, how)
    done = [json.loads(line) for line in partial.read_text().splitlines()[1:]]
    assert len(done) >= 8
    if how == signal.SIGINT:
        assert code == 130
        assert f"{len(done)} steps are kept; the same command continues from there" in err
    code, _, err = run(*MAKE, "--seed", "5")
    assert code == 1
    assert "made with another seed" in err
    Scripted.asked.clear()
    run(*MAKE)
    said = sum(isinstance(record["gave"], str) for record in done)
    assert len(Scripted.asked) == steps - said
    assert (world / "q.jsonl").read_text() == whole
