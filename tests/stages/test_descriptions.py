"""Descriptions of options: at every stage, inherited from models, and without effect on recordings."""

import pytest

from dynamicrag.errors import PolicyError
from dynamicrag.lab.record.origin import changed, origin_of
from dynamicrag.policy.assembly import assemble
from dynamicrag.policy.file import load_policy
from dynamicrag.policy.policy import brief
from dynamicrag.stages.descriptions import described, text_of
from dynamicrag.types import Option
from tests.policy.test_schema import mistakes

PLAIN = {
    "version": 1,
    "host": {"meter": "none"},
    "runs": {"keep": 0},
    "corpora": {"docs": {"path": "docs"}},
    "models": {"small": {"model": "openai:gpt-4o-mini"}, "large": {"model": "openai:gpt-4o"}},
    "helper": "small",
    "stages": {
        "retrieval": {"options": {"none": None, "single": None}, "router": "prior"},
        "rewrite": {"options": {"none": None, "hyde": {"model": "small"}}, "router": "random"},
        "retriever": {"options": {"words": {"bm25": {}}, "bm25": {}}, "router": "random"},
        "rerank": {"options": {"none": None, "mmr": {"depth": 5}}, "router": "random"},
        "context": {"options": {"short": {"chunks": 2}, "long": {"whole": True}}, "router": "random"},
        "prompt": {"options": {"direct": {"style": "full"}, "mine": {"cot": {}}}, "router": "random"},
        "generator": {"options": {"small": None, "large": None}, "router": "prior"},
        "verification": {"options": {"accept": None, "refine": {"model": "large"}}, "router": "thresholds"},
    },
}


def with_texts(policy=PLAIN):
    """Return a policy whose every option has a description."""
    stages = {
        stage: {
            **section,
            "options": {
                name: {**(spec or {}), "description": f"{stage} {name}"}
                for name, spec in section["options"].items()
            },
        }
        for stage, section in policy["stages"].items()
    }
    return {**policy, "stages": stages}


def built(policy, tmp_path):
    (tmp_path / "docs").mkdir(exist_ok=True)
    (tmp_path / "docs" / "a.md").write_text("The bridge opened in 1871.")
    return assemble(load_policy(policy, tmp_path / "docs"))


def test_every_stage_takes_descriptions_and_its_options_are_otherwise_the_same(tmp_path):
    plain, texts = (built(policy, tmp_path).points for policy in (PLAIN, with_texts()))
    assert mistakes(with_texts()) == []
    for stage in PLAIN["stages"]:
        assert [(o.name, o.params) for o in texts[stage].options] == [
            (o.name, o.params) for o in plain[stage].options
        ]
        assert [o.description for o in texts[stage].options] == [
            f"{stage} {o.name}" for o in plain[stage].options
        ]


def test_options_with_fixed_meanings_have_built_in_descriptions(tmp_path):
    points = built(PLAIN, tmp_path).points
    for stage in ("retrieval", "rewrite", "rerank", "verification"):
        assert all(option.description for option in points[stage].options)
    assert points["prompt"].options[0].description.startswith("answer at once")
    assert not points["context"].options[0].description


def test_a_generators_option_inherits_its_models_description_and_may_replace_it(tmp_path):
    models = {name: {**each, "description": f"{name} tasks"} for name, each in PLAIN["models"].items()}
    for options, expected in (
        (None, ["small tasks", "large tasks"]),
        (["large"], ["large tasks"]),
        ({"small": {"description": "facts"}, "large": None}, ["facts", "large tasks"]),
    ):
        section = {"router": "prior"} | ({"options": options} if options else {})
        stages = {**PLAIN["stages"], "generator": section}
        point = built({**PLAIN, "models": models, "stages": stages}, tmp_path).points["generator"]
        assert [option.description for option in point.options] == expected


def test_a_pair_of_domain_and_action_is_one_text():
    assert text_of({"domain": "finance", "action": " read a\nbalance sheet "}) == (
        "finance: read a balance sheet"
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (7, r"expected a text or \{domain: …, action: …\}, got 7"),
        ("", "it is empty"),
        ("  ", "it is empty"),
        ({"domain": "x"}, "expected a text or"),
        ({"domain": "x", "action": "y", "more": "z"}, "expected a text or"),
        ({"domain": "x", "action": ""}, "it is empty"),
        ({"domain": "x", "action": 3}, "expected a text or"),
        ("x" * 1001, "1,001 characters; at most 1,000"),
        (["x"], "expected a text or"),
        (None, "expected a text or"),
    ],
)
@pytest.mark.parametrize("place", ["generator", "context", "models"])
def test_a_description_that_is_not_one_is_refused_with_its_place(given, message, place):
    if place == "models":
        small = {**PLAIN["models"]["small"], "description": given}
        policy, where = {**PLAIN, "models": {"small": small}}, r"^models\.small\.description: "
    else:
        options = {"small": {"description": given, **({"chunks": 2} if place == "context" else {})}}
        stages = {**PLAIN["stages"], place: {"options": options}}
        policy, where = {**PLAIN, "stages": stages}, rf"^stages\.{place}\.options\.small: description: "
    with pytest.raises(PolicyError, match=where + message):
        load_policy(policy)


def test_a_recording_does_not_depend_on_descriptions(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("The bridge opened in 1871.")
    models = {name: {**each, "description": "x"} for name, each in PLAIN["models"].items()}
    one, other = (
        origin_of(load_policy(policy, tmp_path / "docs"))
        for policy in (PLAIN, with_texts({**PLAIN, "models": models}))
    )
    assert changed(one, other) is None
    assert one == other


def test_a_brief_policy_keeps_the_descriptions():
    policy = brief(load_policy(with_texts()))
    assert policy.stages["prompt"].descriptions == {"direct": "prompt direct", "mine": "prompt mine"}
    assert policy.stages["prompt"].specs == {"direct": None, "mine": {"cot": {}}}


def test_the_description_that_a_stage_of_ones_own_gives_stays_unless_the_policy_has_another():
    options = [Option("a", description="own"), Option("b")]
    found = described("guard", options, {"b": "policy's"})
    assert [option.description for option in found] == ["own", "policy's"]
    assert described("guard", options, {"a": "policy's"})[0].description == "policy's"


def test_moves_of_verification_have_the_description_of_their_option(tmp_path):
    section = {
        "options": {"accept": None, "escalate": {"description": "try harder"}},
        "escalate": {"unanswerable": ["context", "generator"]},
        "router": "thresholds",
    }
    stages = {**PLAIN["stages"], "verification": section}
    point = built({**PLAIN, "stages": stages}, tmp_path).points["verification"]
    assert [option.description for option in point.options][1:] == ["try harder"] * 2
    assert [option.kind for option in point.options] == ["accept", "redo", "redo"]
