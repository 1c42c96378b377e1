from dynamicrag.lab.outcomes.table import Outcome, OutcomeTable, Row
from dynamicrag.lab.record.results import Agreement, Judging, judge_agreement


def table(*facts):
    return OutcomeTable([Row(f"q{n}", "x", {"a": Outcome(1.0, facts=fact)}) for n, fact in enumerate(facts)])


def test_a_judge_is_compared_where_both_scores_are():
    found = judge_agreement(
        table(
            {"judge": 1.0, "judge_obeyed": 1.0, "em": 1.0, "f1": 1.0},
            {"judge": 0.0, "judge_obeyed": 1.0, "em": 0.0, "f1": 0.2},
            {"judge": 1.0, "judge_obeyed": 1.0, "em": 0.0},
            {"judge": 0.0, "judge_obeyed": 1.0, "em": 0.0},
            {"judge_obeyed": 0.0, "em": 1.0},
            {"em": 1.0},
        ),
        {},
    )
    assert found.disobeyed == 1
    assert set(found.agreement) == {"em", "f1"}
    assert found.agreement["em"] == Agreement(0.75, 0.5, 4)
    assert found.agreement["f1"] == Agreement(1.0, 1.0, 2)


def test_without_anything_to_compare_or_two_verdicts_to_tell_apart():
    assert judge_agreement(table({"judge": 1.0, "judge_obeyed": 1.0}), {}) == Judging(0, {})
    alike = judge_agreement(table({"judge": 1.0, "em": 1.0}, {"judge": 1.0, "em": 1.0}), {})
    assert alike.agreement["em"] == Agreement(1.0, None, 2)
