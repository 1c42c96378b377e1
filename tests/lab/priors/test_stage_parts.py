"""What the parts around the generator learn from data made for the purpose."""

import numpy as np
import pytest

from dynamicrag.lab.outcomes.table import Outcome, OutcomeTable, Row
from dynamicrag.lab.priors.context import learn_context, learn_held, needed_at
from dynamicrag.lab.priors.prompt import learn_prompt
from dynamicrag.lab.priors.retriever import learn_retriever
from dynamicrag.lab.priors.searched import OPTIONS, Searched
from dynamicrag.lab.priors.verification import drafts_of, judge, learn_verification
from dynamicrag.types import Option

PATH = {"retrieval": "single", "retriever": "linked", "context": "short", "generator": "large"}


def passage(name, text="The mill."):
    return {"id": f"{name}#0", "document": name, "title": "", "text": text, "score": 1.0}


def searched(number, at, coverage=1.0):
    """Return a question whose two passages are at ranks 1 and ``at``; by words alone they are not found."""
    ranked = [passage(f"p{number}-{rank}") for rank in range(1, 31)]
    passages = dict.fromkeys(OPTIONS, ranked) | {"lexical": ranked if coverage > 0.5 else ranked[5:]}
    needed = frozenset({f"p{number}-1", f"p{number}-{at}"})
    return Searched(f"q{number}", "Who owned it?", (), needed, "made", {"idf_coverage": coverage}, passages)


QUESTIONS = [searched(n, 2 + n % 9, 0.2 if n % 2 else 1.0) for n in range(40)]


def recorded(rng, drafts=60):
    rows = []
    for n in range(drafts):
        right = float(rng.random() < 0.5)
        signals = {"first_margin": 0.3 + 0.5 * right + 0.2 * rng.random(), "groundedness": rng.random()}
        rows.append(Row(f"q{n}", "Who?", {"a": Outcome(right, signals=signals, path=PATH)}))
    return OutcomeTable(rows)


def test_ranks_of_needed_passages_are_found():
    assert needed_at(searched(0, 7), "linked") == 7
    assert needed_at(searched(0, 7), "linked", every=False) == 1
    assert needed_at(searched(0, 7, 0.2), "lexical") == np.inf


def test_a_context_part_learns_that_more_passages_hold_more():
    table = recorded(np.random.default_rng(0))
    hops = OutcomeTable(
        [
            Row(f"h{n}", "Whose brother is older, and who is that?", {"a": Outcome(1.0)}, group="hotpotqa")
            for n in range(9)
        ]
        + [Row(f"s{n}", "Who?", {"a": Outcome(1.0)}, group="squad") for n in range(9)]
    )
    held = learn_held(QUESTIONS, [table])
    made = learn_context(QUESTIONS, held, hops)
    assert made == learn_context(QUESTIONS, held, hops)
    assert made.several_slope > 0.5
    assert made.comparison > 0 <= made.held == held
    few, many = (made.holds(Option("", {"chunks": k}), {"enough": 6.0}) for k in (2, 12))
    assert many > few + 0.1


def test_a_search_by_words_is_worth_less_on_questions_in_other_words():
    made = learn_retriever([searched(n, 3, 0.2 if n % 2 else 1.0) for n in range(40)], 1.0)
    assert made.words_lacking < -0.3
    assert abs(made.meaning) < 0.01
    assert made.links == 0


def test_verification_learns_the_signal_that_tells_and_forgets_unanswerable_questions():
    rng = np.random.default_rng(1)
    table = recorded(rng)
    made = learn_verification([table])
    assert made == learn_verification([table])
    assert made.weights["token_margin"].slope > 1 > abs(made.weights["groundedness"].slope)
    assert made.right({"token_margin": 0.95})[0] > 0.5 > made.right({"token_margin": 0.3})[0]
    judged = judge([table])
    assert judged.within > 0.95
    lost = [Row("u", "Who?", {"a": Outcome(1.0, signals={"first_margin": 0.1})}, answerable=False)]
    assert len(drafts_of([table, OutcomeTable(lost)]).right) == judged.drafts


@pytest.mark.parametrize(("right", "sign"), [((1.0, 0.0), 1), ((0.0, 1.0), -1)])
def test_compare_is_learnt_from_the_same_path_with_both_prompts(right, sign):
    compare, direct = right
    question = "Who was born first, Ada Quill or Bo Lund?"
    rows = [
        Row(
            f"q{n}",
            question,
            {
                "c": Outcome(compare, path={**PATH, "prompt": "compare"}),
                "d": Outcome(direct, path={**PATH, "prompt": "direct"}),
                "other": Outcome(direct, path={**PATH, "context": "long", "prompt": "direct"}),
            },
        )
        for n in range(12)
    ]
    sums = [
        Row(
            "s",
            "Ada has 3 pears and 4 plums and eats two of all of them, how many are left?",
            {"cot": Outcome(1.0), "direct": Outcome(0.0)},
        )
    ]
    made = learn_prompt([OutcomeTable(rows)], OutcomeTable(sums))
    assert made.ranks * sign > 1
    assert made.plain == 0
    assert made.reasons > 0
