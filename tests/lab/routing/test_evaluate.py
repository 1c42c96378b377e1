import json
import math
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from dynamicrag.errors import InputError
from dynamicrag.lab.outcomes.table import Outcome, OutcomeTable, Row
from dynamicrag.lab.routing.embeddings import PORTION, KeptEmbeddings
from dynamicrag.lab.routing.evaluate import evaluate
from dynamicrag.lab.routing.plot import quality_over_cost
from dynamicrag.lab.routing.problem import set_problem
from dynamicrag.lab.routing.rounds import make_rounds
from dynamicrag.lab.routing.view import build_page
from dynamicrag.lab.view.html import to_html
from tests.lab.routing.tables import NOUNS, learnable, table

FOREST = {"forest": "forest"}


def evaluated(train, test=None, routers=None, **more):
    more = {"families": ["lexical"], "samples": 50, **more}
    return evaluate(train, test, routers=routers or {"linear": "linear"}, **more)


def judged(train, test=None, routers=None, **more):
    """The same as ``--json`` has it."""
    return evaluated(train, test, routers, **more).as_json()


@pytest.fixture(scope="module")
def found():
    return judged(learnable(), routers={"linear": "linear", "knn(k=3)": {"knn": {"k": 3}}}, at=(5.0,))


def test_a_router_that_can_learn_it_beats_the_best_single_option(found):
    own, base = found["routers"]["linear"], found["baselines"]
    assert own["quality"] > 0.95
    assert own["p_holm"] < 0.1  # 50 samples give no less than 2/51 for two routers
    assert own["apgr"] > 0.75
    assert own["saving"] > 0.2
    assert base["oracle"]["quality"] == 1.0
    assert base["oracle_cheapest"]["cost"] < base["oracle"]["cost"] < 10
    assert base["best_single"]["quality"] == base["fixed:large"]["quality"]
    assert base["cheapest"]["cost"] == 1
    assert base["random"]["apgr"] == pytest.approx(0.5, abs=0.25)


def test_keys(found):
    json.dumps(found, allow_nan=False)
    assert found.keys() == {
        "data", "features", "routers", "baselines", "complementarity", "ranking", "notes",
    }  # fmt: skip
    assert list(found["routers"]) == ["linear", "knn(k=3)"]
    own = found["routers"]["linear"]
    assert own.keys() >= {
        "apgr", "cpt50", "cpt80", "pgr", "curve", "quality", "cost", "area", "saving", "gain", "gap_closed",
        "saving_within_point",
        "routing_accuracy", "calls", "confusion", "groups", "intervals", "train_seconds", "decision_us",
        "p_bootstrap", "p_permutation", "p_holm", "quality_at", "lambda_at", "picked",
    }  # fmt: skip
    assert own["curve"][0].keys() == {"lambda", "cost", "quality"}
    assert own["curve"][0]["quality"] == own["quality"]
    low, high = own["intervals"]["quality"]
    assert low <= own["quality"] <= high
    assert found["data"]["weak"] == "small"
    assert found["data"]["cost"] == {"name": "usd", "kinds": [], "low": 1.0, "high": 10.0}


def test_the_same_seed_gives_the_same(found):
    again = judged(learnable(), routers={"linear": "linear", "knn(k=3)": {"knn": {"k": 3}}}, at=(5.0,))
    assert again["routers"]["linear"]["curve"] == found["routers"]["linear"]["curve"]
    assert again["routers"]["linear"]["intervals"] == found["routers"]["linear"]["intervals"]


def test_another_table_judges_options_that_both_have():
    train = learnable(options=("small", "middle", "large"))
    test = learnable(30, start=200, options=("new", "large", "small"))
    made = judged(train, test)
    assert made["data"]["options"] == ["small", "large"]
    assert made["routers"]["linear"]["quality"] > 0.9
    assert any("learnt, but not there to be routed to in learnable: middle" in note for note in made["notes"])
    assert any("never learnt and left out: new" in note for note in made["notes"])


def test_questions_that_were_learnt_are_told():
    made = judged(learnable(), learnable(40, start=100))
    assert any("20 of 40 questions of the test are near-duplicates" in note for note in made["notes"])


def test_no_option_in_common():
    with pytest.raises(InputError, match="has no option of"):
        judged(learnable(), learnable(30, options=("other",)))


def test_a_missing_cost():
    costs = [[1.0, None]] * 40
    train = table([[0.0, 1.0], [1.0, 0.0]] * 20, costs)
    with pytest.raises(InputError, match=r"'usd' of o1 is not there; give it with --option-cost o1=NUMBER"):
        judged(train, cost="usd")
    made = judged(train, cost="usd", option_cost={"o1": 3.0})
    assert made["data"]["cost"]["high"] == 3
    with pytest.raises(InputError, match="unknown cost 'usdd'; did you mean 'usd'"):
        judged(train, cost="usdd")
    with pytest.raises(InputError, match="unknown option 'o2'"):
        judged(train, cost="usd", option_cost={"o2": 1.0})


def test_without_any_cost():
    made = judged(learnable(cost=False))
    assert made["data"]["cost"] is None
    assert len(made["routers"]["linear"]["curve"]) == 1
    assert quality_over_cost(evaluated(learnable(cost=False))) is None
    assert any("no cost is known" in note for note in made["notes"])
    given = judged(learnable(cost=False), option_cost={"small": 1, "large": 2})
    assert given["data"]["cost"]["name"] == "cost"


def test_labels():
    rows = [[1.0, 0.0] if i % 3 else [0.0, 1.0] for i in range(90)]
    texts = [f"number {i} {'is long, and so on and on' if i % 3 else ''}" for i in range(90)]
    made = judged(table(rows, texts=texts))
    own = made["routers"]["linear"]
    assert own["accuracy"] == own["quality"] > 0.9
    assert own["balanced_accuracy"] > 0.9
    assert own["apgr"] > 0.9


def test_what_only_some_paths_find_out_is_not_known_before_one_is_chosen():
    """``none`` is right where retrieval finds nothing, which nothing else tells."""
    rows = []
    for i in range(90):
        signals = {"matched": float(i % 2), "coverage": 0.5}
        outcomes = {
            "none": Outcome(float(i % 2 == 0), path={"retrieval": "none"}),
            "single": Outcome(float(i % 2), signals=signals, path={"retrieval": "single"}),
        }
        rows.append(Row(f"q{i}", f"Where is {NOUNS[i // 2 % 10]} {i // 2}?", outcomes))
    blind = judged(OutcomeTable(rows), families=["retrieval"], option_cost={"none": 1, "single": 2})
    assert blind["routers"]["linear"]["quality"] < 0.7
    alike = [
        replace(row, outcomes={n: replace(o, path={"retrieval": "single", "generator": n})
                               for n, o in row.outcomes.items()})
        for row in rows
    ]  # fmt: skip
    known = judged(OutcomeTable(alike), families=["retrieval"], option_cost={"none": 1, "single": 2})
    assert known["routers"]["linear"]["quality"] == 1.0


def test_a_price_comes_with_the_lambda_that_keeps_to_it(found):
    own = found["routers"]["linear"]
    assert own["lambda_at"]["5"] > 0
    nearest = min(own["curve"], key=lambda point: abs(point["lambda"] - own["lambda_at"]["5"]))
    assert nearest["cost"] <= 5.5
    dear = judged(learnable(), at=(0.5, 20.0))["routers"]["linear"]["lambda_at"]
    assert dear == {"0.5": None, "20": 0.0}


def test_rows_that_lack_an_option_are_learnt_from_and_not_judged_by():
    rows = [[1.0, None if i < 10 else 0.0, math.nan if i == 15 else 1.0] for i in range(40)]
    made = judged(table(rows, [[1.0, 2.0, 3.0]] * 40))
    assert made["data"]["queries"] == 29
    assert any("11 of 40 queries lack" in note for note in made["notes"])
    few = judged(table(rows, [[1.0, 2.0, 3.0]] * 40), options=("o0", "o2"))
    assert few["data"]["queries"] == 39


def test_constant_quality():
    made = judged(table([[0.5, 0.5]] * 30, [[1.0, 2.0]] * 30))
    assert made["routers"]["linear"]["gap_closed"] is None
    assert made["routers"]["linear"]["cost"] == 1
    assert any("the same quality on every query" in note for note in made["notes"])


def test_too_little():
    with pytest.raises(InputError, match="no quality was observed"):
        judged(table([[math.nan, math.nan]] * 5, [[1.0, 2.0]] * 5))
    with pytest.raises(InputError, match="needs 2 different questions"):
        judged(table([[1.0, 0.0]], [[1.0, 2.0]]))
    made = judged(table([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], [[1.0, 2.0]] * 3))
    assert made["data"]["folds"] == 3
    assert any("only 3 folds instead of 5" in note for note in made["notes"])
    one = judged(learnable(1), learnable(1, start=5))
    assert one["data"]["queries"] == 1


def test_groups_are_left_out_whole():
    made = judged(learnable(), split="group")
    assert made["data"]["folds"] == 2
    # what was learnt from easy questions alone sends hard ones astray
    assert made["routers"]["linear"]["quality"] < 0.9
    with pytest.raises(InputError, match="no two groups"):
        judged(table([[1.0, 0.0]] * 9, [[1.0, 2.0]] * 9), split="group")


def test_groups_that_were_never_learnt_are_left_out_whole_within_as_well():
    easy, hard = (
        OutcomeTable([row for row in learnable(240).rows if row.group == group], name=group)
        for group in ("easy", "hard")
    )
    halves = OutcomeTable(
        [replace(row, group=f"easy{i % 2}") for i, row in enumerate(easy.rows)], easy.options, "halves"
    )
    rounds, _ = make_rounds(set_problem(halves, hard), count=5, split="random", seed=0, notes=(notes := []))
    assert len(set(rounds[0].labels)) == 2
    assert any("no group of the test was learnt from" in note for note in notes)
    rounds, _ = make_rounds(set_problem(easy, easy), count=5, split="random", seed=0, notes=(notes := []))
    assert len(set(rounds[0].labels)) > 2
    assert not any("no group of the test" in note for note in notes)


def test_one_option():
    made = judged(OutcomeTable(learnable(30).rows, ("large",), "one"))
    assert made["routers"]["linear"]["gain"] == 0
    assert any("only option" in note for note in made["notes"])


def test_what_auto_picked():
    made = judged(learnable(60), routers={"auto": {"auto": {"of": ["best_single", "linear"]}}})
    assert made["routers"]["auto"]["picked"] == {"linear": 1.0}


def test_the_page_runs_nothing_and_trusts_no_name():
    bad = learnable(40, options=("small", "<script>alert(1)</script>"))
    page = to_html(build_page(evaluated(bad)))
    assert "<script" not in page
    assert "default-src 'none'" in page


def test_the_page_names_the_finding_and_shows_curve_tables_and_terms():
    found = evaluated(learnable(), routers={"linear": "linear", "knn(k=3)": {"knn": {"k": 3}}}, at=(5.0,))
    page = to_html(build_page(found))
    assert "<svg" in page
    assert "http" not in page.replace("http-equiv", "").replace("http://www.w3.org", "")
    for words in ("linear", "APGR", "What quality costs", "Options", "Right and wrong choices", "By group"):
        assert words in page


def test_a_headline_claims_only_what_is_sure():
    made = evaluated(table([[0.5, 0.5]] * 30, [[1.0, 2.0]] * 30))
    assert build_page(made).headline.text.startswith("No router surely beats the best single option")
    sure = evaluated(learnable(), samples=200)
    assert build_page(sure).headline.text == "linear gives"


def test_embeddings_are_kept(tmp_path):
    asked = []

    def embed(texts):
        asked.extend(texts)
        return np.array([[len(text), 1.0] for text in texts], dtype=np.float32)

    path = tmp_path / "embeddings" / "m.npz"
    first = KeptEmbeddings(embed, path)(["a", "bb", "a"])
    assert first.tolist() == [[1, 1], [2, 1], [1, 1]]
    asked.clear()
    again = KeptEmbeddings(embed, path)
    assert again(["bb"]).tolist() == [[2, 1]]
    assert asked == []
    assert again.microseconds > 0
    path.write_bytes(b"damaged")
    assert KeptEmbeddings(embed, path)(["bb"]).tolist() == [[2, 1]]
    assert [file.name for file in path.parent.iterdir()] == ["m.npz"]


def test_embedding_many_texts_shows_progress(tmp_path):
    reports = []

    def embed(texts):
        return np.array([[len(text), 1.0] for text in texts], dtype=np.float32)

    texts = ["x" * (number * 7 % 13) + str(number) for number in range(2 * PORTION + 1)]
    kept = KeptEmbeddings(embed, tmp_path / "m.npz", progress=lambda *at: reports.append(at))
    assert kept(texts)[:, 0].tolist() == [len(text) for text in texts], "every text has its own vector"
    assert [done for done, _, _ in reports] == [0, PORTION, 2 * PORTION, len(texts)]
    assert {(total, work) for _, total, work in reports} == {(len(texts), "embedding")}
    kept(texts)
    assert len(reports) == 4, "kept vectors take no time"


def test_no_model_is_imported():
    code = (
        "import sys, dynamicrag.lab.routing.evaluate, dynamicrag.lab.routing.view\n"
        "print(*{'torch', 'langgraph', 'sentence_transformers', 'matplotlib'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
