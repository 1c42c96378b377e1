import pytest

from dynamicrag.errors import ModelUnavailable
from dynamicrag.lab.record.origin import changed, origin_of
from dynamicrag.policy.file import load_policy

STAGES = {"retriever": {"options": ["bm25"]}, "context": {"options": {"short": {"chunks": 4}}}}


def origin(*, model="fake:small", stages=None, **section):
    models = {"small": {"model": str(model), **section}}
    return origin_of(load_policy({"version": 1, "models": models, "stages": STAGES | (stages or {})}))


def test_a_file_of_weights_is_known_by_its_content(tmp_path):
    """A name and a size may stay where the weights are others, and the place does not matter."""
    first, second, moved = tmp_path / "a.gguf", tmp_path / "b.gguf", tmp_path / "sub" / "a.gguf"
    moved.parent.mkdir()
    first.write_bytes(b"weights")
    second.write_bytes(b"otherwi")
    moved.write_bytes(b"weights")
    known = origin(model=f"local:{first}")
    assert origin(model=f"local:{moved}") == known
    assert changed(known, origin(model=f"local:{second}")) == "models.small"
    first.write_bytes(b"WEIGHTS")
    assert changed(known, origin(model=f"local:{first}")) == "models.small"


def test_weights_that_cannot_be_read(tmp_path):
    (tmp_path / "folder.gguf").mkdir()
    with pytest.raises(ModelUnavailable, match=r"folder\.gguf: cannot be read"):
        origin(model=f"local:{tmp_path / 'folder.gguf'}")
    assert origin(model=f"local:{tmp_path / 'none.gguf'}")["models.small"]


@pytest.mark.parametrize(
    "name", ["key", "api_key", "openai_api_key", "ACCESS_TOKEN", "secret", "db-password"]
)
def test_secrets_are_left_out(name):
    assert origin(params={name: "x"}) == origin(params={name: "y"}) == origin(params={})


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens", "keyword", "turkey", "token_limit"])
def test_what_merely_sounds_like_one_is_not(name):
    assert changed(origin(params={name: 1}), origin(params={name: 2})) == "models.small"


def test_what_one_of_both_alone_knows_is_no_change():
    before = origin()
    more = {"options": {"short": {"chunks": 4}, "long": {"chunks": 8}}, "router": "random"}
    after = origin(stages={"context": more})
    assert set(after) - set(before) == {"context.long"}
    assert changed(before, after) is None
    assert changed(after, before) is None
    other = {"options": {"short": {"chunks": 4}, "long": {"chunks": 6}}, "router": "random"}
    assert changed(after, origin(stages={"context": other})) == "context.long"


def test_a_price_is_its_model_s_own():
    assert changed(origin(), origin(profile={"usd": {"call": 1.0}})) == "models.small"


def test_what_bears_on_all_paths_must_be_there_and_the_same():
    deep = {"options": {"short": {"chunks": 4}, "deep": {"chunks": 20}}, "router": "random"}
    assert changed(origin(), origin(stages={"context": deep})) == "policy"
    assert changed(origin(), origin(stages={"verification": {"verifiers": ["groundedness"]}})) == "policy"
    assert changed({}, origin()) == "policy"
    assert changed({"policy": origin()["policy"]}, origin()) == "corpus"


def prompts(spec):
    return origin(stages={"prompt": {"options": {"direct": spec}}})


@pytest.mark.parametrize("params", [{"instructions": "Be kind."}, {"language": "de"}])
def test_a_prompt_is_known_by_its_instructions_and_its_language(params):
    assert changed(prompts(None), prompts({"direct": params})) == "prompt.direct"
    assert changed(prompts({"direct": params}), prompts({"direct": {**params, "style": "full"}})) is None


def test_a_language_is_the_same_by_any_name_and_what_says_nothing_is_nothing():
    names = [prompts({"direct": {"language": name}}) for name in ("de", "German", " GERMAN")]
    assert names[0] == names[1] == names[2]
    silent = prompts({"direct": {"language": "auto", "instructions": " ", "style": "full"}})
    assert silent == prompts(None)
    assert prompts({"direct": {"max_tokens": 9}}) == prompts(
        {"direct": {"max_tokens": 9, "language": "auto"}}
    )
