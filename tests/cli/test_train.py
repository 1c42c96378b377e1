import json

import pytest

from dynamicrag.cli.train import _with_command

QUESTIONS = [
    (f"Who keeps the lighthouse number {i} of the coast?" if i % 2 else f"Hello friend {i}", i % 2)
    for i in range(40)
]


@pytest.fixture
def table(there):
    with (there / "t.jsonl").open("w") as file:
        for i, (text, hard) in enumerate(QUESTIONS):
            outcomes = {
                name: {"quality": float(quality), "joules": joules, "path": {"generator": name}}
                for name, quality, joules in (("small", not hard, 1.0), ("large", True, 9.0))
            }
            file.write(json.dumps({"query_id": f"q{i}", "query": text, "outcomes": outcomes}) + "\n")
    return there


def train(run, *more):
    base = ("train", "--table", "t.jsonl", "--out", "routers/generator", "--stage", "generator")
    return run(*base, "--features", "lexical", *more)


@pytest.mark.parametrize("router", ["knn", "linear", "blend"])
def test_a_trained_router_decides_and_is_explained(table, run, router):
    code, out, _ = train(run, "--router", router)
    assert code == 0
    assert "small" in out
    assert f"stages.generator.router: {{{router}: {{state: routers/generator.npz}}}}" in out
    fixed, learnt = "{fixed: {option: small}}", f"{{{router}: {{state: routers/generator}}}}"
    policy = (table / "p.yaml").read_text().replace(fixed, learnt)
    (table / "learnt.yaml").write_text("objective: {weights: {joules: 0.001}}\n" + policy)
    question = "Who keeps the lighthouse number 3?"
    code, out, err = run("explain", question, "--policy", "learnt.yaml", "--json", "e.json")
    assert code == 0, err
    record = json.loads((table / "e.json").read_text())
    (decision,) = [d for d in record["decisions"] if d["stage"] == "generator"]
    assert (decision["chosen"], decision["router"]) == ("large", router)
    assert decision["quality"][1] > decision["quality"][0] + 0.3
    assert len(decision["spread"]) == 2
    insight = record["insights"][decision["id"]]
    assert insight["rival"] == "small"
    assert insight["at_lambda"][0]["lambda"] == 0
    if router != "linear":
        assert insight["neighbours"][0]["question"].startswith("Who keeps the lighthouse")
        assert "near: q" in out
    if router != "knn":
        assert insight["effects"][0]["effect"] != 0
        assert "for large over small: lexical:" in out


def test_training_says_what_it_made(table, run):
    code, out, _ = train(run, "--router", "auto", "--json", "-")
    assert code == 0
    told = json.loads(out)
    assert (told["router"], told["questions"], told["stage"]) == ("auto", 40, "generator")
    assert told["picked"]
    assert told["options"]["small"] == {"quality": 0.5, "joules": 1.0}


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--router", "{knn: ["), "--router {knn: [: not a name"),
        (("--router", "knm"), "unknown predictor 'knm'; did you mean 'knn'"),
        (("--labels", "small, small"), "--labels small, small: expected two different names"),
        (("--at", "context"), "--at context: expected STAGE=OPTION"),
        (("--at", "context=short"), "fewer than two options of 'generator'"),
    ],
)
def test_mistakes_are_told(table, run, more, told):
    code, _, err = train(run, *more)
    assert code != 0
    assert told in err
    assert not (table / "routers").exists()


@pytest.fixture
def more(table):
    """What a third model gave on the same questions."""
    with (table / "more.jsonl").open("w") as file:
        for i, (text, _) in enumerate(QUESTIONS):
            outcome = {"quality": 1.0, "joules": 4.0, "path": {"generator": "medium"}}
            file.write(
                json.dumps({"query_id": f"q{i}", "query": text, "outcomes": {"medium": outcome}}) + "\n"
            )
    return table


def grow(run, *more):
    return run("train", "--add-to", "routers/generator", "--out", "routers/grown", *more)


def policy_with(folder, router):
    policy = (folder / "p.yaml").read_text()
    policy = policy.replace("models: {", 'models: {medium: {model: "fake:oracle"}, ')
    policy = policy.replace(
        "options: [small, large], router: {fixed: {option: small}}",
        f"options: [small, medium, large], router: {router}",
    )
    (folder / "grown.yaml").write_text(policy)


def decision_on(folder, run, question):
    code, _, err = run("explain", question, "--policy", "grown.yaml", "--json", "e.json")
    assert code == 0, err
    record = json.loads((folder / "e.json").read_text())
    decision = next(d for d in record["decisions"] if d["stage"] == "generator")
    return decision, record["insights"][decision["id"]]


@pytest.mark.parametrize("spec", ["knn", "{kmeans: {clusters: 2}}"])
def test_a_new_option_is_added_without_training_and_the_cheapest_that_passes_is_taken(more, run, spec):
    train(run, "--router", spec)
    router = "knn" if spec == "knn" else "kmeans"
    policy_with(more, f"{{{router}: {{state: routers/generator}}}}")
    code, _, err = run("validate", "grown.yaml")
    assert code != 0
    assert "unknown option 'medium'" in err
    assert "add it ('dynamicrag train stage --add-to')" in err
    code, out, err = grow(run, "-t", "more.jsonl", "--json", "t.json")
    assert code == 0, err
    told = json.loads((more / "t.json").read_text())
    assert told["options"]["medium"] == {"quality": 1.0, "joules": 4.0}
    assert told["added"] == {"medium": told["anchors"]}
    assert f"added medium, known at {told['anchors']} of {told['anchors']} anchors" in out
    policy_with(more, f"{{{router}: {{state: routers/grown, passing: 0.7}}}}")
    hard, behind = decision_on(more, run, "Who keeps the lighthouse number 3 of the coast?")
    assert hard["chosen"] == "medium"
    assert hard["quality"][0] < 0.5
    assert hard["quality"][1] > 0.9
    assert hard["reason"].startswith("the cheapest that is predicted to reach 0.70: ")
    assert behind["at_lambda"] == []
    easy, _ = decision_on(more, run, "Hello friend 4")
    assert easy["chosen"] == "small"


def test_a_router_that_must_be_trained_again_takes_no_option(more, run):
    train(run, "--router", "linear")
    code, _, err = grow(run, "-t", "more.jsonl")
    assert code != 0
    assert "'linear' takes no new option without training" in err
    assert not (more / "routers" / "grown.npz").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("-t", "t.jsonl"), "has no option that the router does not know; it knows small, large"),
        (("-t", "other.jsonl"), "'medium' was observed on none of the questions that this 'knn' was trained"),
        (("-t", "free.jsonl"), "has no joules of medium"),
        (("-t", "more.jsonl", "--stage", "context"), "was trained for the stage 'generator'; leave it out"),
        (("-t", "more.jsonl", "--anonymous", "--router", "knn"), "without --router, --anonymous"),
    ],
)
def test_mistakes_in_adding_options_are_told(more, run, arguments, told):
    lines = (more / "more.jsonl").read_text()
    (more / "other.jsonl").write_text(lines.replace("lighthouse", "tower 7, 8").replace("Hello", "What is 3"))
    (more / "free.jsonl").write_text(lines.replace('"joules": 4.0, ', ""))
    train(run, "--router", "knn")
    code, _, err = grow(run, *arguments)
    assert code != 0
    assert told in " ".join(err.split())


def test_the_design_space_has_every_router(there, run):
    code, out, _ = run("routers", "--json", "-")
    matrix = json.loads(out)
    assert code == 0
    assert {"fixed", "prior", "thresholds", "escalation", "joint", "knn", "forest"} <= set(matrix)
    assert all(row["when"] and row["paper"] and row["what"].endswith((".", ":")) for row in matrix.values())
    shown = run("routers")[1]
    assert shown.count("\n") > len(matrix)
    rows = {line.split()[0]: line for line in shown.splitlines() if line.split()}
    for name, online, grows in (
        ("prior", "no", "any"),
        ("escalation", "no", "train again"),
        ("joint", "no", "train again"),
        ("forest", "no", "train again"),
        ("knn", "learn()", "--add-to"),
        ("matrix_factorization", "no", "--add-to"),
        ("linucb", "feedback", "any"),
    ):
        assert grows in rows[name]
        assert ("learn()" in rows[name]) == (online == "learn()")
        assert matrix[name]["learns_from_feedback"] == (online == "feedback")
        assert matrix[name]["takes_new_options"] == (grows != "train again")
        assert matrix[name]["learns_online"] == (online != "no")


@pytest.fixture
def recorded(there):
    """A table of whole paths: what is looked up needs documents, and greetings do not."""
    paths = {
        f"{retrieval}/{model}": {"retrieval": retrieval, "generator": model, "verification": "accept"}
        for retrieval in ("none", "single") for model in ("small", "large")
    }  # fmt: skip
    with (there / "paths.jsonl").open("w") as file:
        for i, (text, hard) in enumerate(QUESTIONS):
            outcomes = {
                name: {
                    "quality": float(not hard or path == paths["single/large"]),
                    "joules": 5.0 + 20 * ("single" in name) + 50 * ("large" in name),
                    "path": path, "signals": {"matched": 0.5} if path["retrieval"] == "single" else {},
                }
                for name, path in paths.items()
            }  # fmt: skip
            file.write(json.dumps({"query_id": f"q{i}", "query": text, "outcomes": outcomes}) + "\n")
    return there


def test_a_joint_router_is_trained_and_decides_its_stages(recorded, run):
    code, out, _ = run("train", "joint", "--table", "paths.jsonl", "--out", "routers/joint")
    assert code == 0
    assert "decides retrieval, generator" in out
    assert "joint: {blend: {state: routers/joint.npz}}" in out
    policy = (recorded / "p.yaml").read_text()
    policy = policy.replace(", router: prior", "").replace(", router: {fixed: {option: small}}", "")
    (recorded / "learnt.yaml").write_text(
        "objective: {weights: {joules: 0.001}}\njoint: {blend: {state: routers/joint}}\n" + policy
    )
    asked = "Who keeps the lighthouse number 3 of the coast?"
    code, out, err = run("explain", asked, "--policy", "learnt.yaml", "--json", "e.json")
    assert code == 0, err
    record = json.loads((recorded / "e.json").read_text())
    taken = {d["stage"]: (d["chosen"], d["router"]) for d in record["decisions"]}
    assert taken["retrieval"] == ("single", "joint")
    assert taken["generator"] == ("large", "joint")
    assert "on the way to single/large" in out
    assert run("validate", "learnt.yaml")[0] == 0
    code, out, err = run("ask", "Hello friend 4", "--policy", "learnt.yaml", "--json", "a.jsonl")
    assert code == 0, err
    assert '"chosen": "none"' in (recorded / "a.jsonl").read_text()


def test_options_without_a_command_are_those_of_train_stage(table, run):
    asked = ("-t", "t.jsonl", "--stage", "generator", "--router", "linear", "--features", "lexical")
    made = []
    for command in (("train",), ("train", "stage")):
        code, out, err = run(*command, *asked, "--out", "routers/r", "--json", "-")
        assert code == 0, err
        made.append(json.loads(out))
    assert made[0] == made[1]
    code, out, _ = run("train", "--help")
    assert code == 0
    assert all(name in out for name in ("stage", "joint", "policy", "escalation"))
    code, _, err = run("train", "stgae", "-t", "t.jsonl")
    assert code == 2
    assert "stgae" in err


@pytest.mark.parametrize(
    ("given", "command"),
    [
        (["--joint", "-t", "t"], ["joint", "-t", "t"]),
        (["-t", "t", "--policy=p", "--joint"], ["policy", "-t", "t", "--policy=p", "--joint"]),
        (["--escalation", "value"], ["escalation", "--escalation", "value"]),
        (["--stage", "generator"], ["stage", "--stage", "generator"]),
    ],
)
def test_the_options_say_which_command_is_meant(given, command):
    assert _with_command(given) == command


@pytest.mark.slow
def test_a_whole_policy_is_trained(recorded, run):
    policy = (
        (recorded / "p.yaml").read_text().replace("router: prior}", "router: {fixed: {option: single}}}", 1)
    )
    (recorded / "rules.yaml").write_text("objective: {weights: {joules: 0.004}}\n" + policy)
    base = ("train", "policy", "--policy", "rules.yaml", "--table", "paths.jsonl")
    code, out, err = run(*base, "--out", "learnt", "--json", "t.json")
    assert code == 0, err
    told = json.loads((recorded / "t.json").read_text())
    assert "generator" in told["kept"]
    assert "the cost of the whole path" in out
    written = (recorded / "learnt" / "policy.yaml").read_text()
    assert "against the rule" in written
    assert "state: generator.npz" in written
    assert run("validate", "learnt/policy.yaml")[0] == 0
    code, out, err = run(*base, "--out", "joint", "--joint")
    assert code == 0, err
    assert "state: joint.npz" in (recorded / "joint" / "policy.yaml").read_text()
    assert run("validate", "joint/policy.yaml")[0] == 0


@pytest.fixture
def drafted(recorded):
    """The same, with the signal of a verifier: what is wrong says that there is no answer."""
    lines = [json.loads(line) for line in (recorded / "paths.jsonl").read_text().splitlines()]
    for line in lines:
        for outcome in line["outcomes"].values():
            outcome["signals"]["unanswerable"] = 1.0 - outcome["quality"]
            outcome["answer"] = "In 1813" if outcome["quality"] else "unanswerable"
    (recorded / "drafts.jsonl").write_text("\n".join(map(json.dumps, lines)))
    return recorded


def test_an_escalation_is_trained_and_decides_on_drafts(drafted, run):
    base = ("train", "escalation", "--escalation", "value", "--router", "linear", "--table", "drafts.jsonl")
    code, out, err = run(*base, "--out", "routers/escalation", "--json", "t.json")
    assert code == 0, err
    assert "stages.verification.router: {escalation: {state: routers/escalation.npz}}" in out
    told = json.loads((drafted / "t.json").read_text())
    assert (told["dimension"], told["stages"]) == ("joules", ["retrieval", "generator"])
    assert "unanswerable" in told["signals"]
    policy = (drafted / "p.yaml").read_text()
    policy = policy.replace("router: thresholds", "router: {escalation: {state: routers/escalation}}")
    policy = policy.replace("    escalate: {unanswerable: generator}\n", "")
    (drafted / "learnt.yaml").write_text("objective: {weights: {joules: 0.0001}}\n" + policy)
    asked = "Who keeps the harbour number 3 of the coast?"
    code, out, err = run("explain", asked, "--policy", "learnt.yaml", "--json", "e.json")
    assert code == 0, err
    record = json.loads((drafted / "e.json").read_text())
    verdicts = [d for d in record["decisions"] if d["stage"] == "verification"]
    assert verdicts[0]["chosen"].startswith("escalate:")
    assert verdicts[0]["path"]["generator"] == "large"
    assert verdicts[-1]["chosen"] == "accept"
    assert {d["router"] for d in verdicts} == {"escalation"}
    assert "expected to add" in out


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("valve", "-t", "drafts.jsonl"), "unknown escalation policy 'valve'"),
        (("{value", "-t", "drafts.jsonl"), "--escalation {value: not a name"),
        (("value", "-t", "t.jsonl"), "no outcome has signals"),
    ],
)
def test_mistakes_in_training_an_escalation_are_told(drafted, table, run, more, told):
    code, _, err = run("train", "escalation", "--escalation", *more, "--out", "routers/escalation")
    assert code != 0
    assert told in err
    assert not (drafted / "routers").exists()
