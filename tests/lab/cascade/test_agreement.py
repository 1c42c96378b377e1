"""Reading agreement samples."""

import json

import numpy as np
import pytest

from dynamicrag.errors import InputError
from dynamicrag.lab.cascade.agreement import make_trials
from dynamicrag.lab.cascade.samples import Sampled, read_samples
from dynamicrag.lab.cascade.votes import Votes, plain
from tests.lab.cascade.samples import write_samples


def votes(cot, pot, number=20):
    def of(answers):
        return Sampled(answers, [float(a == "7") for a in answers], [10.0] * len(answers))

    return Votes([("cot1", of(cot)), ("pot1", of(pot))], number)


def test_the_majority_over_both_methods():
    own = votes(["7", "8", "7"], ["9", "7.0", "9"])
    assert own.answer == "7"
    share, cot, pot, least, cross, *_ = own.signals()
    assert (share, cot, pot, least, cross) == pytest.approx((3 / 6, 2 / 3, 1 / 3, 1 / 3, 0.0))
    assert own.tokens == 60


def test_more_agreement_is_higher_on_every_signal():
    much, little = (
        votes(["7"] * 4, ["7"] * 4).signals(),
        votes(["7", "8", "9", "7"], ["1", "2", "7", "3"]).signals(),
    )
    assert (much > little).all()


def test_a_program_that_failed_has_no_vote():
    own = votes(["None", "None", "7"], ["error", "", "None"])
    assert own.answer == "7"
    assert own.signals()[0] == pytest.approx(1 / 6)
    nothing = votes(["None"], ["error"])
    assert nothing.right == 0.0
    assert np.isfinite(nothing.signals()).all()


@pytest.mark.parametrize(
    ("one", "other"), [("1,200.0", "$1200"), (" Yes. ", "yes"), ("05/01/2021", "05/01/2021.")]
)
def test_answers_that_are_the_same(one, other):
    assert plain(one) == plain(other)


def test_samples_are_paid_cumulatively_and_prices_given(tmp_path):
    file = read_samples(write_samples(tmp_path / "a.jsonl"))
    (own,) = make_trials([file], "small", "big", {"big": 5.0})
    assert list(own.options) == ["small ×2", "small ×4", "small ×10", "big"]
    assert own.cost[0].tolist() == [20, 40, 100, 50]
    assert own.unit == "small tokens"
    assert own.chain.tolist() == [0, 0, 0, -1]


def test_calls_count_where_tokens_are_not_known(tmp_path):
    (own,) = make_trials([read_samples(write_samples(tmp_path / "a.jsonl", tokens=False))], "small", "big")
    assert own.cost[0].tolist() == [2, 4, 10, 30]
    assert own.unit == "small calls"


def test_prompts_can_be_named(tmp_path):
    file = read_samples(write_samples(tmp_path / "a.jsonl"))
    (own,) = make_trials([file], "small:cot1", "big:greedy_cot1")
    assert own.options[0] == "small ×1"


@pytest.mark.parametrize(
    ("weak", "strong", "said"),
    [
        ("smal", "big", "did you mean 'small'"),
        ("small", "huge", "unknown model"),
        ("small:cot9", "big", "unknown config"),
    ],
)
def test_models_that_are_not_there(tmp_path, weak, strong, said):
    file = read_samples(write_samples(tmp_path / "a.jsonl"))
    with pytest.raises(InputError, match=said):
        make_trials([file], weak, strong)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"results": []}, "none of its 12 lines has results"),
        ({"results": "7"}, "list of answers"),
        ({"correct": [1, 1, 1]}, "for each of the"),
        ({"correct": "yes"}, "finite numbers"),
        ({"results": ["7"], "correct": [3]}, "correct: expected numbers from 0 to 1"),
        ({"out_tokens": [None]}, "finite numbers"),
    ],
)
def test_bad_lines(tmp_path, change, said):
    with pytest.raises(InputError, match=said):
        read_samples(write_samples(tmp_path / "a.jsonl", 3, **change))


@pytest.mark.parametrize("text", ["", "[1]\n", "{\n", '{"llm": "a"}\n'])
def test_no_samples_at_all(tmp_path, text):
    (tmp_path / "a.jsonl").write_text(text)
    with pytest.raises(InputError, match=r"a\.jsonl"):
        read_samples(tmp_path / "a.jsonl")
    with pytest.raises(InputError, match="cannot be read"):
        read_samples(tmp_path / "none.jsonl")


def _without(path, cut):
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    path.write_text("\n".join(json.dumps(row) for row in map(cut, rows) if row))
    return path


def test_lines_without_results_and_questions_that_a_model_lacks_are_left_out_and_named(tmp_path):
    def cut(row):
        if row["llm"] == "big" and row["idx"] in (5, 6):
            return None
        empty = {"results": [], "correct": []} if (row["config"], row["idx"]) == ("pot1", 7) else {}
        return {**row, **empty}

    file = read_samples(_without(write_samples(tmp_path / "a.jsonl", 30), cut))
    (own,) = make_trials([file], "small", "big")
    assert len(own) == 27
    assert own.notes[1:] == (
        "a.jsonl: 1 of 118 lines have no results, and are left out: small pot1 sums 7",
        "a.jsonl: 3 of 30 questions lack samples of one of small cot1, small pot1, big greedy_cot1, and are "
        "left out: sums 5, sums 6, sums 7",
    )


def test_a_prompt_of_few_questions_is_taken_only_if_it_is_named(tmp_path):
    def cut(row):
        return None if row["config"] == "pot1" and row["idx"] > 5 else row

    file = read_samples(_without(write_samples(tmp_path / "a.jsonl", 30), cut))
    assert len(make_trials([file], "small", "big")[0]) == 30
    assert len(make_trials([file], "small:cot1+pot1", "big")[0]) == 6
