"""The parts of the page as data and as HTML, without a browser."""

import re

import pytest

from dynamicrag.serve.web.answer import OtherDraft, Withdrawn
from dynamicrag.serve.web.chart import chart, session
from dynamicrag.serve.web.figures import cost_lines
from dynamicrag.serve.web.otherwise import Otherwise
from dynamicrag.serve.web.panel import EMPTY, basis, other_weights, panel
from dynamicrag.serve.web.prose import plain, prose
from dynamicrag.serve.web.steps import fixed, steps
from dynamicrag.serve.web.support import supported
from dynamicrag.serve.web.views import choices, messages, ratings, session_chart
from tests.serve.web.decided import answered, decision, figure

EVIL = '<img src=x onerror="alert(1)"><script>alert(1)</script>'


def passage(text, name="a.md#0"):
    return {"id": name, "document": name, "title": "Bridge", "text": text, "score": 1.0}


class TestSteps:
    def test_an_option_has_its_estimate_its_costs_and_its_mark(self):
        (step,) = steps([decision(allowed=[True, False])])
        small, large = step.options
        assert (small.estimate, list(small.costs), small.chosen, small.open) == (
            "0.50 ± 0.10",
            ["1.00\u00a0J"],
            True,
            True,
        )
        assert (large.estimate, large.chosen, large.open) == ("0.60", False, False)
        assert "usd unknown" in large.costs

    def test_a_stage_without_a_choice_is_named_apart(self):
        alone = decision(
            "prompt", options=["direct"], chosen="direct", allowed=[True], quality=[None], spread=[None]
        )
        made = [alone, decision(quality=[None, None])]
        assert [step.stage for step in steps(made)] == ["generator"]
        assert fixed(made) == {"prompt": "direct"}
        assert steps(made)[0].options[0].estimate == "–"

    def test_a_changed_plan_names_the_evidence(self):
        first = decision("retrieval", plan={"generator": "large"})
        second = decision("generator", plan={"generator": "small"}, features={"top_score": 9.5})
        changes = steps([first, second])[1].changes
        assert changes == ["generator: large → small", "evidence: top_score 9.50"]

    def test_a_stage_decided_twice_says_so(self):
        assert [step.again for step in steps([decision(), decision(chosen="large")])] == [False, True]


class TestSupport:
    TEXT = "The bridge is long. Reeve Thrane opened it in 1911. It has seven arches."

    def marked(self, question, answer, *texts):
        found = supported(question, answer, [passage(text, f"d{n}#0") for n, text in enumerate(texts)])
        return [[piece.text for piece in each.pieces if piece.used] for each in found]

    def test_the_sentence_with_the_words_of_the_answer_is_marked(self):
        found = self.marked(
            "Who opened the bridge?", "Thrane opened it in 1911.", "Ferries leave.", self.TEXT
        )
        assert found == [[], ["Reeve Thrane opened it in 1911."]]

    def test_words_of_the_question_are_no_evidence(self):
        assert self.marked("How long is the bridge?", "The bridge is zebra.", self.TEXT) == [[]]

    def test_each_sentence_of_the_answer_has_its_own(self):
        found = self.marked("Tell me.", "Thrane opened it. It has seven arches.", self.TEXT)
        assert found == [["Reeve Thrane opened it in 1911.", "It has seven arches."]]

    def test_without_passages_nothing_is_marked(self):
        assert supported("Who?", "Thrane.", []) == []


class TestFigures:
    def test_an_amount_has_its_kind_and_its_difference(self):
        joules, usd = cost_lines(answered())
        assert (joules.value, joules.kind, joules.expected, joules.basis) == (
            "2.00\u00a0J",
            "measured",
            "8.00\u00a0J",
            "modelled",
        )
        assert (joules.difference, joules.less) == ("75\u00a0% less", True)
        assert (usd.value, usd.difference) == ("unknown", "")

    def test_more_than_the_baseline_is_said(self):
        (line,) = cost_lines(answered(cost={"joules": figure(16.0)}))
        assert (line.difference, line.less) == ("100\u00a0% more", False)

    def test_parts_of_several_kinds_are_named_apart(self):
        mixed = figure(3.0, "estimated", parts={"measured": 1.0, "estimated": 2.0})
        (line,) = cost_lines(answered(cost={"joules": mixed}))
        assert line.kind == "1.00\u00a0J measured, 2.00\u00a0J estimated"

    def test_an_expected_time_was_not_measured(self):
        (line,) = cost_lines(answered(cost={"seconds": figure(1.0)}, baseline={"seconds": figure(2.0)}))
        assert (line.kind, line.basis) == ("measured", "expected")


class TestChart:
    def test_sums_run_beside_the_baseline(self):
        known = (
            answered(),
            answered(cost={"joules": figure(None, "unknown")}),
            answered(cost={"joules": figure(3.0)}),
        )
        found = session(known)
        assert (found.numbers, found.sums) == ([1, 3], ([2.0, 5.0], [8.0, 16.0]))

    @pytest.mark.parametrize("joules", [0.0, 1e-6, 0.4, 7.0, 123.0, 98_765.0])
    def test_every_size_fits_the_axis(self, joules):
        drawn = chart(
            session([answered(cost={"joules": figure(joules)}, baseline={"joules": figure(joules)})] * 3)
        )
        heights = [float(y) for y in re.findall(r'cy="([-\d.]+)"', drawn)]
        assert heights
        assert all(0 <= y <= 200 for y in heights)

    def test_it_speaks_to_those_who_cannot_see_it(self):
        drawn = session_chart([answered()])
        assert 'role="img"' in drawn
        assert "2.00\u00a0J so far; 8.00\u00a0J expected without routing" in drawn
        assert "<svg" not in session_chart([])

    def test_an_unfinished_answer_is_not_compared(self):
        drawn = session_chart([answered(), answered(state="failed", baseline={})])
        assert "4.00\u00a0J so far. Finished answers: 2.00\u00a0J; 8.00\u00a0J expected" in drawn
        assert "Without routing" not in panel(answered(state="failed", baseline={}))


class TestProse:
    @pytest.mark.parametrize(
        "text",
        [
            EVIL,
            "[x](javascript:alert(1))",
            "![x](https://evil.example/a.png)",
            "<b onclick=a>x</b>",
            "<!-- x",
        ],
    )
    def test_nothing_in_it_runs_or_loads(self, text):
        shown = prose(text)
        assert not re.search(r"<(?!/?(p|a|br)\b)", shown)
        assert 'href="javascript' not in shown
        assert "src=" not in re.sub(r"&lt;.*?&gt;", "", shown)

    def test_markdown_and_links_stay(self):
        shown = prose("**1911**, see [it](https://a.example)\n\n| a | b |\n|---|---|\n| 1 | 2 |")
        assert "<strong>1911</strong>" in shown
        assert 'rel="noopener noreferrer nofollow"' in shown
        assert '<table dir="auto">' in shown

    def test_blocks_have_a_direction_and_leave_their_text_to_it(self):
        shown = prose("# a\n\nb\n\n> c\n\n1. d\n\n2. e\n\n- f")
        assert re.findall(r"<(\w+) dir=\"auto\"", shown) == ["h1", "p", "blockquote", "ol", "ul"]
        assert shown.count("<p>") == 3

    def test_plain_text_keeps_its_lines(self):
        assert plain("a < b\nc") == "a &lt; b<br>c"


class TestPanel:
    def test_untrusted_text_is_escaped_everywhere(self):
        evil = decision(
            options=[EVIL, "b"], chosen=EVIL, reason=EVIL, stage=EVIL, binding=EVIL, plan={EVIL: "a"}
        )
        answer = answered(
            question=EVIL, text=EVIL, decisions=[evil, decision(plan={EVIL: "b"})],
            passages=[{**passage(f"{EVIL} Thrane."), "title": EVIL, "id": EVIL}],
            withdrawn=[Withdrawn(EVIL, EVIL)], other=OtherDraft(EVIL, EVIL, EVIL, EVIL),
            escalations=[{"reason": EVIL, "stage": EVIL, "option": EVIL}],
        )  # fmt: skip
        for shown in (panel(answer), basis(answer), str(messages([answer]))):
            assert "<img" not in shown
            assert "<script" not in shown

    def test_it_is_empty_before_a_question(self):
        assert (panel(None), basis(None)) == (EMPTY, "")

    def test_provisional_figures_say_so(self):
        assert "Provisional" in panel(answered(settled=False))
        assert "Provisional" not in panel(answered())

    def test_a_passage_on_one_line_is_no_heading(self):
        shown = basis(answered(passages=[{**passage("# Bridge It has arches."), "title": "Bridge"}]))
        assert "<b>" not in shown
        assert "It has arches." in shown
        assert "<b>Bridge</b>" in basis(answered(passages=[passage("# Bridge\n\nIt has arches.")]))

    def test_an_abstention_has_no_sources(self):
        assert "Sources" not in basis(answered(abstained=True, passages=[passage("Thrane.")]))
        assert "Sources" in basis(answered(passages=[passage("Thrane.")]))

    def test_a_decision_that_weights_would_change_stands_out(self):
        shown = other_weights(
            [Otherwise("generator", "small", "large"), Otherwise("context", "short", "short")]
        )
        assert "1 of 2 would differ" in shown
        assert 'class="changed"' in shown


def test_the_states_of_an_answer_read_as_such():
    states = {
        "writing": ("generator: small", answered(state="writing", text="")),
        "failed": ("no such thing", answered(state="failed", text="", failure="no such thing")),
        "stopped": ("Stopped.", answered(state="stopped", text="Half")),
        "outside": ("Not from the documents.", answered(outside=True)),
        "abstained": ("No answer was given", answered(abstained=True, text="")),
    }
    for words, answer in states.values():
        assert words in messages([answer])[1]["content"]


def test_answers_are_listed_by_question_with_their_ratings():
    answers = [answered(rating=1.0), answered(rating=0.0), answered()]
    assert ratings(answers) == ["Like", "Dislike", None]
    assert choices(answers)[1] == ("2 · Who opened the bridge?", 1)
