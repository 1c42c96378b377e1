"""``dynamicrag whatif`` as people run it, on queries that were really asked and rated."""

import hashlib
import json

import pytest

from dynamicrag import DynamicRAG
from dynamicrag.testing import ScriptedModel

LOGGED = """
version: 1
corpora: {docs: {path: docs/}}
models:
  small: {model: "fake:small", ability: 0.45, profile: {usd: {input: 1.0e-6, output: 1.0e-6}}}
  large: {model: "fake:large", ability: 0.8, profile: {usd: {input: 1.0e-5, output: 1.0e-5}}}
objective: {weights: {usd: 1}}
runs: {text: true}
host: {meter: none}
stages:
  retriever: {options: {lexical: {bm25: {}}}}
  context: {options: {short: {chunks: 1}}}
  generator: {options: [small, large], router: {prior: {explore: {epsilon: 0.3}}}}
"""
BY_LENGTH = "{rules: {when: [{if: {words: {above: 9}}, take: large}], otherwise: small}}"
ASKED = 300


def answer(kind, prompt):
    return "It has 164 steps."


def question(number):
    """Return a question: every second one is long."""
    more = " that was built by the sea in those days" if number % 2 else ""
    return f"How many steps has lighthouse {number}{more}?"


def good(number, option):
    """Return the rating: small is bad at long questions, and each model fails at some."""
    share = 0.9 if option == "large" else 0.85 if number % 2 == 0 else 0.25
    luck = hashlib.sha256(f"{number}{option}".encode()).digest()[0] / 256
    return float(luck < share)


@pytest.fixture
def asked(there, monkeypatch):
    """A folder whose log has rated queries under an exploring policy."""
    monkeypatch.setenv("DYNAMICRAG_DATA", str(there / "data"))
    monkeypatch.setattr(
        "dynamicrag.policy.build_models.chat_model", lambda name, spec, **_: ScriptedModel(name, spec, answer)
    )
    (there / "logged.yaml").write_text(LOGGED)
    rag = DynamicRAG.from_policy("logged.yaml")
    app = rag.build_graph().compile()
    for number in range(ASKED):
        turn = app.invoke({"messages": [("user", question(number))]})["rag"]["turn"]
        rag.feedback(turn["id"], good(number, turn["path"]["generator"]))
    assert rag.flush()
    rag.close()
    return there


def candidate(folder, router, name="candidate.yaml"):
    text = LOGGED.replace("{prior: {explore: {epsilon: 0.3}}}", router)
    (folder / name).write_text(text)
    return name


@pytest.mark.slow
def test_a_session(asked, run):
    """One session, because asking takes the time."""
    better = candidate(asked, BY_LENGTH)
    truth = sum(good(n, "large" if n % 2 else "small") for n in range(ASKED)) / ASKED

    code, out, err = run("whatif", better, "--policy", "logged.yaml", "--json", "result.json")
    assert code in (0, 1), err
    for words in (
        "300 logged queries, 300 with feedback",
        "Whole path, which differs at generator alone",
        "self-normalised",
    ):
        assert words in out
    report = json.loads((asked / "result.json").read_text())
    parts = {part["name"]: part for part in report["parts"]}
    assert set(parts) == {"generator", "path"}
    for part in parts.values():
        assert part["effective"] > 50
        for estimator in ("ips", "snips", "dr"):
            own = part["outcomes"]["quality"][estimator]
            # ids, and so the draws, differ from run to run: one interval in twenty misses the truth
            assert own["low"] - 0.1 < truth < own["high"] + 0.1
    assert parts["path"]["outcomes"]["usd"]["difference"]["high"] < 0, "small costs less, and is taken more"
    assert report["policies"] == {"logged": ASKED}

    worse = candidate(asked, "{fixed: {option: small}}", "worse.yaml")
    code, out, _ = run("whatif", worse, "--stage", "generator", "--require", "quality>=-0.01")
    assert code in (1, 2)
    assert "quality>=-0.01: no" in out

    same = candidate(asked, "{prior: {explore: {epsilon: 0.3}}}", "same.yaml")
    assert run("whatif", same, "--policy", "logged")[0] == 0, "the same policy differs by nothing"
    code, out, _ = run("whatif", same, "--policy", "logged.yaml", "--require", "utility>=0.001")
    assert code == 1

    stranger = candidate(
        asked, "{rules: {when: [{if: {user: bob}, take: large}], otherwise: small}}", "who.yaml"
    )
    code, out, _ = run("whatif", stranger)
    assert code == 2
    assert "the condition 'user', which the log does not keep" in " ".join(out.split())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nothing.yaml",), "nothing.yaml"),
        (("p.yaml", "--require", "utilty>=0"), "did you mean 'utility'"),
        (("p.yaml", "--since", "soon"), "--since"),
        (("p.yaml", "--json", "no/such/folder.json"), "no folder"),
        (("p.yaml",), "the log has no query"),
        (("p.yaml", "--policy", "nobody"), "the log has no query"),
    ],
)
def test_bad_input_exits_with_two(there, run, monkeypatch, arguments, words):
    monkeypatch.setenv("DYNAMICRAG_DATA", str(there / "data"))
    code, _, err = run("whatif", *arguments)
    assert code == 2
    assert words in err
