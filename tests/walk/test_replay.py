"""Online equals replay: on what was recorded, a policy goes the way that it goes in the live graph."""

import zlib
from collections import Counter

import pytest

from dynamicrag.graph.rag import DynamicRAG
from dynamicrag.graph.turn import ABSTAINED
from dynamicrag.lab.questions import Question
from dynamicrag.lab.record.executor import for_recording
from dynamicrag.lab.record.paths import Paths
from dynamicrag.lab.record.runs import record_all
from dynamicrag.stages.base import Run, option_names
from dynamicrag.walk.recording import RecordedDraft, RecordedPaths, Recording
from dynamicrag.walk.replay import replay
from tests.escalation.taught import PRICES, taught
from tests.graph.conftest import docs, make  # noqa: F401 - fixtures

MODELS = ("small", "medium", "large")
QUESTIONS = [Question(f"q{n}", f"When was the bridge of town{n:02} opened?") for n in range(6)]
QUESTIONS += [Question("hello", "Hello!"), Question("far", "Xylophone zymurgy?")]
ANSWERS = ("unanswerable", "It was opened in 1812", "Purple zebras sing in choirs")
VERIFICATION = {
    "options": ["accept", "refine", "escalate", "ask_again", "abstain"],
    "verifiers": ["unanswerable", "groundedness", "token_margin", "entity_coverage"],
    "router": {"thresholds": {"groundedness": 0.5, "token_margin": 0.3, "abstain": ["unanswerable"]}},
    "escalate": {"unanswerable": "generator"},
    "max_escalations": 2,
}


def fixed(options, option):
    return {"options": options, "router": {"fixed": {"option": option}}}


BY_GREETING = {"rules": {"when": [{"if": {"greeting": True}, "take": "small"}], "otherwise": "large"}}
CONTEXTS = {"short": {"chunks": 1}, "long": {"chunks": 3}}


def stages(retrieval="single", context="short", generator="small", **verification):
    return {
        "retrieval": fixed(["none", "single"], retrieval),
        "context": fixed(CONTEXTS, context),
        "generator": {"options": list(MODELS), "router": BY_GREETING}
        if generator == "by greeting"
        else fixed(list(MODELS), generator),
        "verification": {**VERIFICATION, **verification},
    }


POLICIES = {
    "fixed": stages(),
    "routed": {**stages(generator="by greeting"), "retrieval": {
        "options": ["none", "single"], "router": "prior"}},
    "nothing to go back to": stages(options=["accept", "abstain"], escalate={}),
    "through two stages": stages(escalate={"unanswerable": ["context", "generator"],
                                           "ungrounded": "generator"}, max_escalations=5),
    "back to what was passed by": stages("none", escalate={"unanswerable": "context", "unsure": "context"},
                                         max_escalations=3),
    "as the first of a conversation": {
        **stages(), "retrieval": fixed(["none", "reuse", "single", "extend"], "reuse")},
    "back to what a conversation has": {
        **stages("none", escalate={"unanswerable": "context", "unsure": "context"}, max_escalations=3),
        "retrieval": fixed(["none", "reuse", "single", "extend"], "none")},
    "mended": stages(escalate={"ungrounded": "refine", "unanswerable": ["generator", "refine"]},
                     max_escalations=3),
    "mended once": stages(escalate={"ungrounded": ["refine", "generator"]}, max_escalations=1),
    "withheld": stages(
        router={"thresholds": {"groundedness": 0.9, "abstain": ["unanswerable", "ungrounded"]}},
        escalate={"ungrounded": "generator"},
    ),
}  # fmt: skip


def scripted(model):
    """Answer by a draw from all that is in the prompt, which is the same live and in the recording."""

    def script(kind, text):
        return ANSWERS[zlib.crc32(f"{model} {text}".encode()) % 3]

    return script


RECORDED: dict[str, object] = {}


@pytest.fixture
async def recorded(make):  # noqa: F811
    """Return the paths, and every question's outcomes on them; they are recorded once."""
    make.scripts |= {name: scripted(name) for name in MODELS}
    make.margins |= {"small": 0.2, "medium": 0.5, "large": 0.9}
    if not RECORDED:
        own = make(stages=stages()).pipeline
        paths = Paths(own.stages, own.verification)
        drafting = {"retrieval": ["none", "single"], "context": list(CONTEXTS), "generator": list(MODELS)}
        chosen = paths.grid(drafting)
        chosen += paths.grid({**drafting, "generator": ["small", "medium"], "verification": ["refine"]})
        chosen = paths.ordered(chosen)
        recording = DynamicRAG(for_recording(own))
        outcomes = {
            (q.text, str(o.path)): o async for q, o in record_all(recording, [(p, QUESTIONS) for p in chosen])
        }
        recording.close()
        RECORDED["paths"], RECORDED["outcomes"] = chosen, outcomes
    return RECORDED["paths"], RECORDED["outcomes"]


def recordings(recorded, rag, without=lambda path: False):
    """Return what was recorded of every question, without some paths."""
    paths, outcomes = recorded
    paths = [path for path in paths if not without(path)]
    shared = RecordedPaths(paths, option_names(rag.pipeline.stages))
    for question in QUESTIONS:
        drafts = []
        for path in paths:
            outcome, cost = (
                outcomes[question.text, str(path)],
                rag.pipeline.decider.price(question.text, path),
            )
            drafts.append(RecordedDraft(outcome.signals, outcome.answer or "", cost))
        yield Recording(question.text, shared, drafts)


async def both(rag, own):
    """Return what became of a question in the live graph, and in a walk on its recording."""
    app = rag.build_graph().compile()
    out = await app.ainvoke({"messages": [("user", own.text)]})
    live = {
        "path": out["rag"]["turn"]["path"],
        "moves": [d["chosen"] for d in out["rag"]["decisions"] if d["stage"] == "verification"],
        "drafts": out["rag"]["report"]["drafts"]["written"],
        "steps": [(step["stage"], step["option"]) for step in out["rag"]["report"]["escalations"]],
        "answer": out["messages"][-1].text,
    }
    pipeline = rag.pipeline
    run = Run(pipeline.ledger, pipeline.budget, pipeline.cost_model, None, lambda _: None)
    found = await replay(pipeline.stages, pipeline.verification, own, run)
    walked = {
        "path": found.turn["path"],
        "moves": [d["chosen"] for d in found.decisions if d["stage"] == "verification"],
        "drafts": len(found.drafts),
        "steps": [(step["stage"], step["option"]) for step in found.turn["escalations"]],
        "answer": ABSTAINED if found.accepted is None else own.drafts[found.accepted].answer,
    }
    return live, walked, found


LONG = {"back to what was passed by", "through two stages", "mended once", "back to what a conversation has"}


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name in LONG else name for name in POLICIES]
)
async def test_online_equals_replay(make, recorded, name):  # noqa: F811
    rag = make(stages=POLICIES[name])
    moves = Counter()
    for own in recordings(recorded, rag):
        live, walked, found = await both(rag, own)
        if any(option.endswith("ask_again") for option in found.unrecorded):
            continue  # what is said when asked again was never recorded
        assert walked == live, own.text
        assert found.unrecorded == ()
        moves.update(live["moves"])
    assert moves["accept"]
    assert len(moves) > 1 or name == "routed"


@pytest.mark.slow
async def test_what_was_not_recorded_is_said_and_closed(make, recorded):  # noqa: F811
    rag = make(stages=POLICIES["fixed"])
    said = 0
    for own in recordings(recorded, rag, lambda path: path["generator"] == "medium"):
        live, walked, found = await both(rag, own)
        if any(option.endswith("ask_again") for option in found.unrecorded):
            continue
        lost = ("generator", "medium") in live["steps"]
        assert found.unrecorded == (("generator:medium",) if lost else ()), own.text
        assert (walked == live) != lost
        said += lost
    assert said
    rag = make(stages=POLICIES["mended"])
    lost = [
        (await both(rag, own))[2].unrecorded
        for own in recordings(recorded, rag, lambda path: path["verification"] == "refine")
    ]
    assert "verification:refine" in sum(lost, ())


@pytest.mark.slow
async def test_asking_again_was_never_recorded(make, recorded):  # noqa: F811
    rag = make(stages=POLICIES["nothing to go back to"])
    assert not [own for own in recordings(recorded, rag) if (await both(rag, own))[2].unrecorded]
    again = make(stages=stages(options=["accept", "ask_again", "abstain"], escalate={}))
    found = [(await both(again, own))[1:] for own in recordings(recorded, again)]
    assert any(replayed.unrecorded == ("verification:ask_again",) for _, replayed in found)
    assert all("ask_again" not in walked["moves"] for walked, _ in found)


@pytest.mark.parametrize("outside", ["abstain", "answer"])
async def test_what_is_outside_the_documents_is_withheld_before_it_is_written(make, recorded, outside):  # noqa: F811
    rag = make(stages=POLICIES["nothing to go back to"], outside=outside)
    for own in recordings(recorded, rag):
        live, walked, _ = await both(rag, own)
        assert walked == live, own.text
        if own.text == "Xylophone zymurgy?":
            assert (live["drafts"] == 0) == (outside == "abstain")


@pytest.mark.slow
@pytest.mark.parametrize("start", ["none", pytest.param("single", marks=pytest.mark.slow)])
@pytest.mark.parametrize("worth", [0.5, pytest.param(5.0, marks=pytest.mark.slow), 50.0])
async def test_a_learnt_escalation_goes_the_same_whole_paths(make, recorded, tmp_path, start, worth):  # noqa: F811
    state = str(taught("value").judgement.state().save(tmp_path / "state"))
    judge = {"options": ["accept", "escalate", "abstain"], "router": {"escalation": {"state": state}}}
    policy = stages(start, **judge, escalate={})
    policy["generator"] = fixed(["small", "large"], "small")
    prices = {**PRICES, "medium": 0.004, "helper": 0.002}
    models = {n: {"model": f"fake:{n}", "profile": {"usd": {"call": usd}}} for n, usd in prices.items()}
    rag = make(stages=policy, models=models, objective={"weights": {"usd": worth}})
    lengths = Counter()
    for own in recordings(recorded, rag, lambda path: path["generator"] == "medium"):
        live, walked, found = await both(rag, own)
        assert walked == live, own.text
        lengths[len(found.drafts)] += 1
    assert max(lengths) > 1 or worth > 5


@pytest.mark.parametrize("worth", [0.1, 5.0, 50.0])
async def test_the_prior_goes_the_same_way(make, recorded, worth):  # noqa: F811
    prices = {"small": (0.0005, 0.6), "medium": (0.003, 0.75), "large": (0.02, 0.85), "helper": (0.0, 0.6)}
    models = {
        name: {"model": f"openai:{name}", "profile": {"usd": {"call": usd}}, "ability": accuracy}
        for name, (usd, accuracy) in prices.items()
    }
    policy = {
        "retrieval": {"options": ["none", "single"], "router": "prior"},
        "context": {"options": CONTEXTS, "router": "prior"},
        "generator": {"options": list(MODELS), "router": "prior"},
        "verification": {
            **VERIFICATION,
            "options": ["accept", "escalate", "abstain"],
            "router": {"prior": {"withhold": {"groundedness": 0.5}}},
            "escalate": {"unanswerable": "context", "unsure": ["context", "generator"]},
        },
    }
    rag = make(stages=policy, models=models, objective={"weights": {"usd": worth}})
    taken = Counter()
    for own in recordings(recorded, rag):
        live, walked, found = await both(rag, own)
        assert walked == live, own.text
        assert found.unrecorded == ()
        taken.update([live["path"]["retrieval"], live["path"]["generator"], *live["moves"]])
    assert taken["none"] == 1
    assert taken["single"] == len(QUESTIONS) - 1
    assert taken["accept"]
    assert (taken["small"] == len(QUESTIONS)) == (worth >= 5.0)
