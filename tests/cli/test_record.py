"""``dynamicrag record`` with models that answer from a script."""

import asyncio
import json
import re
import signal
from types import SimpleNamespace

import pytest

from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.lab.outcomes.file import read_table
from dynamicrag.lab.record import runs
from tests.cli.conftest import FakeModel
from tests.cli.ended import ended

RECORD = ("record", "-p", "p.yaml", "-q", "q.jsonl", "--out", "t.jsonl")
GRID = ("--grid", "retrieval=none,single", "--grid", "generator=small,large")
NAMES = ("none/small", "none/large", "single/small", "single/large")
TIMINGS = ("seconds", "cpu_seconds", "joules", *(row.name for row, _ in DIMENSIONS.derived))


@pytest.fixture
def asked(monkeypatch):
    """What was asked of the graph: a query's id each time."""
    seen = []
    ask_one = runs.ask_one

    async def counted(rag, app, question):
        seen.append(question.id)
        return await ask_one(rag, app, question)

    monkeypatch.setattr(runs, "ask_one", counted)
    return seen


def without_timings(path):
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    for row in rows:
        for outcome in row["outcomes"].values():
            assert all(outcome.pop(name) >= 0 for name in TIMINGS)
            outcome.pop("kinds")
    return rows


def test_a_table_of_all_paths(there, run, asked):
    code, out, err = run(*RECORD, *GRID, "--json", "s.json")
    assert (code, err) == (0, "")
    assert "4 paths × 2 questions = 8 runs; 8 to go, expected to take" in out
    table = read_table(there / "t.jsonl")
    assert table.options == NAMES
    assert asked == ["a", "b"] * 4
    first, second = table.rows
    assert [first.outcomes[name].facts["contains"] for name in NAMES] == [1, 1, 1, 1]
    assert (first.group, first.answerable, second.answerable) == ("single", None, False)
    named = {"models.small", "models.large", "retriever.lexical", "context.short", "prompt.direct"}
    assert set(first.origin) == {"policy", "corpus"} | named
    outcome = first.outcomes["single/small"]
    assert outcome.answer == "It has 164 steps."
    assert outcome.quality == outcome.facts["f1"] == pytest.approx(0.4)
    assert outcome.path == {"retrieval": "single", "retriever": "lexical", "context": "short",
                            "prompt": "direct", "generator": "small", "verification": "accept"}  # fmt: skip
    assert list(first.outcomes["none/large"].path) == ["retrieval", "prompt", "generator", "verification"]
    assert [o.facts["retrieval_steps"] for o in first.outcomes.values()] == [0, 0, 1, 1]
    assert {"idf_coverage", "matched", "unanswerable"} <= set(outcome.signals)
    assert "asks_who" not in outcome.signals
    assert not list(there.glob("t.jsonl.*"))
    summary = json.loads((there / "s.json").read_text())
    assert summary["paths"]["single/small"]["runs"] == 2
    assert summary["oracle"]["quality"] == pytest.approx((0.4 + 1) / 2)


def test_a_draft_that_is_mended(there, run):
    """By the large model, which knows everything; the draft and its judgement are paid for too."""
    policy = (
        (there / "p.yaml").read_text().replace("[accept, escalate, abstain]", "[accept, refine, abstain]")
    )
    (there / "p.yaml").write_text(policy.replace("    escalate: {unanswerable: generator}\n", ""))
    paths = (
        "--path",
        "generator=small,retrieval=none",
        "--path",
        "generator=small,retrieval=none,verification=refine",
    )
    code, _, err = run(*RECORD, *paths, "--json", "s.json")
    assert (code, err) == (0, "")
    table = read_table(there / "t.jsonl")
    draft, mended = table.options
    assert mended == f"{draft}/refine"
    row = table.rows[1]
    assert [row.outcomes[name].answer for name in table.options] == ["unanswerable", "It has 164 steps."]
    assert [row.outcomes[name].path["verification"] for name in table.options] == ["accept", "refine"]
    assert row.outcomes[mended].facts["output_tokens"] > row.outcomes[draft].facts["output_tokens"]
    assert [row.outcomes[name].signals["unanswerable"] for name in table.options] == [1.0, 0.0]


def test_not_to_answer_is_right_where_nothing_is_to_be_found(there, run):
    run(*RECORD, *GRID)
    unanswerable = read_table(there / "t.jsonl").rows[1]
    assert [unanswerable.outcomes[name].quality for name in NAMES] == [1, 0, 1, 0]
    assert [unanswerable.outcomes[name].facts["abstained"] for name in NAMES] == [1, 0, 1, 0]


def test_nothing_is_run_twice(there, run, asked):
    run(*RECORD, "--path", "generator=small")
    before = read_table(there / "t.jsonl")
    assert before.options == ("single/lexical/short/direct/small",)
    assert len(asked) == 2
    _, out, _ = run(*RECORD, "--path", "generator=small")
    assert "all recorded before, in t.jsonl" in out
    assert len(asked) == 2
    _, out, _ = run(*RECORD, "--grid", "generator=small,large")
    assert "2 of them recorded before; 2 to go" in out
    assert len(asked) == 4
    after = read_table(there / "t.jsonl")
    assert after.options == ("small", "large")
    for row, was in zip(after.rows, before.rows, strict=True):
        assert row.outcomes["small"] == next(iter(was.outcomes.values()))
    with (there / "q.jsonl").open("a") as file:
        file.write('{"query_id": "c", "question": "How tall is it?", "answers": ["9"]}\n')
    run(*RECORD, "--grid", "generator=small,large")
    assert asked[4:] == ["c", "c"]


def test_goes_on_after_a_torn_line(there, run, asked):
    run(*RECORD, *GRID)
    whole = without_timings(there / "t.jsonl")
    table = read_table(there / "t.jsonl")
    lines = []
    for name in NAMES[:2]:
        for row in json.loads(
            json.dumps([json.loads(x) for x in (there / "t.jsonl").read_text().splitlines()])
        ):
            lines.append(json.dumps({**row, "outcomes": {"": row["outcomes"][name]}}) + "\n")
    (there / "t.jsonl").unlink()
    (there / "t.jsonl.partial").write_text("".join(lines)[:-40])
    asked.clear()
    _, out, _ = run(*RECORD, *GRID)
    assert "3 of them recorded before; 5 to go" in out
    assert asked == ["b", "a", "b", "a", "b"]
    assert without_timings(there / "t.jsonl") == whole
    assert (
        read_table(there / "t.jsonl").rows[0].outcomes["none/small"] == table.rows[0].outcomes["none/small"]
    )


@pytest.mark.slow
def test_several_at_a_time_take_each_its_own_path(there, run):
    lines = [
        {"query_id": f"n{n}", "question": f"Is {n} in the lighthouse?", "answers": ["164"]} for n in range(12)
    ]
    (there / "q.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    code, _, _ = run(*RECORD, *GRID, "--workers", "4")
    assert code == 0
    table = read_table(there / "t.jsonl")
    assert (len(table), table.options) == (12, NAMES)
    for row in table.rows:
        assert [o.facts["retrieval_steps"] for o in row.outcomes.values()] == [0, 0, 1, 1]


def test_off_a_terminal_a_line_a_minute_says_what_is_left(there, run, monkeypatch):
    minutes = iter(range(100))
    monkeypatch.setattr("dynamicrag.cli.progress.time", SimpleNamespace(monotonic=lambda: 40 * next(minutes)))
    out = run(*RECORD, *GRID)[1]
    said = re.findall(r"^(\d) of 8 runs done; (.*) left$", out, re.M)
    assert [done for done, _ in said] == ["2", "4", "6", "8"]
    assert all(re.fullmatch(r".*(s|min), .* k?J", left) for _, left in said)
    assert out.index("recording none/small …") < out.index("2 of 8") < out.index("recording none/large …")


def test_failures_count_as_wrong_and_are_told(there, run):
    (there / "q.jsonl").write_text('{"query_id": "a", "question": "Does it go boom?", "answers": ["yes"]}\n')
    code, out, _ = run(*RECORD, *GRID)
    assert code == 0
    outcome = read_table(there / "t.jsonl").rows[0].outcomes["single/small"]
    assert outcome.quality == 0
    assert outcome.error == "model small: it went boom"
    assert outcome.path["generator"] == "small"
    assert "4 runs failed" in out
    assert "none/small: every run failed; first: model small: it went boom" in out


@pytest.mark.slow
def test_failures_are_run_again_only_if_that_is_asked_for(there, run, asked, monkeypatch):
    (there / "q.jsonl").write_text('{"query_id": "a", "question": "Does it go boom?", "answers": ["164"]}\n')
    run(*RECORD, *GRID)
    run(*RECORD, *GRID)
    assert len(asked) == 4
    monkeypatch.setattr("tests.cli.conftest.ProviderError", lambda message: RuntimeError("once more"))
    run(*RECORD, *GRID, "--retry")
    assert len(asked) == 8
    outcomes = read_table(there / "t.jsonl").rows[0].outcomes
    assert list(outcomes) == list(NAMES)
    assert all("once more" in outcome.error for outcome in outcomes.values())


@pytest.mark.slow
def test_a_model_that_times_out_is_a_run_that_failed(there, run, asked, monkeypatch):
    """However often it is tried: the limit is on the query, and there is room for the others."""
    objective = "objective: {budget: {per_query: {seconds: 3}, total: {tokens: 1.0e6}}}\nstages:"
    (there / "p.yaml").write_text((there / "p.yaml").read_text().replace("stages:", objective))
    (there / "q.jsonl").write_text('{"query_id": "a", "question": "How many steps?", "answers": ["164"]}\n')
    complete, slow = FakeModel.complete, ["large"]

    async def slowly(self, *arguments, **named):
        await asyncio.sleep(60 if self.name in slow else 0)
        return await complete(self, *arguments, **named)

    monkeypatch.setattr(FakeModel, "complete", slowly)
    grid = ("--grid", "generator=small,large")
    code, out, err = run(*RECORD, *grid)
    assert (code, err) == (0, "")
    assert "1 runs failed; they count as quality 0, at what they cost" in out
    outcomes = read_table(there / "t.jsonl").rows[0].outcomes
    assert outcomes["small"].error is None
    assert "per_query.seconds: model large had no answer" in outcomes["large"].error
    assert outcomes["large"].quality == 0
    slow.clear()
    assert "all recorded before" in run(*RECORD, *grid)[1]
    assert run(*RECORD, *grid, "--retry")[0] == 0
    assert len(asked) == 3
    assert read_table(there / "t.jsonl").rows[0].outcomes["large"].error is None


def test_a_total_that_is_used_up_ends_the_recording_and_what_was_done_is_kept(there, run, asked):
    text = (there / "p.yaml").read_text()
    priced = text.replace('{model: "fake:oracle"}', '{model: "fake:oracle", profile: {usd: {call: 1.0}}}')
    priced = priced.replace('{model: "fake:parrot"}', '{model: "fake:parrot", profile: {usd: 0}}')
    (there / "p.yaml").write_text(
        priced.replace("stages:", "objective: {budget: {total: {usd: 1.5}}}\nstages:")
    )
    code, _, err = run(*RECORD, *GRID)
    assert code == 1
    assert "the recording stops here: objective.budget.total.usd" in err
    assert asked == ["a", "b", "a", "b"]
    assert (there / "t.jsonl.partial").read_text().count("\n") == 3
    (there / "p.yaml").write_text(priced)
    assert "3 of them recorded before; 5 to go" in run(*RECORD, *GRID)[1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--grid", "generater=small"), "did you mean 'generator'?"),
        (("--grid", "generator=smal"), "did you mean 'small'?"),
        (("--grid", "generator"), "expected stage=option,option"),
        (("--path", "generator=small,generator=large"), "each stage once"),
        (("--path", "verification=escalate"), "unknown option of verification 'escalate'"),
        (("--vary", "contxt"), "did you mean 'context'?"),
        (("--score", "bleu"), "one of f1, em"),
        (("--score", "judge"), "--judge MODEL"),
        (("--score", "judge", "--judge", "huge"), "unknown model 'huge'"),
        (("--paths", "no.yaml"), "no.yaml: cannot be read"),
        (("--out", "t.csv"), "valid endings"),
    ],
)
def test_mistakes(there, run, arguments, said):
    code, _, err = run(*RECORD, *arguments)
    assert code in (1, 2)
    assert said in err
    assert not (there / "t.jsonl").exists()


def test_without_anything_to_score_by(there, run):
    (there / "q.jsonl").write_text('{"query_id": "a", "question": "What is it?"}\n')
    code, _, err = run(*RECORD, *GRID)
    assert code == 1
    assert "no question has answers" in err


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_ended_from_outside_it_goes_on(there, run, asked, how):
    lines = [
        {"query_id": f"n{n}", "question": f"Is {n} in the lighthouse?", "answers": ["164"]} for n in range(6)
    ]
    (there / "q.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    partial = there / "t.jsonl.partial"
    code, err = ended(FakeModel, 0.05, (*RECORD, *GRID), partial, 7, how)
    done = partial.read_text().count("\n")
    assert 7 <= done < 24
    if how == signal.SIGINT:
        assert code == 130
        assert err == f"interrupted: {done} of 24 runs are kept; the same command continues from there\n"
    run(*RECORD, *GRID)
    assert len(asked) == 24 - done
    killed = without_timings(there / "t.jsonl")
    run(*RECORD, *GRID, "--fresh")
    assert without_timings(there / "t.jsonl") == killed
