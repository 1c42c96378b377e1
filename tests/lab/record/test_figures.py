from dynamicrag.lab.outcomes.table import Outcome, OutcomeTable, Row
from dynamicrag.lab.record.figures import judge_agreement


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
        )
    )
    assert found["disobeyed"] == 1
    assert set(found["agreement"]) == {"em", "f1"}
    assert found["agreement"]["em"] == {"share": 0.75, "kappa": 0.5, "pairs": 4}
    assert found["agreement"]["f1"] == {"share": 1.0, "kappa": 1.0, "pairs": 2}


def test_without_anything_to_compare_or_two_verdicts_to_tell_apart():
    assert judge_agreement(table({"judge": 1.0, "judge_obeyed": 1.0})) == {"disobeyed": 0, "agreement": {}}
    alike = judge_agreement(table({"judge": 1.0, "em": 1.0}, {"judge": 1.0, "em": 1.0}))
    assert alike["agreement"]["em"] == {"share": 1.0, "kappa": None, "pairs": 2}
