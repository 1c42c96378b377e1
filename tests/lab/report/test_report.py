"""The report's figures: provenance kept, pairs paired, nothing silently wrong."""

import csv
import io
import json

import pytest
from pydantic import ValidationError

from dynamicrag.cost.runs import Runs
from dynamicrag.errors import RunsError
from dynamicrag.lab.report.accounts import accounts
from dynamicrag.lab.report.export import to_csv, to_json
from dynamicrag.lab.report.figures import Statistics, statistics, total
from dynamicrag.lab.report.make import make_report
from dynamicrag.lab.report.records import load
from dynamicrag.lab.report.savings import compare
from dynamicrag.lab.report.selection import By, Selection, grouped
from dynamicrag.lab.report.summary import Share, shares, summarise
from dynamicrag.lab.report.turns import Turn
from tests.lab.turns import asked, books, figures, process, turn


def test_totals_keep_their_kinds_apart_and_their_bounds_together():
    mixed = figures(6, "estimated", parts={"modelled": 2.0, "estimated": 4.0}, low=3.0, high=9.0)["joules"]
    sum_of = total([figures(1)["joules"], mixed])
    parts = {"modelled": 3.0, "estimated": 4.0}
    assert sum_of == {"value": 7.0, "kind": "estimated", "parts": parts, "low": 4.0, "high": 10.0}
    assert total([figures(1)["joules"]]) == {"value": 1.0, "kind": "modelled"}
    assert total([figures(0, "estimated")["joules"], figures(1)["joules"]])["kind"] == "modelled"


def test_statistics_are_of_those_that_are_known():
    known = statistics([{"value": value, "kind": "measured"} for value in (1.0, 2.0, 9.0)] + [None])
    assert known.queries == 3
    assert known.mean == {"value": 4.0, "kind": "measured"}
    assert known.p50["value"] == 2.0
    assert known.p95["value"] == pytest.approx(8.3)
    assert statistics([None]) == Statistics(0)


def test_a_summary_counts_outcomes_and_names_active_and_full():
    turns = [
        asked(1),
        asked(2, abstained=True, escalations=["context:long"], provisional=True),
        asked(3, error="ProviderError", path={}),
        asked(4, waiting=True),
        asked(5, replaced=True),
    ]
    summary = summarise(turns)
    keys = ("queries", "failed", "waiting", "replaced", "abstained", "escalated", "provisional")
    assert [getattr(summary, key) for key in keys] == [5, 1, 1, 1, 1, 1, 1]
    assert summary.costs["joules"].total["value"] == 50
    assert summary.costs["joules_full"].total["value"] == 75
    assert summary.stages["generator"].mean["value"] == pytest.approx(9)
    assert list(summary.stages) == ["retriever", "generator"]


def test_shares_of_options_tell_escalations_and_skipped_stages():
    turns = [
        asked(1, path={"retrieval": "none", "generator": "small"}),
        asked(2, path={"retrieval": "single", "context": "long"}, escalations=["context:long"]),
    ]
    found = shares(turns)
    assert found["context"] == {"long": Share(0.5, 0.5)}
    assert found["generator"] == {"small": Share(0.5, 0.0)}
    assert list(found) == ["retrieval", "context", "generator"]


def test_accounts_add_up_to_the_meter_and_leave_out_other_processes():
    processes = {"p1": books(queries=70, ingest=20, warm=20, idle=5), "p2": books("p2", queries=1e6)}
    found = accounts([asked(1, 40.0), asked(2, 30.0, provisional=True)], processes)
    assert {name: figure["value"] for name, figure in found.accounts.items()} == {
        "queries": 70, "ingestion": 20, "warming": 20, "idle": 5, "constant": 7, "unexplained": 0,
        "pending": 0,
    }  # fmt: skip
    assert found.metered == {"value": 122, "kind": "modelled"}
    assert found.residual["value"] == 0
    assert found.selected["value"] == 40


def test_a_residual_is_shown_and_noted():
    made = make_report([asked(1)], {"p1": books(residual=3.0)}, Selection())
    assert made.accounts.residual["value"] == pytest.approx(3)
    assert any(
        "3.00 J of the 110 J metered are in no account" in note.replace("\u00a0", " ") for note in made.notes
    )


def test_only_metered_joules_count_as_the_meters():
    mixed = asked(1, 10.0, kind="estimated", extra={"parts": {"modelled": 4.0, "estimated": 6.0}})
    assert accounts([mixed], {"p1": books()}).selected["value"] == 4


def pairs(number, ours=5.0, theirs=20.0):
    mine = [asked(n, ours + n, question=f"q{n}") for n in range(number)]
    other = [asked(n, theirs + 3 * n, question=f"q{n}", policy="always-large") for n in range(number)]
    return mine, other


def test_the_same_questions_are_paired():
    mine, other = pairs(10)
    mine.append(asked(99, 1000.0, question="only we were asked"))
    found = compare(mine, other)
    joules = found.figures["joules"]
    assert (found.paired, found.pairs) == (True, 10)
    assert joules.value == pytest.approx(1 - 95 / 335)
    assert joules.interval[0] < joules.value < joules.interval[1]
    assert joules.ours == {"value": pytest.approx(9.5), "kind": "modelled"}
    assert found.figures["usd"].value is None  # neither cost money


def test_the_interval_is_the_same_every_time_and_widens_with_the_questions_differences():
    mine, other = pairs(12)
    assert compare(mine, other) == compare(mine, other)
    alike = compare([asked(n, 5.0) for n in range(12)], [asked(n, 10.0) for n in range(12)])
    assert alike.figures["joules"].interval == (0.5, 0.5)


def test_a_question_asked_twice_counts_once():
    mine, other = pairs(5)
    twice = [*mine, asked(50, 15.0, question="q0")]  # 5 and 15: 10 on average
    ours = compare(twice, other).figures["joules"].ours["value"]
    assert ours == pytest.approx((10 + 6 + 7 + 8 + 9) / 5)


def test_failed_attempts_are_charged_to_the_answer():
    mine, other = pairs(6)
    mine.append(asked(70, 30.0, question="q0", error="ProviderError"))
    other[5] = other[5].model_copy(update={"error": "ProviderError"})
    found = compare(mine, other)
    assert (found.pairs, found.left_out, found.failed) == (5, 1, 2)
    assert found.figures["joules"].ours["value"] == pytest.approx((35 + 6 + 7 + 8 + 9) / 5)


def test_few_pairs_are_no_pairs():
    mine, other = pairs(4)
    others = [asked(n, 40.0, question=f"x{n}", policy="always-large") for n in range(4)]
    found = compare(mine, [*other, *others])
    assert (found.paired, found.pairs, found.baseline_queries) == (False, 4, 8)
    assert found.figures["joules"].value == pytest.approx(1 - 6.5 / 32.25)
    assert found.figures["joules"].interval is None  # four of ours are too few


def test_ingestion_charged_to_both_lowers_the_saving():
    mine, other = pairs(10)
    joules = compare(mine, other, ingested=100.0).figures["joules"]
    assert joules.with_ingestion == pytest.approx(1 - 195 / 435)


def test_the_kind_of_a_saving_is_that_of_its_least_certain_side():
    mine, _ = pairs(5)
    other = [asked(n, 20.0, question=f"q{n}", kind="estimated") for n in range(5)]
    figure = compare(mine, other).figures["joules"]
    assert (figure.kind, figure.ours["kind"], figure.theirs["kind"]) == (
        "estimated", "modelled", "estimated",
    )  # fmt: skip


def test_no_baseline_no_number():
    made = make_report([asked(1)], {}, Selection(baseline="always-large"))
    assert made.saving.policies == {}
    assert made.saving.note == "no baseline run: run `dynamicrag ask --baseline always-large …`"
    alone = make_report([asked(1, policy="always-large")], {}, Selection())
    assert "nothing to compare" in alone.saving.note


def test_the_baseline_is_found_outside_the_thread_and_policy():
    mine, other = pairs(6)
    mine = [one.model_copy(update={"thread": "a"}) for one in mine]
    made = make_report([*mine, *other], {}, Selection(policy="balanced", thread="a"))
    assert made.overall.queries == 6
    assert made.saving.policies["balanced"].pairs == 6


def test_groups_and_their_order():
    turns = [
        asked(1, 10.0, policy="always-large", thread="cheap"),
        asked(2, 50.0, policy="frugal", thread="dear"),
        asked(3, 10.0, policy="balanced", thread="cheap", at=1_795_100_000.0),
    ]
    assert list(grouped(turns, By.policy)) == ["balanced", "frugal", "always-large"]
    assert list(grouped(turns, By.thread)) == ["dear", "cheap"]
    assert list(grouped(turns, By.day)) == ["2026-11-18", "2026-11-19"]
    made = make_report(turns, {}, Selection(by=By.day))
    assert [group.queries for group in made.groups.values()] == [2, 1]


def test_a_day_ends_at_midnight_utc():
    late, early = (asked(n, at=1_794_960_000.0 + at) for n, at in ((1, -0.001), (2, 0.0)))
    assert [list(grouped([one], By.day)) for one in (late, early)] == [["2026-11-17"], ["2026-11-18"]]


def test_what_is_uncertain_is_noted():
    turns = [asked(1, provisional=True), asked(2, error="ModelError"), asked(3, process="gone", waiting=True)]
    notes = " ".join(make_report(turns, {"p1": books(faults=2)}, Selection()).notes)
    for word in (
        "provisional: 1 of 3",
        "failed: 1 of 3",
        "more budget: 1 of 3",
        "nowhere: 2",
        "without process accounts: 1 of 3",
    ):
        assert word in notes


def test_a_model_that_was_not_metered_is_noted_once_with_its_latest_reason():
    turns = [asked(1, unmetered={"m": "old"}), asked(2, unmetered={"m": "why", "n": "because"}), asked(3)]
    notes = [note for note in make_report(turns, {}, Selection()).notes if "the energy of" in note]
    assert notes == [
        "the energy of m is estimated in 2 of 3 queries: why",
        "the energy of n is estimated in 1 of 3 queries: because",
    ]


def test_nothing_at_all_is_a_report_of_nothing():
    made = make_report([], {}, Selection())
    assert made.overall.queries == 0
    assert made.overall.costs["joules"].mean is None
    assert json.loads(json.dumps(to_json(made), allow_nan=False)) == to_json(made)
    assert len(to_csv([]).splitlines()) == 1


def test_rows_for_a_spreadsheet():
    turns = [
        asked(1, thread='=HYPERLINK("x")', error="ProviderError", extra={"low": 8.0, "high": 12.0}),
        asked(2, thread='a,"b"\nc', first_token_seconds=None, escalations=["context:long"]),
        asked(3, waiting=True),
        asked(4, replaced=True),
    ]
    first, second, third, fourth = csv.DictReader(io.StringIO(to_csv(turns)))
    assert first["thread"] == '\'=HYPERLINK("x")'
    assert second["thread"] == 'a,"b"\nc'
    outcomes = [each["outcome"] for each in (first, second, third, fourth)]
    assert outcomes == ["failed", "answered", "waiting", "replaced"]
    assert (first["joules"], first["joules_low"], first["joules_high"]) == ("10.0", "8.0", "12.0")
    assert (first["joules_kind"], first["joules_modelled"]) == ("modelled", "10.0")
    assert first["joules_full"] == "15.0"
    assert (second["first_token_seconds"], second["escalations"]) == ("", "context:long")
    assert second["joules_generator"] == "9.0"
    assert "question" not in first
    first, *_ = to_json(make_report(turns, {}, Selection()), turns)["queries"]
    assert first["joules"] == {"value": 10.0, "kind": "modelled", "low": 8.0, "high": 12.0}


def damaged(**changes):
    return {**turn(1), **changes}


@pytest.mark.parametrize(
    ("record", "why"),
    [
        ({k: v for k, v in turn(1).items() if k != "full"}, "full: Field required"),
        (damaged(cost=figures(float("nan"))), "cost.seconds.value: Input should be a finite number, not nan"),
        (damaged(cost=figures(-5.0)), "cost: joules is -5.0"),
        (damaged(cost=figures(5.0, "guessed")), "of kind 'guessed'"),
        (damaged(cost=figures(5.0, parts={"modelled": 1.0})), "do not add up"),
        (damaged(cost=figures(5.0, low=6.0, high=7.0)), "not in order"),
        (damaged(full={**figures(5.0), "joules": 5.0}), "full.joules: Input should be a valid dictionary"),
        (damaged(wall_seconds="3"), "wall_seconds: Input should be a valid number, not '3'"),
        (damaged(stages={"generator": {}}), "stages.generator: lacks joules"),
        (damaged(path={"generator": 7}), "path.generator: Input should be a valid string, not 7"),
        (damaged(at=1e300), "at: Input should be less than or equal to 253402300799, not 1e+300"),
    ],
)  # fmt: skip
def test_a_record_that_cannot_be_true_is_an_error(tmp_path, record, why):
    runs = Runs(tmp_path / "runs.sqlite")
    runs.add(turn(0), "a?", {}, process())
    runs.add(record, "b?", {}, process())
    found = load(runs)
    assert [one.id for one in found.turns] == ["t0"]
    (note,) = found.notes
    assert note.startswith("runs.sqlite: 1 of 2 queries are damaged, and are left out: 't1' (")
    assert why in note
    assert make_report(*found[:2], Selection(), notes=found.notes).notes[0] == note


def test_if_no_record_can_be_true_the_database_is_refused(tmp_path):
    runs = Runs(tmp_path / "runs.sqlite")
    runs.add(damaged(wall_seconds="3"), "b?", {}, process())
    with pytest.raises(
        RunsError,
        match=r"every query is damaged .*'t1' .wall_seconds: Input should be a valid number, not '3'",
    ):
        load(runs)


def test_a_query_that_has_lost_lines_is_named_and_counts_nowhere(tmp_path):
    runs = Runs(tmp_path / "runs.sqlite")
    runs.add(turn(0), "a?", {}, process())
    unknown = {name: {"value": None, "kind": "unknown"} for name in figures(1.0)}
    runs.add(
        damaged(cost={**unknown, "joules": {**unknown["joules"], "parts": {"modelled": 1.0}}}),
        "b?",
        {},
        process(),
    )
    turns, processes, notes = load(runs)
    assert [one.id for one in turns] == ["t0"]
    assert notes == [
        "runs.sqlite: 1 of 2 queries have lost lines of their account, so that nobody knows what they cost, "
        "and are left out: 't1'"
    ]
    assert make_report(turns, processes, Selection()).overall.queries == 1


def test_a_price_or_a_plugin_s_dimension_may_be_unknown(tmp_path):
    runs = Runs(tmp_path / "runs.sqlite")
    nobody = {"value": None, "kind": "unknown"}
    runs.add(damaged(cost={**figures(1.0), "usd": nobody, "water": nobody}), "b?", {}, process())
    turns, processes, notes = load(runs)
    assert (len(turns), notes) == (1, [])
    costs = make_report(turns, processes, Selection()).overall.costs
    assert (costs["water"].mean["value"], costs["joules"].mean["value"]) == (None, 1.0)


def test_process_accounts_that_cannot_be_true_are_an_error(tmp_path):
    runs = Runs(tmp_path / "runs.sqlite")
    runs.add(turn(0), "a?", {}, {**process(), "idle": "much"})
    with pytest.raises(RunsError, match="process 'p1' is damaged"):
        load(runs)


def test_what_is_kept_is_loaded_with_its_marks(tmp_path):
    runs = Runs(tmp_path / "runs.sqlite")
    assert load(runs) == ([], {}, [])
    for number, question in enumerate(["a?", "a?", "b?"]):
        runs.add(turn(number), question, {}, process())
    turns, processes, _ = load(runs)
    marks = [one.question_mark for one in turns]
    assert marks[0] == marks[1] != marks[2]
    assert set(processes) == {"p1"}


def test_queries_are_chosen_and_grouped_by_tag_and_user():
    turns = [
        asked(1, 10.0, tags=["beta", "eu"], user="anna"),
        asked(2, 50.0, tags=["eu"], user="bert"),
        asked(3, 10.0),  # as they were kept before there were tags
    ]
    assert {name: len(own) for name, own in grouped(turns, By.tag).items()} == {"eu": 2, "beta": 1, "": 1}
    assert list(grouped(turns, By.user)) == ["bert", "anna", ""]
    assert [one.id for one in Selection(tag="eu").of(turns)] == ["t1", "t2"]
    assert [one.id for one in Selection(tag="eu", user="anna").of(turns)] == ["t1"]
    assert make_report(turns, {}, Selection(tag="beta", by=By.user)).selection.tag == "beta"
    (first, *_, last) = csv.DictReader(io.StringIO(to_csv(turns)))
    assert (first["user"], first["tags"]) == ("anna", "beta, eu")
    assert (last["user"], last["tags"]) == ("", "")
    for broken in ({"tags": "eu"}, {"tags": [1]}, {"user": None}):
        with pytest.raises(ValidationError):
            Turn.model_validate({**turn(1), "question_mark": "q", "process": "p1", **broken})
