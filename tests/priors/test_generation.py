"""The item-response model: hand-computed logits, ability, deviations of known models, shrinkage, spread."""

import numpy as np
import pytest

from dynamicrag.errors import InputError, PolicyError
from dynamicrag.priors.generation import CENTRE, Generation, Logits
from dynamicrag.priors.knowledge import shipped
from dynamicrag.priors.leverage import Leverage
from dynamicrag.priors.questions import QuestionFeatures

LOOK_UP = "Who wrote the novel Middlemarch?"
CHAIN = "Where was the director of the film that stars the wife of the founder of the company born?"
LONG = "We deployed the service on Monday and since then all queue workers time out. " * 40


@pytest.fixture(scope="module")
def model() -> Generation:
    return shipped().generation_lexical


def small() -> Generation:
    """A model of one feature whose logits are easy to compute."""
    features = QuestionFeatures(np.zeros(1), np.ones(1), np.empty(0))
    weights = np.zeros((4, 3, 1))
    weights[0, 1], weights[1, 1], weights[3, 2] = 2.0, 0.5, 1.0
    intercepts = np.zeros((4, 3))
    intercepts[0], intercepts[1], intercepts[2, 1:], intercepts[3, 2] = (-1, 0, 1), (1, 0.5, 0.5), 0.4, 0.25
    leverage = Leverage(np.ones((1, 1)), np.array([0.01]), 1.0, 0.09)
    return Generation(
        features,
        weights,
        intercepts,
        ("mine",),
        (0.0, 2.0),
        (500.0, 2000.0),
        leverage,
        np.array([0.3, 0.4, 0.5]),
    )


def estimated(x: float, theta: list[float], **how: object) -> Logits:
    model = small()
    return model.logits(model.asked([x]), theta, **how)


def test_logits_are_as_computed_by_hand():
    made = estimated(3.0, [CENTRE, 2.0])
    np.testing.assert_allclose(made.logit, [[-1, 0], [6, 8], [1, 1.5]])
    np.testing.assert_allclose(made.spread[:, 0] ** 2, [0.09 + 0.09, 0.09 + 0.16, 0.09 + 0.25])


def test_a_known_model_has_its_deviation_and_less_spread():
    made = estimated(3.0, [CENTRE, CENTRE], models=("mine", "other"))
    np.testing.assert_allclose(made.logit[:, 0] - made.logit[:, 1], [0, 0, 3.25])
    assert (made.spread[:, 0] < made.spread[:, 1]).all()


def test_the_tokens_read_count_with_retrieval_alone_and_within_bounds():
    at = {read: estimated(0.0, [CENTRE], read=read).logit[:, 0] for read in (1000.0, 2000.0, 9000.0)}
    np.testing.assert_allclose(at[2000.0] - at[1000.0], [0, 0.4 * np.log(2), 0.4 * np.log(2)])
    np.testing.assert_allclose(at[9000.0], at[2000.0])


def test_beyond_the_tables_ability_counts_but_not_for_single_questions():
    one, two = (estimated(x, [2.0, 4.0]).logit[1] for x in (0.0, 3.0))
    assert one[1] - one[0] == pytest.approx(1.0)
    assert two[1] - two[0] == pytest.approx(1.0)


def test_a_question_unlike_all_shrinks_to_the_mean_question_and_is_less_certain():
    mean, near, far = (estimated(x, [CENTRE]) for x in (0.0, 3.0, 30.0))
    assert near.logit[1, 0] - mean.logit[1, 0] == pytest.approx(6.0)
    assert abs(far.logit[1, 0] - mean.logit[1, 0]) < 0.1
    assert far.spread[1, 0] > near.spread[1, 0]


def test_strategies_are_chosen_by_name(model):
    asked = model.question(LOOK_UP)
    whole, part = model.logits(asked, [1.5]), model.logits(asked, [1.5], ("iterative", "none"))
    np.testing.assert_array_equal(part.logit, whole.logit[[2, 0]])
    with pytest.raises(PolicyError, match="unknown retrieval strategy 'singel'; did you mean 'single'"):
        model.logits(asked, [1.5], ("singel",))


@pytest.mark.parametrize("embedder", ["all-minilm-l6-v2", ""])
def test_a_stronger_model_is_better_everywhere_and_gains_less_from_passages(embedder):
    model = shipped().generation(embedder)
    logit = model.logits(model.asked(np.zeros(model.features.size)), [-0.8, 0.8, 2.0, 2.6]).logit
    assert (np.diff(logit, axis=1) > 0).all()
    assert (np.diff(logit[1] - logit[0]) < 0).all()


def test_questions_of_several_hops_gain_more_from_iterating(model):
    asked = [model.question(text) for text in (LOOK_UP, CHAIN)]
    made = [model.logits(each, [1.5], ("single", "iterative")).logit for each in asked]
    assert np.diff(made[1], axis=0) > np.diff(made[0], axis=0)


@pytest.mark.parametrize(
    "text", [LONG, "谁导演了电影泰坦尼克号？", "def f(x): return x + 1  # why does it fail?"]
)
def test_texts_unlike_the_tables_are_near_the_mean_question(model, text):
    mean = model.logits(model.asked(np.zeros(model.features.size)), [1.5])
    asked = model.question(text)
    made = model.logits(asked, [1.5])
    assert model.leverage.trust(asked.variance) < 0.5
    assert np.abs(made.logit - mean.logit).max() < 0.4
    assert (made.spread > model.logits(model.question(LOOK_UP), [1.5]).spread).all()


def test_an_empty_question_has_an_estimate(model):
    made = model.logits(model.question(""), [1.5])
    assert np.isfinite(made.logit).all()
    assert np.isfinite(made.spread).all()


def test_a_question_is_kept_for_the_other_stages_and_by_its_vector():
    model = shipped().generation_embedding
    one, other = np.eye(2, 384, dtype=np.float32)
    kept = model.question(LOOK_UP, one)
    assert model.question(LOOK_UP, one.copy()) is kept
    assert not np.allclose(model.question(LOOK_UP, other).terms, kept.terms)


def test_a_vector_of_another_model_is_refused():
    features = shipped().generation_embedding.features
    with pytest.raises(InputError, match="expected 384 numbers from all-minilm-l6-v2"):
        features.row(LOOK_UP, np.zeros(768))
    assert features.row(LOOK_UP).shape == features.row(LOOK_UP, np.zeros(384)).shape


def test_the_models_of_the_tables_are_known_by_their_family(model):
    assert {"gpt-4o", "gpt-4o-mini", "llama-3.1-8b"} <= set(model.models)
    asked = model.question(LOOK_UP)
    known, unknown = (model.logits(asked, [2.06], models=(name,)) for name in ("gpt-4o", "gpt-5"))
    assert (known.spread < unknown.spread).all()
