"""What holds of every family of features; a new one is found by its registry and held to the same."""

import re
import subprocess
import sys
import time

import numpy as np
import pytest

from dynamicrag.errors import PolicyError
from dynamicrag.features.base import FEATURES, FeatureSet, Seen
from dynamicrag.features.lexical import LexicalFeatures
from dynamicrag.predictors.state import State

TRAINING = [
    Seen("Who opened the Sydney Harbour Bridge?", {"coverage": 0.9, "top_share": 0.4, "first_margin": 0.1}),
    Seen("Which of the following is a noble gas?\nA. Neon\nB. Iron\nC. Gold\nAnswer:", {"coverage": 0.5}),
    Seen("Write a Python function that sorts a list of numbers.", {"coverage": 0.7, "groundedness": 1.0}),
    Seen("Who wrote the opera about the bridge in Sydney?", {"coverage": 0.1, "unanswerable": 0.0}),
    Seen("Give me ten tips for sorting a list of gold coins."),
]
ODD = [
    "",
    " ",
    "?",
    "\x00",
    "\ud800",
    "🜁🜂 é́ \u202e abc",
    "日本語の質問です",
    "a" * 100_000,
    "\n" * 5000,
    "A. " * 3000,
]
every = pytest.mark.parametrize("name", list(FEATURES))
reading = pytest.mark.parametrize("name", ["lexical", "tfidf"])


def embed(texts):
    """Stand in for a model: letter frequencies."""
    counts = np.array(
        [[text.lower().count(letter) for letter in "abcdefgh"] for text in texts], dtype=np.float32
    )
    return counts / np.maximum(np.linalg.norm(counts, axis=1, keepdims=True), 1e-9)


def fitted(*specs):
    return FeatureSet(list(specs), embed).fit(TRAINING)


def test_the_registry_holds_these():
    assert set(FEATURES) == {"embedding", "lexical", "response", "retrieval", "tfidf"}


@pytest.mark.slow
@every
def test_a_name_per_number(name):
    features = fitted(name)
    X = features.transform(TRAINING)
    assert X.shape == (len(TRAINING), len(features.names))
    assert features.blocks == [len(features.names)]
    assert len(set(features.names)) == len(features.names)
    assert all(label.startswith(f"{name}:") for label in features.names)
    assert np.isfinite(X).all()
    assert np.ptp(X, axis=0).max() > 0


@every
def test_one_query_is_transformed_as_it_is_among_others(name):
    features = fitted(name)
    X = features.transform(TRAINING)
    alone = np.vstack([features.transform([query]) for query in TRAINING])
    assert np.allclose(alone, X, atol=1e-6)


@every
def test_fitting_gives_the_features_of_the_training_queries(name):
    features = FeatureSet([name], embed)
    X = features.fit_transform(TRAINING)
    assert np.allclose(X, features.transform(TRAINING), atol=1e-6)
    assert np.allclose(X, fitted(name).transform(TRAINING), atol=1e-6)


@every
def test_what_was_saved_transforms_alike(name, tmp_path):
    features = fitted(name)
    path = features.state().save(tmp_path / "features")
    again = FeatureSet.from_state(State.load(path), embed)
    asked = [*TRAINING, Seen("an unseen word: xylophone")]
    assert again.names == features.names
    assert (again.transform(asked) == features.transform(asked)).all()


@every
def test_a_state_that_lacks_a_part_is_refused(name):
    state = fitted(name).state()
    with pytest.raises(PolicyError, match="no whole state of features"):
        FeatureSet.from_state(State({**state.meta, "parts": [{}]}, {}), embed)


def test_features_that_are_no_longer_there_are_told():
    state = fitted("lexical", "tfidf").state()
    names = list(state.meta["names"])
    names[names.index("lexical:log_words")] = "lexical:words_squared"
    with pytest.raises(PolicyError, match=r"r\.npz: .*lexical:log_words, lexical:words_squared.*train the"):
        FeatureSet.from_state(State({**state.meta, "names": names}, state.arrays), embed, "r.npz")
    swapped = [names[1], names[0], *state.meta["names"][2:]]
    with pytest.raises(PolicyError, match="their order differs"):
        FeatureSet.from_state(State({**state.meta, "names": swapped}, state.arrays), embed)


class Model:
    """An embedding model that has a name."""

    def __init__(self, name):
        self.name = name

    def __call__(self, texts):
        return embed(texts)


def test_another_embedding_model_is_told():
    state = FeatureSet(["lexical", "embedding"], Model("mini")).fit(TRAINING).state()
    for same in (Model("mini"), embed):  # what has no name cannot be told from another
        assert FeatureSet.from_state(state, same).names
    with pytest.raises(PolicyError, match=r"trained with the embedding model 'mini'.*is 'maxi'.*train the"):
        FeatureSet.from_state(state, Model("maxi"), "r.npz")
    lexical = FeatureSet(["lexical"], Model("mini")).fit(TRAINING).state()
    assert FeatureSet.from_state(lexical, Model("maxi")).embedder == ""


@every
def test_fitting_and_transforming_repeat_themselves(name):
    before = np.random.get_state()[1].copy()  # noqa: NPY002 - that nobody touches it is the point
    assert (fitted(name).transform(TRAINING) == fitted(name).transform(TRAINING)).all()
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002


@every
def test_transforming_learns_nothing(name):
    features = fitted(name)
    before = features.transform(TRAINING)
    features.transform([Seen("an entirely other query about xylophones", {"coverage": 99.0})] * 50)
    assert (features.transform(TRAINING) == before).all()


@every
def test_odd_texts_are_safe(name):
    features = FeatureSet([name], embed).fit([*TRAINING, *map(Seen, ODD)])
    assert np.isfinite(features.transform([*map(Seen, ODD)])).all()
    for text in ODD:
        assert np.isfinite(features.transform([Seen(text)])).all()
    assert np.isfinite(fitted(name).transform([*map(Seen, ODD)])).all()


@reading
def test_training_on_one_query_or_on_nothing_but_silence(name):
    for texts in (["Who?"], ["", ""]):
        features = FeatureSet([name]).fit([*map(Seen, texts)])
        assert np.isfinite(features.transform(TRAINING)).all()


@pytest.mark.slow
@reading
def test_no_models_are_imported(name):
    code = (
        "import sys; from dynamicrag.features.base import FeatureSet, Seen\n"
        f"FeatureSet([{name!r}]).fit([Seen('who are you'), Seen('who am I')]).transform([Seen('who')])\n"
        "sys.stdout.write(' '.join({'torch', 'langgraph', 'sentence_transformers'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == ""


@reading
def test_a_question_takes_well_under_a_millisecond(name):
    features, query = fitted(name), [Seen("Who wrote the opera about the bridge over the harbour?")]
    rounds = []
    for _ in range(50):
        begun = time.process_time()
        features.transform(query)
        rounds.append(time.process_time() - begun)
    assert np.median(rounds) < 1e-3


def test_families_stand_side_by_side():
    features = fitted("lexical", {"tfidf": {"size": 2}}, "retrieval")
    assert features.blocks[1] == 2
    assert sum(features.blocks) == len(features.names) == features.transform(TRAINING).shape[1]
    assert (
        features.transform(TRAINING)[:, : features.blocks[0]] == fitted("lexical").transform(TRAINING)
    ).all()


def test_only_the_embedding_needs_a_model():
    assert [name for name in FEATURES if FEATURES[name].embeds] == ["embedding"]
    with pytest.raises(PolicyError, match="'embedding' needs an embedding model"):
        FeatureSet(["lexical", "embedding"])


@pytest.mark.parametrize(
    ("specs", "message"),
    [
        ([], "at least one"),
        (["lexicl"], "did you mean 'lexical'"),
        (["lexical", "lexical"], "each family once"),
        ([{"tfidf": {"size": 0}}], "1 or more"),
        ([{"tfidf": {"sizes": 4}}], "sizes"),
    ],
)
def test_wrong_sets_are_refused(specs, message):
    with pytest.raises(PolicyError, match=re.escape(message)):
        FeatureSet(specs)


class TestLexical:
    def column(self, name, *texts):
        family = LexicalFeatures().fit(TRAINING)
        return family.transform([*map(Seen, texts)])[:, list(family.names).index(name)]

    def test_length_and_options(self):
        one, many = self.column("log_words", "one two", "one two three four")
        assert (one, many) == (pytest.approx(np.log(3)), pytest.approx(np.log(5)))
        texts = ["a noble gas?\nA. Neon\nB. Iron", "of these:\n(A) 1\n(B) 2\n(C) 3", "Vitamin A. is it good?"]
        assert self.column("options", *texts).tolist() == [2, 3, 0]

    def test_rarity_is_of_the_training_queries(self):
        common, rare, unseen = self.column("rarity_mean", "sydney list", "neon", "xylophone")
        assert common < rare == unseen
        assert self.column("unseen_share", "sydney xylophone").tolist() == [0.5]

    def test_what_is_asked_for(self):
        listing, coding = self.column("asks_to_list", "ten tips and ideas", "who is it")
        assert listing > coding == 0


class TestTfidf:
    def test_what_shares_words_is_near(self):
        features = fitted({"tfidf": {"size": 4}})
        harbour, again, sorting = features.transform(
            [Seen("the Sydney bridge"), Seen("a bridge in Sydney"), Seen("sort a list of numbers")]
        )
        assert harbour @ again > 2 * abs(harbour @ sorting)

    def test_unseen_words_are_at_the_origin(self):
        assert not fitted("tfidf").transform([Seen("ξένος ζῶ")]).any()

    def test_the_seed_decides(self):
        one, two = ({"tfidf": {"size": 2, "seed": seed}} for seed in (0, 0))
        assert (fitted(one).transform(TRAINING) == fitted(two).transform(TRAINING)).all()


class TestSignals:
    def test_missing_ones_are_the_training_mean_and_flagged_where_ever_missing(self):
        features = fitted("retrieval")
        assert features.names == ["retrieval:coverage", "retrieval:top_share", "retrieval:coverage_missing",
                                  "retrieval:top_share_missing"]  # fmt: skip
        got = features.transform([Seen("x", {"top_share": 0.3}), Seen("x", {"coverage": np.nan})])
        assert np.allclose(got, [[0.55, 0.3, 1, 0], [0.55, 0.4, 1, 1]])
        always = FeatureSet(["retrieval"]).fit(TRAINING[:1])
        assert np.allclose(always.transform([Seen("x")]), [[0.9, 0.4]])

    def test_without_any_signal_there_is_nothing_to_learn_from(self):
        with pytest.raises(PolicyError, match="have no signal that retrieval, response could read"):
            FeatureSet(["retrieval", "response"]).fit([Seen("text alone")])
        assert FeatureSet(["lexical", "response"]).fit([Seen("text alone")]).blocks[1] == 0


def test_an_embedding_of_another_length_is_refused():
    state = fitted("embedding").state()
    again = FeatureSet.from_state(state, lambda texts: np.zeros((len(texts), 3), dtype=np.float32))
    with pytest.raises(PolicyError, match="returns 3 numbers a text, and 8"):
        again.transform([Seen("x")])
