"""Ordered rules: what a condition may name, which rule decides, and which rules are refused."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from dynamicrag.call_options import CallOptions
from dynamicrag.errors import PolicyError
from dynamicrag.records import Passage
from dynamicrag.routers.base import ROUTERS
from dynamicrag.types import Option

from .test_routers import OPTIONS, context


def build(*when, otherwise="small", **more):
    given = {"when": list(when), **more} | ({"otherwise": otherwise} if otherwise else {})
    return ROUTERS.build({"rules": given}, "stages.generator.router")


def rule(take="large", **condition):
    return {"if": condition, "take": take}


async def taken(router, given):
    choice = await router.choose(given)
    return given.options[choice.index].name, choice.reason


def passage(document):
    return Passage(id="1", document=document, title="Notes", text="", score=1.0)


LONG = "Who opened the bridge of the town, and in which of the two years was it closed again?"


@pytest.mark.parametrize(
    ("condition", "given", "holds"),
    [
        ({"words": {"above": 10}}, context(LONG), True),
        ({"words": {"above": 10}}, context("Who?"), False),
        ({"words": {"at_least": 4, "below": 6}}, context("Who opened the bridge?"), True),
        ({"words": {"above": 4}}, context("Who opened the bridge?"), False),
        ({"words": {"at_most": 4}}, context("Who opened the bridge?"), True),
        ({"words": 4}, context("Who opened the bridge?"), True),
        ({"greeting": True}, context("Hello!"), True),
        ({"greeting": False}, context("Hello!"), False),
        ({"numbers": True}, context("What is 3 + 4 and 5?"), True),
        ({"matched": {"below": 0.5}}, context(signals={"matched": 0.2}), True),
        ({"matched": {"below": 0.5}}, context(), False),  # not known
        ({"language": "de"}, context("Wann wurde die Brücke eröffnet?"), True),
        ({"language": ["fr", "German"]}, context("Wann wurde die Brücke eröffnet?"), True),
        ({"language": "de"}, context("Who opened the bridge?"), False),
        ({"file_type": "pdf"}, context(passages=[passage("a/b.PDF"), passage("c.md")]), True),
        ({"file_type": [".md"]}, context(passages=[passage("a/b.pdf"), passage("c.md")]), False),
        ({"file_type": "pdf"}, context(passages=[passage("https://x.org/a.pdf?page=2")]), True),
        ({"file_type": "pdf"}, context(passages=[passage("b.pdf~2")]), True),
        ({"file_type": "pdf"}, context(), False),
        ({"user": ["anna", "ben"]}, context(call=CallOptions(user="ben")), True),
        ({"user": "anna"}, context(), False),
        ({"tags": "vip"}, context(call=CallOptions(tags=("x", "vip"))), True),
        ({"metadata": {"plan": "gold"}}, context(call=CallOptions(metadata={"plan": "gold"})), True),
        ({"metadata": {"seats": {"above": 9}}}, context(call=CallOptions(metadata={"seats": 12})), True),
        ({"metadata": {"beta": True}}, context(call=CallOptions(metadata={"beta": 1})), False),
        ({"metadata": {"tenant": "acme"}}, context(call=CallOptions(filter={"tenant": ("acme",)})), True),
        ({"path": {"retrieval": "none"}}, context(path={"retrieval": "none"}), True),
        ({"path": {"retrieval": ["none"]}}, context(path={"retrieval": "single"}), False),
        ({"words": {"above": 10}, "language": "en"}, context(LONG), True),
        ({"words": {"above": 10}, "language": "de"}, context(LONG), False),
    ],
)
async def test_a_rule_decides_if_all_of_its_condition_holds(condition, given, holds):
    router = build(rule(**condition))
    router.check("generator", OPTIONS, "router")
    assert (await taken(router, given))[0] == ("large" if holds else "small")


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"hour": {"at_least": 8, "below": 18}}, True),
        ({"hour": [17, 18]}, True),
        ({"hour": 16}, False),  # the hour in UTC
        ({"weekday": "mon"}, True),
        ({"weekday": ["sat", "sun"]}, False),
        ({"weekday": "mon", "hour": {"at_least": 18}}, False),
    ],
)
async def test_the_time_is_that_of_the_time_zone(condition, holds):
    router = build(rule(**condition), time_zone="Europe/Berlin")
    router._now = lambda: datetime(2026, 11, 30, 16, 30, tzinfo=ZoneInfo("UTC")).astimezone(
        ZoneInfo("Europe/Berlin")
    )
    assert (await taken(router, context()))[0] == ("large" if holds else "small")


async def test_the_first_rule_that_holds_decides_and_says_why():
    router = build(rule("medium", words={"above": 10}), rule(language="en", words={"above": 5}))
    assert await taken(router, context(LONG)) == ("medium", "rule 1: words 18")
    assert await taken(router, context("Who opened the bridge of the town?")) == (
        "large",
        "rule 2: language en, words 7",
    )
    assert await taken(router, context("Hi")) == ("small", "no rule holds")


async def test_the_nearest_open_option_replaces_a_closed_one():
    router = build(rule("medium", words={"above": 1}))
    chosen = await taken(router, context(allowed=[True, False, True]))
    assert chosen == ("large", "rule 1: words 4; 'medium' is closed: the nearest option that is open")


async def test_a_last_rule_without_a_condition_is_the_default():
    router = build(rule(words={"above": 10}), {"take": "medium"}, otherwise="")
    assert (await taken(router, context("Hi")))[0] == "medium"
    assert OPTIONS[router.planned("generator", OPTIONS)].name == "medium"


@pytest.mark.parametrize(
    ("when", "more", "message"),
    [
        ([rule(words={"above": 3})], {"otherwise": ""}, r"match no rule have no option; add 'otherwise"),
        ([], {"otherwise": ""}, r"match no rule have no option"),
        (
            [rule(words={"above": 30}), rule("medium", words={"above": 40})],
            {},
            r"when\.1\.take: is never reached, because when\.0\.take holds whenever it does; change",
        ),
        (
            [rule(language="de"), rule("medium", language="de", words={"above": 3})],
            {},
            r"when\.1\.take: is never reached",
        ),
        ([rule(user=["a", "b"]), rule("medium", user="a")], {}, r"when\.1\.take: is never reached"),
        ([rule(words=7), rule("medium", words=7)], {}, r"when\.1\.take: is never reached"),
        ([rule(metadata={"n": {"above": 1}}), rule(metadata={"n": 2})], {}, r"when\.1\.take: is never"),
        (
            [rule(weekday=["mon", "tue", "wed", "thu", "fri", "sat", "sun"])],
            {},
            r"otherwise: is never reached",
        ),
        ([{"take": "large"}], {}, r"otherwise: is never reached, because when\.0\.take"),
        ([rule(words={"above": 3, "below": 2})], {}, r"when\.0\.if\.words: no number meets"),
        ([rule(words={"over": 3})], {}, r"when\.0\.if\.words: unknown comparison 'over'"),
        ([rule(words={"above": 3, "at_least": 3})], {}, r"limit the same end"),
        ([rule(words={"above": "3"})], {}, r"words\.above: expected a number, got '3'"),
        ([rule(words="many")], {}, r"when\.0\.if\.words: expected a number, true, false or"),
        ([rule(user=[])], {}, r"when\.0\.if\.user: an empty list never matches"),
        ([rule(user=3)], {}, r"when\.0\.if\.user: expected a text or a list of texts, got 3"),
        ([rule(language="germn")], {}, r"if\.language: unknown language 'germn'; did you mean 'German'"),
        ([rule(language="xx")], {}, r"if\.language: unknown language 'xx'"),
        ([rule(weekday="monday")], {}, r"if\.weekday: unknown weekday 'monday'; did you mean 'mon'"),
        ([rule(hour=24)], {}, r"if\.hour: expected hours from 0 to 23, got 24"),
        ([rule(hour={"at_least": 22, "below": 6})], {}, r"if\.hour: no number meets"),
        ([rule(metadata="gold")], {}, r"if\.metadata: expected a mapping of names to values"),
        ([rule(hour=3)], {}, r"needs 'time_zone'"),
        ([rule(hour=3)], {"time_zone": "Europe/Berln"}, r"time zone 'Europe/Berln'; did you mean 'Europe/B"),
        ([{"if": ["words"], "take": "large"}], {}, r"when\.0\.if: expected a mapping of conditions"),
        ([{"if": {"words": 3}}], {}, r"when\.0\.take: expected the name of an option, got None"),
        ([{"when": {"words": 3}, "take": "large"}], {}, r"when\.0: unknown key 'when'; valid: if, take"),
    ],
)
def test_rules_that_cannot_be_meant_are_refused(when, more, message):
    with pytest.raises(PolicyError, match=message) as caught:
        build(*when, **{"time_zone": "Europe/Berlin"} | more if "needs" not in message else more)
    assert str(caught.value).startswith("stages.generator.router.rules: ")


def test_rules_that_overlap_only_in_part_are_in_order():
    build(rule(words={"above": 30}), rule("medium", words={"above": 20}))
    build(rule(words={"above": 30}, language="de"), rule("medium", words={"above": 40}))
    build(rule(user=["a", "b"]), rule("medium", user=["b", "c"]))


@pytest.mark.parametrize(
    ("stage", "when", "message"),
    [
        (
            "generator",
            rule(wrds=3),
            r"router\.rules\.when\.0\.if: unknown condition 'wrds'; did you mean 'wor",
        ),
        ("generator", rule("huge", words=3), r"router\.rules\.when\.0\.take: unknown option 'huge'"),
        ("retrieval", rule(matched=1), r"when\.0\.if\.matched: is known only after a search, and retrieval"),
        ("retriever", rule(file_type="pdf"), r"when\.0\.if\.file_type: is known only after a search"),
        ("context", rule(path={"generator": "x"}), r"if\.path: unknown earlier stage 'generator'"),
        ("verification", rule(words=3), r"router: 'rules' chooses by the question; use 'thresholds'"),
    ],
)
def test_a_name_that_the_stage_does_not_know_is_refused(stage, when, message):
    with pytest.raises(PolicyError, match=message):
        build(when).check(stage, OPTIONS, "router")


def test_a_wrong_default_is_refused():
    with pytest.raises(PolicyError, match=r"router\.rules\.otherwise: unknown option 'smal'; did you mean"):
        build(rule(words=3), otherwise="smal").check("generator", OPTIONS, "router")


def test_conditions_directly_under_rules_are_explained():
    with pytest.raises(PolicyError, match=r"unknown parameter 'words'.*conditions go under 'when'"):
        ROUTERS.build({"rules": {"words": {"above": 3}}}, "router")


def test_all_stages_may_have_rules_on_what_they_know():
    for stage in ("retrieval", "rewrite", "retriever", "rerank", "context", "prompt", "generator"):
        build(rule(words={"above": 3}, idf_coverage={"below": 0.5})).check(stage, OPTIONS, "router")
    for stage in ("rerank", "context", "prompt", "generator"):
        build(rule(similarity={"below": 0.2}, file_type="pdf")).check(stage, OPTIONS, "router")


def test_an_option_needs_no_description():
    build(rule(words=3)).check("generator", (Option("small"), Option("large")), "router")
